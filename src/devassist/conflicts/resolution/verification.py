"""Checks a resolution: no markers are left, everything parses, symbols are intact, and dropped lines are listed."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.conflicts.resolution.dropped_lines import dropped_lines
from devassist.conflicts.resolution.marked import marker_lines
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.resolution.unresolved import MANIFEST_KINDS, Unresolved
from devassist.conflicts.syntax.languages import grammar_for, parses, read_table
from devassist.conflicts.syntax.tables import SymbolKind
from devassist.domain.conflicts import Conflict
from devassist.domain.resolutions import DroppedLine, ResolutionCheck
from devassist.git.merging.tree_view import TreeView

_DATA: Mapping[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads}
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The results of the checks. Dropped lines are listed, but do not fail a resolution."""

    checks: tuple[ResolutionCheck, ...]
    dropped: tuple[DroppedLine, ...]

    @property
    def failed(self) -> tuple[ResolutionCheck, ...]:
        return tuple(check for check in self.checks if not check.ok)


@dataclass
class Verification:
    """
    Checks resolutions of one pair. `cache` is the directory of symbol tables; `languages` limits what is parsed.

    `settles` are kind and symbol of the conflicts that the resolution is for: they must be gone. Other conflicts that
    exist between the two sides are not its business.
    """

    pair: MergingPair
    cache: Path | None = None
    languages: Sequence[str] = ()
    settles: Collection[tuple[str, str | None]] = ()
    _view: TreeView = field(init=False)
    _unresolved: Unresolved = field(init=False)

    def __post_init__(self) -> None:
        self._view = TreeView(self.pair.repository)
        self._unresolved = Unresolved(self.pair, self._view, self.cache, self.languages)

    @property
    def _about_manifests(self) -> bool:
        return any(kind in MANIFEST_KINDS for kind, _symbol in self.settles)

    def verify(self, tree: str, paths: Collection[str]) -> Verified:
        """Checks a stored tree, of which `paths` were resolved; all other files are as git merged them."""
        texts = {path: self._text(tree, path) for path in sorted(paths)}
        dropped = [line for path, text in texts.items() for line in self._dropped(path, text)]
        survival = f"{len(dropped)} added lines are dropped" if dropped else "every added line survives"
        checks = (
            _check("markers", [fault for path, text in texts.items() for fault in self._markers(path, text)]),
            _check(
                "parse", [fault for path, text in texts.items() for fault in self._broken(tree, path, text)]
            ),
            ResolutionCheck(name="lines", ok=True, detail=survival),
            _check("symbols", [*self._defined_twice(texts), *self._symbols(tree)]),
            *([_check("manifests", self._manifests(tree))] if self._about_manifests else []),
        )
        return Verified(checks=checks, dropped=tuple(dropped))

    def _text(self, tree: str, path: str) -> str:
        return self.pair.text_at(tree, path)

    def _markers(self, path: str, text: str) -> list[str]:
        return [f"{path}:{line}" for line in marker_lines(text, *self.pair.sides_of(path))][:1]

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
        # If a side does not parse either, the grammar does not know the language well enough.
        return [f"{path}: {fault}"] if fault and not any(_fault(path, side) for side in sides if side) else []

    def _defined_twice(self, texts: Mapping[str, str]) -> list[str]:
        """Names that the resolution defines more often than either side does."""
        faults: list[str] = []
        for path, text in texts.items():
            _base, ours, theirs = self.pair.sides_of(path)
            before = _definitions(path, ours) | _definitions(path, theirs)  # the larger count of each
            faults += [
                f"{path} defines {name} {count} times"
                for name, count in _definitions(path, text).items()
                if count > 1 and before[name] < count
            ]
        return faults

    def _symbols(self, tree: str) -> list[str]:
        """Uses that one side added and that the resolution contains but breaks."""
        before = self._unresolved.between()
        other = {(conflict.kind, conflict.symbol) for conflict in before} - set(self.settles)
        return [
            f"{conflict.symbol}: {conflict.kind} ({use.path}:{use.start_line} of {side.name})"
            for side, conflict in self._unresolved.broken(tree)
            if (conflict.kind, conflict.symbol) not in other
            for use in conflict.locations[:1]
        ]

    def _manifests(self, tree: str) -> list[str]:
        """The conflicts to settle that the manifests of the resolution still have."""
        return [
            f"{conflict.symbol}: {conflict.kind} ({_places(conflict)})"
            for conflict in self._unresolved.clashes(tree)
            if (conflict.kind, conflict.symbol) in self.settles
        ]

    def is_unresolved(self, tree: str, conflict: Conflict) -> bool | None:
        """Whether a tree still has a semantic conflict of the pair; None if only a run of the code could tell."""
        return self._unresolved.is_in(tree, conflict)


def _places(conflict: Conflict) -> str:
    return " and ".join(f"{location.path}:{location.start_line}" for location in conflict.locations[:2])


def _definitions(path: str, text: str) -> Counter[str]:
    grammar = grammar_for(path)
    if grammar is None or not text:
        return Counter()
    table = read_table(grammar, text.encode("utf-8", "surrogateescape"))
    kinds = (SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CLASS)
    return Counter(definition.name for definition in table.definitions if definition.kind in kinds)


def _fault(path: str, text: str) -> str:
    """The reason why a file is not well formed, or an empty string."""
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
