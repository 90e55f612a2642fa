"""What agents hand on, and whether what they claim is borne out by what was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

GROUND_BEGINS, GROUND_ENDS = "The ground as it is now:", "(End of the ground.)"
"""Around what a brief says of the repository's state of the moment."""


class Verdict(StrEnum):
    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    UNCITED = "uncited"


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
class Evidence:
    """
    A recorded tool call as a claim may cite it.

    `reads` and `wrote` are repository paths; `*` in `reads` means the whole tree. `number` is the
    order of the calls within the task.
    """

    id: str
    task: str
    number: int
    tool: str
    ok: bool
    reads: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    claim: Claim
    verdict: Verdict
    reason: str


def check_claim(
    claim: Claim, *, task: str, log: Mapping[str, Evidence], calls: Sequence[Evidence]
) -> CheckedClaim:
    """
    Hold one claim against the log.

    `log` finds any evidence of the run by id, `calls` are the task's own in order. A claim is verified
    when its evidence is an event of this task that succeeded and nothing it depends on was written since.
    """
    if not claim.evidence:
        return CheckedClaim(claim=claim, verdict=Verdict.UNCITED, reason="no evidence is cited")
    found = log.get(claim.evidence)
    if found is None:
        return CheckedClaim(
            claim=claim,
            verdict=Verdict.UNCITED,
            reason=f"there is no evidence {claim.evidence!r} in this run",
        )
    reason = _contradiction(found, task=task, calls=calls)
    if reason:
        return CheckedClaim(claim=claim, verdict=Verdict.CONTRADICTED, reason=reason)
    return CheckedClaim(
        claim=claim, verdict=Verdict.VERIFIED, reason=found.summary or f"{found.tool} succeeded"
    )


def _contradiction(found: Evidence, *, task: str, calls: Sequence[Evidence]) -> str:
    if found.task != task:
        return f"{found.id} belongs to task {found.task!r}, not to {task!r}"
    if not found.ok:
        return f"{found.id} did not succeed: {found.summary or found.tool}"
    for later in calls:
        if later.number > found.number and (stale := _stale(found, later)):
            return f"{stale} was written by {later.id} after {found.id}"
    return ""


def _stale(found: Evidence, later: Evidence) -> str:
    depends = {*found.reads, *found.wrote}
    if "*" in depends and later.wrote:
        return later.wrote[0]
    return next((path for path in later.wrote if path in depends), "")


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
