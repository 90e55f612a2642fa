"""Requests for a person's decision: opened once, bound to exactly what is shown, and found again by whoever goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.errors import Interrupted
from devassist.domain.events import ApprovalDecided, ApprovalRequested, Event, Shown
from devassist.domain.failpoints import reach
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.engine.context import RunContext


class Parked(Interrupted):
    """A person's decision is needed: the worker leaves and the task waits. `approval` is the request's id."""

    def __init__(self, fact: str, *, approval: str) -> None:
        super().__init__(fact)
        self.approval = approval


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """
    What a person is to decide. `binds_to` is the digest of what is shown: another digest is another request.

    `shown` is exactly what is approved: object ids, a command, paths. `confidence` is 0 to 1.
    """

    kind: str
    question: str
    binds_to: str
    task: str
    agent: str = ""
    options: tuple[str, ...] = ("approve", "reject")
    confidence: float | None = None
    shown: Shown = field(default_factory=Shown)


def find_decision(context: RunContext, request: ApprovalRequest) -> ApprovalState | None:
    """The approval or rejection of exactly this, if there is one. No request is opened."""
    undecided = (ApprovalStatus.OPEN, ApprovalStatus.WITHDRAWN)
    approvals = [one for one in _alike(context, request) if one.status not in undecided]
    return next((one for one in reversed(approvals) if one.binds_to == request.binds_to), None)


def granted_scope(context: RunContext, task: str) -> list[str]:
    """The paths beyond its scope that a person has let a task write."""
    with context.journal.lock:
        return [
            path
            for approval in context.journal.state.approvals.values()
            if approval.task == task
            and approval.kind == "scope"
            and approval.status is ApprovalStatus.APPROVED
            for path in approval.options
        ]


def is_open(context: RunContext, approval: str) -> bool:
    """Whether a request still waits for its decision."""
    with context.journal.lock:
        request = context.journal.state.approvals.get(approval)
        return request is not None and request.status is ApprovalStatus.OPEN


def decision_on(context: RunContext, request: ApprovalRequest) -> ApprovalState | None:
    """The decision on exactly this; None while the request, which is opened if need be, waits for one."""
    approval = open_request(context, request)
    return None if approval.status is ApprovalStatus.OPEN else approval


def require_decision(context: RunContext, request: ApprovalRequest) -> ApprovalState:
    """As `decision_on`; raises Parked while nobody has decided."""
    approval = open_request(context, request)
    if approval.status is ApprovalStatus.OPEN:
        raise Parked(request.question, approval=approval.id)
    return approval


def open_request(context: RunContext, request: ApprovalRequest) -> ApprovalState:
    """The request, with its decision if there is one. Open ones of its kind that show something else are withdrawn."""
    alike = _alike(context, request)
    current = next((one for one in reversed(alike) if one.binds_to == request.binds_to), None)
    for outdated in alike:
        if outdated.status is ApprovalStatus.OPEN and outdated is not current:
            withdrawn = ApprovalDecided(
                approval=outdated.id, choice="withdraw", who="policy", reason="what was shown has changed"
            )
            context.journal.record(Event(withdrawn, task=request.task, agent=request.agent))
    if current is not None and current.status is not ApprovalStatus.WITHDRAWN:
        return current
    return _record(context, request, number=len(alike) + 1)


def _alike(context: RunContext, request: ApprovalRequest) -> list[ApprovalState]:
    """All requests of this kind by this agent, oldest first."""
    asker = (request.task, request.agent, request.kind)
    with context.journal.lock:
        approvals = context.journal.state.approvals.values()
        return [one for one in approvals if (one.task, one.agent, one.kind) == asker]


def _record(context: RunContext, request: ApprovalRequest, *, number: int) -> ApprovalState:
    stem = f"a-{context.run.rpartition('-')[2]}-{request.task}-{request.kind}"
    with context.journal.lock:
        approvals = context.journal.state.approvals
        while (name := stem if number == 1 else f"{stem}-{number}") in approvals:
            number += 1
    requested = ApprovalRequested(
        approval=name,
        kind=request.kind,
        question=request.question,
        options=request.options,
        binds_to=request.binds_to,
        confidence=request.confidence,
        shown=request.shown,
    )
    context.journal.record(Event(requested, task=request.task, agent=request.agent))
    reach("approval.asked")
    with context.journal.lock:
        return context.journal.state.approvals[name]


def shown_options(kind: str, options: tuple[str, ...]) -> Shown:
    """The options, if they are what is approved."""
    if kind == "scope":
        return Shown(paths=options)
    return Shown(command=options) if kind == "command" else Shown()
