"""Signals stop a run, whatever the main thread is in the middle of."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from devassist.app.runs.signals import stopped_by_signals
from devassist.engine.stop import StopSwitch
from support.engine_world import until

pytestmark = pytest.mark.timeout(30)


def test_a_signal_stops_the_run_and_a_second_one_at_once() -> None:
    stop = StopSwitch()
    with stopped_by_signals(stop):
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: stop.pulled)
        assert (stop.outcome, stop.reason, stop.exit_code, stop.now) == (
            "stopped",
            "interrupted (SIGTERM)",
            130,
            False,
        )
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: stop.now)
    assert stop.reason == "interrupted (SIGTERM)"


def test_a_signal_that_interrupts_whoever_holds_the_switch_is_no_deadlock() -> None:
    stop = StopSwitch()
    with stopped_by_signals(stop):
        with stop._lock:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
        until(lambda: stop.pulled)


def test_what_a_stop_sets_off_does_not_happen_on_the_thread_that_was_interrupted() -> None:
    stop, threads = StopSwitch(), list[threading.Thread]()
    stop.on_stop.append(lambda: threads.append(threading.current_thread()))
    with stopped_by_signals(stop):
        os.kill(os.getpid(), signal.SIGQUIT)
        until(lambda: threads)
    assert stop.now
    assert threading.main_thread() not in threads


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals(StopSwitch()):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
