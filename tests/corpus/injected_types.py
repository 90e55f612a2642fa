"""One injected case as a value."""

from __future__ import annotations

from typing import NamedTuple

Files = dict[str, str | None]


class Case(NamedTuple):
    """`expected` is (kind, severity) of each conflict, or nothing; `unique` says that the name is the only one."""

    language: str
    name: str
    base: Files
    a: Files
    b: Files
    expected: tuple[tuple[str, str], ...] = ()
    unique: bool = True
