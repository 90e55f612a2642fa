"""Wires a run and sees it to its end in this process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devassist.bootstrap.host import boot_id, versions
from devassist.bootstrap.project import Project, open_log
from devassist.bootstrap.requests import fresh_run_id, plain_request
from devassist.domain.errors import UsageError
from devassist.domain.roles import Role
from devassist.domain.run import RunState
from devassist.ports import EventSink

if TYPE_CHECKING:  # imported where they are used: `--help` and `status` must not pay for a run's imports
    from devassist.domain.plan import Plan
    from devassist.engine.context import RunContext, RunRequest
    from devassist.engine.stop import StopSwitch
    from devassist.git.repository import Repository
    from devassist.sandbox.probe import Probe


GUIDANCE_FILES = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `devassist run` was given, unread."""

    goal: str = ""
    plan: Plan | None = None
    plan_only: bool = False
    base: str = ""
    include_dirty: bool = False
    record: Path | None = None
    replay: Path | None = None
    unsafe_no_sandbox: bool = False


def start_run(
    project: Project,
    options: RunOptions,
    *,
    sinks: Sequence[EventSink] = (),
    announce: Callable[[str, RunState], None] = lambda _run, _state: None,
) -> RunState:
    """
    Run to the end in this process; the run's state then. Signals stop it cleanly, a second one at once.

    `announce` is told the run's id and its live state before anything happens.
    """
    from devassist.crew.executor import ForkserverExecutor
    from devassist.engine.journal import Journal
    from devassist.engine.stop import MARK, StopSwitch
    from devassist.engine.supervisor import Supervisor
    from devassist.llm.cassette import CassetteWriter
    from devassist.sandbox.probe import choose

    host = project.host
    run = fresh_run_id()
    request = run_request(project, options, run)
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    probe = choose(project.settings.sandbox.mode, scratch=directory, allow_unsafe=options.unsafe_no_sandbox)
    request = replace(request, warnings=(*request.warnings, *sandbox_notes(probe)))
    executor = ForkserverExecutor(
        environment={**host.environment, MARK: run, "CREWAI_STORAGE_DIR": str(directory / ".crewai")},
        directory=directory / ".private",
        log=directory / "worker.log",
    )
    journal = Journal(run=run)
    announce(run, journal.state)
    recorder = CassetteWriter(options.record) if options.record is not None else None
    log = open_log(project, sinks=[journal, *sinks, *([recorder] if recorder else [])])
    journal.log = log
    stop = StopSwitch()
    try:
        context = run_context(project, request, probe, journal, executor, stop)
        supervisor = Supervisor(context=context, head=log.head, database=log.database_id)
        with stopped_by_signals(stop):
            state = supervisor.execute()
        log.checkpoint(run)
        return state
    finally:
        executor.close()
        log.close()
        if recorder is not None:
            recorder.close()


def sandbox_notes(probe: Probe) -> Sequence[str]:
    """What must be said about how commands run."""
    if probe.sandbox is None:
        tried = "; ".join(f"{report.tier}: {report.detail}" for report in probe.reports)
        return [f"no sandbox works here, so agents are offered no commands ({tried})"]
    label = "commands run without a sandbox" if probe.tier == "none" else f"the {probe.tier} sandbox"
    return [f"{label}: {gap}" for gap in probe.missing]


def run_request(project: Project, options: RunOptions, run: str) -> RunRequest:
    from devassist.llm.routing import choose_model, models_for, resolved

    settings = project.settings
    base, warnings = _base(project, options)
    script, source = "", ""
    models: dict[str, Sequence[str]] = {}
    chosen = settings.model
    if options.replay is not None and not chosen.default:
        models = {str(role): ["replay/cassette"] for role in Role}
        source = "cassette"
    else:
        choice = choose_model(chosen, project.host.environment)
        chosen, source = resolved(chosen, choice), choice.source
        models = {str(role): list(models_for(str(role), chosen)) for role in Role}
        script = _script_of(chosen.default, project.host.directory)
    return replace(
        plain_request(project, run, goal=options.goal),
        base=base,
        models=models,
        api_base=chosen.api_base,
        plan=options.plan,
        plan_only=options.plan_only,
        script=script,
        replay=str(options.replay.resolve()) if options.replay is not None else "",
        warnings=tuple(warnings),
        facts={
            "versions": versions(),
            "pid": os.getpid(),
            "boot_id": boot_id(),
            "model_source": source,
            "argv": sys.argv[1:],
        },
    )


def _script_of(model: str, directory: Path) -> str:
    """`scripted/demo` is shipped; any other name is a file."""
    from devassist.llm.routing import is_scripted
    from devassist.llm.scripted import load_script

    if not is_scripted(model):
        return ""
    name = model.partition("/")[2]
    shipped = Path(__file__).parent.parent / "demo" / f"{name}.yaml"
    path = shipped if shipped.is_file() else (directory / name).resolve()
    if not path.is_file():
        raise UsageError(
            f"there is no script {name!r}", hint="scripted/demo is shipped; otherwise name a file"
        )
    load_script(path)
    return str(path)


def _base(project: Project, options: RunOptions) -> tuple[str, list[str]]:
    """The commit that the run starts from, and what must be said about the repository."""
    repository = project.repository
    base = repository.resolve(options.base or "HEAD")
    warnings: list[str] = []
    dirty = repository.dirty_paths()
    if dirty and options.include_dirty:
        signature = repository.signature(project.host.environment)
        base = repository.snapshot_dirty("Uncommitted work, taken as the base of a run", signature)
    elif dirty:
        paths = [*dict.fromkeys([*dirty.staged, *dirty.unstaged, *dirty.untracked])]
        shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004
        warnings.append(
            f"uncommitted work is left out (the base is {base[:12]}): {shown}; --include-dirty takes it in"
        )
    if repository.is_shallow:
        warnings.append("the clone is shallow; the run works on what is here, conflicts need the history")
    if repository.has_submodules:
        warnings.append("submodules are not filled in the agents' worktrees and are never changed")
    if repository.has_lfs:
        warnings.append("files kept by Git LFS are pointers in the agents' worktrees")
    if repository.head_branch is None and not options.base:
        warnings.append(f"HEAD is detached; the base is {base[:12]}")
    return base, warnings


def run_context(
    project: Project,
    request: RunRequest,
    probe: Probe,
    journal: Any,
    executor: Any,
    stop: StopSwitch,
) -> RunContext:
    from devassist.engine.briefs import Surroundings
    from devassist.engine.context import CommandWorld, RunContext
    from devassist.engine.stop import MARK
    from devassist.git.repository import Repository
    from devassist.sandbox.editable import editable_leak, site_packages
    from devassist.sandbox.toolchain import command_environment, command_path, toolchain_directories

    repository, host = project.repository, project.host
    python = Path(sys.prefix)
    path = command_path(
        host.environment, python_prefix=python, repository=repository.root, worktree=project.worktrees
    )
    read_only = toolchain_directories(path, repository=repository.root)
    leaks = editable_leak(site_packages(path), repository.root)

    def world(worktree: Path, private: Path) -> CommandWorld:
        extra = {MARK: request.run}
        if leaks:
            # The worktree's own code goes before what an editable install points to.
            extra["PYTHONPATH"] = os.pathsep.join(str(worktree / one) for one in ("src", "."))
        environment = command_environment(
            host.environment,
            private=private,
            python_prefix=python,
            repository=repository.root,
            worktree=worktree,
            extra=extra,
        )
        return CommandWorld(environment=environment, read_only=read_only)

    return RunContext(
        request=request,
        open_repository=lambda: Repository.discover(repository.workdir),
        journal=journal,
        executor=executor,
        sandbox=probe.sandbox,
        worktrees=project.worktrees / request.run,
        reports=project.reports,
        world=world,
        leaks=lambda: leaks,
        clock=time.monotonic,
        environment=host.environment,
        stop=stop,
        around=Surroundings(
            goal=request.goal,
            guidance=_guidance(repository, request.base),
            prefix=request.prefix,
            checks=project.settings.checks.commands,
            commands_offered=probe.sandbox is not None,
        ),
        started=time.monotonic(),
        pid=os.getpid(),
    )


def _guidance(repository: Repository, base: str) -> Mapping[str, str]:
    from devassist.domain.errors import DevassistError

    found: dict[str, str] = {}
    for name in GUIDANCE_FILES:
        try:
            found[name] = repository.read_file(base, name).decode("utf-8", "replace")
        except DevassistError:
            continue
    return found


@contextmanager
def stopped_by_signals(stop: StopSwitch) -> Any:
    """SIGINT and SIGTERM pull the switch; the second kills what is left at once."""
    count = 0

    def pull(number: int, _frame: object) -> None:
        nonlocal count
        count += 1
        name = signal.Signals(number).name
        stop.pull("stopped", f"interrupted ({name})", exit_code=130, now=count > 1)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, pull) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
