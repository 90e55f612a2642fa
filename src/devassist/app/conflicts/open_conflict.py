"""A conflict opened for resolving: both branches merged in memory, its hunks, texts and intents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from devassist.app.conflicts.branches import intent_of, side_of
from devassist.app.conflicts.known import find_conflict, known_conflicts
from devassist.app.conflicts.uncommitted import WorkInProgress
from devassist.app.wiring.project import Project
from devassist.conflicts.resolution.marked import HunkChoice, HunkText, MarkedText
from devassist.conflicts.resolution.places import symbols_around
from devassist.conflicts.resolution.three_way_merge import Edits, MergingPair
from devassist.domain.conflicts import Conflict, ConflictStatus, Level
from devassist.domain.errors import UsageError
from devassist.domain.events import Repeat
from devassist.domain.resolutions import How
from devassist.git.merging.merge_tree import MergeTree

_OF_LINES = (Level.TREE, Level.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConflict:
    """A conflict whose two branches are merged in memory. `ids` are all conflicts that one resolution settles."""

    project: Project
    conflict: Conflict
    status: ConflictStatus
    pair: MergingPair
    ids: tuple[str, ...]
    beside: Mapping[str, Conflict] = field(default_factory=dict)
    """The open semantic conflicts of the same pair by id: a merge may settle them as well, or not."""

    @property
    def needs_checks(self) -> bool:
        """Whether only running the checks shows that it is settled."""
        return self.conflict.level is Level.BEHAVIOUR

    @property
    def semantic(self) -> bool:
        """Whether git merges the branches without a conflict, so that there is no hunk to choose from."""
        return self.conflict.level not in _OF_LINES

    @property
    def settles(self) -> list[tuple[str, str | None]]:
        """Kind and symbol of a semantic conflict, which a resolution must not have any more."""
        return [(self.conflict.kind, self.conflict.symbol)] if self.semantic else []

    def side(self, name: str) -> str:
        """The branch that `ours`, `theirs` or its own name stands for. Raises UsageError."""
        ours, theirs = self.conflict.branches
        branch = {"ours": ours, "theirs": theirs, ours: ours, theirs: theirs}.get(name)
        if branch is None:
            raise UsageError(f"{name!r} is not a side of {self.ids[0]}", hint=f"Known: {ours}, {theirs}")
        return branch

    @property
    def base_commit(self) -> str:
        """The merge base of both branches."""
        base = self.project.repository.merge_base(self.pair.ours.commit, self.pair.theirs.commit)
        return base or self.pair.ours.commit

    @property
    def paths(self) -> list[str]:
        """The files to resolve: those that conflict, and those that a semantic conflict names."""
        paths = [file.path for file in self.pair.files]
        paths += [entry.path for file in self.pair.files for at in file.conflicts for entry in at.stages]
        if self.semantic:
            paths += [self.conflict.path, *(location.path for location in self.conflict.locations)]
        return [path for path in dict.fromkeys(paths) if path]

    def texts(self) -> dict[str, str]:
        """The texts to edit, by path: files with conflict markers, and those that a semantic conflict names."""
        ours, theirs = self.conflict.branches
        texts = {
            file.path: file.marked.marked(ours, theirs) for file in self.pair.files if file.marked is not None
        }
        if self.semantic:
            for path in self.paths:
                text = self.pair.text_at(self.pair.result.tree, path)
                if text:
                    texts.setdefault(path, text)
        return texts

    def whole(self, side: str) -> Edits:
        """
        One side's version of every file that has no lines to choose from: a deletion, a binary file, a mode.

        Raises UsageError if there is such a file and no side is named.
        """
        unmarked = [file for file in self.pair.files if file.marked is None]
        if unmarked and not side:
            raise UsageError(
                f"{unmarked[0].path} ({', '.join(unmarked[0].kinds)}) has no lines to edit",
                hint="--edit --take SIDE decides such files by a side, --take SIDE all",
            )
        marked = {file.path for file in self.pair.files if file.marked is not None}
        edits = self.pair.taking(side) if unmarked else {}
        return {path: edit for path, edit in edits.items() if path not in marked}

    def hunks(self) -> list[OpenHunk]:
        """Every hunk of every conflicting file in order, with the symbol around it."""
        return [
            OpenHunk(path=file.path, symbol=symbol, hunk=hunk)
            for file in self.pair.files
            if file.marked is not None
            for hunk, symbol in zip(
                file.marked.hunks, symbols_around(file.path, file.ours, file.marked), strict=True
            )
        ]

    def answered(self, answers: Sequence[str]) -> dict[str, str]:
        """The resolved texts, by path. `answers` has one text for each of `hunks`, in order."""
        remaining = iter(answers)
        return {
            file.path: file.marked.resolved([next(remaining) for _ in file.marked.hunks])
            for file in self.pair.files
            if file.marked is not None
        }

    def intents(self) -> dict[str, str]:
        """The purpose of each branch, by its name: the task that it was made for, else its commit messages."""
        sides = (self.pair.ours, self.pair.theirs)
        return {side.name: intent_of(self.project, side, self.base_commit) for side in sides}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHunk:
    """One hunk to decide. `symbol` is the function or class around it; empty if there is none."""

    path: str
    symbol: str
    hunk: HunkText

    def text(self, name: str) -> str:
        """The lines of `base`, `ours` or `theirs`."""
        return str(getattr(self.hunk, name))

    def taking(self, choice: str) -> str:
        """The lines that a choice such as `theirs` or `ours+theirs` gives. Raises KeyError for an unknown one."""
        return {str(known): self.hunk.taking(known) for known in choices()}[choice]

    def marked(self, ours: str, theirs: str) -> str:
        """The hunk by itself, with conflict markers."""
        return MarkedText((self.hunk,)).marked(ours, theirs)


def choices() -> Sequence[HunkChoice]:
    return tuple(HunkChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    How a person, an agent or a repeat resolves a conflict. `edits` are put into the merged tree.

    `overrule` keeps it although a check fails, `checks` runs the configured checks, `into` is a branch to move to the
    result. `precedents` are the earlier answers that it repeats. `confidence` is 0 to 1.
    """

    who: str
    how: How = How.TAKE
    edits: Edits = field(default_factory=dict)
    choice: str = ""
    reason: str = ""
    overrule: bool = False
    checks: bool = False
    into: str = ""
    confidence: float = 1.0
    precedents: tuple[Repeat, ...] = ()


def _no_conflict(project: Project, id_: str, branches: Sequence[str]) -> UsageError:
    """Why git merges the branches of a conflict: it is gone, or it is a conflict of uncommitted work."""
    repository = project.repository
    with MergeTree(repository, environment=project.host.environment) as referee:
        work = WorkInProgress(repository, referee)
        unsaved = [name for name in branches if work.of(name) is not None]
    if unsaved:
        return UsageError(
            f"{id_} is with uncommitted work of {', '.join(unsaved)}, and a merge holds commits",
            hint="commit it there, then resolve",
        )
    return UsageError(
        f"{id_} is no conflict any more: git merges both branches",
        hint="devassist conflicts",
    )


@contextmanager
def opened(project: Project, prefix: str) -> Iterator[OpenConflict]:
    """Opens the conflict whose id begins with `prefix`. Raises NotFound, and UsageError if it is gone."""
    known = find_conflict(project, prefix)
    id_, conflict = known.id, known.conflict
    ours, theirs = (side_of(project, name) for name in conflict.branches)
    with MergingPair(project.repository, ours, theirs, project.host.environment) as pair:
        if conflict.level in _OF_LINES and pair.result.clean:
            raise _no_conflict(project, id_, conflict.branches)
        of_pair = {
            other.id: other.conflict
            for other in known_conflicts(project).values()
            if set(other.branches) == set(conflict.branches) and not other.gone and other.id != id_
        }
        # One merge commit settles everything that git found between the two branches.
        of_lines = [
            other
            for other, beside in of_pair.items()
            if beside.level in _OF_LINES and beside.status in (ConflictStatus.OPEN, ConflictStatus.RESOLVED)
        ]
        yield OpenConflict(
            project=project,
            conflict=conflict,
            status=ConflictStatus(conflict.status),
            pair=pair,
            ids=(id_, *of_lines),
            beside={
                other: beside
                for other, beside in of_pair.items()
                if beside.level not in _OF_LINES and beside.status is ConflictStatus.OPEN
            },
        )
