"""Whether the live view listens to the keyboard, in a pseudo terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

from rich.console import Console

from devassist.cli.view.progress import LiveProgress
from devassist.domain.events import EventType, Record
from support.facts import event as event_of

_ASKED = """
from types import SimpleNamespace
from devassist.cli.view import run_session
from devassist.cli.invocation import Invocation, StreamFormat

class Listening:
    def __init__(self, project, live, watched): pass
    def __enter__(self): print("LISTENS", flush=True)
    def __exit__(self, *error): pass

run_session.Keyboard = Listening
invocation = Invocation(host=SimpleNamespace(environment={}))
run_session.show_run(invocation, None, lambda sinks: None, StreamFormat.text)
"""


def test_the_live_view_reads_answers_although_it_takes_the_place_of_stderr() -> None:
    main, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-P", "-c", _ASKED],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
        timeout=60,
        check=False,
    )
    os.close(terminal)
    os.close(main)
    assert (done.returncode, "LISTENS" in done.stdout.decode()) == (0, True), done


def test_a_request_that_was_decided_leaves_the_live_view_and_the_next_one_is_asked() -> None:
    live = LiveProgress(Console(file=io.StringIO()))
    for at, id_ in enumerate(("a-1", "a-2"), start=1):
        asked = {"approval": id_, "kind": "question", "question": "?", "options": [], "binds_to": id_}
        event = event_of(
            EventType.APPROVAL_REQUESTED,
            run="r",
            data=asked,
        )
        live.write(Record(seq=at, at="2026-01-01T00:00:00Z", event=event))
    live.decided("a-1")
    assert [request.id for request in live.waiting()] == ["a-2"]
