"""Opens what runs checks on commits outside of any run, in a sandbox and a worktree that are removed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from devassist.app.runs.requesting import fresh_run_id, plain_request
from devassist.app.runs.wiring import run_context
from devassist.app.wiring.project import Project
from devassist.app.wiring.standby import worker_world
from devassist.crew.executor import ForkserverExecutor
from devassist.descent import remove_tree
from devassist.domain.errors import Refused
from devassist.engine.landing.checks import Checks
from devassist.engine.log.journal import Journal
from devassist.engine.stop import StopSwitch
from devassist.ports import Recorder
from devassist.sandbox.probe import choose


@contextmanager
def open_checks(project: Project, log: Recorder, *, base: str, purpose: str) -> Iterator[Checks]:
    """Checks whose base is the commit `base`; `purpose` is for the log. Raises Refused if no sandbox works here."""
    run = fresh_run_id()
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    try:
        probe = choose(project.settings.sandbox.mode, scratch=directory)
        if probe.sandbox is None:
            raise Refused("no sandbox works here to run checks in", hint="devassist doctor")
        request = plain_request(project, run, goal=purpose, base=base)
        # Only commands run here: the executor is never launched.
        executor = ForkserverExecutor(worker_world(project.host, run, directory))
        journal = Journal(run="", log=log)  # it is no run: nothing of it is listed or resumed
        context = run_context(project, request, probe, journal, executor, StopSwitch(), directory)
        checks = Checks(context=context)
        try:
            yield checks
        finally:
            checks.close()
    finally:
        remove_tree(directory)
