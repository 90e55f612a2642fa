"""The behaviour level: checks that pass on the base and on each branch, and fail once the branches are merged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from devassist.conflicts.checks.runners import NOTHING_COLLECTED
from devassist.conflicts.checks.selection import Choice
from devassist.conflicts.checks.speculation import Speculation, smallest
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity, Side
from devassist.domain.ledger import Ledger
from devassist.domain.settings import CheckSelection
from devassist.domain.verdicts import compared, project_problem
from devassist.git.merging.tree_view import TreeView

_PATH = re.compile(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)*\.\w+)(?:::?(\d+)?)?")
_FAILURE = re.compile(r"^(?:FAILED|ERROR|E  |--- FAIL|not ok|.*\b\w*Error\b|.*\bFAIL\b)", re.MULTILINE)
_SHOWN = 3
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a command came to on a tree; `output` may be only the end of it."""

    ledger: Ledger
    output: str
    repeated: bool = False
    """A second run on the same tree ended the same way."""

    @property
    def passed(self) -> bool:
        return self.ledger.passes


class Chosen(NamedTuple):
    """How many of the `of` test files of a command a merge can break."""

    command: str
    chosen: int
    of: int


class Check(Protocol):
    """Runs a command on a tree."""

    def __call__(self, tree: str, command: str, *, again: bool = False) -> CheckResult:
        """How the command ended, from a cache if it ran on this tree before; `again` runs it a second time."""


@dataclass(frozen=True)
class Trial:
    """A check, or only the tests chosen from it, on branches merged onto the base."""

    speculation: Speculation
    check: Check
    view: TreeView
    command: str
    choice: Choice | None = None

    def tree(self, sides: Sequence[Side]) -> str | None:
        return self.speculation.tree([side for side in sides if side is not self.speculation.base])

    def fails(self, sides: Sequence[Side]) -> bool:
        """Whether it fails in more than fails on the base; on the base itself, in what cannot be told apart."""
        tree = self.tree(sides)
        return tree is not None and not self._passes(tree)

    def passes_alone(self, side: Side) -> bool:
        """Whether it passes on the branch as it is, without newer commits of the base."""
        return self._passes(side.tree)

    def new_failures(self, sides: Sequence[Side]) -> tuple[str, ...]:
        """The tests that fail with `sides` merged and not on the base, as far as the runner names them."""
        tree = self.tree(sides)
        command = self.command_for(tree) if tree is not None else ""
        if tree is None or not command:
            return ()
        return compared(self.check(tree, command).ledger, self._on_base(command), moved={}).new_failures

    def fails_again(self, sides: Sequence[Side]) -> CheckResult | None:
        """The failure, confirmed by a second run; None if the check passes this time."""
        tree = self.tree(sides)
        if tree is None or self._passes(tree, again=True):
            return None
        return self.check(tree, self.command_for(tree))

    def command_for(self, tree: str) -> str:
        """The command, limited to those of the chosen files that the tree has; empty if it has none of them."""
        if self.choice is None:
            return self.command
        present = [path for path in self.choice.files if self.view.find(tree, path) is not None]
        return self.choice.runner.command(present) if present else ""

    def _passes(self, tree: str, *, again: bool = False) -> bool:
        command = self.command_for(tree)
        if not command:
            return True
        result = self.check(tree, command, again=again)
        now = result.ledger
        if result.passed or (self.choice is not None and now.exit_code == NOTHING_COLLECTED):
            return True
        base = self._on_base(command)
        return not base.passes and not project_problem(now, base, compared(now, base, moved={}))

    def _on_base(self, command: str) -> Ledger:
        return self.check(self.speculation.base.tree, command).ledger


@dataclass
class BehaviourDetector:
    """
    Runs checks on merges that nobody has made yet: all branches together first, fewer only if that fails.

    With `choose`, the tests that a merge can break run first. Everything still runs once on what passes, unless
    `select` says otherwise.
    """

    view: TreeView
    speculation: Speculation
    check: Check
    choose: Callable[[str, Sequence[Side]], Choice | None] = lambda _command, _sides: None
    select: CheckSelection = CheckSelection.FIRST
    notes: list[str] = field(default_factory=list)
    """What could not be determined, a sentence each."""
    chosen: list[Chosen] = field(default_factory=list[Chosen])

    def detect(self, sides: Sequence[Side], commands: Sequence[str]) -> list[Conflict]:
        """Every set of branches that fails together, for each command; `sides` in the order to merge them."""
        conflicts: dict[str, Conflict] = {}
        for command in commands:
            failing_alone: set[str] = set()
            for union in self.speculation.unions(sides):
                remaining = [side for side in union if side.name not in failing_alone]
                for trial in self._trials(remaining, command):
                    for conflict in self._of_union(remaining, trial, failing_alone):
                        conflicts.setdefault(conflict.id, conflict)
        return list(conflicts.values())

    def _trials(self, union: Sequence[Side], command: str) -> Iterator[Trial]:
        """The chosen tests, then all tests; only one of the two if the other would add nothing."""
        whole = Trial(self.speculation, self.check, self.view, command)
        choice = None if self.select == CheckSelection.OFF else self.choose(command, union)
        if choice is None:
            yield whole
            return
        self.chosen.append(Chosen(command, len(choice.files), choice.of))
        only = self.select == CheckSelection.ONLY
        few = len(choice.files) * (1 if only else 2) < choice.of
        if few and choice.files:
            yield replace(whole, choice=choice)
        if not only or not few:
            yield whole

    def _of_union(self, remaining: list[Side], trial: Trial, failing_alone: set[str]) -> Iterator[Conflict]:
        """Blames one smallest failing set after another and removes it from `remaining`, until the rest passes."""
        while remaining and trial.fails(remaining):
            if trial.fails([]):
                if trial.choice is None or self.select == CheckSelection.ONLY:
                    self._note(
                        f"{trial.command!r} fails on {self.speculation.base.name} already: it proves nothing here"
                    )
                return
            culprits = smallest(remaining, trial.fails)
            blamed = culprits[-1]
            if len(culprits) == 1:
                failing_alone.add(blamed.name)
                if trial.passes_alone(blamed):
                    culprits = [self.speculation.base, blamed]
                else:
                    self._note(f"{trial.command!r} fails on {blamed.name} by itself")
            if len(culprits) > 1:
                result = trial.fails_again(culprits)
                if result is None:
                    names = ", ".join(side.name for side in culprits)
                    self._note(
                        f"{trial.command!r} fails only now and then with {names} merged: it was left out"
                    )
                else:
                    yield self._conflict(culprits, trial, result)
            remaining.remove(blamed)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    # Wording ----------------------------------------------------------------------------------------------

    def _conflict(self, culprits: Sequence[Side], trial: Trial, result: CheckResult) -> Conflict:
        command, tree = trial.command, trial.tree(culprits) or ""
        mentions = list(dict.fromkeys(self._mentioned(tree, result.output)))
        locations = tuple(location for side in culprits for location in self._locations(side, mentions))
        names = [f"`{side.name}`" for side in culprits]
        listed = " and ".join([", ".join(names[:-1]), names[-1]])
        failure = _listed(trial.new_failures(culprits)) or _summary(result.output)
        pair = len(culprits) == 2  # noqa: PLR2004 - a pair
        paths = [path for path, _line in mentions] or [location.path for location in locations]
        return Conflict(
            level=Level.BEHAVIOUR,
            kind=ConflictKind.CHECKS_FAIL_MERGED,
            severity=Severity.ERROR,
            branches=(culprits[0].name, culprits[1].name),
            path=next(iter(paths), ""),
            symbol=command if pair else f"{command} ({', '.join(sorted(side.name for side in culprits))})",
            locations=locations,
            explanation=(
                f"{listed} merge cleanly, and then `{command}` fails"
                f"{f': {failure}' if failure else ''}; it passes on "
                f"{'each' if pair else 'every part of them'} alone"
            ),
            suggestion=(
                f"Land {culprits[0].name} first, rebase {culprits[-1].name} on it and run "
                f"{trial.command_for(tree)} there"
            ),
        )

    def _mentioned(self, tree: str, output: str) -> Iterator[tuple[str, int]]:
        """Paths and lines of the merged tree that the output names, those in failure messages first."""
        lines = output.splitlines()
        lines.sort(key=lambda line: _FAILURE.match(line) is None)
        for line in lines:
            for path, number in _PATH.findall(line):
                entry = self.view.find(tree, path.removeprefix("./"))
                if entry is not None:
                    yield path.removeprefix("./"), int(number or 1)

    def _locations(self, side: Side, mentions: Sequence[tuple[str, int]]) -> list[Location]:
        """The changed files of a branch that the output names, else its first few changed files."""
        changes = self.view.changes(self.speculation.base.tree, side.tree)
        changed = [path for path, change in changes.items() if change.new is not None] or list(changes)
        lines = dict(reversed(mentions))
        named = [path for path in changed if path in lines]
        return [
            Location(branch=side.name, path=path, start_line=lines.get(path, 1), end_line=lines.get(path, 1))
            for path in (named or changed)[:_SHOWN]
        ]


def _listed(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - _SHOWN} more" if len(cases) > _SHOWN else ""
    return ", ".join(cases[:_SHOWN]) + more


def _summary(output: str) -> str:
    """The last line about a failure, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip(" =-_")]
    failures = [line for line in lines if _FAILURE.match(line)]
    last = (failures or lines)[-1:]
    return last[0][:_LONGEST] if last else ""
