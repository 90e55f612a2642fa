"""When a person is asked: the policy, and the permission that a merge needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devassist.domain.events import Record
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
    mode, threshold = settings.of(kind)
    if mode == "ask":
        return PolicyDecision(choice=Choice.ASK, reason="approval mode is ask")
    if kind in settings.require:
        return PolicyDecision(choice=Choice.ASK, reason=f"approvals.require names {kind}")
    if confidence is not None and confidence >= threshold:
        return PolicyDecision(choice=Choice.APPROVE, reason=f"{stated} is at or over {threshold:g}")
    if mode == "never":
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
    """One request for a person's word, as the log shows it. `binds_to` is the digest of what was shown."""

    id: str
    kind: str
    task: str
    agent: str
    question: str
    options: list[str]
    binds_to: str
    at: str
    confidence: float | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Exactly what is approved: object ids, a command, paths, a diff."""
    status: ApprovalStatus = ApprovalStatus.OPEN
    answer: str = ""
    who: str = ""
    reason: str = ""
    edited: Mapping[str, Any] = field(default_factory=dict)
    """The plan as the person changed it before approving it."""

    @classmethod
    def asked(cls, record: Record) -> ApprovalState:
        data = record.data
        return cls(
            id=data["approval"],
            kind=data["kind"],
            task=record.event.task,
            agent=record.event.agent,
            question=data["question"],
            options=list(data.get("options", ())),
            binds_to=data.get("binds_to", ""),
            at=record.at,
            confidence=data.get("confidence"),
            shown=data.get("shown", {}),
        )

    def decide(self, record: Record) -> None:
        """The first word counts."""
        if self.status is not ApprovalStatus.OPEN:
            return
        data = record.data
        self.status = _STATUS_OF.get(str(data.get("choice")), ApprovalStatus.WITHDRAWN)
        self.answer = str(data.get("answer", ""))
        self.who = str(data.get("who", ""))
        self.reason = str(data.get("reason", ""))
        self.edited = data.get("plan") or {}

    @property
    def urgency(self) -> str:
        return URGENCY.get(self.kind, "normal")

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "task": self.task,
            "question": self.question,
            "options": list(self.options),
            "binds_to": self.binds_to,
            "urgency": self.urgency,
        }
