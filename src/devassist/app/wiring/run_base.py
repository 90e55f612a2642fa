"""The commit that a run starts from, and what a person should know of the repository before."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from devassist.app.wiring.history import resolved as resolved_base
from devassist.app.wiring.project import Project
from devassist.domain.changes import directories_of, product_of
from devassist.domain.errors import RepositoryError
from devassist.git.objects.drivers import reason_of
from devassist.git.repository import Repository
from devassist.git.submodules.filling import submodules_of
from devassist.git.worktree.operations import Operation, find_operation
from devassist.git.worktree.snapshot import snapshot_dirty
from devassist.git.worktree.uncommitted import DirtyPaths, dirty_paths

_MOST_PATHS = 5
_FOLDERS = ("refs/heads/devassist", "refs/devassist")


def require_free_names(repository: Repository) -> None:
    """Raises RepositoryError if a branch has the name of the folder that the branches of runs are in."""
    for name in _FOLDERS:
        if repository.ref_tip(name) is not None:
            short = name.removeprefix("refs/heads/")
            raise RepositoryError(
                f"{short} is a branch here, so that git can have no branch {short}/<run>/..., as runs make",
                hint=f"git branch -m {short} <another name>",
            )


def _about_submodules(repository: Repository, base: str) -> list[str]:
    present, absent = list[str](), list[str]()
    for submodule in submodules_of(repository, repository.tree_of(base)):
        (absent if submodule.git_dir is None else present).append(submodule.path)
    notes = list[str]()
    if present:
        notes.append(
            f"submodules are read-only in the agents' worktrees and are never changed: {', '.join(present)}"
        )
    if absent:
        notes.append(
            f"submodules that are not here are empty in the agents' worktrees: {', '.join(absent)}; "
            "'git submodule update --init --recursive' fetches them"
        )
    return notes


def base_of(project: Project, revision: str, *, include_dirty: bool) -> tuple[str, list[str]]:
    """The commit that the run starts from, and warnings about the repository."""
    repository = project.repository
    base = resolved_base(repository, revision or "HEAD")
    warnings: list[str] = []
    dirty = dirty_paths(repository)
    operation = find_operation(repository.git_dir, repository.workdir)
    if dirty and include_dirty:
        base, warnings = _snapshot(project, dirty, operation)
    elif paths := _uncommitted(repository, dirty):
        warnings.append(
            f"uncommitted work is left out (the base is {base[:12]}): {_listed(paths)}; --include-dirty includes it"
        )
    if operation is not None:
        warnings.append(f"a {operation.name} is in progress in {operation.place}; {operation.hint}")
    if repository.is_shallow:
        warnings.append(
            "the clone is shallow; the run works, but conflicts need the history (fetch-depth: 0)"
        )
    if repository.tree_has_submodules(repository.tree_of(base)):
        warnings += _about_submodules(repository, base)
    drivers = repository.filter_drivers
    if "lfs" in drivers:
        warnings.append("files in Git LFS are pointers in the agents' worktrees")
    if others := sorted(drivers - {"lfs"}):
        warnings.append(
            f"files with the filter {', '.join(others)} are in the agents' worktrees as they are stored, "
            "and are not changed"
        )
    if repository.head_branch is None and not revision:
        warnings.append(f"HEAD is detached; the base is {base[:12]}")
    return base, warnings


def _snapshot(project: Project, dirty: DirtyPaths, operation: Operation | None) -> tuple[str, list[str]]:
    """A commit of the uncommitted work, and what is not in it."""
    if dirty.conflicted:
        raise RepositoryError(
            f"{', '.join(dirty.conflicted[:5])} has conflicts that are not resolved, and is no base for a run",
            hint=operation.hint if operation else "git status shows them; resolve them and 'git add' them",
        )
    signature = project.repository.signature(project.host.environment)
    message = "Uncommitted work, taken as the base of a run"
    snapshot = snapshot_dirty(project.repository, message, signature)
    warnings = [
        f"the change of {path} is not in the base: {reason_of(driver)}; commit it with git"
        for path, driver in snapshot.left_out.items()
    ]
    if snapshot.products:
        listed = _listed(snapshot.products)
        warnings.append(f"untracked build products are not in the base: {listed}; 'git add' puts them in")
    return snapshot.commit, warnings


def _uncommitted(repository: Repository, dirty: DirtyPaths) -> list[str]:
    """What a person has done since the commit: no build products, and an untracked directory as one path."""
    paths = dict.fromkeys([*dirty.staged, *dirty.unstaged])
    if dirty.untracked:
        tops = directories_of(repository.paths_of(repository.head_commit))
        work = [path for path in dirty.untracked if not product_of(path, tracked_tops=tops)]
        paths |= dict.fromkeys(_topmost(path, tops) for path in work)
    return list(paths)


def _topmost(path: str, tracked_tops: Collection[str]) -> str:
    parts = path.split("/")
    tops = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
    return next((f"{top}/" for top in tops if top not in tracked_tops), path)


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_PATHS
    return ", ".join(paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
