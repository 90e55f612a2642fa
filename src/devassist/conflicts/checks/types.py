"""The type level: errors that a type checker reports for merged branches, but for none of them by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

from devassist.conflicts.checks.checkers import SUFFIXES, TYPESCRIPT, Checker, Diagnostic
from devassist.conflicts.checks.grouping import connected, groups
from devassist.conflicts.checks.parties import Versions, parties_of
from devassist.conflicts.checks.selection import is_prose
from devassist.conflicts.checks.speculation import Speculation, smallest
from devassist.conflicts.checks.type_reach import Place, TypeReach
from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.syntax.languages import family_of, grammar_for
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity, Side
from devassist.git.objects.trees import EXECUTABLE, FILE

Key = tuple[str, str, str]
"""Path, message and enclosing symbol of a diagnostic: equal even if its line moved."""
_ALL_PAIRS = 10
"""Up to this many pairs are checked one by one; of more, connected pairs in groups that hide nothing."""

_ANYWHERE = frozenset({("", "")})

Ask = Callable[[Checker, str], Sequence[Diagnostic]]
"""The errors of a checker on a tree."""


class _News(NamedTuple):
    """The errors on the merged tree of some branches that none of them has."""

    sides: Sequence[Side]
    tree: str
    diagnostics: Sequence[Diagnostic]


@dataclass
class TypeDetector:
    """Runs type checkers on merges that nobody has made yet. Symbol tables name the definition around an error."""

    tables: Tables
    speculation: Speculation
    ask: Ask
    _diagnostics: dict[tuple[str, str], Mapping[Key, Diagnostic]] = field(default_factory=dict)

    def detect(self, sides: Sequence[Side], checkers: Sequence[Checker]) -> list[Conflict]:
        """Every new error of branches merged with each other, or with newer commits of the base."""
        conflicts: dict[str, Conflict] = {}
        for checker in checkers:
            touched = [side for side in sides if self.touches(checker.language, side)]
            for news in self._new(checker, touched):
                for conflict in self._conflicts(checker, news):
                    conflicts.setdefault(conflict.id, conflict)
        return list(conflicts.values())

    def touches(self, language: str, side: Side) -> bool:
        """Whether a branch changes files of a language."""
        view, repository = self.tables.view, self.speculation.referee.view
        fork = repository.merge_base(side.commit, self.speculation.base.commit)
        if fork is None:
            return False
        changes = view.changes(repository.tree_of(fork), side.tree)
        return any(path.endswith(SUFFIXES[language]) for path in changes)

    # Finding ----------------------------------------------------------------------------------------------

    def _new(self, checker: Checker, sides: Sequence[Side]) -> Iterator[_News]:
        base = self.speculation.base
        for side in sides:  # against newer commits of the base
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
        for union in self.speculation.unions(sides):  # for errors that take three branches
            yield from self._of_union(checker, union)

    def _groups(self, checker: Checker, sides: Sequence[Side]) -> Iterator[list[Side]]:
        by_name = {side.name: side for side in sides}
        reached = self._reached(checker, sides)
        pairs = connected(reached, list(by_name))
        merging = [pair for pair in pairs if self.speculation.pair(by_name[pair[0]], by_name[pair[1]])]
        for group in groups(reached, list(by_name), merging):
            yield [by_name[name] for name in group]

    def _reached(self, checker: Checker, sides: Sequence[Side]) -> Mapping[str, frozenset[Place]]:
        """Where each branch can change a type: everywhere for a branch that changes settings."""
        parties = parties_of(self.speculation, sides)
        if parties is None:
            return {side.name: _ANYWHERE for side in sides}
        family = "script" if checker.language == TYPESCRIPT else checker.language
        versions = Versions(self.tables, self.speculation.base.tree, parties, family)
        reach = TypeReach(versions)
        return {
            side.name: reach.reached[side.name]
            if all(is_prose(path) or family_of(path) for path in versions.others.get(side.name, ()))
            else reach.everywhere
            for side in sides
        }

    def _of_union(self, checker: Checker, union: Sequence[Side]) -> Iterator[_News]:
        """For each error of all of them merged, the smallest set of branches that has it."""
        parents = [self.speculation.base, *union]
        blamed: dict[tuple[Side, ...], list[Diagnostic]] = defaultdict(list)
        for error in self._beyond(checker, self.speculation.tree(union), parents).diagnostics:
            culprits = smallest(union, lambda some, error=error: bool(self._same(checker, some, error)))  # type: ignore[misc]
            if len(culprits) > 1:  # a single branch fails with the base only
                blamed[tuple(culprits)] += self._same(checker, culprits, error)
        for sides, errors in blamed.items():
            yield _News(sides, self.speculation.tree(sides) or "", tuple(dict.fromkeys(errors)))

    def _same(self, checker: Checker, sides: Sequence[Side], error: Diagnostic) -> list[Diagnostic]:
        """The errors with the same path and message if only these branches are merged."""
        tree = self.speculation.tree(sides)
        errors = self._errors(checker, tree).values() if tree is not None else ()
        return [other for other in errors if (other.path, other.message) == (error.path, error.message)]

    def _beyond(self, checker: Checker, merged: str | None, parents: Sequence[Side]) -> _News:
        """The errors of the merged tree that none of its parents has."""
        if merged is None or merged in {side.tree for side in parents}:
            return _News(parents, "", ())
        after = self._errors(checker, merged)
        before = {key for side in parents for key in self._errors(checker, side.tree)} if after else set()
        return _News(parents, merged, tuple(error for key, error in after.items() if key not in before))

    def _errors(self, checker: Checker, tree: str) -> Mapping[Key, Diagnostic]:
        if (checker.name, tree) not in self._diagnostics:
            self._diagnostics[checker.name, tree] = {
                (error.path, error.message, self._symbol(tree, error)): error
                for error in self.ask(checker, tree)
            }
        return self._diagnostics[checker.name, tree]

    def _symbol(self, tree: str, error: Diagnostic) -> str:
        """The qualified name of the innermost definition around an error; empty if there is none."""
        entry, grammar = self.tables.view.find(tree, error.path), grammar_for(error.path)
        if entry is None or grammar is None or entry.mode not in {FILE, EXECUTABLE}:
            return ""
        around = [
            definition
            for definition in self.tables.table(entry.id, grammar).definitions
            if definition.kind != "local" and definition.start <= error.line <= definition.end
        ]
        return min(around, key=lambda definition: definition.end - definition.start).name if around else ""

    # Wording ------------------------------------------------------------------------------------------------

    def _conflicts(self, checker: Checker, news: _News) -> Iterator[Conflict]:
        culprits, merged = news.sides, news.tree
        by_symbol: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
        for error in news.diagnostics:
            by_symbol[error.path, self._symbol(merged, error)].append(error)
        names = [f"`{side.name}`" for side in culprits]
        listed = " and ".join([", ".join(names[:-1]), names[-1]])
        for (path, symbol), errors in by_symbol.items():
            first = errors[0]
            more = f" (and {len(errors) - 1} more there)" if len(errors) > 1 else ""
            rule = f" [{first.rule}]" if first.rule else ""
            yield Conflict(
                level=Level.TYPE,
                kind=ConflictKind.NEW_DIAGNOSTIC,
                severity=Severity.ERROR,
                branches=(culprits[0].name, culprits[1].name),
                path=path,
                symbol=f"{path}:{symbol}" if symbol else None,
                locations=tuple(
                    location for error in errors for location in self._locations(culprits, merged, error)
                ),
                explanation=(
                    f"{listed} merge cleanly, and then {checker.name} says of {path}:{first.line}: "
                    f"{first.message}{rule}{more}"
                ),
                suggestion=f"Land {culprits[0].name} first, rebase {culprits[-1].name} on it and mend {path}",
            )

    def _locations(self, culprits: Sequence[Side], merged: str, error: Diagnostic) -> list[Location]:
        """The line of an error on each branch that changed the file; its number may differ from the merged tree's."""
        text, view = self._line(merged, error.path, error.line), self.tables.view
        locations: list[Location] = []
        for side in culprits:
            if view.find(side.tree, error.path) == view.find(self.speculation.base.tree, error.path):
                continue
            numbers = [n for n, line in enumerate(self._lines(side.tree, error.path), 1) if line == text]
            near = min(numbers, key=lambda number: abs(number - error.line), default=None)
            if near is not None:
                locations.append(Location(branch=side.name, path=error.path, start_line=near, end_line=near))
        return locations or [
            Location(branch=culprits[-1].name, path=error.path, start_line=error.line, end_line=error.line)
        ]

    def _line(self, tree: str, path: str, number: int) -> str:
        lines = self._lines(tree, path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _lines(self, tree: str, path: str) -> list[str]:
        entry = self.tables.view.find(tree, path)
        return [] if entry is None or entry.mode not in {FILE, EXECUTABLE} else self.tables.lines(entry.id)
