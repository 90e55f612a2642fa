"""A tool call that was made or begun before: answered from the log, and done again only where nothing was done."""

from __future__ import annotations

from devassist.crew.arguments import Arguments, FileWrite, RunCommand
from devassist.crew.commands import command_outcome, run_checks
from devassist.crew.tool_context import Bench, Observed, ToolOutcome
from devassist.crew.toolbox import TOOLS, content_of, write_outcome
from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events import RecoveryUnknown, ToolCalled
from devassist.messages import RecalledTool
from devassist.ports import CommandResult


def recorded(called: ToolCalled) -> ToolOutcome:
    """The outcome of a recorded call."""
    return ToolOutcome(
        text=called.result,
        ok=called.ok,
        subject=called.subject,
        read=called.read,
        wrote=called.wrote,
        summary=called.summary,
    )


def taken_up(
    session: Bench, name: str, arguments: Arguments, evidence: str, recalled: RecalledTool
) -> ToolOutcome:
    """
    The outcome of a call that was cut off between its intent and its result.

    A write is looked for in the file: it is there, or it is made now. A command that left its worktree as it
    was is run again; of one that did not, nobody knows how far it came, and the agent is told so.
    """
    if isinstance(arguments, FileWrite):
        before = recalled.tool.before if recalled.tool is not None else ""
        return _write(session, name, arguments, evidence, before)
    if isinstance(arguments, RunCommand):
        return _command(session, arguments, evidence, recalled)
    if name == "run_checks":  # none of its results reached the agent: all run again, under ids of their own
        return run_checks(session, arguments, evidence, first=recalled.runs + 1)
    return TOOLS[name](session, arguments, evidence)


def _write(session: Bench, name: str, arguments: FileWrite, evidence: str, before: str) -> ToolOutcome:
    if content_of(session, arguments.path) == before:
        return TOOLS[name](session, arguments, evidence)
    return write_outcome(session, arguments, existed=bool(before))


def _command(session: Bench, arguments: RunCommand, evidence: str, recalled: RecalledTool) -> ToolOutcome:
    intended, ran = recalled.command, recalled.ran
    before = intended.before if intended is not None else None
    after = session.link.changed(session.role)
    if ran is not None:
        result = CommandResult(
            exit_code=ran.exit_code, output=ran.output, seconds=ran.seconds, timed_out=ran.timed_out
        )
        observed = Observed(result=result, cases=ran.cases or CaseCounts())
        return command_outcome(arguments, observed, before or {}, after)
    unchanged = before is not None and dict(before) == dict(after)
    if intended is None or (unchanged and not session.assignment.network):
        return TOOLS["run_command"](session, arguments, evidence)
    reason = "devassist was cut off while it ran, and the worktree is not as it was before"
    lost = RecoveryUnknown(what="command", command=arguments.command, evidence=evidence, reason=reason)
    session.link.record(session.event(lost))
    text = f"error: unknown outcome: {reason}. Look at show_diff before you run it again."
    return ToolOutcome(
        text=text,
        ok=False,
        subject=arguments.command,
        summary="unknown outcome",
        read=("*",),
        unknown=True,
    )
