"""Large mappings of which each branch changes a few entries: the base is shared, and differences overlay it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self


class Layered(Mapping[str, str]):
    """A mapping with some entries replaced, added, or (None) removed. Never more than two layers deep."""

    __slots__ = ("_size", "below", "top")

    def __init__(self, below: Mapping[str, str], changes: Mapping[str, str | None]) -> None:
        self.below: Mapping[str, str] = below.below if isinstance(below, Layered) else below
        self.top: dict[str, str | None] = {**(below.top if isinstance(below, Layered) else {}), **changes}
        replaced = sum(1 for key in self.top if key in self.below)
        self._size = len(self.below) - replaced + sum(1 for value in self.top.values() if value is not None)

    def __getitem__(self, key: str) -> str:
        if key not in self.top:
            return self.below[key]
        value = self.top[key]
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return self.top[key] is not None if key in self.top else key in self.below

    def __iter__(self) -> Iterator[str]:
        top = self.top
        yield from (key for key in self.below if key not in top)
        yield from (key for key, value in top.items() if value is not None)

    def __len__(self) -> int:
        return self._size


@dataclass(slots=True)
class Groups:
    """Lists of strings under names, in the order they were added. An empty list is as good as none."""

    below: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    top: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def layer(self) -> Self:
        """These, to be changed without changing what is here."""
        if not self.below:  # The first layer of all holds nearly everything: it is shared, not copied.
            return type(self)(self.top)
        return type(self)(self.below, {name: list(values) for name, values in self.top.items()})

    def of(self, name: str) -> Sequence[str]:
        value = self.top.get(name)
        return self.below.get(name, ()) if value is None else value

    def add(self, name: str, value: str) -> None:
        self._own(name).append(value)

    def drop(self, name: str, value: str) -> None:
        """Take a value out once. ValueError where it is not in."""
        self._own(name).remove(value)

    def _own(self, name: str) -> list[str]:
        value = self.top.get(name)
        if value is None:
            value = self.top[name] = list(self.below.get(name, ()))
        return value
