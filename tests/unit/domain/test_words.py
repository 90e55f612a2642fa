"""Numbers with their noun."""

from __future__ import annotations

import pytest

from devassist.domain.words import counted


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "conflict", "0 conflicts"),
        (1, "conflict", "1 conflict"),
        (2, "branch", "2 branches"),
        (1, "test file", "1 test file"),
        (3, "test file", "3 test files"),
    ],
)
def test_one_of_a_thing_is_not_many(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text
