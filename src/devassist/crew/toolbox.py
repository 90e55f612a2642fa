"""What each tool does, in a worktree and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol, cast

from devassist.crew import arguments as args
from devassist.domain.changes import in_scope
from devassist.domain.errors import Refused
from devassist.domain.events import Event, EventType
from devassist.domain.failpoints import reach
from devassist.domain.hashing import blob_id
from devassist.ports import Assignment, CommandResult, CrewLink, Files, Sandbox, SandboxSpec

_MAX_FILE = 2_000_000
_MAX_MATCHES = 300
_MAX_LISTED = 2_000


class ToolRefused(Exception):
    """The tool may not do that here; the text is meant for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What a tool call came to.

    `read` are the paths the answer depends on (`*`: the whole tree), `wrote` those it changed;
    `summary` is one line for evidence; `facts` go into the record as they are.
    """

    text: str
    ok: bool = True
    subject: str = ""
    read: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    summary: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Bench(Protocol):
    """What a tool works on: one agent's worktree, sandbox and line to the supervisor."""

    assignment: Assignment
    granted: list[str]
    link: CrewLink
    sandbox: Sandbox | None

    @property
    def role(self) -> str: ...

    @property
    def files(self) -> Files: ...

    def spec(self) -> SandboxSpec: ...

    def event(
        self, type_: EventType, data: Mapping[str, Any], *, id_: str = "", parent: str = ""
    ) -> Event: ...


def _clean(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def _may_write(session: Bench, path: str) -> None:
    scope = [*session.assignment.scope, *session.granted] if session.assignment.scope else []
    if not in_scope(path, scope):
        raise ToolRefused(
            f"{path} is outside this task's scope ({', '.join(session.assignment.scope)}); "
            "call request_scope(paths, reason) if the task cannot be done without it"
        )


def list_files(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.ListFiles", given)
    paths = session.files.list(_clean(wanted.path) or ".", wanted.glob)
    shown = "\n".join(paths[:_MAX_LISTED]) or "(no files)"
    more = f"\n[... {len(paths) - _MAX_LISTED} more]" if len(paths) > _MAX_LISTED else ""
    return Outcome(text=shown + more, subject=wanted.path, read=("*",), summary=f"{len(paths)} files listed")


def search_code(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.SearchCode", given)
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
                    return Outcome(text=text, subject=wanted.pattern, read=("*",), summary=some)
    text = "\n".join(found) or "(no matches)"
    return Outcome(text=text, subject=wanted.pattern, read=("*",), summary=f"{len(found)} matches")


def _searchable(session: Bench, path: str) -> list[str]:
    try:
        raw = session.files.read_bytes(path, _MAX_FILE)
    except (OSError, Refused):  # a secret, a link, or gone meanwhile: a search passes it over
        return []
    return [] if b"\0" in raw[:8000] else raw.decode("utf-8", "replace").splitlines()


def read_file(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.ReadFile", given)
    path = _clean(wanted.path)
    raw = session.files.read_bytes(path, _MAX_FILE)
    if b"\0" in raw[:8000]:
        return Outcome(text=f"error: {path} is a binary file of {len(raw)} bytes", ok=False, subject=path)
    lines = raw.decode("utf-8", "replace").splitlines()
    last = len(lines) if wanted.end_line is None else min(wanted.end_line, len(lines))
    shown = [f"{number:>5}  {lines[number - 1]}" for number in range(wanted.start_line, last + 1)]
    text = "\n".join(shown) or f"({path} has {len(lines)} lines)"
    return Outcome(text=text, subject=path, read=(path,), summary=f"{path} was read")


def content_of(session: Bench, path: str) -> str:
    """The blob id of a file as it is now; '' where there is none that may be read."""
    try:
        return blob_id(session.files.read_bytes(_clean(path), _MAX_FILE))
    except (OSError, Refused):
        return ""


def write_outcome(session: Bench, name: str, given: args.Arguments, *, existed: bool) -> Outcome:
    """What a write tool answers when what it was asked for is done."""
    wanted = cast("Any", given)
    path = _clean(wanted.path)
    if name == "delete_file":
        return Outcome(text=f"deleted {path}", subject=path, wrote=(path,), summary=f"{path} was deleted")
    if name == "move_file":
        new_path = _clean(wanted.new_path)
        text = f"moved {path} to {new_path}"
        return Outcome(text=text, subject=new_path, wrote=(path, new_path), summary=text)
    if name == "replace_in_file":
        return _written(f"replaced in {path}", path, session.files.read_bytes(path, _MAX_FILE))
    content = wanted.content.encode("utf-8", "surrogatepass")
    return _written(f"{'wrote' if existed else 'created'} {path} ({len(content)} bytes)", path, content)


def write_file(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.WriteFile", given)
    path = _clean(wanted.path)
    _may_write(session, path)
    existed = session.files.exists(path)
    content = wanted.content.encode("utf-8", "surrogatepass")
    session.files.write_bytes(path, content)
    return write_outcome(session, "write_file", given, existed=existed)


def replace_in_file(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.ReplaceInFile", given)
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
    return write_outcome(session, "replace_in_file", given, existed=True)


def _written(text: str, path: str, content: bytes) -> Outcome:
    return Outcome(text=text, subject=path, wrote=(path,), summary=text, facts={"blob": blob_id(content)})


def delete_file(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    path = _clean(cast("args.DeleteFile", given).path)
    _may_write(session, path)
    session.files.delete(path)
    return write_outcome(session, "delete_file", given, existed=True)


def move_file(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.MoveFile", given)
    path, new_path = _clean(wanted.path), _clean(wanted.new_path)
    _may_write(session, path)
    _may_write(session, new_path)
    session.files.move(path, new_path)
    return write_outcome(session, "move_file", given, existed=True)


def run_command(session: Bench, given: args.Arguments, evidence: str) -> Outcome:
    wanted = cast("args.RunCommand", given)
    before = session.link.changed(session.role)
    _may_run(session, wanted.command)
    result = sandboxed(
        session, wanted.command, wanted.timeout_s, evidence=evidence, purpose="command", before=before
    )
    return command_outcome(wanted, result, before, session.link.changed(session.role))


def _may_run(session: Bench, command: str) -> None:
    """Commands of a class that a person has to allow are asked about; all others need no word."""
    if not any(fnmatchcase(command.strip(), pattern) for pattern in session.assignment.ask_commands):
        return
    answer = session.link.ask(session.role, "command", f"run `{command}`?", [])
    if answer != "granted":
        raise ToolRefused(f"the command is not allowed: {answer}")


def command_outcome(
    wanted: args.RunCommand, result: CommandResult, before: Mapping[str, str], after: Mapping[str, str]
) -> Outcome:
    """What run_command answers; `before` and `after` are the worktree's changes as path -> content id."""
    wrote = _difference(before, after)
    ending = how_it_ended(result)
    return Outcome(
        text=f"{result.output.rstrip()}\n[{ending}]".lstrip(),
        ok=result.exit_code == 0,
        subject=wanted.command,
        read=("*",),
        wrote=wrote,
        summary=f"`{wanted.command}`: {ending}",
        facts={"exit_code": result.exit_code},
    )


def run_checks(session: Bench, _given: args.Arguments, evidence: str) -> Outcome:
    commands = session.assignment.checks
    if not commands:
        return Outcome(text="no checks are configured for this task", ok=False, summary="no checks")
    before = session.link.changed(session.role)
    parts: list[str] = []
    codes: dict[str, int] = {}
    for command in commands:
        timeout = session.assignment.command_timeout_s
        result = sandboxed(session, command, timeout, evidence=evidence, purpose="check")
        codes[command] = result.exit_code
        parts.append(f"$ {command}\n{result.output.rstrip()}\n[{how_it_ended(result)}]")
    wrote = _difference(before, session.link.changed(session.role))
    failed = [command for command, code in codes.items() if code != 0]
    summary = f"{len(codes) - len(failed)} of {len(codes)} checks passed"
    return Outcome(
        text="\n\n".join([*parts, summary]),
        ok=not failed,
        read=("*",),
        wrote=wrote,
        summary=summary,
        facts={"exit_code": max(codes.values(), key=abs), "checks": codes},
    )


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


def sandboxed(
    session: Bench,
    command: str,
    timeout_s: float,
    *,
    evidence: str,
    purpose: str,
    before: Mapping[str, str] | None = None,
) -> CommandResult:
    """Run a command as the record says: intended before, with the state it found, and ran after."""
    if session.sandbox is None:
        raise ToolRefused("no sandbox works here, so commands are not offered")
    intent = {"command": command, "purpose": purpose, "tier": session.sandbox.tier}
    found = {} if before is None else {"before": dict(before)}
    session.link.record(session.event(EventType.COMMAND_INTENDED, {**intent, **found}, parent=evidence))
    reach("tool.running")
    result = session.sandbox.run(command, session.spec(), timeout_s=timeout_s)
    reach("tool.ran")
    ran = {
        **intent,
        "exit_code": result.exit_code,
        "output": result.output,
        "seconds": round(result.seconds, 3),
        "timed_out": result.timed_out,
        "unsafe": session.sandbox.tier == "none",
    }
    session.link.record(session.event(EventType.COMMAND_RAN, ran, parent=evidence))
    return result


def how_it_ended(result: CommandResult) -> str:
    """`exit code 0`, `timed out after 2 s`, `killed by signal 9`."""
    if result.timed_out:
        return f"timed out after {result.seconds:.0f} s"
    if result.exit_code < 0:
        return f"killed by signal {-result.exit_code}"
    return f"exit code {result.exit_code}"


def show_diff(session: Bench, _given: args.Arguments, _evidence: str) -> Outcome:
    patch = session.link.diff(session.role)
    return Outcome(text=patch or "(nothing is changed)", read=("*",), summary="the diff was shown")


def post_note(session: Bench, given: args.Arguments, evidence: str) -> Outcome:
    note = cast("args.PostNote", given)
    data = {"text": note.text, "paths": note.paths}
    # The id follows from the call's: a crew that runs again does not post it twice.
    session.link.record(session.event(EventType.NOTE_POSTED, data, id_=f"{evidence}-note"))
    return Outcome(text="posted", subject=note.text[:60], summary="a note was posted")


def read_board(session: Bench, _given: args.Arguments, _evidence: str) -> Outcome:
    notes = session.link.board(session.role)
    lines = [f"{note['agent']}: {note['text']} {' '.join(note.get('paths', ()))}".rstrip() for note in notes]
    return Outcome(text="\n".join(lines) or "(the board is empty)", summary=f"{len(notes)} notes read")


def ask_human(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    asked = cast("args.AskHuman", given)
    answer = session.link.ask(session.role, "question", asked.question, asked.options)
    return Outcome(text=answer, subject=asked.question[:60], summary="a person was asked")


def request_scope(session: Bench, given: args.Arguments, _evidence: str) -> Outcome:
    wanted = cast("args.RequestScope", given)
    question = f"widen the scope to {', '.join(wanted.paths)}? {wanted.reason}"
    answer = session.link.ask(session.role, "scope", question, wanted.paths)
    if answer == "granted":
        session.granted.extend(wanted.paths)
        return Outcome(text=f"granted: {', '.join(wanted.paths)}", summary="the scope was widened")
    return Outcome(text=f"error: not granted: {answer}", ok=False, summary="the scope was not widened")


TOOLS: Mapping[str, Callable[[Bench, args.Arguments, str], Outcome]] = {
    "list_files": list_files,
    "search_code": search_code,
    "read_file": read_file,
    "write_file": write_file,
    "replace_in_file": replace_in_file,
    "delete_file": delete_file,
    "move_file": move_file,
    "run_command": run_command,
    "run_checks": run_checks,
    "show_diff": show_diff,
    "post_note": post_note,
    "read_board": read_board,
    "ask_human": ask_human,
    "request_scope": request_scope,
}
