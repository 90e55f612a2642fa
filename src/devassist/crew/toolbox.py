"""What each tool does, in a worktree and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from devassist.crew import arguments as args
from devassist.crew.commands import run_checks, run_command
from devassist.crew.tool_context import Bench, OutOfScope, ToolOutcome, ToolRefused
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


def _may_write(session: Bench, path: str) -> None:
    scope = [*session.assignment.scope, *session.granted] if session.assignment.scope else []
    if not in_scope(path, scope):
        raise OutOfScope(
            f"{path} is outside this task's scope ({', '.join(session.assignment.scope)}); "
            "call request_scope(paths, reason) if the task cannot be done without it"
        )
    if refused := session.link.refuse_write(session.role, path):
        raise ToolRefused(f"{path} is not written: {refused}")


def list_files(session: Bench, wanted: args.ListFiles, _evidence: str) -> ToolOutcome:
    paths = session.files.list(_clean(wanted.path) or ".", wanted.glob)
    shown = "\n".join(paths[:_MAX_LISTED]) or "(no files)"
    more = f"\n[... {len(paths) - _MAX_LISTED} more]" if len(paths) > _MAX_LISTED else ""
    return ToolOutcome(
        text=shown + more, subject=wanted.path, read=("*",), summary=f"{len(paths)} files listed"
    )


def search_code(session: Bench, wanted: args.SearchCode, _evidence: str) -> ToolOutcome:
    try:
        pattern = re.compile(wanted.pattern)
    except re.error as error:
        raise ToolRefused(f"pattern: not a regular expression: {error}") from error
    found: list[str] = []
    for path in session.files.list(".", wanted.glob):
        for number, line in enumerate(_searchable(session, path), start=1):
            if pattern.search(line):
                found.append(f"{path}:{number}: {line[:400]}")
                if len(found) >= _MAX_MATCHES:
                    text = "\n".join(found) + "\n[... more matches; narrow the pattern or the glob]"
                    some = f"{len(found)}+ matches"
                    return ToolOutcome(text=text, subject=wanted.pattern, read=("*",), summary=some)
    text = "\n".join(found) or "(no matches)"
    return ToolOutcome(text=text, subject=wanted.pattern, read=("*",), summary=f"{len(found)} matches")


def _searchable(session: Bench, path: str) -> list[str]:
    try:
        raw = session.files.read_bytes(path, _MAX_FILE)
    except (OSError, Refused):  # a secret, a link, or gone meanwhile: a search passes it over
        return []
    return [] if b"\0" in raw[:8000] else raw.decode("utf-8", "replace").splitlines()


def read_file(session: Bench, wanted: args.ReadFile, _evidence: str) -> ToolOutcome:
    path = _clean(wanted.path)
    raw = session.files.read_bytes(path, _MAX_FILE)
    if b"\0" in raw[:8000]:
        return ToolOutcome(text=f"error: {path} is a binary file of {len(raw)} bytes", ok=False, subject=path)
    lines = raw.decode("utf-8", "replace").splitlines()
    last = len(lines) if wanted.end_line is None else min(wanted.end_line, len(lines))
    shown = [f"{number:>5}  {lines[number - 1]}" for number in range(wanted.start_line, last + 1)]
    text = "\n".join(shown) or f"({path} has {len(lines)} lines)"
    return ToolOutcome(text=text, subject=path, read=(path,), summary=f"{path} was read")


def content_of(session: Bench, path: str) -> str:
    """The blob id of a file as it is now; '' where there is none that may be read."""
    try:
        return blob_id(session.files.read_bytes(_clean(path), _MAX_FILE))
    except (OSError, Refused):
        return ""


def write_outcome(session: Bench, wanted: args.FileWrite, *, existed: bool) -> ToolOutcome:
    """What a write tool answers when what it was asked for is done."""
    path = _clean(wanted.path)
    match wanted:
        case args.DeleteFile():
            text = f"deleted {path}"
            return ToolOutcome(text=text, subject=path, wrote=(path,), summary=f"{path} was deleted")
        case args.MoveFile():
            new_path = _clean(wanted.new_path)
            text = f"moved {path} to {new_path}"
            wrote = _moved(session, path, new_path)
            return ToolOutcome(text=text, subject=new_path, wrote=wrote, summary=text)
        case args.WriteFile():
            content = wanted.content.encode("utf-8", "surrogatepass")
            verb = "wrote" if existed else "created"
            return _written(f"{verb} {path} ({len(content)} bytes)", path, content)
        case _:
            return _written(f"replaced in {path}", path, session.files.read_bytes(path, _MAX_FILE))


def _moved(session: Bench, path: str, new_path: str) -> tuple[str, ...]:
    """The old and the new paths of a file, or of every file of a directory."""
    try:
        below = session.files.list(new_path, "**/*")
    except NotADirectoryError:
        return (path, new_path)
    return tuple(name for new in below for name in (path + new.removeprefix(new_path), new))


def write_file(session: Bench, wanted: args.WriteFile, _evidence: str) -> ToolOutcome:
    path = _clean(wanted.path)
    _may_write(session, path)
    existed = session.files.exists(path)
    content = wanted.content.encode("utf-8", "surrogatepass")
    session.files.write_bytes(path, content)
    return write_outcome(session, wanted, existed=existed)


def replace_in_file(session: Bench, wanted: args.ReplaceInFile, _evidence: str) -> ToolOutcome:
    path = _clean(wanted.path)
    _may_write(session, path)
    text = session.files.read_bytes(path, _MAX_FILE).decode("utf-8")
    old, new = wanted.old, wanted.new
    if old not in text and "\r\n" in text:
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    count = text.count(old)
    if count != 1:
        near = "is not in the file as given" if count == 0 else f"occurs {count} times, so it is not unique"
        raise ToolRefused(f"old: the text {near}; read {path} again")
    content = text.replace(old, new).encode()
    session.files.write_bytes(path, content)
    return write_outcome(session, wanted, existed=True)


def _written(text: str, path: str, content: bytes) -> ToolOutcome:
    return ToolOutcome(text=text, subject=path, wrote=(path,), summary=text, blob=blob_id(content))


def delete_file(session: Bench, wanted: args.DeleteFile, _evidence: str) -> ToolOutcome:
    path = _clean(wanted.path)
    _may_write(session, path)
    session.files.delete(path)
    return write_outcome(session, wanted, existed=True)


def move_file(session: Bench, wanted: args.MoveFile, _evidence: str) -> ToolOutcome:
    path, new_path = _clean(wanted.path), _clean(wanted.new_path)
    _may_write(session, path)
    _may_write(session, new_path)
    session.files.move(path, new_path)
    return write_outcome(session, wanted, existed=True)


def show_diff(session: Bench, _given: args.Arguments, _evidence: str) -> ToolOutcome:
    patch = session.link.diff(session.role)
    return ToolOutcome(text=patch or "(nothing is changed)", read=("*",), summary="the diff was shown")


def post_note(session: Bench, note: args.PostNote, evidence: str) -> ToolOutcome:
    posted = NotePosted(text=note.text, paths=tuple(note.paths))
    # The id follows from the call's: a crew that runs again does not post it twice.
    session.link.record(session.event(posted, id_=f"{evidence}-note"))
    return ToolOutcome(text="posted", subject=note.text[:60], summary="a note was posted")


def read_board(session: Bench, _given: args.Arguments, _evidence: str) -> ToolOutcome:
    notes = session.link.board(session.role)
    lines = [f"{note.agent}: {note.text} {' '.join(note.paths)}".rstrip() for note in notes]
    return ToolOutcome(text="\n".join(lines) or "(the board is empty)", summary=f"{len(notes)} notes read")


def ask_human(session: Bench, asked: args.AskHuman, _evidence: str) -> ToolOutcome:
    answer = session.link.ask(session.role, ApprovalClass.QUESTION, asked.question, asked.options)
    return ToolOutcome(text=answer, subject=asked.question[:60], summary="a person was asked")


def request_scope(session: Bench, wanted: args.RequestScope, _evidence: str) -> ToolOutcome:
    question = f"widen the scope to {', '.join(wanted.paths)}? {wanted.reason}"
    answer = session.link.ask(session.role, ApprovalClass.SCOPE, question, wanted.paths)
    if answer == "granted":
        session.granted.extend(wanted.paths)
        return ToolOutcome(text=f"granted: {', '.join(wanted.paths)}", summary="the scope was widened")
    return ToolOutcome(text=f"error: not granted: {answer}", ok=False, summary="the scope was not widened")


_A = TypeVar("_A", bound=args.Arguments)
Act = Callable[[Bench, args.Arguments, str], ToolOutcome]
"""Makes one tool call: for whom, with which arguments, and the id of its evidence."""


def _taking(shape: type[_A], act: Callable[[Bench, _A, str], ToolOutcome]) -> Act:
    """`act` for any arguments; those of a tool are parsed into its own shape before it is called."""

    def checked(session: Bench, given: args.Arguments, evidence: str) -> ToolOutcome:
        if not isinstance(given, shape):
            raise TypeError(f"{type(given).__name__} where {shape.__name__} belongs")
        return act(session, given, evidence)

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
