"""Go: types implement interfaces without saying so. New methods of those against new types that had the others."""

from __future__ import annotations

from collections.abc import Iterator

from devassist.conflicts.names.namespaces import TYPES
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.branch_facts import Branch
from devassist.conflicts.symbols.findings import symbol_of, written
from devassist.conflicts.syntax.tables import Definition, SymbolKind
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity

_TELLING = 2
"""A type with that many methods of an interface was written for it."""


def structural_conflicts(breaker: Branch, user: Branch) -> Iterator[Conflict]:
    """Interfaces that `breaker` changed, against types that `user` added."""
    changed = [
        (key, name)
        for key in breaker.comparison.modules()
        if key.endswith("/")
        for name, bindings in breaker.own.namespace(key).items()
        if bindings[-1].definition is not None
        and bindings[-1].definition.kind is SymbolKind.INTERFACE
        and name in breaker.base.namespace(key)
    ]
    for key, name in changed:
        before, after = _methods(breaker.base, key, name), _methods(breaker.own, key, name)
        different = {
            method: definition
            for method, definition in after.items()
            if method not in before or _shape(before[method]) != _shape(definition)
        }
        if before and different:
            for added in user.added:
                if added.definition.kind in TYPES and added.key.endswith("/"):
                    own = _methods(user.own, added.key, added.definition.name)
                    if added.definition.kind is not SymbolKind.INTERFACE and _written_for(before, own):
                        yield from _unmet(
                            breaker, user, (key, name), (added.path, added.definition), (different, own)
                        )


def _methods(resolver: Resolver, key: str, owner: str) -> dict[str, Definition]:
    namespace = resolver.namespace(key)
    return {
        name[len(owner) + 1 :]: bindings[-1].definition
        for name, bindings in namespace.items()
        if name.startswith(owner + ".")
        and bindings[-1].definition
        and bindings[-1].definition.kind is SymbolKind.METHOD
    }


def _shape(definition: Definition) -> tuple[object, ...]:
    return (tuple((each.kind, each.type) for each in definition.parameters or ()), definition.result)


def _written_for(interface: dict[str, Definition], own: dict[str, Definition]) -> bool:
    return all(
        name in own and len(own[name].parameters or ()) == len(definition.parameters or ())
        for name, definition in interface.items()
    )


def _unmet(
    breaker: Branch,
    user: Branch,
    interface: tuple[str, str],
    implementer: tuple[str, Definition],
    methods: tuple[dict[str, Definition], dict[str, Definition]],
) -> Iterator[Conflict]:
    (key, name), (path, definition) = interface, implementer
    different, own = methods
    uses = [use.reference for use in user.uses if use.reference is not None]
    asserted = any(name in (each.name, each.receiver.split(" ")[-1].rpartition(".")[2]) for each in uses)
    for method, demand in different.items():
        if method in own and _shape(own[method]) == _shape(demand):
            continue
        symbol = symbol_of(breaker, key, f"{name}.{method}")
        where = breaker.own.namespace(key)[f"{name}.{method}"][-1].path
        sure = asserted or len(own) >= _TELLING
        lack = f"without {method}{written(demand.parameters)}"
        yield Conflict(
            level=Level.SYMBOL,
            kind=ConflictKind.OVERRIDE_MISMATCH,
            severity=Severity.ERROR if sure else Severity.WARNING,
            branches=(breaker.side.name, user.side.name),
            path=where,
            symbol=symbol,
            locations=(
                Location(
                    branch=user.side.name, path=path, start_line=definition.start, end_line=definition.end
                ),
                Location(branch=breaker.side.name, path=where, start_line=demand.start, end_line=demand.end),
            ),
            explanation=(
                f"`{breaker.side.name}` makes {symbol} required ({where}:{demand.start}), and `{user.side.name}` "
                f"adds {definition.name} ({path}:{definition.start}) {lack}"
            ),
            suggestion=f"Land {breaker.side.name} first, then give {definition.name} the method {method}",
        )
