"""Whether a resolution may stand: no markers left, everything parses, symbols hold, and what was dropped is known."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.conflicts.resolution.dropped_lines import dropped_lines
from devassist.conflicts.resolution.marked import left_markers
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.resolution.unresolved import MANIFEST_KINDS, Standing
from devassist.conflicts.syntax.languages import grammar_for, parses, read_table
from devassist.domain.resolutions import DroppedLine, ResolutionCheck
from devassist.git.merging.tree_view import TreeView

_DATA: Mapping[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads}
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the checks found. It stands when all are well; dropped lines are told, not refused."""

    checks: tuple[ResolutionCheck, ...]
    dropped: tuple[DroppedLine, ...]

    @property
    def failed(self) -> tuple[ResolutionCheck, ...]:
        return tuple(one for one in self.checks if not one.ok)


@dataclass
class Verification:
    """
    Checks resolutions of one pair. `cache` is where symbol tables are kept; `languages` limits what is read.

    `settles` are kind and symbol of what the resolution is about: these must be gone, while what else is known to
    be wrong between the two sides is a conflict of its own.
    """

    pair: MergingPair
    cache: Path | None = None
    languages: Sequence[str] = ()
    settles: Collection[tuple[str, str | None]] = ()
    _view: TreeView = field(init=False)
    _standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self._view = TreeView(self.pair.repository)
        self._standing = Standing(self.pair, self._view, self.cache, self.languages)

    @property
    def _about_manifests(self) -> bool:
        return any(kind in MANIFEST_KINDS for kind, _symbol in self.settles)

    def verify(self, tree: str, paths: Collection[str]) -> Verified:
        """Check a stored tree, of which `paths` were decided by hand; all else is git's own merge."""
        texts = {path: self._text(tree, path) for path in sorted(paths)}
        dropped = [line for path, text in texts.items() for line in self._dropped(path, text)]
        said = f"{len(dropped)} added lines are dropped" if dropped else "every added line survives"
        checks = (
            _check("markers", [one for path, text in texts.items() for one in self._markers(path, text)]),
            _check("parse", [one for path, text in texts.items() for one in self._broken(tree, path, text)]),
            ResolutionCheck(name="lines", ok=True, detail=said),
            _check("symbols", [*self._twice(texts), *self._symbols(tree)]),
            *([_check("manifests", self._manifests(tree))] if self._about_manifests else []),
        )
        return Verified(checks=checks, dropped=tuple(dropped))

    def _text(self, tree: str, path: str) -> str:
        return self.pair.text_at(tree, path)

    def _markers(self, path: str, text: str) -> list[str]:
        return [f"{path}:{line}" for line in left_markers(text, *self.pair.sides_of(path))][:1]

    def _dropped(self, path: str, text: str) -> list[DroppedLine]:
        base, ours, theirs = self.pair.sides_of(path)
        sides = ((self.pair.ours, ours), (self.pair.theirs, theirs))
        return [
            line
            for side, own in sides
            for line in dropped_lines(side.name, path, base=base, side=own, resolved=text)
        ]

    def _broken(self, tree: str, path: str, text: str) -> list[str]:
        if self._view.find(tree, path) is None:
            return []
        _base, *sides = self.pair.sides_of(path)
        fault = _fault(path, text)
        # Where a side does not parse either, it is the grammar that does not know the language.
        return [f"{path}: {fault}"] if fault and not any(_fault(path, one) for one in sides if one) else []

    def _twice(self, texts: Mapping[str, str]) -> list[str]:
        """Names that the resolution defines more often than either side does."""
        found: list[str] = []
        for path, text in texts.items():
            _base, ours, theirs = self.pair.sides_of(path)
            before = _definitions(path, ours) | _definitions(path, theirs)  # the larger count of each
            found += [
                f"{path} defines {name} {count} times"
                for name, count in _definitions(path, text).items()
                if count > 1 and before[name] < count
            ]
        return found

    def _symbols(self, tree: str) -> list[str]:
        """Uses that one side brought and that the resolution, still holding them, breaks."""
        before = self._standing.between()
        known = {(one.kind, one.symbol) for one in before} - set(self.settles)
        return [
            f"{one.symbol}: {one.kind} ({at.path}:{at.start_line} of {side.name})"
            for side, one in self._standing.broken(tree)
            if (one.kind, one.symbol) not in known
            for at in one.locations[:1]
        ]

    def _manifests(self, tree: str) -> list[str]:
        """What the resolution is about and what the files of the resolution still say against each other."""
        return [
            f"{one.symbol}: {one.kind} ({' and '.join(f'{at.path}:{at.start_line}' for at in one.locations[:2])})"
            for one in self._standing.clashes(tree)
            if (one.kind, one.symbol) in self.settles
        ]

    def stands(self, tree: str, known: Mapping[str, Any]) -> bool | None:
        """Whether a semantic conflict of the pair, as the log has it, is in a tree as well; None: this cannot tell."""
        return self._standing.stands(tree, known)


def _definitions(path: str, text: str) -> Counter[str]:
    grammar = grammar_for(path)
    if grammar is None or not text:
        return Counter()
    table = read_table(grammar, text.encode("utf-8", "surrogateescape"))
    return Counter(one.name for one in table.definitions if one.kind in ("function", "method", "class"))


def _fault(path: str, text: str) -> str:
    """Why a file is not well formed, or nothing."""
    grammar = grammar_for(path)
    if grammar is not None:
        whole = parses(grammar, text.encode("utf-8", "surrogateescape"))
        return "" if whole else f"it does not parse as {grammar.name}"
    read = _DATA.get(path.rpartition(".")[2])
    if read is None:
        return ""
    try:
        read(text)
    except (ValueError, RecursionError) as error:
        return f"{error}"
    return ""


def _check(name: str, faults: Sequence[str]) -> ResolutionCheck:
    more = f" and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    return ResolutionCheck(name=name, ok=not faults, detail="; ".join(faults[:_SHOWN]) + more)
