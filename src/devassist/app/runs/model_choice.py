"""What a run's models are chosen from: the tables of `[models]` with their prices and windows, and the log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from devassist.app.wiring.project import Project, open_reader
from devassist.domain.choice.models import (
    NOTHING_MEASURED,
    Candidate,
    Kind,
    Measures,
    Tally,
    Wish,
    choose,
    priced,
)
from devassist.domain.choice.privacy import OPEN, PrivatePaths, Secrecy
from devassist.domain.errors import NotFound
from devassist.domain.events import AgentStarted, EventType, Record, TaskFinished, TaskStarted
from devassist.domain.plan import Plan
from devassist.domain.roles import Role, may_write
from devassist.domain.settings import ModelOffer, ModelSettings, Privacy, Settings
from devassist.domain.statuses import TaskStatus
from devassist.engine.choice.agent_models import no_model
from devassist.engine.context import ModelChoice
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.params import window_for
from devassist.llm.models.prices import find_price
from devassist.llm.models.providers import server_of
from devassist.llm.models.routing import is_scripted
from devassist.store.filters import EventFilter

_MILLION = 1_000_000
_OF_ATTEMPTS = (EventType.TASK_STARTED, EventType.AGENT_STARTED, EventType.TASK_FINISHED)
_ENDED = (TaskStatus.MERGED, TaskStatus.DELIVERED, TaskStatus.FAILED)
_PACES = """SELECT model, latency_ms, output_tokens FROM model_calls
WHERE status = 'ok' AND output_tokens > 0 ORDER BY seq DESC LIMIT 5000"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAttempt:
    """A role's work in one task of the past, with one model. `kind` is the task's own role, empty for planning."""

    role: str
    kind: str
    model: str
    status: TaskStatus
    rounds: int

    @property
    def succeeded(self) -> bool:
        """
        Whether the task was delivered or merged, and without another round for whoever writes.

        A reviewer who asks for changes has not failed.
        """
        if self.status is TaskStatus.FAILED:
            return False
        return self.rounds <= 1 or not may_write(Role(self.role))


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call that was answered."""

    model: str
    latency_ms: float
    output_tokens: int


def choice_of(settings: Settings, env: Mapping[str, str]) -> ModelChoice:
    """What there is to choose from in a run with these settings."""
    model, offers = settings.model, settings.models
    candidates = tuple(_candidate(name, offer, model, env) for name, offer in offers.items())
    named = model.default != ""
    return ModelChoice(
        candidates=candidates,
        chosen=frozenset(role for role in Role if candidates and not named and role not in model.roles),
        fallbacks=model.fallbacks,
        local=local_models(settings),
    )


def local_models(settings: Settings) -> frozenset[str]:
    """The models that a table calls local, by their litellm strings, and those that are files."""
    offers = settings.models.values()
    cloud = {offer.model for offer in offers if offer.privacy is not Privacy.LOCAL}
    named = {settings.model.default, *settings.model.fallbacks, *settings.model.roles.values()}
    scripted = {model for model in named if is_scripted(model)}
    return frozenset(offer.model for offer in offers if offer.model not in cloud) | scripted


def first_models(choice: ModelChoice, configured: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """
    Role -> models: the configured ones, and for the other roles what a task would get now, by price alone.

    Raises ModelError if there is none for a role that every plan has.
    """
    models = dict(configured)
    for role in choice.chosen:
        wish = Wish(kind=Kind(role))
        chosen = choose(choice.candidates, wish, NOTHING_MEASURED)
        if chosen.candidate is not None:
            models[str(role)] = list(dict.fromkeys([chosen.candidate.model, *choice.fallbacks]))
        elif role in (Role.CODER, Role.REVIEWER, Role.ORCHESTRATOR):
            raise no_model("the run", wish, chosen)
        else:
            models[str(role)] = list(choice.fallbacks)
    return models


def secrecy_of(
    project: Project, base: str, choice: ModelChoice, models: Mapping[str, Sequence[str]], plan: Plan | None
) -> Secrecy:
    """What is hidden from the models of a run that starts at the commit `base`."""
    paths = PrivatePaths(tuple(project.settings.privacy.paths))
    if not paths and plan is None:
        return OPEN
    asked = {model for chain in models.values() for model in chain}
    asked |= {candidate.model for candidate in choice.candidates if choice.chosen}
    files = tuple(path for path in project.repository.paths_of(base) if paths.cover(path)) if paths else ()
    return Secrecy(paths=paths, files=files, cloud=bool(asked - choice.local))


def measures_of(project: Project, models: Iterable[str]) -> Measures:
    """What the log of the repository says of these models; nothing if there is no log."""
    wanted = set(models)
    try:
        with open_reader(project) as reader:
            # Not by the views: what they join would be looked up once for each of thousands of agents.
            records = reader.events(EventFilter(types=[str(type_) for type_ in _OF_ATTEMPTS]), raw=True)
            attempts = [past for past in past_attempts(records) if past.model in wanted]
            calls = [PastCall(**row) for row in reader.select(_PACES) if row["model"] in wanted]
    except NotFound:
        return NOTHING_MEASURED
    return measured(attempts, calls)


def past_attempts(records: Iterable[Record]) -> list[PastAttempt]:
    """Each role's work in each task that has ended, by model. Pure."""
    kinds: dict[tuple[str, str], str] = {}
    statuses: dict[tuple[str, str], TaskStatus] = {}
    rounds: dict[tuple[str, str, str, str], set[int]] = defaultdict(set)
    for record in records:
        event = record.event
        task = (event.run, event.task)
        match record.body:
            case TaskStarted(role=role):
                kinds[task] = role
            case TaskFinished(status=status):
                statuses[task] = status
            case AgentStarted(role=role, model=model, round=round_):
                rounds[*task, role, model].add(round_)
            case _:
                continue
    return [
        PastAttempt(
            role=role,
            kind=kinds.get((run, task), ""),
            model=model,
            status=statuses[run, task],
            rounds=len(numbers),
        )
        for (run, task, role, model), numbers in rounds.items()
        if statuses.get((run, task)) in _ENDED
    ]


def measured(attempts: Sequence[PastAttempt], calls: Sequence[PastCall]) -> Measures:
    """The measures of past work. Pure."""
    tallies: dict[tuple[str, Kind], Tally] = {}
    for attempt in attempts:
        key = (attempt.model, Kind(Role(attempt.role), attempt.kind))
        tally = tallies.get(key, Tally())
        tallies[key] = Tally(tally.attempts + 1, tally.successes + attempt.succeeded)
    paces: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        paces[call.model].append(call.latency_ms / call.output_tokens)
    return Measures(tallies=tallies, pace={model: median(pace) for model, pace in paces.items()})


def _candidate(name: str, offer: ModelOffer, settings: ModelSettings, env: Mapping[str, str]) -> Candidate:
    base = server_of(offer.model, settings.api_base, env)
    price = find_price(offer.model, priced(settings, {name: offer}).prices, base)
    entry = find_entry(offer.model)
    known = entry.max_input_tokens if entry is not None else 0
    return Candidate(
        name=name,
        model=offer.model,
        capabilities=frozenset(offer.capabilities),
        privacy=offer.privacy,
        context=offer.context or window_for(offer.model, settings) or known or 0,
        input=price.input * _MILLION if price is not None else None,
        output=price.output * _MILLION if price is not None else None,
    )
