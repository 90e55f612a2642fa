"""Makes the sample repository of `devassist demo`, and says how to run on it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml

from devassist.app.runs.requesting import RunOptions
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_project
from devassist.domain.errors import UsageError
from devassist.git.creation import create_repository


@dataclass(frozen=True, slots=True)
class Demo:
    """The repository, opened, and the options of the run."""

    project: Project
    options: RunOptions


def make_demo(host: Host, directory: Path | None) -> Demo:
    """A new repository at `directory` (a temporary one by default). Raises UsageError when something is there."""
    where = directory or Path(tempfile.mkdtemp(prefix="devassist-demo-"))
    if where.exists() and (not where.is_dir() or any(where.iterdir())):
        raise UsageError(f"{where} is not empty", hint="devassist demo DIR with a new DIR")
    where.mkdir(parents=True, exist_ok=True)
    sample = yaml.safe_load(files("devassist.app.demo").joinpath("sample.yaml").read_text("utf-8"))
    for name, text in sample["files"].items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    create_repository(where, message="A small shop", environment=host.environment)
    kept = "DEVASSIST_STATE_DIR"
    quiet = {
        key: value
        for key, value in host.environment.items()
        if not key.startswith("DEVASSIST_") or key == kept
    }
    project = open_project(Host(environment=quiet, directory=where), {"model.default": "scripted/demo"})
    return Demo(project, RunOptions(goal=sample["goal"]))
