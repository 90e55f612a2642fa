"""What one file says about symbols: definitions, imports and references as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

TABLE_VERSION = 8
"""Raise it when a table of the same content would come out differently: stored tables are then rebuilt."""

NO_CALL = -1
"""Argument count of a reference that is no call."""


class Parameter(NamedTuple):
    """`kind` is one of pos (positional only), any, key (keyword only), args, kwargs."""

    name: str
    kind: str = "any"
    optional: bool = False
    type: str = ""


class Definition(NamedTuple):
    """
    A named thing. `name` is qualified within its module; `parameters` is None where it cannot be called as such.

    `type` is the name of its type where it is plain: of a value, or of what a function returns. `result` is what
    the source says of the result, word for word.
    """

    name: str
    kind: str
    start: int
    end: int
    parameters: tuple[Parameter, ...] | None = None
    flags: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    type: str = ""
    result: str = ""

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]


class Import(NamedTuple):
    """`local` is the name bound here; `name` what is taken from `module`: empty for the module, `*` for all."""

    local: str
    module: str
    name: str
    line: int
    scope: str = ""
    guarded: bool = False
    exported: bool = False


class Reference(NamedTuple):
    """A use of `receiver.name`; `args` is -1 for no call. `type` says of what type the receiver is, if known."""

    name: str
    receiver: str
    line: int
    scope: str
    args: int = NO_CALL
    keywords: tuple[str, ...] = ()
    starred: bool = False
    local: bool = False
    type: str = ""
    guarded: bool = False
    statement: bool = False
    given: str = ""
    """Go's `f(g())`: what is called in the place of the arguments."""

    @property
    def call(self) -> bool:
        return self.args >= 0

    @property
    def shape(self) -> tuple[object, ...]:
        """What makes two uses the same use, wherever they stand."""
        return (self.name, self.receiver, self.args, self.keywords, self.starred)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One blob's symbols. `exports` is `__all__` where there is one; `dynamic` says that names may come from code."""

    language: str
    package: str = ""
    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    references: tuple[Reference, ...] = ()
    exports: tuple[str, ...] | None = None
    dynamic: bool = False
