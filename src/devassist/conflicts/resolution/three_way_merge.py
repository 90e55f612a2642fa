"""Two branches that do not merge, opened to be resolved: the conflicting files in parts, and the tree of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devassist.conflicts.resolution.marked import MarkedText, read_marked
from devassist.domain.conflicts import Side
from devassist.domain.errors import RepositoryError, UsageError
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.report import PairResult, PathConflict
from devassist.git.merging.store import store_merged
from devassist.git.merging.tree_view import TreeView
from devassist.git.objects.trees import EXECUTABLE, FILE, TREE, Entry
from devassist.git.repository import Repository

LARGEST = 50_000_000
"""Bytes; larger files are not read as text, so that a side of them can only be taken whole."""
_BINARY_WITHIN = 8000
Edits = Mapping[str, str | Entry | None]
"""Path -> its text, its tree entry, or None where it goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingFile:
    """One path that did not merge. `marked` is None where there are no lines to choose: a deletion, a binary."""

    path: str
    kinds: tuple[str, ...]
    base: str
    ours: str
    theirs: str
    marked: MarkedText | None
    conflicts: tuple[PathConflict, ...]


@dataclass
class MergingPair:
    """A context manager: leaving it forgets the merge. `ours` and `theirs` are the branches in the conflict's order."""

    repository: Repository
    ours: Side
    theirs: Side
    environment: Mapping[str, str]
    base: str = field(init=False)
    """The tree of the merge base; where there is more than one, of one of them."""
    result: PairResult = field(init=False)
    files: tuple[ConflictingFile, ...] = field(init=False)
    _referee: MergeTree = field(init=False)
    _view: TreeView = field(init=False)

    def __post_init__(self) -> None:
        repository = self.repository
        found = repository.merge_base(self.ours.commit, self.theirs.commit)
        if found is None:
            raise RepositoryError(
                f"{self.ours.name} and {self.theirs.name} share no history",
                hint="git merge --allow-unrelated-histories, by hand",
            )
        self.base = repository.tree_of(found)
        self._referee = MergeTree(repository, environment=self.environment, with_base=True)
        try:
            (self.result,) = self._referee.merge_all([(self.ours.commit, self.theirs.commit)])
            self._view = TreeView(self._referee.view)
            self.files = read_files(self.result, self._view, (self.ours.commit, self.theirs.commit))
        except BaseException:
            self._referee.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._referee.close()

    # Reading ----------------------------------------------------------------------------------------------

    def text_at(self, tree: str, path: str) -> str:
        """A file of any tree here; nothing where there is none, or none of text."""
        entry = self._view.find(tree, path)
        return _text(self._view, entry)

    def sides_of(self, path: str) -> tuple[str, str, str]:
        """The texts of base, ours and theirs: for a conflicting path what git merged, else what is at the path."""
        for one in self.files:
            if one.path == path:
                return one.base, one.ours, one.theirs
        base, ours, theirs = (
            self.text_at(tree, path) for tree in (self.base, self.ours.tree, self.theirs.tree)
        )
        return base, ours, theirs

    # Answering --------------------------------------------------------------------------------------------

    def taking(self, branch: str) -> dict[str, str | Entry | None]:
        """One side's hunks in every conflicting file, the rest merged; where there are no hunks, that side's file."""
        ours = branch == self.ours.name
        edits: dict[str, str | Entry | None] = {}
        for one in self.files:
            if one.marked is not None:
                edits[one.path] = one.marked.resolved(
                    [hunk.taking("ours" if ours else "theirs") for hunk in one.marked.hunks]
                )
            else:
                edits |= self._whole(one, 2 if ours else 3)
        return edits

    def _whole(self, one: ConflictingFile, stage: int) -> dict[str, str | Entry | None]:
        """The file as one side has it, or its absence, for a conflict that is not about lines."""
        stages = [entry for conflict in one.conflicts for entry in conflict.stages]
        if not stages or (
            one.kinds == ("directory-file",) and not any("~" in entry.path for entry in stages)
        ):
            raise UsageError(
                f"{one.path} ({', '.join(one.kinds)}) is not a choice of one side",
                hint="merge the two branches by hand, or --agent",
            )
        edits: dict[str, str | Entry | None] = {}
        for entry in stages:
            edits[entry.path] = None
            if "~" in entry.path:
                plain = entry.path.rpartition("~")[0]
                if entry.stage == stage:
                    edits |= dict.fromkeys(self._below(plain))
                    edits[plain] = Entry(entry.mode, entry.id)
        edits |= {
            entry.path: Entry(entry.mode, entry.id)
            for entry in stages
            if entry.stage == stage and "~" not in entry.path
        }
        return edits

    def _below(self, path: str) -> Sequence[str]:
        entry = self._view.find(self.result.tree, path)
        if entry is None or entry.mode != TREE:
            return []
        return [f"{path}/{name}" for name, _ in self._view.walk(entry.id)]

    def tree_with(self, edits: Edits) -> str:
        """The merged tree with these edits, stored in the repository itself with all it holds."""
        as_bytes = {
            path: one.encode("utf-8", "surrogateescape") if isinstance(one, str) else one
            for path, one in edits.items()
        }
        return store_merged(
            self.repository, self._referee.view, over=self.ours.tree, merged=self.result.tree, edits=as_bytes
        )


def read_files(result: PairResult, view: TreeView, commits: tuple[str, str]) -> tuple[ConflictingFile, ...]:
    """The files that did not merge, as a referee `with_base` wrote them; `commits` are what was merged."""
    by_path: dict[str, list[PathConflict]] = {}
    for one in result.conflicts:
        by_path.setdefault(one.path, []).append(one)
    return tuple(_file(result.tree, view, commits, found) for found in by_path.values())


def _file(
    tree: str, view: TreeView, commits: tuple[str, str], found: Sequence[PathConflict]
) -> ConflictingFile:
    path = found[0].path
    stages = [next((entry for one in found if (entry := one.at(stage))), None) for stage in (1, 2, 3)]
    base, ours, theirs = (_text(view, None if one is None else Entry(one.mode, one.id)) for one in stages)
    read = read_marked(
        _text(view, view.find(tree, path)), commits, {"base": base, "ours": ours, "theirs": theirs}
    )
    return ConflictingFile(
        path=path,
        kinds=tuple(dict.fromkeys(one.kind for one in found)),
        base=base,
        ours=ours,
        theirs=theirs,
        marked=read if read.hunks else None,
        conflicts=tuple(found),
    )


def _text(view: TreeView, entry: Entry | None) -> str:
    if entry is None or entry.mode not in (FILE, EXECUTABLE):
        return ""
    data = view.blob(entry.id)
    if b"\0" in data[:_BINARY_WITHIN] or len(data) > LARGEST:
        return ""
    return data.decode("utf-8", "surrogateescape")
