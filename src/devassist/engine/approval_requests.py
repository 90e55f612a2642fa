"""A person's word: asked for once, bound to exactly what was shown, and found again when the task goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from devassist.domain.approvals import ApprovalState, ApprovalStatus
from devassist.domain.errors import Interrupted
from devassist.domain.events import ApprovalDecided, ApprovalRequested, Event, Shown
from devassist.domain.failpoints import reach
from devassist.engine.context import RunContext


class Parked(Interrupted):
    """A person's decision is needed: the worker leaves and the task waits. `approval` is the request's id."""

    def __init__(self, fact: str, *, approval: str) -> None:
        super().__init__(fact)
        self.approval = approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """
    One request. `binds_to` is the digest of what is shown: another digest is another request.

    `shown` is what exactly is approved: object ids, a command, paths.
    """

    kind: str
    question: str
    binds_to: str
    task: str
    agent: str = ""
    options: tuple[str, ...] = ("approve", "reject")
    confidence: float | None = None
    shown: Shown = field(default_factory=Shown)


def answered(context: RunContext, ask: Ask) -> ApprovalState | None:
    """The approval or rejection of exactly this, if there is one; nothing is asked."""
    with context.journal.lock:
        known = list(context.journal.state.approvals.values())
    return next(
        (
            one
            for one in reversed(known)
            if (one.task, one.agent, one.kind, one.binds_to) == (ask.task, ask.agent, ask.kind, ask.binds_to)
            and one.status not in (ApprovalStatus.OPEN, ApprovalStatus.WITHDRAWN)
        ),
        None,
    )


def granted_scope(context: RunContext, task: str) -> list[str]:
    """The paths beyond its scope that a person has let a task write."""
    with context.journal.lock:
        return [
            path
            for one in context.journal.state.approvals.values()
            if one.task == task and one.kind == "scope" and one.status is ApprovalStatus.APPROVED
            for path in one.options
        ]


def is_open(context: RunContext, approval: str) -> bool:
    """Whether a request still waits for its decision."""
    with context.journal.lock:
        known = context.journal.state.approvals.get(approval)
        return known is not None and known.status is ApprovalStatus.OPEN


def decided(context: RunContext, ask: Ask) -> ApprovalState | None:
    """The decision on exactly this; None while the request is open. An open request for something else is withdrawn."""
    found = requested(context, ask)
    return None if found.status is ApprovalStatus.OPEN else found


def requested(context: RunContext, ask: Ask) -> ApprovalState:
    """As `decided`, but for the request itself, open or decided."""
    with context.journal.lock:
        same = [
            one
            for one in context.journal.state.approvals.values()
            if (one.task, one.agent, one.kind) == (ask.task, ask.agent, ask.kind)
        ]
    current = next((one for one in reversed(same) if one.binds_to == ask.binds_to), None)
    outdated = [one for one in same if one.status is ApprovalStatus.OPEN and one is not current]
    for one in outdated:
        withdrawn = ApprovalDecided(
            approval=one.id, choice="withdraw", who="policy", reason="what was shown has changed"
        )
        context.journal.record(Event(withdrawn, task=ask.task, agent=ask.agent))
    if current is not None and current.status is not ApprovalStatus.WITHDRAWN:
        return current
    return _request(context, ask, number=len(same) + 1)


def require(context: RunContext, ask: Ask) -> ApprovalState:
    """As `decided`, and Parked is raised while nobody has answered."""
    found = requested(context, ask)
    if found.status is ApprovalStatus.OPEN:
        raise Parked(ask.question, approval=found.id)
    return found


def _request(context: RunContext, ask: Ask, *, number: int) -> ApprovalState:
    approval = f"a-{context.run.rpartition('-')[2]}-{ask.task}-{ask.kind}"
    with context.journal.lock:
        known = context.journal.state.approvals
        while (name := approval if number == 1 else f"{approval}-{number}") in known:
            number += 1
    request = ApprovalRequested(
        approval=name,
        kind=ask.kind,
        question=ask.question,
        options=ask.options,
        binds_to=ask.binds_to,
        confidence=ask.confidence,
        shown=ask.shown,
    )
    context.journal.record(Event(request, task=ask.task, agent=ask.agent))
    reach("approval.asked")
    with context.journal.lock:
        return context.journal.state.approvals[name]
