"""Reads a person's keys in the live view: answers to requests, and the keys that look at tasks."""

from __future__ import annotations

import _thread
import os
import re
import select
import sys
import termios
import threading
import tty
from types import TracebackType
from typing import Self

from devassist.app.runs.decisions import Choice, Decision, decide_all, who_is
from devassist.app.wiring.project import Project
from devassist.app.wiring.task_diff import task_diff
from devassist.cli.view.live_screen import Mode, Screen
from devassist.cli.view.progress import LiveProgress
from devassist.domain.errors import DevassistError, NotFound, UsageError
from devassist.domain.state.run import RunState

_POLL_S = 0.2
_KEY = re.compile(r"\x1b\[[\d;]*[A-Za-z~]|\x1bO[A-Z]|\x1b|[^\x1b]")
_ENTER = ("\r", "\n")
_DELETE = ("\x7f", "\b")
_UP, _DOWN = ("\x1b[A", "\x1bOA"), ("\x1b[B", "\x1bOB")
_PAGE = {"\x1b[5~": 10, "\x1b[6~": -10}
_YES = ("y", "yes", "a", "approve")
_NO = ("n", "no", "r", "reject")


class Keyboard:
    """A context manager around a live run. Keys go to the prompt while something waits, else to the tasks."""

    def __init__(self, project: Project, live: LiveProgress, *, watched: bool = False) -> None:
        self._project = project
        self._live = live
        self._watched = watched
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="keys", daemon=True)
        self._before: list[int | list[bytes | int]] = []

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(sys.stdin.fileno())
        # Keys come one by one, and Ctrl-C stays a signal.
        tty.setcbreak(sys.stdin.fileno(), termios.TCSANOW)
        self._live.change(_listen)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=2)
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._before)

    def _read(self) -> None:
        while not self._over.is_set():
            ready, _, _ = select.select([sys.stdin], [], [], _POLL_S)
            if not ready:
                continue
            typed = os.read(sys.stdin.fileno(), 1024)
            if not typed:
                return  # the terminal is gone
            for key in _KEY.findall(typed.decode("utf-8", "replace")):
                try:
                    self._press(key)
                except (DevassistError, OSError) as error:  # a key that fails leaves the others working
                    self._type("", note=str(error))

    def _press(self, key: str) -> None:
        screen = self._live.picture().screen
        if key == "\t":
            self._live.change(_switch)
        elif self._live.waiting() and not screen.at_table and screen.mode is Mode.TASKS:
            self._write(key, screen.typed)
        else:
            self._look(key, screen)

    def _write(self, key: str, typed: str) -> None:
        """A key for the prompt."""
        if key in _ENTER:
            self._type("")
            self._take(typed.strip())
        elif key in _DELETE:
            self._type(typed[:-1])
        elif key in (*_UP, *_DOWN):
            self._live.change(lambda state, screen: _move(state, screen, 1 if key in _DOWN else -1))
        elif key.isprintable():
            self._type(typed + key)

    def _look(self, key: str, screen: Screen) -> None:
        """A key for the tasks, or for what is shown in their place."""
        if key in (*_UP, *_DOWN):
            self._live.change(lambda state, screen: _move(state, screen, 1 if key in _DOWN else -1))
        elif key in _PAGE:
            self._live.change(lambda state, screen: _move(state, screen, -_PAGE[key]))
        elif key == "\x1b" or (screen.mode is not Mode.TASKS and key in (*_ENTER, "q")):
            self._show(Mode.TASKS)
        elif key in _ENTER:
            self._show(Mode.LOG)
        elif key == "d":
            self._show_diff()
        elif key == "?":
            self._show(Mode.HELP)
        elif key == "q" and self._watched:
            _thread.interrupt_main()  # as Ctrl-C does, which detaches
        elif key == "q":
            self._type(
                "",
                note="this terminal runs it: Ctrl-C stops it, and devassist run --detach would not need it",
            )

    def _show(self, mode: Mode, text: str = "") -> None:
        def change(_state: RunState, screen: Screen) -> None:
            screen.mode, screen.scroll, screen.text, screen.note = mode, 0, text, ""

        self._live.change(change)

    def _show_diff(self) -> None:
        picture = self._live.picture()
        task = picture.selected()
        if task is None:
            return
        self._show(Mode.DIFF, task_diff(self._project, picture.state, task.id))

    def _type(self, text: str, *, note: str = "") -> None:
        def change(_state: RunState, screen: Screen) -> None:
            screen.typed = text
            screen.note = note or ("" if text else screen.note)

        self._live.change(change)

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
            self._type("", note="type y to approve, or n and a reason")
            return
        try:
            decide_all(self._project, [first.id], decision)
        except (UsageError, NotFound) as error:
            # It was decided elsewhere in the meantime: the next line is for the next request.
            self._live.decided(first.id)
            self._type("", note=str(error))
        except DevassistError as error:
            self._type("", note=str(error))
        else:
            self._live.decided(first.id)
            self._type("")


def _listen(_state: RunState, screen: Screen) -> None:
    screen.keys = True


def _switch(_state: RunState, screen: Screen) -> None:
    screen.at_table, screen.mode = not screen.at_table, Mode.TASKS


def _move(state: RunState, screen: Screen, by: int) -> None:
    """Down in the tasks and in a diff; a log is scrolled from its end."""
    if screen.mode is Mode.TASKS:
        screen.selected = max(0, min(len(state.tasks) - 1, screen.selected + by))
    else:
        screen.scroll = max(0, screen.scroll + (by if screen.mode is Mode.DIFF else -by))
