"""The tools that list files and search in them, by git: fast on large trees, and right about ignored files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from devassist.crew.tools import shapes
from devassist.crew.tools.globs import literal, pathspecs
from devassist.crew.tools.paths import plain_path
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome, ToolRefused
from devassist.domain.errors import Refused
from devassist.git.reading import BoundedAnswer

_MOST_MATCHES: Final = 300
_MOST_LINES: Final = 1_000
_MOST_TEXT: Final = 30_000
_MOST_LISTED: Final = 1_000
_LONGEST_LINE: Final = 400
_MOST_OUTPUT: Final = 4_000_000
_MOST_PATHS: Final = 64_000_000
_TIMEOUT_S: Final = 60.0


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
        if len(text) > _LONGEST_LINE:
            start = max(0, self.column - _LONGEST_LINE // 2)
            cut = text[start : start + _LONGEST_LINE]
            before, after = ("..." if start else ""), ("..." if start + _LONGEST_LINE < len(text) else "")
            words = f"{before}{cut.decode('utf-8', 'ignore')}{after}"
        else:
            words = text.decode("utf-8", "replace")
        return f"{self.path}:{self.number}: {words}" if self.column else f"{self.path}-{self.number}- {words}"


def list_files(session: ToolContext, arguments: shapes.ListFiles, _evidence: str) -> ToolOutcome:
    path = plain_path(session, arguments.path)
    if not path or _kind(session, path) == "directory":
        paths = _listed(session, pathspecs(path, arguments.glob))
    else:
        paths = [path]
    note = "" if paths else _why_nothing(session, path, arguments.glob)
    shown = "\n".join(paths[:_MOST_LISTED]) or f"(no files{note})"
    more = (
        f"\n[... {len(paths) - _MOST_LISTED:,} more; narrow path or glob]"
        if len(paths) > _MOST_LISTED
        else ""
    )
    return ToolOutcome(
        text=shown + more, subject=arguments.path, read=("*",), summary=f"{len(paths)} files listed"
    )


def search_code(session: ToolContext, arguments: shapes.SearchCode, _evidence: str) -> ToolOutcome:
    """
    Matching lines as `path:line: text`, lines of context as `path-line- text`.

    A pattern that is no regular expression is searched for as it is, and the result says so.
    """
    if "\n" in arguments.pattern or "\0" in arguments.pattern:
        raise ToolRefused(
            "pattern: lines are searched one by one, so it cannot hold a line break; search for a part"
        )
    path = plain_path(session, arguments.path)
    if path and _kind(session, path) == "file":
        specs: Sequence[str] = (literal(path),)
    else:
        specs = pathspecs(path, arguments.glob)
    lines, notes = _matching(session, arguments, specs)
    shown = _within(session, lines)
    matches = sum(bool(line.column) for line in shown)
    text = "\n".join([*notes, *_laid_out(shown)])
    if not matches:
        text = "\n".join([*notes, _no_match(session, arguments, path, specs)])
    elif len(shown) < len(lines):
        text += "\n[... more matches; narrow the pattern, path or glob]"
    counted = f"{matches}{'+' if len(shown) < len(lines) else ''} matches"
    return ToolOutcome(text=text, subject=arguments.pattern, read=("*",), summary=counted)


# Searching -----------------------------------------------------------------------------------------------------


def _matching(
    session: ToolContext, arguments: shapes.SearchCode, specs: Sequence[str]
) -> tuple[Sequence[Line], list[str]]:
    """The lines that git finds, and what has to be said about how it looked for them."""
    notes = list[str]()
    kind, answer = "-P", _grep(session, arguments, "-P", specs, ignore_case=bool(arguments.ignore_case))
    if answer.code == _FATAL and "compiled" in answer.error and "PCRE" in answer.error.upper():
        kind, answer = "-E", _grep(session, arguments, "-E", specs, ignore_case=bool(arguments.ignore_case))
        notes.append("note: this git knows extended regular expressions only: no \\d, no lookaround")
    if answer.code == _FATAL and (fault := _PATTERN_FAULT.search(answer.error)):
        kind, answer = "-F", _grep(session, arguments, "-F", specs, ignore_case=bool(arguments.ignore_case))
        notes = [f"pattern error: {fault.group(1)}; searched for it as literal text"]
    if answer.timed_out:
        raise ToolRefused(
            f"the search took more than {_TIMEOUT_S:.0f} s; narrow path or glob, or simplify the pattern"
        )
    if answer.code == _FATAL:
        raise ToolRefused(f"pattern: {answer.error.removeprefix('fatal: ')}")
    if not answer.output and arguments.ignore_case is None:
        answer = _grep(session, arguments, kind, specs, ignore_case=True)
        if answer.output:
            notes.append("note: no match in this case; these ignore case")
    return list(_lines(answer.output)), notes


_FATAL: Final = 128
_PATTERN_FAULT: Final = re.compile(r"fatal: (?:-e option|command line), '.*': (.*)", re.DOTALL)


def _grep(
    session: ToolContext, arguments: shapes.SearchCode, kind: str, specs: Sequence[str], *, ignore_case: bool
) -> BoundedAnswer:
    options = ["--untracked", "-I", "-n", "--column", "--null", "--full-name", "--no-color", "--no-textconv"]
    options += ["-i"] if ignore_case else []
    options += [f"-C{arguments.context}"] if arguments.context else []
    return session.git.run(
        "grep", *options, kind, "-e", arguments.pattern, "--", *specs, most=_MOST_OUTPUT, timeout_s=_TIMEOUT_S
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


def _within(session: ToolContext, lines: Sequence[Line]) -> Sequence[Line]:
    """
    The first of `lines`, from the files that `read_file` may read.

    git follows what an agent's command put in the place of a directory; those files are not told of.
    """
    readable, shown = dict[str, bool](), list[Line]()
    matches = size = 0
    for line in lines:
        if line.path not in readable:
            readable[line.path] = _kind(session, line.path) == "file"
        if not readable[line.path]:
            continue
        matches += bool(line.column)
        size += len(line.path) + min(len(line.text), _LONGEST_LINE)
        if matches > _MOST_MATCHES or len(shown) >= _MOST_LINES or size > _MOST_TEXT:
            break
        shown.append(line)
    return shown


def _laid_out(lines: Sequence[Line]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.first and number:
            yield "--"
        yield line.shown()


# Files ---------------------------------------------------------------------------------------------------------


def _kind(session: ToolContext, path: str) -> str:
    """`file`, `directory`, or empty for a secret, a link that leads out, and anything that is not there."""
    try:
        session.files.read_bytes(path, 0)
    except IsADirectoryError:
        return "directory"
    except (OSError, Refused):
        return ""
    return "file"


def _listed(session: ToolContext, specs: Sequence[str]) -> list[str]:
    """Tracked and untracked files that are on disk, sorted; ignored ones are not among them."""
    options = ("-z", "-t", "--cached", "--others", "--deleted", "--exclude-standard")
    answer = session.git.run("ls-files", *options, "--", *specs, most=_MOST_PATHS, timeout_s=_TIMEOUT_S)
    if answer.code > 0:
        raise ToolRefused(f"the files could not be listed: {answer.error}")
    tags: dict[str, set[str]] = {}
    for entry in answer.output.split(b"\0"):
        if entry:
            tags.setdefault(os.fsdecode(entry[2:]), set()).add(chr(entry[0]))
    # R: deleted on disk; S: outside of a sparse checkout.
    return sorted(path for path, marks in tags.items() if not marks & {"R", "S"})


def _no_match(session: ToolContext, arguments: shapes.SearchCode, path: str, specs: Sequence[str]) -> str:
    files = _listed(session, specs)
    if files:
        where = f"{len(files):,} files" if len(files) > 1 else files[0]
        return f"(no match in {where})"
    return f"(0 files match{_why_nothing(session, path, arguments.glob)})"


def _why_nothing(session: ToolContext, path: str, glob: str) -> str:
    """Why nothing is listed below `path`."""
    if path and not session.files.exists(path):
        raise FileNotFoundError(2, os.strerror(2), path)
    answer = session.git.run(
        "check-ignore", "-v", "--no-index", "--", path or ".", most=4_000, timeout_s=_TIMEOUT_S
    )
    if path and answer.code == 0:
        rule = answer.output.decode("utf-8", "replace").partition("\t")[0]
        return f": {path} is ignored by git ({rule}); read_file and run_command reach it"
    return f" the glob {glob!r} below {path or 'the root'}"
