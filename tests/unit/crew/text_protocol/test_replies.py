"""What a model wrote as text is read leniently where its meaning is certain, and not at all where it is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.crew.text_protocol.outcomes import checks_pass, page
from devassist.crew.text_protocol.replies import (
    Block,
    blocks,
    fault,
    is_cut_off,
    json_object,
    without_thoughts,
)
from devassist.crew.text_protocol.tool_text import text_calls
from devassist.domain.events import JsonObject

_SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": ["approve", "request_changes"]},
        "paths": {"type": "array", "items": {"type": "string", "enum": ["a.py"]}},
    },
    "required": ["verdict"],
}


@pytest.mark.parametrize(
    "text",
    [
        '{"verdict": "approve"}',
        'Sure! Here it is:\n```json\n{"verdict": "approve"}\n```\nIs that fine?',
        'I think {this} is it: {"verdict": "approve"} and {"verdict": "request_changes"}',
    ],
)
def test_the_first_json_object_is_taken(text: str) -> None:
    assert json_object(text) == {"verdict": "approve"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yes", "no JSON object"),
        ('{"verdict": "appro', "no JSON object"),
        ("{}", "verdict is missing"),
        ('{"verdict": "maybe"}', "is not one of approve"),
        ('{"verdict": 1}', "not of type string"),
        ('{"verdict": "approve", "paths": ["b.py"]}', "is not one of a.py"),
        ('{"verdict": "approve", "paths": "a.py"}', "not of type array"),
    ],
)
def test_an_object_against_the_schema_is_told_what_is_wrong(text: str, why: str) -> None:
    assert why in fault(json_object(text), _SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src/a.py\n```python\nx\n```", Block(code="x\n", path="src/a.py")),
        ("### `a.py`\n\n```\nx\n```", Block(code="x\n", path="src/a.py")),
        ("```python src/a.py\nx\n```", Block(code="x\n", path="src/a.py")),
        ("```python\n# src/a.py\nx\n```", Block(code="# src/a.py\nx\n", path="src/a.py")),
        ("src/a.py (whole file)\n```\nx\n```", Block(code="x\n", path="src/a.py", whole=True)),
        ("docs/new.md:\n~~~\nx\n~~~", Block(code="x\n", path="docs/new.md")),
        ("```python\n# other.py\nx\n```", Block(code="# other.py\nx\n")),
        ("```python\n# src/b.py\n```\nsrc/a.py\n```\nx\n```", Block(code="x\n", path="src/a.py")),
        ("I call a.b() and then os.path of it\n```\nx\n```", Block(code="x\n")),
    ],
)
def test_a_block_of_code_belongs_to_the_file_that_is_named_above_it(text: str, expected: Block) -> None:
    assert blocks(text, ["src/a.py", "src/b.py"]) == [expected]


def test_each_block_has_the_path_above_it_and_not_that_of_the_one_before() -> None:
    text = "src/a.py\n```\nx\n```\nsrc/b.py\n```\ny\n```\n```\nz\n```\n"
    assert [block.path for block in blocks(text, ["src/a.py", "src/b.py"])] == ["src/a.py", "src/b.py", ""]


def test_what_a_model_thinks_in_its_text_is_not_its_answer() -> None:
    assert without_thoughts('<think>{"a": 1}\nor not</think>\n\n{"b": 2}') == '{"b": 2}'
    assert without_thoughts("<think>on and on") == ""
    assert without_thoughts("no <b>thought</b>") == "no <b>thought</b>"


def test_an_open_fence_is_a_reply_that_was_cut_off() -> None:
    assert is_cut_off("a.py\n```\nx\n")
    assert not is_cut_off("a.py\n```\nx\n```\n")


_OFFERED = ("read_file", "submit_work")
_CALL = {"name": "read_file", "arguments": {"path": "a.py"}}


@pytest.mark.parametrize(
    "text",
    [
        f"I look.\n<tool_call>\n{json.dumps(_CALL)}\n</tool_call>",
        json.dumps(_CALL),
        json.dumps([_CALL]),
        f"```json\n{json.dumps(_CALL)}\n```",
        json.dumps({"name": "functions.read_file", "parameters": {"path": "a.py"}}),
        json.dumps({"type": "function", "function": {"name": "read_file", "arguments": '{"path": "a.py"}'}}),
        f"[TOOL_CALLS]{json.dumps([_CALL])}",
        f"<|python_tag|>{json.dumps(_CALL)}",
        '<function=read_file>{"path": "a.py"}</function>',
        "<tool_call>\n<function=read_file>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>",
    ],
)
def test_a_call_that_is_written_as_text_is_understood(text: str) -> None:
    (call,) = text_calls(text, _OFFERED)
    assert call.name == "read_file"
    assert json.loads(call.arguments) == {"path": "a.py"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I would call read_file with a.py.",
        f"For example {json.dumps(_CALL)} reads it.",
        json.dumps({**_CALL, "name": "delete_everything"}),
        f"<tool_call>{json.dumps(_CALL)}</tool_call><tool_call>{{broken</tool_call>",
        f"<tool_call>{json.dumps(_CALL)}",
        json.dumps({"verdict": "approve"}),
        "<function=read_file>a.py</function>",
    ],
)
def test_what_is_not_certainly_a_call_is_none(text: str) -> None:
    assert text_calls(text, _OFFERED) == []


@given(st.text(alphabet='{}[]"<>tol_cafuni=/:,`\n ', max_size=60))
def test_no_reply_breaks_the_readers(text: str) -> None:
    json_object(text)
    blocks(text, ["a.py"])
    text_calls(text, _OFFERED)
    page(text)


def test_checks_pass_if_all_do_or_if_only_old_failures_are_left() -> None:
    assert checks_pass("$ a\n[exit code 0]\n\n2 of 2 checks passed")
    assert not checks_pass("$ a\n[exit code 1]\n\n1 of 2 checks passed")
    old = "$ a\nfailed on the base already (1):\n- t\n[exit code 1]\n\n0 of 1 checks passed"
    assert checks_pass(old)
    assert not checks_pass(old.replace("failed on", "new failures (1):\n- u\nfailed on"))
    assert not checks_pass("error: the sandbox is gone")


def test_pages_of_a_file_come_together_again() -> None:
    assert page("    1  a\n    2    b") == (["a", "  b"], 0)
    assert page("    1  a\n(lines 1-1 of 9; go on with start_line=2)") == (["a"], 2)
    assert page("    9  a\n(lines 9-9 of 9)") == (["a"], 0)
    assert page("(a.py has 0 lines)") == ([], 0)
    assert page("error: a.bin is a binary file").lines is None
