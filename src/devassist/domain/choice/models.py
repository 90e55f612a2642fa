"""Which model of several an agent gets: the cheapest that may, can and has done as well as the best. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean

from devassist.domain.roles import Role
from devassist.domain.settings import ModelOffer, ModelSettings, Privacy

LEAST_SAMPLES = 5
"""Fewer attempts say nothing yet: such a model stays in, and so gets its attempts."""
MARGIN = 0.1
"""How much worse than the best a model may have done."""
_PROMPT_PER_REPLY = 10
"""Tokens of a prompt that an agent pays for with each token of a reply, roughly: the price weighs them so."""
_CODE = "code"
WANTED: Mapping[Role, str] = {
    Role.ORCHESTRATOR: "reasoning",
    Role.CODER: _CODE,
    Role.TESTER: _CODE,
    Role.DOCUMENTER: "docs",
    Role.REVIEWER: _CODE,
    Role.INTEGRATOR: _CODE,
}
"""
The capability that a role asks for.

`code` is required. Any other counts only where some model has it: whoever uses no such tag asks for nothing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    A model to choose, with all that is known before the run.

    `input` and `output` are US dollars per million tokens, None where nobody knows the price; `context` is in tokens.
    """

    name: str
    model: str
    capabilities: frozenset[str] = frozenset()
    privacy: Privacy = Privacy.CLOUD
    context: int = 0
    input: float | None = None
    output: float | None = None

    @property
    def price(self) -> float | None:
        """Of a million tokens as agents use them."""
        if self.input is None or self.output is None:
            return None
        return (self.input * _PROMPT_PER_REPLY + self.output) / (_PROMPT_PER_REPLY + 1)

    def can(self, capability: str) -> bool:
        return not self.capabilities or capability in self.capabilities


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model is chosen for: a role, in the crew of a task whose own role is `task` (empty while planning)."""

    role: Role
    task: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Attempts of the past, and how many of them succeeded."""

    attempts: int = 0
    successes: int = 0

    @property
    def success(self) -> float:
        """The mean of Beta(1 + successes, 1 + failures): one of each is assumed before anything is known."""
        return (self.successes + 1) / (self.attempts + 2)

    @property
    def counts(self) -> bool:
        return self.attempts >= LEAST_SAMPLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the log says of models, by their litellm strings."""

    tallies: Mapping[tuple[str, Kind], Tally] = field(default_factory=dict)
    pace: Mapping[str, float] = field(default_factory=dict)
    """The median of milliseconds per token of a reply."""


NOTHING_MEASURED = Measures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One choice to make. `tokens` have to fit; `load` counts the calls that each model is answering now."""

    kind: Kind
    private: bool = False
    tokens: int = 0
    load: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The choice, None if no model may be taken, and why, with the figures of each."""

    candidate: Candidate | None
    reason: str


def choose(candidates: Sequence[Candidate], wish: Wish, measures: Measures) -> Chosen:
    """
    The cheapest of the models that may be taken and have done about as well as the best.

    A model may be taken if it is local where that is needed, has the capability that the role asks for, and holds the
    prompt. Its success is the mean of Beta(1 + s, 1 + f) for s successes and f failures of this role in tasks of this
    kind; it counts from 5 attempts, and is taken to be 0.5 before. A model stays in if it has fewer attempts, or if
    its mean is at most 0.1 below the highest. The price is that of ten tokens of a prompt and one of a reply; an
    unknown one counts as the highest. Equal prices are told apart by milliseconds per token of a reply, times one more
    than the calls that the model is answering in this run; a pace that nobody has measured is taken to be the mean of
    the others.
    """
    refused = {
        candidate.name: why for candidate in candidates if (why := _refusal(candidate, wish, candidates))
    }
    allowed = [candidate for candidate in candidates if candidate.name not in refused]
    tallies = {one.name: measures.tallies.get((one.model, wish.kind), Tally()) for one in allowed}
    best = max(
        (tally.success if tally.counts else Tally().success for tally in tallies.values()), default=0.0
    )
    good = [
        one for one in allowed if not tallies[one.name].counts or tallies[one.name].success >= best - MARGIN
    ]
    paces = [measures.pace[one.model] for one in good if one.model in measures.pace]
    usual = mean(paces) if paces else 1.0

    def rank(candidate: Candidate) -> tuple[bool, float, float, int]:
        pace = measures.pace.get(candidate.model, usual)
        busy = pace * (1 + wish.load.get(candidate.model, 0))
        price = candidate.price
        return price is None, price or 0.0, busy, candidates.index(candidate)

    said = [
        f"{one.name} ({one.model}): "
        + (refused.get(one.name) or _figures(one, tallies[one.name], wish, measures))
        for one in candidates
    ]
    said += [f"{one.name} does too badly" for one in allowed if one not in good]
    return Chosen(candidate=min(good, key=rank, default=None), reason="; ".join(said))


def priced(settings: ModelSettings, offers: Mapping[str, ModelOffer]) -> ModelSettings:
    """The settings with the prices that `[models.<name>]` has and `[model.prices]` has not."""
    prices = {offer.model: offer.price for offer in offers.values() if offer.price is not None}
    return replace(settings, prices={**prices, **settings.prices}) if prices else settings


def windows_of(offers: Mapping[str, ModelOffer]) -> Mapping[str, int]:
    """Tokens of prompt and reply together, by model, of the tables that say so."""
    return {offer.model: offer.context for offer in offers.values() if offer.context}


def capability_for(role: Role, candidates: Iterable[Candidate]) -> str:
    """The capability that counts for a role among these models; empty if none does."""
    wanted = WANTED.get(role, "")
    used = wanted == _CODE or any(wanted in candidate.capabilities for candidate in candidates)
    return wanted if used else ""


def _refusal(candidate: Candidate, wish: Wish, candidates: Sequence[Candidate]) -> str:
    """Why a model may not be taken; empty if it may."""
    if wish.private and candidate.privacy is not Privacy.LOCAL:
        return "not local"
    capability = capability_for(wish.kind.role, candidates)
    if capability and not candidate.can(capability):
        return f"without the capability {capability}"
    if candidate.context and candidate.context < wish.tokens:
        return f"{candidate.context:,} tokens, and about {wish.tokens:,} are needed"
    return ""


def _figures(candidate: Candidate, tally: Tally, wish: Wish, measures: Measures) -> str:
    price = candidate.price
    parts = ["price unknown" if price is None else f"{price:.4g} USD per million tokens"]
    if tally.attempts:
        few = "" if tally.counts else ", too few to count"
        parts.append(f"success {tally.success:.2f} ({tally.successes} of {tally.attempts}{few})")
    else:
        parts.append("no attempt yet")
    if candidate.model in measures.pace:
        parts.append(f"{measures.pace[candidate.model]:.0f} ms per token")
    if calls := wish.load.get(candidate.model, 0):
        parts.append(f"{calls} calls in flight")
    return ", ".join(parts)
