"""The ground that the planning crew plans on: the branches that are open, and what they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devassist.domain.ids import PLANNING
from devassist.engine.context import RunContext

_MOST_BRANCHES = 20
_MOST_PATHS = 8


def landscape(context: RunContext) -> str:
    """Text for the brief, so that tasks' scopes avoid open work."""
    from devassist.conflicts.branches import open_changes

    hidden = context.hidden_in(PLANNING)
    branches = open_changes(context.repository, context.request.base)
    return described({name: hidden.visible(paths) for name, paths in branches.items()})


def described(branches: Mapping[str, Sequence[str]]) -> str:
    """The list as text, bounded; empty if there are none. Pure."""
    parts: list[str] = []
    if branches:
        lines = [f"- {name}: {_listed(paths)}" for name, paths in sorted(branches.items()) if paths]
        more = [f"- and {len(lines) - _MOST_BRANCHES} more"] if len(lines) > _MOST_BRANCHES else []
        parts.append(
            "These branches are open. Give no task a scope in the paths they change, unless the goal needs it:\n"
            + "\n".join([*lines[:_MOST_BRANCHES], *more])
        )
    return "\n\n".join(parts)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return ", ".join(paths[:_MOST_PATHS]) + more
