"""One task from start to delivery: its crew served, its rounds counted, its commits passed from agent to agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devassist.assignments import AgentPlace, CrewEnding, Submission
from devassist.domain.errors import AuditError, DevassistError, NotFound, RepositoryChanged
from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    CommitCreated,
    HandoffReturned,
    RoundStarted,
    TaskDelivered,
    TaskStarted,
    WarningRaised,
)
from devassist.domain.handoffs import Handoff, Objection
from devassist.domain.ids import agent_id, branch_name
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role, may_write
from devassist.domain.statuses import AgentStatus, Outcome
from devassist.engine.approval_requests import granted_scope
from devassist.engine.choice.agent_models import AgentModels
from devassist.engine.crews.assignments import agent_place, assignment
from devassist.engine.crews.briefing import Briefing, Moment
from devassist.engine.crews.delivery import Delivery, Judged
from devassist.engine.crews.endings import ending_by
from devassist.engine.crews.evidence import ChangeEvidence, Evidence, nothing_proved
from devassist.engine.crews.ground import FailedCases, KnownFailures, nothing_known
from devassist.engine.crews.handoffs import make_handoff, submitted
from devassist.engine.crews.legs import Legs
from devassist.engine.crews.objections import Submitted, objections
from devassist.engine.crews.replay import Diverged
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import WorkerSession
from devassist.engine.log.attempt_log import AttemptLog, SubmitReply
from devassist.engine.results import StepResult
from devassist.engine.starts import rebase_of
from devassist.messages import SubmitWork


@dataclass
class TaskStep(WorkerSession):
    """Runs one task. `start` is the commit its first agent begins at; `upstream` what its dependencies ended with."""

    plan: Plan
    task: PlanTask
    worktrees: RunWorktrees
    start: str
    upstream: Sequence[tuple[str, Handoff]] = ()
    again: bool = False
    """Whether the log holds earlier work of this task: then it goes on from there."""
    built_on: tuple[str, ...] = ()
    known_failures: KnownFailures = nothing_known
    failed_cases: FailedCases = dict
    evidence: ChangeEvidence = nothing_proved
    tip: str = field(default="", init=False)
    round: int = field(default=0, init=False)
    _handoffs: list[tuple[str, Handoff]] = field(default_factory=list, init=False)
    _confidence: dict[str, float] = field(default_factory=dict, init=False)
    _recovered: CommitCreated | None = field(default=None, init=False)
    """A commit that was made just before the supervisor died, while its submit is not replied to."""

    def __post_init__(self) -> None:
        if self.again:
            self.attempt = AttemptLog.of(self.context.history(self.task.id))
            self.start = self.attempt.start or self.start
            self.round = self.attempt.first_round - 1
        self.tip = self.attempt.tip or self.start
        self.delivery = Delivery(context=self.context, worktrees=self.worktrees, task=self.task)
        most_rounds = self.context.settings.limits.max_rounds
        self.legs = Legs(self.task, self.attempt, most_rounds, untested=lambda: self._evidence().untested)
        self.models = AgentModels.of_task(self.context, self.task, self.attempt, self.record)
        self.briefing = Briefing(self.context, self.plan, self.task, self.upstream, self.known_failures)

    def run(self) -> StepResult:
        """Never raises for what agents, models or commands do; AuditError and defects come through."""
        self.record(TaskStarted(title=self.task.title, role=self.task.role, start=self.start))
        ending = self._served()
        if ending.outcome is not Outcome.DELIVERED:
            return StepResult.of(ending, self.task.id, attempt=self.attempt.first_round, awaits=self.awaits)
        confidence = min(self._confidence.values(), default=0.0)
        rounds, start, built_on = self.round, self.start, self.built_on
        self.record(
            TaskDelivered(
                commit=self.tip, confidence=confidence, rounds=rounds, start=start, built_on=built_on
            )
        )
        return StepResult(
            task=self.task.id,
            outcome=Outcome.DELIVERED,
            start=start,
            commit=self.tip,
            confidence=confidence,
            handoff=dict(self._handoffs).get(self.task.role),
            attempt=self.attempt.first_round,
            built_on=built_on,
        )

    def _served(self) -> CrewEnding:
        granted = granted_scope(self.context, self.task.id)
        try:
            return self.serve(
                assignment(
                    self.context,
                    task=self.task.id,
                    roles=self.legs.roles,
                    attempt=self.attempt,
                    scope=[*self.task.scope, *granted] if self.task.scope else (),
                    checks=self.task.checks,
                )
            )
        except AuditError:
            raise
        except (DevassistError, OSError) as error:
            return ending_by(error, self.context.stop)

    def begin(self, role: Role, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        if round_ != self.round:
            self._begin_round(round_)
        begun = self.attempt.started.get((role, round_))
        if begun is not None:
            self._begin_again(role, round_, begun)
            path, ground = Path(begun.worktree), begun.ground
            moment = self._moment(role, round_, begun=True)
        else:
            self._rebase(role)
            worktree = self.worktrees.open(self.task.id, role, self.tip)
            path = worktree.path
            moment = self._moment(role, round_)
            ground = self.briefing.ground(moment)
            models = self.models.of(role, round_, prompt=self.briefing.text(moment, ground))
            started = AgentStarted(
                role=role,
                round=round_,
                branch=worktree.branch or "",
                worktree=str(path),
                commit=self.tip,
                model=models[0],
                ground=ground,
            )
            self.record(started, role=role)
        brief = self.briefing.text(moment, ground)
        self.legs.begin(role, round_)
        agent, models = agent_id(self.task.id, role), self.models.of(role)
        return agent_place(
            context,
            path,
            agent=agent,
            brief=brief,
            continues=moment.continues,
            models=models,
            failed_cases=self.failed_cases,
        )

    def _moment(self, role: Role, round_: int, *, begun: bool = False) -> Moment:
        """Where the task stands for an agent that begins, or has `begun` before and is told the same."""
        return Moment(
            role=role,
            round=round_,
            start=self.start,
            tip=self.tip,
            handoffs=tuple(self._handoffs),
            evidence=self._evidence() if role is Role.REVIEWER and not begun else None,
            continues=may_write(role) and self.legs.worked(role),
        )

    def _evidence(self) -> Evidence:
        """What is proved of the change so far; the checks keep what they have come to."""
        return self.evidence(self.task, commit=self.tip, start=self.start)

    def _begin_round(self, round_: int) -> None:
        self.round = round_
        self.delivery.returned.clear()
        self._confidence.clear()
        if round_ not in self.attempt.rounds:
            self.record(RoundStarted(round=round_))

    def _begin_again(self, role: Role, round_: int, begun: AgentStarted) -> None:
        """An agent that began before: its worktree as it was left, unless it had handed on already."""
        self.tip = begun.commit
        if rebased := self.attempt.rebased.get((role, round_)):
            self.start = rebased.start
            self.built_on = (*self.built_on, rebased.onto)
        if self.attempt.accepted(role, round_):
            return
        try:
            worktree = self.worktrees.reopen(self.task.id, role)
        except (NotFound, RepositoryChanged) as error:
            raise Diverged(str(error)) from error
        made = self.attempt.made.get((role, round_))
        if made is not None and worktree.head_commit == made.commit:
            self._recovered = made
        elif worktree.head_commit != self.tip:
            intent = self.attempt.commits.get((role, round_))
            self._recovered = self.delivery.recover(worktree, role, intent)

    def _rebase(self, role: Role) -> None:
        """Go on from a merge with an earlier task that was delivered meanwhile and that this one conflicts with."""
        rebase = rebase_of(self.context, self.plan, self.task.id, start=self.start, tip=self.tip)
        if rebase is None:
            return
        branch = branch_name(self.context.run, self.task.id, role)
        self.record(rebase.fact(branch, old=self.tip), role=role)
        self.start, self.tip = rebase.start, rebase.tip
        self.built_on = (*self.built_on, rebase.onto)

    def changed(self, role: Role) -> Mapping[str, str]:
        return self.delivery.changed(role)

    def refuse_write(self, role: Role, path: str) -> str:
        return self.delivery.refuse_write(role, path)

    def diff(self, role: Role) -> str:
        return self.delivery.diff(role, self.start)

    def submit(self, submit: SubmitWork) -> Submission:
        role, round_ = submit.role, submit.round
        if reply := self.attempt.next_submit(role, round_):
            return self._replayed(submit, reply)
        self.context.check_stop()
        worktree = self.worktrees.of(agent_id(self.task.id, role)).worktree
        worktree.check()
        if self._recovered is not None:
            return self._submit_recovered(submit, self._recovered)
        judged = self.delivery.judge(worktree, role)
        handoff = make_handoff(role, submit.work, intent=self.task.title, artifacts=judged.paths)
        event = submitted(handoff, role=role, round_=round_, turns=submit.turns, verdict=submit.work.verdict)
        record = self.delivery.record(event, role)
        waiting = Submitted(
            submit=submit, handoff=handoff, judged=judged, parent=record.id, changed=self.tip != self.start
        )
        for objection, reason in objections(self.delivery, waiting):
            if self.delivery.send_back(role, round_, objection, reason):
                return Submission(
                    accepted=False, text=f"not accepted: {reason}. Correct it and submit again."
                )
            if objection is Objection.WORK:
                return self._fail(submit, reason)
            self.record(WarningRaised(text=f"{agent_id(self.task.id, role)}: {reason}"), role=role)
        self.tip = self.delivery.commit(worktree, role, round_, handoff, judged)
        return self._accept(submit, handoff, judged)

    def _submit_recovered(self, submit: SubmitWork, created: CommitCreated) -> Submission:
        """The commit was made and not recorded: what is left of the submit is done now."""
        self._recovered, self.tip = None, created.commit
        handoff = make_handoff(submit.role, submit.work, intent=self.task.title, artifacts=created.paths)
        return self._accept(submit, handoff, Judged(paths=created.paths, left_out=(), deleted=0))

    def _replayed(self, submit: SubmitWork, reply: SubmitReply) -> Submission:
        """The reply to this submit before: the same again, with what it meant for the task."""
        role, round_ = submit.role, submit.round
        if isinstance(reply, HandoffReturned):
            self.delivery.returned.add((role, round_, reply.objection))
        if not isinstance(reply, AgentFinished):
            return Submission(accepted=False, text=f"not accepted: {reply.reason}")
        if reply.status is not AgentStatus.DONE:
            return Submission(accepted=False, failed=True, text=f"the {role}: {reply.error}")
        self.tip = reply.commit
        recorded = self.attempt.handoffs.get((role, round_))
        artifacts = recorded.artifacts if recorded is not None else ()
        handoff = make_handoff(role, submit.work, intent=self.task.title, artifacts=artifacts)
        self._handoffs.append((role, handoff))
        self._confidence[role] = handoff.confidence
        return self._after(submit, handoff)

    def _accept(self, submit: SubmitWork, handoff: Handoff, judged: Judged) -> Submission:
        role, round_ = submit.role, submit.round
        self._handoffs.append((role, handoff))
        self._confidence[role] = handoff.confidence
        finished = AgentFinished(role=role, round=round_, commit=self.tip, turns=submit.turns)
        self.record(finished, role=role)
        self.delivery.warn(judged, role)
        if handoff.verdict:
            self.delivery.record_verdict(role, handoff, self.tip, submitted=submit.work.verdict)
        return self._after(submit, handoff)

    def _after(self, submit: SubmitWork, handoff: Handoff) -> Submission:
        """The reply to a handoff that was accepted, with who goes on if it was the last of its leg."""
        if self.legs.ends_without_success(submit, handoff):
            rounds = self.legs.rounds(submit.round)
            text = f"changes were requested in the last of {rounds} rounds: {handoff.summary}"
            return Submission(accepted=True, failed=True, text=text)
        text = f"accepted at commit {self.tip[:12]}: {handoff.summary}"
        return Submission(accepted=True, text=text, then=self.legs.after(submit, handoff))

    def _fail(self, submit: SubmitWork, reason: str) -> Submission:
        role, failed = submit.role, AgentStatus.FAILED
        finished = AgentFinished(
            role=role, round=submit.round, status=failed, error=reason, turns=submit.turns
        )
        self.record(finished, role=role)
        return Submission(accepted=False, failed=True, text=f"the {role}: {reason}")
