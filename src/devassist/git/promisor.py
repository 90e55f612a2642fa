"""
Objects that a partial clone has left at its remote: fetched by git when they are read, as git itself does it.

libgit2 knows no such clones. Its object database gets a last place to look: there git fetches what is missing, as the
person would by hand. Without network the command fails with the reason, and nothing else in it does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pygit2

from devassist.domain.errors import Refused
from devassist.git.command import locate_git, run_git

_PRIORITY: Final = 0
"""After all places on this machine, whose priorities are greater."""
_HEX: Final = 40
_ELSEWHERE: Final = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE",
)  # fmt: skip
_OFF: Final = (
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "fetch.negotiationAlgorithm=noop",
    "-c",
    "gc.auto=0",
)
_WITHOUT: Final = ("not our ref", "missing necessary objects", "bad object")
"""What git says when the remote answered, and has no such object."""


@dataclass(frozen=True, slots=True)
class Promisor:
    """The remote that a partial clone can fetch missing objects from, and the person's environment to do it in."""

    common_dir: Path
    remote: str
    environment: Mapping[str, str]

    def fetch(self, ids: Sequence[str]) -> bool:
        """
        Fetch objects, all at once; whether the remote has them.

        Raises Refused if it cannot be reached, or lets nobody in: nothing prompts.
        """
        plain = {name: value for name, value in self.environment.items() if name not in _ELSEWHERE}
        plain |= {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}
        git = locate_git(plain.get("PATH", os.defpath))
        answer = run_git(
            [
                git, f"--git-dir={self.common_dir}", *_OFF, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head",
                "--no-auto-maintenance",
                "--recurse-submodules=no", "--filter=blob:none", "--stdin", "--", self.remote,
            ],
            self.common_dir,
            plain,
            stdin="".join(f"{id_}\n" for id_ in ids).encode(),
        )  # fmt: skip
        if answer.code == 0:
            return True
        if any(sign in answer.error for sign in _WITHOUT):
            return False
        reason = answer.error.splitlines()[0] if answer.error else f"git ended with {answer.code}"
        raise Refused(
            f"{len(ids)} objects are missing in this partial clone and cannot be fetched from {self.remote}: {reason}",
            hint=f"git fetch --refetch --no-filter {self.remote} fetches all objects, once it can be reached",
        )

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those of the objects that are not on this machine."""
        local = pygit2.Repository(str(self.common_dir))
        return [id_ for id_ in dict.fromkeys(ids) if id_ not in local]

    def fetch_missing(self, ids: Iterable[str]) -> None:
        """Fetch those objects that are not here, with one question. Raises Refused as `fetch` does."""
        missing = self.missing(ids)
        if missing:
            self.fetch(missing)


class PromisedObjects(pygit2.OdbBackend):
    """The last place to look for an object."""

    def __init__(self, promisor: Promisor) -> None:
        super().__init__()
        self._promisor = promisor
        self._local = pygit2.Repository(str(promisor.common_dir))

    def read_cb(self, oid: pygit2.Oid) -> tuple[int, bytes]:
        try:
            kind, data = self._local.read(oid)
        except KeyError:
            if not self._promisor.fetch([str(oid)]):
                raise
            kind, data = self._local.read(oid)
        return int(kind), data

    def read_prefix_cb(self, prefix: str) -> tuple[int, bytes, pygit2.Oid]:
        if len(prefix) < _HEX:
            raise KeyError(prefix)  # nobody fetches by the beginning of an id
        oid = pygit2.Oid(hex=prefix)
        return *self.read_cb(oid), oid

    def read_header_cb(self, oid: pygit2.Oid) -> tuple[int, int]:
        kind, data = self.read_cb(oid)
        return kind, len(data)

    def exists_cb(self, oid: pygit2.Oid) -> bool:  # noqa: ARG002
        """False: libgit2 asks this before it writes an object, and nothing is to be fetched for that."""
        return False

    def exists_prefix_cb(self, prefix: str) -> pygit2.Oid:
        raise KeyError(prefix)

    def refresh_cb(self) -> None:
        """Nothing to refresh: each question is asked anew."""


def find_promisor(common_dir: Path, environment: Mapping[str, str]) -> Promisor | None:
    """The promisor remote of a repository; None if it has all its objects, as almost every one has."""
    try:
        if b"promisor" not in (common_dir / "config").read_bytes():
            return None
        config = pygit2.Config(str(common_dir / "config"))
        for entry in config:
            if (
                entry.name.startswith("remote.")
                and entry.name.endswith(".promisor")
                and entry.value == "true"
            ):
                return Promisor(common_dir, entry.name[len("remote.") : -len(".promisor")], environment)
    except (OSError, pygit2.GitError):
        return None  # what is wrong with it is said where the repository is opened
    return None


def add_promised(add: Callable[[pygit2.OdbBackend, int], None], promisor: Promisor | None) -> None:
    """Let an object database, by its `add_backend`, look at the remote last."""
    if promisor is not None:
        add(PromisedObjects(promisor), _PRIORITY)
