"""The tools that list files and search in them, by git: fast on large trees, and right about ignored files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from devassist.crew.tools import shapes
from devassist.crew.tools.globs import literal, pathspecs
from devassist.crew.tools.grep import LONGEST_LINE, Grep, Line, Matches
from devassist.crew.tools.outputs import kept_output, output_file
from devassist.crew.tools.paths import plain_path
from devassist.crew.tools.text.texts import fitting
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome, ToolRefused
from devassist.domain.errors import Refused
from devassist.ports import Files

_MOST_MATCHES: Final = 300
_MOST_LINES: Final = 1_000
_MOST_TEXT: Final = 30_000
_MOST_PATHS: Final = 64_000_000
_TIMEOUT_S: Final = 60.0


def list_files(session: ToolContext, arguments: shapes.ListFiles, _evidence: str) -> ToolOutcome:
    path = plain_path(session, arguments.path)
    is_file = bool(path) and _is_file(session.files, path)
    paths = [path] if is_file else _listed(session, pathspecs(path, arguments.glob))
    note = "" if paths else _why_nothing(session, path, arguments.glob)
    shown = fitting(paths, _MOST_TEXT)
    left = len(paths) - len(shown)
    more = [f"[... {left:,} more; narrow path or glob]"] if left else []
    return ToolOutcome(
        text="\n".join([*shown, *more]) or f"(no files{note})",
        subject=arguments.path,
        read=("*",),
        summary=f"{len(paths)} files listed",
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
    if kept := output_file(arguments.path):
        matching = Grep(session, arguments, (kept,), private=True).matches()
        lines = [
            replace(line, path=arguments.path)
            for line in matching.lines
            if _is_file(session.scratch, line.path)
        ]
        if not lines:
            kept_output(session, arguments.path)
        return _outcome(arguments, replace(matching, lines=lines), f"(no match in {arguments.path})")
    path = plain_path(session, arguments.path)
    is_file = bool(path) and _is_file(session.files, path)
    specs = (literal(path),) if is_file else pathspecs(path, arguments.glob)
    matching = Grep(session, arguments, specs).matches()
    # git follows what an agent's command put in the place of a directory; those files are not told of.
    readable = {
        path: _is_file(session.files, path) for path in dict.fromkeys(line.path for line in matching.lines)
    }
    matching = replace(matching, lines=[line for line in matching.lines if readable[line.path]])
    nothing = "" if matching.lines else _no_match(session, arguments, path, specs)
    return _outcome(arguments, matching, nothing)


# Matches -----------------------------------------------------------------------------------------------------


def _outcome(arguments: shapes.SearchCode, matching: Matches, nothing: str) -> ToolOutcome:
    shown = _within(matching.lines)
    matches = sum(bool(line.column) for line in shown)
    cut = len(shown) < len(matching.lines)
    more = ["[... more matches; narrow the pattern, path or glob]"] if cut else []
    text = "\n".join([*matching.notes, *(_laid_out(shown) if shown else [nothing]), *more])
    summary = f"{matches}{'+' if cut else ''} matches"
    return ToolOutcome(text=text, subject=arguments.pattern, read=("*",), summary=summary)


def _within(lines: Sequence[Line]) -> Sequence[Line]:
    """The first of `lines` that are not too much for one answer."""
    matches = size = 0
    for number, line in enumerate(lines):
        matches += bool(line.column)
        size += len(line.path) + min(len(line.text), LONGEST_LINE)
        if matches > _MOST_MATCHES or number >= _MOST_LINES or size > _MOST_TEXT:
            return lines[:number]
    return lines


def _laid_out(lines: Sequence[Line]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.first and number:
            yield "--"
        yield line.shown()


# Files ---------------------------------------------------------------------------------------------------------


def _is_file(files: Files, path: str) -> bool:
    """Whether it may be read: no secret, no link that leads out."""
    try:
        files.read_bytes(path, 0)
    except (OSError, Refused):
        return False
    return True


def _listed(session: ToolContext, specs: Sequence[str]) -> list[str]:
    """Tracked and untracked files that are on disk, sorted; ignored ones are not among them."""
    options = ("-z", "-t", "--cached", "--others", "--deleted", "--exclude-standard")
    answer = session.git.run("ls-files", *options, "--", *specs, most=_MOST_PATHS, timeout_s=_TIMEOUT_S)
    if answer.code != 0:
        why = (
            f"it took more than {_TIMEOUT_S:.0f} s"
            if answer.timed_out
            else answer.error or "there are too many"
        )
        raise ToolRefused(f"the files could not be listed: {why}")
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
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    answer = session.git.run(
        "check-ignore", "-v", "--no-index", "--", path or ".", most=4_000, timeout_s=_TIMEOUT_S
    )
    if path and answer.code == 0:
        rule = answer.output.decode("utf-8", "replace").partition("\t")[0]
        return f": {path} is ignored by git ({rule}); read_file and run_command reach it"
    return f" the glob {glob!r} below {path or 'the root'}"
