"""Matches calls with parameters, and judges the effect of changed signatures on them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from devassist.conflicts.syntax.tables import (
    Definition,
    Flag,
    Parameter,
    ParameterKind,
    Reference,
    SymbolKind,
)

TRANSPARENT = frozenset(
    "staticmethod classmethod property cached_property lru_cache cache abstractmethod override overload final "
    "contextmanager asynccontextmanager deprecated wraps no_type_check".split()
)
"""Decorators that leave the signature alone; of any other it is not known."""
_LIFETIME = re.compile(r"'[a-z_]\w*\b(?!')")

_BY_POSITION = frozenset((ParameterKind.POSITIONAL, ParameterKind.ANY))


class Effect(Enum):
    """The effect of a changed definition on one call."""

    NONE = auto()
    DOUBTFUL = auto()
    BREAKS = auto()


def opaque(definition: Definition) -> bool:
    """Whether a decorator may give it another signature than it says."""
    names = [decorator.rpartition(".")[2] for decorator in definition.decorators]
    return any(name not in TRANSPARENT for name in names) and definition.kind is not SymbolKind.CLASS


def called(definition: Definition, *, bound: bool) -> tuple[Parameter, ...] | None:
    """The parameters a caller fills; None where it is not known. `bound`: the receiver fills the first."""
    parameters = definition.parameters
    if parameters is None:
        return None
    static = "staticmethod" in definition.decorators
    first = parameters[0] if parameters else None
    implicit = first is not None and first.name in ("self", "cls", "mcs") and first.kind in _BY_POSITION
    if (
        implicit
        and not static
        and (bound or "classmethod" in definition.decorators or definition.last == "__init__")
    ):
        return parameters[1:]
    return parameters


def accepts(parameters: Sequence[Parameter], call: Reference) -> bool:
    """Whether a call with these arguments runs; starred arguments may fill anything."""
    positional = [parameter for parameter in parameters if parameter.kind in _BY_POSITION]
    variadic = any(parameter.kind is ParameterKind.ARGS for parameter in parameters)
    keyworded = any(parameter.kind is ParameterKind.KWARGS for parameter in parameters)
    if call.args > len(positional) and not variadic:
        return False
    names = {
        parameter.name
        for parameter in parameters
        if parameter.kind in (ParameterKind.ANY, ParameterKind.KEYWORD)
    }
    positions = {parameter.name for parameter in positional[: call.args]}
    if any(name in positions or (name not in names and not keyworded) for name in call.keywords):
        return False
    if call.starred:
        return True
    missing = [parameter for parameter in positional[call.args :] if not parameter.optional]
    missing += [
        parameter
        for parameter in parameters
        if parameter.kind is ParameterKind.KEYWORD and not parameter.optional
    ]
    return all(parameter.name in call.keywords for parameter in missing)


def fits(definition: Definition, call: Reference, *, bound: bool) -> bool:
    """Whether the call could be written for this definition."""
    parameters = called(definition, bound=bound)
    return parameters is not None and accepts(parameters, call)


def effect(old: Definition, new: Definition, call: Reference, *, bound: bool, language: str) -> Effect:
    """The effect of the change from `old` to `new` on a call that was written for `old`."""
    before, after = called(old, bound=bound), called(new, bound=bound)
    if before is None or after is None:
        return Effect.NONE
    if not accepts(before, call):
        return Effect.NONE
    if not accepts(after, call):
        lax = language == "javascript" and call.args > len(after)
        return Effect.DOUBTFUL if opaque(old) or opaque(new) or lax else Effect.BREAKS
    result_effect = _result_effect(old, new, call, language)
    return result_effect if result_effect is not Effect.NONE else _quiet_effect(before, after, call, old, new)


def _result_effect(old: Definition, new: Definition, call: Reference, language: str) -> Effect:
    """The effect of a changed result on a use of it that a compiler checks."""
    if call.statement or Flag.CHECKED not in new.flags or _condensed(old.result) == _condensed(new.result):
        return Effect.NONE
    if language == "go" and results(old.result) != results(new.result):
        return Effect.BREAKS
    if language == "go" and _unnamed(old.result) == _unnamed(new.result):
        return Effect.NONE
    if language == "go":
        return Effect.DOUBTFUL
    return Effect.BREAKS if new.result in ("void", "") else Effect.DOUBTFUL


def _condensed(text: str) -> str:
    """A type without its white space; the names of Rust's lifetimes say nothing to who calls."""
    return "".join(_LIFETIME.sub("", text).split())


def _unnamed(result: str) -> list[str]:
    """The types of Go's results without the names that results may have."""
    return [part.split()[-1] for part in result.strip("() ").split(",") if part.strip()]


def results(result: str) -> int:
    """The number of values that a Go function returns."""
    text = result.strip()
    if not text.startswith("("):
        return 1 if text else 0
    depth, count = 0, 1
    for sign in text[1:-1]:
        depth += (sign in "([{") - (sign in ")]}")
        count += sign == "," and depth == 0
    return count


def _quiet_effect(
    before: Sequence[Parameter], after: Sequence[Parameter], call: Reference, old: Definition, new: Definition
) -> Effect:
    """The effect on the meaning of a call that still runs."""
    olds = [parameter for parameter in before if parameter.kind in _BY_POSITION][: call.args]
    news = [parameter for parameter in after if parameter.kind in _BY_POSITION][: call.args]
    old_names, new_names = [parameter.name for parameter in olds], [parameter.name for parameter in news]
    if old_names != new_names and len(olds) == len(news):
        swapped = set(old_names) == set(new_names)
        moved = [
            name
            for name, other in zip(old_names, new_names, strict=True)
            if name != other and any(parameter.name == name for parameter in after)
        ]
        if swapped:
            return Effect.BREAKS
        if moved:
            return Effect.DOUBTFUL
    if (Flag.ASYNC in old.flags) != (Flag.ASYNC in new.flags):
        return Effect.DOUBTFUL
    retyped = [
        parameter
        for parameter, other in zip(olds, news, strict=False)
        if parameter.type and other.type and _condensed(parameter.type) != _condensed(other.type)
    ]
    return Effect.DOUBTFUL if retyped and not _untyped(new) else Effect.NONE


def _untyped(definition: Definition) -> bool:
    """Annotations that nothing checks when the code runs are no reason to worry."""
    return Flag.CHECKED not in definition.flags


def same_call(old: Definition, new: Definition) -> bool:
    """Whether nothing about calling it changed."""
    return (
        old.parameters == new.parameters
        and old.result == new.result
        and old.kind == new.kind
        and (Flag.ASYNC in old.flags) == (Flag.ASYNC in new.flags)
    )
