"""Owns a run from its first event to its last in this process: a new one, or one that goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devassist.app.runs.notifying import notifiers
from devassist.app.runs.ownership import own_run
from devassist.app.runs.requesting import (
    ResumeOptions,
    RunOptions,
    fresh_run_id,
    new_request,
    resumed_request,
)
from devassist.app.runs.run_files import run_files
from devassist.app.runs.wiring import run_context
from devassist.app.wiring.project import Project, load_state, open_log, open_reader
from devassist.domain.errors import UsageError
from devassist.domain.events import RecoveryDone
from devassist.domain.run import RunState
from devassist.domain.statuses import RunStatus
from devassist.ports import EventSink, LateSink

if TYPE_CHECKING:  # imported where they are used: `--help` and `status` must not pay for a run's imports
    from devassist.engine.context import RunRequest
    from devassist.engine.log.journal import Journal
    from devassist.sandbox.probe import Probe


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
    from devassist.engine.log.journal import Journal

    run = fresh_run_id()
    request = new_request(project, options, run)
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    journal = Journal(run=run)
    announce(run, journal.state)
    told = [*run_files(project, options.artifacts), *notifiers(project), *sinks]
    with own_run(project, run):
        return _supervised(
            project,
            request,
            journal,
            directory,
            told,
            sinks,
            options.record,
            unsafe=options.unsafe_no_sandbox,
        )


def resume_run(
    project: Project,
    run: str,
    options: ResumeOptions,
    *,
    sinks: Sequence[EventSink] = (),
    announce: Callable[[str, RunState], None] = lambda _run, _state: None,
) -> RunState:
    """
    Go on with a run where its log ends; the run's state then.

    `project` carries the run's settings (see `project_of_run`). Raises Refused while another process owns it.
    """
    from devassist.engine.log.journal import Journal
    from devassist.git.repair.worktrees import adopt_moved
    from devassist.git.worktree.listing import list_worktrees
    from devassist.store.filters import EventFilter

    with own_run(project, run):
        journal = Journal(run=run)
        with open_reader(project) as reader:
            before = list(reader.events(EventFilter(run=run)))
        for record in before:
            journal.fold(record)
        told = [*run_files(project, options.artifacts), *notifiers(project), *sinks]
        for sink in told:
            if isinstance(sink, LateSink):
                sink.catch_up(before)
        state = journal.state
        if state.discarded or state.undone:
            how = "discarded" if state.discarded else "undone"
            raise UsageError(f"{run} was {how}", hint="start a new one with 'devassist run GOAL'")
        recorded = state.started.worktrees  # not recorded by older versions
        directory = Path(recorded) if recorded and Path(recorded).is_dir() else project.worktrees / run
        directory.mkdir(parents=True, exist_ok=True)
        if state.started.repository != str(project.repository.root):
            for one in list_worktrees(project.repository):
                if one.ours and one.name.startswith(f"da-{run}-"):
                    adopt_moved(project.repository, one.path, one.name)
        request = replace(resumed_request(project, state, options), cleared=cleared(project, run))
        announce(run, state)
        unsafe = options.unsafe_no_sandbox or state.sandbox == "none"
        return _supervised(project, request, journal, directory, told, sinks, options.record, unsafe=unsafe)


def cleared(project: Project, run: str) -> RecoveryDone | None:
    """End what a dead supervisor left running, and remove its locks. The caller owns the run."""
    from devassist.engine.stop import sweep
    from devassist.git.repair.worktrees import clear_dead_locks

    killed, locks = sweep(run), clear_dead_locks(project.repository, run)
    return RecoveryDone(killed=killed, locks=tuple(locks)) if killed or locks else None


def project_of_run(project: Project, run: str, flags: dict[str, Any]) -> tuple[Project, RunState]:
    """The run's state, and the project with the settings that the run has recorded; `flags` override them."""
    from devassist.config.load import Loaded, recorded_settings

    state = load_state(project, run)
    settings = recorded_settings(state.started.settings, flags)
    if state.status is RunStatus.SUCCEEDED:
        raise UsageError(
            f"{state.run} has succeeded: there is nothing to go on with",
            hint=f"devassist show {state.run}",
        )
    return replace(project, loaded=Loaded(settings=settings, origins={})), state


def _supervised(  # noqa: PLR0913, PLR0917  a run's parts, each by name
    project: Project,
    request: RunRequest,
    journal: Journal,
    directory: Path,
    sinks: Sequence[EventSink],
    watchers: Sequence[EventSink],
    record: Path | None,
    *,
    unsafe: bool,
) -> RunState:
    from devassist.app.runs.signals import stopped_by_signals
    from devassist.crew.executor import ForkserverExecutor
    from devassist.engine.run.supervisor import Supervisor
    from devassist.engine.stop import MARK, StopSwitch
    from devassist.llm.cassette import CassetteWriter
    from devassist.sandbox.probe import choose

    probe = choose(project.settings.sandbox.mode, scratch=directory, allow_unsafe=unsafe)
    request = replace(request, warnings=(*request.warnings, *sandbox_notes(probe)))
    executor = ForkserverExecutor(
        environment={
            **project.host.environment,
            MARK: request.run,
            "CREWAI_STORAGE_DIR": str(directory / ".crewai"),
        },
        directory=directory / ".private",
        log=directory / "worker.log",
    )
    stop = StopSwitch()
    with ExitStack() as stack:
        stack.callback(executor.close)
        recorders = [stack.enter_context(CassetteWriter(record))] if record is not None else []
        log = stack.enter_context(open_log(project, sinks=[*sinks, *recorders], state=journal))
        journal.log = log
        context = run_context(project, request, probe, journal, executor, stop, directory, watchers)
        supervisor = Supervisor(context=context, head=log.head, database=log.database_id)
        with stopped_by_signals(stop):
            state = supervisor.execute()
        log.checkpoint(request.run)
        return state


def sandbox_notes(probe: Probe) -> Sequence[str]:
    """What must be said about how commands run."""
    if probe.sandbox is None:
        tried = "; ".join(f"{report.tier}: {report.detail}" for report in probe.reports)
        return [f"no sandbox works here, so agents are offered no commands ({tried})"]
    label = "commands run without a sandbox" if probe.tier == "none" else f"the {probe.tier} sandbox"
    return [f"{label}: {gap}" for gap in probe.missing]
