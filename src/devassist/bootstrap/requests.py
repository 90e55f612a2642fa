"""What is asked of a run before any model is chosen: its id, its settings, what must be kept secret."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from devassist.bootstrap.project import Project, secrets_of
from devassist.domain.ids import make_run_id

if TYPE_CHECKING:  # imported where it is used: other commands must not pay for a run's imports
    from devassist.engine.context import RunRequest


def fresh_run_id() -> str:
    """A run id by chance; the one place where chance comes from."""
    return make_run_id(secrets.randbelow)


def plain_request(project: Project, run: str, *, goal: str, base: str = "") -> RunRequest:
    """A request without models: for what needs a run's surroundings and no agent."""
    from devassist.engine.context import RunRequest

    return RunRequest(
        run=run,
        goal=goal,
        base=base,
        settings=project.settings,
        models={},
        prefix=project.repository.prefix.rstrip("/"),
        secrets=tuple(sorted(secrets_of(project))),
    )
