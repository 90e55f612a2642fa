"""How many agents a goal gets, what each is told, and what a second round begins from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Machine
from support.crewscript import (
    CrewScript,
    Turn,
    approve,
    brief,
    edit,
    hand_in_plan,
    plan,
    request_changes,
    submit,
    task,
    tool,
    write,
)
from support.repos import CALCULATOR

GOAL = "GOAL-WORD: multiply in calc/mul.py"
MUL = "def mul(a, b):\n    return a * b\n"
TEST = "from calc.mul import mul\n\n\ndef test_mul():\n    assert mul(2, 3) == 6\n"
CHECK = "python -m pytest -q -p no:cacheprovider tests"
CONFIG = f'[checks]\ncommands = ["{CHECK}"]\n'
SIZES = "decide how large a crew"
REVIEW = {"verdict": "request_changes", "summary": "tests?", "confidence": 0.9, "findings": []}


def sized(crew: str, *tasks: dict[str, Any], why: str = "it is one function") -> dict[str, Any]:
    return tool("submit_plan", tasks=list(tasks), rationale=why, confidence=0.9, crew=crew)


def run(machine: Machine, *options: str) -> Any:
    return machine.devassist("run", GOAL, *options, "--model", "openai/test-model", "--format", "json")


def roles(machine: Machine) -> list[str]:
    seen = [(turn.role, turn.told_round) for turn in machine.script.turns]
    return [role for at, (role, _) in enumerate(seen) if at == 0 or seen[at - 1] != seen[at]]


def coder(script: CrewScript, *, tested: bool = True) -> None:
    writes = [write("calc/mul.py", MUL)]
    writes += [write("tests/test_mul.py", TEST)] if tested else []
    script.on("GOAL-WORD", "coder", *writes, submit("mul"))


def test_the_first_call_sizes_the_crew_and_a_small_goal_takes_a_coder_and_one_review_call(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    script.on("GOAL-WORD", "orchestrator", sized("solo", {"id": "mul", "title": "Multiply", "role": "coder"}))
    coder(script)
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script, files={**CALCULATOR, ".devassist.toml": CONFIG})
    done = run(machine)
    assert done.code == 0, done
    assert script.missing == []
    assert roles(machine) == ["orchestrator", "coder", "reviewer"]
    (one,) = done.json["tasks"]
    assert [agent["role"] for agent in one["agents"]] == ["coder", "reviewer"]
    assert [(agent["turns"], agent["input_tokens"]) for agent in one["agents"]] == [(3, 300), (1, 100)]
    assert all(agent["seconds"] > agent["model_s"] > 0 for agent in one["agents"])
    shown = machine.devassist("show", f"{done.json['run']}/mul").out
    assert "coder: devassist/" in shown and "3 turns, 300 tokens in, 30 out" in shown
    assert GOAL in machine.script.of("GOAL-WORD", "coder")[0].words
    decided = [
        event["data"]
        for event in machine.events(done.json["run"], "decision.made")
        if "how large" in event["data"]["question"]
    ]
    assert [(one["choice"], one["who"], one["reason"]) for one in decided] == [
        ("solo", "agent plan/orchestrator", "it is one function")
    ]
    assert decided[0]["options"] == ["solo", "crew", "plan"]


def test_a_reviewer_has_the_diff_the_ledger_and_the_failures_before_its_first_call(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    wrong = MUL.replace("a * b", "a + b")
    script.on(
        "GOAL-WORD", "coder", write("calc/mul.py", wrong), write("tests/test_mul.py", TEST), submit(), round=1
    )
    script.on("GOAL-WORD", "coder", write("calc/mul.py", MUL), submit("right"), round=2)
    script.on("GOAL-WORD", "reviewer", request_changes("it adds"), round=1)
    script.on("GOAL-WORD", "reviewer", approve(), round=2)
    machine = make_machine(script=script, files={**CALCULATOR, ".devassist.toml": CONFIG})
    done = run(machine, "--crew", "solo")
    assert done.code == 0, done
    first, second = machine.script.of("GOAL-WORD", "reviewer")
    assert "+    return a + b" in first.words
    assert "broken: tests/test_mul.py::test_mul" in first.words
    assert "assert 5 == 6" in first.words
    assert "1 new" in second.words and "It does not hold" not in second.words


def test_the_second_round_goes_on_in_the_coders_own_transcript(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    look = tool("read_file", path="calc/add.py")
    script.on("GOAL-WORD", "coder", look, write("calc/mul.py", MUL), submit("first"), round=1)

    def goes_on(turn: Turn) -> Any:
        said = [message for message in turn.body["messages"] if message["role"] == "assistant"]
        assert [call["function"]["name"] for message in said for call in message["tool_calls"]] == [
            "read_file",
            "write_file",
            "submit_work",
        ]
        assert turn.body["messages"][-1]["role"] == "user"
        assert "This is round 2" in turn.words and "no test" in turn.words
        return write("tests/test_mul.py", TEST)

    script.on("GOAL-WORD", "coder", goes_on, submit("with a test"), round=2)
    script.on("GOAL-WORD", "reviewer", request_changes("no test"), round=1)
    script.on("GOAL-WORD", "reviewer", approve(), round=2)
    machine = make_machine(script=script)
    done = run(machine, "--crew", "solo")
    assert done.code == 0, done
    assert machine.server.script_errors == []
    assert script.missing == []
    assert done.json["tasks"][0]["rounds"] == 2


def test_code_without_a_test_case_gets_a_tester_before_the_review(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    long = MUL + "".join(f"\n\ndef mul_{n}(a):\n    return a * {n}\n" for n in range(6))
    script.on("GOAL-WORD", "coder", write("calc/mul.py", long), submit("mul"))
    script.on("GOAL-WORD", "tester", write("tests/test_mul.py", TEST), submit("tested"))
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script, files={**CALCULATOR, ".devassist.toml": CONFIG})
    done = run(machine, "--crew", "solo")
    assert done.code == 0, done
    assert roles(machine) == ["coder", "tester", "reviewer"]


def test_a_reviewer_can_ask_for_a_tester(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    coder(script, tested=False)
    script.on(
        "GOAL-WORD",
        "reviewer",
        tool("submit_review", **{**REVIEW, "verdict": "approve"}, needs_tester=True),
        round=1,
    )
    script.on("GOAL-WORD", "tester", write("tests/test_mul.py", TEST), submit("tested"), round=2)
    script.on("GOAL-WORD", "reviewer", approve(), round=2)
    machine = make_machine(script=script)
    done = run(machine, "--crew", "solo")
    assert done.code == 0, done
    assert roles(machine) == ["coder", "reviewer", "tester", "reviewer"]
    assert "tests/test_mul.py" in machine.git("ls-tree", "-r", "--name-only", done.json["result_commit"])


@pytest.mark.parametrize(
    ("crew", "expected"),
    [
        ("solo", ["coder", "reviewer"]),
        ("crew", ["coder", "tester", "reviewer"]),
        ("plan", ["researcher", "orchestrator", "coder", "reviewer"]),
        ("auto", ["orchestrator", "researcher", "orchestrator", "coder", "reviewer"]),
    ],
)
def test_a_person_can_choose_the_crew(
    make_machine: Callable[..., Machine], crew: str, expected: list[str]
) -> None:
    script = CrewScript()
    made = hand_in_plan([task("one", GOAL, tester=False)])
    script.on("GOAL-WORD", "orchestrator", lambda turn: sized("plan") if SIZES in turn.words else made)
    script.on("GOAL-WORD", "researcher", brief())
    coder(script)
    script.on("GOAL-WORD", "tester", submit("tested"))
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script)
    done = run(machine, "--crew", crew)
    assert done.code == 0, done
    assert roles(machine) == expected


def test_a_plan_that_is_passed_and_run_solo_has_no_testers(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    coder(script)
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script)
    done = machine.run(plan(task("one", GOAL)), "--crew", "solo")
    assert done.code == 0, done
    assert roles(machine) == ["coder", "reviewer"]


def test_the_next_agent_sees_what_the_one_before_has_read_and_used(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    look, beside = tool("read_file", path="calc/add.py"), tool("read_file", path="calc/sub.py")
    script.on(
        "GOAL-WORD", "coder", look, beside, edit("calc/add.py", "return a + b", "return b + a"), submit()
    )
    script.on("GOAL-WORD", "tester", submit("tested"))
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script)
    done = run(machine, "--crew", "crew")
    assert done.code == 0, done
    tester, reviewer = (machine.script.of("GOAL-WORD", role)[0].words for role in ("tester", "reviewer"))
    assert "calc/add.py, lines 1-" in tester
    assert "return b + a" in tester, "as it stands now"
    assert "calc/sub.py, lines 1-" in tester
    assert "calc/sub.py, lines 1-" in reviewer
    assert "calc/add.py, lines" not in reviewer, "the change itself shows it"
    assert "+    return b + a" in reviewer


def test_every_agent_is_told_the_same_first_and_then_what_is_its_own(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    coder(script)
    script.on("GOAL-WORD", "tester", submit("tested"))
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script, files={**CALCULATOR, "AGENTS.md": "Use tabs.\n"})
    assert run(machine, "--crew", "crew").code == 0
    firsts = [
        next(m for m in turn.body["messages"] if m["role"] == "user")["content"]
        for turn in machine.script.turns
    ]
    shared = firsts[0].partition("\n\nYou work on task")[0]
    assert "> Use tabs." in shared and "The repository," in shared
    assert all(text.startswith(shared) for text in firsts)


def test_crewais_own_words_around_the_task_are_not_sent(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    coder(script)
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script)
    assert run(machine, "--crew", "solo").code == 0
    for turn in machine.script.turns:
        assert turn.words.startswith(f"You are {turn.role}.")
        for words in (
            "expected criteria",
            "actual complete content",
            "context you're working with",
            "Current Task",
        ):
            assert words not in turn.words


def test_an_agent_that_runs_the_checks_is_told_which_failures_are_old(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    broken = "def test_old():\n    assert 1 == 2\n"
    wrong = MUL.replace("a * b", "a + b")
    # Long enough at work for the checks of the base to have run.
    wait, check = tool("run_command", command="sleep 5"), tool("run_checks")
    script.on(
        "GOAL-WORD",
        "coder",
        wait,
        write("calc/mul.py", wrong),
        write("tests/test_mul.py", TEST),
        check,
        submit(),
    )
    script.on("GOAL-WORD", "reviewer", approve())
    files = {**CALCULATOR, "tests/test_old.py": broken, ".devassist.toml": CONFIG}
    machine = make_machine(script=script, files=files)
    done = run(machine, "--crew", "solo")
    assert done.code == 1, "the new failure keeps it from landing"
    told = machine.script.of("GOAL-WORD", "coder")[-1].results[3]
    assert "new failures (1):\n- tests/test_mul.py::test_mul" in told
    assert "failed on the base already (1):\n- tests/test_old.py::test_old" in told


def test_the_choice_of_a_crew_says_what_such_a_crew_has_cost_before(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    script.on("GOAL-WORD", "orchestrator", sized("solo", {"id": "mul", "title": "Multiply", "role": "coder"}))
    coder(script)
    script.on("GOAL-WORD", "reviewer", approve())
    machine = make_machine(script=script)
    reasons = []
    for _ in range(2):
        done = run(machine)
        assert done.code == 0, done
        decided = machine.events(done.json["run"], "decision.made")
        reasons += [event["data"]["reason"] for event in decided if "how large" in event["data"]["question"]]
    assert reasons[0] == "it is one function"
    # A coder's three calls and a reviewer's one, of 100 tokens in and 10 out each.
    assert reasons[1].startswith("it is one function; about 4 model calls, 440 tokens")
    assert "1 past run" in reasons[1]
