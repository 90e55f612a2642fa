"""`devassist conflicts --watch` in a real terminal and in a pipe: it shows what moved, and ends when it is told to."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from support.command_line import Machine

FILES = {"notes.txt": "one\ntwo\nthree\n"}
WATCH = [sys.executable, "-P", "-m", "devassist", "conflicts", "left", "right", "--watch"]
PATIENCE_S = 60
CLEAR = "\x1b[2J"
INTERRUPTED = 130


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    machine = make_machine(files=FILES)
    for name in ("left", "right"):
        machine.git("branch", name)
        machine.git("checkout", "-q", "-b", f"next-{name}", "main")
        (machine.repo / "notes.txt").write_text(f"one\n{name.upper()}\nthree\n")
        machine.git("commit", "-q", "-am", f"work of {name}")
    machine.git("checkout", "-q", "main")
    return machine


def move(machine: Machine, branch: str) -> None:
    """At once: a checkout and a commit could be seen half done."""
    machine.git("update-ref", f"refs/heads/{branch}", f"next-{branch}")


class Terminal:
    """A watch in a terminal of its own."""

    def __init__(self, machine: Machine, process: subprocess.Popen[bytes], screen: int) -> None:
        self.machine, self.process, self.screen, self.shown = machine, process, screen, ""

    def until(self, words: str) -> str:
        """What is shown up to and with these words; then it is as if it had not been shown."""
        while words not in self.shown:
            ready, _, _ = select.select([self.screen], [], [], PATIENCE_S)
            assert ready, f"{words!r} does not come after {self.shown!r}"
            self.shown += os.read(self.screen, 65536).decode("utf-8", "replace")
        before, _, self.shown = self.shown.partition(words)
        return before + words


@contextmanager
def terminal(machine: Machine) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    environment = {**machine.environment, "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("CI")
    process = subprocess.Popen(
        WATCH, cwd=machine.repo, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(machine, process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_a_terminal_is_written_over_when_a_branch_moves_and_ctrl_c_ends_it(machine: Machine) -> None:
    with terminal(machine) as watch:
        watch.until("0 conflicts between 2 branches")
        move(machine, "left")
        move(machine, "right")
        shown = watch.until("1 conflict between 2 branches")
        assert CLEAR in shown
        assert "left (line 2) and right (line 2) change the same part of notes.txt" in shown
        (id_,) = [row[0] for row in machine.query("SELECT conflict FROM conflicts")]
        assert machine.devassist("conflicts", "waive", id_, "--reason", "later").code == 0
        assert "waived" in watch.until("1 conflict between")
        machine.git("branch", "-m", "right", "elsewhere")
        watch.until("there is no branch 'right'")
        machine.git("branch", "right", "main")
        watch.until("0 conflicts between 2 branches")
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(PATIENCE_S) == INTERRUPTED
    assert machine.devassist("audit", "verify").code == 0


def test_in_a_pipe_each_look_that_differs_is_one_line(machine: Machine) -> None:
    process = subprocess.Popen(
        [*WATCH, "--format", "ndjson"], cwd=machine.repo, env=machine.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["conflicts"] == []
        move(machine, "left")
        assert json.loads(process.stdout.readline())["conflicts"] == []
        move(machine, "right")
        (found,) = json.loads(process.stdout.readline())["conflicts"]
        assert (found["kind"], found["status"]) == ("content", "open")
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=PATIENCE_S)
        assert (rest, process.returncode) == ("", INTERRUPTED), said
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait()
