"""Conflicts with names that a branch keeps but restricts: hidden, abstract, final, or no longer static."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from devassist.conflicts.names.namespaces import Hop
from devassist.conflicts.symbols.branch_facts import Branch, Use
from devassist.conflicts.symbols.findings import places, symbol_of
from devassist.conflicts.symbols.overrides import implementers
from devassist.conflicts.syntax.languages import LanguageFamily, family_of
from devassist.conflicts.syntax.tables import Definition, Flag, SymbolKind
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity

_NOWHERE, _NEAR, _EVERYWHERE = range(3)
_ACCESS = {
    Flag.PRIVATE: _NOWHERE,
    Flag.VISIBLE_IN_MODULE: _NOWHERE,
    Flag.PROTECTED: _EVERYWHERE,
    Flag.PUBLIC: _EVERYWHERE,
    Flag.VISIBLE_IN_CRATE: _NEAR,
}


class _Way(Enum):
    """The ways in which a branch restricts a name."""

    HIDDEN = auto()
    ABSTRACT = auto()
    FINAL = auto()
    BOUND = auto()
    """It needs an object now."""


class _Restricted(NamedTuple):
    hop: Hop
    path: str
    way: _Way
    new: Definition


def restriction_conflicts(breaker: Branch, user: Branch) -> Iterator[Conflict]:
    """One conflict for each restricted name and way."""
    refused: dict[_Restricted, list[tuple[str, int]]] = defaultdict(list)
    restrictions = _restricted(breaker)
    for restriction in restrictions:
        for use in user.uses_by_hop.get(restriction.hop, ()) if restriction.way is not _Way.FINAL else ():
            if _refused(user, use, restriction):
                refused[restriction].append((use.path, use.line))
    finals = {restriction.hop: restriction for restriction in restrictions if restriction.way is _Way.FINAL}
    for target, known in implementers(user) if finals else ():
        for above in user.own.bases(target):
            hop = (above.key, above.name)
            if hop in finals and hop not in known and target.definition is not None:
                refused[finals[hop]].append((target.path, target.definition.start))
    for restriction, spots in refused.items():
        yield _conflict(breaker, user, restriction, spots)


def _restricted(branch: Branch) -> list[_Restricted]:
    """The names of the base that the branch restricted."""
    restrictions = []
    for key in branch.comparison.modules():
        before = branch.base.namespace(key)
        for name, bindings in branch.own.namespace(key).items():
            old = before[name][-1].definition if name in before else None
            new, path = bindings[-1].definition, bindings[-1].path
            alone = old is not None and len(bindings) == 1 == len(before[name])
            if new is None or old is None or not alone or old.kind != new.kind:
                continue
            restrictions += [
                _Restricted((key, name), path, way, new) for way in _ways(branch, path, old, new)
            ]
    return restrictions


def _ways(branch: Branch, path: str, old: Definition, new: Definition) -> Iterator[_Way]:
    if family_of(path) not in (LanguageFamily.JAVA, LanguageFamily.SCRIPT, LanguageFamily.RUST):
        return
    if _access(branch, path, new) < _access(branch, path, old):
        yield _Way.HIDDEN
    came = set(new.flags) - set(old.flags)
    if new.kind is SymbolKind.CLASS and came & {Flag.ABSTRACT, Flag.FINAL}:
        yield _Way.ABSTRACT if Flag.ABSTRACT in came else _Way.FINAL
    if new.kind is SymbolKind.METHOD and Flag.STATIC in old.flags and Flag.STATIC not in new.flags:
        yield _Way.BOUND


def _access(branch: Branch, path: str, definition: Definition) -> int:
    access = next((_ACCESS[flag] for flag in definition.flags if flag in _ACCESS), None)
    if access is not None:
        return access
    if not path.endswith(".java"):
        return _EVERYWHERE
    holder = branch.own.namespace(branch.own.modules.key(path)).get(definition.owner, ())
    inside = [each.definition.kind for each in holder if each.definition is not None]
    return _EVERYWHERE if {SymbolKind.INTERFACE, SymbolKind.ENUM} & set(inside) else _NEAR


def _refused(user: Branch, use: Use, restriction: _Restricted) -> bool:
    reference = use.reference
    if restriction.way is _Way.HIDDEN:
        return not _sees(user, use.path, restriction)
    if reference is None or use.guarded:
        return False
    last = restriction.new.last
    if restriction.way is _Way.ABSTRACT:
        return reference.call and reference.name == last and not reference.literal
    target = use.meaning.target
    meant = target is not None and (target.key, target.name) == restriction.hop
    return meant and bool(reference.receiver) and not reference.type and not use.meaning.bound


def _sees(user: Branch, path: str, restriction: _Restricted) -> bool:
    """Whether code in a file may still use the restricted name."""
    if path == restriction.path:
        return True
    access = next((_ACCESS[flag] for flag in restriction.new.flags if flag in _ACCESS), _NEAR)
    if path.endswith(".rs"):
        if access == _NEAR:
            home = restriction.path.partition("/src/")[0] if "/src/" in restriction.path else ""
            return path.startswith(f"{home}/src/" if home else "src/") and "/bin/" not in path
        stem = (
            restriction.path.removesuffix(".rs")
            .removesuffix("/mod")
            .removesuffix("/lib")
            .removesuffix("/main")
        )
        return path.startswith(f"{stem}/") or posixpath.dirname(path) == stem
    return access == _NEAR and user.own.modules.key(path) == restriction.hop[0]


def _conflict(
    breaker: Branch, user: Branch, restriction: _Restricted, spots: list[tuple[str, int]]
) -> Conflict:
    symbol = symbol_of(breaker, *restriction.hop)
    kind, what, then = {
        _Way.HIDDEN: (ConflictKind.REMOVED_SYMBOL_USED, f"hides {symbol}", "uses it"),
        _Way.ABSTRACT: (ConflictKind.SIGNATURE_CHANGED_CALLED, f"makes {symbol} abstract", "makes one"),
        _Way.BOUND: (
            ConflictKind.SIGNATURE_CHANGED_CALLED,
            f"makes {symbol} no longer static",
            "calls it without an object",
        ),
        _Way.FINAL: (ConflictKind.OVERRIDE_MISMATCH, f"makes {symbol} final", "extends it"),
    }[restriction.way]
    return Conflict(
        level=Level.SYMBOL,
        kind=kind,
        severity=Severity.ERROR,
        branches=(breaker.side.name, user.side.name),
        path=restriction.path,
        symbol=symbol,
        locations=tuple(
            Location(branch=user.side.name, path=path, start_line=line, end_line=line)
            for path, line in dict.fromkeys(spots)
        ),
        explanation=(
            f"`{breaker.side.name}` {what} ({restriction.path}:{restriction.new.start}), and "
            f"`{user.side.name}` newly {then} in {places(spots)}"
        ),
        suggestion=f"Land {breaker.side.name} first, then do without it in {user.side.name}",
    )
