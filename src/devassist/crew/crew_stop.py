"""How an agent's work ends early: exceptions that pass through CrewAI's nets."""

from __future__ import annotations

from devassist.domain.errors import DevassistError


class CrewStop(BaseException):
    """
    Leaves the crew at once.

    A BaseException because CrewAI catches every Exception to go on or to run the whole task again.
    `outcome` is failed, limited, waiting, stopped or error; `error` carries class and exit code.
    """

    def __init__(self, outcome: str, reason: str, *, error: DevassistError | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.error = error
