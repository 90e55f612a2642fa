"""Stops a run on signals: the handler does nothing, and a thread reads the signals' numbers from a pipe."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devassist.domain.statuses import Outcome
from devassist.engine.stop import StopSwitch

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def stopped_by_signals(stop: StopSwitch) -> Iterator[None]:
    """
    Lets SIGINT, SIGTERM and SIGHUP pull the stop switch; a second one, or SIGQUIT, stops the run at once.

    A handler runs on the main thread between any two of its instructions, and that thread may hold any lock. That is
    why Python only writes the signal's number to a pipe, and the thread that reads it pulls the switch.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    thread = threading.Thread(target=_pull, args=(stop, reader), name="signals", daemon=True)
    thread.start()
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, _ignore) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        thread.join()
        os.close(reader)


def _ignore(_number: int, _frame: object) -> None:
    """Does nothing: as long as a handler is set, Python writes the signal's number to the pipe."""


def _pull(stop: StopSwitch, reader: int) -> None:
    """Pulls the switch for every signal that is read, until the pipe is closed."""
    count = 0
    while numbers := os.read(reader, 64):
        for number in numbers:
            if number not in _STOPPING:
                continue
            count += 1
            now = count > 1 or number == signal.SIGQUIT
            reason = f"interrupted ({signal.Signals(number).name})"
            stop.pull(Outcome.STOPPED, reason, exit_code=130, now=now)
