"""How signals stop a run: the handler does nothing, and a thread reads from a pipe which signals came."""

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
    SIGINT, SIGTERM and SIGHUP pull the switch; a second one, or SIGQUIT, ends what is left at once.

    A handler runs on the main thread between any two of its instructions, and that thread may hold any lock. So
    Python only writes the signal's number to a pipe, and the switch is pulled by the thread that reads it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    thread = threading.Thread(target=_pull, args=(stop, reader), name="signals", daemon=True)
    thread.start()
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, _noted) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        thread.join()
        os.close(reader)


def _noted(_number: int, _frame: object) -> None:
    """With a handler in place, Python writes the signal's number to the pipe and lets the main thread go on."""


def _pull(stop: StopSwitch, reader: int) -> None:
    """Until the pipe is closed."""
    count = 0
    while numbers := os.read(reader, 64):
        for number in numbers:
            if number not in _STOPPING:
                continue
            count += 1
            now = count > 1 or number == signal.SIGQUIT
            reason = f"interrupted ({signal.Signals(number).name})"
            stop.pull(Outcome.STOPPED, reason, exit_code=130, now=now)
