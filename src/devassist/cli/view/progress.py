"""Progress of a run: a live view in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from devassist.app.wiring.host import utc_now
from devassist.cli.invocation import print_line
from devassist.cli.view.live_screen import LiveScreen, Screen
from devassist.cli.view.live_table import Seen
from devassist.cli.view.narration import NARRATED, event_json, event_line, narrate
from devassist.domain.events import CommandIntended, Record
from devassist.domain.state.approvals import ApprovalState
from devassist.domain.state.run import RunState

_LOG_LINES = 2000


class _View:
    """Redrawn at each refresh from the run's fold, at the terminal's present size."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._begun = utc_now()
        self.state = RunState()
        self.screen = Screen()

    def __rich__(self) -> RenderableType:
        with self._lock:
            return LiveScreen(self.state, self.screen, now=utc_now(), begun=self._begun)

    def take(self, record: Record) -> None:
        self.state.apply(record)
        task = record.event.task
        command = record.body.command if isinstance(record.body, CommandIntended) else ""
        self.screen.seen[task] = Seen(datetime.fromisoformat(record.at), command)
        log = self.screen.logs.setdefault(task, [])
        log.append(event_line(record))
        del log[:-_LOG_LINES]


class LiveProgress:
    """An EventSink with a live view on stderr. A context manager that leaves the last tasks on the screen."""

    def __init__(self, console: Console, *, watched: bool = False) -> None:
        self._lock = (
            threading.Lock()
        )  # guards fold and screen: records come from the log's thread, keys from another
        self._view = _View(self._lock)
        self._view.screen.watched = watched
        self._live = Live(
            self._view,
            console=console,
            refresh_per_second=6,
            redirect_stdout=False,
            vertical_overflow="visible",
        )

    def write(self, record: Record) -> None:
        with self._lock:
            self._view.take(record)

    def catch_up(self, records: Iterable[Record]) -> None:
        """Apply earlier records first, so that a resumed run shows all of its tasks."""
        for record in records:
            self.write(record)

    def change(self, change: Callable[[RunState, Screen], None]) -> None:
        """Change what the person has chosen or typed, and show it at once."""
        with self._lock:
            change(self._view.state, self._view.screen)
        if self._live.is_started:
            self._live.refresh()

    def picture(self) -> LiveScreen:
        """The view of this moment."""
        view = self._view.__rich__()
        assert isinstance(view, LiveScreen)  # noqa: S101  it is nothing else
        return view

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
        with self._lock:  # the last picture stays on the screen, without the keys that nobody reads any more
            ended = self._view.screen
            self._view.screen = Screen(seen=ended.seen, logs=ended.logs, watched=ended.watched)
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
