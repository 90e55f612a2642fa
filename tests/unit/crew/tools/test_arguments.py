"""What a model is shown of the tools, and what comes of the arguments it writes."""

from __future__ import annotations

import json

import pytest

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
