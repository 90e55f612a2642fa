"""The files under <common>/worktrees/<name> that make a directory a linked worktree."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.descent import remove_tree
from devassist.domain.errors import RepositoryChanged, RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.handles import open_handle
from devassist.git.objects.errors import translated
from devassist.git.worktree.sparse import SparseSet

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class AdminDir:
    """One worktree's administrative directory and the content of its files."""

    path: Path
    """<common>/worktrees/<name>"""
    workdir: Path
    head: str
    """The whole of HEAD: `ref: refs/heads/...`, or a commit id."""

    @property
    def pointer(self) -> bytes:
        """The exact bytes of the worktree's `.git` file."""
        return b"gitdir: " + os.fsencode(self.path) + b"\n"

    def create(self, reason: str) -> None:
        """Register the worktree, locked from its first moment, so that `git worktree prune` leaves it alone."""
        with translated(f"register the worktree {self.path.name}"):
            self.path.parent.mkdir(exist_ok=True)
            self.path.mkdir()
            (self.path / "locked").write_text(reason + "\n")
            reach("worktree.lock")
            (self.path / "commondir").write_text("../..\n")
            (self.path / "gitdir").write_bytes(os.fsencode(self.workdir / ".git") + b"\n")
            (self.path / "HEAD").write_text(self.head + "\n")
            reach("worktree.add")
            self.workdir.mkdir(parents=True, mode=0o700)
            (self.workdir / ".git").write_bytes(self.pointer)

    def inherit_sparse(self, sparse: SparseSet, main: pygit2.Repository) -> None:
        """Copy the sparse checkout's patterns, as `git worktree add` does and libgit2 does not."""
        config = main.config
        with translated("inherit the sparse checkout"):
            (self.path / "info").mkdir(exist_ok=True)
            (self.path / "info" / "sparse-checkout").write_text(sparse.text, "utf-8", "surrogateescape")
            if "extensions.worktreeconfig" in config and config.get_bool("extensions.worktreeconfig"):
                cone = "core.sparsecheckoutcone" in config and config.get_bool("core.sparsecheckoutcone")
                text = f"[core]\n\tsparseCheckout = true\n\tsparseCheckoutCone = {str(cone).lower()}\n"
                (self.path / "config.worktree").write_text(text)

    def open(self) -> pygit2.Repository:
        """
        The worktree's repository, after checking that its registration is as recorded.

        Opened here and not at the worktree: an agent can write the `.git` pointer there, and libgit2 would
        follow it anywhere. NO_SEARCH, because without `commondir` a search ends in the main repository.
        """
        self._check("its .git pointer", self.workdir / ".git", self.pointer)
        self._check("its HEAD", self.path / "HEAD", self.head.encode() + b"\n")
        self._check("its commondir", self.path / "commondir", b"../..\n")
        try:
            repo = open_handle(self.path)
        except (pygit2.GitError, OSError) as error:
            raise self._changed(f"cannot be opened: {error}") from error
        if Path(repo.path) != self.path:
            raise self._changed(f"opens as {repo.path}")
        if Path(repo.workdir) != self.workdir:
            raise self._changed(f"has its files at {repo.workdir}")
        return repo

    def _check(self, what: str, file: Path, expected: bytes) -> None:
        try:
            plain = stat.S_ISREG(file.lstat().st_mode)
            content = file.read_bytes() if plain else b""
        except OSError:
            raise self._changed(f"{what} is missing") from None
        if not plain or content != expected:
            raise self._changed(f"{what} was rewritten")

    def _changed(self, what: str) -> RepositoryChanged:
        return RepositoryChanged(
            f"Worktree {self.path.name} is not what was recorded: {what}",
            hint=f"It is quarantined; look at {self.workdir} by hand, then remove it",
        )

    def unregister(self) -> None:
        """Forget the worktree and delete its directory; the caller has made sure that nothing is lost."""
        delete_directory(self.workdir)
        reach("worktree.remove")
        delete_directory(self.path)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def check_new(admin: Path, workdir: Path, outside: tuple[Path, ...]) -> None:
    """Refuse names and places that are in use or inside the repository."""
    if not _NAME.fullmatch(admin.name) or admin.name.endswith((".lock", ".")):
        raise RepositoryError(
            f"{admin.name!r} cannot name a worktree", hint="Use letters, digits, '.', '_' and '-'"
        )
    if not workdir.is_absolute() or workdir != workdir.parent.resolve() / workdir.name:
        raise RepositoryError(f"{workdir} is not an absolute path without links", hint="Resolve it first")
    for tree in outside:
        if workdir.is_relative_to(tree):
            raise RepositoryError(
                f"{workdir} is inside the repository {tree}",
                hint="Set DEVASSIST_STATE_DIR to a directory outside",
            )
    for place in (admin, workdir):
        if os.path.lexists(place):
            raise RepositoryError(f"{place} already exists", hint="See 'devassist worktrees list'")


def delete_directory(path: Path) -> None:
    """Delete a tree although parts of it may be read-only, never following a link."""

    def make_writable(_function: Callable[..., object], name: str, _error: object) -> None:
        with contextlib.suppress(OSError):
            Path(name).parent.chmod(0o700)
            if not Path(name).is_symlink():
                Path(name).chmod(0o700)
            if Path(name).is_dir() and not Path(name).is_symlink():
                shutil.rmtree(name)
            else:
                Path(name).unlink()

    if not os.path.lexists(path):
        return
    with translated(f"delete {path}"):
        if path.is_symlink():
            path.unlink()
            return
        for _ in range(3):
            try:
                shutil.rmtree(path, onerror=make_writable)
            except RecursionError:
                remove_tree(path)
            if not path.exists():
                return
        raise OSError(f"something in {path} cannot be deleted")
