"""Reads a person's answers in the live view, a line at a time, during the run."""

from __future__ import annotations

import os
import select
import sys
import termios
import threading
import tty
from types import TracebackType
from typing import Self

from devassist.app.runs.decisions import Choice, Decision, decide_all, who_is
from devassist.app.wiring.project import Project
from devassist.cli.view.progress import LiveProgress
from devassist.domain.errors import DevassistError, NotFound, UsageError

_POLL_S = 0.2
_ENTER = ("\r", "\n")
_DELETE = ("\x7f", "\b")
_YES = ("y", "yes", "a", "approve")
_NO = ("n", "no", "r", "reject")


class Answering:
    """A context manager around a live run: reads keys from the terminal while something waits for a person."""

    def __init__(self, project: Project, live: LiveProgress) -> None:
        self._project = project
        self._live = live
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="answers", daemon=True)
        self._before: list[int | list[bytes | int]] = []

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(sys.stdin.fileno())
        # Keys come one by one, and Ctrl-C stays a signal.
        tty.setcbreak(sys.stdin.fileno(), termios.TCSANOW)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=2)
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)

    def _read(self) -> None:
        typed = ""
        while not self._over.is_set():
            ready, _, _ = select.select([sys.stdin], [], [], _POLL_S)
            if not ready:
                continue
            for key in os.read(sys.stdin.fileno(), 256).decode("utf-8", "replace"):
                if key in _ENTER:
                    self._take(typed.strip())
                    typed = ""
                elif key in _DELETE:
                    typed = typed[:-1]
                elif key.isprintable():
                    typed += key
            self._live.typed(typed)

    def _take(self, text: str) -> None:
        """Take a line for the first open request: y or n with a reason, or the answer to a question."""
        waiting = self._live.waiting()
        if not waiting or not text:
            return
        first = waiting[0]
        word, _, rest = text.partition(" ")
        who = who_is(self._project)
        if first.kind == "question":
            decision = Decision(choice=Choice.ANSWER, who=who, answer=text)
        elif word.lower() in _YES:
            decision = Decision(choice=Choice.APPROVE, who=who, reason=rest)
        elif word.lower() in _NO:
            decision = Decision(choice=Choice.REJECT, who=who, reason=rest)
        else:
            self._live.typed("", note="type y to approve, or n and a reason")
            return
        try:
            decide_all(self._project, [first.id], decision)
        except (UsageError, NotFound) as error:
            # It was decided elsewhere in the meantime: the next line is for the next request.
            self._live.decided(first.id)
            self._live.typed("", note=str(error))
        except DevassistError as error:
            self._live.typed("", note=str(error))
        else:
            self._live.decided(first.id)
