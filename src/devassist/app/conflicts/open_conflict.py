"""One conflict opened to be settled: both branches merged in memory, its hunks, texts and intents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devassist.app.conflicts.compare import side_of
from devassist.app.conflicts.ledger import find_conflict, intent_of, known_conflicts
from devassist.app.wiring.project import Project
from devassist.domain.errors import UsageError
from devassist.domain.events import Repeat
from devassist.domain.resolutions import How

if TYPE_CHECKING:  # imported where they are used: other commands must not pay for parsers
    from devassist.conflicts.resolution.marked import HunkChoice, HunkText
    from devassist.conflicts.resolution.three_way_merge import Edits, MergingPair

_OF_LINES = ("tree", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConflict:
    """A conflict whose two branches are merged in memory. `ids` are all that one resolution settles."""

    project: Project
    conflict: Mapping[str, Any]
    pair: MergingPair
    ids: tuple[str, ...]
    beside: tuple[Mapping[str, Any], ...] = ()
    """The open semantic conflicts of the same pair: a merge may settle them as well, or not."""

    @property
    def needs_checks(self) -> bool:
        """Whether only the checks can say that it is settled."""
        return bool(self.conflict["level"] == "behaviour")

    @property
    def semantic(self) -> bool:
        """Whether git merges it and it is wrong all the same: there is no hunk to take."""
        return self.conflict["level"] not in _OF_LINES

    @property
    def settles(self) -> list[tuple[str, str | None]]:
        """Kind and symbol of a semantic conflict: what its resolution must not have any more."""
        return [(self.conflict["kind"], self.conflict["symbol"])] if self.semantic else []

    def side(self, name: str) -> str:
        """The branch that `ours`, `theirs` or its own name means. Raises UsageError."""
        one, other = self.conflict["branches"]
        found = {"ours": one, "theirs": other, one: one, other: other}.get(name)
        if found is None:
            raise UsageError(f"{name!r} is no side of {self.ids[0]}", hint=f"Known: {one}, {other}")
        return str(found)

    @property
    def base_commit(self) -> str:
        """The merge base of both branches."""
        found = self.project.repository.merge_base(self.pair.ours.commit, self.pair.theirs.commit)
        return found or self.pair.ours.commit

    @property
    def paths(self) -> list[str]:
        """What a resolution is about: the files that conflict, and those a semantic conflict names."""
        about = [one.path for one in self.pair.files]
        about += [entry.path for one in self.pair.files for each in one.conflicts for entry in each.stages]
        if self.semantic:
            about += [self.conflict["path"], *(at["path"] for at in self.conflict["locations"])]
        return [path for path in dict.fromkeys(about) if path]

    def texts(self) -> dict[str, str]:
        """What there is to edit: files with conflict markers, and for a semantic conflict those it is about."""
        one, other = (str(name) for name in self.conflict["branches"])
        found = {
            file.path: file.marked.marked(one, other) for file in self.pair.files if file.marked is not None
        }
        if self.semantic:
            for path in self.paths:
                text = self.pair.text_at(self.pair.result.tree, path)
                if text:
                    found.setdefault(path, text)
        return found

    def whole(self, side: str) -> Edits:
        """
        One side's version of every file that has no lines to choose: a deletion, a binary, a mode.

        Raises UsageError where there is such a file and no side is named.
        """
        without = [one for one in self.pair.files if one.marked is None]
        if without and not side:
            raise UsageError(
                f"{without[0].path} ({', '.join(without[0].kinds)}) has no lines to edit",
                hint="--edit --take SIDE decides such files by a side, --take SIDE all",
            )
        marked = {one.path for one in self.pair.files if one.marked is not None}
        taken = self.pair.taking(side) if without else {}
        return {path: edit for path, edit in taken.items() if path not in marked}

    def hunks(self) -> list[OpenHunk]:
        """Every hunk of every conflicting file, in order, with the symbol around it."""
        from devassist.conflicts.resolution.places import symbols_around

        return [
            OpenHunk(path=file.path, symbol=symbol, hunk=hunk)
            for file in self.pair.files
            if file.marked is not None
            for hunk, symbol in zip(
                file.marked.hunks, symbols_around(file.path, file.ours, file.marked), strict=True
            )
        ]

    def answered(self, answers: Sequence[str]) -> dict[str, str]:
        """Path -> text with these answers, one for each of `hunks`."""
        left = iter(answers)
        return {
            file.path: file.marked.resolved([next(left) for _ in file.marked.hunks])
            for file in self.pair.files
            if file.marked is not None
        }

    def intents(self) -> dict[str, str]:
        """What each branch is for."""
        sides = (self.pair.ours, self.pair.theirs)
        return {side.name: intent_of(self.project, side, self.base_commit) for side in sides}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHunk:
    """One place to decide, as a person sees it. `symbol` is the function or class around it, if any."""

    path: str
    symbol: str
    hunk: HunkText

    def text(self, name: str) -> str:
        """What `base`, `ours` or `theirs` has there."""
        return str(getattr(self.hunk, name))

    def taking(self, choice: str) -> str:
        """What stands there by a choice such as `theirs` or `ours+theirs`. Raises KeyError for no choice."""
        return {str(known): self.hunk.taking(known) for known in choices()}[choice]

    def marked(self, ours: str, theirs: str) -> str:
        """The hunk alone with conflict markers."""
        from devassist.conflicts.resolution.marked import MarkedText

        return MarkedText((self.hunk,)).marked(ours, theirs)


def choices() -> Sequence[HunkChoice]:
    from devassist.conflicts.resolution.marked import HunkChoice

    return tuple(HunkChoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a person, or experience, decided. `edits` are what goes into the merged tree.

    `precedents` are the earlier answers that it repeats, as the decision names them.
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


def _no_conflict(project: Project, conflict: Mapping[str, Any]) -> UsageError:
    """Why git merges the branches of a conflict: it is over, or it is one with work that nobody committed."""
    from devassist.app.conflicts.uncommitted import WorkInProgress
    from devassist.git.merging.merge_tree import MergeTree

    repository = project.repository
    with MergeTree(repository, environment=project.host.environment) as referee:
        work = WorkInProgress(repository, referee)
        unsaved = [name for name in conflict["branches"] if work.of(name) is not None]
    if unsaved:
        return UsageError(
            f"{conflict['conflict']} is with uncommitted work of {', '.join(unsaved)}, and a merge holds commits",
            hint="commit it there, then resolve",
        )
    return UsageError(
        f"{conflict['conflict']} is no conflict any more: git merges both branches",
        hint="devassist conflicts",
    )


@contextmanager
def opened(project: Project, prefix: str) -> Iterator[OpenConflict]:
    """The conflict of this id, or its beginning. Raises NotFound, and UsageError when it is there no more."""
    from devassist.conflicts.resolution.three_way_merge import MergingPair

    conflict = find_conflict(project, prefix)
    ours, theirs = (side_of(project, name) for name in conflict["branches"])
    with MergingPair(project.repository, ours, theirs, project.host.environment) as pair:
        if conflict["level"] in _OF_LINES and pair.result.clean:
            raise _no_conflict(project, conflict)
        branches = set(conflict["branches"])
        same = {
            id_: one
            for id_, one in known_conflicts(project).items()
            if set(one["branches"]) == branches and not one["gone"] and id_ != conflict["conflict"]
        }
        # A merge commit of two branches settles all that git found between them.
        of_lines = [
            id_
            for id_, one in same.items()
            if one["level"] in _OF_LINES and one["status"] in ("open", "resolved")
        ]
        beside = [one for one in same.values() if one["level"] not in _OF_LINES and one["status"] == "open"]
        yield OpenConflict(
            project=project,
            conflict=conflict,
            pair=pair,
            ids=(conflict["conflict"], *of_lines),
            beside=tuple(beside),
        )
