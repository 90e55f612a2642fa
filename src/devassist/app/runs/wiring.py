"""Wires the collaborators of a run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

from devassist.app.runs.guidance import read_guidance
from devassist.app.runs.model_choice import measures_of
from devassist.app.runs.ownership import fair_share
from devassist.app.runs.plan_estimate import estimate_in_words
from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project, open_reader
from devassist.conflicts.resolution.rerere import TEACHING
from devassist.domain.errors import NotFound
from devassist.domain.events import EventType, LedgerRecorded, Record
from devassist.engine.context import CommandWorld, RunContext, RunRequest, Surroundings
from devassist.engine.crews.repository_map import map_of
from devassist.engine.log.journal import STEERING, Journal
from devassist.engine.stop import MARK, StopSwitch
from devassist.git.worktree.packages import package_directories
from devassist.ports import EventSink, Executor
from devassist.sandbox.editable import editable_leak, site_packages
from devassist.sandbox.probe import Probe
from devassist.sandbox.toolchain import (
    WITHOUT_NETWORK,
    command_environment,
    command_path,
    toolchain_directories,
)
from devassist.store.filters import EventFilter
from devassist.store.queries import AuditReader


def run_context(  # noqa: PLR0913, PLR0917  the parts that a run is wired from
    project: Project,
    request: RunRequest,
    probe: Probe,
    journal: Journal,
    executor: Executor,
    stop: StopSwitch,
    directory: Path,
    views: Sequence[EventSink] = (),
) -> RunContext:
    """The collaborators of one run, whose worktrees are in `directory`."""
    repository, host = project.repository, project.host
    python = Path(sys.prefix)
    path = command_path(
        host.environment, python_prefix=python, repository=repository.root, worktree=project.worktrees
    )
    read_only = [
        *toolchain_directories(path, repository=repository.root),
        *package_directories(repository),
    ]
    leaks = editable_leak(site_packages(path), repository.root)

    def world(worktree: Path, private: Path) -> CommandWorld:
        extra = {MARK: request.run, **({} if request.settings.sandbox.network else WITHOUT_NETWORK)}
        if leaks:
            # The worktree's own code takes precedence over that of an editable install.
            extra["PYTHONPATH"] = os.pathsep.join(str(worktree / name) for name in ("src", "."))
        environment = command_environment(
            host.environment,
            private=private,
            python_prefix=python,
            repository=repository.root,
            worktree=worktree,
            extra=extra,
        )
        return CommandWorld(environment=environment, read_only=read_only)

    symbols = host.state_dir / "symbols"
    return RunContext(
        request=request,
        open_repository=repository.reopened,
        journal=journal,
        executor=executor,
        sandbox=probe.sandbox,
        worktrees=directory,
        reports=project.reports,
        world=world,
        leaks=lambda: leaks,
        clock=time.monotonic,
        environment=host.environment,
        stop=stop,
        history=history_of(project, request.run),
        taught=partial(taught, project),
        ledgers=partial(ledgers, project),
        steering=steering_of(project, request.run),
        show=lambda record: _show(views, record),
        estimated=partial(estimate_in_words, project),
        measured=cache(
            lambda: measures_of(project, [candidate.model for candidate in request.choice.candidates])
        ),
        share=lambda limit: fair_share(project, limit),
        around=Surroundings(
            goal=request.goal,
            guidance=read_guidance(repository, request.base, request.secrecy.hidden_in(None)),
            map=map_of(repository.reopened, request, symbols=symbols),
            prefix=request.prefix,
            checks=project.settings.checks.commands,
            commands_offered=probe.sandbox is not None,
        ),
        symbols=symbols,
        started=time.monotonic(),
        pid=os.getpid(),
    )


def _show(views: Sequence[EventSink], record: Record) -> None:
    for view in views:
        view.write(record)


def history_of(project: Project, run: str) -> Callable[[str], Sequence[Record]]:
    """Returns a function that reads the records of one task of a run, payloads included."""

    def history(task: str) -> Sequence[Record]:
        with open_reader(project) as reader:
            return list(reader.events(EventFilter(run=run, task=task)))

    return history


def steering_of(project: Project, run: str) -> Callable[[int], Sequence[Record]]:
    """
    Returns a function that reads the records after a `seq` with which other processes steer a run.

    It is for one thread, whose connection stays open, and is cheap while the log does not change.
    """
    types = [str(type_) for type_ in STEERING]
    reader: AuditReader | None = None
    read = -1

    def steering(after: int) -> Sequence[Record]:
        nonlocal reader, read
        reader = reader or open_reader(project)
        version = reader.data_version()
        if version == read:
            return ()
        records = list(reader.events(EventFilter(run=run, types=types, after_seq=after)))
        read = version
        return records

    return steering


def ledgers(project: Project, tree: str) -> Sequence[LedgerRecorded]:
    """The ledgers of a tree that any run recorded in the last day, oldest first; none if there is no log."""
    wanted = EventFilter(types=(str(EventType.LEDGER_RECORDED),), since=utc_now() - timedelta(days=1))
    try:
        with open_reader(project) as reader:
            ids = [
                record.id
                for record in reader.events(wanted, raw=True)
                if isinstance(record.body, LedgerRecorded) and record.body.tree == tree
            ]
            bodies = [reader.event(id_).body for id_ in ids]
    except NotFound:
        return []
    return [body for body in bodies if isinstance(body, LedgerRecorded)]


def taught(project: Project) -> Sequence[Record]:
    """The records of how conflicts were resolved, of all runs and people; none if there is no log."""
    try:
        with open_reader(project) as reader:
            return list(reader.events(EventFilter(types=TEACHING)))
    except NotFound:
        return []
