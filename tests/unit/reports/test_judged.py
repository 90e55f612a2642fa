"""What every form of a report tells of the checks of a landing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from devassist.domain.events import EventType
from devassist.reports.junit import junit
from devassist.reports.markdown import markdown
from devassist.reports.page import page
from devassist.reports.run_document import RunDocument
from devassist.reports.story import Story
from support.tale import HOSTILE, Tale

OWN = {"command": "pytest tests/test_a.py", "own": True, "exit_code": 0, "runner": "pytest", "passed": 3}
PROJECT = {
    "command": "pytest", "own": False, "exit_code": 1, "base_exit_code": 1, "runner": "pytest", "passed": 40, "added": 2,
    "known_failures": ["t::red"], "fixed": ["t::mended"], "flaky": ["t::sometimes"],
}  # fmt: skip


def story(*checks: dict[str, Any], status: str = "merged", verification: str = "tests", **more: Any) -> Story:
    tale = Tale()
    tale.tell(EventType.RUN_STARTED, goal="g", base="b" * 40, settings={"limits": {}}, models={})
    task = {"id": "one", "title": "One", "role": "coder", "scope": [], "depends_on": [], "checks": []}
    tale.tell(EventType.PLAN_SUBMITTED, plan={"goal": "g", "tasks": [task]}, source="file")
    tale.tell(EventType.TASK_STARTED, "one", title="one")
    for check in checks:
        tale.check("one", check["command"], check["exit_code"], "the end of it")
    tale.tell(EventType.LANDING_JUDGED, "one", verification=verification, checks=list(checks), **more)
    tale.end("one", status)
    tale.tell(EventType.RUN_FINISHED, status="succeeded" if status == "merged" else "failed", exit_code=0)
    return Story.of(tale.records)


def test_tests_fixed_known_flaky_and_new_are_in_every_form() -> None:
    told = story(OWN, PROJECT, judges=["tests/conftest.py"])
    for text in (markdown(told), page(told)):
        for word in (
            "t::red",
            "t::mended",
            "t::sometimes",
            "40 tests passed",
            "2 new",
            "tests/conftest.py",
        ):
            assert word in text, word
    (task,) = RunDocument.of(told.state).tasks
    assert (task.tests.passed, task.tests.added, task.tests.fixed) == (40, 2, ("t::mended",))
    assert [(check.own, check.base_exit_code) for check in task.checks] == [(True, None), (False, 1)]


def test_a_red_base_is_neither_skipped_nor_a_failure_in_junit() -> None:
    suite = next(
        one for one in ET.fromstring(junit(story(PROJECT))) if (one.get("name") or "").startswith("one")
    )
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")
    assert "t::red" in (suite.findtext(".//system-out") or "")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"problem": "fails in t::broken", "new_failures": ["t::broken"], "exit_code": 1}, "exit code 1"),
        ({"doubts": ["t::gone vanished"], "vanished": ["t::gone"], "exit_code": 0}, "t::gone vanished"),
    ],
)
def test_what_does_not_land_is_a_failure_with_its_reason(more: dict[str, Any], words: str) -> None:
    told = story({**PROJECT, **more}, status="waiting" if "doubts" in more else "failed")
    (failure,) = ET.fromstring(junit(told)).iter("failure")
    assert words in (failure.get("message") or "")
    assert words in markdown(told) or more.get("problem", "") in markdown(told)


def test_what_nothing_has_verified_is_said() -> None:
    told = story(verification="none")
    assert "Not verified" in markdown(told)
    (skipped,) = [
        case for case in ET.fromstring(junit(told)).iter("testcase") if case.get("name") == "is verified"
    ]
    assert skipped.find("skipped") is not None


def test_no_name_of_a_test_is_markup() -> None:
    told = story({**PROJECT, "command": f"pytest {HOSTILE}", "vanished": [HOSTILE], "exit_code": 0})
    assert "<script>" not in page(told)
    assert "![i]" not in markdown(told)
    ET.fromstring(junit(told))


def test_modules_that_tests_import_from_elsewhere_are_in_every_form() -> None:
    check = {**OWN, "foreign": ["shop from /usr/lib/python3/site-packages/shop"]}
    told = story(check, verification="none")
    for text in (markdown(told), page(told), junit(told)):
        assert "shop from /usr/lib/python3/site-packages/shop" in text
