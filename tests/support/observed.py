"""Runs a command as a gate does, less the sandbox, and gives back the ledger of its tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from devassist.domain.ledger import CaseStatus, Ledger
from devassist.evidence.observation import Observation, observe
from devassist.ports import CommandResult

PYTHON_BIN = str(Path(sys.executable).parent)


def write_tree(tree: Path, files: Mapping[str, str]) -> None:
    """Make `files` below `tree`."""
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def command_environment(home: Path, **extra: str) -> dict[str, str]:
    """What a gate's command has, with this Python first."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": f"{PYTHON_BIN}:{os.environ['PATH']}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the plugins of this environment take longer than the tests
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def observation(command: str, tree: Path, environment: Mapping[str, str]) -> Observation:
    def read(path: str) -> str | None:
        try:
            return (tree / path).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    results = tree.parent / "results"
    return observe(command, read=read, environment=environment, results=results)


def run_observed(command: str, tree: Path, **extra: str) -> tuple[CommandResult, Ledger]:
    """Run `command` in `tree`, whose parent gets the results and a HOME."""
    home = tree.parent / "home"
    home.mkdir(exist_ok=True)
    environment = command_environment(home, **extra)
    seen = observation(command, tree, environment)
    done = subprocess.run(
        ["/bin/sh", "-c", seen.run],
        cwd=tree,
        env={**environment, **seen.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=240,
        check=False,
    )
    result = CommandResult(exit_code=done.returncode, output=done.stdout, seconds=0.0)
    return result, seen.ledger(result, tree=tree)


def outcomes(ledger: Ledger) -> dict[str, str]:
    """The cases in a form that reads well in a test."""
    return {case: CaseStatus(status).value for case, status in ledger.cases.items()}
