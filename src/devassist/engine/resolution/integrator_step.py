"""
Runs the neutral integrator on one conflict: a worktree with markers, both intents, and checks at the end.

It may edit only files that conflict. Lines that it drops without declaring them are sent back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from devassist.assignments import AgentPlace, CrewEnding, Submission
from devassist.conflicts.resolution.dropped_lines import undeclared, undeclared_message
from devassist.conflicts.resolution.verification import Verification, Verified
from devassist.domain.changes import in_scope, is_build_product
from devassist.domain.errors import AuditError, DevassistError, NotFound, RepositoryChanged
from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    HandoffReturned,
    RecoveryDiverged,
    WarningRaised,
)
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import agent_id
from devassist.domain.roles import Role
from devassist.domain.statuses import AgentStatus, Outcome
from devassist.engine.choice.agent_models import AgentModels
from devassist.engine.crews.assignments import agent_place, assignment
from devassist.engine.crews.endings import ending_by
from devassist.engine.crews.handoffs import make_handoff, submitted
from devassist.engine.crews.replay import Diverged
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import WorkerSession
from devassist.engine.log.attempt_log import SubmitReply
from devassist.engine.resolution.conflict_worktree import ConflictWorktree
from devassist.engine.resolution.integrator_attempts import Attempt, attempt_at
from devassist.engine.resolution.resolution_request import ResolutionRequest, ResolutionResult, brief_of
from devassist.git.worktree.worktree import Worktree
from devassist.messages import SubmitWork

ROLE = Role.INTEGRATOR
_MAX_CORRECTIONS = 2
_LIVES = 2
"""How often an attempt that died, or that does not fit its record, is continued within one session."""


@dataclass
class ResolutionStep(WorkerSession):
    """Runs the integrator on one conflict; an interrupted attempt continues with its recorded replies."""

    worktrees: RunWorktrees
    request: ResolutionRequest
    checks: Sequence[str] = ()
    _attempt: Attempt = field(default_factory=Attempt, init=False)
    _corrections: int = field(default=0, init=False)
    _result: ResolutionResult | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.place = ConflictWorktree(
            context=self.context, task=self.task_id, agent=self.agent, pair=self.request.pair
        )

    @property
    def agent(self) -> str:
        return agent_id(self.task_id, ROLE)

    def run(self) -> ResolutionResult:
        """Does not raise for failures of the agent, a model or a command; raises AuditError."""
        ending = CrewEnding(outcome=Outcome.FAILED)
        for _ in range(_LIVES + 1):
            if (earlier := self._continue()) is not None:
                return earlier
            ending = self._served()
            if ending.outcome is Outcome.DIED and not self.context.stop.pulled:
                text = f"task {self.task_id}: {ending.reason}; the integrator continues in another one"
                self.record(WarningRaised(text=text), role=ROLE)
            elif ending.outcome is not Outcome.DIVERGED:
                break
        if ending.outcome is Outcome.DELIVERED and self._result is not None:
            self.place.close(delivered=True)
            return self._result
        if self.context.stop.pulled or ending.outcome is Outcome.WAITING:
            self.place.leave()
        else:
            self.place.close(delivered=False)
        outcome = Outcome.FAILED if ending.outcome is Outcome.DELIVERED else ending.outcome
        return ResolutionResult(
            outcome=outcome, reason=ending.reason, kind=ending.kind, hint=ending.hint, awaits=self.awaits
        )

    def _served(self) -> CrewEnding:
        """Runs one worker to its end."""
        self.attempt, self.ending, self.diverged = self._attempt.log, None, ""
        self._corrections, self._result = 0, None
        # Its worktree holds the merge of both sides with everything in it: where anything is private, it is.
        task = self.context.find_task(self.task_id)
        self.models = AgentModels(
            self.context,
            self.task_id,
            self.record,
            kind=task.role if task is not None else "",
            private=bool(self.context.request.secrecy.hidden_in(None)),
            begun=self.attempt.started,
        )
        try:
            return self.serve(
                assignment(
                    self.context,
                    task=self.task_id,
                    roles=[ROLE],
                    attempt=self.attempt,
                    scope=self.request.paths,
                    checks=self.checks,
                )
            )
        except AuditError:
            raise
        except (DevassistError, OSError) as error:
            return ending_by(error, self.context.stop)

    def _continue(self) -> ResolutionResult | None:
        """Finds the attempt to continue; its result if it had ended already, so that nobody is asked twice."""
        pair = self.request.pair
        history = self.context.history(self.task_id)
        self._attempt = attempt_at(history, self.agent, sides=[pair.ours.commit, pair.theirs.commit])
        finished = self._attempt.finished
        if finished is None:
            return None
        if finished.status is not AgentStatus.DONE:
            return ResolutionResult(outcome=Outcome.FAILED, reason=finished.error)
        try:
            tree = self.context.repository.tree_of(finished.commit)
        except NotFound:  # its commit is gone
            self._attempt = self._attempt.next()
            return None
        self.place.clear()
        return ResolutionResult(
            outcome=Outcome.DELIVERED,
            tree=tree,
            paths=finished.paths,
            verified=self._verified(tree, finished.paths),
            confidence=finished.confidence or 0.0,
            summary=finished.summary,
        )

    # What the worker asks ---------------------------------------------------------------------------------

    def begin(self, role: Role, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        brief = brief_of(self.request, context)
        if (role, round_) in self.attempt.started:
            worktree = self._reopened()
        else:
            models = self.models.of(role, round_, prompt=brief)
            worktree = self.place.open(left=self._attempt.left)
            commands = self.worktrees.commands
            commands.set_up(commands.place(worktree.path, task=self.task_id, agent=self.agent))
            pair = self.request.pair
            started = AgentStarted(
                role=role,
                round=round_,
                worktree=str(worktree.path),
                commit=self.place.start,
                sides=(pair.ours.commit, pair.theirs.commit),
                model=models[0],
            )
            self.record(started, role=role)
        return agent_place(context, worktree.path, agent=self.agent, brief=brief, models=self.models.of(role))

    def _reopened(self) -> Worktree:
        """The worktree as an interrupted attempt left it. Raises Diverged if it changed since."""
        try:
            return self.place.reopen(self._attempt.start)
        except (NotFound, RepositoryChanged) as error:
            self.record(RecoveryDiverged(address=self.agent, reason=str(error)), role=ROLE)
            raise Diverged(str(error)) from error

    def changed(self, role: Role) -> Mapping[str, str]:  # noqa: ARG002  there is one role
        return self.worktrees.changes_in(self.place.worktree)

    def diff(self, role: Role) -> str:  # noqa: ARG002  there is one role
        worktree = self.place.worktree
        return self.context.repository.diff(
            self.place.start, worktree.state_tree(self._changed_paths(worktree))
        )

    def submit(self, submit: SubmitWork) -> Submission:
        if reply := self.attempt.next_submit(submit.role, submit.round):
            return self._replayed(reply)
        self.context.check_stop()
        worktree = self.place.worktree
        worktree.check()
        changed = self._changed_paths(worktree)
        if not changed:
            return self._back("nothing is changed: the conflict is as it was", submit.turns)
        tree = worktree.state_tree(changed)
        paths = sorted({*changed, *(file.path for file in self.request.pair.files)})
        verified = self._verified(tree, paths)
        handoff = replace(
            make_handoff(ROLE, submit.work, intent="resolve a conflict", artifacts=changed), kind="resolution"
        )
        event = submitted(handoff, role=ROLE, round_=submit.round, turns=submit.turns)
        declared = submit.work.dropped
        self.record(replace(event, declared=declared, dropped=tuple(verified.dropped)), role=ROLE)
        if verified.failed:
            failures = "; ".join(f"{check.name}: {check.detail}" for check in verified.failed)
            return self._back(failures, submit.turns)
        missing = undeclared(verified.dropped, declared)
        if missing:
            return self._back(undeclared_message(missing), submit.turns)
        return self._accept(handoff, submit.turns, tree, paths, verified)

    def _verified(self, tree: str, paths: Sequence[str]) -> Verified:
        request, languages = self.request, self.context.settings.conflicts.languages
        return Verification(request.pair, request.cache, languages, request.settles).verify(tree, paths)

    def _accept(
        self, handoff: Handoff, turns: int, tree: str, paths: Sequence[str], verified: Verified
    ) -> Submission:
        self._result = ResolutionResult(
            outcome=Outcome.DELIVERED,
            tree=tree,
            paths=paths,
            verified=verified,
            confidence=handoff.confidence,
            summary=handoff.summary,
        )
        withheld = bool(self.context.request.secrecy.hidden_in(None))  # every agent reads the history
        commit = self.place.commit(tree, "Resolve a conflict" if withheld else handoff.summary)
        self.place.keep_ref(commit)
        finished = AgentFinished(
            role=ROLE,
            round=self._attempt.number,
            turns=turns,
            commit=commit,
            paths=tuple(paths),
            confidence=handoff.confidence,
            summary=handoff.summary,
        )
        self.record(finished, role=ROLE)
        return Submission(accepted=True, text=f"accepted: {handoff.summary}")

    def _back(self, reason: str, turns: int) -> Submission:
        """Sends a resolution back; after a few times the integrator has failed."""
        self._corrections += 1
        round_ = self._attempt.number
        if self._corrections > _MAX_CORRECTIONS:
            failed = AgentStatus.FAILED
            self.record(
                AgentFinished(role=ROLE, round=round_, status=failed, error=reason, turns=turns), role=ROLE
            )
            return _refused(reason)
        self.record(HandoffReturned(role=ROLE, round=round_, reason=reason), role=ROLE)
        return _sent_back(reason)

    def _replayed(self, reply: SubmitReply) -> Submission:
        """The recorded reply to this submit; an attempt that had ended is not run again."""
        if not isinstance(reply, AgentFinished):
            self._corrections += 1
            return _sent_back(reply.reason)
        return _refused(reply.error)

    def _changed_paths(self, worktree: Worktree) -> list[str]:
        """The changed paths that the integrator may change."""
        tracked = self.worktrees.tracked_directories()
        return [
            path
            for path in self.worktrees.changes_in(worktree)
            if in_scope(path, self.request.paths)
            and not is_build_product(path, tracked_tops=tracked, written=self.request.paths)
        ]


def _sent_back(reason: str) -> Submission:
    return Submission(accepted=False, text=f"not accepted: {reason}. Correct it and submit again.")


def _refused(reason: str) -> Submission:
    return Submission(accepted=False, failed=True, text=f"the {ROLE}: {reason}")
