"""
The test files that can fail on merged branches though they pass on each: those that meet the changes of two of them.

If only one branch changed what a test file reaches, the merged tree has it as that branch does, and the result is the
same. A changed file that is neither source nor prose may be read by every test.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from devassist.conflicts.checks.import_graph import ImportGraph, Reach
from devassist.conflicts.checks.parties import Party, Versions, parties_of
from devassist.conflicts.checks.runners import Runner, runner_of
from devassist.conflicts.checks.sections import Change
from devassist.conflicts.checks.speculation import Speculation
from devassist.conflicts.names.blob_tables import Tables
from devassist.domain.conflicts import Side

_PYTHON = "python"
_MOST_FILES = 20_000
"""In larger trees nothing is chosen: reading them takes longer than many a check."""
_PROSE = re.compile(
    r"(?:^|/)(?:\.github|\.gitlab|\.circleci)/|\.(?:md|rst|adoc|txt|png|svg|jpe?g|gif|ico|po|pot)$"
    r"|(?:^|/)(?:LICEN[CS]E|AUTHORS|CODEOWNERS|NOTICE|CHANGELOG|CHANGES|HISTORY|\.gitignore|\.mailmap|"
    r"\.pre-commit-config\.ya?ml|\.readthedocs\.ya?ml|\.editorconfig|\.gitattributes)$"
)
_REQUIREMENTS = re.compile(r"(?:^|/)(?:requirements|constraints)[^/]*(?:/|$)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The test files `files` out of the `of` test files that `runner` would run in the merged tree."""

    runner: Runner
    files: tuple[str, ...]
    of: int


@dataclass
class Selection:
    """Which parties' changes each test file can notice."""

    versions: Versions
    _noticed: dict[str, frozenset[str]] = field(default_factory=dict)

    def between(self, tests: Collection[str], names: Collection[str]) -> list[str]:
        """The test files that can notice the changes of two or more of the named parties."""
        return [test for test in sorted(tests) if len(self.noticed(test) & set(names)) > 1]

    def noticed(self, test: str) -> frozenset[str]:
        """The names of the parties whose changes the tests in a file can notice."""
        if test not in self._noticed:
            reach = self._graph.reach(test)
            names = {party.name for party in self.versions.parties}
            self._noticed[test] = frozenset(name for name in names if self._notices(reach, name))
        return self._noticed[test]

    @cached_property
    def _graph(self) -> ImportGraph:
        return ImportGraph(self.versions)

    @cached_property
    def _changes(self) -> dict[str, dict[str, Change]]:
        return {party.name: self.versions.changes(party.name) for party in self.versions.parties}

    def _notices(self, reach: Reach, party: str) -> bool:
        for path, change in self._changes[party].items():
            if (
                path in (reach.used if change is Change.BODIES else reach.loaded)
                and change is not Change.NONE
            ):
                return True
        return any(
            not is_prose(path) or any(self._graph.mentions(loaded, path) for loaded in reach.loaded)
            for path in self.versions.others.get(party, ())
        )


@dataclass
class Chooser:
    """Chooses among the tests of merges of some of `sides`."""

    tables: Tables
    speculation: Speculation
    sides: Sequence[Side]

    def choice(self, command: str, union: Sequence[Side]) -> Choice | None:
        """The test files of a command that a merge of these branches can break; None if that cannot be known."""
        tree = self.speculation.tree(union)
        if tree is None:
            return None
        view = self.tables.view
        paths = {path: entry.id for path, entry in view.walk(tree)}
        if sum(path.endswith(".py") for path in paths) > _MOST_FILES:
            return None
        runner = runner_of(command, paths, lambda path: view.text(paths[path]) if path in paths else None)
        if runner is None or self._selection is None:
            return None
        tests = runner.files(paths)
        known = [path for path in tests if path in self._selection.versions.blobs]
        names = {self.speculation.base.name, *(side.name for side in union)}
        chosen = {*self._selection.between(known, names), *(set(tests) - set(known))}
        return Choice(runner, tuple(sorted(chosen)), len(tests))

    @cached_property
    def _selection(self) -> Selection | None:
        """None if a branch has no history in common with the base."""
        parties = parties_of(self.speculation, self.sides)
        return None if parties is None else selection_for(self.tables, self.speculation.base.tree, parties)


def selection_for(tables: Tables, base_tree: str, parties: Sequence[Party]) -> Selection:
    """A selection among the Python tests of a tree and of what the parties made of it."""
    return Selection(Versions(tables, base_tree, parties, _PYTHON))


def is_prose(path: str) -> bool:
    """Whether a file, going by its path, is for people and their tools only."""
    return (
        _PROSE.search(path) is not None
        and not _REQUIREMENTS.search(path)
        and not posixpath.basename(path).startswith("conftest")
    )
