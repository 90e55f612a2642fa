"""One supervisor's time with a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devassist.domain.events import RunResumed, RunStarted

SILENCE_S = 120.0
"""A supervisor records `run.beat` four times as often as that."""


@dataclass(slots=True)
class Session:
    """One supervisor's time with a run: which process it was, on which boot, and from when to when."""

    pid: int = 0
    started: int = 0
    """The process's start in clock ticks since boot: with `pid` and `boot_id` it identifies one process."""
    boot_id: str = ""
    detached: bool = False
    began_at: str = ""
    last_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    """How long it lasted, up to its end or its last sign of life. Decisions recorded for a dead run add nothing."""

    @classmethod
    def of(cls, at: str, owner: RunStarted | RunResumed) -> Session:
        """The session that begins with this record, written at `at`."""
        return cls(
            pid=owner.pid,
            started=owner.process_started,
            boot_id=owner.boot_id,
            detached=owner.detached,
            began_at=at,
            last_at=at,
        )

    def seen(self, at: str) -> None:
        """The run recorded something: the supervisor is alive, unless it was silent for longer than it ever is."""
        gap = (datetime.fromisoformat(at) - datetime.fromisoformat(self.last_at)).total_seconds()
        if 0 < gap <= SILENCE_S:  # a clock may be set back
            self.seconds += gap
        self.last_at = at
