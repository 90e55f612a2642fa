"""Types that implement other types: new demands against new implementers, changed members against new overrides."""

from __future__ import annotations

from collections.abc import Iterator

from devassist.conflicts.names.namespaces import EXTERNAL, TYPES, Hop, Target
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.branch_facts import Branch
from devassist.conflicts.symbols.breaks import Added, Break, Reason
from devassist.conflicts.symbols.findings import at, symbol_of, written
from devassist.conflicts.symbols.merging import merged_resolver
from devassist.conflicts.symbols.signatures import called
from devassist.conflicts.syntax.languages import language_of
from devassist.conflicts.syntax.tables import Definition, Flag, ParameterKind, SymbolKind
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity

_TALLEST = 50
_LAX = ("python", "javascript")


def override_conflicts(breaker: Branch, user: Branch) -> Iterator[Conflict]:
    """New demands of a type against new implementers; changed members against new overrides."""
    demands = _demands(breaker)
    changed = {change.hop: change for change in breaker.breaks if "." in change.name and change.olds}
    owners = {(key, name.rpartition(".")[0]) for key, name in (*demands, *changed)}
    if not owners:
        return
    merged: Resolver | None = None
    for target, old_ancestors in implementers(user):
        for ancestor in ancestors_of(user, target):
            if (ancestor.key, ancestor.name) not in owners:
                continue
            hop = (ancestor.key, ancestor.name)
            if hop not in old_ancestors and not _embeds(target):
                merged = merged or merged_resolver(breaker, user)
                wanted = {demand: demands[demand] for demand in _of(hop, demands)}
                yield from _unmet(breaker, user, target, wanted, merged)
            yield from _outdated(breaker, user, target, hop, changed)


def _of(hop: Hop, demands: dict[Hop, Added]) -> list[Hop]:
    return [(key, name) for key, name in demands if (key, name.rpartition(".")[0]) == hop]


def _embeds(target: Target) -> bool:
    """Whether a type is a Go struct, whose bases are embedded in it with their methods."""
    return (
        target.path.endswith(".go")
        and target.definition is not None
        and target.definition.kind is SymbolKind.STRUCT
    )


def _demands(breaker: Branch) -> dict[Hop, Added]:
    """Members that must be implemented and that did not have to be: (module, Type.member)."""
    demands = {}
    for key in breaker.comparison.modules():
        before = breaker.base.namespace(key)
        for name, bindings in breaker.own.namespace(key).items():
            definition = bindings[-1].definition
            if definition is None or not {Flag.ABSTRACT, Flag.UNIMPLEMENTED} & set(definition.flags):
                continue
            was = [binding.definition for binding in before.get(name, []) if binding.definition is not None]
            if definition.owner in before and not any(
                {Flag.ABSTRACT, Flag.UNIMPLEMENTED} & set(old.flags) for old in was
            ):
                demands[key, name] = Added(key, bindings[-1].path, definition)
    return demands


def implementers(user: Branch) -> Iterator[tuple[Target, set[Hop]]]:
    """Types that the branch added or whose members or bases it changed, with the ancestors they had already."""
    for key in user.comparison.modules():
        before = user.base.namespace(key)
        for name, bindings in user.own.namespace(key).items():
            binding = bindings[-1]
            if binding.definition is None or not binding.definition.bases:
                continue
            if binding.definition.kind not in TYPES and binding.definition.kind is not SymbolKind.IMPL:
                continue
            known: set[Hop] = set()
            if name in before and before[name][-1].definition is not None:
                old = before[name][-1]
                target = Target(key, name, old.definition, old.path)
                known = {(above.key, above.name) for above in _above(user, target, old=True)}
            yield Target(key, name, binding.definition, binding.path, instance=True), known


def ancestors_of(user: Branch, target: Target) -> list[Target]:
    return _above(user, target, old=False)


def _above(user: Branch, target: Target, *, old: bool) -> list[Target]:
    resolver = user.base if old else user.own
    ancestors: list[Target] = []
    queue = [target]
    while queue and len(ancestors) < _TALLEST:
        current = queue.pop()
        for above in resolver.bases(current):
            if above not in ancestors:
                ancestors.append(above)
                queue.append(above)
    return ancestors


def _abstract(user: Branch, target: Target) -> bool:
    definition = target.definition
    if (
        definition is None
        or Flag.ABSTRACT in definition.flags
        or definition.kind in (SymbolKind.INTERFACE, SymbolKind.TRAIT)
    ):
        return True
    if any(base.rpartition(".")[2] in ("ABC", "Protocol") for base in definition.bases):
        return True
    members = user.own.namespace(target.key)
    return any(
        name.startswith(target.name + ".")
        and bindings[-1].definition is not None
        and Flag.ABSTRACT in bindings[-1].definition.flags
        for name, bindings in members.items()
    )


def _provided(merged: Resolver, target: Target, member: str) -> Target | None:
    """The member of a type by its name; the implementation of a trait is beside its type."""
    if target.definition is None or target.definition.kind is not SymbolKind.IMPL:
        return merged.member(target, member, [])
    owner = target.name.rpartition(".")[0]
    here = merged.namespace(target.key).get(f"{owner}.{member}")
    return Target(target.key, f"{owner}.{member}", here[-1].definition, here[-1].path) if here else None


def _unmet(
    breaker: Branch, user: Branch, target: Target, demands: dict[Hop, Added], merged: Resolver
) -> Iterator[Conflict]:
    if _abstract(user, target):
        return
    for (key, name), demand in demands.items():
        member = name.rpartition(".")[2]
        provided = _provided(merged, target, member)
        if provided is not None and provided != EXTERNAL and (provided.key, provided.name) != (key, name):
            continue
        unsure = _provided(user.own, target, member) == EXTERNAL  # A base from outside may have it.
        sure = Flag.ABSTRACT in demand.definition.flags and not unsure
        symbol, own = symbol_of(breaker, key, name), symbol_of(user, target.key, target.name)
        line = target.definition.start if target.definition else 1
        yield Conflict(
            level=Level.SYMBOL,
            kind=ConflictKind.OVERRIDE_MISMATCH,
            severity=Severity.ERROR if sure else Severity.WARNING,
            branches=(breaker.side.name, user.side.name),
            path=demand.path,
            symbol=symbol,
            locations=(
                Location(branch=user.side.name, path=target.path, start_line=line, end_line=line),
                at(breaker, demand.path, demand.definition),
            ),
            explanation=(
                f"`{breaker.side.name}` makes {symbol} required ({demand.path}:{demand.definition.start}), and "
                f"`{user.side.name}` adds {own} ({target.path}:{line}) without it"
            ),
            suggestion=f"Land {breaker.side.name} first, then implement {member} in {own}",
        )


def _outdated(
    breaker: Branch, user: Branch, target: Target, hop: Hop, changed: dict[Hop, Break]
) -> Iterator[Conflict]:
    """A new override of a member that the other branch changed or removed."""
    fresh = {added.hop: added for added in user.added}
    for (key, name), change in changed.items():
        owner, _, member = name.rpartition(".")
        holder = target.name.rpartition(".")[0] if target.name.endswith(">") else target.name
        mine = fresh.get((target.key, f"{holder}.{member}"))
        if (key, owner) != hop or mine is None or member in ("__init__", "constructor"):
            continue
        severity = _override_severity(change, mine)
        if severity is None:
            continue
        symbol, own = symbol_of(breaker, key, name), symbol_of(user, *mine.hop)
        what = (
            f"changes {symbol} to {written(change.news[-1].parameters)}"
            if change.reason is Reason.SIGNATURE
            else f"removes {symbol}"
        )
        yield Conflict(
            level=Level.SYMBOL,
            kind=ConflictKind.OVERRIDE_MISMATCH,
            severity=severity,
            branches=(breaker.side.name, user.side.name),
            path=change.path,
            symbol=symbol,
            locations=(at(user, mine.path, mine.definition),),
            explanation=(
                f"`{breaker.side.name}` {what} ({change.path}:{change.line}), and `{user.side.name}` newly "
                f"overrides it as {own} ({mine.path}:{mine.definition.start})"
            ),
            suggestion=f"Land {breaker.side.name} first, then adapt {own}",
        )


def _says_override(definition: Definition) -> bool:
    return Flag.OVERRIDE in definition.flags or "Override" in definition.decorators or bool(definition.trait)


def _override_severity(change: Break, mine: Added) -> Severity | None:
    marked = _says_override(mine.definition)
    if change.reason is not Reason.SIGNATURE:
        return Severity.ERROR if marked else None
    new, old = called(change.news[-1], bound=True), called(change.olds[-1], bound=True)
    own = called(mine.definition, bound=True)
    if new is None or own is None or old is None or len(own) == len(new) != len(old):
        return None
    if any(each.kind in (ParameterKind.ARGS, ParameterKind.KWARGS) for each in own) or new == old:
        return None
    required = [each for each in new if not each.optional]
    lax = language_of(mine.path) in _LAX or not marked
    return (
        None
        if len(own) >= len(new) and len(required) <= len(own)
        else Severity.WARNING
        if lax
        else Severity.ERROR
    )
