"""One git command, run to its end: how it ended and what it printed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from devassist.domain.errors import RepositoryError

PATIENCE_S = 300.0


class Answer(NamedTuple):
    """How a command that runs once ended."""

    code: int
    output: bytes
    error: str


def asked(command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Answer:
    """Run git once."""
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RepositoryError(f"git did not run: {error}") from error
    return Answer(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace").strip())
