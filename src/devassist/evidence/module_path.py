"""Assignments of PYTHONPATH in a command: the only part of one that is ever rewritten."""

from __future__ import annotations

import re

_ASSIGNMENT = re.compile(
    r"""(?P<before>(?:^|[;&|(]|\bthen\b|\bdo\b)\s*(?:(?:env|export)\s+)?(?:\w+=[\w./:@+-]*\s+)*)"""
    r"""PYTHONPATH=(?P<quote>"?)(?=[\w./]|\$PWD\b|\$\{PWD\}|\$\(pwd\))"""
)
_PLAIN = re.compile(r"[\w./@+-]+")


def with_entry(command: str, entry: str) -> str:
    """
    `command` with `entry` first wherever it sets PYTHONPATH for a program it then calls, maybe by its full path.

    Only where the value begins with a path: before an empty one, an entry would put the current directory there, too.
    """
    if not _PLAIN.fullmatch(entry):
        return command
    return _ASSIGNMENT.sub(lambda match: f"{match['before']}PYTHONPATH={match['quote']}{entry}:", command)
