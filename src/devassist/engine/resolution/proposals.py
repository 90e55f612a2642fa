"""Proposes resolutions for a conflict at a landing: what people answered before, else the integrator's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from devassist.conflicts.resolution.rerere import CHOICE, Precedents, repetition, settled_in
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.resolution.verification import Verification
from devassist.domain.conflicts import Conflict, Side
from devassist.domain.errors import AuditError, DevassistError, Interrupted, LimitReached
from devassist.domain.events import Event, WarningRaised
from devassist.domain.ids import agent_id, rescue_ref
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.resolutions import How
from devassist.domain.settings import ConflictResolution
from devassist.domain.statuses import Outcome
from devassist.engine.approval_requests import Parked
from devassist.engine.context import RunContext
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.resolution.integrator_step import ROLE, ResolutionStep
from devassist.engine.resolution.resolution_request import ResolutionRequest
from devassist.engine.resolution.resolution_writer import ResolutionWriter, Settlement

_AUTOMATIC = "automatic"
"""Takes the place of the agent in the name of the ref of a repeated resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed and verified resolution. `ref` keeps it until it lands."""

    settlement: Settlement
    ref: str

    @property
    def tree(self) -> str:
        return self.settlement.tree

    @property
    def confidence(self) -> float:
        return self.settlement.confidence or 0.0

    @property
    def origin(self) -> str:
        return (
            "the integrator's resolution" if self.settlement.how is How.AGENT else "what was settled before"
        )


@dataclass
class Proposals:
    """Finds resolutions for the conflicts of one run. Moves no branch."""

    context: RunContext
    plan: Plan
    worktrees: RunWorktrees
    _failed: set[tuple[str, str, str]] = field(default_factory=set)

    def repeated(
        self, task: PlanTask, *, ours: str, theirs: str, conflicts: Sequence[Conflict]
    ) -> Proposal | None:
        """What people answered before to the very same hunks; None if that does not cover every hunk."""
        if not self._wanted():
            return None
        try:
            with self._pair(ours, theirs, conflicts) as pair:
                return self._repeated(task, pair, conflicts)
        except AuditError:
            raise
        except DevassistError as error:
            warn(self.context, task, f"what was settled before could not be tried: {error}")
            return None

    def _repeated(self, task: PlanTask, pair: MergingPair, conflicts: Sequence[Conflict]) -> Proposal | None:
        answer = repetition(pair.files, Precedents.of(self.context.taught()).by_hunk())
        if answer is None:
            return None
        tree = pair.tree_with(answer.edits)
        languages = self.context.settings.conflicts.languages
        verified = Verification(pair, self.context.symbols, languages).verify(tree, list(answer.edits))
        if verified.failed:
            listed = "; ".join(f"{check.name}: {check.detail}" for check in verified.failed)
            warn(
                self.context, task, f"what was settled before ({answer.reason}) does not hold here: {listed}"
            )
            return None
        settlement = Settlement(
            conflicts=_ids(conflicts),
            sides=(pair.ours, pair.theirs),
            tree=tree,
            how=How.AUTOMATIC,
            who="policy",
            choice=CHOICE,
            reason=answer.reason,
            verified=verified,
            hunks=settled_in(pair, tree),
            precedents=tuple(precedent.named for precedent in answer.precedents),
        )
        return self._kept(task, settlement, _AUTOMATIC)

    def propose(
        self, task: PlanTask, *, ours: str, theirs: str, landed: Sequence[str], conflicts: Sequence[Conflict]
    ) -> Proposal | None:
        """
        The integrator's resolution of a delivered task's conflict with the result; None if it remains a conflict.

        `ours` and `theirs` are commits, `landed` the tasks in the result. Raises Parked while the integrator waits for
        a person, and Interrupted or LimitReached if the run is over.
        """
        conflict = (task.id, ours, theirs)
        if not self._wanted() or conflict in self._failed:
            return None
        try:
            with self._pair(ours, theirs, conflicts) as pair:
                proposal = self._proposed(task, pair, landed, conflicts)
        except (AuditError, Interrupted, LimitReached):
            raise
        except DevassistError as error:  # an old git, or a worktree in the way: it remains a conflict
            warn(self.context, task, f"the integrator could not be asked: {error}")
            proposal = None
        if proposal is None:
            self._failed.add(conflict)
        return proposal

    def _proposed(
        self, task: PlanTask, pair: MergingPair, landed: Sequence[str], conflicts: Sequence[Conflict]
    ) -> Proposal | None:
        context = self.context
        if not pair.files:
            return None
        stages = [entry.path for file in pair.files for at in file.conflicts for entry in at.stages]
        request = ResolutionRequest(
            pair=pair,
            intents=(self._intent(landed), _intent_of(task)),
            paths=list(dict.fromkeys([*(file.path for file in pair.files), *stages])),
            objections=[conflict.explanation for conflict in conflicts],
            cache=context.symbols,
        )
        result = ResolutionStep(
            context=context, task_id=task.id, worktrees=self.worktrees, request=request, checks=task.checks
        ).run()
        context.check_stop()
        if result.outcome is Outcome.WAITING:
            raise Parked(result.reason, approval=result.awaits)
        if result.outcome is not Outcome.DELIVERED or result.verified is None:
            warn(self.context, task, f"the integrator gave no resolution: {result.reason}")
            return None
        agent = agent_id(task.id, ROLE)
        settlement = Settlement(
            conflicts=_ids(conflicts),
            sides=(pair.ours, pair.theirs),
            tree=result.tree,
            how=How.AGENT,
            who=f"agent {agent}",
            choice=result.summary,
            reason=result.summary,
            verified=result.verified,
            confidence=result.confidence,
            hunks=settled_in(pair, result.tree),
        )
        return self._kept(task, settlement, ROLE)

    def _wanted(self) -> bool:
        return (
            self.context.settings.conflicts.resolve == ConflictResolution.AGENT
            and not self.context.stop.pulled
        )

    def _pair(self, ours: str, theirs: str, conflicts: Sequence[Conflict]) -> MergingPair:
        repository = self.context.repository
        sides = [
            Side(name=name, commit=commit, tree=repository.tree_of(commit))
            for name, commit in zip(conflicts[0].branches, (ours, theirs), strict=True)
        ]
        return MergingPair(repository, sides[0], sides[1], self.context.environment)

    def _kept(self, task: PlanTask, settlement: Settlement, by: str) -> Proposal:
        ref = rescue_ref(self.context.run, agent_id(task.id, by))
        self.context.repository.keep_ref(ref, writer_for(self.context, task).commit(settlement))
        return Proposal(settlement=settlement, ref=ref)

    def _intent(self, landed: Sequence[str]) -> str:
        return "\n\n".join(_intent_of(self.plan.task(name)) for name in landed) or "the base of the run"


def writer_for(context: RunContext, task: PlanTask) -> ResolutionWriter:
    """The writer of one task's resolutions."""
    repository = context.repository
    return ResolutionWriter(
        repository=repository,
        recorder=context.journal,
        signature=repository.signature(context.environment),
        run=context.run,
        task=task.id,
    )


def warn(context: RunContext, task: PlanTask, text: str) -> None:
    warning = WarningRaised(text=f"{task.id}: {text}")
    context.journal.record(Event(warning, task=task.id))


def _ids(conflicts: Sequence[Conflict]) -> list[str]:
    return list(dict.fromkeys(conflict.id for conflict in conflicts))


def _intent_of(task: PlanTask) -> str:
    return f"Task {task.id}: {task.title}\n{task.instructions}"
