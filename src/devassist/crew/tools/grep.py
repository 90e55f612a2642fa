"""Searches by `git grep`: in the files of a worktree, or in one kept output."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from devassist.crew.tools import shapes
from devassist.crew.tools.tool_context import ToolContext, ToolRefused
from devassist.git.reading import BoundedAnswer

LONGEST_LINE: Final = 400
_MOST_OUTPUT: Final = 4_000_000
_TIMEOUT_S: Final = 60.0
_FATAL: Final = 128
_PATTERN_FAULT: Final = re.compile(r"fatal: (?:-e option|command line), '.*': (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a search: a match with the column (bytes, from 1) of its first hit, or context with column 0."""

    path: str
    number: int
    column: int
    text: bytes
    first: bool
    """Whether lines are left out before it."""

    def shown(self) -> str:
        text = self.text.removesuffix(b"\r")
        if len(text) > LONGEST_LINE:
            start = max(0, self.column - LONGEST_LINE // 2)
            cut = text[start : start + LONGEST_LINE]
            before, after = ("..." if start else ""), ("..." if start + LONGEST_LINE < len(text) else "")
            words = f"{before}{cut.decode('utf-8', 'ignore')}{after}"
        else:
            words = text.decode("utf-8", "replace")
        return f"{self.path}:{self.number}: {words}" if self.column else f"{self.path}-{self.number}- {words}"


@dataclass(frozen=True, slots=True)
class Matches:
    """The lines of a search with their context, and what has to be said about how it was made."""

    lines: Sequence[Line]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Grep:
    """A search in the files of `specs`; in those of the agent's private directory if `private`."""

    session: ToolContext
    arguments: shapes.SearchCode
    specs: Sequence[str]
    private: bool = False

    def matches(self) -> Matches:
        """Raises ToolRefused if the search takes too long or cannot be made."""
        notes, certain = list[str](), bool(self.arguments.ignore_case)
        kind, answer = "-P", self._run("-P", ignore_case=certain)
        if answer.code == _FATAL and "Perl-compatible" in answer.error:
            kind, answer = "-E", self._run("-E", ignore_case=certain)
            notes.append("note: this git knows extended regular expressions only: no \\d, no lookaround")
        if answer.code == _FATAL and (fault := _PATTERN_FAULT.search(answer.error)):
            kind, answer = "-F", self._run("-F", ignore_case=certain)
            notes = [f"pattern error: {fault.group(1)}; searched for it as literal text"]
        if answer.timed_out:
            raise ToolRefused(
                f"the search took more than {_TIMEOUT_S:.0f} s; narrow path or glob, or simplify the pattern"
            )
        if answer.code == _FATAL:
            raise ToolRefused(f"pattern: {answer.error.removeprefix('fatal: ')}")
        if not answer.output and self.arguments.ignore_case is None:
            answer = self._run(kind, ignore_case=True)
            if answer.output:
                notes.append("note: no match in this case; these ignore case")
        return Matches(list(_lines(answer.output)), notes)

    def _run(self, kind: str, *, ignore_case: bool) -> BoundedAnswer:
        options = ["-I", "-n", "--column", "--null", "--full-name", "--no-color", "--no-textconv"]
        options += ["-i"] if ignore_case else []
        options += [f"-C{self.arguments.context}"] if self.arguments.context else []
        words = [*options, kind, "-e", self.arguments.pattern, "--", *self.specs]
        git = self.session.git
        if not self.private:
            return git.run("grep", "--untracked", *words, most=_MOST_OUTPUT, timeout_s=_TIMEOUT_S)
        directory = self.session.spec().private
        return git.run_outside(
            directory, "grep", "--no-index", *words, most=_MOST_OUTPUT, timeout_s=_TIMEOUT_S
        )


def _lines(output: bytes) -> Iterator[Line]:
    """The lines of `git grep --null -n --column`: path NUL number NUL [column NUL] text."""
    at, first = 0, False
    while at < len(output):
        if output.startswith(b"--\n", at):
            at, first = at + 3, True
            continue
        end = output.find(b"\0", at)
        stop = output.find(b"\n", end)
        if end < 0 or stop < 0:
            return  # cut off within a line
        fields = output[end + 1 : stop].split(b"\0", 2)
        is_match = len(fields) > 2 and fields[1].isdigit()  # noqa: PLR2004  number, column, text
        column = int(fields[1]) if is_match else 0
        text = fields[2] if is_match else b"\0".join(fields[1:])
        yield Line(os.fsdecode(output[at:end]), int(fields[0]), column, text, first)
        at, first = stop + 1, False
