"""A tool call that was made or begun before: answered from the log, and done again only where nothing was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devassist.crew.arguments import parse_arguments
from devassist.crew.commands import command_outcome
from devassist.crew.tool_context import Bench, Outcome
from devassist.crew.toolbox import TOOLS, content_of, write_outcome
from devassist.domain.events import EventType
from devassist.domain.roles import WRITE_TOOLS
from devassist.ports import CommandResult


def recorded(data: Mapping[str, Any]) -> Outcome:
    """The outcome as a tool.called has it."""
    return Outcome(
        text=data["result"],
        ok=bool(data["ok"]),
        subject=data.get("subject", ""),
        read=tuple(data.get("read", ())),
        wrote=tuple(data.get("wrote", ())),
        summary=data.get("summary", ""),
    )


def taken_up(
    session: Bench, name: str, given: Mapping[str, Any], evidence: str, known: Mapping[str, Any]
) -> Outcome:
    """
    The outcome of a call that was cut off between its intent and its result.

    A write is looked for in the file: it is there, or it is made now. A command that left its worktree as it
    was is run again; of one that did not, nobody knows how far it came, and the agent is told so.
    """
    intent = known["begun"][0] if known["begun"] else {}
    if name in WRITE_TOOLS:
        return _write(session, name, given, evidence, str(intent.get("before", "")))
    if name == "run_command":
        return _command(session, given, evidence, intent, known["ran"])
    return TOOLS[name](session, parse_arguments(name, given), evidence)


def _write(session: Bench, name: str, given: Mapping[str, Any], evidence: str, before: str) -> Outcome:
    arguments = parse_arguments(name, given)
    now = content_of(session, str(given["path"]))
    if now == before:
        return TOOLS[name](session, arguments, evidence)
    return write_outcome(session, name, arguments, existed=bool(before))


def _command(
    session: Bench, given: Mapping[str, Any], evidence: str, intent: Mapping[str, Any], ran: list[Any]
) -> Outcome:
    arguments: Any = parse_arguments("run_command", given)
    before = intent.get("before")
    after = session.link.changed(session.role)
    if ran:
        data = ran[0]
        result = CommandResult(
            exit_code=data["exit_code"],
            output=data["output"],
            seconds=data["seconds"],
            timed_out=data["timed_out"],
        )
        return command_outcome(arguments, result, before or {}, after)
    if intent and before == dict(after) and not session.assignment.network:
        return TOOLS["run_command"](session, arguments, evidence)
    if not intent:
        return TOOLS["run_command"](session, arguments, evidence)
    reason = "devassist was cut off while it ran, and the worktree is not as it was before"
    fact = {"what": "command", "command": arguments.command, "evidence": evidence, "reason": reason}
    session.link.record(session.event(EventType.RECOVERY_UNKNOWN, fact))
    text = f"error: unknown outcome: {reason}. Look at show_diff before you run it again."
    unknown = Outcome(text=text, ok=False, subject=arguments.command, summary="unknown outcome", read=("*",))
    return replace(unknown, facts={"outcome": "unknown"})
