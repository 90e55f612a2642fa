"""Which branches build on an outdated base: it has moved on in paths that they change as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devassist.domain.conflicts import Side
from devassist.git.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """`behind` counts the base's commits that the branch has not; `paths` are those that both changed since."""

    branch: str
    behind: int
    paths: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"branch": self.branch, "behind": self.behind, "paths": list(self.paths)}


def stale_branches(repository: Repository, base: str, sides: Sequence[Side]) -> list[Stale]:
    """The stale ones among `sides`, in their order. Unrelated histories have no common state to be behind of."""
    changed: dict[str, frozenset[str]] = {}
    behind: dict[str, int] = {}
    found: list[Stale] = []
    for side in sides:
        root = repository.merge_base(base, side.commit)
        if root is None or root in (base, side.commit):
            continue
        if root not in changed:
            changed[root] = frozenset(repository.changed_paths(root, base))
            behind[root] = sum(1 for _ in repository.log(base, hide=[root]))
        both = changed[root] & frozenset(repository.changed_paths(root, side.commit))
        if both:
            found.append(Stale(branch=side.name, behind=behind[root], paths=tuple(sorted(both))))
    return found
