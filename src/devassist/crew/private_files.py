"""The files of a worktree without those that are private."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from devassist.domain.choice.privacy import PrivatePaths
from devassist.domain.errors import Refused
from devassist.ports import Files

_OF_MANY_PATHS = frozenset({"list_files", "search_code", "git_log", "git_show"})
"""Tools whose results are incomplete where paths are private. A diff says so itself."""


def told_incomplete(tool: str, text: str, hidden: PrivatePaths) -> str:
    """The result of a tool, with a line that says so if private paths are left out of it."""
    return f"{text}\n[private paths are left out]" if hidden and tool in _OF_MANY_PATHS else text


@dataclass(frozen=True, slots=True)
class VisibleFiles:
    """As `files`, which has no private file on disk; a path that names one is refused, so that the agent knows why."""

    files: Files
    hidden: PrivatePaths

    @classmethod
    def of(cls, files: Files, hidden: PrivatePaths) -> Files:
        """`files` themselves if nothing is hidden."""
        return cls(files, hidden) if hidden else files

    def read_bytes(self, path: str, limit: int) -> bytes:
        self._check(path)
        return self.files.read_bytes(path, limit)

    def write_bytes(self, path: str, data: bytes) -> None:
        self._check(path)
        self.files.write_bytes(path, data)

    def delete(self, path: str) -> None:
        self._check(path)
        self.files.delete(path)

    def move(self, path: str, new_path: str) -> None:
        self._check(path)
        self._check(new_path)
        self.files.move(path, new_path)

    def list(self, path: str, glob: str) -> Sequence[str]:
        self._check(path)
        return self.hidden.visible(self.files.list(path, glob))

    def exists(self, path: str) -> bool:
        self._check(path)
        return self.files.exists(path)

    def _check(self, path: str) -> None:
        plain = posixpath.normpath(path.replace("\\", "/")) if path else ""
        if plain not in ("", ".") and self.hidden.cover(plain):
            raise Refused(f"{path} is private: this agent does not see it, and writes nothing there")
