"""
What a run does about a conflict at landing: a resolution is offered, the policy judges it, and it is kept.

It moves no branch: what is offered lands, if at all, the way every merge lands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.approvals import ApprovalState, ApprovalStatus, Choice, PolicyDecision, decide
from devassist.domain.events import Event, EventType, Record
from devassist.domain.hashing import digest
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.resolutions import How
from devassist.engine.approval_requests import Ask, decided
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
        decision = {
            "who": "policy",
            "question": question,
            "options": ["approve", "ask", "leave"],
            "choice": str(policy.choice),
            "reason": policy.reason,
            "confidence": offer.confidence,
            "tree": offer.tree,
            "precedents": list(offer.chosen.precedents),
            "offer": _shown(offer),
        }
        self._record(EventType.DECISION_MADE, task, decision)
        if policy.choice is Choice.ASK:
            shown = _shown(offer)
            ask = Ask(
                kind="resolution",
                question=question,
                binds_to=digest([shown["tree"], shown["ours"], shown["theirs"]]),
                task=task.id,
                confidence=offer.confidence,
                shown=shown,
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
        word = {"who": said.who, "reason": said.reason or said.question, "approval": said.id}
        self._settle(task, said.shown, commit, word)

    def account(self, task: PlanTask, history: Sequence[Record]) -> None:
        """Record what settled the conflicts of a landing that was cut off before that could be said."""
        merged = next((one.data for one in reversed(history) if one.type is EventType.MERGE_COMPLETED), None)
        if merged is None or any(
            one.type is EventType.CONFLICT_RESOLVED and one.data.get("commit") == merged["commit"]
            for one in history
        ):
            return
        offered = [one.data for one in history if one.type is EventType.DECISION_MADE and "offer" in one.data]
        found = next((one for one in reversed(offered) if one["tree"] == merged["tree"]), None)
        if found is None:
            return
        shown = found["offer"]
        said = self.answered(task, ours=shown["ours"], theirs=shown["theirs"])
        if said is not None and said.status is ApprovalStatus.APPROVED:
            self.landed(task, said, commit=merged["commit"])
        else:
            self._settle(task, shown, merged["commit"], {"who": shown["who"], "reason": shown["choice"]})

    def _settle(self, task: PlanTask, shown: Mapping[str, Any], commit: str, word: Mapping[str, str]) -> None:
        for conflict in shown["conflicts"]:
            data = {
                "conflict": conflict,
                "status": "resolved",
                "how": shown.get("how", str(How.AGENT)),
                "choice": shown.get("choice", ""),
                **word,
                "commit": commit,
                "tree": shown["tree"],
                "parents": [shown["ours"], shown["theirs"]],
                "dropped": shown["dropped"],
                "hunks": shown.get("hunks", []),
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


def _shown(offer: Offer) -> dict[str, Any]:
    """What exactly is judged, and what it would settle."""
    chosen = offer.chosen
    return {
        "ref": offer.held,
        "tree": offer.tree,
        "ours": chosen.sides[0].commit,
        "theirs": chosen.sides[1].commit,
        "conflicts": list(chosen.conflicts),
        "dropped": [one.as_json() for one in chosen.verified.dropped],
        "who": chosen.who,
        "how": str(chosen.how),
        "choice": chosen.choice,
        "hunks": list(chosen.hunks),
    }
