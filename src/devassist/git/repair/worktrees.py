"""Repairs worktrees and locks that a killed process left, in our own namespace only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.domain.changes import is_product_directory
from devassist.git.locks import gc_holder
from devassist.git.objects.errors import translated
from devassist.git.objects.identity import FALLBACK_EMAIL, FALLBACK_NAME, Signature
from devassist.git.objects.trees import Entry, Trees, tree_id
from devassist.git.repository import Repository
from devassist.git.worktree.admin import AdminDir, delete_directory
from devassist.git.worktree.files import Files
from devassist.git.worktree.index_file import IndexFile

_BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A worktree as the log has it."""

    name: str
    path: Path
    branch: str
    reason: str = "devassist"

    @property
    def head(self) -> str:
        return f"ref: {_BRANCH}{self.branch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """A file of a worktree's registration that is not as recorded. `before` is shown; `wanted` is written."""

    path: Path
    before: str
    wanted: bytes


def clear_dead_locks(repository: Repository, run: str) -> list[str]:
    """
    Remove the lock files of a run that no process works on; returns their paths below the git directory.

    The caller holds the run's lock and has ended its processes. Locks of others are never touched.
    """
    locks = list(locks_of(repository, run))
    for lock in locks:
        with contextlib.suppress(OSError):
            lock.unlink()
    return [str(lock.relative_to(repository.common_dir)) for lock in locks]


def locks_of(repository: Repository, run: str) -> Iterator[Path]:
    """The lock files in the namespace of one run."""
    common = repository.common_dir
    roots = [
        *common.glob(f"worktrees/da-{run}-*"),
        common / "refs" / "heads" / "devassist" / run,
        *(common / "refs" / "devassist" / kind / run for kind in ("rescue", "keep")),
    ]
    for root in roots:
        if root.is_dir():
            yield from sorted(root.rglob("*.lock"))
    if (lock := common / "refs" / "devassist" / "base" / f"{run}.lock").exists():
        yield lock


def foreign_locks(repository: Repository) -> Iterator[Path]:
    """Lock files of the repository that are not ours to judge: reported, never removed."""
    common = repository.common_dir
    yield from sorted([*common.glob("*.lock"), *(common / "refs" / "heads").glob("*.lock")])


def held_open(path: Path) -> bool:
    """Whether any process whose descriptors we may read has the file open."""
    for descriptors in Path("/proc").glob("[0-9]*/fd"):
        with contextlib.suppress(OSError):
            if any(file.samefile(path) for file in descriptors.iterdir() if file.exists()):
                return True
    return False


def adopt_moved(repository: Repository, worktree: Path, name: str) -> bool:
    """Point a worktree at its repository again after the repository moved; True when anything was wrong."""
    pointer = worktree / ".git"
    admin = repository.common_dir / "worktrees" / name
    expected = f"gitdir: {admin}\n"
    if not pointer.is_file() or pointer.is_symlink() or not admin.is_dir():
        return False
    there = (admin / "gitdir").read_text() if (admin / "gitdir").is_file() else ""
    if pointer.read_text() == expected and there == f"{pointer}\n":
        return False
    pointer.write_text(expected)
    (admin / "gitdir").write_text(f"{pointer}\n")
    return True


def torn_files(repository: Repository, recorded: Recorded) -> Iterator[Torn]:
    """
    The files of a worktree's registration that are missing or mangled. A branch that somebody switched to is neither.

    Both the administrative directory and the worktree's own must exist.
    """
    admin = AdminDir(repository.common_dir / "worktrees" / recorded.name, recorded.path, recorded.head)
    registration = {
        admin.path / "commondir": b"../..\n",
        admin.path / "gitdir": os.fsencode(recorded.path / ".git") + b"\n",
        admin.path / "HEAD": recorded.head.encode() + b"\n",
        recorded.path / ".git": admin.pointer,
        admin.path / "locked": f"{recorded.reason}\n".encode(),
    }
    for path, content in registration.items():
        present = _content(path)
        if present == content or (path.name == "locked" and present) or path.is_dir():
            continue
        if path.name == "HEAD" and _is_head(repository, present):
            continue
        yield Torn(path=path, before=(present or b"").decode("utf-8", "replace")[:200], wanted=content)
    index = admin.path / "index"
    if index.exists() and not _readable(index):
        yield Torn(path=index, before=f"{index.stat().st_size} bytes that are no index", wanted=b"")


def mend(torn: Torn) -> None:
    """Write what was recorded; an index is built anew from HEAD, which touches no file."""
    with translated(f"mend {torn.path}"):
        if torn.path.name == "index":
            torn.path.unlink()
            rebuild_index(torn.path.parent)
            return
        if torn.path.is_symlink():
            torn.path.unlink()
        fresh = torn.path.with_name(f"{torn.path.name}.devassist")
        fresh.write_bytes(torn.wanted)
        fresh.replace(torn.path)


def rebuild_index(admin: Path) -> None:
    """An index that has what HEAD has. What the files changed shows as changed afterwards."""
    handle = pygit2.Repository(str(admin))
    handle.index.read_tree(handle.head.peel(pygit2.Commit).tree)
    handle.index.write()


def register_again(repository: Repository, recorded: Recorded) -> None:
    """Make a directory that git has forgotten a worktree of its branch again, its files as they are."""
    admin = repository.common_dir / "worktrees" / recorded.name
    with translated(f"register {recorded.name} again"):
        admin.mkdir(parents=True, exist_ok=True)
        for torn in torn_files(repository, recorded):
            mend(torn)
        rebuild_index(admin)


def forget(repository: Repository, name: str) -> None:
    """Unregister a worktree whose directory is gone, or was never there. Its branch stays."""
    delete_directory(repository.common_dir / "worktrees" / name)


def keep_directory(repository: Repository, directory: Path, ref: str, *, like: str) -> str | None:
    """
    Put the files of a directory that is no worktree any more under `ref`, as a change on commit `like`.

    None where it has nothing that the commit has not. Afterwards nothing is lost when it goes.
    """
    handle = repository.handle
    trees, files, old = Trees(handle), Files(handle, directory), tree_id(handle, like)
    edits: dict[str, Entry | None] = {path: None for path, _entry in trees.walk(old)}
    with translated(f"read {directory}"):
        for above, names, files_here in os.walk(directory):
            names[:] = [name for name in names if name != ".git" and not is_product_directory(name)]
            for name in files_here:
                path = Path(above, name).relative_to(directory).as_posix()
                if path != ".git" and (seen := files.see(path, store=True)) is not None:
                    edits[path] = seen.entry
    tree = trees.edited(old, edits, write=True)
    if tree == old:
        return None
    who = Signature(FALLBACK_NAME, FALLBACK_EMAIL)
    commit = repository.commit_tree(tree, (like,), f"devassist: kept from {directory.name}", who, who)
    if repository.ref_tip(ref) is None:
        repository.create_ref(ref, commit, "devassist: kept by doctor")
    return commit


@dataclass(frozen=True, slots=True)
class StaleGc:
    """A gc.pid file that names a dead process of this machine."""

    path: Path
    pid: int


def find_stale_gc(repository: Repository) -> StaleGc | None:
    """The repository's gc.pid, if the process in it is dead."""
    path = repository.common_dir / "gc.pid"
    pid = gc_holder(path)
    return StaleGc(path, pid) if pid else None


def _content(path: Path) -> bytes | None:
    try:
        return None if path.is_symlink() else path.read_bytes()
    except OSError:
        return None


def _is_head(repository: Repository, content: bytes | None) -> bool:
    """Whether this is a valid HEAD: a branch, or a commit that exists."""
    text = (content or b"").decode("utf-8", "replace").strip()
    if text.startswith(f"ref: {_BRANCH}"):
        return repository.ref_tip(text.removeprefix("ref: ")) is not None
    try:
        return len(text) == 40 and text in repository.handle  # noqa: PLR2004  an object id
    except ValueError:
        return False


def _readable(index: Path) -> bool:
    try:
        IndexFile.load(index)
    except Exception:  # noqa: BLE001  torn bytes fail in many ways, and all mean the same
        return False
    return True
