"""Which model is chosen: what may be taken, how success is measured, and what tells equals apart."""

from __future__ import annotations

from typing import Any

import pytest

from devassist.domain.choice.models import (
    NOTHING_MEASURED,
    Candidate,
    Kind,
    Measures,
    Tally,
    Wish,
    capability_for,
    choose,
    priced,
)
from devassist.domain.roles import Role
from devassist.domain.settings import ModelOffer, ModelPrice, ModelSettings, Privacy

CODER = Kind(Role.CODER, "coder")


def model(name: str, price: float | None = 1.0, *capabilities: str, **more: Any) -> Candidate:
    return Candidate(
        name=name, model=f"x/{name}", capabilities=frozenset(capabilities), input=price, output=price, **more
    )


def chosen(*candidates: Candidate, measures: Measures = NOTHING_MEASURED, **wish: Any) -> str:
    candidate = choose(candidates, Wish(**{"kind": CODER, **wish}), measures).candidate
    return candidate.name if candidate is not None else ""


def measures(**tallies: tuple[int, int]) -> Measures:
    """Successes and attempts by name."""
    return Measures(
        tallies={(f"x/{name}", CODER): Tally(attempts, good) for name, (good, attempts) in tallies.items()}
    )


def test_the_cheapest_is_chosen_while_nothing_is_measured() -> None:
    assert chosen(model("dear", 10), model("cheap", 1)) == "cheap"


def test_a_price_weighs_the_prompt_ten_times_as_much_as_the_reply() -> None:
    reads_dear = Candidate(name="a", model="x/a", input=2, output=2)
    writes_dear = Candidate(name="b", model="x/b", input=1, output=11.5)
    assert chosen(reads_dear, writes_dear) == "b"


def test_an_unknown_price_counts_as_the_highest() -> None:
    assert chosen(model("unknown", None), model("dear", 99)) == "dear"
    assert chosen(model("unknown", None)) == "unknown"


def test_a_coder_needs_code_and_a_model_without_tags_can_everything() -> None:
    assert chosen(model("writer", 1, "docs"), model("coder", 2, "code")) == "coder"
    assert chosen(model("writer", 1, "docs"), model("any", 2)) == "any"
    assert chosen(model("writer", 1, "docs")) == ""


def test_other_tags_count_only_where_some_model_has_them() -> None:
    plain, thinker = model("plain", 1, "code"), model("thinker", 2, "reasoning")
    planning = Kind(Role.ORCHESTRATOR)
    assert chosen(plain, kind=planning) == "plain"
    assert chosen(plain, thinker, kind=planning) == "thinker"
    assert capability_for(Role.RESEARCHER, [plain]) == ""


def test_a_private_task_gets_a_local_model_or_none() -> None:
    cloud, own = model("cloud", 1), model("own", 5, privacy=Privacy.LOCAL)
    assert chosen(cloud, own, private=True) == "own"
    assert chosen(cloud, own) == "cloud"
    assert chosen(cloud, private=True) == ""


def test_the_prompt_has_to_fit_where_the_window_is_known() -> None:
    small, large, unknown = (
        model("small", 1, context=8_000),
        model("large", 3, context=200_000),
        model("u", 2),
    )
    assert chosen(small, large, tokens=20_000) == "large"
    assert chosen(small, large, unknown, tokens=20_000) == "u"


def test_a_model_that_did_clearly_worse_than_the_best_is_out_however_cheap() -> None:
    log = measures(cheap=(3, 10), middle=(9, 10), dear=(10, 10))
    assert chosen(model("cheap", 1), model("middle", 2), model("dear", 9), measures=log) == "middle"


def test_a_few_attempts_prove_nothing() -> None:
    assert (
        chosen(model("cheap", 1), model("dear", 9), measures=measures(cheap=(0, 4), dear=(9, 9))) == "cheap"
    )
    assert chosen(model("cheap", 1), model("dear", 9), measures=measures(cheap=(0, 5), dear=(9, 9))) == "dear"


def test_a_bad_record_is_no_obstacle_if_all_have_one_and_a_reason_to_try_what_has_none() -> None:
    cheap, dear = model("cheap", 1), model("dear", 9)
    assert chosen(cheap, dear, measures=measures(cheap=(1, 9), dear=(0, 5))) == "cheap"
    assert chosen(cheap, dear, measures=measures(cheap=(1, 9))) == "dear"


def test_success_in_another_role_or_kind_of_task_does_not_count() -> None:
    log = measures(cheap=(0, 9), dear=(9, 9))
    assert (
        chosen(model("cheap", 1), model("dear", 9), kind=Kind(Role.CODER, "tester"), measures=log) == "cheap"
    )


@pytest.mark.parametrize(("good", "attempts", "mean"), [(0, 0, 0.5), (5, 5, 6 / 7), (0, 8, 0.1)])
def test_success_is_the_mean_of_the_beta_distribution(good: int, attempts: int, mean: float) -> None:
    assert Tally(attempts, good).success == pytest.approx(mean)


def test_of_equal_prices_the_faster_wins_unless_it_is_busy() -> None:
    slow, fast = model("slow"), model("fast")
    paces = Measures(pace={"x/slow": 30.0, "x/fast": 20.0})
    assert chosen(slow, fast, measures=paces) == "fast"
    assert chosen(slow, fast, measures=paces, load={"x/fast": 1}) == "slow"


def test_load_decides_where_no_pace_is_known_and_then_the_order_of_the_tables() -> None:
    assert chosen(model("a"), model("b"), load={"x/a": 1}) == "b"
    assert chosen(model("a"), model("b")) == "a"


def test_the_reason_has_the_figures_of_each() -> None:
    reason = choose(
        [model("cheap", 1), model("dear", 9), model("writer", 1, "docs")],
        Wish(kind=CODER, load={"x/dear": 2}),
        Measures(tallies=measures(cheap=(1, 8), dear=(9, 9)).tallies, pace={"x/dear": 12.3}),
    ).reason
    assert "cheap (x/cheap): 1 USD per million tokens, success 0.20 (1 of 8)" in reason
    assert "success 0.91 (9 of 9), 12 ms per token, 2 calls in flight" in reason
    assert "writer (x/writer): without the capability code" in reason
    assert reason.endswith("cheap does too badly")


def test_prices_of_the_tables_are_used_where_no_price_is_set_otherwise() -> None:
    one, other = ModelPrice(input=1, output=1), ModelPrice(input=2, output=2)
    offers = {"a": ModelOffer(model="x/a", price=one), "b": ModelOffer(model="x/b", price=one)}
    settings = ModelSettings(prices={"x/b": other})
    assert priced(settings, offers).prices == {"x/a": one, "x/b": other}
    assert priced(settings, {}) is settings
