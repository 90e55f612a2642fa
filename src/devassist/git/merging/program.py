"""Which git program there is, and whether it can try merges: what lands, and what conflicts, is for git to say."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from devassist.domain.errors import Refused
from devassist.git.command import asked

_PER_PAIR, _CO_PROCESS = (2, 38), (2, 39)


class Program(NamedTuple):
    """Where git is, and its version up to the second number."""

    path: str
    version: tuple[int, int]

    @property
    def answers_many(self) -> bool:
        """Whether one process of it can be asked about many merges."""
        return self.version >= _CO_PROCESS


def find_git(environment: Mapping[str, str]) -> Program:
    """The git on the person's PATH. Raises Refused where there is none, or one that cannot try a merge."""
    path = environment.get("PATH", os.defpath)
    found = shutil.which("git", path=path)
    if found is None:
        raise Refused("git is not installed", hint="Install git 2.39 or newer: it merges what agents wrote")
    answer = asked([found, "version"], Path("/"), {"PATH": path, "LC_ALL": "C"})
    said = re.search(rb"(\d+)\.(\d+)", answer.output)
    version = (int(said[1]), int(said[2])) if said else (0, 0)
    if version < _PER_PAIR:
        raise Refused(
            f"git {version[0]}.{version[1]} at {found} cannot try a merge without touching files",
            hint="Install git 2.39 or newer, first on the PATH",
        )
    return Program(found, version)
