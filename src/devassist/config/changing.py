"""Sets one key in the text of a configuration file; comments and everything else stay as they are."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence

import msgspec

from devassist.domain.errors import ConfigError


def with_value(text: str, key: str, value: object) -> str:
    """The text with the dotted `key` set to `value`. Raises ConfigError if it sets the key in a form of its own."""
    section, _, name = key.rpartition(".")
    changed = _changed(text.splitlines(), section, name, toml(value))
    if _value_in(changed, section, name) != json.loads(json.dumps(value)):
        raise ConfigError(f"{key} is set in a form that cannot be changed here", hint="devassist config edit")
    return changed


def _changed(lines: list[str], section: str, name: str, value: str) -> str:
    begin, end = _section(lines, section)
    if begin is None:
        blank = [""] if lines and lines[-1].strip() else []
        return "\n".join([*lines, *blank, f"[{section}]", f"{name} = {value}", ""])
    present = _assignment(lines, begin, end, name)
    if present is not None:
        lines[present[0] : present[1]] = [f"{name} = {value}"]
    else:
        # In the place where `init` names the key, else below the section's head.
        commented = (at for at in range(begin, end) if re.match(rf"#\s*{re.escape(name)}\s*=", lines[at]))
        lines.insert(next(commented, begin - 1) + 1, f"{name} = {value}")
    return "\n".join([*lines, ""])


def toml(value: object) -> str:
    """A setting's value as TOML; what is not set in a table is left out."""
    plain = msgspec.to_builtins(value)
    if isinstance(plain, Mapping):
        rows = [f"{_key(name)} = {toml(item)}" for name, item in plain.items() if item is not None]
        return "{ " + ", ".join(rows) + " }" if rows else "{}"
    if isinstance(plain, Sequence) and not isinstance(plain, str):
        return "[" + ", ".join(toml(item) for item in plain) + "]"
    return json.dumps(plain, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _section(lines: Sequence[str], section: str) -> tuple[int | None, int]:
    """The lines of `[section]`, from after its head to before the next one; None if there is no such head."""
    heads = [at for at, line in enumerate(lines) if re.match(r"\s*\[", line)]
    wanted = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]\s*(#.*)?$")
    for at in heads:
        if wanted.match(lines[at]):
            return at + 1, next((other for other in heads if at < other), len(lines))
    return None, len(lines)


def _assignment(lines: Sequence[str], begin: int, end: int, name: str) -> tuple[int, int] | None:
    """The lines of `name = ...`, of which a list may have several."""
    for at in range(begin, end):
        if re.match(rf"\s*{re.escape(name)}\s*=", lines[at]):
            for last in range(at + 1, end + 1):
                try:
                    tomllib.loads("\n".join(lines[at:last]))
                except tomllib.TOMLDecodeError:
                    continue
                return at, last
    return None


def _value_in(text: str, section: str, name: str) -> object:
    try:
        table: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    for part in [*section.split("."), name]:
        table = table.get(part) if isinstance(table, dict) else None
    return table
