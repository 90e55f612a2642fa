"""The type level: what a type checker says of branches merged, and of none of them by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from devassist.conflicts.checks.anatomy import Anatomy
from devassist.conflicts.checks.checkers import SUFFIXES, TYPESCRIPT, Checker, Diagnostic
from devassist.conflicts.checks.choice import parties
from devassist.conflicts.checks.grouping import connected, groups
from devassist.conflicts.checks.impact import Impact
from devassist.conflicts.checks.selection import prose
from devassist.conflicts.checks.speculation import Speculation, smallest
from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.syntax.languages import family_of, grammar_for
from devassist.domain.conflicts import Conflict, Level, Location, Severity, Side
from devassist.git.objects.trees import EXECUTABLE, FILE

Key = tuple[str, str, str]
"""File, message and the symbol around it: a diagnostic wherever its line went."""
_ALL_PAIRS = 10
"""Up to so many pairs are looked at one by one; of more those that are connected, as many at once as hide nothing."""

_ANYWHERE = frozenset({("", "")})

Ask = Callable[[Checker, str], Sequence[Diagnostic]]
"""What a checker says of a tree."""


class _News(NamedTuple):
    """What is said of the merged tree of some branches and of none of them."""

    sides: Sequence[Side]
    tree: str
    diagnostics: Sequence[Diagnostic]


@dataclass
class TypeDetector:
    """Asks type checkers about merges nobody made yet. Tables name the symbol that a diagnostic is in."""

    tables: Tables
    speculation: Speculation
    ask: Ask
    anatomy: Anatomy
    _known: dict[tuple[str, str], Mapping[Key, Diagnostic]] = field(default_factory=dict)

    def detect(self, sides: Sequence[Side], checkers: Sequence[Checker]) -> list[Conflict]:
        """Every new diagnostic of a pair of branches, the base among them where one forked before it."""
        found: dict[str, Conflict] = {}
        for checker in checkers:
            touched = [side for side in sides if self.touches(checker.language, side)]
            for news in self._new(checker, touched):
                for one in self._conflicts(checker, news):
                    found.setdefault(one.id, one)
        return list(found.values())

    def touches(self, language: str, side: Side) -> bool:
        """Does a branch change files of a language."""
        view, repository = self.tables.view, self.speculation.referee.view
        fork = repository.merge_base(side.commit, self.speculation.base.commit)
        if fork is None:
            return False
        changes = view.changes(repository.tree_of(fork), side.tree)
        return any(path.endswith(SUFFIXES[language]) for path in changes)

    # Finding ----------------------------------------------------------------------------------------------

    def _new(self, checker: Checker, sides: Sequence[Side]) -> Iterator[_News]:
        base = self.speculation.base
        for side in sides:  # against the base, for those that forked before it
            yield self._beyond(checker, self.speculation.tree([side]), [base, side])
        pairs = list(combinations(sides, 2))
        if len(pairs) <= _ALL_PAIRS:
            for pair in pairs:
                yield self._beyond(checker, self.speculation.pair(*pair), pair)
            return
        for group in self._groups(checker, sides):
            if len(group) > 2 and self.speculation.tree(group) is not None:  # noqa: PLR2004 - more than a pair
                yield from self._of_union(checker, group)
                continue
            for pair in combinations(group, 2):
                yield self._beyond(checker, self.speculation.pair(*pair), pair)
        for union in self.speculation.unions(sides):  # for what takes three
            yield from self._of_union(checker, union)

    def _groups(self, checker: Checker, sides: Sequence[Side]) -> Iterator[list[Side]]:
        by_name = {side.name: side for side in sides}
        reached = self._reached(checker, sides)
        pairs = connected(reached, list(by_name))
        merging = [
            (one, other) for one, other in pairs if self.speculation.pair(by_name[one], by_name[other])
        ]
        for group in groups(reached, list(by_name), merging):
            yield [by_name[name] for name in group]

    def _reached(self, checker: Checker, sides: Sequence[Side]) -> Mapping[str, frozenset[tuple[str, str]]]:
        """Where the types may be others because of each branch; everywhere for one that changes settings."""
        found = parties(self.speculation, sides)
        if found is None:
            return {side.name: _ANYWHERE for side in sides}
        family = "script" if checker.language == TYPESCRIPT else checker.language
        impact = Impact(self.anatomy, self.speculation.base.tree, found, family)
        return {
            side.name: impact.reached[side.name]
            if all(prose(path) or family_of(path) for path in impact.others.get(side.name, ()))
            else frozenset(impact.nodes)
            for side in sides
        }

    def _of_union(self, checker: Checker, union: Sequence[Side]) -> Iterator[_News]:
        """For what is wrong with all of them together, the smallest set that it is wrong with."""
        every = [self.speculation.base, *union]
        blamed: dict[tuple[Side, ...], list[Diagnostic]] = defaultdict(list)
        for one in self._beyond(checker, self.speculation.tree(union), every).diagnostics:
            culprits = smallest(union, lambda some, one=one: bool(self._same(checker, some, one)))  # type: ignore[misc]
            if len(culprits) > 1:  # one alone is a matter between it and the base
                blamed[tuple(culprits)] += self._same(checker, culprits, one)
        for sides, found in blamed.items():
            yield _News(sides, self.speculation.tree(sides) or "", tuple(dict.fromkeys(found)))

    def _same(self, checker: Checker, sides: Sequence[Side], one: Diagnostic) -> list[Diagnostic]:
        """What says the same of the same file with only these branches merged."""
        tree = self.speculation.tree(sides)
        said = self._told(checker, tree).values() if tree is not None else ()
        return [other for other in said if (other.path, other.message) == (one.path, one.message)]

    def _beyond(self, checker: Checker, merged: str | None, parents: Sequence[Side]) -> _News:
        """What is said of the merged tree and of none of its parents."""
        if merged is None or merged in {side.tree for side in parents}:
            return _News(parents, "", ())
        after = self._told(checker, merged)
        before = {key for side in parents for key in self._told(checker, side.tree)} if after else set()
        return _News(parents, merged, tuple(one for key, one in after.items() if key not in before))

    def _told(self, checker: Checker, tree: str) -> Mapping[Key, Diagnostic]:
        if (checker.name, tree) not in self._known:
            self._known[checker.name, tree] = {
                (one.path, one.message, self._symbol(tree, one)): one for one in self.ask(checker, tree)
            }
        return self._known[checker.name, tree]

    def _symbol(self, tree: str, one: Diagnostic) -> str:
        """The qualified name of the innermost definition around a line."""
        entry, grammar = self.tables.view.find(tree, one.path), grammar_for(one.path)
        if entry is None or grammar is None or entry.mode not in {FILE, EXECUTABLE}:
            return ""
        around = [
            definition
            for definition in self.tables.table(entry.id, grammar).definitions
            if definition.kind != "local" and definition.start <= one.line <= definition.end
        ]
        return min(around, key=lambda definition: definition.end - definition.start).name if around else ""

    # Words ------------------------------------------------------------------------------------------------

    def _conflicts(self, checker: Checker, news: _News) -> Iterator[Conflict]:
        culprits, merged = news.sides, news.tree
        by_symbol: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
        for one in news.diagnostics:
            by_symbol[one.path, self._symbol(merged, one)].append(one)
        names = [f"`{side.name}`" for side in culprits]
        many = " and ".join([", ".join(names[:-1]), names[-1]])
        for (path, symbol), found in by_symbol.items():
            first = found[0]
            more = f" (and {len(found) - 1} more there)" if len(found) > 1 else ""
            rule = f" [{first.rule}]" if first.rule else ""
            yield Conflict(
                level=Level.TYPE,
                kind="new-diagnostic",
                severity=Severity.ERROR,
                branches=(culprits[0].name, culprits[1].name),
                path=path,
                symbol=f"{path}:{symbol}" if symbol else None,
                locations=tuple(place for one in found for place in self._places(culprits, merged, one)),
                explanation=(
                    f"{many} merge cleanly, and then {checker.name} says of {path}:{first.line}: "
                    f"{first.message}{rule}{more}"
                ),
                suggestion=f"Land {culprits[0].name} first, rebase {culprits[-1].name} on it and mend {path}",
            )

    def _places(self, culprits: Sequence[Side], merged: str, one: Diagnostic) -> list[Location]:
        """The line on each branch that has it and not just from the base; in the merged tree it may be another."""
        text = self._line(merged, one.path, one.line)
        found: list[Location] = []
        for side in culprits:
            if self.tables.view.find(side.tree, one.path) == self.tables.view.find(
                self.speculation.base.tree, one.path
            ):
                continue
            numbers = [n for n, line in enumerate(self._lines(side.tree, one.path), 1) if line == text]
            near = min(numbers, key=lambda number: abs(number - one.line), default=None)
            if near is not None:
                found.append(Location(branch=side.name, path=one.path, start_line=near, end_line=near))
        fallback = Location(branch=culprits[-1].name, path=one.path, start_line=one.line, end_line=one.line)
        return found or [fallback]

    def _line(self, tree: str, path: str, number: int) -> str:
        lines = self._lines(tree, path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _lines(self, tree: str, path: str) -> list[str]:
        entry = self.tables.view.find(tree, path)
        return [] if entry is None or entry.mode not in {FILE, EXECUTABLE} else self.tables.lines(entry.id)
