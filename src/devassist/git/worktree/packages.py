"""The npm packages that a person has installed, lent to another worktree of the same repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from devassist.git.repository import Repository

_PACKAGES = "node_modules"
_MANIFEST = "package.json"
_DEPTH = 3
"""How many folders deep packages are looked for: `packages/<name>/node_modules` is what workspaces have."""
_OWN = frozenset({".cache", ".vite", ".vite-temp", ".vitest"})
"""Caches that tools keep beside the packages: each worktree gets its own."""


def package_directories(repository: Repository) -> list[Path]:
    """The `node_modules` of the person's checkouts, those of workspaces included."""
    return [root / folder / _PACKAGES for root in _checkouts(repository) for folder in _folders(root)]


def lend_packages(repository: Repository, worktree: Path) -> None:
    """
    Link the packages of the person's checkout into `worktree`; nothing is copied.

    Each `node_modules` is a directory of its own, so that what tools write beside the packages stays there. Links in it
    are taken over as they are: a package that is a workspace is then the worktree's own.
    """
    for root in _checkouts(repository):
        for folder in _folders(root):
            here = worktree / folder
            target = here / _PACKAGES
            if (here / _MANIFEST).is_file() and not os.path.lexists(target) and here.resolve() == here:
                _link(root / folder / _PACKAGES, target)


def _checkouts(repository: Repository) -> list[Path]:
    """Where the person stands, and the main worktree."""
    return [*dict.fromkeys((repository.workdir, repository.root))]


def _folders(root: Path, folder: str = "", depth: int = _DEPTH) -> Iterator[str]:
    """Folders with a manifest and packages, relative to `root`; the root's own is empty."""
    try:
        with os.scandir(root / folder) as items:
            entries = sorted(items, key=lambda entry: entry.name)
    except OSError:
        return
    folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    if _PACKAGES in folders and any(entry.name == _MANIFEST for entry in entries):
        yield folder
    for name in folders if depth > 1 else ():
        if name != _PACKAGES and not name.startswith("."):
            yield from _folders(root, f"{folder}/{name}".lstrip("/"), depth - 1)


def _link(source: Path, target: Path) -> None:
    target.mkdir()
    with os.scandir(source) as items:
        entries = list(items)
    for entry in entries:
        link = target / entry.name
        if entry.name in _OWN:
            continue
        if entry.is_symlink():
            link.symlink_to(Path(entry.path).readlink())
        elif entry.is_dir() and (entry.name == ".bin" or entry.name.startswith("@")):
            _link(Path(entry.path), link)
        else:
            link.symlink_to(entry.path)
