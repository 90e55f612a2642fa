"""What a worker is sent: the parts of the run's request and settings that one crew needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from devassist.assignments import AgentPlace, Assignment
from devassist.domain.choice.models import priced, windows_of
from devassist.domain.roles import Role
from devassist.domain.statuses import SandboxTier
from devassist.engine.choice.private_view import hidden_from, told_of
from devassist.engine.context import RunContext
from devassist.engine.crews.ground import FailedCases
from devassist.engine.crews.harness_commands import private_directory
from devassist.engine.crews.prompts import shared_brief
from devassist.engine.log.attempt_log import AttemptLog


def assignment(
    context: RunContext,
    *,
    task: str,
    roles: Sequence[Role],
    attempt: AttemptLog,
    scope: Sequence[str] = (),
    checks: Sequence[str] = (),
) -> Assignment:
    """
    For a crew of `roles` at work on `task`, which goes on from `attempt`.

    `checks` are the task's own, and go before those of the project.
    """
    settings, request = context.settings, context.request
    return Assignment(
        run=context.run,
        task=task,
        roles=tuple(roles),
        models=context.models_of(tuple(Role)),  # who comes after `roles` is decided on the way
        scope=tuple(scope),
        checks=tuple(dict.fromkeys([*checks, *settings.checks.commands])),
        commands_offered=_may_run_commands(context, task),
        command_timeout_s=settings.checks.timeout_s,
        max_retries=settings.model.max_retries,
        timeout_s=settings.model.timeout_s,
        api_base=request.api_base,
        model=priced(settings.model, settings.models),
        windows=windows_of(settings.models),
        sandbox_tier=context.tier,
        network=settings.sandbox.network,
        script=request.script,
        scripts=request.scripts,
        replay=request.replay,
        masked=tuple(str(path) for path in context.masked),
        secrets=request.secrets,
        redact=settings.audit.redact,
        round=attempt.first_round,
        ask_commands=settings.approvals.commands,
        recalls=bool(attempt),
    )


def _may_run_commands(context: RunContext, task: str) -> bool:
    """Whether there is a sandbox; without one commands would see the main checkout, and what is private in it."""
    if context.sandbox is None:
        return False
    return context.tier is not SandboxTier.NONE or not context.hidden_in(task)


def agent_place(  # noqa: PLR0913  the parts of one value
    context: RunContext,
    worktree: Path,
    *,
    agent: str,
    brief: str,
    continues: bool = False,
    models: tuple[str, ...] = (),
    failed_cases: FailedCases = dict,
) -> AgentPlace:
    """Where an agent works: its worktree, its scratch directory, and what its commands see there."""
    private, hidden = private_directory(context, agent), hidden_from(context, agent)
    world = context.world(worktree, private)
    return AgentPlace(
        worktree=str(worktree),
        private=str(private),
        brief="\n\n".join(part for part in (brief, told_of(hidden)) if part),
        shared=shared_brief(context.around),
        continues=continues,
        models=models,
        known_failures=failed_cases(),
        hidden=hidden.patterns,
        environment=world.environment,
        read_only=tuple(str(directory) for directory in world.read_only),
        prefix=context.request.prefix,
        goal=context.around.goal,
    )
