"""Content on its way between a file and git, through libgit2's own filters: line endings and `$Id$`."""

from __future__ import annotations

import os
from typing import cast

import pygit2
from pygit2.enums import FilterMode
from pygit2.errors import check_error
from pygit2.ffi import C, ffi


def filtered(repo: pygit2.Repository, path: str, data: bytes, mode: FilterMode) -> bytes:
    """The content git would store for a file (clean) or write for a blob (smudge). Raises GitError if git refuses."""
    # pygit2 would encode a name as UTF-8, which not every name is; it passes bytes on as they are.
    filters = repo.load_filter_list(cast("str", os.fsencode(path)), mode)
    if filters is None or not data:
        return data
    if b"\0" not in data:
        return bytes(filters.apply_to_buffer(data))
    # pygit2 (seen in 1.21) takes the answer for a C string: a binary file would end at its first zero byte.
    answer = ffi.new("git_buf *")
    check_error(C.git_filter_list_apply_to_buffer(answer, filters._pointer, data, len(data)))  # noqa: SLF001
    try:
        return bytes(ffi.buffer(answer.ptr, answer.size))
    finally:
        C.git_buf_dispose(answer)
