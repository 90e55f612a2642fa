"""The tools that run commands: in the sandbox, recorded before and after, with a person's permission if required."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from devassist.crew.tools.outputs import abridged
from devassist.crew.tools.shapes import RunCommand
from devassist.crew.tools.tool_context import Observed, ToolContext, ToolOutcome, ToolRefused
from devassist.domain.claims.cases import CaseCounts, brief
from devassist.domain.errors import Refused
from devassist.domain.events import CommandIntended, CommandRan
from devassist.domain.failpoints import reach
from devassist.domain.settings import ApprovalClass
from devassist.domain.statuses import Purpose, SandboxTier
from devassist.evidence.observation import observe
from devassist.ports import CommandResult, Sandbox

_MAX_CONFIGURATION = 1_000_000
"""The most bytes of a runner's configuration file that are read."""


def run_command(session: ToolContext, arguments: RunCommand, evidence: str) -> ToolOutcome:
    before = session.link.changed(session.role)
    _may_run(session, arguments.command)
    intent = CommandIntended(command=arguments.command, purpose=Purpose.COMMAND, before=dict(before))
    observed = sandboxed(session, intent, arguments.timeout_s, evidence=evidence)
    shown = abridged(session, evidence, observed.result.output)
    return command_outcome(
        arguments, replace(observed, shown=shown), before, session.link.changed(session.role)
    )


def _may_run(session: ToolContext, command: str) -> None:
    """Ask a person about a command that matches one of the patterns to ask about. Raises ToolRefused on a refusal."""
    if not any(fnmatchcase(command.strip(), pattern) for pattern in session.assignment.ask_commands):
        return
    answer = session.link.ask(session.role, ApprovalClass.COMMAND, f"run `{command}`?", [command])
    if answer != "granted":
        raise ToolRefused(f"the command is not allowed: {answer}")


def command_outcome(
    arguments: RunCommand, observed: Observed, before: Mapping[str, str], after: Mapping[str, str]
) -> ToolOutcome:
    """The outcome of run_command; `before` and `after` are the worktree's changes as path -> content id."""
    result = observed.result
    return ToolOutcome(
        text=as_text(observed),
        ok=result.exit_code == 0 or result.reader_left,
        subject=arguments.command,
        read=("*",),
        wrote=difference(before, after),
        summary=f"`{arguments.command}`: {_in_brief(observed)}",
        exit_code=result.exit_code,
        truncated=result.truncated,
    )


def as_text(observed: Observed) -> str:
    """A command's output, exit code and test counts, for a model."""
    result, cases = observed.result, observed.cases
    counts = f"\n[tests: {cases.text}]" if cases.runner else ""
    shown = result.output if observed.shown is None else observed.shown
    return f"{shown.rstrip()}\n[{how_it_ended(result)}]{counts}".lstrip()


def _in_brief(observed: Observed) -> str:
    cases = observed.cases
    return how_it_ended(observed.result) + (f", {cases.text}" if cases.runner else "")


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The paths whose content differs."""
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


def sandboxed(
    session: ToolContext, intent: CommandIntended, timeout_s: float, *, evidence: str, id_: str = ""
) -> Observed:
    """
    Run a command, and record it before (with the state of the worktree) and after.

    `evidence` is the tool call's id, `id_` the command's own if claims may cite it.
    """
    if session.sandbox is None:
        raise ToolRefused("no sandbox works here, so commands are not offered")
    intent = replace(intent, tier=session.sandbox.tier)
    session.link.record(session.event(intent, parent=evidence))
    reach("tool.running")
    observed = _observed(session, session.sandbox, intent, timeout_s)
    reach("tool.ran")
    result = observed.result
    ran = CommandRan(
        command=intent.command,
        purpose=intent.purpose,
        tier=intent.tier,
        exit_code=result.exit_code,
        output=result.output,
        seconds=round(result.seconds, 3),
        timed_out=result.timed_out,
        unsafe=intent.tier is SandboxTier.NONE,
        cases=observed.cases if observed.cases != CaseCounts() else None,
    )
    session.link.record(session.event(ran, parent=evidence, id_=id_))
    return observed


def _observed(session: ToolContext, sandbox: Sandbox, intent: CommandIntended, timeout_s: float) -> Observed:
    """
    Run a command in such a way that the test runners devassist knows report each case.

    A check runs at the root, where its paths are meant from; a command of the agent where the person stood.
    """
    command, spec = intent.command, session.spec()
    if intent.purpose is Purpose.CHECK:
        spec = replace(spec, cwd=spec.worktree)
    spec.private.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="results-", dir=spec.private) as results:
        observation = observe(
            command,
            read=lambda path: _text_of(session, path),
            environment=spec.environment,
            results=Path(results),
        )
        around = replace(
            spec,
            environment={**spec.environment, **observation.environment},
            read_only=[*spec.read_only, *observation.read_only],
        )
        result = sandbox.run(observation.run, around, timeout_s=timeout_s)
        ledger = observation.ledger(result, tree=spec.worktree)
    return Observed(result=result, cases=brief(ledger, result.output), failed=ledger.failed)


def _text_of(session: ToolContext, path: str) -> str | None:
    try:
        return session.files.read_bytes(path, _MAX_CONFIGURATION).decode()
    except (OSError, Refused, UnicodeError):
        return None


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
