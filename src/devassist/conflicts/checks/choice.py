"""The tests of a check that branches merged can fail though each passes them: a command for those files alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from devassist.conflicts.checks.anatomy import Anatomy
from devassist.conflicts.checks.impact import Impact, Party
from devassist.conflicts.checks.runners import Runner, runner_of
from devassist.conflicts.checks.selection import Selection
from devassist.conflicts.checks.speculation import Speculation
from devassist.domain.conflicts import Side

PYTHON = "python"
_MOST_FILES = 20_000
"""Of larger trees the parts are not made: that takes a person longer than many a check."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Test files of a merged tree: `files` of so many that `runner` would run."""

    runner: Runner
    files: tuple[str, ...]
    of: int


@dataclass
class Chooser:
    """Chooses among the tests of merges of some of `sides`."""

    anatomy: Anatomy
    speculation: Speculation
    sides: Sequence[Side]
    _selections: dict[frozenset[str], Selection] = field(default_factory=dict)

    def choice(self, command: str, union: Sequence[Side]) -> Choice | None:
        """What of a command matters for these branches together; None where that cannot be told."""
        tree = self.speculation.tree(union)
        if tree is None:
            return None
        view = self.anatomy.tables.view
        paths = {path: entry.id for path, entry in view.walk(tree)}
        if sum(path.endswith(".py") for path in paths) > _MOST_FILES:
            return None
        runner = runner_of(command, paths, lambda path: view.text(paths[path]) if path in paths else None)
        if runner is None or self.impact is None:
            return None
        tests = runner.files(paths)
        known = frozenset(path for path in tests if path in self.impact.versions)
        if known not in self._selections:
            self._selections[known] = Selection(self.impact, known)
        names = {self.speculation.base.name, *(side.name for side in union)}
        chosen = {*self._selections[known].between(names), *(path for path in tests if path not in known)}
        return Choice(runner, tuple(sorted(chosen)), len(tests))

    @cached_property
    def impact(self) -> Impact | None:
        """None where a branch has no history in common with the base."""
        found = parties(self.speculation, self.sides)
        return None if found is None else Impact(self.anatomy, self.speculation.base.tree, found, PYTHON)


def parties(speculation: Speculation, sides: Sequence[Side]) -> list[Party] | None:
    """What each branch did since it forked, and the base since then."""
    repository, base = speculation.referee.view, speculation.base
    found: list[Party] = []
    for side in sides:
        fork = repository.merge_base(side.commit, base.commit)
        if fork is None:
            return None
        tree = repository.tree_of(fork)
        found.append(Party(side.name, tree, side.tree))
        if fork != base.commit:
            found.append(Party(base.name, tree, base.tree))
    return found
