"""What a model is shown of the tools, and what comes of the arguments it writes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.crew.tools.arguments import (
    ARGUMENTS,
    BadArguments,
    parse_arguments,
    schema_of,
    submitted_work,
)
from devassist.crew.tools.shapes import ReadFile
from devassist.crew.tools.submit_shapes import SubmitBrief
from devassist.domain.plan import parse_plan
from devassist.domain.roles import SUBMIT_TOOL, TOOLS_OF, Role


@pytest.mark.parametrize("tool", list(ARGUMENTS))
def test_a_schema_is_whole_without_references_and_titles(tool: str) -> None:
    text = json.dumps(schema_of(tool))
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"title": "' not in text


def test_the_plans_schema_names_every_key_of_a_task() -> None:
    task = {
        "id": "t1", "title": "t", "role": "coder", "instructions": "i", "scope": ["src/**"], "depends_on": [],
        "checks": ["true"], "review": True, "changes_tests": ["tests/**"],
    }  # fmt: skip
    plan = parse_plan({"tasks": [task]})
    assert plan.tasks[0].changes_tests == ("tests/**",)
    text = json.dumps(schema_of("submit_plan"))
    assert [key for key in task if key not in text] == []


def test_null_leaves_an_optional_argument_out() -> None:
    assert parse_arguments("read_file", {"path": "a", "start_line": None}) == ReadFile(path="a")


def test_every_wrong_argument_is_named() -> None:
    with pytest.raises(BadArguments) as caught:
        parse_arguments("read_file", {"start_line": 0, "lines": 3})
    assert all(name in str(caught.value) for name in ("path", "start_line", "lines"))


def test_a_finding_that_is_a_bare_text_gets_a_key() -> None:
    brief = SubmitBrief(summary="s", findings=["bare", {"path": "a.py"}], confidence=1)
    assert submitted_work(brief).findings == ({"text": "bare"}, {"path": "a.py"})


@pytest.mark.parametrize(
    ("tool", "other", "own"),
    [
        ("read_file", {"file_path": "a"}, {"path": "a"}),
        ("read_file", {"filePath": "a", "offset": "10", "limit": 5}, {"path": "a", "start_line": 10, "end_line": 14}),
        ("read_file", {"filename": "a", "limit": "50"}, {"path": "a", "start_line": 1, "end_line": 50}),
        ("read_file", {"path": "a", "view_range": [3, -1]}, {"path": "a", "start_line": 3}),
        ("read_file", {"path": "a", "line_start": 3, "line_end": "null"}, {"path": "a", "start_line": 3}),
        ("write_file", {"file": "a", "contents": "x"}, {"path": "a", "content": "x"}),
        (
            "replace_in_file",
            {"file_path": "a", "old_string": "x", "new_string": "y"},
            {"path": "a", "old": "x", "new": "y"},
        ),
        (
            "edit_file",
            {"file_path": "a", "old_string": "x", "new_string": "y", "replaceAll": "true"},
            {"path": "a", "edits": [{"old": "x", "new": "y", "replace_all": True}]},
        ),
        (
            "edit_file",
            {"path": "a", "edits": '[{"old_str": "x", "new_str": "y"}]'},
            {"path": "a", "edits": [{"old": "x", "new": "y"}]},
        ),
        ("edit_file", {"path": "a", "edits": {"old": "x", "new": "y"}}, {"path": "a", "edits": [{"old": "x", "new": "y"}]}),
        ("run_command", {"cmd": "ls", "timeout": "30"}, {"command": "ls", "timeout_s": 30}),
        ("run_command", {"command": "ls", "timeout": 120000, "description": "List"}, {"command": "ls", "timeout_s": 120}),
        ("run_command", {"command": ["bash", "-lc", "ls | wc"]}, {"command": "ls | wc"}),
        ("run_command", {"command": ["ls", "a b"]}, {"command": "ls 'a b'"}),
        ("search_code", {"query": "x", "include": "*.py", "-i": True, "-C": "2"}, {"pattern": "x", "glob": "*.py", "ignore_case": True, "context": 2}),
        ("list_files", {"directory": "src", "pattern": "*.py"}, {"path": "src", "glob": "*.py"}),
        ("move_file", {"source": "a", "destination": "b"}, {"path": "a", "new_path": "b"}),
        ("post_note", {"message": "m", "paths": "a.py"}, {"text": "m", "paths": ["a.py"]}),
        ("request_scope", {"paths": '["a", "b"]', "reason": "r"}, {"paths": ["a", "b"], "reason": "r"}),
        ("ask_human", {"question": "q", "options": ""}, {"question": "q"}),
        (
            "submit_work",
            {"summary": "s", "confidence": "0.9", "claims": '[{"statement": "x", "evidence": "e"}]'},
            {"summary": "s", "confidence": 0.9, "claims": [{"statement": "x", "evidence": "e"}]},
        ),
    ],
)  # fmt: skip
def test_other_names_and_forms_of_arguments_are_understood(
    tool: str, other: dict[str, object], own: dict[str, object]
) -> None:
    assert parse_arguments(tool, other) == ARGUMENTS[tool].model_validate(own)


def test_a_plans_tasks_are_read_as_models_write_them() -> None:
    task = '{"id": "t1", "title": "t", "role": "coder", "instructions": "i", "scope": "src/**", "review": "false"}'
    other = {
        "id": "t2",
        "title": "t",
        "role": "tester",
        "instructions": "i",
        "depends_on": '["t1"]',
        "checks": None,
    }
    arguments = parse_arguments("submit_plan", {"tasks": [task, other], "rationale": "r", "confidence": "1"})
    plan = parse_plan({"tasks": submitted_work(arguments).tasks})
    assert [(task.scope, task.depends_on, task.review) for task in plan.tasks] == [
        (("src/**",), (), False), ((), ("t1",), True),
    ]  # fmt: skip


def test_an_unknown_argument_is_answered_with_the_right_names() -> None:
    with pytest.raises(BadArguments) as caught:
        parse_arguments("read_file", {"path": "a", "foo": 1})
    assert (
        str(caught.value) == "read_file: unknown argument 'foo'; this tool takes path, start_line, end_line"
    )
    with pytest.raises(BadArguments, match="takes no arguments"):
        parse_arguments("read_board", {"foo": 1})


def test_two_names_for_one_argument_are_an_error() -> None:
    with pytest.raises(BadArguments, match="unknown argument 'file_path'"):
        parse_arguments("read_file", {"path": "a", "file_path": "b"})


def test_a_fault_within_a_list_names_its_place() -> None:
    with pytest.raises(BadArguments, match=r"edits\.1\.new: Field required"):
        parse_arguments("edit_file", {"path": "a", "edits": [{"old": "x", "new": "y"}, {"old": "x"}]})


@pytest.mark.parametrize("tool", list(ARGUMENTS))
def test_every_optional_argument_can_be_null(tool: str) -> None:
    shape = ARGUMENTS[tool]
    nulls = {name: None for name, field in shape.model_fields.items() if not field.is_required()}
    required = [name for name, field in shape.model_fields.items() if field.is_required()]
    try:
        parse_arguments(tool, nulls)
    except BadArguments as error:
        assert required
        assert not any(f"{name}:" in str(error) for name in nulls)  # noqa: PT017


def test_the_schemas_of_a_coder_stay_as_small_as_they_were() -> None:
    names = [*TOOLS_OF[Role.CODER], SUBMIT_TOOL[Role.CODER]]
    assert len(json.dumps([schema_of(name) for name in names])) < 7_000


@given(
    tool=st.sampled_from(sorted(ARGUMENTS)),
    raw=st.dictionaries(
        st.sampled_from(
            "path file_path edits old_string limit offset view_range timeout query command -i".split()
        )
        | st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("[1]"),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=4,
    ),
)
def test_no_arguments_break_the_reader(tool: str, raw: dict[str, object]) -> None:
    with contextlib.suppress(BadArguments):
        parse_arguments(tool, raw)
