"""What a person sees and types in a terminal, in pseudo terminals of two sizes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, Step, Turn, edit, plan, submit, task, tool, write
from support.openai_server import Reply
from support.terminal import Terminal, devassist

SIZES = [(80, 24), (200, 50)]


class Hold:
    """A step that the model answers only once it is let go."""

    def __init__(self, step: Step) -> None:
        self.step, self.there, self.go = step, threading.Event(), threading.Event()

    def __call__(self, turn: Turn) -> Reply:
        self.there.set()
        self.go.wait(60)
        return self.step(turn) if callable(self.step) else self.step


def in_terminal(machine: Machine, *arguments: str, size: tuple[int, int] = (80, 24)) -> Terminal:
    environment = {name: value for name, value in machine.environment.items() if name != "CI"}
    return Terminal(devassist(*arguments), cwd=machine.repo, environment=environment, size=size)


def plan_file(machine: Machine, *tasks: dict[str, Any]) -> str:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(*tasks)))
    return str(file)


@pytest.mark.parametrize("size", SIZES)
def test_watch_shows_in_a_terminal_what_has_happened_before(
    make_machine: Callable[..., Machine], size: tuple[int, int]
) -> None:
    hold = Hold(edit("text.txt", "old", "new"))
    script = CrewScript()
    script.on("CASE-one.", "coder", write("new.txt", "new\n"), hold, submit(proves=[0, 1]))
    machine = make_machine(script=script, files={"text.txt": "old\n"}, zygote=None)
    file = plan_file(machine, task("one", "CASE-one.", review=False))
    started = machine.devassist("run", "--plan", file, "--model", "openai/test-model", "--detach")
    assert started.code == 0, started
    assert hold.there.wait(60)
    try:
        with in_terminal(machine, "watch", size=size) as terminal:
            screen = terminal.wait_for(lambda text: "running" in text)
            row = next(line for line in screen.splitlines() if "running" in line)
            assert "one" in row and "asking the model" in row, screen
            terminal.type("?")
            terminal.wait_for(lambda text: "choose a task" in text)
            terminal.type("\x1b")
            terminal.wait_for(lambda text: "asking the model" in text)
            terminal.type("\r")
            terminal.wait_for(lambda text: "log of one" in text and "write_file" in text)
            terminal.type("\r")
            terminal.type("d")
            terminal.wait_for(lambda text: "diff of one" in text)
            terminal.type("q")
            terminal.wait_for(lambda text: "asking the model" in text)
            terminal.type("q")
            terminal.wait_for(lambda text: "goes on" in text)
            assert terminal.finish() == 0
        with in_terminal(machine, "watch", size=size) as terminal:
            terminal.wait_for(lambda text: "asking the model" in text)
            hold.go.set()
            terminal.wait_for(lambda text: "succeeded" in text)
            assert terminal.finish() == 0
    finally:
        hold.go.set()
        machine.devassist("stop", "--all")


@pytest.mark.parametrize("size", SIZES)
def test_a_question_is_answered_in_the_terminal_in_which_the_run_was_started(
    make_machine: Callable[..., Machine], size: tuple[int, int]
) -> None:
    script = CrewScript()
    ask = tool("ask_human", question="Which colour is meant?", options=["red", "blue"])
    script.on("CASE-one.", "coder", ask, write("new.txt", "new\n"), submit(proves=[1]))
    machine = make_machine(script=script, files={"text.txt": "old\n"}, zygote=None)
    file = plan_file(machine, task("one", "CASE-one.", review=False))
    arguments = ("run", "--plan", file, "--model", "openai/test-model")
    with in_terminal(machine, *arguments, size=size) as terminal:
        screen = terminal.wait_for(lambda text: "Which colour is meant?" in text and "> _" in text)
        assert "options: red, blue" in screen
        assert "waits for you" in screen, screen
        terminal.type("blu")
        terminal.wait_for(lambda text: "> blu_" in text)
        terminal.type("e\r")
        terminal.wait_for(lambda text: "succeeded" in text)
        assert terminal.finish() == 0
    assert "blue" in script.of("CASE-one.", "coder")[1].results[0]
    assert "succeeded" in terminal.screen.text


@pytest.fixture(scope="module")
def ended(make_shared_machine: Callable[..., Machine]) -> Machine:
    """A machine with a run that has ended."""
    script = CrewScript()
    script.on("CASE-one.", "coder", write("new.txt", "new\n" * 200), submit(proves=[0]))
    machine = make_shared_machine(script=script, files={"text.txt": "old\n"})
    goal = "a goal that is longer than a narrow terminal is wide, and then some more words"
    assert machine.run({**plan(task("one", "CASE-one.", review=False)), "goal": goal}).code == 0
    return machine


@pytest.mark.parametrize("command", ["diff", "show", "logs", "audit show 1", "show @last/one"])
def test_a_long_answer_goes_through_the_pager_with_colours(ended: Machine, command: str) -> None:
    ended.extra["GIT_PAGER"] = "sed 's/^/PAGED /'"
    with in_terminal(ended, *command.split()) as terminal:
        assert terminal.finish() == 0
    lines = terminal.screen.text.splitlines()
    assert any(line.startswith("PAGED ") for line in lines), terminal.screen.text
    if command == "diff":
        assert "\x1b[32m+new" in terminal.raw
    assert "PAGED" not in ended.devassist(*command.split()).out, "a pipe has no pager"


def test_json_and_a_pager_that_is_cat_are_printed_as_they_are(ended: Machine) -> None:
    ended.extra["GIT_PAGER"] = "cat"
    with in_terminal(ended, "diff") as terminal:
        assert terminal.finish() == 0
    ended.extra["GIT_PAGER"] = "sed 's/^/PAGED /'"
    with in_terminal(ended, "diff", "--format", "json") as other:
        assert other.finish() == 0
    assert "PAGED" not in terminal.screen.text + other.screen.text


def test_less_is_left_with_q(ended: Machine) -> None:
    ended.extra.pop("GIT_PAGER", None)
    with in_terminal(ended, "diff", size=(80, 24)) as terminal:
        terminal.wait_for(lambda text: "+new" in text)
        assert terminal.read(0.5)
        terminal.type("q")
        assert terminal.finish() == 0


def test_a_terminal_of_no_columns_shows_the_answer_all_the_same(ended: Machine) -> None:
    ended.extra["COLUMNS"] = "0"
    with in_terminal(ended, "status") as terminal:
        assert terminal.finish() == 0
    del ended.extra["COLUMNS"]
    assert "succeeded" in terminal.screen.text


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_the_id_of_a_run_is_never_cut(ended: Machine, columns: int) -> None:
    run = ended.devassist("status", "--format", "json").json["runs"][0]["run"]
    with in_terminal(ended, "status", size=(columns, 24)) as terminal:
        assert terminal.finish() == 0
    assert run in terminal.screen.text


def test_people_see_their_own_time_with_its_zone_and_json_has_utc(ended: Machine) -> None:
    at = ended.devassist("audit", "show", "1", "--format", "json").json["at"]
    assert at.endswith(("Z", "+00:00"))
    hour = (int(at[11:13]) + 9) % 24
    shown = ended.devassist("logs", TZ="Asia/Tokyo").out.splitlines()[0]
    assert f" {hour:02d}{at[13:19]} JST " in shown, shown


def test_the_page_of_a_run_has_the_diff_of_its_task(ended: Machine) -> None:
    text = ended.devassist("report", "--format", "html").out
    assert "<details>" in text
    assert "+new" in text
