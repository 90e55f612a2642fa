"""What `doctor` finds and `init` detects: facts about the machine and the repository, each with a next step."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.app.doctor.repair import find_damage, repair
from devassist.app.verification import verify_log
from devassist.app.wiring.host import Host, versions
from devassist.app.wiring.project import Project, open_project
from devassist.app.wiring.sandbox import probe_sandbox
from devassist.domain.errors import DevassistError, ModelError, NotFound, Refused
from devassist.git.merging.program import find_git
from devassist.llm.routing import choose_model
from devassist.store.connection import sqlite_version

_OLDEST_SOUND_SQLITE = (3, 51, 3)
_ENOUGH_DISK = 1 << 30


@dataclass(frozen=True, slots=True)
class Detected:
    """Values for the configuration file, and what to tell about them."""

    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def detect(project: Project) -> Detected:
    """The checks of the repository by its files, and the model by the environment."""
    root = project.repository.workdir
    values: dict[str, Any] = {}
    notes: list[str] = []
    checks = list(_checks_of(root))
    if checks:
        values["checks.commands"] = checks
        notes.append("checks: " + ", ".join(checks))
    else:
        notes.append("no test command was recognised; set [checks] commands")
    try:
        choice = _model(project)
        notes.append(f"model: {choice.model} ({choice.source})")
    except ModelError as error:
        notes.append(f"model: {error}")
    return Detected(values, tuple(notes))


def _checks_of(root: Path) -> Iterator[str]:
    tests = any((root / name).is_dir() for name in ("tests", "test")) or any(root.glob("test_*.py"))
    if tests and any(
        (root / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini")
    ):
        yield "python -m pytest -q"
    package = root / "package.json"
    if package.is_file() and '"test"' in package.read_text("utf-8", "replace"):
        yield "npm test --silent"
    for name, command in (("go.mod", "go test ./..."), ("Cargo.toml", "cargo test --offline")):
        if (root / name).is_file():
            yield command


def _model(project: Project) -> Any:
    return choose_model(project.settings.model, project.host.environment)


def diagnose(host: Host) -> list[dict[str, str]]:
    """Every check as {check, status: ok|warn|fail, detail, hint}."""
    found = list(_environment(host))
    try:
        project = open_project(host)
    except DevassistError as error:
        return [*found, _row("repository", "fail", str(error), error.hint)]
    return [
        *found,
        *_sandbox(project),
        *_model_rows(project),
        *_repository(project),
        *_log(project),
        *_damage(project),
    ]


def repair_all(host: Host) -> list[dict[str, Any]]:
    """Put right what crashes left: {what, path, before, after, run, hint, done, error} of each damage."""
    return repair(open_project(host))


def _damage(project: Project) -> Iterator[dict[str, str]]:
    for one in find_damage(project):
        detail = f"{one.path}: {one.before}"
        yield _row(one.what, "warn", detail, one.hint if one.act is None else "devassist doctor --fix")


def _row(check: str, status: str, detail: str, hint: str = "") -> dict[str, str]:
    return {"check": check, "status": status, "detail": detail, "hint": hint}


def _environment(host: Host) -> Iterator[dict[str, str]]:
    yield _row("versions", "ok", ", ".join(f"{name} {version}" for name, version in versions().items()))
    try:
        git = find_git(host.environment)
        yield _row("git", "ok", f"{git.path}, {git.version[0]}.{git.version[1]}")
    except Refused as error:
        yield _row("git", "fail", str(error), error.hint)
    version = sqlite_version()
    sqlite = tuple(int(part) for part in version.split("."))
    # Before 3.51.3 two writers that checkpoint at once can damage a WAL; our lock keeps that from happening.
    note = "" if sqlite >= _OLDEST_SOUND_SQLITE else " (older than 3.51.3: devassist's lock guards its WAL)"
    yield _row("sqlite", "ok", f"{version}{note}")
    host.state_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(host.state_dir).free
    status = "ok" if free >= _ENOUGH_DISK else "warn"
    yield _row("state directory", status, f"{host.state_dir}, {free // (1 << 20)} MiB free")
    if sys.platform != "linux":
        yield _row("platform", "warn", f"{sys.platform}: the sandbox tiers are Linux's")


def _sandbox(project: Project) -> Iterator[dict[str, str]]:
    probe = probe_sandbox(project)
    for report in probe.reports:
        yield _row(f"sandbox {report.tier}", "ok" if report.ok else "warn", report.detail)
    if probe.sandbox is None:
        yield _row("sandbox", "fail", "no tier works: commands are not offered", "install bubblewrap")
        return
    missing = f"; not guaranteed: {'; '.join(probe.missing)}" if probe.missing else ""
    yield _row("sandbox", "ok", f"{probe.tier}{missing}")


def _model_rows(project: Project) -> Iterator[dict[str, str]]:
    try:
        choice = _model(project)
    except ModelError as error:
        yield _row("model", "fail", str(error), error.hint)
        return
    where = f" at {choice.api_base}" if choice.api_base else ""
    yield _row("model", "ok", f"{choice.model}{where}, from {choice.source}; not called")


def _repository(project: Project) -> Iterator[dict[str, str]]:
    repository = project.repository
    yield _row("repository", "ok", f"{repository.root} at {repository.head_commit[:12]}")
    if repository.is_shallow:
        yield _row("history", "warn", "the clone is shallow", "git fetch --unshallow (fetch-depth: 0 in CI)")
    if repository.has_submodules:
        yield _row("submodules", "warn", "agents' worktrees have them empty, and never change them")
    if repository.has_lfs:
        yield _row("Git LFS", "warn", "agents' worktrees hold pointers", "[checks] setup can fetch the files")
    for setting in ("core.fsmonitor", "core.hooksPath", "diff.external", "core.sshCommand"):
        if value := repository.setting(setting):
            yield _row(
                "git config", "warn", f"{setting} = {value} would run a program; devassist never runs it"
            )


def _log(project: Project) -> Iterator[dict[str, str]]:
    try:
        found = verify_log(project)
    except NotFound:
        yield _row("audit log", "ok", "none yet")
        return
    if found["ok"]:
        yield _row("audit log", "ok", f"{found['events']} events verify, anchored to {found['anchored_to']}")
    else:
        problem = found["problems"][0]
        yield _row(
            "audit log", "fail", f"seq {problem['seq']}: {problem['detail']}", "devassist audit verify"
        )
