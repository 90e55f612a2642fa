"""The tools that read and write files, or talk to others; each works in its agent's worktree only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from devassist.crew.tools import arguments as args
from devassist.crew.tools.commands import run_checks, run_command
from devassist.crew.tools.tool_context import OutOfScope, ToolContext, ToolOutcome, ToolRefused
from devassist.domain.changes import in_scope
from devassist.domain.errors import Refused
from devassist.domain.events import NotePosted
from devassist.domain.hashing import blob_id
from devassist.domain.settings import ApprovalClass

_MAX_FILE = 2_000_000
_MAX_MATCHES = 300
_MAX_LISTED = 2_000


def _clean(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def _may_write(session: ToolContext, path: str) -> None:
    scope = [*session.assignment.scope, *session.granted] if session.assignment.scope else []
    if not in_scope(path, scope):
        raise OutOfScope(
            f"{path} is outside this task's scope ({', '.join(session.assignment.scope)}); "
            "call request_scope(paths, reason) if the task cannot be done without it"
        )
    if refused := session.link.refuse_write(session.role, path):
        raise ToolRefused(f"{path} is not written: {refused}")


def list_files(session: ToolContext, arguments: args.ListFiles, _evidence: str) -> ToolOutcome:
    paths = session.files.list(_clean(arguments.path) or ".", arguments.glob)
    shown = "\n".join(paths[:_MAX_LISTED]) or "(no files)"
    more = f"\n[... {len(paths) - _MAX_LISTED} more]" if len(paths) > _MAX_LISTED else ""
    return ToolOutcome(
        text=shown + more, subject=arguments.path, read=("*",), summary=f"{len(paths)} files listed"
    )


def search_code(session: ToolContext, arguments: args.SearchCode, _evidence: str) -> ToolOutcome:
    try:
        pattern = re.compile(arguments.pattern)
    except re.error as error:
        raise ToolRefused(f"pattern: not a regular expression: {error}") from error
    matches: list[str] = []
    for path in session.files.list(".", arguments.glob):
        for number, line in enumerate(_searchable(session, path), start=1):
            if pattern.search(line):
                matches.append(f"{path}:{number}: {line[:400]}")
                if len(matches) >= _MAX_MATCHES:
                    text = "\n".join(matches) + "\n[... more matches; narrow the pattern or the glob]"
                    some = f"{len(matches)}+ matches"
                    return ToolOutcome(text=text, subject=arguments.pattern, read=("*",), summary=some)
    text = "\n".join(matches) or "(no matches)"
    return ToolOutcome(text=text, subject=arguments.pattern, read=("*",), summary=f"{len(matches)} matches")


def _searchable(session: ToolContext, path: str) -> list[str]:
    try:
        raw = session.files.read_bytes(path, _MAX_FILE)
    except (OSError, Refused):  # a secret, a link, or deleted meanwhile: a search skips it
        return []
    return [] if b"\0" in raw[:8000] else raw.decode("utf-8", "replace").splitlines()


def read_file(session: ToolContext, arguments: args.ReadFile, _evidence: str) -> ToolOutcome:
    path = _clean(arguments.path)
    raw = session.files.read_bytes(path, _MAX_FILE)
    if b"\0" in raw[:8000]:
        return ToolOutcome(text=f"error: {path} is a binary file of {len(raw)} bytes", ok=False, subject=path)
    lines = raw.decode("utf-8", "replace").splitlines()
    last = len(lines) if arguments.end_line is None else min(arguments.end_line, len(lines))
    shown = [f"{number:>5}  {lines[number - 1]}" for number in range(arguments.start_line, last + 1)]
    text = "\n".join(shown) or f"({path} has {len(lines)} lines)"
    return ToolOutcome(text=text, subject=path, read=(path,), summary=f"{path} was read")


def content_of(session: ToolContext, path: str) -> str:
    """The blob id of a file as it is now; empty if there is none that may be read."""
    try:
        return blob_id(session.files.read_bytes(_clean(path), _MAX_FILE))
    except (OSError, Refused):
        return ""


def write_outcome(session: ToolContext, arguments: args.FileWrite, *, existed: bool) -> ToolOutcome:
    """The outcome of a write tool after the write."""
    path = _clean(arguments.path)
    match arguments:
        case args.DeleteFile():
            text = f"deleted {path}"
            return ToolOutcome(text=text, subject=path, wrote=(path,), summary=f"{path} was deleted")
        case args.MoveFile():
            new_path = _clean(arguments.new_path)
            text = f"moved {path} to {new_path}"
            wrote = _moved(session, path, new_path)
            return ToolOutcome(text=text, subject=new_path, wrote=wrote, summary=text)
        case args.WriteFile():
            content = arguments.content.encode("utf-8", "surrogatepass")
            verb = "wrote" if existed else "created"
            return _written(f"{verb} {path} ({len(content)} bytes)", path, content)
        case _:
            return _written(f"replaced in {path}", path, session.files.read_bytes(path, _MAX_FILE))


def _moved(session: ToolContext, path: str, new_path: str) -> tuple[str, ...]:
    """The old and the new paths of a file, or of every file of a directory."""
    try:
        below = session.files.list(new_path, "**/*")
    except NotADirectoryError:
        return (path, new_path)
    return tuple(name for new in below for name in (path + new.removeprefix(new_path), new))


def write_file(session: ToolContext, arguments: args.WriteFile, _evidence: str) -> ToolOutcome:
    path = _clean(arguments.path)
    _may_write(session, path)
    existed = session.files.exists(path)
    content = arguments.content.encode("utf-8", "surrogatepass")
    session.files.write_bytes(path, content)
    return write_outcome(session, arguments, existed=existed)


def replace_in_file(session: ToolContext, arguments: args.ReplaceInFile, _evidence: str) -> ToolOutcome:
    path = _clean(arguments.path)
    _may_write(session, path)
    text = session.files.read_bytes(path, _MAX_FILE).decode("utf-8")
    old, new = arguments.old, arguments.new
    if old not in text and "\r\n" in text:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    count = text.count(old)
    if count != 1:
        near = "is not in the file as given" if count == 0 else f"occurs {count} times, so it is not unique"
        raise ToolRefused(f"old: the text {near}; read {path} again")
    content = text.replace(old, new).encode()
    session.files.write_bytes(path, content)
    return write_outcome(session, arguments, existed=True)


def _written(text: str, path: str, content: bytes) -> ToolOutcome:
    return ToolOutcome(text=text, subject=path, wrote=(path,), summary=text, blob=blob_id(content))


def delete_file(session: ToolContext, arguments: args.DeleteFile, _evidence: str) -> ToolOutcome:
    path = _clean(arguments.path)
    _may_write(session, path)
    session.files.delete(path)
    return write_outcome(session, arguments, existed=True)


def move_file(session: ToolContext, arguments: args.MoveFile, _evidence: str) -> ToolOutcome:
    path, new_path = _clean(arguments.path), _clean(arguments.new_path)
    _may_write(session, path)
    _may_write(session, new_path)
    session.files.move(path, new_path)
    return write_outcome(session, arguments, existed=True)


def show_diff(session: ToolContext, _arguments: args.Arguments, _evidence: str) -> ToolOutcome:
    patch = session.link.diff(session.role)
    return ToolOutcome(text=patch or "(nothing is changed)", read=("*",), summary="the diff was shown")


def post_note(session: ToolContext, note: args.PostNote, evidence: str) -> ToolOutcome:
    posted = NotePosted(text=note.text, paths=tuple(note.paths))
    # The id follows from the call's: a crew that runs again does not post it twice.
    session.link.record(session.event(posted, id_=f"{evidence}-note"))
    return ToolOutcome(text="posted", subject=note.text[:60], summary="a note was posted")


def read_board(session: ToolContext, _arguments: args.Arguments, _evidence: str) -> ToolOutcome:
    notes = session.link.board(session.role)
    lines = [f"{note.agent}: {note.text} {' '.join(note.paths)}".rstrip() for note in notes]
    return ToolOutcome(text="\n".join(lines) or "(the board is empty)", summary=f"{len(notes)} notes read")


def ask_human(session: ToolContext, arguments: args.AskHuman, _evidence: str) -> ToolOutcome:
    answer = session.link.ask(session.role, ApprovalClass.QUESTION, arguments.question, arguments.options)
    return ToolOutcome(text=answer, subject=arguments.question[:60], summary="a person was asked")


def request_scope(session: ToolContext, arguments: args.RequestScope, _evidence: str) -> ToolOutcome:
    question = f"widen the scope to {', '.join(arguments.paths)}? {arguments.reason}"
    answer = session.link.ask(session.role, ApprovalClass.SCOPE, question, arguments.paths)
    if answer == "granted":
        session.granted.extend(arguments.paths)
        return ToolOutcome(text=f"granted: {', '.join(arguments.paths)}", summary="the scope was widened")
    return ToolOutcome(text=f"error: not granted: {answer}", ok=False, summary="the scope was not widened")


_A = TypeVar("_A", bound=args.Arguments)
Act = Callable[[ToolContext, args.Arguments, str], ToolOutcome]
"""Makes a tool call in a context, with arguments; the text is the id of its evidence."""


def _taking(shape: type[_A], act: Callable[[ToolContext, _A, str], ToolOutcome]) -> Act:
    """`act` as a function of any arguments: parse_arguments has given them the tool's own shape."""

    def checked(session: ToolContext, arguments: args.Arguments, evidence: str) -> ToolOutcome:
        if not isinstance(arguments, shape):
            raise TypeError(f"{type(arguments).__name__} where {shape.__name__} belongs")
        return act(session, arguments, evidence)

    return checked


TOOLS: Mapping[str, Act] = {
    "list_files": _taking(args.ListFiles, list_files),
    "search_code": _taking(args.SearchCode, search_code),
    "read_file": _taking(args.ReadFile, read_file),
    "write_file": _taking(args.WriteFile, write_file),
    "replace_in_file": _taking(args.ReplaceInFile, replace_in_file),
    "delete_file": _taking(args.DeleteFile, delete_file),
    "move_file": _taking(args.MoveFile, move_file),
    "run_command": _taking(args.RunCommand, run_command),
    "run_checks": run_checks,
    "show_diff": show_diff,
    "post_note": _taking(args.PostNote, post_note),
    "read_board": read_board,
    "ask_human": _taking(args.AskHuman, ask_human),
    "request_scope": _taking(args.RequestScope, request_scope),
}
