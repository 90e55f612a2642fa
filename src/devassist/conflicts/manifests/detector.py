"""The manifest level: clashes of requirements, locks, migrations, routes, commands and settings of branches."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from devassist.conflicts.manifests.commands import duplicate_commands
from devassist.conflicts.manifests.dependencies import abandoned_imports, dependency_clashes
from devassist.conflicts.manifests.facts import Clash, Fact, Family, gravest
from devassist.conflicts.manifests.locks import (
    ManifestChange,
    is_generated,
    is_lock,
    is_locked_manifest,
    lock_candidates,
    lock_changed,
    manifest_changed,
    stale_locks,
)
from devassist.conflicts.manifests.migrations import (
    GraphMigration,
    VersionedMigration,
    migration_collisions,
    migrations,
)
from devassist.conflicts.manifests.mounts import Wirings
from devassist.conflicts.manifests.proto import field_number_clashes
from devassist.conflicts.manifests.python import is_requirements
from devassist.conflicts.manifests.reading import dropped, facts_of, is_read
from devassist.conflicts.manifests.routes import duplicate_routes
from devassist.conflicts.manifests.settings import differing_defaults
from devassist.domain.conflicts import Conflict, Severity, Side
from devassist.git.merging.tree_view import TreeChange, TreeView
from devassist.git.objects.trees import EXECUTABLE, FILE, Entry

_REQUIRED = {Family.PYTHON, Family.NPM, Family.CARGO, Family.GO}
_LARGEST = 1_000_000
_KEPT_FILES = 8192
_JUDGES: Mapping[Family, Callable[[Clash], Iterator[Conflict]]] = {
    Family.PYTHON: dependency_clashes,
    Family.NPM: dependency_clashes,
    Family.CARGO: dependency_clashes,
    Family.GO: dependency_clashes,
    Family.MODULE: abandoned_imports,
    Family.LOCK: stale_locks,
    Family.MIGRATION: migration_collisions,
    Family.ROUTE: duplicate_routes,
    Family.COMMAND: duplicate_commands,
    Family.PROTO: field_number_clashes,
    Family.ENVIRONMENT: differing_defaults,
    Family.SETTING: differing_defaults,
}

_News = Mapping[tuple[Family, str], Sequence[Fact]]


@dataclass
class ManifestDetector:
    """
    Compares what is new on each side with what is new on each other side. Not shared between threads.

    A file is read once per content, so asking again after one branch moved reads that branch's files only.
    """

    view: TreeView
    _read: dict[tuple[str, str], tuple[Fact, ...]] = field(default_factory=dict)
    _news_by_trees: dict[tuple[str, str], _News] = field(default_factory=dict)
    _wirings: Wirings = field(init=False)

    def __post_init__(self) -> None:
        self._wirings = Wirings(self.view)

    def detect(
        self, base_tree: str, sides: Sequence[Side], pairs: Collection[tuple[str, str]] | None = None
    ) -> tuple[Conflict, ...]:
        """
        Every clash of two sides, or of `pairs` of names in the order of `sides`.

        At most one per kind, pair and symbol; the worst first within a pair.
        """
        news = [self._news(base_tree, side.tree) for side in sides]
        said_by: dict[tuple[Family, str], list[int]] = defaultdict(list)
        for index, facts in enumerate(news):
            for subject in facts:
                said_by[subject].append(index)
        conflicts: dict[tuple[int, int], list[Conflict]] = defaultdict(list)
        for subject, indices in said_by.items():
            if len({fact.value for index in indices for fact in news[index][subject]}) == 1:
                continue
            for left, right in itertools.combinations(indices, 2):
                if sides[left].tree == sides[right].tree:
                    continue
                if pairs is not None and (sides[left].name, sides[right].name) not in pairs:
                    continue
                clash = self._clash((sides[left], news[left][subject]), (sides[right], news[right][subject]))
                if clash.ours and clash.theirs:
                    conflicts[left, right].extend(_JUDGES[subject[0]](clash))
        return tuple(conflict for pair in sorted(conflicts) for conflict in _merged(conflicts[pair]))

    def remaining(self, base_tree: str, sides: tuple[Side, Side], tree: str) -> tuple[Conflict, ...]:
        """The clashes of two sides that remain in `tree`, which should settle them."""
        remaining = self._news(base_tree, tree)
        left, right = (_still_stated(self._news(base_tree, side.tree), remaining) for side in sides)
        conflicts: list[Conflict] = []
        for subject in left.keys() & right.keys():
            ours, theirs = (replace(side, tree=tree) for side in sides)
            clash = self._clash((ours, left[subject]), (theirs, right[subject]))
            if clash.ours and clash.theirs:
                conflicts.extend(_JUDGES[subject[0]](clash))
        return tuple(_merged(conflicts))

    def _clash(self, left: tuple[Side, Sequence[Fact]], right: tuple[Side, Sequence[Fact]]) -> Clash:
        shared = {fact.value for fact in left[1]} & {fact.value for fact in right[1]}
        ours = tuple(fact for fact in left[1] if fact.value not in shared)
        theirs = tuple(fact for fact in right[1] if fact.value not in shared)
        return Clash(left[0], right[0], ours, theirs, self._text_at)

    def _news(self, base_tree: str, tree: str) -> _News:
        key = (base_tree, tree)
        if key not in self._news_by_trees:
            if len(self._news_by_trees) >= _KEPT_FILES:
                self._news_by_trees.clear()
            news: dict[tuple[Family, str], list[Fact]] = defaultdict(list)
            changes = self.view.changes(base_tree, tree)
            for fact in itertools.chain(self._statements(changes, tree), self._added_migrations(changes)):
                for placed in self._wirings.placed(fact, base_tree, changes):
                    news[placed.family, placed.key].append(placed)
            self._news_by_trees[key] = dict(news)
        return self._news_by_trees[key]

    def _statements(self, changes: Mapping[str, TreeChange], tree: str) -> Iterator[Fact]:
        """The facts of the changed files that none of them had at the base, and those that follow from them."""
        before = [fact for path, change in changes.items() for fact in self._facts(path, change.old)]
        after = [fact for path, change in changes.items() for fact in self._facts(path, change.new)]
        stated = {(fact.family, fact.key, fact.value) for fact in before}
        known = {(fact.family, fact.key) for fact in before}
        for fact in after:
            if (fact.family, fact.key, fact.value) not in stated:
                yield replace(fact, changed=(fact.family, fact.key) in known)
        after_keys = {fact.key for fact in after if fact.family is Family.PYTHON}
        for fact in before:
            if fact.family is Family.PYTHON and fact.key not in after_keys:
                yield dropped(fact)
        yield from self._locks(changes, tree)

    def _locks(self, changes: Mapping[str, TreeChange], tree: str) -> Iterator[Fact]:
        for path, change in changes.items():
            if change.new is None:
                continue
            if self._is_lock(path, change.new):
                yield lock_changed(path, change.new.id)
            elif is_locked_manifest(path):
                before, after = self._required(path, change.old), self._required(path, change.new)
                differing = sorted(before.keys() ^ after.keys())
                if differing:
                    line = next((after[fact] for fact in differing if fact in after), 1)
                    for lock in self._locks_of(path, tree):
                        yield manifest_changed(lock, path, line, "; ".join(differing))

    def _is_lock(self, path: str, entry: Entry) -> bool:
        return is_lock(path) or (is_requirements(path) and is_generated(path, self._text(entry) or ""))

    def _required(self, path: str, entry: Entry | None) -> Mapping[str, int]:
        """The requirements of a manifest with their lines; the plain lines of one that is not parsed."""
        facts = [fact for fact in self._facts(path, entry) if fact.family in _REQUIRED]
        if facts or not path.endswith(("Gemfile", "composer.json", "pnpm-workspace.yaml")):
            return {f"{fact.key} {fact.value}": fact.line for fact in facts}
        lines = (self._text(entry) or "").split("\n")
        stated = {line.split("#")[0].strip(): number for number, line in enumerate(lines, 1)}
        return {line: number for line, number in stated.items() if line}

    def _locks_of(self, manifest: str, tree: str) -> Iterator[str]:
        """The locks in the nearest directory that has one."""
        nearest = None
        for lock in lock_candidates(manifest):
            here = lock.rpartition("/")[0]
            if nearest not in {None, here}:
                return
            if self.view.find(tree, lock) is not None:
                nearest = here
                yield lock

    def _added_migrations(self, changes: Mapping[str, TreeChange]) -> Iterator[Fact]:
        moved = {change.old.id for change in changes.values() if change.old and change.new is None}
        for path, change in changes.items():
            if (
                change.old is None
                and change.new is not None
                and path.endswith((".py", ".sql", ".rb", ".exs"))
            ):
                if change.new.id in moved:
                    continue
                yield from migrations(path, self._text(change.new) or "", change.new.id)

    def _facts(self, path: str, entry: Entry | None) -> tuple[Fact, ...]:
        if entry is None or not is_read(path):
            return ()
        key = (path, entry.id)
        if key not in self._read:
            if len(self._read) >= _KEPT_FILES:
                self._read.clear()
            text = self._text(entry)
            self._read[key] = () if text is None else tuple(facts_of(path, text))
        return self._read[key]

    def _text(self, entry: Entry | None) -> str | None:
        """The text of a regular file; None for links, binaries and huge files."""
        if entry is None or entry.mode not in {FILE, EXECUTABLE}:
            return None
        blob = self.view.blob(entry.id)
        return None if len(blob) > _LARGEST or b"\0" in blob[:8000] else blob.decode("utf-8-sig", "replace")

    def _text_at(self, tree: str, path: str) -> str | None:
        return self._text(self.view.find(tree, path))


def _still_stated(side: _News, remaining: _News) -> _News:
    """The news of a side that `remaining` still states, without migrations that another one there follows."""
    still: dict[tuple[Family, str], list[Fact]] = {}
    for subject, facts in side.items():
        there = remaining.get(subject, ())
        followed = {parent for fact in there if isinstance(fact, GraphMigration) for parent in fact.parents}
        still_true = [
            fact
            for fact in facts
            if any(_states_the_same(other, fact) for other in there)
            and not (isinstance(fact, GraphMigration) and fact.node in followed)
        ]
        if still_true:
            still[subject] = still_true
    return still


def _states_the_same(fact: Fact, other: Fact) -> bool:
    """Whether two facts of one file state the same; a manifest may have changed in more than `other` names."""
    if isinstance(other, GraphMigration | VersionedMigration):  # its value is the whole file
        return other.is_same_step(fact)
    if fact.path == other.path and isinstance(fact, ManifestChange) and isinstance(other, ManifestChange):
        return other.requirements <= fact.requirements
    return (fact.path, fact.value) == (other.path, other.value)


def _merged(conflicts: Iterable[Conflict]) -> list[Conflict]:
    """The conflicts, worst first. Those with one id become the worst of them, with the locations of all."""
    by_id: dict[str, list[Conflict]] = defaultdict(list)
    for conflict in sorted(
        conflicts, key=lambda conflict: (conflict.kind, conflict.path, conflict.symbol or "")
    ):
        by_id[conflict.id].append(conflict)
    merged = [worst for same in by_id.values() if (worst := gravest(same)) is not None]
    return sorted(merged, key=lambda conflict: list(Severity).index(conflict.severity))
