"""The table of tools and what each does, and the tools that talk to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from devassist.crew.tools import editing, history, shapes
from devassist.crew.tools.checks import run_checks
from devassist.crew.tools.commands import run_command
from devassist.crew.tools.patch_tool import apply_patch
from devassist.crew.tools.reading import read_file
from devassist.crew.tools.searching import list_files, search_code
from devassist.crew.tools.tool_context import ToolContext, ToolOutcome
from devassist.domain.events import NotePosted
from devassist.domain.settings import ApprovalClass


def post_note(session: ToolContext, note: shapes.PostNote, evidence: str) -> ToolOutcome:
    posted = NotePosted(text=note.text, paths=tuple(note.paths))
    # The id follows from the call's: a crew that runs again does not post it twice.
    session.link.record(session.event(posted, id_=f"{evidence}-note"))
    return ToolOutcome(text="posted", subject=note.text[:60], summary="a note was posted")


def read_board(session: ToolContext, _arguments: shapes.Arguments, _evidence: str) -> ToolOutcome:
    notes = session.link.board(session.role)
    lines = [f"{note.agent}: {note.text} {' '.join(note.paths)}".rstrip() for note in notes]
    return ToolOutcome(text="\n".join(lines) or "(the board is empty)", summary=f"{len(notes)} notes read")


def ask_human(session: ToolContext, arguments: shapes.AskHuman, _evidence: str) -> ToolOutcome:
    answer = session.link.ask(session.role, ApprovalClass.QUESTION, arguments.question, arguments.options)
    return ToolOutcome(text=answer, subject=arguments.question[:60], summary="a person was asked")


def request_scope(session: ToolContext, arguments: shapes.RequestScope, _evidence: str) -> ToolOutcome:
    question = f"widen the scope to {', '.join(arguments.paths)}? {arguments.reason}"
    answer = session.link.ask(session.role, ApprovalClass.SCOPE, question, arguments.paths)
    if answer == "granted":
        session.granted.extend(arguments.paths)
        return ToolOutcome(text=f"granted: {', '.join(arguments.paths)}", summary="the scope was widened")
    return ToolOutcome(text=f"error: not granted: {answer}", ok=False, summary="the scope was not widened")


_A = TypeVar("_A", bound=shapes.Arguments)
Act = Callable[[ToolContext, shapes.Arguments, str], ToolOutcome]
"""Makes a tool call in a context, with arguments; the text is the id of its evidence."""


def _taking(shape: type[_A], act: Callable[[ToolContext, _A, str], ToolOutcome]) -> Act:
    """`act` as a function of any arguments: parse_arguments has given them the tool's own shape."""

    def checked(session: ToolContext, arguments: shapes.Arguments, evidence: str) -> ToolOutcome:
        if not isinstance(arguments, shape):
            raise TypeError(f"{type(arguments).__name__} where {shape.__name__} belongs")
        return act(session, arguments, evidence)

    return checked


TOOLS: Mapping[str, Act] = {
    "list_files": _taking(shapes.ListFiles, list_files),
    "search_code": _taking(shapes.SearchCode, search_code),
    "read_file": _taking(shapes.ReadFile, read_file),
    "write_file": _taking(shapes.WriteFile, editing.write_file),
    "replace_in_file": _taking(shapes.ReplaceInFile, editing.replace_in_file),
    "edit_file": _taking(shapes.EditFile, editing.edit_file),
    "apply_patch": _taking(shapes.ApplyPatch, apply_patch),
    "delete_file": _taking(shapes.DeleteFile, editing.delete_file),
    "move_file": _taking(shapes.MoveFile, editing.move_file),
    "run_command": _taking(shapes.RunCommand, run_command),
    "run_checks": _taking(shapes.RunChecks, run_checks),
    "show_diff": _taking(shapes.ShowDiff, history.show_diff),
    "git_log": _taking(shapes.GitLog, history.git_log),
    "git_blame": _taking(shapes.GitBlame, history.git_blame),
    "git_show": _taking(shapes.GitShow, history.git_show),
    "post_note": _taking(shapes.PostNote, post_note),
    "read_board": read_board,
    "ask_human": _taking(shapes.AskHuman, ask_human),
    "request_scope": _taking(shapes.RequestScope, request_scope),
}
