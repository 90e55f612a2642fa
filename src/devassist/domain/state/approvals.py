"""When a person is asked: the policy, the requests, and the permission that a merge needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from devassist.domain.events import ApprovalDecided, ApprovalRequested, Record, Shown
from devassist.domain.plan import Plan
from devassist.domain.settings import ApprovalMode, ApprovalSettings


class Choice(StrEnum):
    APPROVE = "approve"
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecision:
    """The policy's choice on one request, and the reason."""

    choice: Choice
    reason: str


def decide(settings: ApprovalSettings, *, kind: str, confidence: float | None) -> PolicyDecision:
    """
    Apply the policy to a request.

    `confidence` None (a question, a scope, a mass deletion) is never over the threshold.
    """
    stated = "no confidence" if confidence is None else f"confidence {confidence:.2f}"
    mode, threshold = settings.of(kind)
    if mode == ApprovalMode.ASK:
        return PolicyDecision(choice=Choice.ASK, reason="approval mode is ask")
    if kind in settings.require:
        return PolicyDecision(choice=Choice.ASK, reason=f"approvals.require names {kind}")
    if confidence is not None and confidence >= threshold:
        return PolicyDecision(choice=Choice.APPROVE, reason=f"{stated} is at or over {threshold:g}")
    if mode == ApprovalMode.NEVER:
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
    """A merge that a person or the policy approved. It names object ids, so it cannot drift."""

    request: MergeRequest
    approver: str
    reason: str


class ApprovalStatus(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    """What was shown has changed meanwhile: it is asked again under another id."""


_STATUS_OF = {
    "approve": ApprovalStatus.APPROVED,
    "reject": ApprovalStatus.REJECTED,
    "answer": ApprovalStatus.ANSWERED,
    "withdraw": ApprovalStatus.WITHDRAWN,
}

URGENCY = {"question": "high", "scope": "high", "command": "high", "plan": "high", "mass-deletion": "high"}
"""An agent stands still over these; a merge or a resolution holds up nobody."""


@dataclass(slots=True)
class ApprovalState:
    """One request to a person, as the log shows it. `binds_to` is the digest of what was shown."""

    id: str
    kind: str
    task: str
    agent: str
    question: str
    options: tuple[str, ...]
    binds_to: str
    at: str
    confidence: float | None = None
    shown: Shown = field(default_factory=Shown)
    """Exactly what is approved: object ids, a command, paths, a plan."""
    status: ApprovalStatus = ApprovalStatus.OPEN
    answer: str = ""
    who: str = ""
    reason: str = ""
    edited: Plan | None = None
    """The plan as the person changed it before approving it."""

    @classmethod
    def of(cls, record: Record, request: ApprovalRequested) -> ApprovalState:
        """The open request that a record holds."""
        return cls(
            id=request.approval,
            kind=request.kind,
            task=record.event.task,
            agent=record.event.agent,
            question=request.question,
            options=request.options,
            binds_to=request.binds_to,
            at=record.at,
            confidence=request.confidence,
            shown=request.shown,
        )

    def decide(self, decision: ApprovalDecided) -> None:
        """Take an answer in; the first one counts."""
        if self.status is not ApprovalStatus.OPEN:
            return
        self.status = _STATUS_OF.get(decision.choice, ApprovalStatus.WITHDRAWN)
        self.answer, self.who, self.reason = decision.answer, decision.who, decision.reason
        self.edited = decision.plan

    @property
    def urgency(self) -> str:
        return URGENCY.get(self.kind, "normal")
