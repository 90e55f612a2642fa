"""The administrative directory of a linked worktree, found from the worktree and believed only if both agree."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

from devassist.domain.errors import RepositoryChanged

_POINTER: Final = b"gitdir: "
_LONGEST: Final = 8_192


def registered_admin(worktree: Path, repositories: Collection[Path]) -> Path:
    """
    `<common>/worktrees/<name>` of the worktree, where <common> is one of `repositories`.

    Raises RepositoryChanged if its `.git` file is gone or leads anywhere else: an agent may have written it.
    """
    worktree = worktree.resolve()
    pointer = worktree / ".git"
    text = _plain_file(pointer)
    admin = Path(os.fsdecode(text.removeprefix(_POINTER).removesuffix(b"\n")))
    known = {repository.resolve() for repository in repositories}
    if (
        not text.startswith(_POINTER)
        or admin.parent.name != "worktrees"
        or admin != admin.parent.resolve() / admin.name
        or admin.parent.parent not in known
        or _plain_file(admin / "gitdir") != os.fsencode(pointer) + b"\n"
    ):
        raise RepositoryChanged(
            f"{pointer} does not lead to the repository that the worktree belongs to",
            hint="Look at it by hand: something has rewritten it",
        )
    return admin


def _plain_file(path: Path) -> bytes:
    """The content of a small regular file; empty for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LONGEST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    finally:
        os.close(descriptor)
