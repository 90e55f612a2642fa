"""What the log says of models, and what tables of models come to."""

from __future__ import annotations

import pytest

from devassist.app.runs.model_choice import (
    PastAttempt,
    PastCall,
    choice_of,
    first_models,
    local_models,
    measured,
    past_attempts,
)
from devassist.domain.choice.models import Kind, Tally
from devassist.domain.errors import ModelError
from devassist.domain.events import AgentStarted, Event, Fact, Record, TaskFinished, TaskStarted
from devassist.domain.roles import Role
from devassist.domain.settings import ModelOffer, ModelPrice, ModelSettings, Privacy, Settings
from devassist.domain.statuses import TaskStatus


def attempt(
    role: str = "coder", status: TaskStatus = TaskStatus.MERGED, rounds: int = 1, kind: str = "coder"
) -> PastAttempt:
    return PastAttempt(role=role, kind=kind, model="x/m", status=status, rounds=rounds)


@pytest.mark.parametrize(
    ("past", "succeeded"),
    [
        (attempt(), True),
        (attempt(status=TaskStatus.DELIVERED), True),
        (attempt(status=TaskStatus.FAILED), False),
        (attempt(rounds=2), False),
        (attempt(role="tester", rounds=2), False),
        (attempt(role="reviewer", rounds=2), True),
        (attempt(role="orchestrator", rounds=2), True),
        (attempt(role="reviewer", status=TaskStatus.FAILED), False),
    ],
)
def test_success_is_a_delivery_without_another_round_for_whoever_writes(
    past: PastAttempt, succeeded: bool
) -> None:
    assert past.succeeded is succeeded


def test_attempts_are_counted_by_model_role_and_kind_and_paces_are_medians() -> None:
    past = [attempt(), attempt(status=TaskStatus.FAILED), attempt(role="reviewer"), attempt(kind="tester")]
    calls = [PastCall(model="x/m", latency_ms=float(ms), output_tokens=10) for ms in (100, 900, 200)]
    found = measured(past, calls)
    assert found.tallies == {
        ("x/m", Kind(Role.CODER, "coder")): Tally(2, 1),
        ("x/m", Kind(Role.REVIEWER, "coder")): Tally(1, 1),
        ("x/m", Kind(Role.CODER, "tester")): Tally(1, 1),
    }
    assert found.pace == {"x/m": 20.0}


def record(seq: int, fact: Fact, task: str) -> Record:
    return Record(seq=seq, at="", event=Event(fact, run="r", task=task))


def test_attempts_are_read_from_starts_and_the_last_end_of_each_task() -> None:
    facts: list[tuple[Fact, str]] = [
        (TaskStarted(role="coder"), "t1"),
        (AgentStarted(role="coder", round=1, model="x/m"), "t1"),
        (AgentStarted(role="reviewer", round=1, model="x/n"), "t1"),
        (AgentStarted(role="coder", round=2, model="x/m"), "t1"),
        (TaskFinished(status=TaskStatus.FAILED), "t1"),
        (TaskFinished(status=TaskStatus.MERGED), "t1"),
        (TaskStarted(role="coder"), "t2"),
        (AgentStarted(role="coder", round=1, model="x/m"), "t2"),
        (TaskFinished(status=TaskStatus.STOPPED), "t2"),
        (AgentStarted(role="orchestrator", round=1, model="x/m"), "plan"),
        (TaskFinished(status=TaskStatus.DELIVERED), "plan"),
        (AgentStarted(role="coder", round=1, model="x/m"), "t3"),
    ]
    assert past_attempts(record(at, fact, task) for at, (fact, task) in enumerate(facts)) == [
        attempt(rounds=2),
        PastAttempt(role="reviewer", kind="coder", model="x/n", status=TaskStatus.MERGED, rounds=1),
        attempt(role="orchestrator", kind="", status=TaskStatus.DELIVERED),
    ]


OFFERS = {
    "fast": ModelOffer(model="openai/gpt-4o-mini"),
    "own": ModelOffer(
        model="openai/own", privacy=Privacy.LOCAL, context=9_000, price=ModelPrice(input=1, output=2)
    ),
}


def test_a_table_is_completed_by_the_known_prices_and_windows() -> None:
    fast, own = choice_of(Settings(models=OFFERS), {}).candidates
    assert (fast.input, fast.output, fast.context) == (pytest.approx(0.15), pytest.approx(0.6), 128_000)
    assert (own.input, own.output, own.context) == (pytest.approx(1), pytest.approx(2), 9_000)


def test_roles_that_are_named_are_not_chosen_for() -> None:
    roles = {Role.CODER: "x/named"}
    assert Role.CODER not in choice_of(Settings(models=OFFERS, model=ModelSettings(roles=roles)), {}).chosen
    assert not choice_of(Settings(models=OFFERS, model=ModelSettings(default="x/y")), {}).chosen
    assert not choice_of(Settings(), {}).chosen


def test_a_model_that_two_tables_see_differently_is_not_local() -> None:
    twice = {**OFFERS, "again": ModelOffer(model="openai/own")}
    assert local_models(Settings(models=OFFERS)) == {"openai/own"}
    assert local_models(Settings(models=twice)) == frozenset()
    assert local_models(Settings(model=ModelSettings(default="scripted/demo"))) == {"scripted/demo"}


def test_the_first_models_are_those_of_the_configuration_and_the_cheapest_with_fallbacks() -> None:
    settings = Settings(models=OFFERS, model=ModelSettings(fallbacks=("x/else",)))
    models = first_models(choice_of(settings, {}), {})
    assert models["reviewer"] == ["openai/gpt-4o-mini", "x/else"]


def test_a_run_without_any_model_for_code_does_not_begin() -> None:
    writer = {"writer": ModelOffer(model="x/w", capabilities=("docs",))}
    with pytest.raises(ModelError, match="without the capability code"):
        first_models(choice_of(Settings(models=writer), {}), {})
