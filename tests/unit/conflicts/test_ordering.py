"""The merge order: every branch once, nothing in the first wave in conflict, as much in it as can be."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from devassist.conflicts.ordering import MergeOrder, planned
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus, Level, Severity, Side

NAMES = [f"b{number:02}" for number in range(20)]
names = st.integers(0, 14).map(lambda count: NAMES[:count])


def side(name: str) -> Side:
    return Side(name=name, commit=name, tree=name)


def conflict(
    one: str,
    other: str,
    *,
    severity: Severity = Severity.ERROR,
    status: ConflictStatus = ConflictStatus.OPEN,
) -> Conflict:
    return Conflict(
        level=Level.TEXT,
        kind=ConflictKind.CONTENT,
        severity=severity,
        branches=(one, other),
        path="f",
        status=status,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], set[tuple[str, str]], list[tuple[str, str]]]:
    chosen = draw(names)
    pairs = st.tuples(st.sampled_from(NAMES[:16]), st.sampled_from(NAMES[:16]))
    clash = draw(st.sets(pairs.filter(lambda pair: pair[0] < pair[1]), max_size=30))
    return chosen, clash, draw(st.lists(pairs, max_size=6))


def plan(chosen: list[str], clash: set[tuple[str, str]], edges: list[tuple[str, str]] = []) -> MergeOrder:  # noqa: B006
    return planned([conflict(*pair) for pair in sorted(clash)], map(side, chosen), edges)


@given(cases())
def test_every_branch_comes_once_and_no_wave_holds_a_conflict(case) -> None:
    chosen, clash, _edges = case
    found = plan(*case)
    assert sorted(found.sequence) == sorted(chosen)
    for wave in found.waves:
        assert not clash & {tuple(sorted(pair)) for pair in combinations(wave, 2)}
    outside = {name for pair in clash for name in pair if set(pair) - set(chosen)}
    assert not outside & set(found.landing)
    assert found == plan(*case)


@given(cases())
def test_the_first_wave_is_as_large_as_any(case) -> None:
    chosen, clash, _edges = case
    chosen = chosen[:8]
    clash = {pair for pair in clash if set(pair) <= set(chosen)}
    sizes = [
        len(some)
        for size in range(len(chosen) + 1)
        for some in combinations(chosen, size)
        if not clash & set(combinations(some, 2))
    ]
    assert len(plan(chosen, clash).landing) == max(sizes)


def test_a_star_lands_its_points_first() -> None:
    found = plan(["b00", "b01", "b02", "b03"], {("b00", "b01"), ("b00", "b02"), ("b00", "b03")})
    assert found.waves == (("b01", "b02", "b03"), ("b00",))


def test_an_edge_says_who_goes_first() -> None:
    assert plan(["b00", "b01"], set(), [("b01", "b00")]).sequence == ("b01", "b00")
    assert plan(["b00", "b01"], {("b00", "b01")}, [("b01", "b00")]).waves == (("b01",), ("b00",))
    assert plan(["b00", "b01"], set(), [("b01", "b00"), ("b00", "b01")]).sequence == ("b00", "b01")


def test_waived_conflicts_and_warnings_do_not_hold_anything_up() -> None:
    found = [
        conflict("b00", "b01", status=ConflictStatus.WAIVED),
        conflict("b00", "b02", severity=Severity.WARNING),
    ]
    assert planned(found, map(side, NAMES[:3])).landing == ("b00", "b01", "b02")


def test_what_conflicts_with_the_base_lands_last() -> None:
    found = planned([conflict("main", "b00")], map(side, NAMES[:2]))
    assert found.waves == (("b01",), ("b00",))


def test_many_branches_are_ordered_without_trying_all_choices() -> None:
    many = [f"b{number}" for number in range(300)]
    ring = [conflict(many[number - 1], many[number]) for number in range(300)]
    assert len(planned(ring, map(side, many)).landing) >= 145
