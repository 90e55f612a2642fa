"""Two branches that do not merge: their conflicting files in parts, and the tree that an answer gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from devassist.conflicts.resolution.marked import HunkChoice, MarkedText, read_marked
from devassist.domain.conflicts import ConflictKind, Side
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
"""Path -> its new text, its tree entry, or None if it is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingFile:
    """One path that did not merge. `marked` is None if there are no lines to choose: a deletion or a binary file."""

    path: str
    kinds: tuple[ConflictKind, ...]
    base: str
    ours: str
    theirs: str
    marked: MarkedText | None
    conflicts: tuple[PathConflict, ...]


@dataclass
class MergingPair:
    """The merge of two branches in the order of the conflict; leaving this context discards it."""

    repository: Repository
    ours: Side
    theirs: Side
    environment: Mapping[str, str]
    base: str = field(init=False)
    """The tree of the merge base, or of one of several."""
    result: PairResult = field(init=False)
    files: tuple[ConflictingFile, ...] = field(init=False)
    _referee: MergeTree = field(init=False)
    _view: TreeView = field(init=False)

    def __post_init__(self) -> None:
        repository = self.repository
        base = repository.merge_base(self.ours.commit, self.theirs.commit)
        if base is None:
            raise RepositoryError(
                f"{self.ours.name} and {self.theirs.name} share no history",
                hint="git merge --allow-unrelated-histories, by hand",
            )
        self.base = repository.tree_of(base)
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
        """The text of a file of any tree here; empty if there is no such file, or it is binary."""
        entry = self._view.find(tree, path)
        return _text(self._view, entry)

    def sides_of(self, path: str) -> tuple[str, str, str]:
        """The texts of base, ours and theirs: of a conflicting path as git merged it, else as the trees have it."""
        for file in self.files:
            if file.path == path:
                return file.base, file.ours, file.theirs
        base, ours, theirs = (
            self.text_at(tree, path) for tree in (self.base, self.ours.tree, self.theirs.tree)
        )
        return base, ours, theirs

    # Answering --------------------------------------------------------------------------------------------

    def taking(self, branch: str) -> dict[str, str | Entry | None]:
        """One side's hunks in every conflicting file, the rest merged; that side's file if it has no hunks."""
        ours = branch == self.ours.name
        choice = HunkChoice.OURS if ours else HunkChoice.THEIRS
        edits: dict[str, str | Entry | None] = {}
        for file in self.files:
            if file.marked is not None:
                edits[file.path] = file.marked.resolved([hunk.taking(choice) for hunk in file.marked.hunks])
            else:
                edits |= self._whole(file, 2 if ours else 3)
        return edits

    def _whole(self, file: ConflictingFile, stage: int) -> dict[str, str | Entry | None]:
        """The file as one side has it, or its absence, for a conflict that is not about lines."""
        stages = [entry for conflict in file.conflicts for entry in conflict.stages]
        if not stages or (
            file.kinds == (ConflictKind.DIRECTORY_FILE,) and not any("~" in entry.path for entry in stages)
        ):
            raise UsageError(
                f"{file.path} ({', '.join(file.kinds)}) is not a choice of one side",
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
        """The id of the merged tree with these edits; the tree and all its objects are stored in the repository."""
        as_bytes = {
            path: edit.encode("utf-8", "surrogateescape") if isinstance(edit, str) else edit
            for path, edit in edits.items()
        }
        return store_merged(
            self.repository, self._referee.view, over=self.ours.tree, merged=self.result.tree, edits=as_bytes
        )


def read_files(result: PairResult, view: TreeView, commits: tuple[str, str]) -> tuple[ConflictingFile, ...]:
    """The files that did not merge. `result` comes from a referee `with_base`; `commits` are ours and theirs."""
    by_path: dict[str, list[PathConflict]] = {}
    for conflict in result.conflicts:
        by_path.setdefault(conflict.path, []).append(conflict)
    return tuple(_file(result.tree, view, commits, conflicts) for conflicts in by_path.values())


def _file(
    tree: str, view: TreeView, commits: tuple[str, str], conflicts: Sequence[PathConflict]
) -> ConflictingFile:
    path = conflicts[0].path
    entries = [
        next((entry for conflict in conflicts if (entry := conflict.at(stage))), None) for stage in (1, 2, 3)
    ]
    base, ours, theirs = (
        _text(view, None if entry is None else Entry(entry.mode, entry.id)) for entry in entries
    )
    marked = read_marked(
        _text(view, view.find(tree, path)), commits, {"base": base, "ours": ours, "theirs": theirs}
    )
    return ConflictingFile(
        path=path,
        kinds=tuple(dict.fromkeys(conflict.kind for conflict in conflicts)),
        base=base,
        ours=ours,
        theirs=theirs,
        marked=marked if marked.hunks else None,
        conflicts=tuple(conflicts),
    )


def _text(view: TreeView, entry: Entry | None) -> str:
    if entry is None or entry.mode not in (FILE, EXECUTABLE):
        return ""
    data = view.blob(entry.id)
    if b"\0" in data[:_BINARY_WITHIN] or len(data) > LARGEST:
        return ""
    return data.decode("utf-8", "surrogateescape")
