"""Translates libgit2's errors into ours, and waits for locks that others hold."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pygit2

from devassist.domain.errors import RepositoryError

Result = TypeVar("Result")

_PATIENCE_S = 2.0


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Inside, GitError and OSError become a RepositoryError that names the operation `doing`."""
    try:
        yield
    except pygit2.GitError as error:
        raise RepositoryError(f"git could not {doing}: {error}", hint=_hint(str(error))) from error
    except OSError as error:
        raise RepositoryError(f"git could not {doing}: {error}") from error


def patiently(
    action: Callable[[], Result],
    *,
    patience_s: float = _PATIENCE_S,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> Result:
    """Repeat `action`, with jitter, while another process holds a lock; a live lock is never removed."""
    waited, pause = 0.0, 0.01
    while True:
        try:
            return action()
        except (pygit2.GitError, OSError) as error:
            if not _is_lock(error) or patience_s <= waited:
                raise
        nap = pause * (0.5 + chance())
        sleep(nap)
        waited += nap
        pause = min(pause * 1.6, 0.2)


def _is_lock(error: Exception) -> bool:
    # pygit2 raises OSError for some held locks ("failed to lock/create locked file"), GitError for others.
    text = str(error).lower()
    return "lock" in text and "blocked" not in text


def _hint(text: str) -> str:
    if "owned by" in text:
        return "Check who owns the directory; 'git config --global --add safe.directory <path>' trusts it"
    if "refstorage" in text:
        return "'git refs migrate --ref-format=files' (git 2.46) turns the refs into files, which libgit2 can read"
    if "'link'" in text:
        return "Run 'git config core.splitIndex false' and 'git update-index --no-split-index'"
    if "extension" in text or "sdir" in text:
        return "Run 'git sparse-checkout reapply --no-sparse-index', or undo the extension named"
    if _is_lock(OSError(text)):
        return "Another git process holds the lock; try again when it is done"
    return ""
