"""What a worker is sent: the run's request and settings, cut to one crew."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.domain.roles import Role
from devassist.engine.context import RunContext
from devassist.engine.log.attempt_log import Memory
from devassist.ports import Assignment


def assignment(
    context: RunContext,
    *,
    task: str,
    roles: Sequence[Role],
    memory: Memory,
    scope: Sequence[str] = (),
    checks: Sequence[str] = (),
) -> Assignment:
    """For a crew of `roles` at work on `task`; `checks` go before those of the project."""
    settings, request = context.settings, context.request
    return Assignment(
        run=context.run,
        task=task,
        roles=[str(role) for role in roles],
        models=context.models_of(roles),
        scope=list(scope),
        checks=list(dict.fromkeys([*checks, *settings.checks.commands])),
        commands_offered=context.sandbox is not None,
        command_timeout_s=settings.checks.timeout_s,
        max_retries=settings.model.max_retries,
        timeout_s=settings.model.timeout_s,
        api_base=request.api_base,
        sandbox_tier=context.sandbox.tier if context.sandbox is not None else "",
        network=settings.sandbox.network,
        script=request.script,
        replay=request.replay,
        masked=[str(one) for one in context.masked],
        secrets=list(request.secrets),
        redact=list(settings.audit.redact),
        round=memory.first_round,
        ask_commands=list(settings.approvals.commands),
        recalls=bool(memory),
    )
