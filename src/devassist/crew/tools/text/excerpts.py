"""The part of a test run's output that says what failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_PROGRESS: Final = re.compile(
    r"^[.sSxXuUFE,]+\s*\[\s*\d+%\]$|^\s*\.[.sSxXuUFE,]*$|^.*\b(?:PASSED|SKIPPED)\b\s*(?:\[\s*\d+%\])?$|^ok\s+\d+ "
)
_HEADER: Final = re.compile(
    r"^(?:_{3,} |FAIL:|ERROR:|\s*--- FAIL|---- |\s*[\u25cf\u2715\u2716\u00d7\u2717] |not ok |\s*\d+\) |"
    r"test .* \.\.\. FAILED)"
)
_MESSAGE: Final = re.compile(
    r"^\s*(?:E\s+\S|[\w.]*(?:Error|Exception|Failure)\b|thread '.*' panicked|panicked at|\S+_test\.go:\d+:|"
    r"(?:Expected|expected|assert|error:|message:)\b)"
)
_FAILURE: Final = re.compile(
    r"^E\s|^(?:FAILED|ERROR|FAIL)\b|--- FAIL|^not ok|panicked at|\b\w*(?:Error|Exception)\b|\berror(?:\[|:)|"
    r"^\S+:\d+(?::\d+)?: "
)
_BLOCK: Final = 60
_LONGEST_MESSAGE: Final = 300
_BEFORE: Final = 12
_AFTER: Final = 4
_TAIL: Final = 8
_LONGEST_LINE: Final = 500


def failure_messages(output: str, cases: Iterable[str]) -> Mapping[str, str]:
    """Failed case -> the first line that says why, as far as the output has one."""
    lines = output.splitlines()
    summaries = [line.partition(" ")[2] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    messages = dict[str, str]()
    for case in cases:
        line = next((line for line in summaries if line.startswith(f"{case} - ")), "")
        message = line.removeprefix(f"{case} - ") or _below_header(lines, case)
        if message:
            messages[case] = message.strip()[:_LONGEST_MESSAGE]
    return messages


def _below_header(lines: Sequence[str], case: str) -> str:
    """The first line that looks like a message in the block whose header names the case."""
    leaf = re.split(r"::| > | \u203a |/|\.(?=\w+$)", re.sub(r"\[.*\]$", "", case))[-1].strip()
    if not leaf:
        return ""
    word = re.compile(rf"(?<!\w){re.escape(leaf)}(?!\w)")
    for at, line in enumerate(lines):
        if _HEADER.match(line) and word.search(line):
            for below in lines[at + 1 : at + _BLOCK]:
                if _HEADER.match(below):
                    break
                if _MESSAGE.match(below):
                    return re.sub(r"^\s*E\s+", "", below)
    return ""


def excerpt(output: str, most: int) -> str:
    """
    At most about `most` characters of an output: without progress, and what is around failures if that is too long.

    The last lines are always there.
    """
    lines = [line[:_LONGEST_LINE] for line in output.rstrip().splitlines() if not _PROGRESS.match(line)]
    if sum(len(line) + 1 for line in lines) <= most:
        return "\n".join(lines)
    last = len(lines) - _TAIL
    chosen, room = set(range(max(0, last), len(lines))), most - sum(len(line) + 1 for line in lines[-_TAIL:])
    for at, line in enumerate(lines[: max(0, last)]):
        if not _FAILURE.search(line):
            continue
        window = [n for n in range(max(0, at - _BEFORE), min(last, at + _AFTER + 1)) if n not in chosen]
        size = sum(len(lines[n]) + 1 for n in window)
        if size > room:
            break
        chosen.update(window)
        room -= size
    return "\n".join(_with_gaps(lines, sorted(chosen)))


def _with_gaps(lines: Sequence[str], chosen: Sequence[int]) -> Iterable[str]:
    at = 0
    for number in chosen:
        if number > at:
            yield f"[... {number - at} lines ...]"
        yield lines[number]
        at = number + 1
