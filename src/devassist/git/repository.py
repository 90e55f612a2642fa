"""The repository around the current directory: its refs, commits and uncommitted work."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pygit2

from devassist.domain.errors import NotFound, RepositoryError
from devassist.git.discovery import Places, find_places
from devassist.git.locks import held_flock, held_gc, touch_gc
from devassist.git.objects import history, refs
from devassist.git.objects.errors import patiently, translated
from devassist.git.objects.history import BlamedLine, CommitFacts, HistoryAnchor, PathChange
from devassist.git.objects.identity import Signature, as_pygit2, find_signature
from devassist.git.objects.trees import Trees, tree_id

_BRANCH = "refs/heads/"
_LFS = "lfs"
_DRIVER = re.compile(rb"^[^#\n]*\sfilter=(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository. Nothing here writes the person's files, index, stash or checked-out branch."""

    places: Places
    prefix: str = ""
    """Where below `workdir` they stand, with a slash at the end, or nothing."""
    program_path: str = field(default=os.defpath, kw_only=True, compare=False)
    """The PATH that git itself is found on."""
    _handle: pygit2.Repository = field(kw_only=True, repr=False, compare=False)

    @classmethod
    def discover(
        cls, start: Path, *, program_path: str = os.defpath, environment: Mapping[str, str] | None = None
    ) -> Repository:
        """
        The repository around `start`, or that GIT_DIR in `environment` names.

        Raises RepositoryError if there is none, it is bare or it has no commits.
        """
        if not start.exists():
            raise RepositoryError(f"{start} does not exist", hint="Name a directory inside a git repository")
        places = find_places(start, environment or {}, program_path)
        handle = places.open()
        if handle.head_is_unborn:
            raise RepositoryError(
                f"{places.workdir} has no commits yet",
                hint="Commit something first: 'git commit --allow-empty'",
            )
        here = (start if start.is_dir() else start.parent).resolve()
        below = here.relative_to(places.workdir).as_posix() if here.is_relative_to(places.workdir) else "."
        prefix = "" if below == "." else f"{below}/"
        return cls(places, prefix, program_path=program_path, _handle=handle)

    def reopened(self) -> Repository:
        """The same repository with a handle of its own, for another thread."""
        return replace(self, _handle=self.places.open())

    @property
    def common_dir(self) -> Path:
        """The directory that all worktrees share."""
        return self.places.common_dir

    @property
    def git_dir(self) -> Path:
        return self.places.git_dir

    @property
    def workdir(self) -> Path:
        """The files of the worktree around the current directory."""
        return self.places.workdir

    @property
    def root(self) -> Path:
        """The main worktree's directory; where the person stands when that is bare or not recorded."""
        return self.places.main or self.places.workdir

    @property
    def handle(self) -> pygit2.Repository:
        """libgit2's object, for the modules of this package only."""
        return self._handle

    @property
    def state_name(self) -> str:
        """The name of this repository's directory in the state directory."""
        digest = hashlib.sha256(str(self.common_dir).encode("utf-8", "surrogateescape")).hexdigest()
        name = self.common_dir.parent.name if self.common_dir.name == ".git" else self.common_dir.stem
        return f"{name or 'repository'}-{digest[:8]}"

    @property
    def head_commit(self) -> str:
        with translated("read HEAD"):
            return str(self._handle.head.peel(pygit2.Commit).id)

    @property
    def head_branch(self) -> str | None:
        """The checked-out branch; None if HEAD is detached."""
        return None if self._handle.head_is_detached else self._handle.head.name.removeprefix(_BRANCH)

    @property
    def is_shallow(self) -> bool:
        return self._handle.is_shallow

    @property
    def has_submodules(self) -> bool:
        return self.tree_has_submodules(self.tree_of(self.head_commit))

    def tree_has_submodules(self, tree: str) -> bool:
        return Trees(self._handle).find(tree, ".gitmodules") is not None

    @property
    def has_lfs(self) -> bool:
        return _LFS in self.filter_drivers

    @property
    def filter_drivers(self) -> frozenset[str]:
        """The filter drivers that a .gitattributes of HEAD names. None of them is run here."""
        trees, names = Trees(self._handle), set[bytes]()
        for path, entry in trees.walk(self.tree_of(self.head_commit)):
            if path == ".gitattributes" or path.endswith("/.gitattributes"):
                names.update(_DRIVER.findall(self._handle.read(pygit2.Oid(hex=entry.id))[1]))
        return frozenset(name.decode("utf-8", "replace") for name in names)

    @property
    def is_sparse(self) -> bool:
        config = self._handle.config
        return "core.sparsecheckout" in config and config.get_bool("core.sparsecheckout")

    # Reading ----------------------------------------------------------------------------------------------

    def resolve(self, rev: str) -> str:
        """The commit id `rev` names."""
        try:
            return str(self._handle.revparse_single(rev).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise NotFound(
                f"{rev!r} is no commit here", hint="See 'git log --oneline' and 'git branch'"
            ) from error

    def tree_of(self, commit: str) -> str:
        with translated(f"read {commit[:12]}"):
            return tree_id(self._handle, commit)

    def paths_of(self, commit: str) -> Iterator[str]:
        """Every path tracked in `commit`."""
        return (path for path, _entry in Trees(self._handle).walk(self.tree_of(commit)))

    def read_file(self, commit: str, path: str) -> bytes:
        return history.read_file(self._handle, commit, path)

    def log(self, start: str, *, hide: Sequence[str] = (), limit: int = 0) -> Iterator[CommitFacts]:
        return history.log(self._handle, start, hide=hide, limit=limit)

    def diff(
        self,
        old: str,
        new: str,
        *,
        stat: bool = False,
        context: int = 3,
        paths: Collection[str] | None = None,
    ) -> str:
        return history.diff(self._handle, old, new, stat=stat, context=context, paths=paths)

    def changed_paths(self, old: str, new: str) -> tuple[str, ...]:
        return history.changed_paths(self._handle, old, new)

    def changes_between(self, old: str, new: str) -> tuple[PathChange, ...]:
        """Each path that differs between two trees or commits, in the order of paths."""
        return history.changes_between(self.handle, old, new)

    def history_anchors(self) -> Iterator[HistoryAnchor]:
        return history.anchors(self._handle)

    def blame_line(self, path: str, line: int, rev: str) -> BlamedLine:
        return history.blame_line(self._handle, path, line, rev)

    def merge_base(self, left: str, right: str) -> str | None:
        with translated("find the merge base"):
            base: object = self._handle.merge_base(pygit2.Oid(hex=left), pygit2.Oid(hex=right))
        return None if base is None else str(base)

    def is_ancestor(self, old: str, new: str) -> bool:
        if old == new:
            return True
        with translated("compare two commits"):
            return self._handle.descendant_of(pygit2.Oid(hex=new), pygit2.Oid(hex=old))

    # Writing objects and reading settings -------------------------------------------------------------------

    def commit_tree(
        self, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
    ) -> str:
        """A commit object; no ref moves."""
        with translated("store a commit"):
            commit = patiently(
                lambda: self._handle.create_commit(
                    None,
                    as_pygit2(author),
                    as_pygit2(committer),
                    message,
                    pygit2.Oid(hex=tree),
                    list(parents),
                )
            )
        return str(commit)

    def tree_with(self, tree: str, paths: Iterable[str], source: str) -> str:
        """The id of a stored tree: `tree` with `paths` as they are in `source`; those that it lacks are removed."""
        trees = Trees(self._handle)
        with translated("store a tree"):
            return trees.edited(tree, {path: trees.find(source, path) for path in paths}, write=True)

    def setting(self, key: str) -> str:
        """A value of the repository's configuration, or nothing."""
        with translated("read the configuration"):
            config = self._handle.config
            return str(config[key]) if key in config else ""

    def signature(self, env: Mapping[str, str], when: datetime | None = None) -> Signature:
        return find_signature(self._handle, env, when)

    # Refs -------------------------------------------------------------------------------------------------

    def branch_tip(self, name: str) -> str | None:
        return self.ref_tip(_BRANCH + name)

    def ref_tip(self, ref: str) -> str | None:
        return refs.tip(self._handle, ref)

    def ref_names(self, prefix: str) -> tuple[str, ...]:
        with translated("list the refs"):
            return tuple(sorted(name for name in self._handle.references if name.startswith(prefix)))

    def create_ref(self, ref: str, commit: str, message: str = "devassist: created") -> None:
        refs.create(self._handle, ref, commit, message)

    def keep_ref(self, ref: str, commit: str) -> None:
        """Point one of our own safety refs at a commit, wherever it was."""
        refs.force(self._handle, ref, commit, "devassist: kept")

    def move_ref(self, ref: str, *, old: str, new: str, message: str) -> None:
        """Compare-and-swap; RepositoryChanged when `ref` is not at `old`."""
        refs.move(self._handle, ref, old=old, new=new, message=message)

    def delete_ref(self, ref: str, *, old: str) -> None:
        refs.delete(self._handle, ref, old=old)

    # Locks ------------------------------------------------------------------------------------------------

    def lock(self, *, timeout_s: float = 30.0) -> AbstractContextManager[None]:
        """The one lock for adding and removing worktrees, merging and repairing."""
        return held_flock(self.common_dir / "devassist" / "lock", timeout_s=timeout_s)

    def hold_gc(self, pid: int) -> AbstractContextManager[bool]:
        return held_gc(self.common_dir, pid)

    def touch_gc(self, pid: int) -> None:
        touch_gc(self.common_dir, pid)
