"""Resolves imports by a TypeScript or JavaScript project's own configuration: `baseUrl` and `paths`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from devassist.conflicts.names.blob_tables import Files
from devassist.conflicts.syntax.documents import Document, parse_json, table

_LEVELS = 5
_IN_TEXT = re.compile(r'"(?:[^"\\\\]|\\\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r",(?=\s*[}\]])")


class _Rules(NamedTuple):
    """`base` is the directory that other imports are looked up in, or None; `paths` pattern -> places, as stems."""

    base: str | None
    paths: Mapping[str, Sequence[str]]


def aliased(files: Files, path: str, module: str) -> Iterator[str]:
    """Candidates for the file of `module`, imported in `path`: paths without their endings, the likeliest first."""
    for setting in _nearest(files, path):
        rules = _rules(files, setting, _LEVELS)
        # As the compiler does: an exact pattern, then the one with the longest text before its star.
        for pattern in sorted(
            rules.paths, key=lambda pattern: ("*" in pattern, -len(pattern.partition("*")[0]))
        ):
            head, star, tail = pattern.partition("*")
            if module == pattern if not star else _fits(module, head, tail):
                middle = module[len(head) : len(module) - len(tail)] if star else ""
                yield from (place.replace("*", middle, 1) for place in rules.paths[pattern])
        if rules.base is not None:
            yield posixpath.normpath(posixpath.join(rules.base, module))


def _fits(module: str, head: str, tail: str) -> bool:
    return len(module) >= len(head) + len(tail) and module.startswith(head) and module.endswith(tail)


def _nearest(files: Files, path: str) -> list[str]:
    """The settings files that apply to a file: those of the directories above it, from the inside out."""
    above = [
        setting
        for setting in files.settings
        if setting.endswith(".json")
        and (not (top := posixpath.dirname(setting)) or path.startswith(f"{top}/"))
    ]
    return sorted(above, key=lambda setting: (-setting.count("/"), "base" in setting, setting))


def _rules(files: Files, setting: str, levels: int) -> _Rules:
    blob = files.settings.get(setting)
    document = _parsed(files.tables.view.text(blob)) if blob is not None else {}
    options = table(document, "compilerOptions")
    folder = posixpath.dirname(setting)
    base, paths = options.get("baseUrl"), options.get("paths")
    if not isinstance(paths, dict):
        above = document.get("extends")
        if isinstance(above, str) and above.startswith(".") and levels:
            other = posixpath.normpath(posixpath.join(folder, above))
            inherited = _rules(files, other if other.endswith(".json") else f"{other}.json", levels - 1)
            if not isinstance(base, str):
                return inherited
            return _Rules(_joined(folder, base), inherited.paths)
        paths = {}
    root = _joined(folder, base) if isinstance(base, str) else None
    places = {
        str(pattern): [
            _joined(folder if root is None else root, place) for place in listed if isinstance(place, str)
        ]
        for pattern, listed in paths.items()
        if isinstance(listed, list)
    }
    return _Rules(root, places)


def _joined(folder: str, place: str) -> str:
    return posixpath.normpath(posixpath.join(folder, place)).removeprefix("./")


def _parsed(text: str) -> Document:
    """JSON that may have comments and trailing commas."""
    plain = _IN_TEXT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    return parse_json(_TRAILING.sub("", plain))
