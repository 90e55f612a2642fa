"""Replies that are no fault of the wire but of the model: each is answered by name, and the agent may go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Forever, Step, Turn, plan, sh, submit, task, tool, write
from support.openai_server import calls
from support.repos import content, tree_files


@dataclass
class Odd:
    machine: Machine
    done: Done

    def results(self, name: str, role: str = "coder") -> list[str]:
        return self.machine.script.of(f"CASE-{name}.", role)[-1].results


def _script() -> CrewScript:
    script = CrewScript()

    def coder(name: str, *steps: Step) -> None:
        script.on(f"CASE-{name}.", "coder", *steps)

    def file(name: str) -> Step:
        return write(f"made/{name}.txt", f"{name}\n")

    coder(
        "malformed", calls(("write_file", '{"path": "made/x.txt", "content": ')), file("malformed"), submit()
    )
    coder("unknown-tool", tool("format_disk", path="/"), file("unknown-tool"), submit())
    coder("missing-field", tool("write_file", path="made/missing-field.txt"), file("missing-field"),
          tool("submit_work", summary="no confidence"), tool("submit_work", summary="s", confidence=7), submit())  # fmt: skip
    coder("extra-argument", write("made/extra.txt", "x") | calls(("write_file", {"path": "made/extra.txt", "content": "x", "colour": "red"})),
          file("extra-argument"), submit())  # fmt: skip
    coder("nulls", calls(("read_file", {"path": "calc/add.py", "start_line": None, "end_line": None})), calls(("list_files", {})),
          calls(("list_files", {"path": None, "glob": None})), sh("true"), calls(("run_command", {"command": "true", "timeout_s": None})),
          file("nulls"), calls(("submit_work", {"summary": "s", "confidence": 0.9, "claims": None, "open_questions": None})))  # fmt: skip
    coder("circles", file("circles"), Forever(tool("read_file", path="README.md")))
    coder("same-ids", calls(("write_file", {"path": "made/same-ids.txt", "content": "a\n"}), ("write_file", {"path": "made/same-ids-2.txt", "content": "b\n"}),
          ids=["call_1", "call_1"]), calls(("run_command", {"command": "cat made/same-ids-2.txt"}), ids=["call_1"]), submit(proves=[0, 1, 2]))  # fmt: skip
    coder("parallel", calls(("write_file", {"path": "made/parallel.txt", "content": "1\n"}), ("replace_in_file", {"path": "made/parallel.txt", "old": "1", "new": "2"}),
          ("run_command", {"command": "cat made/parallel.txt"})), submit(proves=[1, 2]))  # fmt: skip
    coder("usage", {**file("usage"), "usage": {"prompt_tokens": -5, "completion_tokens": "many", "total_tokens": None}},
          {**write("made/usage-2.txt", "x\n"), "usage": "missing"}, submit())  # fmt: skip
    coder("text-first", "Let me think about it.", file("text-first"), submit())
    coder(
        "text-beside",
        calls(("write_file", {"path": "made/text-beside.txt", "content": "x\n"}), content="I write it."),
        submit(),
    )
    coder("cut-off", {"content": "I was going to", "finish_reason": "length"}, file("cut-off"), submit())
    coder(
        "cut-call",
        {**write("made/cut-call.txt", "half of"), "finish_reason": "length"},
        file("cut-call"),
        submit(),
    )
    coder(
        "cut-submit",
        file("cut-submit"),
        {**tool("submit_work", summary="it is", confidence=1.0), "finish_reason": "length"},
        submit("whole"),
    )
    coder(
        "filtered-call",
        {**write("made/not-this.txt", "x"), "finish_reason": "content_filter"},
        file("filtered-call"),
        submit(),
    )
    coder(
        "cut-each-time",
        file("cut-each-time"),
        Forever({**write("made/cut-each-time-2.txt", "half"), "finish_reason": "length"}),
    )
    coder("failing-tools", tool("read_file", path="no/such.py"), tool("replace_in_file", path="calc/add.py", old="nowhere", new="x"),
          tool("read_file", path="../../etc/passwd"), tool("read_file", path=".git"), tool("write_file", path="/tmp/devassist-escape.txt", content="x"),
          tool("search_code", pattern="("), file("failing-tools"), submit())  # fmt: skip
    coder(
        "large-result",
        tool("run_command", command="python3 -c 'print(\"y\" * 3_000_000)'"),
        file("large-result"),
        submit(),
    )
    return script


NAMES = [marker.removeprefix("CASE-").removesuffix(".") for marker, _, _ in _script().steps]


ENDLESS = ("circles", "cut-each-time")


@pytest.fixture(scope="module")
def odd(make_shared_machine: Callable[..., Machine]) -> Odd:
    machine = make_shared_machine(script=_script())
    tasks = [task(name, f"CASE-{name}.", review=False) for name in NAMES]
    done = machine.run(plan(*tasks), "--max-parallel", "8")
    assert machine.script.missing == []
    return Odd(machine, done)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ENDLESS])
def test_an_agent_that_puts_it_right_delivers(odd: Odd, name: str) -> None:
    found = odd.done.task(name)
    assert found["status"] == "merged", found
    assert f"made/{name}.txt" in tree_files(odd.machine.repo, odd.done.json["result_commit"])


def test_the_agent_that_repeats_one_call_is_stopped_long_before_fifty(odd: Odd) -> None:
    found = odd.done.task("circles")
    assert found["status"] == "failed"
    assert "read_file" in found["error"]
    assert len(odd.machine.script.of("CASE-circles.", "coder")) < 15
    assert odd.done.code == 1


def test_the_calls_of_a_reply_that_was_cut_off_are_not_made_and_the_model_is_told(odd: Odd) -> None:
    for name, how in (("cut-call", "cut off"), ("filtered-call", "content filter")):
        told = odd.machine.script.of(f"CASE-{name}.", "coder")[1].body["messages"][-1]
        assert told["role"] == "user"
        assert how in told["content"]
        assert "write_file" in told["content"]
        assert "nothing of it was done" in told["content"]
        rows = odd.machine.query("SELECT name FROM tool_calls WHERE task = ? ORDER BY seq", name)
        assert rows == [("write_file",), ("submit_work",)]
    landed = odd.done.json["result_commit"]
    assert content(odd.machine.repo, landed, "made/cut-call.txt") == "cut-call"
    assert "made/not-this.txt" not in tree_files(odd.machine.repo, landed)


def test_a_submit_that_was_cut_off_hands_nothing_on(odd: Odd) -> None:
    rows = odd.machine.query("SELECT summary FROM handoffs WHERE task = 'cut-submit'")
    assert rows == [("whole",)]


def test_an_agent_whose_replies_are_cut_off_each_time_ends_with_that_reason(odd: Odd) -> None:
    task_ = odd.done.task("cut-each-time")
    assert task_["status"] == "failed"
    assert "cut off at the limit of its length" in task_["error"]
    assert len(odd.machine.script.of("CASE-cut-each-time.", "coder")) == 4


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        ("missing-field", 0, ["content"]),
        ("missing-field", 2, ["confidence"]),
        ("missing-field", 3, ["confidence"]),
        ("extra-argument", 0, ["colour"]),
        ("unknown-tool", 0, ["format_disk"]),
        ("failing-tools", 0, ["no/such.py"]),
        ("failing-tools", 1, ["old"]),
        ("failing-tools", 5, ["pattern"]),
    ],
)
def test_bad_arguments_come_back_as_an_error_that_names_the_field(
    odd: Odd, name: str, at: int, words: list[str]
) -> None:
    text = odd.results(name)[at]
    assert "error" in text.lower()
    for word in words:
        assert word in text


@pytest.mark.parametrize("name", ["malformed", "unknown-tool", "missing-field", "extra-argument"])
def test_calls_that_fail_are_in_the_log_too(odd: Odd, name: str) -> None:
    rows = odd.machine.query("SELECT ok FROM tool_calls WHERE task = ? ORDER BY seq", name)
    assert rows[0] == (0,)


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_result_ends_with_an_evidence_line_of_its_own(odd: Odd, name: str) -> None:
    for text in odd.results(name):
        assert text.splitlines()[-1].startswith("evidence: "), text[-400:]


def test_evidence_ids_are_unique_and_found_in_the_log(odd: Odd) -> None:
    turns = [turn for name in NAMES for turn in odd.machine.script.of(f"CASE-{name}.", "coder")[-1:]]
    ids = [turn.evidence(at) for turn in turns for at in range(len(turn.results))]
    assert len(ids) == len(set(ids))
    known = {name for (name,) in odd.machine.query("SELECT id FROM events")}
    assert set(ids) <= known


def test_calls_of_one_reply_run_in_order(odd: Odd) -> None:
    assert content(odd.machine.repo, odd.done.json["result_commit"], "made/parallel.txt") == "2"
    assert odd.results("parallel")[2].startswith("2\n")


def test_duplicate_call_ids_do_not_mix_results_up(odd: Odd) -> None:
    assert "same-ids.txt" in odd.results("same-ids")[0]
    assert "same-ids-2.txt" in odd.results("same-ids")[1]
    assert odd.results("same-ids")[2].startswith("b\n")
    assert odd.done.task("same-ids")["claims"]["verified"] == 3


def test_wrong_usage_numbers_never_count_below_zero(odd: Odd) -> None:
    rows = odd.machine.query("SELECT input_tokens, output_tokens, usd FROM model_calls WHERE task = 'usage'")
    assert len(rows) == 3
    assert all(
        (incoming or 0) >= 0 and (outgoing or 0) >= 0 and (usd or 0) >= 0 for incoming, outgoing, usd in rows
    )


def test_text_without_a_tool_call_is_answered_with_the_tool_that_ends(odd: Odd) -> None:
    turn: Turn = odd.machine.script.of("CASE-text-first.", "coder")[1]
    assert "submit_work" in str(turn.body["messages"][-1]["content"])


def test_tools_cannot_leave_the_worktree(odd: Odd) -> None:
    found = odd.results("failing-tools")
    assert "root:" not in found[2]
    assert "error" in found[2]
    assert "error" in found[3]
    assert "error" in found[4]


def test_a_huge_result_is_shortened_for_the_model_and_says_so(odd: Odd) -> None:
    text = odd.results("large-result")[0]
    assert len(text) < 200_000
    assert "left out" in text or "truncated" in text or "cut" in text
