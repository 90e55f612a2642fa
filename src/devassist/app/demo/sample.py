"""Creates the sample repository of `devassist demo` and the options of its run."""

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
    """The sample repository, opened, and the options of the run."""

    project: Project
    options: RunOptions


def make_demo(host: Host, directory: Path | None) -> Demo:
    """Creates a repository in `directory`, by default a temporary one. Raises UsageError if that is not empty."""
    target = directory or Path(tempfile.mkdtemp(prefix="devassist-demo-"))
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty", hint="devassist demo DIR with a new DIR")
    target.mkdir(parents=True, exist_ok=True)
    sample = yaml.safe_load(files("devassist.app.demo").joinpath("sample.yaml").read_text("utf-8"))
    for name, text in sample["files"].items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    create_repository(target, message="A small shop", environment=host.environment)
    environment = {
        key: value
        for key, value in host.environment.items()
        if not key.startswith("DEVASSIST_") or key == "DEVASSIST_STATE_DIR"
    }
    project = open_project(
        Host(environment=environment, directory=target),
        {"model.default": "scripted/demo", "worker.keep_warm": False},
    )
    return Demo(project, RunOptions(goal=sample["goal"]))
