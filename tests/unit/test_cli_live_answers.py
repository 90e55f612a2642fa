"""Whether the live view listens to the keyboard, in a pseudo terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

_ASKED = """
from types import SimpleNamespace
from devassist.cli import run
from devassist.cli.invocation import Invocation, StreamFormat

class Listening:
    def __init__(self, project, live): pass
    def __enter__(self): print("LISTENS", flush=True)
    def __exit__(self, *error): pass

run.Answering = Listening
invocation = Invocation(host=SimpleNamespace(environment={}))
run.show_run(invocation, None, lambda sinks: None, StreamFormat.text)
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
