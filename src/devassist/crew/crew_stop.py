"""The exception that ends a crew early, which CrewAI does not catch."""

from __future__ import annotations

from devassist.assignments import CrewEnding
from devassist.domain.errors import DevassistError, ModelError
from devassist.domain.statuses import Outcome


class CrewStop(BaseException):
    """
    Ends the crew at once.

    A BaseException because CrewAI catches every Exception, to continue or to run the whole task again. `error` is the
    DevassistError that caused it, if any.
    """

    def __init__(self, outcome: Outcome, reason: str, *, error: DevassistError | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.error = error

    @property
    def ending(self) -> CrewEnding:
        """The crew's ending, for the supervisor."""
        kind = self.error.kind if isinstance(self.error, ModelError) else ""
        hint = self.error.hint if self.error is not None else ""
        return CrewEnding(outcome=self.outcome, reason=self.reason, kind=kind, hint=hint)
