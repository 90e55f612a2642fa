"""
What a run does about a conflict at landing: a resolution is offered, the policy judges it, and it is kept.

It moves no branch: what is offered lands, if at all, the way every merge lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.domain.approvals import ApprovalState, ApprovalStatus, Choice, PolicyDecision, decide
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
from devassist.engine.approval_requests import ApprovalRequest, open_request
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.resolution.proposals import Offer, Offers, keeper, warn

__all__ = ["Mender", "Offer"]


@dataclass
class Mender:
    """Has resolutions judged, and keeps account of what became of them."""

    context: RunContext
    plan: Plan
    worktrees: RunWorktrees
    offers: Offers = field(init=False)

    def __post_init__(self) -> None:
        self.offers = Offers(context=self.context, plan=self.plan, worktrees=self.worktrees)

    def judge(self, task: PlanTask, offer: Offer) -> PolicyDecision:
        """The policy's word on a resolution, recorded; parks it when a person is to be asked."""
        policy = decide(self.context.settings.approvals, kind="resolution", confidence=offer.confidence)
        question = f"land {offer.whose} of {task.id}, {offer.held}? {offer.chosen.reason}"
        shown = _shown(offer)
        decision = DecisionMade(
            who="policy",
            question=question,
            options=("approve", "ask", "leave"),
            choice=str(policy.choice),
            reason=policy.reason,
            confidence=offer.confidence,
            tree=offer.tree,
            precedents=offer.chosen.precedents,
            offer=shown,
        )
        self._record(task, decision)
        if policy.choice is Choice.ASK:
            request = ApprovalRequest(
                kind="resolution",
                question=question,
                binds_to=digest([shown.tree, shown.ours, shown.theirs]),
                task=task.id,
                confidence=offer.confidence,
                shown=shown,
            )
            open_request(self.context, request)
        if policy.choice is Choice.LEAVE:
            warn(self.context, task, f"the resolution at {offer.held} is left: {policy.reason}")
        return policy

    def answered(self, task: PlanTask, *, ours: str, theirs: str) -> ApprovalState | None:
        """A person's word on the resolution of these very commits, or the request that still waits for it."""
        with self.context.journal.lock:
            known = list(self.context.journal.state.approvals.values())
        return next(
            (
                one
                for one in reversed(known)
                if (one.task, one.kind) == (task.id, "resolution")
                and (one.shown.ours, one.shown.theirs) == (ours, theirs)
                and one.status is not ApprovalStatus.WITHDRAWN
            ),
            None,
        )

    def landed(self, task: PlanTask, said: ApprovalState, *, commit: str) -> None:
        """Record that the conflicts are settled by a resolution that a person approved."""
        self._settle(
            task, said.shown, commit, who=said.who, reason=said.reason or said.question, approval=said.id
        )

    def account(self, task: PlanTask, history: Sequence[Record]) -> None:
        """Record what settled the conflicts of a landing that was cut off before that could be recorded."""
        facts = [record.body for record in history]
        merged = next((fact for fact in reversed(facts) if isinstance(fact, MergeCompleted)), None)
        if merged is None or any(
            isinstance(fact, ConflictResolved) and fact.commit == merged.commit for fact in facts
        ):
            return
        offers = [fact.offer for fact in facts if isinstance(fact, DecisionMade) and fact.offer is not None]
        shown = next((offer for offer in reversed(offers) if offer.tree == merged.tree), None)
        if shown is None:
            return
        said = self.answered(task, ours=shown.ours, theirs=shown.theirs)
        if said is not None and said.status is ApprovalStatus.APPROVED:
            self.landed(task, said, commit=merged.commit)
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

    def reject(self, task: PlanTask, offer: Offer, reason: str) -> None:
        """Say why a resolution does not land; it is kept."""
        warn(self.context, task, f"the resolution at {offer.held} does not land: {reason}")

    def settled(self, task: PlanTask, offer: Offer, *, commit: str) -> None:
        """Record that the conflict is settled by the merge that landed."""
        writer = keeper(self.context, task)
        writer.note(offer.chosen, commit, parent=writer.decide(offer.chosen))

    def _record(self, task: PlanTask, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=task.id))


def _shown(offer: Offer) -> Shown:
    """What exactly is judged, and what it would settle."""
    chosen = offer.chosen
    return Shown(
        ref=offer.held,
        tree=offer.tree,
        ours=chosen.sides[0].commit,
        theirs=chosen.sides[1].commit,
        conflicts=tuple(chosen.conflicts),
        dropped=tuple(chosen.verified.dropped),
        who=chosen.who,
        how=str(chosen.how),
        choice=chosen.choice,
        hunks=chosen.hunks,
    )
