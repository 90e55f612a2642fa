"""Which model each agent of a run gets where `[models]` offers several, and what those in the cloud do not see."""

from __future__ import annotations

import json

import pytest

from support.command_line import Done, Machine
from support.crewscript import Forever, hand_in_plan, plan, submit, task, tool, write

MODELS = """
[models.cheap]
model = "openai/cheap"
capabilities = ["docs"]
price = { input = 0.1, output = 0.4 }
[models.middle]
model = "openai/middle"
capabilities = ["code", "docs"]
price = { input = 1.0, output = 4.0 }
[models.dear]
model = "openai/dear"
price = { input = 10.0, output = 40.0 }
"""


def run(machine: Machine, *tasks: dict[str, object], **more: str) -> Done:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(*tasks)), encoding="utf-8")
    return machine.devassist("run", "--plan", str(file), "--format", "json", **more)


def test_each_role_gets_the_cheapest_model_that_can_and_the_log_says_why(machine: Machine) -> None:
    machine.config(MODELS)
    machine.script.on("WORK", "coder", write("a.txt", "a\n"), submit("did it"))
    machine.script.on("TEXT", "documenter", write("b.txt", "b\n"), submit("did it"))
    done = run(
        machine,
        task("t1", "WORK", review=False),
        task("t2", "TEXT", role="documenter", review=False, depends_on=["t1"]),
    )
    assert done.code == 0, done
    models = {turn.role: turn.body["model"] for turn in machine.script.turns}
    assert models == {"coder": "middle", "documenter": "cheap"}
    decisions = machine.query(
        "SELECT who, question, options, choice, reason FROM decisions WHERE question LIKE 'which model%' ORDER BY seq"
    )
    assert [row[:4] for row in decisions] == [
        ("policy", "which model for t1/coder?", '["cheap","middle","dear"]', "middle"),
        ("policy", "which model for t2/documenter?", '["cheap","middle","dear"]', "cheap"),
    ]
    assert "cheap (openai/cheap): without the capability code" in decisions[0][4]
    assert "middle (openai/middle): 1.273 USD per million tokens, no attempt yet" in decisions[0][4]
    started = machine.query("SELECT role, model FROM agents ORDER BY seq")
    assert started == [("coder", "openai/middle"), ("documenter", "openai/cheap")]
    spent = machine.query("SELECT usd, input_tokens + 4 * output_tokens FROM costs WHERE role = 'coder'")
    assert spent[0][0] == pytest.approx(spent[0][1] / 1_000_000)


def test_a_model_that_is_named_wins_and_nothing_is_decided(machine: Machine) -> None:
    machine.config(MODELS + '[model]\ndefault = "openai/named"\n')
    machine.script.on("WORK", "coder", write("a.txt", "a\n"), submit("did it"))
    done = run(machine, task("t1", "WORK", review=False))
    assert done.code == 0, done
    assert {turn.body["model"] for turn in machine.script.turns} == {"named"}
    assert not machine.query("SELECT 1 FROM decisions WHERE question LIKE 'which model%'")


def test_one_role_may_be_named_and_the_others_are_chosen(machine: Machine) -> None:
    machine.config(MODELS + '[model.roles]\nreviewer = "openai/named"\n')
    machine.script.on("WORK", "coder", write("a.txt", "a\n"), submit("did it"))
    done = run(machine, task("t1", "WORK", tester=False))
    assert done.code == 0, done
    assert {turn.role: turn.body["model"] for turn in machine.script.turns} == {
        "coder": "middle",
        "reviewer": "named",
    }


def test_a_second_run_learns_from_the_first_that_a_model_does_badly(machine: Machine) -> None:
    machine.config(MODELS)
    words = [f"WORK{number}" for number in range(5)]
    for word in words:
        machine.script.on(word, "coder", Forever("I would rather talk."))
    failed = run(machine, *(task(f"t{at}", word, review=False) for at, word in enumerate(words)))
    assert failed.code == 1, failed
    machine.script.on("AGAIN", "coder", write("a.txt", "a\n"), submit("did it"))
    first = len(machine.script.turns)
    assert run(machine, task("t1", "AGAIN", review=False)).code == 0
    assert machine.script.turns[first].body["model"] == "dear"
    reason = machine.query(
        "SELECT reason FROM decisions WHERE question LIKE 'which model%' ORDER BY seq DESC"
    )[0][0]
    assert "middle (openai/middle): 1.273 USD per million tokens, success 0.14 (0 of 5)" in reason
    assert "middle does too badly" in reason


def test_no_model_for_a_coder_is_said_before_anything_is_asked(machine: Machine) -> None:
    machine.config('[models.writer]\nmodel = "openai/writer"\ncapabilities = ["docs"]\n')
    done = run(machine, task("t1", "WORK", review=False))
    assert done.code == 5, done
    assert "without the capability code" in done.err
    assert not machine.script.turns


def test_a_resumed_attempt_keeps_its_model_and_pays_for_nothing_twice(machine: Machine) -> None:
    machine.config(MODELS)
    ask = tool("ask_human", question="which colour?", options=["red", "blue"])
    machine.script.on("WORK", "coder", ask, write("a.txt", "a\n"), submit("did it"))
    done = run(machine, task("t1", "WORK", review=False))
    assert done.code == 3, done
    # What would be chosen now is another model: the one that is at work has failed five times meanwhile.
    words = [f"OTHER{number}" for number in range(5)]
    for word in words:
        machine.script.on(word, "coder", Forever("I would rather talk."))
    assert run(machine, *(task(f"t{at}", word, review=False) for at, word in enumerate(words))).code == 1
    assert machine.devassist("answer", done.json["waiting"][0]["id"], "red").code == 0
    again = machine.devassist("resume", done.json["run"], "--format", "json")
    assert again.code == 0, again
    assert [turn.body["model"] for turn in machine.script.of("WORK", "coder")] == ["middle"] * 3
    where = "WHERE run = ? AND question LIKE 'which model%'"
    assert machine.query(f"SELECT COUNT(*) FROM decisions {where}", done.json["run"]) == [(1,)]


def test_planners_get_models_of_their_own_and_so_does_the_plan_s_crew(machine: Machine) -> None:
    machine.config(MODELS.replace('["docs"]', '["docs", "reasoning"]'))
    made = [task("t1", "WORK", tester=False)]
    machine.script.on("GOAL", "orchestrator", hand_in_plan(made))
    machine.script.on("WORK", "coder", write("a.txt", "a\n"), submit("did it"))
    done = machine.devassist("run", "GOAL: do it", "--format", "json")
    assert done.code == 0, done
    assert {turn.role: turn.body["model"] for turn in machine.script.turns} == {
        "orchestrator": "cheap",
        "coder": "middle",
        "reviewer": "middle",
    }
    questions = [
        row[0] for row in machine.query("SELECT question FROM decisions WHERE question LIKE 'which m%'")
    ]
    assert questions == [
        "which model for plan/orchestrator?",
        "which model for t1/coder?",
        "which model for t1/reviewer?",
    ]


def test_scripted_models_can_be_offered_too(machine: Machine) -> None:
    submit_work = "{submit_work: {summary: did it, confidence: 0.9}}"
    for name in ("one", "two"):
        wrote = f"{{write_file: {{path: {name}.txt, content: x}}}}"
        text = f"agents:\n  t1/coder:\n    - tools: [{wrote}]\n    - tools: [{submit_work}]\n"
        (machine.root / f"{name}.yaml").write_text(text)
    machine.config(
        "\n".join(
            f'[models.{name}]\nmodel = "scripted/{machine.root}/{name}.yaml"\nprice = {{ input = {price}, output = 1 }}'
            for name, price in (("one", 2), ("two", 1))
        )
    )
    done = run(machine, task("t1", "WORK", review=False))
    assert done.code == 0, done
    assert "two.txt" in machine.git("ls-tree", "--name-only", f"devassist/{done.json['run']}/result")
    assert not machine.script.turns


def test_doctor_names_the_models_to_choose_from(machine: Machine) -> None:
    machine.config(MODELS)
    done = machine.devassist("doctor", "--format", "json")
    assert "openai/cheap, openai/middle, openai/dear, chosen by task from [models]" in done.out


def test_config_show_has_the_tables_as_objects(machine: Machine) -> None:
    machine.config(MODELS)
    done = machine.devassist("config", "show", "--format", "json")
    (row,) = [row for row in done.json["settings"] if row["key"] == "models"]
    assert row["value"]["cheap"]["model"] == "openai/cheap"
    assert row["value"]["cheap"]["price"]["input"] == 0.1
