"""
Filter drivers, such as those of git-crypt and Git LFS: programs that turn a file's content into what git stores.

None is run here. A file that goes through one is therefore never stored as it is: it would be a secret in plain text,
or a large file where its pointer belongs.
"""

from __future__ import annotations

import os
from typing import cast

import pygit2
from pygit2.enums import AttrCheck

ENCODING = "working-tree-encoding="


def driver_of(repo: pygit2.Repository, path: str) -> str:
    """
    The filter driver of `path`, by the attributes in the files or in the index; empty if there is none.

    Both count: who takes the attribute away in a working tree has not yet changed what is stored for the path.
    """
    for flags in (AttrCheck.FILE_THEN_INDEX, AttrCheck.INDEX_ONLY):
        value = _attribute(repo, path, "filter", flags)
        if value:
            return value
    return ""


def encoding_of(repo: pygit2.Repository, path: str) -> str:
    """The encoding of a text in the working tree, empty for UTF-8."""
    value = _attribute(repo, path, "working-tree-encoding", AttrCheck.FILE_THEN_INDEX)
    return "" if value.casefold() in ("utf-8", "utf8") else value


def reason_of(driver: str) -> str:
    """Why a change of a path with this driver, or `ENCODING` and an encoding, does not land."""
    if driver.startswith(ENCODING):
        return f"it is not in {driver.removeprefix(ENCODING)}, the encoding that its attributes name"
    return f"its content goes through the filter '{driver}', which is not run here"


def decoded(data: bytes, encoding: str) -> bytes:
    """A text of the working tree as UTF-8. Raises ValueError if it is none in this encoding."""
    name, mark = _codec(encoding)
    if mark:
        if not data.startswith(mark):
            raise ValueError(f"it does not begin with the mark of {encoding}")
        data = data[len(mark) :]
    return _text(data, name).encode("utf-8")


def encoded(data: bytes, encoding: str) -> bytes:
    """A stored text as the working tree has it. Raises ValueError if the encoding lacks one of its characters."""
    name, mark = _codec(encoding)
    try:
        return mark + data.decode("utf-8").encode(name)
    except LookupError as error:
        raise ValueError(f"{encoding} is no encoding known here") from error


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except LookupError as error:
        raise ValueError(f"{name} is no encoding known here") from error


def _codec(encoding: str) -> tuple[str, bytes]:
    """Python's name of an encoding, and the byte order mark that git puts first."""
    name = encoding.casefold()
    if name.endswith("-bom"):
        name = name.removesuffix("-bom")
        return name, "\ufeff".encode(name)
    return name, b""


def _attribute(repo: pygit2.Repository, path: str, name: str, flags: AttrCheck) -> str:
    try:
        value = repo.get_attr(cast("str", os.fsencode(path)), name, flags)
    except (ValueError, pygit2.GitError):
        return ""
    return value if isinstance(value, str) else ""
