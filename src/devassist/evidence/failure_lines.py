"""The lines of an output that say a failure, without what differs from run to run."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

_FAILURE = re.compile(
    r"^\s*(?:FAILED|ERROR\b|FAIL\b|--- FAIL|not ok\b|E  |panic:|error(?:\[|:))"
    r"|^\S+:\d+(?::\d+)?: (?:fatal )?error\b"
    r"|^(?:\s*--> )?[^\s:]*[^\s:\d][^\s:]*:\d+:\d+(?::|$)"  # most linters and compilers
    r"|^[^\s:]*[^\s:\d][^\s:]*:\d+: \S"
    r"|^\S+\(\d+,\d+\): "
    r"|^\s+\d+:\d+\s+(?:error|warning)\b"  # eslint, below the file's name
    r"|^[A-Z]{1,4}\d{2,4}:? "  # ruff, above the place
    r"|^would reformat "
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
_PLACE = re.compile(
    r"^((?:--> )?[^\s:(]*[^\s:(\d][^\s:(]*)(?::\d+(?::\d+)?|\(\d+,\d+\))(?=[:\s]|$)|^()\d+:\d+(?=\s)"
)
"""Line and column, which an edit above changes."""
_MOST = 2_000


def failure_lines(output: str, *, tree: Path) -> tuple[str, ...]:
    """
    Such lines in order, without line numbers; paths below `tree` are relative. Empty if no line says a failure.

    The second of two equal lines ends with `(2)`: a finding more of a kind that was there is a line more.
    """
    lines: list[str] = []
    times = Counter[str]()
    for raw in output.splitlines():
        if not _FAILURE.search(raw):
            continue
        line = raw.strip().replace(f"{tree}/", "")
        for pattern, stand_in in _PASSING:
            line = pattern.sub(stand_in, line)
        line = _PLACE.sub(r"\1", line).strip()
        times[line] += 1
        lines.append(line if times[line] == 1 else f"{line} ({times[line]})")
        if len(lines) >= _MOST:
            break
    return tuple(lines)
