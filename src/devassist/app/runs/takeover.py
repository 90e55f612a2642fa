"""Opens a run that has ended to merge, apply, undo or discard its result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from devassist.app.runs.ownership import is_alive, present
from devassist.app.wiring.project import Project, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import Unfinished
from devassist.domain.events import MergeCompleted, Record
from devassist.domain.ids import result_branch
from devassist.domain.statuses import RunStatus
from devassist.engine.takeover.merge import Aftermath
from devassist.engine.takeover.undo import Undo, standing
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
        events = EventFilter(types=["merge.completed", "run.applied", "run.undone", "run.undo.intended"])
        with open_reader(project) as reader:
            records = [record for record in reader.events(events) if not _onto_result(record)]
        landings = [record for record in records if record.event.run == after.state.run]
        newest = standing(records)[-1:]
        yield Undo(after=after, landings=landings, last_landed=newest[0].run if newest else "")


def _onto_result(record: Record) -> bool:
    """Is it a landing of a task on its run's own branch: nothing of the person's."""
    own = f"refs/heads/{result_branch(record.event.run)}"
    return isinstance(record.body, MergeCompleted) and record.body.ref == own
