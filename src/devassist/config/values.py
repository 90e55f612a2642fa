"""The dotted keys of the settings, the type of each, and the checks of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import get_args, get_origin, get_type_hints

import msgspec

from devassist.domain.errors import ConfigError
from devassist.domain.settings import Settings

Type = object
"""The annotation of a field of the settings; typing has no name for the type of annotations."""

_NAMES: Mapping[object, str] = {int: "a whole number", float: "a number", bool: "true or false"}
_THRESHOLD = "a threshold lies between 0 and 1"


@cache
def types() -> Mapping[str, Type]:
    """Every dotted key, in the order of the settings, with its type."""
    hints = get_type_hints(Settings)
    return {
        f"{section.name}.{key.name}": get_type_hints(hints[section.name])[key.name]
        for section in fields(Settings)
        for key in fields(hints[section.name])
    }


def known_keys() -> Sequence[str]:
    """Every dotted key, in the order of the settings."""
    return list(types())


def value_of(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    value: object = getattr(getattr(settings, section), name)
    return value


def build(values: Mapping[str, object], origins: Mapping[str, str]) -> Settings:
    """The settings with `values` by dotted key. Raises ConfigError naming origin and key of a wrong one."""
    document: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        _check(key, value, types()[key], origins[key])
        section, _, name = key.partition(".")
        document.setdefault(section, {})[name] = value
    return msgspec.convert(document, Settings)


def unknown(origin: str, key: str, known: Sequence[str], *, kind: str = "key") -> ConfigError:
    near = get_close_matches(key, known, n=1, cutoff=0.4)
    guess = f"Did you mean {near[0]}? " if near else ""
    return ConfigError(f"{origin}: unknown {kind} {key}", hint=f"{guess}Known: {', '.join(known)}")


def is_list(kind: Type) -> bool:
    origin: object = get_origin(kind)
    return origin is tuple


def _is_table(kind: Type) -> bool:
    origin: object = get_origin(kind)
    return origin is Mapping


def _check(key: str, value: object, kind: Type, origin: str) -> None:
    if isinstance(value, Mapping) and _is_table(kind):
        names, values = get_args(kind)
        for name, item in value.items():
            if name not in _choices(names):
                raise unknown(origin, f"{key}.{name}", [f"{key}.{choice}" for choice in _choices(names)])
            _check(f"{key}.{name}", item, values, origin)
        return
    try:
        number = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _wrong(key, value, kind, origin) from error
    is_threshold = isinstance(number, float) and key.startswith("approvals.")
    if isinstance(number, int | float) and number < 0:
        hint = _THRESHOLD if is_threshold else "0 means no limit"
        raise ConfigError(f"{origin}: {key} = {value!r} is negative", hint=hint)
    if is_threshold and number > 1:
        raise ConfigError(f"{origin}: {key} = {value!r} is over 1", hint=_THRESHOLD)


def _wrong(key: str, value: object, kind: Type, origin: str) -> ConfigError:
    choices = _choices(kind) or _choices(*get_args(kind)[:1])
    known = f"Known: {', '.join(choices)}"
    if choices and isinstance(value, str) and isinstance(kind, type):
        return ConfigError(f"{origin}: {key} = {value!r}", hint=known)
    if choices and isinstance(value, list | tuple):
        unknown_items = [item for item in value if item not in choices]
        return ConfigError(f"{origin}: {key} names {unknown_items[0]!r}", hint=known)
    return ConfigError(f"{origin}: {key} = {value!r} is not {_name(kind)}")


def _choices(kind: Type = None) -> list[str]:
    """The values of an enum; empty for any other type."""
    return [str(member) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def _name(kind: Type) -> str:
    if is_list(kind):
        return "a list of texts"
    if get_args(kind):
        return "a table of texts"
    return _NAMES.get(kind, "a text")
