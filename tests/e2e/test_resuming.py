"""Kill -9 of the supervisor, of a worker, and of both; limits; and what goes on afterwards without being paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.command_line import Machine
from support.crewscript import (
    CrewScript,
    Step,
    Turn,
    approve,
    plan,
    request_changes,
    sh,
    submit,
    task,
    tool,
    write,
)
from support.openai_server import Reply


class Hold:
    """A step that the model answers only once it is let go: the moment at which the test does its worst."""

    def __init__(self, step: Step) -> None:
        self.step, self.there, self.go = step, threading.Event(), threading.Event()

    def __call__(self, turn: Turn) -> Reply:
        self.there.set()
        self.go.wait(60)
        return self.step(turn) if callable(self.step) else self.step


def _started(
    machine: Machine, *tasks: dict[str, Any], options: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(*tasks)))
    return machine.start(
        "run", "--plan", str(file), "--model", "openai/test-model", "--format", "json", *options
    )


def _run_of(machine: Machine) -> str:
    ((run,),) = machine.query("SELECT DISTINCT run FROM events WHERE type = 'run.started'")
    return str(run)


def _workers(machine: Machine) -> list[int]:
    rows = machine.query("SELECT json_extract(data, '$.pid') FROM events WHERE type = 'worker.started'")
    return [pid for (pid,) in rows if Path(f"/proc/{pid}").exists()]


def _paid_once(machine: Machine, run: str) -> None:
    rows = machine.query(
        "SELECT task, agent, json_extract(data, '$.round'), json_extract(data, '$.turn') FROM events"
        " WHERE run = ? AND type = 'model.called' AND json_extract(data, '$.status') = 'ok'",
        run,
    )
    assert max(Counter(rows).values()) == 1, Counter(rows).most_common(3)


def test_a_killed_supervisors_run_goes_on_where_its_log_ends(make_machine: Callable[..., Machine]) -> None:
    hold = Hold(submit(proves=[1]))
    script = CrewScript()
    script.on("ALPHA", "coder", write("a.txt", "one\n"), sh("echo ran >> marks.txt && cat a.txt"), hold)
    script.on("ALPHA", "reviewer", tool("show_diff"), approve())
    script.on("BRAVO", "documenter", write("b.txt", "two\n"), submit())
    machine = make_machine(script=script)
    tasks = [task("one", "ALPHA"), task("two", "BRAVO", role="documenter", review=False)]
    process = _started(machine, *tasks)
    assert hold.there.wait(90)
    process.kill()
    process.communicate(timeout=30)
    hold.go.set()
    run = _run_of(machine)
    status = machine.devassist("status", run, "--format", "json").json["runs"][0]
    assert (status["status"], status["hint"]) == ("stopped", f"devassist resume {run}")
    done = machine.devassist("resume", run, "--format", "json")
    assert done.code == 0, done
    assert done.json["status"] == "succeeded"
    _paid_once(machine, run)
    asked = Counter(
        (turn.role, turn.step) for turn in script.turns if "ALPHA" in turn.words and turn.role == "coder"
    )
    assert asked == {("coder", 0): 1, ("coder", 1): 1, ("coder", 2): 2}  # the interrupted call is sent again
    assert machine.git("show", f"devassist/{run}/result:marks.txt") == "ran"
    assert machine.git("show", f"devassist/{run}/result:b.txt") == "two"
    unknown = [event["data"] for event in machine.events(run, "recovery.unknown")]
    assert "one/coder/1/3" in [one["address"] for one in unknown]
    assert machine.devassist("audit", "verify").code == 0
    again = machine.devassist("resume", run)
    assert again.code == 2
    assert "succeeded" in again.err


def test_a_killed_worker_is_a_fact_in_the_log_and_its_task_goes_on(
    make_machine: Callable[..., Machine],
) -> None:
    hold = Hold(submit(proves=[0]))
    script = CrewScript().on("ALPHA", "coder", write("a.txt", "one\n"), hold)
    machine = make_machine(script=script)
    process = _started(machine, task("one", "ALPHA", review=False))
    assert hold.there.wait(90)
    for pid in _workers(machine):
        os.kill(pid, signal.SIGKILL)
    hold.go.set()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    document = json.loads(out)
    assert document["status"] == "succeeded"
    assert any("goes on" in text for text in document["warnings"])
    _paid_once(machine, document["run"])


def test_two_resumes_at_once_one_wins_and_the_other_says_so(make_machine: Callable[..., Machine]) -> None:
    first, second = Hold(submit(proves=[0])), Hold(submit(proves=[0]))
    holds = [first, second]

    def one_after_the_other(turn: Turn) -> Reply:
        return holds.pop(0)(turn)

    script = CrewScript().on("ALPHA", "coder", write("a.txt", "one\n"), one_after_the_other)
    machine = make_machine(script=script)
    process = _started(machine, task("one", "ALPHA", review=False))
    assert first.there.wait(90)
    process.kill()
    process.communicate(timeout=30)
    first.go.set()
    run = _run_of(machine)
    winner = machine.start("resume", run, "--format", "json")
    assert second.there.wait(90)
    loser = machine.devassist("resume", run)
    assert loser.code == 6, loser
    assert f"at work already, in process {winner.pid}" in loser.err
    second.go.set()
    out, err = winner.communicate(timeout=90)
    assert winner.returncode == 0, err
    assert json.loads(out)["status"] == "succeeded"
    assert len(machine.events(run, "run.resumed")) == 1


def test_a_run_that_reached_its_limit_goes_on_with_a_higher_one(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript().on(
        "ALPHA", "coder", write("a.txt", "one\n"), tool("read_board"), submit(proves=[0])
    )
    machine = make_machine(script=script)
    done = machine.run(plan(task("one", "ALPHA", review=False)), "--max-turns-per-agent", "2")
    assert done.code == 4, done
    run = done.json["run"]
    assert f"devassist resume {run} with a higher limit" in done.json["hint"]
    again = machine.devassist("resume", run, "--max-turns-per-agent", "9", "--format", "json")
    assert again.code == 0, again
    assert again.json["tasks"][0]["status"] == "merged"
    assert [turn.step for turn in script.turns] == [0, 1, 2]
    assert machine.devassist("resume", run, "--max-minutes", "0.0001").code == 2, "it has succeeded"
    assert machine.devassist("show", run, "--format", "json").json["status"] == "succeeded"
    assert machine.devassist("note", run, "one", "too late").code == 1, "nobody will read it"


def test_a_moved_repository_is_gone_on_with(make_machine: Callable[..., Machine]) -> None:
    hold = Hold(submit(proves=[0]))
    script = CrewScript().on("ALPHA", "coder", write("a.txt", "one\n"), hold)
    machine = make_machine(script=script)
    process = _started(machine, task("one", "ALPHA", review=False))
    assert hold.there.wait(90)
    process.kill()
    process.communicate(timeout=30)
    hold.go.set()
    run = _run_of(machine)
    moved = machine.root / "elsewhere"
    machine.repo.rename(moved)
    machine.repo = moved
    done = machine.devassist("resume", run, "--format", "json")
    assert done.code == 0, done
    assert machine.git("show", f"devassist/{run}/result:a.txt") == "one"


def test_a_failed_task_is_retried_on_top_of_what_it_had_committed(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    script.on(
        "ALPHA",
        "coder",
        write("a.txt", "one\n"),
        "I have done everything.",
        "Believe me.",
        round=1,
    )
    script.on("ALPHA", "coder", write("a.txt", "better\n"), submit(proves=[0]), round=2)
    machine = make_machine(script=script)
    done = machine.run(plan(task("one", "ALPHA", review=False)))
    assert done.code == 1, done
    run = done.json["run"]
    retried = machine.devassist("retry", run, "one", "--reason", "submit what you did", "--format", "json")
    assert retried.code == 0, retried
    again = machine.devassist("resume", run, "--format", "json")
    assert again.code == 0, again
    assert machine.git("show", f"devassist/{run}/result:a.txt") == "better"
    assert any("submit what you did" in turn.words for turn in script.turns if turn.round == 2)


def test_a_second_round_that_is_killed_goes_on_in_the_same_transcript_and_pays_nothing_twice(
    make_machine: Callable[..., Machine],
) -> None:
    """The orchestrator's choice of crew, the legs, the carried transcript and the ground come from the log."""
    hold = Hold(approve())
    sized = tool(
        "submit_plan",
        tasks=[{"id": "one", "title": "one", "role": "coder"}],
        crew="solo",
        rationale="small",
        confidence=0.9,
    )
    script = CrewScript()
    script.on("GOAL", "orchestrator", sized)
    look = tool("read_file", path="calc/add.py")
    script.on("GOAL", "coder", look, write("a.txt", "one\n"), submit(), round=1)
    script.on("GOAL", "coder", look, write("a.txt", "two\n"), submit("second"), round=2)
    script.on("GOAL", "reviewer", tool("show_diff"), request_changes("two, please"), round=1)
    script.on("GOAL", "reviewer", tool("show_diff"), hold, round=2)
    machine = make_machine(script=script)
    process = machine.start("run", "GOAL: do it", "--model", "openai/test-model", "--format", "json")
    assert hold.there.wait(90)
    process.kill()
    process.communicate(timeout=30)
    hold.go.set()
    run = _run_of(machine)
    before = len(script.turns)
    done = machine.devassist("resume", run, "--format", "json")
    assert done.code == 0, done
    _paid_once(machine, run)
    assert [turn.role for turn in script.turns[before:]] == ["reviewer"], "only the call that was interrupted"
    interrupted, again = script.turns[before - 1], script.turns[before]
    assert interrupted.body["messages"] == again.body["messages"]
    assert machine.git("show", f"devassist/{run}/result:a.txt") == "two"
    assert done.json["tasks"][0]["rounds"] == 2
    decided = [e for e in machine.events(run, "decision.made") if "how large" in e["data"]["question"]]
    assert len(decided) == 1
