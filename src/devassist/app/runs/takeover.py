"""Opens a run that has ended to merge, apply, undo or discard its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from devassist.app.runs.ownership import is_alive, present
from devassist.app.wiring.project import Project, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import Unfinished
from devassist.domain.events import MergeCompleted
from devassist.domain.ids import result_branch
from devassist.domain.statuses import RunStatus
from devassist.engine.takeover.merge import Aftermath
from devassist.engine.takeover.undo import Undo
from devassist.store.filters import EventFilter


@contextmanager
def aftermath(project: Project, run: str) -> Iterator[Aftermath]:
    """The Aftermath of a run, with the audit log open for writing. Raises Unfinished while the run is active."""
    state = present(project, load_state(project, run))
    if state.status is RunStatus.RUNNING or is_alive(project, state.run):
        raise Unfinished(f"{state.run} has not ended", hint=f"devassist status {state.run}")
    with open_log(project) as log:
        yield Aftermath(
            repository=project.repository,
            recorder=log,
            state=state,
            environment=project.host.environment,
            head=log.head,
            database=log.database_id,
        )
        log.checkpoint(state.run)


@contextmanager
def undoing(project: Project, run: str) -> Iterator[Undo]:
    """The Undo of a run's newest landing, with the audit log open for writing."""
    with aftermath(project, run) as after:
        own = f"refs/heads/{result_branch(after.state.run)}"
        landing_events = EventFilter(
            run=after.state.run, types=["merge.completed", "run.applied", "run.undone", "run.undo.intended"]
        )
        with open_reader(project) as reader:
            landings = [
                record
                for record in reader.events(landing_events)
                if not (isinstance(record.body, MergeCompleted) and record.body.ref == own)
            ]
        yield Undo(after=after, landings=landings)
