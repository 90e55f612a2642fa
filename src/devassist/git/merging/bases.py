"""The merge bases of many pairs of commits from one walk: ancestors are bits, so a pair costs one `and`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pygit2
from pygit2.enums import SortMode

from devassist.git.repository import Repository

_MOST_COMMITS = 20_000


@dataclass(slots=True)
class MergeBases:
    """
    All merge bases between commits that were added.

    Only history above one commit that all have in common is walked. Without such a commit, or if the
    history is too long or incomplete, `between` returns None.
    """

    repository: Repository
    _root: str = ""
    _known: bool = True
    _heads: dict[str, None] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)
    _ancestors: dict[str, int] = field(default_factory=dict)
    _above_root: set[str] = field(default_factory=set)

    def add(self, commits: Iterable[str]) -> None:
        """Add commits for later queries."""
        fresh = [commit for commit in dict.fromkeys(commits) if commit not in self._heads]
        if not fresh:
            return
        self._heads |= dict.fromkeys(fresh)
        try:
            if self._root and self._known and self._shares_root(fresh):
                self._walk(fresh, [head for head in self._heads if head in self._ancestors])
            else:
                self._rebuild()
        except (KeyError, ValueError, OSError, pygit2.GitError):
            self._known = False

    def between(self, left: str, right: str) -> tuple[str, ...] | None:
        """All merge bases of two added commits; empty for unrelated ones, None if undetermined."""
        if not self._known:
            return None
        common = self._ancestors[left] & self._ancestors[right]
        if not common:
            return (self._root,)
        bases: list[str] = []
        while common:
            # Ancestors have lower bits, so the highest one left is an ancestor of nothing left.
            best = self._order[common.bit_length() - 1]
            bases.append(best)
            common &= ~self._ancestors[best]
        if not any(base in self._above_root for base in bases):
            bases.append(self._root)
        return tuple(bases)

    def holds(self, left: str, right: str) -> bool | None:
        """Whether `right` is an ancestor of `left`, both added before; None if undetermined."""
        if not self._known:
            return None
        # A commit's own bit is the highest of its mask; the root has none, and is below all.
        own = self._ancestors[right].bit_length()
        return left == right or own == 0 or bool(self._ancestors[left] >> (own - 1) & 1)

    def _shares_root(self, commits: Iterable[str]) -> bool:
        root = pygit2.Oid(hex=self._root)
        handle = self.repository.handle
        return all(str(handle.merge_base(root, pygit2.Oid(hex=commit))) == self._root for commit in commits)

    def _rebuild(self) -> None:
        self._order, self._ancestors, self._above_root = [], {}, set()
        heads = list(self._heads)
        base: object = pygit2.Oid(hex=heads[0])
        for head in heads[1:]:
            if base is not None:
                base = self.repository.handle.merge_base(pygit2.Oid(hex=str(base)), pygit2.Oid(hex=head))
        self._root, self._known = ("", False) if base is None else (str(base), True)
        if self._known:
            self._walk(heads, [])

    def _walk(self, heads: Iterable[str], hidden: Iterable[str]) -> None:
        walker = self.repository.handle.walk(None, SortMode.TOPOLOGICAL | SortMode.REVERSE)
        for head in heads:
            walker.push(pygit2.Oid(hex=head))
        for commit in (self._root, *hidden):
            walker.hide(pygit2.Oid(hex=commit))
        self._ancestors.setdefault(self._root, 0)
        self._above_root.add(self._root)
        for ancestor in walker:
            name = str(ancestor.id)
            if name in self._ancestors:
                continue
            if len(self._order) >= _MOST_COMMITS:
                self._known = False
                return
            mask = 1 << len(self._order)
            for parent in map(str, ancestor.parent_ids):
                mask |= self._ancestors.get(parent, 0)
                if parent in self._above_root:
                    self._above_root.add(name)
            self._ancestors[name] = mask
            self._order.append(name)
