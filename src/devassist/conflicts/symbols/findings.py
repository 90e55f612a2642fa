"""Words conflicts of symbols: a sentence with symbols, files and lines, and a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from devassist.conflicts.names.namespaces import CONSTRUCTORS
from devassist.conflicts.symbols.branch_facts import Branch, Use
from devassist.conflicts.symbols.breaks import Break, Reason
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
    """A use that breaks, and the severity."""

    use: Use
    severity: Severity


def symbol_of(branch: Branch, key: str, name: str) -> str:
    """The qualified name as people write it; a constructor is its class."""
    head, _, last = name.rpartition(".")
    plain = head if last in CONSTRUCTORS and head else name
    return ".".join(filter(None, [branch.base.modules.title(key) or branch.own.modules.title(key), plain]))


def at(branch: Branch, path: str, definition: Definition) -> Location:
    """The location of a definition on a branch."""
    return Location(branch=branch.side.name, path=path, start_line=definition.start, end_line=definition.end)


def places(spots: Sequence[tuple[str, int]]) -> str:
    unique = list(dict.fromkeys(spots))
    shown = ", ".join(f"{path}:{line}" for path, line in unique[:_SHOWN])
    more = len(unique) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def written(parameters: Sequence[Parameter] | None) -> str:
    """Parameters as they read in the source."""
    if parameters is None:
        return ""
    marks = {ParameterKind.ARGS: "*", ParameterKind.KWARGS: "**"}
    names = [
        marks.get(parameter.kind, "") + parameter.name + ("=..." if parameter.optional else "")
        for parameter in parameters
    ]
    return "(" + ", ".join(names) + ")"


def break_conflict(breaker: Branch, user: Branch, change: Break, evidence: Sequence[Evidence]) -> Conflict:
    """The conflict between a name that `breaker` broke and its new uses on `user`."""
    symbol = symbol_of(breaker, change.key, change.name)
    uses = places([(each.use.path, each.use.line) for each in evidence])
    verb = _verb(evidence)
    what = _what(symbol, change)
    spots = [
        Location(branch=user.side.name, path=path, start_line=line, end_line=line)
        for path, line in dict.fromkeys((each.use.path, each.use.line) for each in evidence)
    ]
    if change.news and change.new_path:
        new = change.news[-1]
        spots.append(
            Location(branch=breaker.side.name, path=change.new_path, start_line=new.start, end_line=new.end)
        )
    return Conflict(
        level=Level.SYMBOL,
        kind=_KINDS[change.reason],
        severity=min((each.severity for each in evidence), key=list(Severity).index),
        branches=(breaker.side.name, user.side.name),
        path=change.path,
        symbol=symbol,
        locations=tuple(spots),
        explanation=f"`{breaker.side.name}` {what}, and `{user.side.name}` newly {verb} it in {uses}",
        suggestion=_advice(breaker.side.name, user.side.name, symbol, change),
    )


def _verb(evidence: Sequence[Evidence]) -> str:
    references = [each.use.reference for each in evidence]
    if any(reference is not None and reference.call for reference in references):
        return "calls"
    return "uses" if any(reference is not None for reference in references) else "imports"


def _what(symbol: str, broken: Break) -> str:
    at = f"({broken.path}:{broken.line})"
    match broken.reason:
        case Reason.RENAMED:
            return f"renames {symbol} {at} to {broken.new_title}"
        case Reason.MOVED:
            return f"moves {symbol} {at} to {broken.new_title} ({broken.new_path})"
        case Reason.SIGNATURE if broken.olds and broken.news:
            new = broken.news[-1]
            old = broken.olds[-1]
            change = f"from {written(old.parameters)} to {written(new.parameters)}"
            if written(old.parameters) == written(new.parameters):
                change = f"({_manner(old, new)})"
            return f"changes {symbol} {change} ({broken.new_path}:{new.start})"
        case _:
            pass
    return f"removes {symbol} {at}" if broken.inside else f"no longer exports {symbol} {at}"


def _manner(old: Definition, new: Definition) -> str:
    if old.kind != new.kind:
        return f"a {old.kind} becomes a {new.kind}"
    if (Flag.ASYNC in old.flags) != (Flag.ASYNC in new.flags):
        return "now async" if Flag.ASYNC in new.flags else "no longer async"
    if old.result != new.result:
        return f"result {old.result or 'nothing'} becomes {new.result or 'nothing'}"
    return "its types changed"


def _advice(breaker: str, user: str, symbol: str, change: Break) -> str:
    match change.reason:
        case Reason.RENAMED | Reason.MOVED:
            return f"Land {breaker} first, then use {change.new_title} in {user}"
        case Reason.SIGNATURE:
            return f"Land {breaker} first, then adapt the calls of {symbol} in {user}"
        case _:
            pass
    return f"Land {breaker} first and rebase {user} without {symbol}, or keep {symbol} in {breaker}"
