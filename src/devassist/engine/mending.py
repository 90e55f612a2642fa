"""
What a run does about a conflict at landing: experience or the integrator proposes, the policy judges, and it is kept.

It moves no branch: what is proposed lands, if at all, the way every merge lands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devassist.conflicts.experience import Experience, unattended
from devassist.conflicts.pair import MergingPair
from devassist.conflicts.precedents import remembered
from devassist.conflicts.verification import Verification
from devassist.domain.approvals import ApprovalState, ApprovalStatus, Choice, PolicyDecision, decide
from devassist.domain.conflicts import Conflict, Side
from devassist.domain.errors import AuditError, DevassistError, Interrupted, LimitReached
from devassist.domain.events import Event, EventType
from devassist.domain.hashing import digest
from devassist.domain.ids import agent_id, rescue_ref
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.resolutions import How
from devassist.engine.asking import Ask, Parked, decided
from devassist.engine.context import RunContext
from devassist.engine.places import Places
from devassist.engine.resolving import ROLE, Matter, ResolutionStep
from devassist.engine.settlement import Keeper, Settlement

_AUTOMATIC = "automatic"
"""Stands for an agent in the name of the ref that keeps what experience gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A resolution that was proposed and verified. `held` is the ref that keeps it until it lands."""

    chosen: Settlement
    held: str

    @property
    def tree(self) -> str:
        return self.chosen.tree

    @property
    def confidence(self) -> float:
        return self.chosen.confidence or 0.0

    @property
    def whose(self) -> str:
        return "the integrator's resolution" if self.chosen.how is How.AGENT else "what was settled before"


@dataclass
class Mender:
    """Finds resolutions for the conflicts of one run: those that people gave before, else the integrator's."""

    context: RunContext
    plan: Plan
    places: Places
    _failed: set[tuple[str, str, str]] = field(default_factory=set)

    def known(
        self, task: PlanTask, *, ours: str, theirs: str, landed: Sequence[str], found: Sequence[Conflict]
    ) -> Offer | None:
        """What people answered before to every hunk, or a class that is sure enough; None where neither covers it."""
        del landed
        if not self._wanted():
            return None
        try:
            with self._pair(ours, theirs, found) as pair:
                return self._known(task, pair, found)
        except AuditError:
            raise
        except DevassistError as error:
            self._warn(task, f"what was settled before could not be tried: {error}")
            return None

    def _known(self, task: PlanTask, pair: MergingPair, found: Sequence[Conflict]) -> Offer | None:
        answer = unattended(pair.files, Experience.of(self.context.taught()))
        if answer is None:
            return None
        tree = pair.tree_with(answer.edits)
        languages = self.context.settings.conflicts.languages
        verified = Verification(pair, self.context.symbols, languages).verify(tree, list(answer.edits))
        if verified.failed:
            listed = "; ".join(f"{one.name}: {one.detail}" for one in verified.failed)
            self._warn(task, f"what was settled before ({answer.reason}) does not hold here: {listed}")
            return None
        chosen = Settlement(
            conflicts=_ids(found),
            sides=(pair.ours, pair.theirs),
            tree=tree,
            how=How.AUTOMATIC,
            who="policy",
            choice=answer.choice,
            reason=answer.reason,
            verified=verified,
            confidence=answer.confidence,
            hunks=_remembered(pair, tree),
            precedents=[one.as_json() for one in answer.precedents],
        )
        return self._held(task, chosen, _AUTOMATIC)

    def propose(
        self, task: PlanTask, *, ours: str, theirs: str, landed: Sequence[str], found: Sequence[Conflict]
    ) -> Offer | None:
        """
        The integrator's resolution of a delivered task's conflict with the result, or None: it stays as it is.

        `ours` and `theirs` are commits, `landed` the tasks that the result holds. Raises Parked while the integrator
        waits for a person, and Interrupted or LimitReached where the run is over.
        """
        matter = (task.id, ours, theirs)
        if not self._wanted() or matter in self._failed:
            return None
        try:
            with self._pair(ours, theirs, found) as pair:
                offer = self._proposed(task, pair, landed, found)
        except (AuditError, Interrupted, LimitReached):
            raise
        except (
            DevassistError
        ) as error:  # no git that can try a merge, a worktree in the way: it stays a conflict
            self._warn(task, f"the integrator could not be asked: {error}")
            offer = None
        if offer is None:
            self._failed.add(matter)
        return offer

    def _proposed(
        self, task: PlanTask, pair: MergingPair, landed: Sequence[str], found: Sequence[Conflict]
    ) -> Offer | None:
        context = self.context
        if not pair.files:
            return None
        paths = [entry.path for one in pair.files for each in one.conflicts for entry in each.stages]
        matter = Matter(
            pair=pair,
            intents=(self._intent(landed), _said(task)),
            paths=list(dict.fromkeys([*(one.path for one in pair.files), *paths])),
            objections=[one.explanation for one in found],
            cache=context.symbols,
        )
        result = ResolutionStep(
            context=context, task_id=task.id, places=self.places, matter=matter, checks=task.checks
        ).run()
        context.check_stop()
        if result.outcome == "waiting":
            raise Parked(result.reason)
        if result.outcome != "delivered" or result.verified is None:
            self._warn(task, f"the integrator gave no resolution: {result.reason}")
            return None
        agent = agent_id(task.id, ROLE)
        chosen = Settlement(
            conflicts=_ids(found),
            sides=(pair.ours, pair.theirs),
            tree=result.tree,
            how=How.AGENT,
            who=f"agent {agent}",
            choice=result.summary,
            reason=result.summary,
            verified=result.verified,
            confidence=result.confidence,
            hunks=_remembered(pair, result.tree),
        )
        return self._held(task, chosen, ROLE)

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
            self._warn(task, f"the resolution at {offer.held} is left: {policy.reason}")
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
        self._warn(task, f"the resolution at {offer.held} does not land: {reason}")

    def settled(self, task: PlanTask, offer: Offer, *, commit: str) -> None:
        """Record that the conflict is settled by the merge that landed."""
        keeper = self._keeper(task)
        keeper.note(offer.chosen, commit, parent=keeper.decide(offer.chosen))

    def _wanted(self) -> bool:
        return self.context.settings.conflicts.resolve == "agent" and not self.context.stop.pulled

    def _pair(self, ours: str, theirs: str, found: Sequence[Conflict]) -> MergingPair:
        repository = self.context.repository
        sides = [
            Side(name=name, commit=commit, tree=repository.tree_of(commit))
            for name, commit in zip(found[0].branches, (ours, theirs), strict=True)
        ]
        return MergingPair(repository, sides[0], sides[1], self.context.environment)

    def _held(self, task: PlanTask, chosen: Settlement, by: str) -> Offer:
        held = rescue_ref(self.context.run, agent_id(task.id, by))
        self.context.repository.keep_ref(held, self._keeper(task).commit(chosen))
        return Offer(chosen=chosen, held=held)

    def _keeper(self, task: PlanTask) -> Keeper:
        repository = self.context.repository
        return Keeper(
            repository=repository,
            recorder=self.context.journal,
            signature=repository.signature(self.context.environment),
            run=self.context.run,
            task=task.id,
        )

    def _intent(self, landed: Sequence[str]) -> str:
        return "\n\n".join(_said(self.plan.task(name)) for name in landed) or "the base of the run"

    def _warn(self, task: PlanTask, text: str) -> None:
        self._record(EventType.WARNING_RAISED, task, {"text": f"{task.id}: {text}"})

    def _record(self, type_: EventType, task: PlanTask, data: dict[str, Any]) -> None:
        self.context.journal.record(Event(type=type_, task=task.id, data=data))


def _ids(found: Sequence[Conflict]) -> list[str]:
    return list(dict.fromkeys(one.id for one in found))


def _remembered(pair: MergingPair, tree: str) -> list[dict[str, Any]]:
    return [
        entry
        for one in pair.files
        if one.marked is not None
        for entry in remembered(one.path, one.marked, pair.text_at(tree, one.path))
    ]


def _said(task: PlanTask) -> str:
    return f"Task {task.id}: {task.title}\n{task.instructions}"
