"""
The neutral integrator at work on one conflict: a worktree with the markers in it, both intents, and checks at the end.

It edits only what conflicts, and drops no line in silence: what is gone and not declared comes back to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devassist.conflicts.resolution.dropped_lines import silence, undeclared
from devassist.conflicts.resolution.verification import Verification, Verified
from devassist.domain.changes import in_scope, is_build_product
from devassist.domain.errors import AuditError, DevassistError, ModelError, NotFound, RepositoryChanged
from devassist.domain.events import Event, EventType, Record
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import agent_id
from devassist.domain.roles import Role
from devassist.engine.crews.assignments import assignment
from devassist.engine.crews.delivery import make_handoff
from devassist.engine.crews.harness_commands import private_directory
from devassist.engine.crews.replay import Diverged
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.worker_session import CrewEnding, WorkerDesk
from devassist.engine.resolution.conflict_worktree import MarkedPlace
from devassist.engine.resolution.integrator_attempts import Attempt, attempt_at
from devassist.engine.resolution.resolution_request import Matter, ResolutionResult, brief_of
from devassist.git.worktree.worktree import Worktree
from devassist.ports import AgentPlace, Submission

ROLE = Role.INTEGRATOR
_MAX_CORRECTIONS = 2
_LIVES = 2
"""How often an attempt that died, or does not fit its record, is taken up again within one session."""


@dataclass
class ResolutionStep(WorkerDesk):
    """Runs the integrator on one conflict; an attempt that broke off goes on, with what is recorded of it."""

    worktrees: RunWorktrees
    matter: Matter
    checks: Sequence[str] = ()
    _attempt: Attempt = field(default_factory=Attempt, init=False)
    _corrections: int = field(default=0, init=False)
    _result: ResolutionResult | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.place = MarkedPlace(
            context=self.context, task=self.task_id, agent=self.agent, pair=self.matter.pair
        )

    @property
    def agent(self) -> str:
        return agent_id(self.task_id, ROLE)

    def run(self) -> ResolutionResult:
        """Never raises for what the agent, a model or a command does; AuditError and bugs come through."""
        ending = CrewEnding(outcome="failed")
        for _ in range(_LIVES + 1):
            if (known := self._taken_up()) is not None:
                return known
            ending = self._served()
            if ending.outcome == "died" and not self.context.stop.pulled:
                text = f"task {self.task_id}: {ending.reason}; the integrator goes on in another one"
                self._tell(EventType.WARNING_RAISED, {"text": text})
            elif ending.outcome != "diverged":
                break
        if ending.outcome == "delivered" and self._result is not None:
            self.place.give_back(delivered=True)
            return self._result
        if self.context.stop.pulled or ending.outcome == "waiting":
            self.place.leave()
        else:
            self.place.give_back(delivered=False)
        outcome = "failed" if ending.outcome == "delivered" else ending.outcome
        return ResolutionResult(
            outcome=outcome, reason=ending.reason, kind=ending.kind, hint=ending.hint, awaits=self.awaits
        )

    def _served(self) -> CrewEnding:
        """One worker to its end."""
        self.memory, self.ending, self.diverged = self._attempt.memory, None, ""
        self._corrections, self._result = 0, None
        try:
            return self.serve(
                assignment(
                    self.context,
                    task=self.task_id,
                    roles=[ROLE],
                    memory=self.memory,
                    scope=self.matter.paths,
                    checks=self.checks,
                )
            )
        except ModelError as error:
            return CrewEnding(outcome="error", reason=str(error), kind=error.kind, hint=error.hint)
        except OSError as error:
            return CrewEnding(outcome="failed", reason=f"{error.strerror or error}: {error.filename or ''}")
        except AuditError:
            raise
        except DevassistError as error:
            return CrewEnding(outcome="failed", reason=str(error), hint=error.hint)

    def _taken_up(self) -> ResolutionResult | None:
        """Find the attempt to go on with; what it came to where it had ended already: nobody is asked again."""
        pair = self.matter.pair
        history = self.context.history(self.task_id)
        self._attempt = attempt_at(history, self.agent, sides=[pair.ours.commit, pair.theirs.commit])
        finished = self._attempt.finished
        if finished is None:
            return None
        data = finished.data
        if data["status"] != "done":
            return ResolutionResult(outcome="failed", reason=str(data.get("error", "")))
        try:
            tree = self.context.repository.tree_of(data["commit"])
        except NotFound:  # what it made is gone
            self._attempt = self._attempt.anew()
            return None
        self.place.clear()
        paths = data["paths"]
        return ResolutionResult(
            outcome="delivered",
            tree=tree,
            paths=paths,
            verified=self._verified(tree, paths),
            confidence=data["confidence"],
            summary=data["summary"],
        )

    # What the worker asks ---------------------------------------------------------------------------------

    def begin(self, role: str, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        private = private_directory(context, self.agent)
        if (role, round_) in self.memory.started:
            worktree = self._again()
        else:
            worktree = self.place.open(left=self._attempt.left)
            commands = self.worktrees.commands
            commands.set_up(commands.place(worktree.path, task=self.task_id, agent=self.agent))
            pair = self.matter.pair
            data = {
                "role": role,
                "round": round_,
                "branch": "",
                "worktree": str(worktree.path),
                "commit": self.place.start,
                "sides": [pair.ours.commit, pair.theirs.commit],
                "model": context.request.models[role][0],
            }
            self._tell(EventType.AGENT_STARTED, data)
        world = context.world(worktree.path, private)
        return AgentPlace(
            worktree=str(worktree.path),
            private=str(private),
            brief=brief_of(self.matter, context),
            environment=world.environment,
            read_only=[str(one) for one in world.read_only],
            prefix=context.request.prefix,
        )

    def _again(self) -> Worktree:
        """The worktree as an attempt that broke off left it."""
        try:
            return self.place.again(self._attempt.start)
        except (NotFound, RepositoryChanged) as error:
            self._tell(EventType.RECOVERY_DIVERGED, {"address": self.agent, "reason": str(error)})
            raise Diverged(str(error)) from error

    def changed(self, role: str) -> Mapping[str, str]:  # noqa: ARG002  there is one role
        return self.worktrees.changes_in(self.place.worktree)

    def diff(self, role: str) -> str:  # noqa: ARG002  there is one role
        worktree = self.place.worktree
        return self.context.repository.diff(self.place.start, worktree.state_tree(self._mine(worktree)))

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
        if answer := self.memory.answer(role, round_):
            return self._answered(answer)
        self.context.check_stop()
        worktree = self.place.worktree
        worktree.check()
        if not facts["work_calls"]:
            return self._back("no tool call was made before the submit: nothing was looked at or done")
        mine = self._mine(worktree)
        if not mine:
            return self._back("nothing is changed: the conflict stands as it was")
        tree = worktree.state_tree(mine)
        paths = sorted({*mine, *(one.path for one in self.matter.pair.files)})
        verified = self._verified(tree, paths)
        said = replace(
            make_handoff(ROLE, handoff, intent="resolve a conflict", artifacts=mine), kind="resolution"
        )
        declared = [str(one) for one in handoff.get("dropped", ())]
        data = {
            "role": role,
            "round": round_,
            "turns": facts["turns"],
            **said.as_json(),
            "declared": declared,
            "dropped": [one.as_json() for one in verified.dropped],
        }
        self._tell(EventType.HANDOFF_SUBMITTED, data)
        if verified.failed:
            return self._back("; ".join(f"{one.name}: {one.detail}" for one in verified.failed))
        silent = undeclared(verified.dropped, declared)
        if silent:
            return self._back(silence(silent))
        return self._accept(said, tree, paths, verified)

    def _verified(self, tree: str, paths: Sequence[str]) -> Verified:
        matter, languages = self.matter, self.context.settings.conflicts.languages
        return Verification(matter.pair, matter.cache, languages, matter.settles).verify(tree, paths)

    def _accept(self, said: Handoff, tree: str, paths: Sequence[str], verified: Verified) -> Submission:
        self._result = ResolutionResult(
            outcome="delivered",
            tree=tree,
            paths=paths,
            verified=verified,
            confidence=said.confidence,
            summary=said.summary,
        )
        commit = self.place.commit(tree, said.summary)
        self.place.keep_ref(commit)
        made = {"commit": commit, "paths": paths, "confidence": said.confidence, "summary": said.summary}
        self._finished("done", **made)
        return Submission(accepted=True, text=f"accepted: {said.summary}")

    def _back(self, reason: str) -> Submission:
        self._corrections += 1
        if self._corrections > _MAX_CORRECTIONS:
            self._finished("failed", commit="", error=reason)
            return _refused(reason)
        round_ = self._attempt.number
        self._tell(EventType.HANDOFF_RETURNED, {"role": str(ROLE), "round": round_, "reason": reason})
        return _sent_back(reason)

    def _answered(self, answer: Record) -> Submission:
        """What was said to this submit before; an attempt that had ended is not run again."""
        if answer.type is EventType.HANDOFF_RETURNED:
            self._corrections += 1
            return _sent_back(answer.data["reason"])
        return _refused(str(answer.data.get("error", "")))

    def _finished(self, status: str, **facts: Any) -> None:
        data = {"role": str(ROLE), "round": self._attempt.number, "status": status, **facts}
        self._tell(EventType.AGENT_FINISHED, data)

    def _mine(self, worktree: Worktree) -> list[str]:
        """The changed paths that are the integrator's to change."""
        tracked = self.worktrees.tracked_directories()
        return [
            path
            for path in self.worktrees.changes_in(worktree)
            if in_scope(path, self.matter.paths)
            and not is_build_product(path, tracked_tops=tracked, written=self.matter.paths)
        ]

    def _tell(self, type_: EventType, data: Mapping[str, Any]) -> None:
        self.context.journal.record(Event(type=type_, task=self.task_id, agent=self.agent, data=data))


def _sent_back(reason: str) -> Submission:
    return Submission(accepted=False, text=f"not accepted: {reason}. Put it right and submit again.")


def _refused(reason: str) -> Submission:
    return Submission(accepted=False, failed=True, text=f"the {ROLE}: {reason}")
