"""Progress of a run: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live

from devassist.app.wiring.host import utc_now
from devassist.cli.invocation import print_line
from devassist.cli.view.narration import NARRATED, event_json, narrate
from devassist.cli.view.render import live_view, prompt_line
from devassist.domain.events import Record
from devassist.domain.state.approvals import ApprovalState
from devassist.domain.state.run import RunState


class _View:
    """Redrawn at each refresh from the run's fold, at the terminal's present width."""

    def __init__(self, console: Console, lock: threading.Lock) -> None:
        self._console = console
        self._lock = lock
        self.state = RunState()
        self.typed = ""
        self.note = ""

    def __rich__(self) -> RenderableType:
        with self._lock:
            width = self._console.width
            view = live_view(self.state, now=utc_now(), width=width)
            waiting = self.state.waiting
            return Group(view, prompt_line(waiting[0], self.typed, self.note)) if waiting else view


class LiveProgress:
    """An EventSink with a live table on stderr. A context manager that leaves the last table on the screen."""

    def __init__(self, console: Console) -> None:
        self._lock = threading.Lock()  # guards the fold: records come from the log's thread
        self._view = _View(console, self._lock)
        self._live = Live(
            self._view, console=console, refresh_per_second=6, redirect_stdout=False, vertical_overflow="crop"
        )

    def write(self, record: Record) -> None:
        with self._lock:
            self._view.state.apply(record)

    def catch_up(self, records: Iterable[Record]) -> None:
        """Apply earlier records first, so that a resumed run shows all of its tasks."""
        for record in records:
            self.write(record)

    def typed(self, text: str, *, note: str = "") -> None:
        """Show the text that the person has typed so far, and a note about it."""
        with self._lock:
            self._view.typed = text
            self._view.note = note or ("" if text else self._view.note)

    def decided(self, id_: str) -> None:
        """Drop a request that has its answer: the next line is for the next one. A new record shows it again."""
        with self._lock:
            self._view.state.approvals.pop(id_, None)

    def waiting(self) -> list[ApprovalState]:
        """The open requests, as the view shows them."""
        with self._lock:
            return self._view.state.waiting

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class PlainProgress:
    """An EventSink that prints a line for each important event, or with `everything` for all."""

    def __init__(self, say: Callable[[str], None], *, everything: bool = False) -> None:
        self._say = say
        self._everything = everything

    def write(self, record: Record) -> None:
        if self._everything or record.type in NARRATED:
            self._say(narrate(record))


class NdjsonProgress:
    """An EventSink that prints every record as one JSON line on stdout."""

    def write(self, record: Record) -> None:
        print_line(event_json(record))
