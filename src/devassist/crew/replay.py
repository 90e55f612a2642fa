"""Answers a tool call that an earlier worker made or began, from the log; acts again only if nothing was done yet."""

from __future__ import annotations

from devassist.crew.tools.checks import run_checks
from devassist.crew.tools.commands import command_outcome
from devassist.crew.tools.editing import content_of, write_outcome
from devassist.crew.tools.outputs import abridged
from devassist.crew.tools.patch_tool import apply_rest
from devassist.crew.tools.shapes import ApplyPatch, Arguments, FileWrite, RunChecks, RunCommand
from devassist.crew.tools.tool_context import Observed, ToolContext, ToolOutcome
from devassist.crew.tools.toolbox import TOOLS
from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events import RecoveryUnknown, ToolCalled
from devassist.messages import RecalledTool
from devassist.ports import CommandResult


def recorded_outcome(called: ToolCalled) -> ToolOutcome:
    """The outcome of a recorded call."""
    return ToolOutcome(
        text=called.result,
        ok=called.ok,
        subject=called.subject,
        read=called.read,
        wrote=called.wrote,
        summary=called.summary,
    )


def resumed_outcome(
    session: ToolContext, name: str, arguments: Arguments, evidence: str, recalled: RecalledTool
) -> ToolOutcome:
    """
    The outcome of a call that was interrupted between its intent and its result.

    If the files do not hold the write yet, it is made now. A command runs again if the worktree is unchanged; if it
    is not, nobody knows how far the command got, and the agent reads that.
    """
    if isinstance(arguments, FileWrite):
        before = recalled.tool.before if recalled.tool is not None else ""
        return _write(session, name, arguments, evidence, before)
    if isinstance(arguments, ApplyPatch) and recalled.tool is not None:
        return apply_rest(session, arguments, recalled.tool.files)
    if isinstance(arguments, RunCommand):
        return _command(session, arguments, evidence, recalled)
    if isinstance(arguments, RunChecks):  # no result reached the agent: all checks run again, under new ids
        return run_checks(session, arguments, evidence, first=recalled.runs + 1)
    return TOOLS[name](session, arguments, evidence)


def _write(session: ToolContext, name: str, arguments: FileWrite, evidence: str, before: str) -> ToolOutcome:
    if content_of(session, arguments.path) == before:
        return TOOLS[name](session, arguments, evidence)
    return write_outcome(session, arguments, existed=bool(before))


def _command(
    session: ToolContext, arguments: RunCommand, evidence: str, recalled: RecalledTool
) -> ToolOutcome:
    intended, ran = recalled.command, recalled.ran
    before = intended.before if intended is not None else None
    after = session.link.changed(session.role)
    if ran is not None:
        result = CommandResult(
            exit_code=ran.exit_code, output=ran.output, seconds=ran.seconds, timed_out=ran.timed_out
        )
        shown = abridged(session, evidence, ran.output)
        observed = Observed(result=result, cases=ran.cases or CaseCounts(), shown=shown)
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
