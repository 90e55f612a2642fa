"""Raw differences between blobs, and the merge attribute of a path, computed by libgit2."""

from __future__ import annotations

import os
from typing import NamedTuple

import pygit2

from devassist.git.repository import Repository

_BINARY_WITHIN = 8000


class Hunk(NamedTuple):
    """Lines that differ, counted from 0: where in the old and the new text, and how many."""

    old: int
    old_count: int
    new: int
    new_count: int


def find_text(repository: Repository, oid: str, *, largest: int) -> bytes | None:
    """The content of a blob; None for a binary, a missing or a very large one."""
    try:
        blob = repository.handle[pygit2.Oid(hex=oid)]
    except (KeyError, ValueError, pygit2.GitError):
        return None
    if not isinstance(blob, pygit2.Blob) or largest < blob.size:
        return None
    data = blob.data
    return None if b"\0" in data[:_BINARY_WITHIN] else data


def myers_hunks(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    """The differences between two texts by Myers' algorithm, without context."""
    patch = pygit2.Patch.create_from(old, new, context_lines=0, interhunk_lines=0)
    return tuple(
        Hunk(
            hunk.old_start - (1 if hunk.old_lines else 0),
            hunk.old_lines,
            hunk.new_start - (1 if hunk.new_lines else 0),
            hunk.new_lines,
        )
        for hunk in patch.hunks
    )


def merge_attribute(repository: Repository, path: str) -> str:
    """The merge attribute of `path`: a driver's name, "set", "unset", or "" if unspecified."""
    try:
        value = repository.handle.get_attr(os.fsencode(path), "merge")
    except (ValueError, pygit2.GitError):
        return "unset"
    if isinstance(value, str):
        return value
    return "" if value is None else ("set" if value else "unset")
