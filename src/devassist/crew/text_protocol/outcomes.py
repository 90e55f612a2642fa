"""Reads the results of tools as a model would: what the checks came to, and a file's numbered lines. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from devassist.crew.text_protocol.steps import shortened

_COUNT = re.compile(r"(\d+) of (\d+) checks passed")
_NEW = "new failures ("
_OLD = "failed on the base already ("
_NUMBERED = re.compile(r" *\d+  (.*)")
_PAGE_END = re.compile(r"\(lines [\d,]+-[\d,]+ of .*?(?:start_line=(\d+))?\)")
_CUT = "[... the line is cut"


class Page(NamedTuple):
    """Some lines of a file; `next` is the first that follows, 0 if there is none. None for `lines`: not readable."""

    lines: list[str] | None
    next: int = 0


def checks_pass(result: str) -> bool:
    """Whether run_checks says that all passed, or that only cases failed that fail without the change, too."""
    counts = _COUNT.findall(result)
    if not counts:
        return False
    passed, total = map(int, counts[-1])
    return passed == total or (_NEW not in result and result.count(_OLD) == total - passed)


def last_line(result: str) -> str:
    return result.strip().rpartition("\n")[2]


def failure(result: str, room: int) -> str:
    """What of the checks' result the model reads before it tries again: no lines that only the harness needs."""
    lines = [line for line in result.split("\n") if not line.startswith(("evidence: ", "[all of the output"))]
    return shortened("\n".join(lines).strip(), room)


def page(result: str) -> Page:
    """The lines of a file in a result of read_file."""
    shown = result.split("\n")
    if result.startswith("error:"):
        return Page(None)
    end = _PAGE_END.fullmatch(shown[-1])
    numbered = [_NUMBERED.fullmatch(line) for line in (shown[:-1] if end else shown)]
    lines = [match.group(1) for match in numbered if match is not None]
    if any(_CUT in line for line in lines):
        return Page(None)
    return Page(lines, int(end.group(1) or 0) if end else 0)
