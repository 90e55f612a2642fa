"""What agents hand on, what they claim in it, and what it is sent back for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

GROUND_BEGINS, GROUND_ENDS = "The ground as it is now:", "(End of the ground.)"
"""Around what a brief says of the repository's state of the moment."""


class Verdict(StrEnum):
    """What a claim is found to be. None of them fails a task."""

    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    STALE = "stale"
    """It was so, and something that it depends on was written since."""
    UNCITED = "uncited"
    """Nothing is cited that could tell."""


class Objection(StrEnum):
    """What a handoff is sent back for. Each sends an agent's handoff back once in a round."""

    WORK = "work"
    CLAIMS = "claims"
    REVIEW = "review"


class ReviewVerdict(StrEnum):
    """How a review ends."""

    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement and the id of the recorded event that is to bear it out."""

    statement: str
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """
    One agent's structured end: what was meant, how pressing, on what ground, what was made and claimed.

    `kind` is work, brief, review, plan or resolution. `urgency` is low, normal or high.
    """

    kind: str
    summary: str
    confidence: float
    intent: str = ""
    urgency: str = "normal"
    context: Mapping[str, object] | None = None
    artifacts: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    open_questions: tuple[str, ...] = ()
    findings: tuple[Mapping[str, object], ...] = ()
    verdict: str = ""


_SEVERE = frozenset({"error", "critical", "blocker", "blocking", "fatal"})
"""The severities that no approval passes over; models have more words for it than the tool names."""


def severe_findings(findings: Sequence[Mapping[str, object]]) -> tuple[Mapping[str, object], ...]:
    """The findings of a review that say that the change is wrong."""
    return tuple(
        finding for finding in findings if str(finding.get("severity", "")).strip().casefold() in _SEVERE
    )


def counted_verdict(verdict: str, findings: Sequence[Mapping[str, object]]) -> str:
    """What a review counts as: one that approves what it calls an error asks for changes."""
    if verdict == ReviewVerdict.APPROVE and severe_findings(findings):
        return ReviewVerdict.REQUEST_CHANGES
    return verdict
