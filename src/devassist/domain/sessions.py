"""One supervisor's time with a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devassist.domain.events import Record


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

    @property
    def seconds(self) -> float:
        """How long it lasted, up to its end or its last sign of life."""
        began, last = (datetime.fromisoformat(one) for one in (self.began_at, self.ended_at or self.last_at))
        return max(0.0, (last - began).total_seconds())  # a clock may be set back
