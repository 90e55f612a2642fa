"""Refs: read, created, and moved or deleted by compare-and-swap only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import pygit2

from devassist.domain.errors import RepositoryChanged, RepositoryError
from devassist.domain.failpoints import reach
from devassist.git.objects.errors import patiently, translated
from devassist.git.objects.trailers import one_line


def tip(repo: pygit2.Repository, ref: str) -> str | None:
    """The commit `ref` points at, looked up afresh."""
    with translated(f"read {ref}"):
        try:
            return str(patiently(lambda: repo.references[ref].resolve().target))
        except KeyError:
            return None


def create(repo: pygit2.Repository, ref: str, commit: str, message: str = "devassist: created") -> None:
    """Make `ref`; a RepositoryError when it is there already."""
    if not pygit2.reference_is_valid_name(ref):
        raise RepositoryError(f"{ref!r} is no valid name for a ref", hint="See 'git help check-ref-format'")
    with translated(f"create {ref}"):
        try:
            patiently(
                lambda: repo.create_reference_direct(
                    ref, pygit2.Oid(hex=commit), force=False, message=one_line(message)
                )
            )
        except pygit2.AlreadyExistsError as error:
            short = ref.removeprefix("refs/heads/")
            raise RepositoryError(
                f"Branch {short} already exists" if short != ref else f"{ref} already exists",
                hint=f"Nothing was changed; 'git log {short}' shows what is on it",
            ) from error


@contextmanager
def moving(repo: pygit2.Repository, ref: str, *, old: str, new: str, message: str) -> Iterator[None]:
    """
    Hold the lock of `ref`, known to be at `old`, and set it to `new` when the block ends well.

    A transaction, because setting a Reference fetched again lost 66 of 480 updates when measured.
    """
    with translated(f"lock {ref}"):
        transaction = patiently(lambda: _locked(repo, ref))
    with transaction as lock:
        now = tip(repo, ref)
        if now != old:
            raise RepositoryChanged(
                f"{ref} is at {(now or 'nothing')[:12]}, not at {old[:12]} any more",
                hint="Somebody else moved it; look at it with 'git log', then resume the run",
            )
        yield
        with translated(f"move {ref}"):
            reach("ref.locked")
            lock.set_target(ref, new, None, one_line(message))
            _commit(repo, lock, ref, new)


def _commit(repo: pygit2.Repository, lock: Transaction, ref: str, new: str) -> None:
    """Commit. An error after the ref has moved is ignored: a git that packs refs removes folders before their fsync."""
    try:
        lock.commit()
    except (pygit2.GitError, OSError):
        if tip(repo, ref) != new:
            raise


def move(repo: pygit2.Repository, ref: str, *, old: str, new: str, message: str) -> None:
    with moving(repo, ref, old=old, new=new, message=message):
        pass


def delete(repo: pygit2.Repository, ref: str, *, old: str) -> None:
    """Delete `ref` if it is still at `old`; nothing when it is gone."""
    if tip(repo, ref) is None:
        return
    with translated(f"lock {ref}"):
        transaction = patiently(lambda: _locked(repo, ref))
    with transaction as lock:
        now = tip(repo, ref)
        if now is None:
            return
        if now != old:
            raise RepositoryChanged(f"{ref} is at {now[:12]}, not at {old[:12]} any more", hint="It was kept")
        with translated(f"delete {ref}"):
            lock.remove(ref)
            lock.commit()


def force(repo: pygit2.Repository, ref: str, commit: str, message: str) -> None:
    """Create `ref` or move it from wherever it is: for our own rescue refs only."""
    now = tip(repo, ref)
    if now is None:
        create(repo, ref, commit, message)
    elif now != commit:
        move(repo, ref, old=now, new=commit, message=message)


def _locked(repo: pygit2.Repository, ref: str) -> Transaction:
    return Transaction(repo, ref)


class Transaction:
    """One locked ref; pygit2's own commits again on leaving, which fails once it has been committed."""

    def __init__(self, repo: pygit2.Repository, ref: str) -> None:
        self._inner = repo.transaction()
        self._inner.lock_ref(ref)
        self.set_target: Callable[..., None] = self._inner.set_target
        self.remove: Callable[[str], None] = self._inner.remove
        self.commit: Callable[[], None] = self._inner.commit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # Rolls back what was not committed and gives the lock back.
        self._inner.__exit__(RuntimeError, None, None)
