"""Merges, rebases and the like that a person has begun in a worktree and not ended: git keeps each in files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.git.common_dir import directory_of
from devassist.git.repository import Repository

_BRANCH = "refs/heads/"
_SIGNS = (
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("rebase-merge", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
_ENDS = {
    "bisect": "'git bisect reset' ends it",
    "merge": "'git merge --continue' or 'git merge --abort' ends it",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation in progress. `branches` are those that it moves, or that it returns to when it ends."""

    name: str
    place: Path
    branches: frozenset[str]

    @property
    def hint(self) -> str:
        return _ENDS.get(self.name, f"'git {self.name} --continue' or 'git {self.name} --abort' ends it")


def find_operation(git_dir: Path, place: Path) -> Operation | None:
    """The operation in progress in the worktree at `place`, whose own git directory is `git_dir`."""
    name = next((name for sign, name in _SIGNS if (git_dir / sign).exists()), None)
    return None if name is None else Operation(name, place, frozenset(_branches(git_dir)))


def refuse_unfinished(repository: Repository, doing: str) -> None:
    """Raise RepositoryError if an operation is in progress where the person's files are."""
    operation = find_operation(repository.git_dir, repository.workdir)
    if operation is not None:
        raise RepositoryError(
            f"A {operation.name} is in progress in {operation.place}, and {doing} would mix with it; "
            "nothing was changed",
            hint=f"{operation.hint}; then run the same command again",
        )


def refuse_moved_elsewhere(repository: Repository, branch: str) -> None:
    """Raise RepositoryError if a rebase or bisect of `branch` is in progress in any worktree."""
    for operation in _operations(repository):
        if branch in operation.branches:
            raise RepositoryError(
                f"Branch {branch} is in a {operation.name} in {operation.place}; nothing was changed",
                hint=f"{operation.hint}; then run the same command again",
            )


def _operations(repository: Repository) -> Iterator[Operation]:
    main = repository.places.main or repository.common_dir
    places = [(repository.common_dir, main)]
    for admin in sorted(path.parent for path in (repository.common_dir / "worktrees").glob("*/gitdir")):
        places += [(admin, directory_of(admin) or admin)]
    for git_dir, place in places:
        operation = find_operation(git_dir, place)
        if operation is not None:
            yield operation


def _branches(git_dir: Path) -> Iterator[str]:
    for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
        if (ref := _text(git_dir / name)).startswith(_BRANCH):
            yield ref.removeprefix(_BRANCH)
    # `git rebase --update-refs` moves other branches as well: three lines for each, the first is its name.
    for line in _text(git_dir / "rebase-merge/update-refs").splitlines():
        if line.startswith(_BRANCH):
            yield line.removeprefix(_BRANCH)
    if (git_dir / "BISECT_LOG").exists() and (start := _text(git_dir / "BISECT_START")):
        yield start.removeprefix(_BRANCH)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""
