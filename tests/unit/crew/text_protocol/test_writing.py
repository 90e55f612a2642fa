"""The work of an agent that writes, step by step, with answers by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from devassist.crew.text_protocol.roles import work_of
from devassist.crew.text_protocol.showing import candidates, named_in, shown
from devassist.crew.text_protocol.steps import Act, Answer, Ask, Brief, GaveUp
from devassist.domain.roles import Role

_FILE = "def one():\n    return 1\n"


def _brief(role: Role = Role.CODER, text: str = "change one in a.py", room: int = 9_000) -> Brief:
    return Brief(role=role, opening=text, room=room, goal="a goal", checks=True)


def _played(brief: Brief, answers: Iterator[str]) -> list[Ask | Act]:
    """The steps of a work whose repository has a.py and b.py; `answers` are the model's."""
    work, steps = work_of(brief), []
    tools = {
        "list_files": "a.py\nb.py",
        "read_file": "    1  def one():\n    2      return 1",
        "write_file": "written",
        "run_checks": "$ t\n[exit code 0]\n\n1 of 1 checks passed",
    }
    step = next(work)
    try:
        while True:
            steps.append(step)
            if isinstance(step, Act) and step.tool.startswith("submit"):
                return steps
            answer = next(answers) if isinstance(step, Ask) else tools[step.tool]
            step = work.send(Answer(answer, "e-1"))
    except StopIteration:
        return steps


def _calls(steps: list[Ask | Act]) -> list[str]:
    return [step.tool if isinstance(step, Act) else "ask" for step in steps]


_CHOICE = json.dumps({"change": [], "create": [], "summary": "return 2"})


def test_a_file_that_the_task_names_is_read_whatever_the_model_chooses() -> None:
    steps = _played(_brief(), iter([_CHOICE, "```\ndef one():\n    return 2\n```"]))
    assert _calls(steps) == [
        "list_files",
        "ask",
        "read_file",
        "ask",
        "write_file",
        "run_checks",
        "submit_work",
    ]
    written, submitted = steps[-3], steps[-1]
    assert isinstance(written, Act)
    assert written.arguments == {"path": "a.py", "content": "def one():\n    return 2\n"}
    assert isinstance(submitted, Act)
    assert submitted.arguments["claims"] == [{"statement": "the checks pass", "evidence": "e-1"}]


def test_the_choice_is_limited_to_the_files_that_there_are() -> None:
    steps = _played(_brief(), iter([_CHOICE, "```\ndef one():\n    return 2\n```"]))
    asked = steps[1]
    assert isinstance(asked, Ask)
    assert '"enum": ["a.py", "b.py"]' in json.dumps(asked.schema)


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        ("I would return 2.", "no fenced block"),
        ("a.py\n```\ndef one(:\n```", "syntax error"),
        ("a.py\n```\ndef one():\n    return 1\n```", "nothing would change"),
        ("a.py\n```\ndef one():\n    return 2\n", "cut off"),
        ("```\nprint(1)\n```", "no function"),
    ],
)
def test_the_model_is_told_what_was_wrong_four_times_and_then_gives_up(reply: str, trouble: str) -> None:
    def answers() -> Iterator[str]:
        yield _CHOICE
        while True:
            yield reply

    with pytest.raises(GaveUp, match=f"4 tries.*1: .*{trouble}"):
        _played(_brief(), answers())


def test_an_orchestrator_hands_in_one_task_and_a_reviewer_one_verdict() -> None:
    (_, planned) = _played(_brief(Role.ORCHESTRATOR), iter(['{"title": "Do it", "role": "coder"}']))
    assert isinstance(planned, Act)
    assert planned.arguments["crew"] == "solo"
    verdict = (
        '{"verdict": "request_changes", "summary": "no", "findings": [{"path": "a.py", "comment": "why"}]}'
    )
    (_, reviewed) = _played(_brief(Role.REVIEWER), iter([verdict]))
    assert isinstance(reviewed, Act)
    assert reviewed.arguments["findings"] == [{"path": "a.py", "comment": "why", "severity": "error"}]


def test_a_tester_runs_the_checks_and_a_researcher_names_files() -> None:
    assert _calls(_played(_brief(Role.TESTER), iter(()))) == ["run_checks", "submit_work"]
    found = '{"summary": "a.py has it", "findings": ["a.py: one"]}'
    assert _calls(_played(_brief(Role.RESEARCHER), iter([found]))) == ["list_files", "ask", "submit_brief"]


def test_an_integrator_needs_tools() -> None:
    with pytest.raises(GaveUp, match="integrator needs a model that calls tools"):
        work_of(_brief(Role.INTEGRATOR))


def test_three_answers_without_a_usable_object_are_the_end() -> None:
    with pytest.raises(GaveUp, match=r"asked 3 times.*title is missing"):
        _played(_brief(Role.ORCHESTRATOR), iter(["{}"] * 3))


def test_files_are_offered_by_how_much_the_task_is_about_them() -> None:
    brief = Brief(role=Role.CODER, opening="Fix rounding in src/money.py", room=9_000, scope=("src/**",))
    paths = ["docs/money.md", "src/app.py", "src/money.py", "src/rounding.py"]
    assert candidates(paths, brief) == ["src/money.py", "src/rounding.py", "src/app.py"]
    assert candidates(paths, Brief(role=Role.CODER, opening="Fix src/money.py", room=60)) == ["src/money.py"]
    assert named_in("a.py", "see a.py.")
    assert not named_in("a.py", "see src/a.py and a.pyi")


def test_a_long_file_is_shown_without_the_bodies_that_the_task_does_not_name() -> None:
    long = "".join(
        f"def f{number}():\n    return {number} + 1_000_000_000_000_000\n\n\n" for number in range(50)
    )
    text = shown({"a.py": long}, words="change f7", room=1_500)
    assert "def f7():\n    return 7 + " in text
    assert "    return 8 + " not in text
    assert len(text) < 1_700
