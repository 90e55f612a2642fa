"""Diagnoses the machine and the repository for `doctor`, and detects for `init` how a repository is checked."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devassist.app.doctor.check import Check, Health
from devassist.app.doctor.installing import bubblewrap_command
from devassist.app.doctor.repair import Repair, find_damage, repair
from devassist.app.runs.model_choice import choice_of
from devassist.app.runs.model_notes import model_notes
from devassist.app.verification import verify_log
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_project
from devassist.app.wiring.sandbox import probe_sandbox
from devassist.app.wiring.standby import find_standby
from devassist.app.wiring.versions import versions
from devassist.domain.choice.models import priced, windows_of
from devassist.domain.errors import DevassistError, ModelError, NotFound, Refused
from devassist.domain.settings import ModelSettings
from devassist.domain.statuses import SandboxTier
from devassist.domain.words import counted
from devassist.engine.context import ModelChoice
from devassist.git.handles import promisor_of
from devassist.git.merging.program import find_git
from devassist.llm.models.routing import Choice, choose_model, is_scripted, resolved
from devassist.store.connection import sqlite_version

_OLDEST_SOUND_SQLITE = (3, 51, 3)
_ENOUGH_DISK = 1 << 30
_READ = 50
"""Test files that are looked at to tell unittest from pytest."""
_RUNS_PROGRAMS = ("core.fsmonitor", "core.hooksPath", "diff.external", "core.sshCommand")


@dataclass(frozen=True, slots=True)
class Detected:
    """The commands that check a repository, and notes for the person about what was detected and what was not."""

    check_commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def detect(project: Project) -> Detected:
    """The repository's check commands, by its files, and the model, by the environment."""
    commands = tuple(_check_commands(project.repository.workdir))
    notes = ["checks: " + ", ".join(commands)] if commands else []
    if not commands:
        notes.append("no test command was recognised; set [checks] commands")
    try:
        offers = choice_of(project.settings, project.host.environment)
        choice = _model(project) if not offers.chosen else Choice(model=_offered(offers), source="[models]")
        notes.append(f"model: {choice.model} ({choice.source})")
    except ModelError as error:
        notes.append(f"model: {error}")
    return Detected(commands, tuple(notes))


def _check_commands(root: Path) -> Iterator[str]:
    if command := _python_tests(root):
        yield command
    package = root / "package.json"
    if package.is_file() and '"test"' in package.read_text("utf-8", "replace"):
        yield "npm test --silent"
    for name, command in (("go.mod", "go test ./..."), ("Cargo.toml", "cargo test --offline")):
        if (root / name).is_file():
            yield command


def _python_tests(root: Path) -> str:
    """What runs the tests of a Python project; empty if it has none."""
    if (root / "manage.py").is_file() and "django" in (root / "manage.py").read_text("utf-8", "replace"):
        return "python manage.py test"
    folder = next((name for name in ("tests", "test") if (root / name).is_dir()), "")
    files = [*root.glob("test_*.py"), *((root / folder).rglob("test*.py") if folder else ())]
    configured = any(
        (root / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg", "pytest.ini")
    )
    if configured and (folder or files):
        return "python -m pytest -q"
    texts = [path.read_text("utf-8", "replace") for path in files[:_READ]]
    if not texts:
        return ""
    if all("unittest" in text and "pytest" not in text for text in texts):
        package = folder and (root / folder / "__init__.py").is_file()
        top = " -t ." if package else ""
        return f"python -m unittest discover{f' -s {folder}' if folder else ''}{top}"
    return "python -m pytest -q"


def _model(project: Project) -> Choice:
    return choose_model(project.settings.model, project.host.environment)


def diagnose(host: Host) -> list[Check]:
    """Every check, of the machine first. A repository that cannot be opened is a failed check, and the last."""
    checks = list(_environment(host))
    try:
        project = open_project(host)
    except DevassistError as error:
        return [*checks, Check("repository", Health.FAIL, str(error), error.hint)]
    return [
        *checks,
        *_sandbox(project),
        *_model_checks(project),
        *_repository(project),
        *_log(project),
        *_damage(project),
    ]


def repair_all(host: Host) -> list[Repair]:
    """Repair what crashes left in the repository around `host.directory`."""
    return repair(open_project(host))


def _damage(project: Project) -> Iterator[Check]:
    for damage in find_damage(project):
        hint = damage.hint if damage.act is None else "devassist doctor --fix"
        yield Check(damage.what, Health.WARN, f"{damage.path}: {damage.before}", hint)


def _environment(host: Host) -> Iterator[Check]:
    installed = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield Check("versions", Health.OK, installed)
    try:
        git = find_git(host.environment)
        yield Check("git", Health.OK, f"{git.path}, {git.version[0]}.{git.version[1]}")
    except Refused as error:
        yield Check("git", Health.FAIL, str(error), error.hint)
    version = sqlite_version()
    sqlite = tuple(int(part) for part in version.split("."))
    # Before 3.51.3 two writers that checkpoint at once can damage a WAL; our lock keeps that from happening.
    note = "" if sqlite >= _OLDEST_SOUND_SQLITE else " (older than 3.51.3: devassist's lock guards its WAL)"
    yield Check("sqlite", Health.OK, f"{version}{note}")
    yield _state_directory(host)
    yield from _standby(host)
    if sys.platform != "linux":
        yield Check("platform", Health.WARN, f"{sys.platform}: the sandbox tiers are Linux's")


def _state_directory(host: Host) -> Check:
    try:
        host.state_dir.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(host.state_dir).free
    except OSError as error:
        fact = f"{host.state_dir} cannot be made: {error.strerror}"
        return Check("state directory", Health.FAIL, fact, "DEVASSIST_STATE_DIR=DIR names another place")
    health = Health.OK if free >= _ENOUGH_DISK else Health.WARN
    return Check("state directory", health, f"{host.state_dir}, {free // (1 << 20)} MiB free")


def _standby(host: Host) -> Iterator[Check]:
    if waiting := find_standby(host):
        facts = f"{waiting.rss_kib // 1024} MiB, idle for {waiting.idle_s / 60:.0f} of 15 minutes"
        fact = f"process {waiting.pid} waits for the next run: {facts}"
        yield Check("warm workers", Health.OK, f"{fact}; 'devassist stop --all' ends it")


def _sandbox(project: Project) -> Iterator[Check]:
    probe, path = probe_sandbox(project), project.host.environment.get("PATH")
    for report in probe.reports:
        health = Health.OK if report.ok else Health.WARN
        absent = report.tier is SandboxTier.BUBBLEWRAP and shutil.which("bwrap", path=path) is None
        yield Check(f"sandbox {report.tier}", health, report.detail, bubblewrap_command() if absent else "")
    if probe.sandbox is None:
        fact = "no tier works: commands are not offered"
        yield Check("sandbox", Health.FAIL, fact, bubblewrap_command())
        return
    count = len(probe.missing)
    gaps = f", with {count} {'gap' if count == 1 else 'gaps'}" if count else ""
    hint = "devassist doctor -v lists them" if count else ""
    yield Check("sandbox", Health.OK, f"{probe.tier}{gaps}", hint, more=probe.missing)


def _offered(offers: ModelChoice) -> str:
    return ", ".join(candidate.model for candidate in offers.candidates)


def _model_checks(project: Project) -> Iterator[Check]:
    env, offers = project.host.environment, choice_of(project.settings, project.host.environment)
    if offers.chosen:
        settings = priced(project.settings.model, project.settings.models)
        yield Check("model", Health.OK, f"{_offered(offers)}, chosen by task from [models]; not called")
        models = [candidate.model for candidate in offers.candidates]
        yield from _notes_on(settings, models, env, windows_of(project.settings.models))
        return
    try:
        choice = _model(project)
    except ModelError as error:
        yield Check("model", Health.FAIL, str(error), error.hint)
        return
    where = f" at {choice.api_base}" if choice.api_base else ""
    yield Check("model", Health.OK, f"{choice.model}{where}, from {choice.source}; not called")
    settings = resolved(project.settings.model, choice)
    yield from _notes_on(settings, [choice.model, *settings.roles.values(), *settings.fallbacks], env)


def _notes_on(
    settings: ModelSettings,
    models: Sequence[str],
    env: Mapping[str, str],
    windows: Mapping[str, int] | None = None,
) -> Iterator[Check]:
    wanted = [model for model in dict.fromkeys(models) if not is_scripted(model)]
    for note in model_notes(settings, wanted, env, windows or {}):
        fact, _, hint = note.partition("; ")
        yield Check("model", Health.WARN, fact, hint)


def _repository(project: Project) -> Iterator[Check]:
    repository = project.repository
    yield Check("repository", Health.OK, f"{repository.root} at {repository.head_commit[:12]}")
    if repository.is_shallow:
        hint = "git fetch --unshallow (fetch-depth: 0 in CI)"
        yield Check("history", Health.WARN, "the clone is shallow", hint)
    if promisor := promisor_of(repository.common_dir):
        yield Check("partial clone", Health.OK, f"git fetches what is missing from {promisor.remote}")
    if repository.has_submodules:
        yield Check(
            "submodules",
            Health.WARN,
            "agents' worktrees have those that are initialised, and never change them",
        )
    if others := sorted(repository.filter_drivers - {"lfs"}):
        fact = f"{', '.join(others)}: not run here; agents see such files as they are stored, and cannot change them"
        yield Check("filters", Health.WARN, fact)
    if repository.has_lfs:
        hint = "[checks] setup can fetch the files"
        yield Check("Git LFS", Health.WARN, "agents' worktrees hold pointers", hint)
    for setting in _RUNS_PROGRAMS:
        if value := repository.setting(setting):
            fact = f"{setting} = {value} would run a program; devassist never runs it"
            yield Check("git config", Health.WARN, fact)


def _log(project: Project) -> Iterator[Check]:
    try:
        log = verify_log(project)
    except NotFound:
        yield Check("audit log", Health.OK, "none yet")
        return
    if log.ok:
        fact = f"{counted(log.events, 'event')} verify, anchored to {log.anchored_to}"
        yield Check("audit log", Health.OK, fact)
    else:
        problem = log.problems[0]
        fact = f"seq {problem.seq}: {problem.detail}"
        yield Check("audit log", Health.FAIL, fact, "devassist audit verify")
