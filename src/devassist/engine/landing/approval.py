"""Who says yes to a merge: the policy by confidence, or a person to exactly the change that was shown."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.domain.approvals import ApprovalStatus, ApprovedMerge, Choice, MergeRequest, decide
from devassist.domain.events import DecisionMade, Event, MergeApproved, Shown
from devassist.domain.hashing import digest
from devassist.domain.statuses import TaskStatus
from devassist.engine.approval_requests import Ask, answered, requested
from devassist.engine.context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What became of one delivered task."""

    status: TaskStatus
    error: str = ""
    awaits: str = ""
    """The approval request that a landing which waits is put off for."""


def consent(context: RunContext, request: MergeRequest, confidence: float) -> ApprovedMerge | Landing:
    """The permission for exactly this merge, or how the task is left: the policy's word, then a person's."""
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
    if policy.choice is Choice.ASK and (known := _known_answer(context, request)) is not None:
        return known
    (record,) = context.journal.record(Event(decision, task=request.task))
    if policy.choice is Choice.ASK:
        opened = requested(context, _ask(context, request, question, confidence))
        error = f"waits for approval: {policy.reason}"
        return Landing(status=TaskStatus.WAITING, error=error, awaits=opened.id)
    if policy.choice is Choice.LEAVE:
        return Landing(status=TaskStatus.DELIVERED, error=f"not merged: {policy.reason}")
    return approved(context, request, approver="policy", reason=policy.reason, decision=record.id)


def _ask(context: RunContext, request: MergeRequest, question: str, confidence: float | None) -> Ask:
    """The request binds to the change itself: what lands beside it, in other files, does not ask again."""
    changes = context.repository.changes_between(request.ours, request.tree)
    shown = Shown(
        ours=request.ours,
        theirs=request.theirs,
        tree=request.tree,
        paths=tuple(path for path, _, _ in changes),
    )
    return Ask(
        kind="merge",
        question=question,
        binds_to=digest([list(one) for one in changes]),
        task=request.task,
        confidence=confidence,
        shown=shown,
    )


def _known_answer(context: RunContext, request: MergeRequest) -> ApprovedMerge | Landing | None:
    """What a person said to this very change, if anybody did."""
    found = answered(context, _ask(context, request, "", None))
    if found is None:
        return None
    if found.status is ApprovalStatus.REJECTED:
        error = f"not merged: rejected by {found.who}: {found.reason or 'no reason given'}"
        return Landing(status=TaskStatus.DELIVERED, error=error)
    return approved(context, request, approver=found.who, reason=found.reason, approval=found.id)


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
