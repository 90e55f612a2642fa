"""The tools that run commands: in the sandbox, recorded before and after, and asked about where a person wants it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import cast

from devassist.crew import arguments as args
from devassist.crew.tool_context import Bench, ToolOutcome, ToolRefused
from devassist.domain.events import CommandIntended, CommandRan
from devassist.domain.failpoints import reach
from devassist.domain.settings import ApprovalClass
from devassist.domain.statuses import Purpose
from devassist.ports import CommandResult


def run_command(session: Bench, given: args.Arguments, evidence: str) -> ToolOutcome:
    wanted = cast("args.RunCommand", given)
    before = session.link.changed(session.role)
    _may_run(session, wanted.command)
    result = sandboxed(
        session, wanted.command, wanted.timeout_s, evidence=evidence, purpose=Purpose.COMMAND, before=before
    )
    return command_outcome(wanted, result, before, session.link.changed(session.role))


def _may_run(session: Bench, command: str) -> None:
    """Commands of a class that a person has to allow are asked about; all others need no word."""
    if not any(fnmatchcase(command.strip(), pattern) for pattern in session.assignment.ask_commands):
        return
    answer = session.link.ask(session.role, ApprovalClass.COMMAND, f"run `{command}`?", [command])
    if answer != "granted":
        raise ToolRefused(f"the command is not allowed: {answer}")


def command_outcome(
    wanted: args.RunCommand, result: CommandResult, before: Mapping[str, str], after: Mapping[str, str]
) -> ToolOutcome:
    """What run_command answers; `before` and `after` are the worktree's changes as path -> content id."""
    wrote = _difference(before, after)
    ending = how_it_ended(result)
    return ToolOutcome(
        text=f"{result.output.rstrip()}\n[{ending}]".lstrip(),
        ok=result.exit_code == 0 or result.reader_left,
        subject=wanted.command,
        read=("*",),
        wrote=wrote,
        summary=f"`{wanted.command}`: {ending}",
        exit_code=result.exit_code,
        truncated=result.truncated,
    )


def run_checks(session: Bench, _given: args.Arguments, evidence: str) -> ToolOutcome:
    commands = session.assignment.checks
    if not commands:
        return ToolOutcome(text="no checks are configured for this task", ok=False, summary="no checks")
    before = session.link.changed(session.role)
    parts: list[str] = []
    codes: dict[str, int] = {}
    flood = False
    for command in commands:
        timeout = session.assignment.command_timeout_s
        result = sandboxed(session, command, timeout, evidence=evidence, purpose=Purpose.CHECK)
        codes[command] = result.exit_code
        flood = flood or result.truncated
        parts.append(f"$ {command}\n{result.output.rstrip()}\n[{how_it_ended(result)}]")
    wrote = _difference(before, session.link.changed(session.role))
    failed = [command for command, code in codes.items() if code != 0]
    summary = f"{len(codes) - len(failed)} of {len(codes)} checks passed"
    return ToolOutcome(
        text="\n\n".join([*parts, summary]),
        ok=not failed,
        read=("*",),
        wrote=wrote,
        summary=summary,
        exit_code=max(codes.values(), key=abs),
        checks=codes,
        truncated=flood,
    )


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


def sandboxed(
    session: Bench,
    command: str,
    timeout_s: float,
    *,
    evidence: str,
    purpose: Purpose,
    before: Mapping[str, str] | None = None,
) -> CommandResult:
    """Run a command as the record says: intended before, with the state it found, and ran after."""
    if session.sandbox is None:
        raise ToolRefused("no sandbox works here, so commands are not offered")
    tier = session.sandbox.tier
    state = None if before is None else dict(before)
    intent = CommandIntended(command=command, purpose=purpose, tier=tier, before=state)
    session.link.record(session.event(intent, parent=evidence))
    reach("tool.running")
    result = session.sandbox.run(command, session.spec(), timeout_s=timeout_s)
    reach("tool.ran")
    ran = CommandRan(
        command=command,
        purpose=purpose,
        tier=tier,
        exit_code=result.exit_code,
        output=result.output,
        seconds=round(result.seconds, 3),
        timed_out=result.timed_out,
        unsafe=tier == "none",
    )
    session.link.record(session.event(ran, parent=evidence))
    return result


def how_it_ended(result: CommandResult) -> str:
    """`exit code 0`, `timed out after 2 s`, `killed by signal 9`."""
    if result.timed_out:
        return f"timed out after {result.seconds:.0f} s"
    if result.exit_code < 0:
        return f"killed by signal {-result.exit_code}"
    if result.reader_left:
        return (
            f"exit code {result.exit_code}: a part of the pipe still wrote when its reader had read enough (SIGPIPE); "
            "what it would have come to is unknown"
        )
    return f"exit code {result.exit_code}"
