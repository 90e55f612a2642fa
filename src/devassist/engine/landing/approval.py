"""Who approves a merge: the policy by confidence, or a person, of exactly the change that was shown."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.domain.events import DecisionMade, Event, MergeApproved, Shown
from devassist.domain.hashing import digest
from devassist.domain.state.approvals import (
    ApprovalState,
    ApprovalStatus,
    ApprovedMerge,
    Choice,
    MergeRequest,
    decide,
)
from devassist.domain.statuses import TaskStatus
from devassist.engine.approval_requests import ApprovalRequest, find_decision, open_request
from devassist.engine.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How the landing of a delivered task ended."""

    status: TaskStatus
    error: str = ""
    awaits: str = ""
    """The approval request that a landing which waits is put off for."""


def consent(context: RunContext, request: MergeRequest, confidence: float) -> ApprovedMerge | Landing:
    """The permission for exactly this merge, or how the task is left: the policy decides, then a person."""
    policy = decide(context.settings.approvals, kind="merge", confidence=confidence)
    question = f"merge {request.theirs[:12]} of task {request.task} into the result?"
    decision = DecisionMade(
        who="policy",
        question=question,
        options=("approve", "ask", "leave"),
        choice=str(policy.choice),
        reason=policy.reason,
        confidence=confidence,
        ours=request.ours,
        theirs=request.theirs,
        tree=request.tree,
    )
    to_person = _to_person(context, request, question, confidence)
    if policy.choice is Choice.ASK and (earlier := find_decision(context, to_person)) is not None:
        return _by_person(context, request, earlier)
    (record,) = context.journal.record(Event(decision, task=request.task))
    if policy.choice is Choice.ASK:
        opened = open_request(context, to_person)
        error = f"waits for approval: {policy.reason}"
        return Landing(status=TaskStatus.WAITING, error=error, awaits=opened.id)
    if policy.choice is Choice.LEAVE:
        return Landing(status=TaskStatus.DELIVERED, error=f"not merged: {policy.reason}")
    return approved(context, request, approver="policy", reason=policy.reason, decision=record.id)


def _to_person(
    context: RunContext, request: MergeRequest, question: str, confidence: float
) -> ApprovalRequest:
    """The request binds to the change itself: what lands beside it, in other files, does not ask again."""
    changes = context.repository.changes_between(request.ours, request.tree)
    return ApprovalRequest(
        kind="merge",
        question=question,
        binds_to=digest([[change.path, change.before, change.after] for change in changes]),
        task=request.task,
        confidence=confidence,
        shown=Shown(
            ours=request.ours,
            theirs=request.theirs,
            tree=request.tree,
            paths=tuple(change.path for change in changes),
        ),
    )


def _by_person(
    context: RunContext, request: MergeRequest, decision: ApprovalState
) -> ApprovedMerge | Landing:
    """What a person's decision on this very change comes to."""
    if decision.status is ApprovalStatus.REJECTED:
        error = f"not merged: rejected by {decision.who}: {decision.reason or 'no reason given'}"
        return Landing(status=TaskStatus.DELIVERED, error=error)
    return approved(context, request, approver=decision.who, reason=decision.reason, approval=decision.id)


def approved(
    context: RunContext,
    request: MergeRequest,
    *,
    approver: str,
    reason: str,
    decision: str = "",
    approval: str = "",
) -> ApprovedMerge:
    """The permission for exactly this merge, recorded with the decision or the approval that gives it."""
    fact = MergeApproved(
        approver=approver,
        ours=request.ours,
        theirs=request.theirs,
        tree=request.tree,
        decision=decision,
        approval=approval,
    )
    context.journal.record(Event(fact, task=request.task))
    return ApprovedMerge(request=request, approver=approver, reason=reason)
