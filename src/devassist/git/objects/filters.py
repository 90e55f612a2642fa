"""Content on its way between a file and git: line endings and `$Id$` by libgit2, and encodings, which it leaves out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import cast

import pygit2
from pygit2.enums import FilterMode
from pygit2.errors import check_error
from pygit2.ffi import C, ffi

from devassist.domain.errors import RepositoryError
from devassist.git.objects.drivers import decoded, encoded, encoding_of


class WrongEncoding(RepositoryError):
    """A text is not in the encoding that its attributes name."""

    def __init__(self, path: str, encoding: str, reason: str) -> None:
        super().__init__(
            f"{path} is not in {encoding}, the encoding that its attributes name: {reason}",
            hint="Save it in that encoding, or change working-tree-encoding in .gitattributes",
        )
        self.encoding = encoding


def filtered(repo: pygit2.Repository, path: str, data: bytes, mode: FilterMode) -> bytes:
    """
    The content git would store for a file (clean) or write for a blob (smudge), but for its filter driver.

    Raises GitError if libgit2 refuses, and RepositoryError for a text that is none in its encoding.
    """
    encoding = encoding_of(repo, path) if data else ""
    if encoding and mode is FilterMode.CLEAN:
        data = _recoded(decoded, path, data, encoding)
    data = _converted(repo, path, data, mode)
    if encoding and mode is FilterMode.SMUDGE:
        data = _recoded(encoded, path, data, encoding)
    return data


def _recoded(recode: Callable[[bytes, str], bytes], path: str, data: bytes, encoding: str) -> bytes:
    try:
        return recode(data, encoding)
    except ValueError as error:
        raise WrongEncoding(path, encoding, str(error)) from error


def _converted(repo: pygit2.Repository, path: str, data: bytes, mode: FilterMode) -> bytes:
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
