"""Starts or resumes a run, and owns it in this process from its first event to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
from devassist.app.runs.signals import stopped_by_signals
from devassist.app.runs.wiring import run_context
from devassist.app.wiring.project import Project, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.app.wiring.standby import standby_of, worker_world
from devassist.config.load import Loaded, recorded_settings
from devassist.crew.executor import ForkserverExecutor
from devassist.descent import remove_tree
from devassist.domain.errors import UsageError
from devassist.domain.events import RecoveryDone
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, SandboxTier
from devassist.engine.context import RunContext, RunRequest
from devassist.engine.log.journal import Journal
from devassist.engine.run.goal_run import GoalRun
from devassist.engine.run.supervisor import Supervisor
from devassist.engine.stop import StopSwitch, sweep
from devassist.git.repair.worktrees import adopt_moved, clear_dead_locks
from devassist.git.worktree.listing import list_worktrees
from devassist.llm.cassette import CassetteWriter
from devassist.ports import EventSink, LateSink
from devassist.sandbox.probe import Probe, choose
from devassist.store.audit_log import AuditLog
from devassist.store.filters import EventFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class RunParts:
    """The options of one run that its request does not hold: sinks, views, cassette and sandbox."""

    sinks: Sequence[EventSink] = ()
    views: Sequence[EventSink] = ()
    """Those sinks that also receive what other processes record for the run."""
    cassette: Path | None = None
    unsafe: bool = False
    """Whether commands may run without a sandbox."""
    executor: ForkserverExecutor | None = None
    """The run's executor if it is launched already."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """A run's collaborators and its open log."""

    context: RunContext
    log: AuditLog


def start_run(
    project: Project,
    options: RunOptions,
    *,
    sinks: Sequence[EventSink] = (),
    announce: Callable[[str, RunState], None] = lambda _run, _state: None,
) -> RunState:
    """
    Runs to the end in this process and returns the final state. A signal stops the run, a second one at once.

    `announce` gets the run's id and its live state before the run starts.
    """
    run = fresh_run_id()
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    executor = _executor(project, run, directory)
    executor.launch()  # first, because its imports take longest
    try:
        request = new_request(project, options, run)
    except BaseException:
        executor.close()
        remove_tree(directory)
        raise
    journal = Journal(run=run)
    announce(run, journal.state)
    all_sinks = [*run_files(project, options.artifacts), *notifiers(project), *sinks]
    with closing(executor), own_run(project, run):
        parts = RunParts(
            sinks=all_sinks,
            views=sinks,
            cassette=options.record,
            unsafe=options.unsafe_no_sandbox,
            executor=executor,
        )
        return _supervised(project, request, journal, directory, parts)


def resume_run(
    project: Project,
    run: str,
    options: ResumeOptions,
    *,
    sinks: Sequence[EventSink] = (),
    announce: Callable[[str, RunState], None] = lambda _run, _state: None,
) -> RunState:
    """
    Resumes a run where its log ends, and returns the final state.

    `project` has the run's settings (see `project_of_run`). Raises Refused if another process owns the run.
    """
    with own_run(project, run):
        journal = Journal(run=run)
        with open_reader(project) as reader:
            before = list(reader.events(EventFilter(run=run)))
        for record in before:
            journal.fold(record)
        all_sinks = [*run_files(project, options.artifacts), *notifiers(project), *sinks]
        for sink in all_sinks:
            if isinstance(sink, LateSink):
                sink.catch_up(before)
        state = journal.state
        if state.discarded or state.undone:
            how = "discarded" if state.discarded else "undone"
            raise UsageError(f"{run} was {how}", hint="start a new one with 'devassist run GOAL'")
        recorded = state.started.worktrees  # empty in logs of older versions
        directory = Path(recorded) if recorded and Path(recorded).is_dir() else project.worktrees / run
        directory.mkdir(parents=True, exist_ok=True)
        if state.started.repository != str(project.repository.root):
            for worktree in list_worktrees(project.repository):
                if worktree.ours and worktree.name.startswith(f"da-{run}-"):
                    adopt_moved(project.repository, worktree.path, worktree.name)
        request = replace(resumed_request(project, state, options), cleared=cleared(project, run))
        announce(run, state)
        unsafe = options.unsafe_no_sandbox or state.sandbox is SandboxTier.NONE
        parts = RunParts(sinks=all_sinks, views=sinks, cassette=options.record, unsafe=unsafe)
        return _supervised(project, request, journal, directory, parts)


def cleared(project: Project, run: str) -> RecoveryDone | None:
    """Kills the processes and removes the locks that a dead supervisor left. The caller must own the run."""
    killed, locks = sweep(run), clear_dead_locks(project.repository, run)
    return RecoveryDone(killed=killed, locks=tuple(locks)) if killed or locks else None


def project_of_run(project: Project, run: str, flags: Mapping[str, object]) -> tuple[Project, RunState]:
    """The project with the settings that the run recorded, overridden by `flags`, and the run's state."""
    state = load_state(project, run)
    settings = recorded_settings(state.started.settings, flags)
    if state.status is RunStatus.SUCCEEDED:
        raise UsageError(
            f"{state.run} has succeeded: there is nothing to resume",
            hint=f"devassist show {state.run}",
        )
    origins = {key: "flag" for key, value in flags.items() if value is not None}
    return replace(project, loaded=Loaded(settings=settings, origins=origins)), state


@contextmanager
def supervision(
    project: Project, request: RunRequest, journal: Journal, directory: Path, parts: RunParts
) -> Iterator[Supervision]:
    """
    Opens what a run needs while it is supervised: sandbox, workers, log and signal handling.

    `directory` holds the run's worktrees. The log's head is anchored when the run has ended.
    """
    probe = choose(project.settings.sandbox.mode, scratch=directory, allow_unsafe=parts.unsafe)
    request = replace(request, warnings=(*request.warnings, *sandbox_notes(probe)))
    executor = parts.executor or _executor(project, request.run, directory)
    stop = StopSwitch()
    with ExitStack() as stack:
        stack.callback(executor.close)
        sinks = [*parts.sinks]
        if parts.cassette is not None:
            sinks.append(stack.enter_context(CassetteWriter(parts.cassette)))
        log = stack.enter_context(open_log(project, sinks=sinks, state=journal))
        journal.log = log
        context = run_context(project, request, probe, journal, executor, stop, directory, parts.views)
        with stopped_by_signals(stop):
            yield Supervision(context, log)
        log.checkpoint(request.run)


def _executor(project: Project, run: str, directory: Path) -> ForkserverExecutor:
    standby = standby_of(project.host, project.settings.worker)
    return ForkserverExecutor(worker_world(project.host, run, directory), standby=standby)


def _supervised(
    project: Project, request: RunRequest, journal: Journal, directory: Path, parts: RunParts
) -> RunState:
    with supervision(project, request, journal, directory, parts) as run:
        work = GoalRun(context=run.context, head=run.log.head, database=run.log.database_id)
        return Supervisor(context=run.context, work=work).execute()


def sandbox_notes(probe: Probe) -> Sequence[str]:
    """The warnings about how commands run: without a sandbox, or in one with gaps."""
    if probe.sandbox is None:
        tried = "; ".join(f"{report.tier}: {report.detail}" for report in probe.reports)
        return [f"no sandbox works here, so agents are offered no commands ({tried})"]
    label = (
        "commands run without a sandbox" if probe.tier is SandboxTier.NONE else f"the {probe.tier} sandbox"
    )
    if len(probe.missing) <= 1:
        return [f"{label}: {gap}" for gap in probe.missing]
    head = f"{label} has {len(probe.missing)} gaps; devassist doctor -v lists them"
    return ["\n".join([head, *probe.missing])]
