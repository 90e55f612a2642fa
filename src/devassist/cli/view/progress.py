"""What a person sees while a run goes on: a live table in a terminal, plain lines elsewhere."""

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
    """Drawn anew at each refresh from the run's own fold, at the terminal's width of that moment."""

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
    """An EventSink with a live table on stderr. A context manager: on the way out the table stays as it was last."""

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
        """Begin with what was recorded before: a run that goes on shows all of its tasks."""
        for record in records:
            self.write(record)

    def typed(self, text: str, *, note: str = "") -> None:
        """Show what the person has typed so far, and what is to be said about it."""
        with self._lock:
            self._view.typed = text
            self._view.note = note or ("" if text else self._view.note)

    def decided(self, id_: str) -> None:
        """A request has its answer: what is typed next is for the next one. Asked anew, it is shown again."""
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
    """An EventSink that prints a line for what matters; all events when `everything`."""

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
