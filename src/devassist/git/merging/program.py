"""Checks that the installed git can try merges: what lands, and what conflicts, is for git to decide."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devassist.domain.errors import Refused
from devassist.git.command import locate_git, run_git

_PER_PAIR, _CO_PROCESS = (2, 38), (2, 39)


@dataclass(frozen=True, slots=True)
class Program:
    """The path of git, and its version up to the second number."""

    path: str
    version: tuple[int, int]

    @property
    def answers_many(self) -> bool:
        """Whether one process of it can try many merges."""
        return self.version >= _CO_PROCESS


def find_git(environment: Mapping[str, str]) -> Program:
    """The git on the person's PATH. Raises Refused if there is none, or if it cannot try a merge."""
    path = environment.get("PATH", os.defpath)
    program = locate_git(path)
    answer = run_git([program, "version"], Path("/"), {"PATH": path, "LC_ALL": "C"})
    numbers = re.search(rb"(\d+)\.(\d+)", answer.output)
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if version < _PER_PAIR:
        raise Refused(
            f"git {version[0]}.{version[1]} at {program} cannot try a merge without touching files",
            hint="Install git 2.39 or newer, first on the PATH",
        )
    return Program(program, version)
