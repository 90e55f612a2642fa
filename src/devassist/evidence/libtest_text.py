"""What `cargo test` prints: the outcomes of libtest's cases, binary by binary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier

_HEADER = re.compile(r"\s+(?:Running (?P<target>.+?) \((?P<binary>.+)\)|Doc-tests (?P<docs>\S+))$")
_BLOCK = re.compile(r"running \d+ tests?$")
_RESULT = re.compile(
    r"test result: (?P<end>ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed; (?P<ignored>\d+) ignored"
)
_FAILURE = re.compile(r"    (?P<name>\S.*)$")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|\x0f")
_CASE = re.compile(r"test (?P<name>.+?) \.\.\. (?P<rest>.*)$")
_END = re.compile(r"(?P<end>ok|FAILED|ignored)(?:, .*)?(?: <.*>)?$")
_MODE = re.compile(r" - (?:should panic|compile|compile fail)$")
_LINE = re.compile(r" \(line (\d+)\)")
_HASH = re.compile(r"-[0-9a-f]{16}(?:\.exe)?$")
_MOST_NAMELESS = 100_000
_STATUS = {"ok": CaseStatus.PASSED, "FAILED": CaseStatus.FAILED, "ignored": CaseStatus.SKIPPED}


@dataclass
class _Reading:
    """
    A fold over lines. `header` is the binary that runs next; `under_way` are tests whose outcome is not on their line,
    because their own output came between.
    """

    names: Counter[str] = field(default_factory=Counter)
    cases: dict[str, CaseStatus] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    header: str = ""
    open: bool = False
    complete: bool = True
    under_way: dict[str, None] = field(default_factory=dict)
    block: dict[str, CaseStatus] = field(default_factory=dict)
    """The cases of the binary that runs, as it names them."""
    failures: dict[str, None] | None = None
    """Those of them that it lists as failed."""

    def take(self, line: str) -> None:
        if header := _HEADER.match(line):
            self.header = self._named(header)
        elif _BLOCK.match(line):
            self.complete = self.complete and not self.open
            self.close()
            self.open = True
            if self.headers:
                self.header = self.headers.pop(0)
        elif self.open and (case := _CASE.match(line)):
            self._take_case(case["name"], case["rest"])
        elif self.open and (result := _RESULT.match(line)):
            self._end(result)
        elif self.open and line == "failures:":
            self.failures = {}  # the last such list has names alone
        elif self.open and self.failures is not None and (failure := _FAILURE.match(line)):
            self.failures[failure["name"]] = None
        elif self.open and self.under_way and line.strip() in _STATUS:
            self._note(next(reversed(self.under_way)), line.strip())

    def _named(self, header: re.Match[str]) -> str:
        """The binary without its hash, which differs from tree to tree; the second of a name is numbered."""
        if header["docs"]:
            name = f"doc-tests {header['docs']}"
        else:
            name = f"{header['target']} ({_HASH.sub('', header['binary'].rpartition('/')[2])})"
        self.names[name] += 1
        return name if self.names[name] == 1 else f"{name} #{self.names[name]}"

    def _take_case(self, name: str, rest: str) -> None:
        name = _MODE.sub("", name)
        if end := _END.match(rest):
            self._note(name, end["end"])
        else:
            self.under_way[name] = None

    def _note(self, name: str, end: str) -> None:
        self.under_way.pop(name, None)
        self.block[name] = weightier(self.block.get(name), _STATUS[end])

    def _end(self, result: re.Match[str]) -> None:
        """An outcome that was lost in a test's own output is a failure if it is listed as one."""
        for name in list(self.under_way):
            self._note(name, "FAILED" if name in (self.failures or {}) else "ok")
        if not self.block:
            self._count(result)
        self.close()
        self.open = False

    def _count(self, result: re.Match[str]) -> None:
        """With `--quiet` only failures have names, and the others a number."""
        for name in list(self.failures or {})[: int(result["failed"])]:
            self._note(_MODE.sub("", name), "FAILED")
        for end, count in (("ok", result["passed"]), ("ignored", result["ignored"])):
            for number in range(min(int(count), _MOST_NAMELESS)):
                self._note(f"({end} {number + 1})", end)

    def close(self) -> None:
        """Take the block's cases over. Examples in documentation are numbered by line, for the lines move."""
        names: Counter[str] = Counter()
        for raw in sorted(self.block, key=_line) if any(map(_line, self.block)) else self.block:
            name = _LINE.sub("", raw)
            names[name] += 1
            numbered = name if names[name] == 1 else f"{name} #{names[name]}"
            case = f"{self.header}::{numbered}" if self.header else numbered
            self.cases[case] = weightier(self.cases.get(case), self.block[raw])
        self.block, self.under_way, self.failures = {}, {}, None


def _line(name: str) -> int:
    line = _LINE.search(name)
    return int(line[1]) if line else 0


def testimony(report: bytes, notes: bytes) -> Testimony:
    """
    What the tests came to. `notes` is standard error if `report` is standard output alone, else empty.

    A binary that began its tests and has no result line was made to exit: then the report is not complete.
    """
    reading = _Reading()
    if notes:
        reading.headers = _headers(notes, blocks=sum(1 for line in _lines(report) if _BLOCK.match(line)))
    for line in _lines(report):
        reading.take(line)
    reading.close()
    complete = reading.complete and not reading.open
    return Testimony(runners=frozenset({"cargo test"}), cases=reading.cases, complete=complete)


def _headers(notes: bytes, *, blocks: int) -> list[str]:
    """The binaries in order, if there are as many as blocks of tests: else which is whose cannot be said."""
    naming = _Reading()
    headers = [naming._named(header) for line in _lines(notes) if (header := _HEADER.match(line))]  # noqa: SLF001
    return headers if len(headers) == blocks else []


def _lines(text: bytes) -> Iterator[str]:
    lines: Iterable[bytes] = text.split(b"\n")
    return (_COLOUR.sub("", line.decode("utf-8", "replace")).rstrip("\r") for line in lines)
