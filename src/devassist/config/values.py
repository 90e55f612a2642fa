"""The dotted keys of the settings, the type of each, and the checks of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache
from math import isinf, isnan
from typing import get_args, get_origin, get_type_hints

import msgspec

from devassist.config.headers import check_header
from devassist.domain.errors import ConfigError
from devassist.domain.settings import Settings

Type = object
"""The annotation of a field of the settings; typing has no name for the type of annotations."""

_NAMES: Mapping[object, str] = {int: "a whole number", float: "a number", bool: "true or false"}
_THRESHOLD = "a threshold lies between 0 and 1"


@cache
def types() -> Mapping[str, Type]:
    """
    Every dotted key, in the order of the settings, with its type.

    A section whose tables the person names, such as `models`, is a key of its own.
    """
    kinds: dict[str, Type] = {}
    for section, kind in get_type_hints(Settings).items():
        if not is_dataclass(kind):
            kinds[section] = kind
            continue
        hints = get_type_hints(kind)
        kinds |= {f"{section}.{key.name}": hints[key.name] for key in fields(kind)}
    return kinds


def known_keys() -> Sequence[str]:
    """Every dotted key, in the order of the settings."""
    return list(types())


def value_of(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    value: object = getattr(settings, section)
    return getattr(value, name) if name else value


def build(values: Mapping[str, object], origins: Mapping[str, str]) -> Settings:
    """The settings with `values` by dotted key. Raises ConfigError naming origin and key of a wrong one."""
    document: dict[str, object] = {}
    tables: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        _check(key, value, types()[key], origins[key])
        section, _, name = key.partition(".")
        if name:
            tables.setdefault(section, {})[name] = value
        else:
            document[section] = value
    return msgspec.convert(document | tables, Settings)


def unknown(origin: str, key: str, known: Sequence[str], *, kind: str = "key") -> ConfigError:
    near = get_close_matches(key, known, n=1, cutoff=0.4)
    guess = f"Did you mean {near[0]}? " if near else ""
    return ConfigError(f"{origin}: unknown {kind} {key}", hint=f"{guess}Known: {', '.join(known)}")


def is_list(kind: Type) -> bool:
    origin: object = get_origin(kind)
    return origin is tuple


def is_table(kind: Type) -> bool:
    """Whether a table sets the key: one value for each name in it, or those of a class."""
    origin: object = get_origin(kind)
    return origin is Mapping or (isinstance(kind, type) and is_dataclass(kind))


def _check(key: str, value: object, kind: Type, origin: str) -> None:
    table = _table_in(kind)
    if isinstance(value, Mapping) and table is not None:
        _check_table(key, value, table, origin)
        return
    try:
        number = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _wrong(key, value, kind, origin) from error
    if key.startswith("models.") and key.endswith(".model") and not number:
        raise ConfigError(f"{origin}: {key} is empty", hint="Name a litellm model string")
    is_threshold = isinstance(number, float) and key.startswith("approvals.")
    if isinstance(number, int | float) and number < 0:
        hint = (
            _THRESHOLD
            if is_threshold
            else ""
            if key.startswith(("model.", "models."))
            else "0 means no limit"
        )
        raise ConfigError(f"{origin}: {key} = {value!r} is negative", hint=hint)
    if isinstance(number, float) and (isnan(number) or (isinf(number) and key.startswith("model."))):
        raise _wrong(key, value, kind, origin)
    if is_threshold and number > 1:
        raise ConfigError(f"{origin}: {key} = {value!r} is over 1", hint=_THRESHOLD)


def _table_in(kind: Type) -> Type | None:
    """The kind itself if it is a table's, or that of a table which may be left out; else None."""
    return (
        next((inner for inner in (kind, *get_args(kind)) if is_table(inner)), None)
        if not is_list(kind)
        else None
    )


def _check_table(key: str, value: Mapping[str, object], kind: Type, origin: str) -> None:
    """Check a table by the fields of its class, or as a mapping from the values of an enum or from any text."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        known, owed = (
            list(hints),
            [field.name for field in fields(kind) if field.default is field.default_factory is MISSING],
        )
    else:
        names, inner = get_args(kind)
        known, owed = _choices(names) or list(value), []
        hints = dict.fromkeys(known, inner)
    for name, item in value.items():
        if name not in known:
            raise unknown(origin, f"{key}.{name}", [f"{key}.{choice}" for choice in known])
        _check(f"{key}.{name}", item, hints[name], origin)
        if key.endswith(".extra_headers"):
            check_header(origin, key, name, str(item))
    if missing := [name for name in owed if name not in value]:
        raise ConfigError(f"{origin}: {key} has no {missing[0]}", hint=f"Known: {', '.join(known)}")


def _wrong(key: str, value: object, kind: Type, origin: str) -> ConfigError:
    choices = _choices(kind) or _choices(*get_args(kind)[:1])
    known = f"Known: {', '.join(choices)}"
    if choices and isinstance(value, str) and isinstance(kind, type):
        near = get_close_matches(value, choices, n=1) or choices
        return ConfigError(
            f"{origin}: {key} = {value!r} is not one of {', '.join(choices)}",
            hint=f"devassist config set {key} {near[0]}" if origin.endswith(".toml") else known,
        )
    if choices and isinstance(value, list | tuple):
        unknown_items = [item for item in value if item not in choices]
        return ConfigError(f"{origin}: {key} names {unknown_items[0]!r}", hint=known)
    hint = "devassist config edit opens it" if origin.endswith(".toml") else ""
    return ConfigError(f"{origin}: {key} = {value!r} is not {name_of(kind)}", hint=hint)


def _choices(kind: Type = None) -> list[str]:
    """The values of an enum; empty for any other type."""
    return [str(member) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def name_of(kind: Type) -> str:
    """A type in words, such as `a number`."""
    if is_list(kind):
        return "a list of texts"
    if is_table(kind):
        return "a table" if not get_args(kind) or is_table(get_args(kind)[1]) else "a table of texts"
    if get_args(kind):  # the only unions are those with None
        return name_of(get_args(kind)[0])
    return _NAMES.get(kind, "a text")
