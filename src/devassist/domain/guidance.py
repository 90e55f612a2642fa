"""The project's own guidance to whoever changes it, as agents are given it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """
    Texts by path. `whole` holds for every task; each of `nested` for the tasks that may write in its folder.
    """

    whole: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, str] = field(default_factory=dict)

    def beside(self, scope: Iterable[str]) -> Mapping[str, str]:
        """The nested guidance of the folders that a scope touches: above a path of it, or below one."""
        places = [_folder_of(pattern) for pattern in scope]
        return {
            path: text
            for path, text in self.nested.items()
            if any(_meet(tuple(path.split("/")[:-1]), place) for place in places)
        }


def _folder_of(pattern: str) -> tuple[str, ...]:
    """The part of a glob before its first wildcard."""
    parts = tuple(part for part in pattern.split("/") if part not in ("", "."))
    literal = next((at for at, part in enumerate(parts) if any(sign in part for sign in "*?[{")), len(parts))
    return parts[:literal]


def _meet(folder: tuple[str, ...], place: tuple[str, ...]) -> bool:
    """Whether one is the other, or above it."""
    return all(one == other for one, other in zip(folder, place, strict=False))
