"""Ctrl-C once and twice, checks that hang, and what is left of the processes and of the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Forever, Step, Turn, plan, sh, submit, task, tool, write
from support.openai_server import Reply, hang
from support.repos import Untouched


def _marked(run: str = "") -> list[int]:
    """Processes whose environment carries the mark of the run."""
    wanted = f"DEVASSIST_RUN={run}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(one == wanted for one in environment):
            found.append(int(entry.name))
    return found


def _wait(what: Callable[[], bool], seconds: float = 250) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def _end(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=250)  # the commands would go on for 300 s
    return Done(["run"], process.returncode, out, err)


@pytest.mark.parametrize(("busy", "number"), [("command", signal.SIGINT), ("model", signal.SIGTERM)])
def test_one_signal_stops_cleanly_and_keeps_the_work(
    make_machine: Callable[..., Machine], busy: str, number: signal.Signals
) -> None:
    script = CrewScript()
    there = threading.Event()

    def endless(_turn: Turn) -> Reply:
        there.set()
        return sh("sleep 300 & setsid sleep 301 & sleep 302") if busy == "command" else hang(300)

    script.on("ALPHA", "coder", write("made/kept.txt", "kept\n"), endless, submit())
    machine = make_machine(script=script)
    before = Untouched.of(machine.repo)
    process = machine.start(
        "run", "--plan", str(_plan(machine)), "--model", "openai/test-model", "--format", "json"
    )
    assert there.wait(250)
    time.sleep(1.0)
    sql = "SELECT run, json_extract(data, '$.pid') FROM events WHERE type = 'worker.started'"
    ((run, worker),) = machine.query(sql)
    assert worker in _marked(run)
    process.send_signal(number)
    done = _end(process)
    assert done.code == 130, done
    document = done.json
    assert (document["status"], document["exit_code"], document["run"]) == ("stopped", 130, run)
    assert machine.git("show", f"refs/devassist/rescue/{run}/one/coder:made/kept.txt") == "kept"
    assert _marked(run) == []
    assert Untouched.of(machine.repo) == before
    status = machine.devassist("status", run, "--format", "json").json["runs"][0]
    assert status["status"] == "stopped"
    assert machine.devassist("audit", "verify").code == 0


def _plan(machine: Machine) -> Path:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(task("one", "ALPHA", review=False))))
    return file


@pytest.mark.cold
def test_a_second_signal_ends_it_at_once(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    there = threading.Event()

    def endless(_turn: Turn) -> Reply:
        there.set()
        return sh("trap '' TERM INT; sleep 300; sleep 300")

    script.on("ALPHA", "coder", write("made/kept.txt", "kept\n"), endless, submit())
    machine = make_machine(script=script)
    process = machine.start(
        "run", "--plan", str(_plan(machine)), "--model", "openai/test-model", "--format", "json"
    )
    assert there.wait(250)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    done = _end(process)
    assert done.code == 130, done
    (run,) = [row[0] for row in machine.query("SELECT run FROM runs")]
    assert _marked(run) == []
    assert machine.git("show", f"refs/devassist/rescue/{run}/one/coder:made/kept.txt") == "kept"
    assert machine.devassist("audit", "verify").code == 0


@pytest.mark.cold
def test_a_signal_before_any_worker_is_up_still_ends_with_130(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=CrewScript().on("ALPHA", "coder", Forever(tool("read_board"))))
    process = machine.start(
        "run", "--plan", str(_plan(machine)), "--model", "openai/test-model", "--format", "json"
    )
    _wait(
        lambda: (
            machine.database.exists()
            and bool(machine.query("SELECT 1 FROM sqlite_master WHERE name = 'runs'"))
            and bool(machine.query("SELECT run FROM runs"))
        )
    )
    process.send_signal(signal.SIGINT)
    done = _end(process)
    assert done.code == 130, done
    assert _marked(done.json["run"]) == []


@pytest.mark.cold
def test_the_supervisors_death_leaves_no_process_behind(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    there = threading.Event()

    def endless(_turn: Turn) -> Reply:
        there.set()
        return sh("sleep 300")

    script.on("ALPHA", "coder", write("made/kept.txt", "kept\n"), endless, submit())
    machine = make_machine(script=script)
    process = machine.start(
        "run", "--plan", str(_plan(machine)), "--model", "openai/test-model", "--format", "json"
    )
    assert there.wait(250)
    time.sleep(1.0)
    (run,) = [row[0] for row in machine.query("SELECT run FROM runs")]
    assert _marked(run)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=250)
    _wait(lambda: _marked(run) == [])
    assert machine.devassist("audit", "verify").code == 0
    status = machine.devassist("status", "--format", "json").json["runs"][0]
    assert status["run"] == run


def test_checks_and_commands_that_hang_are_ended_at_their_time(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    steps: tuple[Step, ...] = (
        write("a.txt", "x\n"),
        tool("run_command", command="sleep 100", timeout_s=1),
        tool("run_checks"),
        submit(proves=[0]),
    )
    script.on("ALPHA", "coder", *steps)
    script.on("BRAVO", "documenter", write("b.txt", "x\n"), submit())
    machine = make_machine(script=script)
    machine.config("[checks]\ntimeout_s = 2.0\n")
    tasks = [
        task("hangs", "ALPHA", review=False, checks=["test ! -e a.txt || sleep 100"]),
        task("fine", "BRAVO", role="documenter", review=False),
    ]
    done = machine.run(plan(*tasks))
    assert done.code == 1, done
    assert (done.task("hangs")["status"], done.task("fine")["status"]) == ("failed", "merged")
    results = script.of("ALPHA", "coder")[-1].results
    assert "timed out" in results[1]
    assert "timed out" in results[2]
    assert done.task("hangs")["checks"][0]["exit_code"] != 0
    assert _marked(done.json["run"]) == []
