"""Follows a run that another process owns, record by record."""

from __future__ import annotations

import time
from collections.abc import Sequence

from devassist.app.runs.ownership import is_alive
from devassist.app.wiring.project import Project, open_reader
from devassist.domain.errors import Unfinished
from devassist.domain.state.run import RunState
from devassist.ports import EventSink
from devassist.store.filters import EventFilter

_FOLLOW_S = 0.2


def follow(project: Project, run: str, sinks: Sequence[EventSink], *, past: bool) -> RunState:
    """
    Writes every new record of a run to the sinks until the run has ended, and returns its final state.

    With `past`, earlier records are written as well. Raises Unfinished if the supervisor dies before the run ends.
    """
    state = RunState()
    with open_reader(project) as reader:
        first = True
        while True:
            alive = is_alive(project, run)
            for record in reader.events(EventFilter(run=run, after_seq=state.last_seq)):
                state.apply(record)
                if past or not first:
                    for sink in sinks:
                        sink.write(record)
            first = False
            if state.finished_at and not alive:
                return state
            if not alive:
                raise Unfinished(f"the supervisor of {run} is gone", hint=f"devassist resume {run}")
            time.sleep(_FOLLOW_S)
