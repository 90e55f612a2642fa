"""What `/proc` shows of this process's environment: whoever looks for the processes of a run looks there."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Final

ROOM: Final = "DEVASSIST_ROOM"
"""A variable that only makes the block of the environment large enough for what is shown later."""
_START, _END = 47, 48
"""Indices of the block's addresses in /proc/self/stat, counted after the command's closing parenthesis."""


def show(variables: Mapping[str, str]) -> None:
    """
    Let `/proc` show `variables` as the environment of this process, and of those that it forks.

    The kernel shows the block of memory that the process was started with. `os.environ` is not touched, but `detach`
    must have been called before. Raises ValueError if the block is too small.
    """
    fields = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    start, size = int(fields[_START]), int(fields[_END]) - int(fields[_START])
    block = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in variables.items())
    if len(block) > size:
        raise ValueError(f"{len(block)} bytes of environment and room for {size}")
    ctypes.memmove(start, block.ljust(size, b"\0"), size)


def detach(environ: MutableMapping[str, str]) -> None:
    """Move this process's environment, `os.environ`, out of that block: C's `getenv` then reads copies."""
    variables = dict(environ)
    environ.clear()
    environ.update(variables)
