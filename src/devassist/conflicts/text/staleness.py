"""Finds branches that build on an outdated base: one that has moved on in paths that they change as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.domain.conflicts import Side
from devassist.git.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A branch that lacks `behind` commits of the base; `paths` are those that both changed since."""

    branch: str
    behind: int
    paths: tuple[str, ...]


def stale_branches(repository: Repository, base: str, sides: Sequence[Side]) -> list[Stale]:
    """The stale branches among `sides`, in their order. Unrelated histories share no state to be behind."""
    changed: dict[str, frozenset[str]] = {}
    behind: dict[str, int] = {}
    stale: list[Stale] = []
    for side in sides:
        root = repository.merge_base(base, side.commit)
        if root is None or root in (base, side.commit):
            continue
        if root not in changed:
            changed[root] = frozenset(repository.changed_paths(root, base))
            behind[root] = sum(1 for _ in repository.log(base, hide=[root]))
        both = changed[root] & frozenset(repository.changed_paths(root, side.commit))
        if both:
            stale.append(Stale(branch=side.name, behind=behind[root], paths=tuple(sorted(both))))
    return stale
