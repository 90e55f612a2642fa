"""What the agents of one task are told: their briefs, and the ground that the harness knows when each begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.domain.errors import DevassistError
from devassist.domain.handoffs import Handoff
from devassist.domain.ids import PLANNING, agent_id
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role, may_write
from devassist.engine.choice.private_view import visible_diff
from devassist.engine.context import RunContext
from devassist.engine.crews.evidence import Evidence
from devassist.engine.crews.excerpts import BUDGET, excerpts
from devassist.engine.crews.ground import (
    KnownFailures,
    answers,
    framed,
    nothing_known,
    other_tasks,
    task_ground,
)
from devassist.engine.crews.prompts import next_round_brief, task_brief
from devassist.engine.log.evidence_index import FileRead

_MOST_OF_A_DIFF = 40_000
_LINES_AROUND = 10
"""Lines around each change that a reviewer sees: git's three say too little of where they stand."""
_BESIDE_A_DIFF = 5_000
"""Characters of excerpts for a reviewer, of files that are not changed."""
_CREW = 3
"""A crew's handoffs: what the round before and this one have handed on so far."""

Handoffs = Sequence[tuple[str, Handoff]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a task stands when one of its agents begins: the change so far is from `start` to `tip`."""

    role: Role
    round: int
    start: str
    tip: str
    handoffs: Handoffs = ()
    evidence: Evidence | None = None
    continues: bool = False
    """Whether the agent goes on in its own transcript."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """Briefs of one task's agents. `upstream` is what the tasks that it depends on ended with."""

    context: RunContext
    plan: Plan
    task: PlanTask
    upstream: Handoffs = ()
    known_failures: KnownFailures = nothing_known

    def ground(self, moment: Moment) -> str:
        """What may be otherwise a moment later. It is recorded, so that an agent that is resumed is told the same."""
        context, task = self.context, self.task.id
        parts = [
            other_tasks(context, self.plan, task),
            "" if moment.continues else task_ground(self.known_failures),
            answers(context, task),
            moment.evidence.text if moment.evidence is not None else "",
            "" if moment.continues else self._excerpts(moment),
        ]
        return framed(parts)

    def text(self, moment: Moment, ground: str) -> str:
        """The brief of the agent that begins."""
        handoffs = moment.handoffs[-_CREW:]
        questions = [
            question
            for _, handoff in [*self.upstream, *moment.handoffs]
            for question in handoff.open_questions
        ]
        if moment.continues:
            return next_round_brief(
                self.task,
                role=moment.role,
                round_=moment.round,
                handoffs=handoffs,
                questions=questions,
                ground=ground,
            )
        return task_brief(
            self.context.around,
            self.plan,
            self.task,
            role=moment.role,
            round_=moment.round,
            handoffs=handoffs,
            upstream=self.upstream,
            questions=questions,
            change=self._change(moment) if moment.role is Role.REVIEWER else "",
            ground=ground,
        )

    def _change(self, moment: Moment) -> str:
        """The whole change as a patch, cut where it is longer than anybody reviews in one go."""
        repository, hidden = self.context.repository, self.context.hidden_in(self.task.id)
        patch = visible_diff(repository, moment.start, moment.tip, hidden, context=_LINES_AROUND)
        if len(patch) <= _MOST_OF_A_DIFF:
            return patch or "(nothing is changed)"
        paths = ", ".join(hidden.visible(repository.changed_paths(moment.start, moment.tip)))
        cut = patch[:_MOST_OF_A_DIFF].rpartition("\n")[0]
        return f"{cut}\n[cut; show_diff with a path shows the rest. Changed: {paths}]"

    def _excerpts(self, moment: Moment) -> str:
        journal, repository = self.context.journal, self.context.repository
        mine = agent_id(self.task.id, moment.role)
        reads: list[FileRead] = [
            read
            for task in (PLANNING, self.task.id)
            for read in journal.reads(task)
            if task == PLANNING or (read.round <= moment.round and read.agent != mine)
        ]
        if not reads:
            return ""

        hidden = self.context.hidden_in(self.task.id)

        def content(path: str) -> str | None:
            if hidden.cover(path):
                return None
            try:
                return repository.read_file(moment.tip, path).decode("utf-8", "replace")
            except DevassistError:
                return None

        words = "\n".join([self.task.instructions, *(handoff.summary for _, handoff in moment.handoffs)])
        changed = set(repository.changed_paths(moment.start, moment.tip))
        if not may_write(moment.role):  # a reviewer has the change with its surroundings already
            reads = [read for read in reads if read.path not in changed]
        budget = BUDGET if may_write(moment.role) else _BESIDE_A_DIFF
        return excerpts(reads, content, used=changed, words=words, scope=self.task.scope, budget=budget)
