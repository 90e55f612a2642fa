"""Finds the git program, and runs one git command to its end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devassist.domain.errors import Refused, RepositoryError

TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code of a git command, its standard output, and its standard error as text."""

    code: int
    output: bytes
    error: str


def locate_git(program_path: str) -> str:
    """The first git on a PATH. Raises Refused when there is none."""
    program = shutil.which("git", path=program_path)
    if program is None:
        raise Refused("git is not installed", hint="Install git 2.39 or newer: it merges what agents wrote")
    return program


def run_git(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], *, stdin: bytes = b""
) -> Answer:
    """
    Run a git command in `directory`, with exactly `environment` and the input `stdin`.

    A command that fails is an Answer; RepositoryError when it does not start, or runs for more than `TIMEOUT_S`.
    """
    try:
        process = subprocess.run(
            command,
            cwd=directory,
            env=dict(environment),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RepositoryError(f"git did not run: {error}") from error
    return Answer(process.returncode, process.stdout, process.stderr.decode("utf-8", "replace").strip())
