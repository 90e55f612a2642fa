"""
The models of one attempt's agents: those that are configured, or one that is chosen when its agent first begins.

A choice is kept for the whole attempt, and a resumed one takes it from the record of the agent's start: the agent goes
on in a transcript of that model, and what the log holds of its replies would not fit another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from devassist.domain.choice.models import NOTHING_MEASURED, Chosen, Kind, Wish, choose
from devassist.domain.errors import DevassistError, ModelError, Refused
from devassist.domain.events import AgentStarted, DecisionMade, Fact
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import Role, crew_of
from devassist.engine.context import RunContext, RunRequest
from devassist.engine.log.attempt_log import AttemptLog

_CHARACTERS_PER_TOKEN = 3
_ROOM = 8_000
"""Tokens beside the first prompt: the tools, a few results and a reply. Older results are shortened to fit."""


class Record(Protocol):
    def __call__(self, fact: Fact, *, role: str = "") -> str:
        """Record a fact of one of the task's agents."""


@dataclass
class AgentModels:
    """Of the agents of one attempt at `task`, whose own role is `kind`."""

    context: RunContext
    task: str
    record: Record
    kind: str = ""
    private: bool = False
    begun: Mapping[tuple[str, int], AgentStarted] = field(default_factory=dict)
    """The agents of the attempt that the log has, by role and round."""
    _kept: dict[Role, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of_task(cls, context: RunContext, task: PlanTask, attempt: AttemptLog, record: Record) -> AgentModels:
        private = context.request.secrecy.is_private(task)
        return cls(context, task.id, record, kind=task.role, private=private, begun=attempt.started)

    def of(self, role: Role, round_: int = 0, *, prompt: str = "") -> tuple[str, ...]:
        """
        What the agent is to ask, the primary first; `prompt` is what it is told first. A choice is recorded.

        Raises Refused if the task is private and no model is local, ModelError if no model fits otherwise.
        """
        if role not in self._kept:
            self._kept[role] = self._find(role, round_, prompt)
        return self._kept[role]

    def _find(self, role: Role, round_: int, prompt: str) -> tuple[str, ...]:
        request = self.context.request
        if models := configured(request, role, private=self.private):
            return models
        for (name, _round), started in self.begun.items():
            if name == role and started.model and (not self.private or started.model in request.choice.local):
                return self._with_fallbacks(started.model)
        wish = Wish(
            kind=Kind(role, self.kind),
            private=self.private,
            tokens=len(prompt) // _CHARACTERS_PER_TOKEN + _ROOM if prompt else 0,
            load=Counter(list(self.context.calling.values())),
        )
        candidates = request.choice.candidates
        chosen = choose(candidates, wish, self.context.measured())
        if chosen.candidate is None:
            raise no_model(self.task, wish, chosen)
        decision = DecisionMade(
            who="policy",
            question=f"which model for {self.task}/{role}?",
            options=tuple(candidate.name for candidate in candidates),
            choice=chosen.candidate.name,
            reason=chosen.reason,
            confidence=1.0,
            role=str(role),
            round=round_,
        )
        self.record(decision, role=role)
        return self._with_fallbacks(chosen.candidate.model)

    def _with_fallbacks(self, model: str) -> tuple[str, ...]:
        choice = self.context.request.choice
        fallbacks = [other for other in choice.fallbacks if not self.private or other in choice.local]
        return tuple(dict.fromkeys([model, *fallbacks]))


def configured(request: RunRequest, role: Role, *, private: bool) -> tuple[str, ...]:
    """The models that the configuration names for a role; of these the local ones for a private task."""
    if role in request.choice.chosen:
        return ()
    models = request.models.get(role, ())
    return tuple(model for model in models if not private or model in request.choice.local)


def check_models(request: RunRequest, plan: Plan) -> None:
    """Raises as `AgentModels.of` would for any agent of the plan, before any of them costs money."""
    if not request.models:  # a run without agents
        return
    for task in plan.tasks:
        private = request.secrecy.is_private(task)
        # With the tester that a review may ask for.
        for role in crew_of(task.role, review=task.review):
            if not configured(request, role, private=private):
                wish = Wish(kind=Kind(role, task.role), private=private)
                chosen = choose(request.choice.candidates, wish, NOTHING_MEASURED)
                if chosen.candidate is None:
                    raise no_model(task.id, wish, chosen)


def no_model(task: str, wish: Wish, chosen: Chosen) -> DevassistError:
    """Why no model may be asked for an agent, with the next thing to configure."""
    who = f"{task}/{wish.kind.role}"
    said = f" ({chosen.reason})" if chosen.reason else ""
    if wish.private:
        sees_all = wish.kind.role is Role.INTEGRATOR
        subject = "an integrator sees private paths" if sees_all else f"task {task} is private"
        return Refused(
            f"{subject}, and no local model may be asked for {who}{said}",
            hint='[models.NAME] with privacy = "local" names one; or take the private paths out of the scope',
        )
    return ModelError(
        f"none of the configured models may be asked for {who}{said}",
        kind="config",
        hint="add a table [models.NAME], or name a model under [model]",
    )
