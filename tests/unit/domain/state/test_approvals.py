"""The policy: who decides about what, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.settings import ApprovalSettings
from devassist.domain.state.approvals import ApprovedMerge, Choice, MergeRequest, decide


@pytest.mark.parametrize(
    ("mode", "require", "confidence", "choice"),
    [
        ("auto", (), 0.75, Choice.APPROVE),
        ("auto", (), 1.0, Choice.APPROVE),
        ("auto", (), 0.74, Choice.ASK),
        ("auto", (), None, Choice.ASK),
        ("auto", ("merge",), 1.0, Choice.ASK),
        ("auto", ("plan",), 1.0, Choice.APPROVE),
        ("ask", (), 1.0, Choice.ASK),
        ("ask", (), None, Choice.ASK),
        ("never", (), 0.75, Choice.APPROVE),
        ("never", (), 0.5, Choice.LEAVE),
        ("never", (), None, Choice.LEAVE),
    ],
)
def test_the_policy_by_mode_and_confidence(
    mode: str, require: tuple[str, ...], confidence: float | None, choice: Choice
) -> None:
    decision = decide(ApprovalSettings(mode=mode, require=require), kind="merge", confidence=confidence)
    assert decision.choice is choice
    assert decision.reason


def test_the_reason_names_confidence_and_threshold() -> None:
    settings = ApprovalSettings(confidence_threshold=0.9)
    assert decide(settings, kind="merge", confidence=0.5).reason == "confidence 0.50 is under 0.9"
    assert decide(settings, kind="merge", confidence=0.95).reason == "confidence 0.95 is at or over 0.9"
    assert decide(settings, kind="scope", confidence=None).reason == "no confidence is under 0.9"


@given(
    mode=st.sampled_from(["auto", "ask", "never"]),
    threshold=st.floats(min_value=0, max_value=1),
    low=st.floats(min_value=0, max_value=1),
    high=st.floats(min_value=0, max_value=1),
)
def test_more_confidence_never_turns_a_yes_into_a_no(
    mode: str, threshold: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    settings = ApprovalSettings(mode=mode, confidence_threshold=threshold)
    if decide(settings, kind="merge", confidence=low).choice is Choice.APPROVE:
        assert decide(settings, kind="merge", confidence=high).choice is Choice.APPROVE


@given(
    st.sampled_from(["plan", "scope", "command", "merge", "resolution"]), st.floats(min_value=0, max_value=1)
)
def test_never_never_asks_unless_the_class_is_required(kind: str, confidence: float) -> None:
    assert decide(ApprovalSettings(mode="never"), kind=kind, confidence=confidence).choice is not Choice.ASK


def test_a_permission_is_a_value_that_cannot_be_changed() -> None:
    request = MergeRequest(task="t1", ours="a" * 40, theirs="b" * 40, tree="c" * 40)
    approved = ApprovedMerge(request=request, approver="policy", reason="confidence 0.90 is at or over 0.75")
    with pytest.raises(AttributeError):
        approved.request = request  # type: ignore[misc]
