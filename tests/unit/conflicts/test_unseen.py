"""Symbols and manifests against cases by a hand that had not seen the rules: each found, and no error invented."""

from __future__ import annotations

import pytest

from corpus.unseen import Unseen, cases, errors, found_in, hits

ALL = tuple(cases())


def _named(*, expecting: bool) -> list[object]:
    return [pytest.param(one, id=one.name) for one in ALL if bool(one.expected) is expecting]


@pytest.mark.parametrize("case", _named(expecting=True))
def test_a_clash_is_told_and_nothing_else_is_an_error(case: Unseen) -> None:
    found = found_in(case)
    told = hits(case, found)
    assert told, [(str(one.severity), one.kind, one.explanation) for one in found]
    assert [one.explanation for one in errors(found) if one not in told] == []


@pytest.mark.parametrize("case", _named(expecting=False))
def test_what_merges_well_is_no_error(case: Unseen) -> None:
    assert [one.explanation for one in errors(found_in(case))] == []


def test_the_names_of_the_cases_are_their_own() -> None:
    assert len({one.name for one in ALL}) == len(ALL) >= 450
