"""When a person is asked: the policy, and the permission that a merge needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devassist.domain.settings import ApprovalSettings


class Choice(StrEnum):
    APPROVE = "approve"
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecision:
    """What the policy says to one request, and why."""

    choice: Choice
    reason: str


def decide(settings: ApprovalSettings, *, kind: str, confidence: float | None) -> PolicyDecision:
    """
    Hold a request against the policy.

    `confidence` None (a question, a scope, a mass deletion) is never over the threshold.
    """
    stated = "no confidence" if confidence is None else f"confidence {confidence:.2f}"
    if settings.mode == "ask":
        return PolicyDecision(choice=Choice.ASK, reason="approval mode is ask")
    if kind in settings.require:
        return PolicyDecision(choice=Choice.ASK, reason=f"approvals.require names {kind}")
    threshold = settings.confidence_threshold
    if confidence is not None and confidence >= threshold:
        return PolicyDecision(choice=Choice.APPROVE, reason=f"{stated} is at or over {threshold:g}")
    if settings.mode == "never":
        return PolicyDecision(
            choice=Choice.LEAVE, reason=f"{stated} is under {threshold:g} and nobody is asked"
        )
    return PolicyDecision(choice=Choice.ASK, reason=f"{stated} is under {threshold:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """A merge by object ids: `ours` is the result branch's tip, `theirs` the delivered commit."""

    task: str
    ours: str
    theirs: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedMerge:
    """A merge that a person or the policy said yes to. It names object ids, so it cannot drift."""

    request: MergeRequest
    approver: str
    reason: str
