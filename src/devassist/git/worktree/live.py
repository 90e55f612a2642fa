"""Lists the branches that are checked out, in the main checkout or in a linked worktree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devassist.git.common_dir import directory_of
from devassist.git.repository import Repository

_REF = "ref: refs/heads/"


def live_worktrees(repository: Repository) -> dict[str, Path]:
    """Branch -> the directory that it is checked out in. Detached and missing worktrees are left out."""
    return dict(_checkouts(repository))


def _checkouts(repository: Repository) -> Iterator[tuple[str, Path]]:
    for pointer in sorted((repository.common_dir / "worktrees").glob("*/gitdir")):
        directory = directory_of(pointer.parent)
        branch = _branch(pointer.parent / "HEAD")
        if branch and directory is not None and (directory / ".git").exists():
            yield branch, directory
    main = _branch(repository.common_dir / "HEAD")
    # A bare main repository has a HEAD and no files.
    if main and repository.places.main is not None:
        yield main, repository.places.main


def _branch(head: Path) -> str:
    text = _text(head)
    return text.removeprefix(_REF) if text.startswith(_REF) else ""


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""  # removed meanwhile
