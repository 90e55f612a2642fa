"""The behaviour level: checks that pass on the base and on each branch, and fail once the branches are merged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from devassist.conflicts.checks.choice import Choice
from devassist.conflicts.checks.runners import NOTHING_COLLECTED
from devassist.conflicts.checks.speculation import Speculation, smallest
from devassist.domain.conflicts import Conflict, Level, Location, Severity, Side
from devassist.git.merging.tree_view import TreeView

_PATH = re.compile(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)*\.\w+)(?:::?(\d+)?)?")
_FAILURE = re.compile(r"^(?:FAILED|ERROR|E  |--- FAIL|not ok|.*\b\w*Error\b|.*\bFAIL\b)", re.MULTILINE)
_SHOWN = 3
_LONGEST = 200


class Outcome(NamedTuple):
    """How a check ended on a tree; `output` may be the end of it alone."""

    code: int
    output: str

    @property
    def passed(self) -> bool:
        return self.code == 0


class Select(StrEnum):
    """`[checks] select`: the tests that merging can break before all of them, nothing but those, or no choice."""

    first = "first"
    only = "only"
    off = "off"


class Chosen(NamedTuple):
    """For how many of a command's test files its result on branches merged can differ from that on each."""

    command: str
    chosen: int
    of: int


class Check(Protocol):
    """Runs a command on a tree."""

    def __call__(self, tree: str, command: str, *, anew: bool = False) -> Outcome:
        """How it ended, or had ended before; `anew` runs it even then."""


@dataclass(frozen=True)
class Trial:
    """A check, or what was chosen of it, on branches merged onto the base."""

    speculation: Speculation
    check: Check
    view: TreeView
    command: str
    choice: Choice | None = None

    def tree(self, sides: Sequence[Side]) -> str | None:
        return self.speculation.tree([side for side in sides if side is not self.speculation.base])

    def fails(self, sides: Sequence[Side]) -> bool:
        tree = self.tree(sides)
        return tree is not None and not self._passed(tree)

    def passes_alone(self, side: Side) -> bool:
        """On the branch as it is, without the base of today."""
        return self._passed(side.tree)

    def anew(self, sides: Sequence[Side]) -> Outcome | None:
        """How it fails, run a second time; None where it does not now."""
        tree = self.tree(sides)
        if tree is None or self._passed(tree, anew=True):
            return None
        return self.check(tree, self.run_in(tree))

    def run_in(self, tree: str) -> str:
        """The command for the chosen files that a tree has; empty where it has none of them."""
        if self.choice is None:
            return self.command
        present = [path for path in self.choice.files if self.view.find(tree, path) is not None]
        return self.choice.runner.command(present) if present else ""

    def _passed(self, tree: str, *, anew: bool = False) -> bool:
        command = self.run_in(tree)
        if not command:
            return True
        outcome = self.check(tree, command, anew=anew)
        return outcome.passed or (self.choice is not None and outcome.code == NOTHING_COLLECTED)


@dataclass
class BehaviourDetector:
    """
    Runs checks on merges nobody made yet: all branches together first, fewer only where that fails.

    With a `choose` the tests that merging can break go first; all of them are still run on what passes, unless
    `select` says otherwise.
    """

    view: TreeView
    speculation: Speculation
    check: Check
    choose: Callable[[str, Sequence[Side]], Choice | None] = lambda _command, _sides: None
    select: Select = Select.first
    notes: list[str] = field(default_factory=list)
    """What could not be told, a sentence each."""
    chosen: list[Chosen] = field(default_factory=list[Chosen])

    def detect(self, sides: Sequence[Side], commands: Sequence[str]) -> list[Conflict]:
        """Every set of branches that fails together, for each command; `sides` in the order to merge them."""
        found: dict[str, Conflict] = {}
        for command in commands:
            alone: set[str] = set()
            for union in self.speculation.unions(sides):
                left = [side for side in union if side.name not in alone]
                for trial in self._trials(left, command):
                    for one in self._of_union(left, trial, alone):
                        found.setdefault(one.id, one)
        return list(found.values())

    def _trials(self, union: Sequence[Side], command: str) -> Iterator[Trial]:
        """The tests that matter to these branches together, then all; one of the two where the other adds nothing."""
        whole = Trial(self.speculation, self.check, self.view, command)
        choice = None if self.select is Select.off else self.choose(command, union)
        if choice is None:
            yield whole
            return
        self.chosen.append(Chosen(command, len(choice.files), choice.of))
        only = self.select is Select.only
        few = len(choice.files) * (1 if only else 2) < choice.of
        if few and choice.files:
            yield replace(whole, choice=choice)
        if not only or not few:
            yield whole

    def _of_union(self, left: list[Side], trial: Trial, alone: set[str]) -> Iterator[Conflict]:
        """Blame one smallest set after another, and take it out of `left`, until the rest passes."""
        while left and trial.fails(left):
            if trial.fails([]):
                if trial.choice is None or self.select is Select.only:
                    self._note(
                        f"{trial.command!r} fails on {self.speculation.base.name} already: it proves nothing here"
                    )
                return
            culprits = smallest(left, trial.fails)
            blamed = culprits[-1]
            if len(culprits) == 1:
                alone.add(blamed.name)
                if trial.passes_alone(blamed):
                    culprits = [self.speculation.base, blamed]
                else:
                    self._note(f"{trial.command!r} fails on {blamed.name} by itself")
            if len(culprits) > 1:
                outcome = trial.anew(culprits)
                if outcome is None:
                    names = ", ".join(side.name for side in culprits)
                    self._note(
                        f"{trial.command!r} fails only now and then with {names} merged: it was left out"
                    )
                else:
                    yield self._conflict(culprits, trial, outcome)
            left.remove(blamed)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # Words ------------------------------------------------------------------------------------------------

    def _conflict(self, culprits: Sequence[Side], trial: Trial, outcome: Outcome) -> Conflict:
        command, tree = trial.command, trial.tree(culprits) or ""
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
                f"Land {culprits[0].name} first, rebase {culprits[-1].name} on it and run {trial.run_in(tree)} there"
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
