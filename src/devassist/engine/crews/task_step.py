"""One task from start to delivery: its crew served, its rounds counted, its commits passed from agent to agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.domain.errors import DevassistError, ModelError, NotFound, RepositoryChanged
from devassist.domain.events import Event, EventType, Record
from devassist.domain.handoffs import CheckedClaim, Handoff
from devassist.domain.ids import agent_id, branch_name
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role, crew_of, owes_change
from devassist.engine.approval_requests import granted_scope
from devassist.engine.crews.assignments import assignment
from devassist.engine.crews.delivery import Delivery, Judged, make_handoff
from devassist.engine.crews.harness_commands import private_directory
from devassist.engine.crews.prompts import task_brief
from devassist.engine.crews.replay import Diverged
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import CrewEnding, WorkerDesk, failing
from devassist.engine.log.attempt_log import Memory
from devassist.engine.results import StepResult
from devassist.engine.starts import rebase_of
from devassist.ports import AgentPlace, Submission


@dataclass
class TaskStep(WorkerDesk):
    """Runs one task. `start` is the commit its first agent begins at; `upstream` what its dependencies ended with."""

    plan: Plan
    task: PlanTask
    worktrees: RunWorktrees
    start: str
    upstream: Sequence[tuple[str, Handoff]] = ()
    again: bool = False
    """Whether the log holds earlier work of this task: then it is gone on with."""
    built_on: tuple[str, ...] = ()
    tip: str = field(default="", init=False)
    round: int = field(default=0, init=False)
    _handoffs: list[tuple[str, Handoff]] = field(default_factory=list, init=False)
    _confidence: dict[str, float] = field(default_factory=dict, init=False)
    _recovered: tuple[str, tuple[str, ...]] = field(default=("", ()), init=False)

    def __post_init__(self) -> None:
        if self.again:
            self.memory = Memory.of(self.context.history(self.task.id))
            self.start = self.memory.start or self.start
            self.round = self.memory.first_round - 1
        self.tip = self.memory.tip or self.start
        self.delivery = Delivery(context=self.context, worktrees=self.worktrees, task=self.task)
        self.crew = crew_of(self.task.role, review=self.task.review)

    def run(self) -> StepResult:
        """Never raises for what agents, models or commands do; AuditError and bugs come through."""
        journal = self.context.journal
        started = {"title": self.task.title, "role": str(self.task.role), "start": self.start}
        journal.record(Event(type=EventType.TASK_STARTED, task=self.task.id, data=started))
        granted = granted_scope(self.context, self.task.id)
        try:
            ending = self.serve(
                assignment(
                    self.context,
                    task=self.task.id,
                    roles=self.crew,
                    memory=self.memory,
                    scope=[*self.task.scope, *granted] if self.task.scope else (),
                    checks=self.task.checks,
                )
            )
        except ModelError as error:
            ending = CrewEnding(outcome="error", reason=str(error), kind=error.kind, hint=error.hint)
        except OSError as error:  # a full disk, a directory somebody took away: the task's end, not the run's
            ending = CrewEnding(outcome="broken", reason=f"{error.strerror or error}: {error.filename or ''}")
        except DevassistError as error:
            if self.context.stop.pulled:
                ending = CrewEnding(outcome="stopped", reason=self.context.stop.reason)
            else:
                ending = CrewEnding(outcome=failing(error), reason=str(error), hint=error.hint)
        if ending.outcome != "delivered":
            return StepResult(
                task=self.task.id,
                outcome=ending.outcome,
                reason=ending.reason,
                kind=ending.kind,
                hint=ending.hint,
                attempt=self.memory.first_round,
                awaits=self.awaits,
            )
        confidence = min(self._confidence.values(), default=0.0)
        own = next((said for who, said in reversed(self._handoffs) if who == self.task.role), None)
        delivered = {
            "commit": self.tip,
            "confidence": confidence,
            "rounds": self.round,
            "start": self.start,
            "built_on": list(self.built_on),
        }
        journal.record(Event(type=EventType.TASK_DELIVERED, task=self.task.id, data=delivered))
        return StepResult(
            task=self.task.id,
            outcome="delivered",
            start=self.start,
            commit=self.tip,
            confidence=confidence,
            handoff=own,
            attempt=self.memory.first_round,
            built_on=self.built_on,
        )

    def begin(self, role: str, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        if round_ != self.round:
            self._begin_round(round_)
        agent = agent_id(self.task.id, role)
        begun = self.memory.started.get((role, round_))
        if begun is not None:
            self._begin_again(role, round_, begun)
            path = Path(begun.data["worktree"])
        else:
            self._rebase(role)
            worktree = self.worktrees.open(self.task.id, role, self.tip)
            path = worktree.path
            data = {
                "role": role,
                "round": round_,
                "branch": worktree.branch,
                "worktree": str(path),
                "commit": self.tip,
                "model": context.request.models[role][0],
            }
            context.journal.record(
                Event(type=EventType.AGENT_STARTED, task=self.task.id, agent=agent, data=data)
            )
        private = private_directory(context, agent)
        world = context.world(path, private)
        brief = task_brief(
            context.around,
            self.plan,
            self.task,
            role=Role(role),
            round_=round_,
            handoffs=self._handoffs[-len(self.crew) :],
            upstream=self.upstream,
        )
        return AgentPlace(
            worktree=str(path),
            private=str(private),
            brief=brief,
            environment=world.environment,
            read_only=[str(one) for one in world.read_only],
            prefix=context.request.prefix,
        )

    def _begin_round(self, round_: int) -> None:
        self.round = round_
        self.delivery.returned.clear()
        self._confidence.clear()
        if round_ not in self.memory.rounds:
            self.context.journal.record(
                Event(type=EventType.ROUND_STARTED, task=self.task.id, data={"round": round_})
            )

    def _begin_again(self, role: str, round_: int, begun: Record) -> None:
        """An agent that began before: its worktree as it was left, where it had not handed on yet."""
        self.tip = begun.data["commit"]
        if rebased := self.memory.rebased.get((role, round_)):
            self.start = rebased.data["start"]
            self.built_on = (*self.built_on, rebased.data["onto"])
        if self.memory.accepted(role, round_):
            return
        try:
            worktree = self.worktrees.reopen(self.task.id, role)
        except (NotFound, RepositoryChanged) as error:
            raise Diverged(str(error)) from error
        made = self.memory.made.get((role, round_))
        if made is not None and worktree.head_commit == made.data["commit"]:
            self._recovered = (made.data["commit"], tuple(made.data["paths"]))
        elif worktree.head_commit != self.tip:
            self._recovered = self.delivery.recovered(worktree, role, self.memory.commits.get((role, round_)))

    def _rebase(self, role: str) -> None:
        """Go on from a merge with an earlier task that was delivered meanwhile and that this one conflicts with."""
        found = rebase_of(self.context, self.plan, self.task.id, start=self.start, tip=self.tip)
        if found is None:
            return
        data = {
            "branch": branch_name(self.context.run, self.task.id, role),
            "onto": found.onto,
            "old": self.tip,
            "new": found.tip,
            "start": found.start,
            "conflict": found.conflict,
        }
        self.context.journal.record(self.delivery.event(EventType.BRANCH_REBASED, role, data))
        self.start, self.tip = found.start, found.tip
        self.built_on = (*self.built_on, found.onto)

    def changed(self, role: str) -> Mapping[str, str]:
        return self.worktrees.changes(agent_id(self.task.id, role))

    def diff(self, role: str) -> str:
        """What the task changed, as it would be committed: without products, setup's files and the person's own."""
        agent = agent_id(self.task.id, role)
        opened, written = self.worktrees.of(agent), self.delivery.written_by_tools()
        mine = [path for path in self.worktrees.changes(agent, written) if path not in opened.copied]
        return self.context.repository.diff(self.start, opened.worktree.state_tree(mine))

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
        if answer := self.memory.answer(role, round_):
            return self._answered(role, round_, handoff, answer)
        self.context.check_stop()
        worktree = self.worktrees.of(agent_id(self.task.id, role)).worktree
        worktree.check()
        if self._recovered[0]:
            return self._take_recovered(role, round_, handoff)
        if not facts["work_calls"]:
            return self._back(
                role, round_, "no tool call was made before the submit: nothing was looked at or done"
            )
        judged = self.delivery.judge(worktree, Role(role))
        said = make_handoff(Role(role), handoff, intent=self.task.title, artifacts=judged.paths)
        data = {"role": role, "round": round_, "turns": facts["turns"], **said.as_json()}
        (record,) = self.context.journal.record(self.delivery.event(EventType.HANDOFF_SUBMITTED, role, data))
        unproved = self.delivery.check_claims(role, said, parent=record.id)
        if unproved:
            return self._back(role, round_, _unproved(unproved))
        if self._nothing_due(role, judged):
            return self._back(role, round_, f"nothing is changed, and task {self.task.id} asks for a change")
        if self.delivery.mass_deletion(judged) and (refused := self.delivery.refused_deletion(role, judged)):
            return self._back(role, round_, refused.text)
        self.tip = self.delivery.commit(worktree, Role(role), round_, said, judged)
        return self._accept(role, round_, said, judged)

    def _take_recovered(self, role: str, round_: int, handoff: Mapping[str, Any]) -> Submission:
        """The commit was made and not recorded: what is left of the submit is done now."""
        commit, paths = self._recovered
        self._recovered = ("", ())
        self.tip = commit
        said = make_handoff(Role(role), handoff, intent=self.task.title, artifacts=paths)
        return self._accept(role, round_, said, Judged(paths=paths, left_out=(), deleted=0))

    def _answered(self, role: str, round_: int, handoff: Mapping[str, Any], answer: Record) -> Submission:
        """What was said to this submit before: the same again, with what it meant for the task."""
        if answer.type is EventType.HANDOFF_RETURNED:
            self.delivery.returned.add((role, round_))
            return Submission(accepted=False, text=f"not accepted: {answer.data['reason']}")
        if answer.data["status"] != "done":
            return Submission(accepted=False, failed=True, text=f"the {role}: {answer.data.get('error', '')}")
        self.tip = answer.data["commit"]
        made = self.memory.handoffs[role, round_].data.get("artifacts", ())
        said = make_handoff(Role(role), handoff, intent=self.task.title, artifacts=made)
        self._handoffs.append((role, said))
        self._confidence[role] = said.confidence
        return self._after(round_, said)

    def _accept(self, role: str, round_: int, said: Handoff, judged: Judged) -> Submission:
        self._handoffs.append((role, said))
        self._confidence[role] = said.confidence
        finished = {"role": role, "round": round_, "status": "done", "commit": self.tip}
        self.context.journal.record(self.delivery.event(EventType.AGENT_FINISHED, role, finished))
        said_of = [(path, f"was left out of the commit: {reason}") for path, reason in judged.left_out]
        said_of += [(path, f"was changed; it {reason}") for path, reason in judged.noted]
        for path, what in said_of:
            text = f"{agent_id(self.task.id, role)}: {path} {what}"
            self.context.journal.record(
                self.delivery.event(EventType.WARNING_RAISED, role, {"text": text, "path": path})
            )
        if said.verdict:
            self.delivery.record_verdict(role, said, self.tip)
        return self._after(round_, said)

    def _after(self, round_: int, said: Handoff) -> Submission:
        rounds = round_ - self.memory.first_round + 1
        if said.verdict == "request_changes" and rounds >= self.context.settings.limits.max_rounds:
            text = f"changes were requested in the last of {rounds} rounds: {said.summary}"
            return Submission(accepted=True, failed=True, text=text)
        return Submission(accepted=True, text=f"accepted at commit {self.tip[:12]}: {said.summary}")

    def _back(self, role: str, round_: int, reason: str) -> Submission:
        if self.delivery.send_back(role, round_, reason):
            return Submission(accepted=False, text=f"not accepted: {reason}. Put it right and submit again.")
        finished = {"role": role, "round": round_, "status": "failed", "error": reason}
        self.context.journal.record(self.delivery.event(EventType.AGENT_FINISHED, role, finished))
        return Submission(accepted=False, failed=True, text=f"the {role}: {reason}")

    def _nothing_due(self, role: str, judged: Judged) -> bool:
        due = owes_change(Role(role), own=role == self.task.role)
        return due and not judged.paths and self.tip == self.start


def _unproved(claims: Sequence[CheckedClaim]) -> str:
    listed = "; ".join(f"{one.claim.statement!r} is {one.verdict}: {one.reason}" for one in claims)
    return f"{len(claims)} claim{'s are' if len(claims) > 1 else ' is'} not borne out: {listed}"
