"""Opening linked worktrees: on a branch of their own, detached, or as recorded earlier."""

from __future__ import annotations

import contextlib
from itertools import count
from pathlib import Path

from devassist.domain.choice.privacy import NOTHING, PrivatePaths
from devassist.domain.errors import NotFound, RepositoryChanged
from devassist.domain.failpoints import reach
from devassist.git.objects.errors import translated
from devassist.git.objects.trees import tree_id
from devassist.git.repository import Repository
from devassist.git.worktree.admin import AdminDir, check_new
from devassist.git.worktree.listing import WorktreeState, copy_untracked, list_worktrees
from devassist.git.worktree.populate import populate
from devassist.git.worktree.sparse import SparseSet, hide
from devassist.git.worktree.worktree import Worktree

__all__ = [
    "Worktree",
    "WorktreeState",
    "clear_unfinished",
    "copy_untracked",
    "detached_worktree",
    "drop_detached",
    "find_worktree",
    "list_worktrees",
    "open_worktree",
    "set_aside",
]

_BRANCH = "refs/heads/"


def open_worktree(  # noqa: PLR0913  the facts of a worktree
    repository: Repository,
    *,
    name: str,
    path: Path,
    branch: str,
    commit: str,
    reason: str,
    hidden: PrivatePaths = NOTHING,
    base: str = "",
) -> Worktree:
    """
    A new branch at `commit` and a locked worktree for it at `path`. What is `hidden` is never among its files.

    What differs from the commit `base` is there also outside a sparse checkout.

    If a name or place is in use, nothing is changed. If opening fails midway, its branch and files are removed again.
    """
    admin = AdminDir(repository.common_dir / "worktrees" / name, path, f"ref: {_BRANCH}{branch}")
    with repository.lock():
        check_new(admin.path, path, (repository.root, repository.workdir, repository.common_dir))
        repository.create_ref(_BRANCH + branch, commit, f"devassist: branch for {name}")
        reach("branch.create")
        try:
            _register(repository, admin, reason, hidden)
        except BaseException:
            _delete_branch(repository, branch, commit)
            raise
    # Filling it touches nothing shared, so other worktrees can be opened meanwhile.
    try:
        return _filled(repository, admin, branch, commit, base)
    except BaseException:
        with repository.lock():
            admin.unregister()
            _delete_branch(repository, branch, commit)
        raise


def detached_worktree(
    repository: Repository,
    *,
    name: str,
    path: Path,
    commit: str,
    reason: str = "devassist integration",
    base: str = "",
) -> Worktree:
    """A locked worktree at `path` on no branch, for checking merged trees; `base` as for `open_worktree`."""
    admin = AdminDir(repository.common_dir / "worktrees" / name, path, commit)
    with repository.lock():
        check_new(admin.path, path, (repository.root, repository.workdir, repository.common_dir))
        _register(repository, admin, reason)
    try:
        return _filled(repository, admin, None, commit, base)
    except BaseException:
        with repository.lock():
            admin.unregister()
        raise


def drop_detached(repository: Repository, *, name: str, path: Path) -> None:
    """Remove a worktree for checking merged trees that a killed supervisor left. It holds no work."""
    admin = AdminDir(repository.common_dir / "worktrees" / name, path, "")
    with repository.lock():
        if admin.path.is_dir() or path.exists():
            admin.unregister()


def set_aside(repository: Repository, *, name: str, path: Path) -> None:
    """Unregister a worktree that is not as recorded, and move its directory aside."""
    with repository.lock():
        _move_aside(AdminDir(repository.common_dir / "worktrees" / name, path, ""))


def _move_aside(admin: AdminDir) -> None:
    path = admin.workdir
    if path.exists():
        path.rename(
            next(free for n in count(1) if not (free := path.with_name(f"{path.name}.left-{n}")).exists())
        )
    if admin.path.is_dir():
        admin.unregister()


def clear_unfinished(repository: Repository, *, name: str, path: Path, branch: str, commit: str) -> None:
    """
    Clear the place of a worktree that a killed supervisor was opening, before it is opened again at `commit`.

    Nothing that holds work is deleted: a directory is moved aside, a branch that moved gets a rescue ref.
    """
    admin = AdminDir(repository.common_dir / "worktrees" / name, path, f"ref: {_BRANCH}{branch}")
    with repository.lock():
        _move_aside(admin)
        tip = repository.branch_tip(branch)
        if tip is not None:
            ref = f"refs/devassist/rescue/{branch.removeprefix('devassist/')}-branch"
            if not repository.is_ancestor(tip, commit) and repository.ref_tip(ref) is None:
                repository.create_ref(ref, tip)
            _delete_branch(repository, branch, tip)


def find_worktree(repository: Repository, *, name: str, path: Path, branch: str | None) -> Worktree:
    """A worktree opened earlier, as recorded; NotFound if it is gone, RepositoryChanged if it differs."""
    admin_path = repository.common_dir / "worktrees" / name
    if not admin_path.is_dir() or not path.is_dir():
        raise NotFound(f"Worktree {name} at {path} is gone", hint="See 'devassist worktrees list'")
    head = f"ref: {_BRANCH}{branch}" if branch is not None else _detached_head(admin_path)
    worktree = Worktree(repository, AdminDir(admin_path, path, head), branch)
    worktree.check()
    return worktree


def _detached_head(admin: Path) -> str:
    with translated("read HEAD"):
        return (admin / "HEAD").read_text().strip()


def _register(repository: Repository, admin: AdminDir, reason: str, hidden: PrivatePaths = NOTHING) -> None:
    try:
        admin.create(reason)
        if hidden:
            hide(admin.path, hidden)
        sparse = SparseSet.find(repository.handle)
        if sparse is not None:
            admin.inherit_sparse(sparse, repository.handle)
    except BaseException:
        admin.unregister()
        raise


def _filled(repository: Repository, admin: AdminDir, branch: str | None, commit: str, base: str) -> Worktree:
    handle = admin.open()
    populate(repository, admin.path, admin.workdir, tree_id(handle, commit), base=base)
    worktree = Worktree(repository, admin, branch)
    if worktree.head_commit != commit:
        raise RepositoryChanged(f"Worktree {worktree.name} is not at {commit[:12]}", hint="Try again")
    return worktree


def _delete_branch(repository: Repository, branch: str, commit: str) -> None:
    # If somebody moved it meanwhile, it holds their work.
    with contextlib.suppress(RepositoryChanged):
        repository.delete_ref(_BRANCH + branch, old=commit)
