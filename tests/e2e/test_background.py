"""A run in the background: begun at once, watched, told things, answered while it works, and stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, Forever, Step, Turn, plan, sh, submit, task, tool, write
from support.openai_server import Reply


@pytest.fixture
def detached(make_machine: Callable[..., Machine]) -> Callable[..., Machine]:
    """Machines whose commands are interpreters of their own, as what detaches itself must be."""
    return lambda script: make_machine(script=script, zygote=None)


class Hold:
    """A step that the model answers only once it is let go."""

    def __init__(self, step: Step) -> None:
        self.step, self.there, self.go = step, threading.Event(), threading.Event()

    def __call__(self, turn: Turn) -> Reply:
        self.there.set()
        self.go.wait(60)
        return self.step(turn) if callable(self.step) else self.step


def _file(machine: Machine, **tasks: dict[str, object]) -> str:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(*tasks.values())))
    return str(file)


def _until(what: Callable[[], bool], seconds: float = 250) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def _marked(run: str) -> list[Path]:
    wanted = f"DEVASSIST_RUN={run}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(entry)
        except OSError:
            continue
    return found


def test_a_detached_run_is_watched_told_and_answered_while_it_works(
    detached: Callable[..., Machine],
) -> None:
    hold, answered = Hold(tool("read_board")), threading.Event()

    def takes_the_answer(turn: Turn) -> Reply:
        answered.set()
        return write("colour.txt", turn.results[0].splitlines()[0] + "\n")

    script = CrewScript()
    ask = tool("ask_human", question="which colour?", options=["red", "blue"])
    script.on("ALPHA", "coder", ask, takes_the_answer, submit(proves=[1]))

    def until_it_is_told(turn: Turn) -> Reply:
        if "mind the gap" not in turn.words:  # the run looks into its log ten times a second
            return tool("post_note", text=f"still here, {turn.step}")
        return tool("submit_work", summary="done", confidence=0.9)

    script.on("BRAVO", "documenter", write("b.txt", "b\n"), hold, Forever(until_it_is_told))
    machine = detached(script=script)
    plan_file = _file(
        machine,
        asks=task("asks", "ALPHA", review=False),
        holds=task("holds", "BRAVO", role="documenter", review=False),
    )
    begun = machine.devassist(
        "run", "--plan", plan_file, "--model", "openai/test-model", "--detach", "--format", "json"
    )
    assert begun.code == 0, begun
    run = begun.json["run"]
    assert begun.json["status"] == "running"
    assert hold.there.wait(90)
    _until(lambda: bool(machine.devassist("inbox", "--format", "json").json["items"]))
    (item,) = machine.devassist("inbox", "--format", "json").json["items"]
    assert item["kind"] == "question"
    said = machine.devassist("answer", item["id"], "blue", "--format", "json")
    assert said.json["items"][0]["run_goes_on"] is True
    assert answered.wait(60)  # the parked task runs again while the other one is still at work
    assert machine.devassist("note", run, "holds", "mind the gap").code == 0
    hold.go.set()
    watched = machine.devassist("watch", run, "--format", "ndjson")
    assert watched.code == 0, watched
    assert watched.lines[0]["type"] == "run.started"
    assert watched.lines[-1]["status"] == "succeeded"
    assert any("mind the gap" in turn.words for turn in script.of("BRAVO", "documenter"))
    assert machine.git("show", f"devassist/{run}/result:colour.txt") == "blue"
    assert _marked(run) == []


def test_a_background_run_that_ended_waiting_goes_on_by_itself_when_it_is_answered(
    detached: Callable[..., Machine],
) -> None:
    script = CrewScript().on("DELTA", "documenter", write("d.md", "d\n"), submit(confidence=0.4, proves=[0]))
    machine = detached(script=script)
    plan_file = _file(machine, one=task("unsure", "DELTA", role="documenter", review=False))
    begun = machine.devassist(
        "run", "--plan", plan_file, "--model", "openai/test-model", "--detach", "--format", "json"
    )
    run = begun.json["run"]
    assert machine.devassist("watch", run).code == 3
    (item,) = machine.devassist("inbox", "--format", "json").json["items"]
    assert machine.devassist("approve", item["id"]).code == 0
    assert machine.devassist("watch", run, "--format", "json").json["status"] == "succeeded"


def test_stop_now_leaves_no_process_and_keeps_the_work(detached: Callable[..., Machine]) -> None:
    there = threading.Event()

    def stubborn(_turn: Turn) -> Reply:
        there.set()
        return sh("trap '' TERM INT HUP; sleep 300; sleep 300")

    script = CrewScript().on("ALPHA", "coder", write("kept.txt", "kept\n"), stubborn, submit())
    machine = detached(script=script)
    plan_file = _file(machine, one=task("one", "ALPHA", review=False))
    begun = machine.devassist(
        "run", "--plan", plan_file, "--model", "openai/test-model", "--detach", "--format", "json"
    )
    run = begun.json["run"]
    assert there.wait(90)
    _until(lambda: bool(machine.query("SELECT 1 FROM events WHERE type = 'command.intended'")))
    stopped = machine.devassist("stop", "--all", "--now", "--format", "json")
    assert stopped.code == 0, stopped
    assert [(one["run"], one["status"]) for one in stopped.json["runs"]] == [(run, "stopped")]
    assert _marked(run) == []
    assert machine.git("show", f"refs/devassist/rescue/{run}/one/coder:kept.txt") == "kept"
    assert machine.devassist("stop", run).code == 2  # it has ended
    assert machine.events(run, "stop.requested")[0]["data"]["now"] is True


def test_what_cannot_begin_is_said_at_once_and_leaves_no_process(
    detached: Callable[..., Machine],
) -> None:
    machine = detached(script=CrewScript())
    done = machine.devassist("run", "do it", "--detach", OPENAI_API_KEY=None, OPENAI_API_BASE=None)
    assert done.code == 5, done
    assert "no model" in done.err
