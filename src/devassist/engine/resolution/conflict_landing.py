"""
Handles a conflict at a landing: a resolution is proposed, judged by the policy, and recorded.

It moves no branch: a proposal lands, if at all, the way every merge lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.domain.conflicts import ConflictStatus
from devassist.domain.events import (
    ConflictResolved,
    DecisionMade,
    Event,
    Fact,
    MergeCompleted,
    Record,
    Shown,
)
from devassist.domain.hashing import digest
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.resolutions import How
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus, Choice, PolicyDecision, decide
from devassist.engine.approval_requests import ApprovalRequest, open_request
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.resolution.proposals import Proposal, Proposals, warn, writer_for

__all__ = ["ConflictLanding", "Proposal"]


@dataclass
class ConflictLanding:
    """Has proposed resolutions judged, and records what became of them."""

    context: RunContext
    plan: Plan
    worktrees: RunWorktrees
    proposals: Proposals = field(init=False)

    def __post_init__(self) -> None:
        self.proposals = Proposals(context=self.context, plan=self.plan, worktrees=self.worktrees)

    def judge(self, task: PlanTask, proposal: Proposal) -> PolicyDecision:
        """The policy's decision about a resolution, recorded. Raises Parked if a person has to decide."""
        policy = decide(self.context.settings.approvals, kind="resolution", confidence=proposal.confidence)
        question = f"land {proposal.origin} of {task.id}, {proposal.ref}? {proposal.settlement.reason}"
        shown = _shown(proposal)
        decision = DecisionMade(
            who="policy",
            question=question,
            options=("approve", "ask", "leave"),
            choice=str(policy.choice),
            reason=policy.reason,
            confidence=proposal.confidence,
            tree=proposal.tree,
            precedents=proposal.settlement.precedents,
            offer=shown,
        )
        self._record(task, decision)
        if policy.choice is Choice.ASK:
            request = ApprovalRequest(
                kind="resolution",
                question=question,
                binds_to=digest([shown.tree, shown.ours, shown.theirs]),
                task=task.id,
                confidence=proposal.confidence,
                shown=shown,
            )
            open_request(self.context, request)
        if policy.choice is Choice.LEAVE:
            warn(self.context, task, f"the resolution at {proposal.ref} is left: {policy.reason}")
        return policy

    def answered(self, task: PlanTask, *, ours: str, theirs: str) -> ApprovalState | None:
        """A person's decision about the resolution of exactly these commits, or the request that still waits for it."""
        with self.context.journal.lock:
            approvals = list(self.context.journal.state.approvals.values())
        return next(
            (
                approval
                for approval in reversed(approvals)
                if (approval.task, approval.kind) == (task.id, "resolution")
                and (approval.shown.ours, approval.shown.theirs) == (ours, theirs)
                and approval.status is not ApprovalStatus.WITHDRAWN
            ),
            None,
        )

    def landed(self, task: PlanTask, approval: ApprovalState, *, commit: str) -> None:
        """Records that the conflicts are settled by a resolution that a person approved."""
        reason = approval.reason or approval.question
        self._settle(task, approval.shown, commit, who=approval.who, reason=reason, approval=approval.id)

    def account(self, task: PlanTask, history: Sequence[Record]) -> None:
        """Records what settled the conflicts of a landing that was interrupted before it could record that."""
        facts = [record.body for record in history]
        merged = next((fact for fact in reversed(facts) if isinstance(fact, MergeCompleted)), None)
        if merged is None or any(
            isinstance(fact, ConflictResolved) and fact.commit == merged.commit for fact in facts
        ):
            return
        judged = [fact.offer for fact in facts if isinstance(fact, DecisionMade) and fact.offer is not None]
        shown = next((proposal for proposal in reversed(judged) if proposal.tree == merged.tree), None)
        if shown is None:
            return
        approval = self.answered(task, ours=shown.ours, theirs=shown.theirs)
        if approval is not None and approval.status is ApprovalStatus.APPROVED:
            self.landed(task, approval, commit=merged.commit)
        else:
            self._settle(task, shown, merged.commit, who=shown.who, reason=shown.choice)

    def _settle(
        self, task: PlanTask, shown: Shown, commit: str, *, who: str, reason: str, approval: str = ""
    ) -> None:
        for conflict in shown.conflicts:
            resolved = ConflictResolved(
                conflict=conflict,
                status=ConflictStatus.RESOLVED,
                how=shown.how or str(How.AGENT),
                choice=shown.choice,
                who=who,
                reason=reason,
                approval=approval,
                commit=commit,
                tree=shown.tree,
                parents=(shown.ours, shown.theirs),
                dropped=shown.dropped,
                hunks=shown.hunks,
            )
            self._record(task, resolved)

    def reject(self, task: PlanTask, proposal: Proposal, reason: str) -> None:
        """Warns why a resolution does not land; its commit stays under its ref."""
        warn(self.context, task, f"the resolution at {proposal.ref} does not land: {reason}")

    def settled(self, task: PlanTask, proposal: Proposal, *, commit: str) -> None:
        """Records that the conflict is settled by the merge that landed."""
        writer = writer_for(self.context, task)
        writer.note(proposal.settlement, commit, parent=writer.decide(proposal.settlement))

    def _record(self, task: PlanTask, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=task.id))


def _shown(proposal: Proposal) -> Shown:
    """The resolution that is judged, and the conflicts that it would settle."""
    settlement = proposal.settlement
    return Shown(
        ref=proposal.ref,
        tree=proposal.tree,
        ours=settlement.sides[0].commit,
        theirs=settlement.sides[1].commit,
        conflicts=tuple(settlement.conflicts),
        dropped=tuple(settlement.verified.dropped),
        who=settlement.who,
        how=str(settlement.how),
        choice=settlement.choice,
        hunks=settlement.hunks,
    )
