"""JSON and TOML files as tables whose values are looked at one by one. A malformed file is an empty table."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping

Document = Mapping[str, object]

_EMPTY: Document = {}


def parse_json(text: str) -> Document:
    """The object in a JSON file; empty if the file is malformed or holds something else."""
    try:
        return as_table(json.loads(text))
    except (ValueError, RecursionError):
        return _EMPTY


def parse_toml(text: str) -> Document:
    """The tables of a TOML file; empty if the file is malformed."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return _EMPTY


def as_table(value: object) -> Document:
    """`value` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else _EMPTY


def table(document: Document, *path: str) -> Document:
    """The table that is reached through the keys of `path`; empty if there is none."""
    for key in path:
        document = as_table(document.get(key))
    return document
