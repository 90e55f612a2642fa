"""How findings are worded: one sentence with symbols, files and lines, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from devassist.conflicts.names.namespaces import CONSTRUCTORS
from devassist.conflicts.symbols.branch_facts import Branch, Use
from devassist.conflicts.symbols.breakage import Break, Reason
from devassist.conflicts.syntax.tables import Definition, Flag, Parameter, ParameterKind
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity

_SHOWN = 3
_KINDS = {
    Reason.REMOVED: ConflictKind.REMOVED_SYMBOL_USED,
    Reason.RENAMED: ConflictKind.RENAMED_SYMBOL_USED,
    Reason.MOVED: ConflictKind.MOVED_SYMBOL_USED,
    Reason.SIGNATURE: ConflictKind.SIGNATURE_CHANGED_CALLED,
}


class Evidence(NamedTuple):
    """One use and how sure it is that it breaks."""

    use: Use
    severity: Severity


def symbol_of(branch: Branch, key: str, name: str) -> str:
    """The qualified name as people write it; a constructor is its class."""
    head, _, last = name.rpartition(".")
    plain = head if last in CONSTRUCTORS and head else name
    return ".".join(filter(None, [branch.base.modules.title(key) or branch.own.modules.title(key), plain]))


def at(branch: Branch, path: str, definition: Definition) -> Location:
    """Where a definition stands on a branch."""
    return Location(branch=branch.side.name, path=path, start_line=definition.start, end_line=definition.end)


def places(found: Sequence[tuple[str, int]]) -> str:
    unique = list(dict.fromkeys(found))
    shown = ", ".join(f"{path}:{line}" for path, line in unique[:_SHOWN])
    more = len(unique) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def written(parameters: Sequence[Parameter] | None) -> str:
    """Parameters as they read in the source."""
    if parameters is None:
        return ""
    marks = {ParameterKind.ARGS: "*", ParameterKind.KWARGS: "**"}
    names = [marks.get(one.kind, "") + one.name + ("=..." if one.optional else "") for one in parameters]
    return "(" + ", ".join(names) + ")"


def break_conflict(breaker: Branch, user: Branch, one: Break, found: Sequence[Evidence]) -> Conflict:
    """What `breaker` broke and `user` newly uses."""
    symbol = symbol_of(breaker, one.key, one.name)
    uses = places([(each.use.path, each.use.line) for each in found])
    verb = _verb(found)
    what = _what(symbol, one)
    spots = [
        Location(branch=user.side.name, path=path, start_line=line, end_line=line)
        for path, line in dict.fromkeys((each.use.path, each.use.line) for each in found)
    ]
    if one.news and one.new_path:
        new = one.news[-1]
        spots.append(
            Location(branch=breaker.side.name, path=one.new_path, start_line=new.start, end_line=new.end)
        )
    return Conflict(
        level=Level.SYMBOL,
        kind=_KINDS[one.reason],
        severity=min((each.severity for each in found), key=list(Severity).index),
        branches=(breaker.side.name, user.side.name),
        path=one.path,
        symbol=symbol,
        locations=tuple(spots),
        explanation=f"`{breaker.side.name}` {what}, and `{user.side.name}` newly {verb} it in {uses}",
        suggestion=_advice(breaker.side.name, user.side.name, symbol, one),
    )


def _verb(found: Sequence[Evidence]) -> str:
    references = [each.use.reference for each in found]
    if any(one is not None and one.call for one in references):
        return "calls"
    return "uses" if any(one is not None for one in references) else "imports"


def _what(symbol: str, one: Break) -> str:
    at = f"({one.path}:{one.line})"
    match one.reason:
        case Reason.RENAMED:
            return f"renames {symbol} {at} to {one.new_title}"
        case Reason.MOVED:
            return f"moves {symbol} {at} to {one.new_title} ({one.new_path})"
        case Reason.SIGNATURE if one.olds and one.news:
            new = one.news[-1]
            old = one.olds[-1]
            change = f"from {written(old.parameters)} to {written(new.parameters)}"
            if written(old.parameters) == written(new.parameters):
                change = f"({_manner(old, new)})"
            return f"changes {symbol} {change} ({one.new_path}:{new.start})"
        case _:
            pass
    return f"removes {symbol} {at}" if one.inside else f"no longer exports {symbol} {at}"


def _manner(old: Definition, new: Definition) -> str:
    if old.kind != new.kind:
        return f"a {old.kind} becomes a {new.kind}"
    if (Flag.ASYNC in old.flags) != (Flag.ASYNC in new.flags):
        return "now async" if Flag.ASYNC in new.flags else "no longer async"
    if old.result != new.result:
        return f"result {old.result or 'nothing'} becomes {new.result or 'nothing'}"
    return "its types changed"


def _advice(breaker: str, user: str, symbol: str, one: Break) -> str:
    match one.reason:
        case Reason.RENAMED | Reason.MOVED:
            return f"Land {breaker} first, then use {one.new_title} in {user}"
        case Reason.SIGNATURE:
            return f"Land {breaker} first, then adapt the calls of {symbol} in {user}"
        case _:
            pass
    return f"Land {breaker} first and rebase {user} without {symbol}, or keep {symbol} in {breaker}"
