"""The ground that the planning crew plans on: open branches, and what the goal's likely files define."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devassist.domain.handoffs import GROUND_BEGINS, GROUND_ENDS
from devassist.engine.context import RunContext

_MOST_BRANCHES = 20
_MOST_PATHS = 8
_MOST_LINES = 60


def landscape(context: RunContext) -> str:
    """Text for the brief, so that tasks' scopes avoid each other and open work."""
    from devassist.conflicts.branches import open_changes
    from devassist.conflicts.outline import Outline

    repository, base = context.repository, context.request.base
    outline = Outline(repository, base, context.symbols, context.settings.conflicts.languages)
    likely = outline.likely(context.request.goal, lines=_MOST_LINES)
    return described(open_changes(repository, base), likely)


def described(branches: Mapping[str, Sequence[str]], likely: Sequence[str]) -> str:
    """
    The two lists as text, bounded. Pure.

    It stands between two fixed lines, because it changes from day to day: a replay ignores what is between them.
    """
    parts: list[str] = []
    if branches:
        lines = [f"- {name}: {_listed(paths)}" for name, paths in sorted(branches.items()) if paths]
        more = [f"- and {len(lines) - _MOST_BRANCHES} more"] if len(lines) > _MOST_BRANCHES else []
        parts.append(
            "These branches are open. Give no task a scope in the paths they change, unless the goal needs it:\n"
            + "\n".join([*lines[:_MOST_BRANCHES], *more])
        )
    if likely:
        parts.append(
            "Files that the goal may be about, and what they define. Let no two tasks change the same definitions, "
            "nor one change what another uses:\n" + "\n".join(f"- {line}" for line in likely)
        )
    return "\n\n".join([GROUND_BEGINS, *(parts or ["There are no open branches."]), GROUND_ENDS])


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return ", ".join(paths[:_MOST_PATHS]) + more
