"""
Git's own merge as the referee: one long-lived `git merge-tree` that writes into a scratch directory.

Never with `--quiet`: git 2.51 to 2.55 then calls a merge clean that is not. Nothing that the repository's
configuration names is run: merge drivers are replaced by one that only reports a conflict, filters by none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from devassist.domain.errors import RepositoryError
from devassist.git.command import run_git
from devassist.git.configuration import command_settings
from devassist.git.handles import promisor_of
from devassist.git.hardened import ENVIRONMENT, SETTINGS, as_environment, disarmed_programs, located
from devassist.git.merging.process import Died, MergeProcess
from devassist.git.merging.program import find_git
from devassist.git.merging.report import PairResult, parsed
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.objects.trees import GITLINK, Trees, tree_id
from devassist.git.repository import Repository

_INHERITED = (
    "HOME", "XDG_CONFIG_HOME", "TMPDIR",
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
)  # fmt: skip
_MERGING = {
    "core.fsync": "none",
    "core.looseCompression": "0",
    "diff.algorithm": "histogram",
}
_BATCH = 32
"""Their ids must fit into a page, the least that a pipe holds."""


@dataclass
class MergeTree:
    """
    Merges commits exactly as git does, without touching repository or files.

    Git starts with the first question. A context manager: leaving it ends git and removes the scratch objects.
    """

    repository: Repository
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    one_process_per_pair: bool = False
    with_base: bool = False
    """Whether the text between conflict markers includes the base version, as `diff3` does."""
    scratch: ScratchObjects = field(init=False)
    view: Repository = field(init=False)
    """The repository with the objects of the scratch directory."""
    drivers: frozenset[str] = field(default=frozenset(), init=False)
    """The merge drivers that the configuration names and that are not run."""
    merged: int = field(default=0, init=False)
    """The number of merges that git computed."""
    _process: MergeProcess | None = field(default=None, init=False)
    _command: list[str] = field(default_factory=list[str], init=False)
    _surroundings: dict[str, str] = field(default_factory=dict[str, str], init=False)

    def __post_init__(self) -> None:
        self.scratch = ScratchObjects.create(self.repository)
        self.view = self.scratch.view()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
        self.scratch.close()

    def merge(self, ours: str, theirs: str, base: str | None = None) -> PairResult:
        """Merge two commits; with `base`, which like them may then be a tree, that is the merge base."""
        if base is not None:
            root = self.scratch.commit(self._tree(base), ())
            ours, theirs = (self.scratch.commit(self._tree(side), (root,)) for side in (ours, theirs))
        return self.merge_all([(ours, theirs)])[0]

    def merge_all(self, pairs: Sequence[tuple[str, str]]) -> list[PairResult]:
        """Merge pairs of commits, in their order."""
        if not pairs:
            return []
        self._prepare()
        self._fetch_promised(pairs)
        self.merged += len(pairs)
        if self.one_process_per_pair:
            return [self._alone(pair) for pair in pairs]
        results: list[PairResult] = []
        for start in range(0, len(pairs), _BATCH):
            results += self._batch(pairs[start : start + _BATCH])
        return results

    def _fetch_promised(self, pairs: Sequence[tuple[str, str]]) -> None:
        """In a partial clone, fetch what differs, at once: the git that merges may not fetch."""
        promisor = promisor_of(self.repository.common_dir)
        if promisor is None:
            return
        trees, ids = Trees(self.view.handle), set[str]()
        for pair in pairs:
            base = self.view.merge_base(*pair)
            root = "" if base is None else self._tree(base)
            for commit in pair:
                for _path, *entries in trees.difference(root, self._tree(commit)):
                    ids |= {entry.id for entry in entries if entry is not None and entry.mode != GITLINK}
        promisor.fetch_missing(ids)

    def _tree(self, commit_or_tree: str) -> str:
        return tree_id(self.view.handle, commit_or_tree)

    # Asking -----------------------------------------------------------------------------------------------

    def _batch(self, pairs: Sequence[tuple[str, str]]) -> list[PairResult]:
        results: list[PairResult] = []
        try:
            for result in self._running().ask(pairs):
                results.append(result)  # noqa: PERF402 - answers from before its death count
        except Died:
            self._stop()
        else:
            return results
        # Again, pair by pair, so that the error names the pair that git cannot merge.
        for pair in pairs[len(results) :]:
            try:
                results += self._running().ask([pair])
            except Died as death:
                self._stop()
                raise RepositoryError(
                    f"git could not merge {pair[0][:12]} and {pair[1][:12]}: {death}",
                    hint="Run 'git fsck' to see whether objects are missing",
                ) from death
        return results

    def _running(self) -> MergeProcess:
        if self._process is None:
            self._process = MergeProcess.start(
                [*self._command, "--stdin"], self.repository.workdir, self._surroundings
            )
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _alone(self, pair: tuple[str, str]) -> PairResult:
        answer = run_git([*self._command, *pair], self.repository.workdir, self._surroundings)
        if answer.code not in (0, 1):
            raise RepositoryError(f"git could not merge {pair[0][:12]} and {pair[1][:12]}: {answer.error}")
        return parsed(iter([*answer.output.split(b"\0"), b""]), clean=answer.code == 0)

    # Getting ready ----------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self._command:
            return
        git = find_git(self.environment)
        self._surroundings = self._plain_environment(self.environment.get("PATH", os.defpath))
        self.one_process_per_pair = self.one_process_per_pair or not git.answers_many
        command = located(git.path, self.repository.git_dir, self.repository.workdir)
        style = {"merge.conflictStyle": "diff3"} if self.with_base else {}
        given = command_settings(self.environment)
        self._surroundings |= as_environment(given)
        settings = {**SETTINGS, **_MERGING, **style, **self._disarmed(command)}
        self._surroundings |= as_environment((*given, *settings.items()))
        self._surroundings["GIT_OBJECT_DIRECTORY"] = str(self.scratch.path)
        self._surroundings["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = _quoted(self.scratch.shared)
        self._command = [
            *command, "merge-tree", "--write-tree", "-z", "--messages", "--allow-unrelated-histories",
        ]  # fmt: skip

    def _plain_environment(self, path: str) -> dict[str, str]:
        inherited = {name: self.environment[name] for name in _INHERITED if name in self.environment}
        return {**inherited, "PATH": path, **ENVIRONMENT}

    def _disarmed(self, command: Sequence[str]) -> dict[str, str]:
        settings = disarmed_programs(command, self.repository.workdir, self._surroundings)
        drivers = (key for key in settings if key.endswith(".driver"))
        self.drivers = frozenset(key.removeprefix("merge.").removesuffix(".driver") for key in drivers)
        return settings


def _quoted(path: Path) -> str:
    # A colon would end the path and a quotation mark would begin a quoted one.
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'
