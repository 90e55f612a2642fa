"""
Lands delivered tasks on the result branch.

Merged in memory, one at a time; checks run on the merged tree and are compared with the base; then the policy or a
person approves, and only an ApprovedMerge that names object ids moves the ref, by compare-and-swap. A conflict or a
failing check leaves the task's branch as it is, and the rest still lands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from devassist.domain.conflicts import Conflict
from devassist.domain.errors import RepositoryChanged
from devassist.domain.events import (
    Event,
    Fact,
    MergeCompleted,
    MergeIntended,
    TaskFinished,
)
from devassist.domain.failpoints import reach
from devassist.domain.findings import last_lines
from devassist.domain.ids import branch_name, result_branch
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.state.approvals import (
    ApprovalState,
    ApprovalStatus,
    ApprovedMerge,
    Choice,
    MergeRequest,
)
from devassist.domain.statuses import TaskStatus
from devassist.domain.verdicts import Judgement
from devassist.engine.approval_requests import Parked
from devassist.engine.context import RunContext
from devassist.engine.landing.approval import Landing, approved, permission_for
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.conflicts import record_unmerged
from devassist.engine.landing.gate import Gate
from devassist.engine.results import Head, StepResult
from devassist.git.merging.merge import commit_merge, merge_in_memory
from devassist.git.merging.report import PathConflict
from devassist.git.objects.trailers import with_trailers

if TYPE_CHECKING:  # it brings parsers along, which a run without a conflict does not need
    from devassist.engine.resolution.conflict_landing import ConflictLanding, Proposal


@dataclass
class Integrator:
    """The only writer of the result branch. One landing at a time."""

    context: RunContext
    plan: Plan
    checks: Checks
    head: Head
    database: str = ""
    tip: str = ""
    landed: dict[str, str] = field(default_factory=dict)
    resolutions: ConflictLanding | None = None
    """Resolves conflicts; without it they stay as they are."""

    @property
    def _gate(self) -> Gate:
        return Gate(self.context, self.plan, self.checks)

    def land(self, task: PlanTask, step: StepResult) -> Landing:
        """Merge a delivered task, or say why it stays as it is. Raises RepositoryChanged if somebody moved the ref."""
        landing = self._land(task, step)
        finished = TaskFinished(status=landing.status, error=landing.error, confidence=step.confidence)
        self._record(task.id, finished)
        return landing

    def _land(self, task: PlanTask, step: StepResult) -> Landing:
        ours = self.tip or self.context.request.base
        repository = self.context.repository
        below = dict.fromkeys([*task.depends_on, *step.built_on])
        absent = [name for name in below if name not in self.landed]
        if absent:
            # Its branch holds their commits: merging it would land what was not approved.
            error = f"not merged: it builds on {', '.join(absent)}, which did not land"
            return Landing(status=TaskStatus.DELIVERED, error=error)
        if repository.tree_of(step.commit) == repository.tree_of(step.start):
            self.landed[task.id] = step.commit
            return Landing(status=TaskStatus.DELIVERED)  # a brief: there is nothing to merge
        merged = merge_in_memory(repository, ours, step.commit, environment=self.context.environment)
        reach("merge.computed")
        if merged.tree is None:
            return self._conflicts(task, step, ours, merged.conflicts)
        unsaved = self._merge_commit(task, step, ours, merged.tree, anchored=False)
        judgement = self._gate.judge(task, unsaved, onto=ours, landed=list(self.landed))
        if judgement.problems:
            problems = "; ".join(judgement.problems)
            error = f"checks fail on the merged tree: {problems}\n{last_lines(judgement.tail)}".strip()
            return Landing(status=TaskStatus.FAILED, error=error)
        request = MergeRequest(task=task.id, ours=ours, theirs=step.commit, tree=merged.tree)
        permission = permission_for(self.context, request, judgement, step.confidence)
        if isinstance(permission, Landing):
            return permission
        self._merge(task, step, permission)
        return Landing(status=TaskStatus.MERGED)

    def _conflicts(
        self, task: PlanTask, step: StepResult, ours: str, conflicts: Sequence[PathConflict]
    ) -> Landing:
        recorded = record_unmerged(self.context, self.plan, task, self.landed, conflicts)
        if (landing := self._resolved(task, step, ours, recorded)) is not None:
            return landing
        paths = ", ".join(sorted({conflict.path for conflict in conflicts}))
        error = (
            f"not merged: conflicts in {paths}; {branch_name(self.context.run, task.id, task.role)} is kept"
        )
        return Landing(status=TaskStatus.DELIVERED, error=error)

    def _resolved(
        self, task: PlanTask, step: StepResult, ours: str, conflicts: Sequence[Conflict]
    ) -> Landing | None:
        """How the task lands by a resolution, an earlier one or the integrator's; None if there is none that may."""
        if self.resolutions is None:
            return None
        if (decision := self.resolutions.answered(task, ours=ours, theirs=step.commit)) is not None:
            return self._by_person(task, step, decision)
        # What a person has decided before costs nothing; the integrator is asked only if that does not hold.
        proposals, sides = self.resolutions.proposals, {"ours": ours, "theirs": step.commit}
        for find in (
            partial(proposals.repeated, task, **sides, conflicts=conflicts),
            partial(proposals.propose, task, **sides, conflicts=conflicts, landed=list(self.landed)),
        ):
            try:
                offer = find()
            except Parked as parked:
                error = f"its resolution waits: {parked}"
                return Landing(status=TaskStatus.WAITING, error=error, awaits=parked.approval)
            if offer is not None and (judgement := self._holding(task, step, ours, offer)) is not None:
                return self._offered(task, step, ours, offer, judgement)
        return None

    def _holding(self, task: PlanTask, step: StepResult, ours: str, offer: Proposal) -> Judgement | None:
        """What the checks say of a resolution on which they pass; None if they do not."""
        assert self.resolutions is not None  # noqa: S101  who offered is there
        unsaved = self._merge_commit(task, step, ours, offer.tree, anchored=False)
        judgement = self._gate.judge(task, unsaved, onto=ours, landed=list(self.landed))
        if judgement.problems:
            self.resolutions.reject(task, offer, f"checks fail on it: {'; '.join(judgement.problems)}")
            return None
        return judgement

    def _offered(
        self, task: PlanTask, step: StepResult, ours: str, offer: Proposal, judgement: Judgement
    ) -> Landing | None:
        """How the task lands by a resolution that holds; None if the policy leaves it."""
        assert self.resolutions is not None  # noqa: S101  who offered is there
        policy = self.resolutions.judge(task, offer)
        if policy.choice is not Choice.APPROVE:
            if policy.choice is not Choice.ASK:
                return None
            opened = self.resolutions.answered(task, ours=ours, theirs=step.commit)
            error = f"its resolution waits: {policy.reason}"
            return Landing(status=TaskStatus.WAITING, error=error, awaits=opened.id if opened else "")
        request = MergeRequest(task=task.id, ours=ours, theirs=step.commit, tree=offer.tree)
        permission = permission_for(self.context, request, judgement, step.confidence)
        if isinstance(permission, Landing):
            return permission
        self._merge(task, step, permission)
        self.resolutions.settled(task, offer, commit=self.tip)
        return Landing(status=TaskStatus.MERGED)

    def _by_person(self, task: PlanTask, step: StepResult, decision: ApprovalState) -> Landing:
        """How the task lands by a person's decision on a resolution."""
        assert self.resolutions is not None  # noqa: S101  who asked is there
        if decision.status is ApprovalStatus.OPEN:
            error = f"its resolution waits: {decision.question}"
            return Landing(status=TaskStatus.WAITING, error=error, awaits=decision.id)
        if decision.status is ApprovalStatus.REJECTED:
            error = f"not merged: its resolution was rejected by {decision.who}: {decision.reason or 'no reason given'}"
            return Landing(status=TaskStatus.DELIVERED, error=error)
        request = MergeRequest(
            task=task.id, ours=decision.shown.ours, theirs=decision.shown.theirs, tree=decision.shown.tree
        )
        permission = approved(
            self.context, request, approver=decision.who, reason=decision.reason, approval=decision.id
        )
        self._merge(task, step, permission)
        self.resolutions.landed(task, decision, commit=self.tip)
        return Landing(status=TaskStatus.MERGED)

    def restore(self, tip: str, landed: Mapping[str, str]) -> None:
        """Go on where an earlier supervisor of the run stopped: the result branch's tip, and what is on it."""
        self.tip = tip
        self.landed.update(landed)

    def recover(self, task: str, intent: MergeIntended) -> str:
        """
        A landing that was cut off after its intent: the merge commit if the ref holds it, else ''.

        Raises RepositoryChanged if somebody else moved the result branch.
        """
        repository = self.context.repository
        now = repository.ref_tip(intent.ref) or ""
        if now == intent.old:
            return ""
        facts = next(iter(repository.log(now, limit=1)))
        if facts.parents != (intent.ours, intent.theirs) or facts.tree != intent.tree:
            raise RepositoryChanged(
                f"{intent.ref} was moved to {now[:12]} by somebody else",
                hint=f"git log {intent.ref}, and devassist discard {self.context.run} if it is not wanted",
            )
        completed = MergeCompleted(
            commit=now,
            tree=intent.tree,
            parents=facts.parents,
            ref=intent.ref,
            audit_head=facts.trailers.get("Audit-Head", ""),
            approver="recovered",
            recovered=True,
        )
        self.context.journal.record(Event(completed, task=task))
        return now

    def _merge(self, task: PlanTask, step: StepResult, permission: ApprovedMerge) -> None:
        """The only place that moves the result branch."""
        context, request = self.context, permission.request
        ref = f"refs/heads/{result_branch(context.run)}"
        intent = MergeIntended(
            ref=ref, old=self.tip, ours=request.ours, theirs=request.theirs, tree=request.tree
        )
        self._record(task.id, intent)
        reach("merge.intent")
        seq, link = self.head()
        commit = self._merge_commit(task, step, request.ours, request.tree, anchored=True, head=(seq, link))
        if self.tip:
            message = f"devassist: merge {task.id}"
            context.repository.move_ref(ref, old=self.tip, new=commit, message=message)
        else:
            context.repository.create_ref(ref, commit)
        reach("target.ref")
        self.tip = commit
        self.landed[task.id] = step.commit
        completed = MergeCompleted(
            commit=commit,
            tree=request.tree,
            parents=(request.ours, request.theirs),
            ref=ref,
            audit_head=f"{seq}:{link.hex()}",
            approver=permission.approver,
        )
        self._record(task.id, completed)
        reach("merge.done")

    def _merge_commit(
        self,
        task: PlanTask,
        step: StepResult,
        ours: str,
        tree: str,
        *,
        anchored: bool,
        head: tuple[int, bytes] = (0, b""),
    ) -> str:
        """A merge commit that no ref names yet. Unanchored, it only carries the tree to the checks."""
        context = self.context
        trailers = {"Devassist-Run": context.run, "Devassist-Task": task.id}
        if anchored:
            trailers["Audit-Head"] = f"{head[0]}:{head[1].hex()}"
            if self.database:
                trailers["Audit-Database"] = self.database
        withheld = context.request.secrecy.withholds(task, None)
        summary = step.handoff.summary if step.handoff is not None and not withheld else ""
        message = with_trailers(f"Merge task {task.id}: {task.title}", summary, trailers)
        signature = context.repository.signature(context.environment)
        return commit_merge(
            context.repository,
            tree=tree,
            parents=[ours, step.commit],
            message=message,
            author=signature,
            committer=signature,
        )

    def _record(self, task: str, fact: Fact) -> None:
        self.context.journal.record(Event(fact, task=task))
