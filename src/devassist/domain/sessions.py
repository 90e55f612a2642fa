"""One supervisor's time with a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devassist.domain.events import Record

SILENCE_S = 120.0
"""A supervisor records `run.beat` four times as often as that."""


@dataclass(slots=True)
class Session:
    """One supervisor's time with a run: which process it was, on which boot, and from when to when."""

    pid: int = 0
    started: int = 0
    """The process's start in clock ticks since boot: with `pid` and `boot_id` it names one process for ever."""
    boot_id: str = ""
    detached: bool = False
    began_at: str = ""
    last_at: str = ""
    ended_at: str = ""
    seconds: float = 0.0
    """How long it lasted, up to its end or its last sign of life. What a person says to a dead run adds nothing."""

    @classmethod
    def of(cls, record: Record) -> Session:
        data = record.data
        return cls(
            pid=data.get("pid", 0),
            started=data.get("process_started", 0),
            boot_id=data.get("boot_id", ""),
            detached=bool(data.get("detached")),
            began_at=record.at,
            last_at=record.at,
        )

    def seen(self, at: str) -> None:
        """The run said something: the supervisor lives, unless it had been silent for longer than it ever is."""
        gap = (datetime.fromisoformat(at) - datetime.fromisoformat(self.last_at)).total_seconds()
        if 0 < gap <= SILENCE_S:  # a clock may be set back
            self.seconds += gap
        self.last_at = at
