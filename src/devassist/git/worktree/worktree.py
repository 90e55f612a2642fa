"""The worktree of one agent: its changes, committing and rescuing them, and removal without loss."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.domain.changes import ChangeSet
from devassist.domain.errors import Refused, RepositoryChanged, RepositoryError
from devassist.domain.failpoints import reach
from devassist.domain.risks import forbidden_path
from devassist.git.objects import refs
from devassist.git.objects.drivers import driver_of, reason_of
from devassist.git.objects.errors import translated
from devassist.git.objects.identity import FALLBACK_EMAIL, FALLBACK_NAME, Signature
from devassist.git.objects.ignored import is_ignored
from devassist.git.objects.trees import Entry, Trees, tree_id
from devassist.git.repository import Repository
from devassist.git.submodules.record import submodule_above
from devassist.git.worktree.admin import AdminDir, delete_directory
from devassist.git.worktree.materialise import materialise, refresh
from devassist.git.worktree.scan import Scan, scan

_BRANCH = "refs/heads/"
_KEPT = ("refs/heads/", "refs/tags/", "refs/remotes/", "refs/devassist/")


@dataclass(slots=True)
class Worktree:
    """
    One agent's worktree. Every method first checks that it is still what was recorded.

    A method that fails that check raises RepositoryChanged: the worktree is to be quarantined.
    """

    repository: Repository
    admin: AdminDir
    branch: str | None

    @property
    def name(self) -> str:
        return self.admin.path.name

    @property
    def path(self) -> Path:
        return self.admin.workdir

    @property
    def head_commit(self) -> str:
        handle = self.admin.open()
        if self.branch is None:
            return self.admin.head
        tip = refs.tip(handle, _BRANCH + self.branch)
        if tip is None:
            raise RepositoryChanged(
                f"Branch {self.branch} of worktree {self.name} is gone",
                hint=f"The files are still in {self.path}",
            )
        return tip

    def check(self) -> None:
        """Raise RepositoryChanged unless pointer, HEAD, workdir and branch are as recorded."""
        _ = self.head_commit

    # What changed -----------------------------------------------------------------------------------------

    def changes(self, named: Collection[str] = ()) -> ChangeSet:
        """Everything in the files that is not in HEAD: untracked included, ignored only at the paths in `named`."""
        return self._scan(store=False, named=named).changes

    def state_id(self) -> str:
        """The id of the tree that a commit of all changes would have; nothing is written."""
        scanned = self._scan(store=False)
        handle = self.admin.open()
        return Trees(handle).edited(tree_id(handle, self.head_commit), scanned.edits(), write=False)

    def state_tree(self, paths: Collection[str] | None = None) -> str:
        """The tree that a commit of everything, or of `paths`, would have, stored, for a diff. No ref moves."""
        handle = self.admin.open()
        tree = tree_id(handle, self.head_commit)
        scanned = scan(handle, self.path, tree, store=True, named=paths or ())
        with translated("store the tree"):
            return Trees(handle).edited(tree, scanned.edits(paths), write=True)

    def blobs(self, named: Collection[str] = ()) -> Mapping[str, str]:
        """The blob id of each path in `changes` that still exists."""
        seen = self._scan(store=False, named=named).seen
        return {path: state.entry.id for path, state in seen.items() if state is not None}

    def tracks(self, path: str) -> bool:
        """Whether HEAD has a file at `path`."""
        handle = self.admin.open()
        return Trees(handle).find(tree_id(handle, self.head_commit), path) is not None

    def submodule_above(self, path: str) -> str:
        """The submodule that `path` is inside of; empty if it is in none."""
        handle = self.admin.open()
        return submodule_above(Trees(handle), tree_id(handle, self.head_commit), path)

    def driver_of(self, path: str) -> str:
        """The filter driver that git would run on the content of `path`, which is not run here; empty if none."""
        return driver_of(self.admin.open(), path)

    def ignores(self, path: str) -> bool:
        """Whether git's ignore rules name `path`, tracked or not."""
        return is_ignored(self.admin.open(), path)

    @property
    def is_clean(self) -> bool:
        return not self.changes()

    def _scan(self, *, store: bool, named: Collection[str] = ()) -> Scan:
        handle = self.admin.open()
        return scan(handle, self.path, tree_id(handle, self.head_commit), store=store, named=named)

    # Keeping ----------------------------------------------------------------------------------------------

    def commit(
        self, paths: Collection[str], message: str, *, author: Signature, committer: Signature
    ) -> str | None:
        """
        Commit exactly `paths` to the branch, also where git ignores them; None when that changes nothing.

        Both paths of a rename must be named for it to be one. Refused when a path is one that no system
        should be given; RepositoryChanged when the branch moved meanwhile.
        """
        for path in paths:
            if reason := forbidden_path(path):
                raise Refused(f"{path!r} is not committed: {reason}", hint="Rename or delete the file")
        head, handle = self.head_commit, self.admin.open()
        scanned = scan(handle, self.path, tree_id(handle, head), store=True, named=paths)
        edits = scanned.edits(paths)
        for path, driver in scanned.driven.items():
            if path in edits:
                raise Refused(f"{path!r} is not committed: {reason_of(driver)}", hint="Leave it as it was")
        commit = self._commit_of(handle, head, edits, message, (author, committer))
        if commit is None:
            return None
        self._advance(handle, head, commit, message)
        reach("agent.ref")
        refresh(handle, {path: scanned.seen[path] for path in edits})
        return commit

    def snapshot(
        self,
        ref: str,
        *,
        message: str = "devassist: rescued work",
        by: Signature | None = None,
        named: Collection[str] = (),
    ) -> str | None:
        """Put everything uncommitted into a commit at `ref`, as in `changes`, moving nothing else; None when clean."""
        signature = by or Signature(FALLBACK_NAME, FALLBACK_EMAIL)
        head, handle = self.head_commit, self.admin.open()
        scanned = scan(handle, self.path, tree_id(handle, head), store=True, named=named)
        commit = self._commit_of(handle, head, scanned.edits(), message, (signature, signature))
        if commit is not None:
            before = refs.tip(handle, ref)
            if before is not None and tree_id(handle, before) != tree_id(handle, commit):
                refs.force(handle, f"{ref}-{before[:8]}", before, message)  # other work: it stays as well
            refs.force(handle, ref, commit, message)
        return commit

    def _commit_of(
        self,
        handle: pygit2.Repository,
        head: str,
        edits: Mapping[str, Entry | None],
        message: str,
        who: tuple[Signature, Signature],
    ) -> str | None:
        old = tree_id(handle, head)
        with translated("store the tree"):
            new = Trees(handle).edited(old, edits, write=True)
        if new == old:
            return None
        # A concurrent `git gc --prune=now` can take a fresh blob; the files still have it.
        lost = [path for path, entry in edits.items() if entry is not None and entry.id not in handle]
        if lost:
            again = scan(handle, self.path, old, store=True, named=lost).edits(lost)
            if again != {path: edits[path] for path in lost} or any(
                e and e.id not in handle for e in again.values()
            ):
                raise RepositoryError(
                    f"The content of {lost[0]} went missing while it was committed", hint="Try again"
                )
        with translated("store the tree"):
            reach("objects.write")
        return self.repository.commit_tree(new, (head,), message, who[0], who[1])

    def _advance(self, handle: pygit2.Repository, old: str, new: str, message: str) -> None:
        if self.branch is None:
            with translated("move HEAD"):
                handle.set_head(pygit2.Oid(hex=new))
            self.admin = AdminDir(self.admin.path, self.path, new)
            return
        refs.move(
            handle, _BRANCH + self.branch, old=old, new=new, message=f"commit: {message.splitlines()[0]}"
        )

    # Moving -----------------------------------------------------------------------------------------------

    def fast_forward(self, commit: str, *, rescue_ref: str = "") -> None:
        """Bring branch and files to a descendant of HEAD; leftovers go to `rescue_ref` first."""
        head, handle = self.head_commit, self.admin.open()
        if not self.repository.is_ancestor(head, commit):
            raise RepositoryError(
                f"{commit[:12]} does not descend from {head[:12]}, the head of {self.name}",
                hint="Merge instead",
            )
        if rescue_ref:
            self.snapshot(rescue_ref)
        elif not self.is_clean:
            raise RepositoryError(
                f"Worktree {self.name} has uncommitted work", hint="Name a rescue ref for it"
            )
        self._make_exact(handle, tree_id(handle, head), tree_id(handle, commit))
        if head != commit:
            self._advance(handle, head, commit, "fast-forward")

    def reset_to(self, tree_or_commit: str) -> None:
        """
        Make the files exactly those of a tree, without moving any branch; ignored files stay as caches.

        Only for a detached worktree: uncommitted work in it is not kept. A commit also becomes HEAD.
        """
        if self.branch is not None:
            raise RepositoryError(
                f"Worktree {self.name} is an agent's; it is not reset", hint="Use fast_forward"
            )
        head, handle = self.head_commit, self.admin.open()
        with translated(f"read {tree_or_commit[:12]}"):
            target = handle[pygit2.Oid(hex=tree_or_commit)]
            tree = str(target.peel(pygit2.Tree).id)
        for embedded in scan(handle, self.path, tree_id(handle, head), store=False).changes.embedded:
            delete_directory(self.path / embedded)
        self._make_exact(handle, tree_id(handle, head), tree)
        if isinstance(target, pygit2.Commit) and tree_or_commit != head:
            self._advance(handle, head, tree_or_commit, "reset")

    def _make_exact(self, handle: pygit2.Repository, old: str, new: str) -> None:
        trees = Trees(handle)
        dirty = scan(handle, self.path, old, store=False).seen
        edits = {path: trees.find(new, path) for path in dirty}
        edits |= {path: entry for path, before, entry in trees.difference(old, new) if before != entry}
        # What a run changes is there to be seen and checked, also outside a sparse checkout.
        materialise(handle, self.path, edits, beyond_sparse=True)

    # Giving up --------------------------------------------------------------------------------------------

    def remove(self, *, kept: Collection[str] = ()) -> str | None:
        """
        Unlock, forget and delete the worktree; the branch stays. Returns why not, when work would be lost.

        `kept` are commits or refs that hold the uncommitted work already, such as what `snapshot` returned.
        """
        reason = self.why_not_remove(kept=kept)
        if reason is None:
            with self.repository.lock():
                self.admin.unregister()
        return reason

    def why_not_remove(self, *, kept: Collection[str] = ()) -> str | None:
        """The reason why removing the worktree now would lose work, or None."""
        head, handle = self.head_commit, self.admin.open()
        scanned = scan(handle, self.path, tree_id(handle, head), store=False)
        if scanned.changes.embedded:
            return f"{scanned.changes.embedded[0]} is a repository of its own"
        if scanned.seen and not self._is_kept(handle, head, scanned, kept):
            return f"{len(scanned.seen)} paths are not committed, {next(iter(scanned.seen))} among them"
        if self.branch is None and not self._is_reachable(handle, head):
            return f"no ref keeps its HEAD {head[:12]}"
        return None

    def _is_kept(self, handle: pygit2.Repository, head: str, scanned: Scan, kept: Collection[str]) -> bool:
        tree = Trees(handle).edited(tree_id(handle, head), scanned.edits(), write=False)
        return any(
            tree == tree_id(handle, commit) and self._is_reachable(handle, commit)
            for name in kept
            if (commit := refs.tip(handle, name) if name.startswith("refs/") else name)
        )

    def _is_reachable(self, handle: pygit2.Repository, commit: str) -> bool:
        with translated("look for a ref that keeps the work"):
            tips = [name for name in handle.references if name.startswith(_KEPT)]
            return any(
                self.repository.is_ancestor(commit, kept) for name in tips if (kept := _tip(handle, name))
            )


def _tip(handle: pygit2.Repository, ref: str) -> str | None:
    try:
        return str(handle.references[ref].peel(pygit2.Commit).id)
    except (pygit2.GitError, KeyError, ValueError):
        return None  # a tag of a tree keeps no commit
