"""The lines of an output that say a failure, without what differs from run to run."""

from __future__ import annotations

import re
from pathlib import Path

_FAILURE = re.compile(
    r"^\s*(?:FAILED|ERROR\b|FAIL\b|--- FAIL|not ok\b|E  |panic:|error(?:\[|:))"
    r"|^\S+:\d+(?::\d+)?: (?:fatal )?error\b"
    r"|\b\w*(?:Error|Exception)\b:",
    re.IGNORECASE,
)
_PASSING = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0x…"),
    (re.compile(r"\b\d+(?:\.\d+)?\s*(?:ms|s|sec|seconds|µs|ns|m)\b"), "…s"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "…"),
    (re.compile(r"(?<![\w.])/(?:tmp|var/tmp)/\S+"), "…"),
    (re.compile(r"\bpid[ =:]\d+", re.IGNORECASE), "pid …"),
)
_MOST = 2_000


def failure_lines(output: str, *, tree: Path) -> tuple[str, ...]:
    """Each such line once, in order; paths below `tree` are relative. Empty if no line says a failure."""
    lines: dict[str, None] = {}
    for raw in output.splitlines():
        if not _FAILURE.search(raw):
            continue
        line = raw.strip().replace(f"{tree}/", "")
        for pattern, stand_in in _PASSING:
            line = pattern.sub(stand_in, line)
        lines.setdefault(line)
        if len(lines) >= _MOST:
            break
    return tuple(lines)
