"""Claims against what was recorded: the three verdicts, and every way to each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.handoffs import CheckedClaim, Claim, Evidence, Verdict, check_claim


def evidence(number: int, tool: str = "run_command", **more: Any) -> Evidence:
    given: dict[str, Any] = {
        "id": f"e{number}",
        "task": "t1",
        "number": number,
        "tool": tool,
        "ok": True,
        **more,
    }
    return Evidence(**given)


def check(cited: str, *calls: Evidence, task: str = "t1") -> CheckedClaim:
    claim = Claim(statement="the tests pass", evidence=cited)
    own = [one for one in calls if one.task == task]
    return check_claim(claim, task=task, log={one.id: one for one in calls}, calls=own)


def test_a_command_that_succeeded_and_nothing_written_since_bears_a_claim_out() -> None:
    found = check("e1", evidence(1, summary="exit 0"), evidence(2, "read_file"))
    assert found.verdict is Verdict.VERIFIED
    assert found.reason == "exit 0"


def test_a_successful_write_is_evidence_of_the_change() -> None:
    assert check("e1", evidence(1, "write_file", wrote=("a.py",))).verdict is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("cited", "why"), [("", "no evidence is cited"), ("e9", "no evidence 'e9' in this run")]
)
def test_what_is_cited_wrongly_or_not_at_all_is_uncited(cited: str, why: str) -> None:
    found = check(cited, evidence(1))
    assert found.verdict is Verdict.UNCITED
    assert why in found.reason


def test_evidence_of_another_task_is_a_contradiction() -> None:
    found = check("e1", evidence(1, task="t2"))
    assert found.verdict is Verdict.CONTRADICTED
    assert found.reason == "e1 belongs to task 't2', not to 't1'"


def test_a_command_that_failed_is_a_contradiction() -> None:
    found = check("e1", evidence(1, ok=False, summary="exit 1"))
    assert found.verdict is Verdict.CONTRADICTED
    assert found.reason == "e1 did not succeed: exit 1"


@pytest.mark.parametrize(
    ("cited", "later", "fresh"),
    [
        ({"reads": ("*",)}, {"wrote": ("docs/x.md",)}, False),
        ({"reads": ("a.py",)}, {"wrote": ("a.py",)}, False),
        ({"reads": ("a.py",)}, {"wrote": ("b.py",)}, True),
        ({"reads": ("*",)}, {"wrote": ()}, True),
        ({"wrote": ("a.py",)}, {"wrote": ("a.py",)}, False),
        ({"wrote": ("a.py",)}, {"wrote": ("b.py", "a.py")}, False),
        ({}, {"wrote": ("a.py",)}, True),
    ],
)
def test_what_was_written_after_the_evidence_makes_it_stale(
    cited: dict[str, Any], later: dict[str, Any], fresh: bool
) -> None:
    found = check("e1", evidence(1, **cited), evidence(2, "write_file", **later))
    assert (found.verdict is Verdict.VERIFIED) is fresh
    if not fresh:
        assert found.reason.endswith("was written by e2 after e1")


def test_a_write_before_the_evidence_takes_nothing_from_it() -> None:
    found = check("e2", evidence(1, "write_file", wrote=("a.py",)), evidence(2, reads=("*",)))
    assert found.verdict is Verdict.VERIFIED


_EVIDENCE = st.builds(
    Evidence,
    id=st.sampled_from(["e1", "e2", "e3"]),
    task=st.sampled_from(["t1", "t2"]),
    number=st.integers(min_value=1, max_value=5),
    tool=st.just("run_command"),
    ok=st.booleans(),
    reads=st.lists(st.sampled_from(["*", "a", "b"]), max_size=2).map(tuple),
    wrote=st.lists(st.sampled_from(["a", "b"]), max_size=2).map(tuple),
)


@given(st.lists(_EVIDENCE, max_size=6), st.sampled_from(["", "e1", "e2", "e3", "e4"]))
def test_a_verified_claim_always_has_an_own_success_behind_it(calls: list[Evidence], cited: str) -> None:
    found = check(cited, *calls)
    assert found.reason
    if found.verdict is Verdict.VERIFIED:
        borne = {one.id: one for one in calls}[cited]
        assert borne.ok
        assert borne.task == "t1"
