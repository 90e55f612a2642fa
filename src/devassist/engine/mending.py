"""
What a run does about a conflict at landing: a resolution is offered, the policy judges it, and it is kept.

It moves no branch: what is offered lands, if at all, the way every merge lands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from devassist.domain.approvals import ApprovalState, ApprovalStatus, Choice, PolicyDecision, decide
from devassist.domain.events import Event, EventType
from devassist.domain.hashing import digest
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.resolutions import How
from devassist.engine.asking import Ask, decided
from devassist.engine.context import RunContext
from devassist.engine.offers import Offer, Offers, keeper, warn
from devassist.engine.places import Places

__all__ = ["Mender", "Offer"]


@dataclass
class Mender:
    """Has resolutions judged, and keeps account of what became of them."""

    context: RunContext
    plan: Plan
    places: Places
    offers: Offers = field(init=False)

    def __post_init__(self) -> None:
        self.offers = Offers(context=self.context, plan=self.plan, places=self.places)

    def judge(self, task: PlanTask, offer: Offer) -> PolicyDecision:
        """The policy's word on a resolution, recorded; parks it when a person is to be asked."""
        policy = decide(self.context.settings.approvals, kind="resolution", confidence=offer.confidence)
        question = f"land {offer.whose} of {task.id}, {offer.held}? {offer.chosen.reason}"
        decision = {
            "who": "policy",
            "question": question,
            "options": ["approve", "ask", "leave"],
            "choice": str(policy.choice),
            "reason": policy.reason,
            "confidence": offer.confidence,
            "tree": offer.tree,
            "precedents": list(offer.chosen.precedents),
        }
        self._record(EventType.DECISION_MADE, task, decision)
        if policy.choice is Choice.ASK:
            sides = offer.chosen.sides
            ask = Ask(
                kind="resolution",
                question=question,
                binds_to=digest([offer.tree, sides[0].commit, sides[1].commit]),
                task=task.id,
                confidence=offer.confidence,
                shown={
                    "ref": offer.held,
                    "tree": offer.tree,
                    "ours": sides[0].commit,
                    "theirs": sides[1].commit,
                    "conflicts": list(offer.chosen.conflicts),
                    "dropped": [one.as_json() for one in offer.chosen.verified.dropped],
                    "how": str(offer.chosen.how),
                    "choice": offer.chosen.choice,
                    "hunks": list(offer.chosen.hunks),
                },
            )
            decided(self.context, ask)
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
                and (one.shown.get("ours"), one.shown.get("theirs")) == (ours, theirs)
                and one.status is not ApprovalStatus.WITHDRAWN
            ),
            None,
        )

    def landed(self, task: PlanTask, said: ApprovalState, *, commit: str) -> None:
        """Record that the conflicts are settled by a resolution that a person approved."""
        for conflict in said.shown["conflicts"]:
            data = {
                "conflict": conflict,
                "status": "resolved",
                "how": said.shown.get("how", str(How.AGENT)),
                "choice": said.shown.get("choice", ""),
                "who": said.who,
                "reason": said.reason or said.question,
                "commit": commit,
                "tree": said.shown["tree"],
                "parents": [said.shown["ours"], said.shown["theirs"]],
                "dropped": said.shown["dropped"],
                "hunks": said.shown.get("hunks", []),
                "approval": said.id,
            }
            self._record(EventType.CONFLICT_RESOLVED, task, data)

    def reject(self, task: PlanTask, offer: Offer, reason: str) -> None:
        """Say why a resolution does not land; it is kept."""
        warn(self.context, task, f"the resolution at {offer.held} does not land: {reason}")

    def settled(self, task: PlanTask, offer: Offer, *, commit: str) -> None:
        """Record that the conflict is settled by the merge that landed."""
        writer = keeper(self.context, task)
        writer.note(offer.chosen, commit, parent=writer.decide(offer.chosen))

    def _record(self, type_: EventType, task: PlanTask, data: dict[str, Any]) -> None:
        self.context.journal.record(Event(type=type_, task=task.id, data=data))
