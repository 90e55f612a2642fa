"""Names that a branch broke, and definitions that it added, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from devassist.conflicts.names.namespaces import Hop
from devassist.conflicts.syntax.tables import Definition


class Reason(StrEnum):
    """The ways in which a name that others may rely on breaks."""

    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    SIGNATURE = "signature"


class Break(NamedTuple):
    """
    A name that others may rely on and that a branch changed.

    `olds` and `news` are all its definitions (overloads); `inside` says that its own module misses it too.
    """

    reason: Reason
    key: str
    name: str
    path: str
    line: int
    olds: tuple[Definition, ...] = ()
    news: tuple[Definition, ...] = ()
    new_path: str = ""
    new_title: str = ""
    inside: bool = True
    starred: bool = False
    """Only star imports miss it: it is no longer listed in `__all__`."""

    @property
    def hop(self) -> Hop:
        return (self.key, self.name)


class Added(NamedTuple):
    """A definition that the base does not have."""

    key: str
    path: str
    definition: Definition

    @property
    def hop(self) -> Hop:
        return (self.key, self.definition.name)
