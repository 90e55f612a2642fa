"""Who approves a merge: the policy by confidence, or a person, of exactly the change that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.domain.events import DecisionMade, Event, MergeApproved, Shown
from devassist.domain.hashing import digest
from devassist.domain.settings import ApprovalClass, ApprovalMode, ApprovalSettings
from devassist.domain.state.approvals import (
    ApprovalState,
    ApprovalStatus,
    ApprovedMerge,
    Choice,
    MergeRequest,
    PolicyDecision,
    decide,
)
from devassist.domain.statuses import TaskStatus
from devassist.domain.verdicts import Judgement
from devassist.engine.approval_requests import ApprovalRequest, find_decision, open_request
from devassist.engine.context import RunContext

_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How the landing of a delivered task ended."""

    status: TaskStatus
    error: str = ""
    awaits: str = ""
    """The approval request that a landing which waits is put off for."""


def permission_for(
    context: RunContext, request: MergeRequest, judgement: Judgement, confidence: float
) -> ApprovedMerge | Landing:
    """The permission for a merge whose checks hold: what is to be doubted is decided first, each by its class."""
    findings = {
        ApprovalClass.TESTS: judgement.doubts,
        ApprovalClass.UNVERIFIED: judgement.unverified,
    }
    for kind, found in findings.items():
        paths = (*judgement.judges, *judgement.aware) if kind is ApprovalClass.TESTS else ()
        about = judgement.doubted if kind is ApprovalClass.TESTS else []
        doubt = _Doubt(kind=kind, findings=tuple(found), paths=tuple(paths), about=about)
        if found and (left := _decided(context, request, confidence, doubt)):
            return left
    return consent(context, request, confidence)


def consent(context: RunContext, request: MergeRequest, confidence: float) -> ApprovedMerge | Landing:
    """The permission for exactly this merge, or how the task is left: the policy decides, then a person."""
    policy = decide(context.settings.approvals, kind="merge", confidence=confidence)
    question = f"merge {request.theirs[:12]} of task {request.task} into the result?"
    decision = _by_policy(request, question, policy, confidence)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """`findings` say what is to be doubted, `paths` are the files that it is about; a decision binds to `about`."""

    kind: ApprovalClass
    findings: tuple[str, ...]
    paths: tuple[str, ...]
    about: Sequence[Sequence[str]]


def _decided(context: RunContext, request: MergeRequest, confidence: float, doubt: _Doubt) -> Landing | None:
    """How a change that is to be doubted is left; None if the policy or a person lets it go on to its merge."""
    kind, findings, paths = doubt.kind, doubt.findings, doubt.paths
    policy = _policy_on_doubts(context.settings.approvals, kind)
    if kind is ApprovalClass.UNVERIFIED and policy.choice is Choice.ASK:
        merge = decide(context.settings.approvals, kind=ApprovalClass.MERGE, confidence=confidence)
        if merge.choice is Choice.ASK:
            return None  # a person looks at the merge anyway
    named = f" ({_listed(paths)})" if paths else ""
    question = f"land task {request.task}? {_DOUBTS[kind]}{named}: {'; '.join(findings)}"
    changes = context.repository.changes_between(request.ours, request.tree)
    asked = ApprovalRequest(
        kind=kind,
        question=question,
        binds_to=digest(
            [str(kind), [[change.path, change.before, change.after] for change in changes], doubt.about]
        ),
        task=request.task,
        confidence=confidence,
        shown=Shown(
            ours=request.ours, theirs=request.theirs, tree=request.tree, tests=tuple(findings),
            paths=tuple(paths) or tuple(change.path for change in changes),
        ),
    )  # fmt: skip
    if policy.choice is Choice.ASK and (earlier := find_decision(context, asked)) is not None:
        if earlier.status is ApprovalStatus.REJECTED:
            error = f"not merged: rejected by {earlier.who}: {earlier.reason or 'no reason given'}"
            return Landing(status=TaskStatus.DELIVERED, error=error)
        return None
    decision = _by_policy(request, question, policy, confidence)
    context.journal.record(Event(decision, task=request.task))
    if policy.choice is Choice.ASK:
        opened = open_request(context, asked)
        return Landing(status=TaskStatus.WAITING, error=f"waits for approval: {question}", awaits=opened.id)
    if policy.choice is Choice.LEAVE:
        return Landing(
            status=TaskStatus.DELIVERED, error=f"not merged: {'; '.join(findings)}, and {policy.reason}"
        )
    return None


def _by_policy(
    request: MergeRequest, question: str, policy: PolicyDecision, confidence: float
) -> DecisionMade:
    return DecisionMade(
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


def _policy_on_doubts(settings: ApprovalSettings, kind: ApprovalClass) -> PolicyDecision:
    """The mode of the class alone: how sure an agent is says nothing of what is to be doubted."""
    mode, _ = settings.of(kind)
    if mode == ApprovalMode.ASK or kind in settings.require:
        return PolicyDecision(choice=Choice.ASK, reason=f"approvals.{kind} is ask")
    if mode == ApprovalMode.NEVER:
        return PolicyDecision(choice=Choice.LEAVE, reason="nobody is asked")
    return PolicyDecision(choice=Choice.APPROVE, reason=f"approvals.{kind} is auto")


_DOUBTS = {
    ApprovalClass.TESTS: "it changes what judges it",
    ApprovalClass.UNVERIFIED: "nothing has verified it",
}


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


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
