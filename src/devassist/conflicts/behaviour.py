"""The behaviour level: checks that pass on the base and on each branch, and fail once the branches are merged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from devassist.conflicts.speculation import Speculation, smallest
from devassist.domain.conflicts import Conflict, Level, Location, Severity, Side
from devassist.git.tree_view import TreeView

_PATH = re.compile(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)*\.\w+)(?:::?(\d+)?)?")
_FAILURE = re.compile(r"^(?:FAILED|ERROR|E  |--- FAIL|not ok|.*\b\w*Error\b|.*\bFAIL\b)", re.MULTILINE)
_SHOWN = 3
_LONGEST = 200


class Outcome(NamedTuple):
    """How a check ended on a tree; `output` may be the end of it alone."""

    passed: bool
    output: str


class Check(Protocol):
    """Runs a command on a tree."""

    def __call__(self, tree: str, command: str, *, anew: bool = False) -> Outcome:
        """How it ended, or had ended before; `anew` runs it even then."""


@dataclass
class BehaviourDetector:
    """Runs checks on merges nobody made yet: all branches together first, fewer only where that fails."""

    view: TreeView
    speculation: Speculation
    check: Check
    notes: list[str] = field(default_factory=list)
    """What could not be told, a sentence each."""

    def detect(self, sides: Sequence[Side], commands: Sequence[str]) -> list[Conflict]:
        """Every set of branches that fails together, for each command; `sides` in the order to merge them."""
        found: dict[str, Conflict] = {}
        for command in commands:
            alone: set[str] = set()
            for union in self.speculation.unions(sides):
                for one in self._of_union([side for side in union if side.name not in alone], command, alone):
                    found.setdefault(one.id, one)
        return list(found.values())

    def _of_union(self, union: list[Side], command: str, alone: set[str]) -> Iterator[Conflict]:
        """Blame one smallest set after another until the rest passes."""
        left = union
        while left and self._fails(left, command):
            if self._fails([], command):
                self._note(
                    f"{command!r} fails on {self.speculation.base.name} already: it proves nothing here"
                )
                return
            culprits = smallest(left, lambda some: self._fails(some, command))
            blamed = culprits[-1]
            if len(culprits) == 1:
                alone.add(blamed.name)
                if self.check(blamed.tree, command).passed:
                    culprits = [self.speculation.base, blamed]
                else:
                    self._note(f"{command!r} fails on {blamed.name} by itself")
            if len(culprits) > 1:
                outcome = self._anew(culprits, command)
                if outcome.passed:
                    names = ", ".join(side.name for side in culprits)
                    self._note(f"{command!r} fails only now and then with {names} merged: it was left out")
                else:
                    yield self._conflict(culprits, command, outcome)
            left = [side for side in left if side is not blamed]

    def _fails(self, sides: Sequence[Side], command: str) -> bool:
        tree = self.speculation.tree(sides)
        return tree is not None and not self.check(tree, command).passed

    def _anew(self, culprits: Sequence[Side], command: str) -> Outcome:
        tree = self.speculation.tree([side for side in culprits if side is not self.speculation.base])
        if tree is None:
            return Outcome(passed=True, output="")
        return self.check(tree, command, anew=True)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # Words ------------------------------------------------------------------------------------------------

    def _conflict(self, culprits: Sequence[Side], command: str, outcome: Outcome) -> Conflict:
        tree = self.speculation.tree([side for side in culprits if side is not self.speculation.base]) or ""
        places = list(dict.fromkeys(self._mentioned(tree, outcome.output)))
        spots = tuple(one for side in culprits for one in self._locations(side, places))
        names = [f"`{side.name}`" for side in culprits]
        many = " and ".join([", ".join(names[:-1]), names[-1]])
        said = _telling(outcome.output)
        two = len(culprits) == 2  # noqa: PLR2004 - a pair
        return Conflict(
            level=Level.BEHAVIOUR,
            kind="checks-fail-merged",
            severity=Severity.ERROR,
            branches=(culprits[0].name, culprits[1].name),
            path=next(iter([path for path, _line in places] or [one.path for one in spots]), ""),
            symbol=command if two else f"{command} ({', '.join(sorted(side.name for side in culprits))})",
            locations=spots,
            explanation=(
                f"{many} merge cleanly, and then `{command}` fails"
                f"{f': {said}' if said else ''}; it passes on {'each' if two else 'every part of them'} alone"
            ),
            suggestion=(
                f"Land {culprits[0].name} first, rebase {culprits[-1].name} on it and run {command} there"
            ),
        )

    def _mentioned(self, tree: str, output: str) -> Iterator[tuple[str, int]]:
        """Files of the merged tree that the output names, with lines, those of failures first."""
        lines = output.splitlines()
        lines.sort(key=lambda line: _FAILURE.match(line) is None)
        for line in lines:
            for path, number in _PATH.findall(line):
                entry = self.view.find(tree, path.removeprefix("./"))
                if entry is not None:
                    yield path.removeprefix("./"), int(number or 1)

    def _locations(self, side: Side, places: Sequence[tuple[str, int]]) -> list[Location]:
        """What a branch changed: the files that the output names, else the first few."""
        changes = self.view.changes(self.speculation.base.tree, side.tree)
        changed = [path for path, change in changes.items() if change.new is not None] or list(changes)
        lines = dict(reversed(places))
        named = [path for path in changed if path in lines]
        return [
            Location(branch=side.name, path=path, start_line=lines.get(path, 1), end_line=lines.get(path, 1))
            for path in (named or changed)[:_SHOWN]
        ]


def _telling(output: str) -> str:
    """The line that says most of what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip(" =-_")]
    failures = [line for line in lines if _FAILURE.match(line)]
    chosen = (failures or lines)[-1:]
    return chosen[0][:_LONGEST] if chosen else ""
