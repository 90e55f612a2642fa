"""Chooses the paths of a mount namespace and their order. Pure, except that it reads links on the host."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST_LINKS: Final = 40


class Way(enum.Enum):
    """How a path appears inside."""

    READ = 1
    MASK = 2
    WRITE = 3


@dataclass(frozen=True, slots=True)
class Mount:
    """One path, resolved, and how it appears."""

    way: Way
    path: Path


def layout(wanted: Iterable[Mount], masked: Sequence[Path]) -> list[Mount]:
    """
    The mounts in the order to make them: the shallow first, so that the deeper wins.

    For the same path, a writable mount beats a mask, and a mask beats a readable mount. A mask that is not below a
    mount is left out: a path that is never bound need not be hidden.
    """
    chosen: dict[Path, Mount] = {}
    for mount in (*wanted, *(Mount(Way.MASK, path) for path in masked)):
        other = chosen.get(mount.path)
        if other is None or other.way.value < mount.way.value:
            chosen[mount.path] = mount
    ordered = sorted(chosen.values(), key=lambda mount: len(mount.path.parts))
    return [mount for mount in ordered if mount.way is not Way.MASK or covering(mount.path, ordered)]


def covering(path: Path, mounts: Iterable[Mount]) -> Mount | None:
    """The deepest mount strictly above `path`."""
    above = [mount for mount in mounts if mount.path != path and path.is_relative_to(mount.path)]
    return max(above, key=lambda mount: len(mount.path.parts), default=None)


def links(paths: Iterable[Path], mounts: Sequence[Mount]) -> Iterator[tuple[str, str]]:
    """
    The symbolic links on the way to `paths` that no mount shows, as (link, target).

    Everything is bound where it really is; PATH and shebangs name it by its links (/bin, pyenv's shims).
    """
    seen: set[str] = set()
    for path in paths:
        for link, target in _links_on(path):
            above = covering(Path(link), mounts)
            hidden = above is None or above.way is Way.MASK
            if link not in seen and hidden and not any(mount.path == Path(link) for mount in mounts):
                seen.add(link)
                yield link, target


def _links_on(path: Path) -> Iterator[tuple[str, str]]:
    """Each link met when the kernel walks `path`, its place given without links."""
    at = "/"
    left = list(path.parts[1:])
    for _ in range(_MOST_LINKS * 8):
        if not left:
            return
        here = os.path.normpath(os.path.join(at, left.pop(0)))  # noqa: PTH118 - text, not a file
        try:
            target = os.readlink(here)  # noqa: PTH115 - the text of the link itself
        except OSError:
            at = here
            continue
        yield here, target
        parts = [part for part in target.split("/") if part not in ("", ".")]
        if target.startswith("/"):
            at = "/"
        left = parts + left
