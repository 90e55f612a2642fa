"""How a crew ends by an error of ours or of the machine."""

from __future__ import annotations

from devassist.assignments import CrewEnding
from devassist.domain.errors import DevassistError, ModelError
from devassist.domain.statuses import Outcome
from devassist.engine.stop import StopSwitch


def ending_by(error: DevassistError | OSError, stop: StopSwitch) -> CrewEnding:
    """
    `broken` if the machine is to blame, such as a full disk: then the same attempt is worth going on with.

    It is the task's end, not the run's.
    """
    if isinstance(error, OSError):
        return CrewEnding(outcome=Outcome.BROKEN, reason=f"{error.strerror or error}: {error.filename or ''}")
    reason, hint = str(error), error.hint
    if isinstance(error, ModelError):
        return CrewEnding(outcome=Outcome.ERROR, reason=reason, kind=error.kind, hint=hint)
    if stop.pulled:
        return CrewEnding(outcome=Outcome.STOPPED, reason=stop.reason)
    outcome = Outcome.BROKEN if isinstance(error.__cause__, OSError) else Outcome.FAILED
    return CrewEnding(outcome=outcome, reason=reason, hint=hint)
