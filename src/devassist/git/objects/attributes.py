"""Tells whether attributes or line ending settings can change content between a file and git."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from devassist.git.objects.trees import TREE, Trees

ATTRIBUTES = ".gitattributes"
_SETTINGS = ("core.autocrlf", "core.eol", "core.attributesfile")
_OUTSIDE = ((ConfigLevel.SYSTEM, "gitattributes"), (ConfigLevel.XDG, "attributes"))


def apply_everywhere(repo: pygit2.Repository) -> bool:
    """Whether settings or attributes outside of the tree may change content."""
    config = repo.config
    if any(key in config for key in _SETTINGS):
        return True
    own = Path(repo.path)
    common = own / "../.." if (own / "commondir").exists() else own
    if any((top / "info" / "attributes").exists() for top in (own, common)):
        return True
    return any(
        (Path(top) / name).is_file()
        for level, name in _OUTSIDE
        for top in filter(None, (pygit2.settings.search_path[level] or "").split(":"))
    )


def apply_somewhere(trees: Trees, tree: str) -> bool:
    """Whether a tree has an attributes file anywhere."""
    entries = trees.entries(tree)
    return ATTRIBUTES.encode() in entries or any(
        apply_somewhere(trees, entry.id) for entry in entries.values() if entry.mode == TREE
    )


def apply_to(trees: Trees, tree: str, root: Path, paths: Iterable[str]) -> bool:
    """Whether an attributes file lies above any of the paths, in a tree or in the working tree at `root`."""
    above = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in above:
            above.add(folder)
            folder = folder.rpartition("/")[0]
    names = [f"{folder}/{ATTRIBUTES}".lstrip("/") for folder in above]
    return any((root / name).exists() or trees.find(tree, name) is not None for name in names)
