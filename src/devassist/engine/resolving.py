"""
The neutral integrator at work on one conflict: a worktree with the markers in it, both intents, and checks at the end.

It edits only what conflicts, and drops no line in silence: what is gone and not declared comes back to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devassist.conflicts.pair import MergingPair
from devassist.conflicts.survival import silence, undeclared
from devassist.conflicts.verification import Verification, Verified
from devassist.domain.changes import in_scope, is_build_product
from devassist.domain.errors import AuditError, DevassistError, ModelError
from devassist.domain.events import Event, EventType
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import agent_id, rescue_ref, worktree_name
from devassist.domain.roles import Role
from devassist.engine.assignments import assignment
from devassist.engine.briefs import resolution_brief
from devassist.engine.deliver import AUTHOR, make_handoff
from devassist.engine.memory import Memory
from devassist.engine.places import Places
from devassist.engine.serving import CrewEnding, WorkerDesk
from devassist.git.merge import commit_merge
from devassist.git.worktree import Worktree
from devassist.git.worktrees import detached_worktree, drop_detached
from devassist.ports import AgentPlace, Submission

ROLE = Role.INTEGRATOR
_MAX_CORRECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """
    What is to be resolved: the pair, both intents, and why git or the detectors object.

    `paths` are the files that may be edited; `objections` say in a sentence each what is wrong; `settles` is as
    Verification has it.
    """

    pair: MergingPair
    intents: tuple[str, str]
    paths: Sequence[str]
    objections: Sequence[str]
    cache: Path | None = None
    settles: Collection[tuple[str, str | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionResult:
    """How the integrator ended. `tree` is the whole resolved tree when `outcome` is delivered."""

    outcome: str
    reason: str = ""
    kind: str = ""
    hint: str = ""
    tree: str = ""
    paths: Sequence[str] = ()
    verified: Verified | None = None
    confidence: float = 0.0
    summary: str = ""


@dataclass
class ResolutionStep(WorkerDesk):
    """Runs the integrator once."""

    places: Places
    matter: Matter
    checks: Sequence[str] = ()
    _worktree: Worktree | None = field(default=None, init=False)
    _start: str = field(default="", init=False)
    _corrections: int = field(default=0, init=False)
    _result: ResolutionResult | None = field(default=None, init=False)

    @property
    def agent(self) -> str:
        return agent_id(self.task_id, ROLE)

    def run(self) -> ResolutionResult:
        """Never raises for what the agent, a model or a command does; AuditError and bugs come through."""
        try:
            ending = self.serve(
                assignment(
                    self.context,
                    task=self.task_id,
                    roles=[ROLE],
                    memory=Memory(first_round=self._attempt()),
                    scope=self.matter.paths,
                    checks=self.checks,
                )
            )
        except ModelError as error:
            ending = CrewEnding(outcome="error", reason=str(error), kind=error.kind, hint=error.hint)
        except OSError as error:
            ending = CrewEnding(outcome="failed", reason=f"{error.strerror or error}: {error.filename or ''}")
        except AuditError:
            raise
        except DevassistError as error:
            ending = CrewEnding(outcome="failed", reason=str(error), hint=error.hint)
        if ending.outcome == "delivered" and self._result is not None:
            self._close(delivered=True)
            return self._result
        self._close(delivered=False)
        outcome = "failed" if ending.outcome == "delivered" else ending.outcome
        return ResolutionResult(outcome=outcome, reason=ending.reason, kind=ending.kind, hint=ending.hint)

    def _attempt(self) -> int:
        """Its number, as a round: what an attempt that was cut off recorded keeps its own addresses."""
        began = [
            one
            for one in self.context.history(self.task_id)
            if one.type is EventType.AGENT_STARTED and one.event.agent == self.agent
        ]
        return len(began) + 1

    # What the worker asks ---------------------------------------------------------------------------------

    def begin(self, role: str, round_: int) -> AgentPlace:
        context = self.context
        context.check_stop()
        worktree = self._opened()
        private = self.places.private(self.agent)
        private.mkdir(parents=True, exist_ok=True)
        self.places.set_up(worktree.path, private, task=self.task_id, agent=self.agent)
        world = context.world(worktree.path, private)
        data = {
            "role": role,
            "round": round_,
            "branch": "",
            "worktree": str(worktree.path),
            "commit": self._start,
            "model": context.request.models[role][0],
        }
        self._tell(EventType.AGENT_STARTED, data)
        return AgentPlace(
            worktree=str(worktree.path),
            private=str(private),
            brief=self._brief(),
            environment=world.environment,
            read_only=[str(one) for one in world.read_only],
            prefix=context.request.prefix,
        )

    def changed(self, role: str) -> Mapping[str, str]:  # noqa: ARG002  there is one role
        return self.places.changes(self._opened())

    def diff(self, role: str) -> str:  # noqa: ARG002  there is one role
        worktree = self._opened()
        return self.context.repository.diff(self._start, worktree.state_tree(self._mine(worktree)))

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
        self.context.check_stop()
        worktree = self._opened()
        worktree.check()
        if not facts["work_calls"]:
            return self._back("no tool call was made before the submit: nothing was looked at or done")
        mine = self._mine(worktree)
        if not mine:
            return self._back("nothing is changed: the conflict stands as it was")
        tree = worktree.state_tree(mine)
        paths = sorted({*mine, *(one.path for one in self.matter.pair.files)})
        matter, languages = self.matter, self.context.settings.conflicts.languages
        verified = Verification(matter.pair, matter.cache, languages, matter.settles).verify(tree, paths)
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

    def _accept(self, said: Handoff, tree: str, paths: Sequence[str], verified: Verified) -> Submission:
        self._result = ResolutionResult(
            outcome="delivered",
            tree=tree,
            paths=paths,
            verified=verified,
            confidence=said.confidence,
            summary=said.summary,
        )
        self._tell(EventType.AGENT_FINISHED, {"role": str(ROLE), "status": "done", "commit": ""})
        return Submission(accepted=True, text=f"accepted: {said.summary}")

    def _back(self, reason: str) -> Submission:
        self._corrections += 1
        failed = self._corrections > _MAX_CORRECTIONS
        if failed:
            self._tell(EventType.AGENT_FINISHED, {"role": str(ROLE), "status": "failed", "error": reason})
            return Submission(accepted=False, failed=True, text=f"the {ROLE}: {reason}")
        self._tell(EventType.HANDOFF_RETURNED, {"role": str(ROLE), "reason": reason})
        return Submission(accepted=False, text=f"not accepted: {reason}. Put it right and submit again.")

    # Its place --------------------------------------------------------------------------------------------

    def _opened(self) -> Worktree:
        """A worktree on no branch: what stands there with markers in it is nothing that others may build on."""
        if self._worktree is None:
            context, pair = self.context, self.matter.pair
            names = (pair.ours.name, pair.theirs.name)
            marked = {one.path: one.marked.marked(*names) for one in pair.files if one.marked is not None}
            self._start = commit_merge(
                context.repository,
                tree=pair.tree_with(marked),
                parents=[pair.ours.commit, pair.theirs.commit],
                message=f"The conflict of {names[0]} and {names[1]}, with markers",
                author=AUTHOR,
                committer=AUTHOR,
            )
            # A ref, so that a crash leaves a worktree that can be collected, and gc nothing to take.
            context.repository.keep_ref(rescue_ref(context.run, self.agent), self._start)
            path = context.worktrees / self.agent
            data = {"path": str(path), "branch": "", "commit": self._start}
            self._tell(EventType.WORKTREE_INTENDED, data)
            name = worktree_name(context.run, self.agent)
            if context.request.resumed:
                drop_detached(context.repository, name=name, path=path)
            self._worktree = detached_worktree(
                context.repository, name=name, path=path, commit=self._start, reason="devassist resolution"
            )
            self._tell(EventType.WORKTREE_OPENED, data)
        return self._worktree

    def _mine(self, worktree: Worktree) -> list[str]:
        """The changed paths that are the integrator's to change."""
        tracked = self.places.tracked_directories()
        return [
            path
            for path in self.places.changes(worktree)
            if in_scope(path, self.matter.paths)
            and not is_build_product(path, tracked_tops=tracked, written=self.matter.paths)
        ]

    def _close(self, *, delivered: bool) -> None:
        worktree, context = self._worktree, self.context
        if worktree is None:
            return
        ref = rescue_ref(context.run, self.agent)
        commit = (
            None
            if delivered
            else worktree.snapshot(ref, by=context.repository.signature(context.environment))
        )
        if commit is None:
            context.repository.delete_ref(ref, old=self._start)
        else:
            data = {"ref": ref, "commit": commit, "worktree": str(worktree.path)}
            self._tell(EventType.SNAPSHOT_TAKEN, data)
        worktree.reset_to(self.matter.pair.ours.commit)
        reason = worktree.remove()
        kind = EventType.WORKTREE_KEPT if reason else EventType.WORKTREE_REMOVED
        self._tell(kind, {"path": str(worktree.path), "branch": "", "reason": reason or "it has ended"})
        self._worktree = None

    def _brief(self) -> str:
        pair, repository = self.matter.pair, self.context.repository
        diffs = [
            "".join(_about(repository.diff(pair.base, side.tree), path) for path in self.matter.paths)
            for side in (pair.ours, pair.theirs)
        ]
        return resolution_brief(
            self.context.around,
            branches=(pair.ours.name, pair.theirs.name),
            intents=self.matter.intents,
            diffs=(diffs[0], diffs[1]),
            paths=self.matter.paths,
            objections=self.matter.objections,
        )

    def _tell(self, type_: EventType, data: Mapping[str, Any]) -> None:
        self.context.journal.record(Event(type=type_, task=self.task_id, agent=self.agent, data=data))


def _about(patch: str, path: str) -> str:
    """The part of a patch that is about one file."""
    parts = ("diff --git " + part for part in patch.split("diff --git ")[1:])
    return "".join(part for part in parts if f" b/{path}" in part.partition("\n")[0])
