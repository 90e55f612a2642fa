"""Ways to a false success: each is stopped, asked about, or said. None lands in silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.gate.bench import Case, Fate, Gates, fate
from support.gate.tricks import TRICKS


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    gates = Gates(tmp_path_factory.mktemp("gates"))
    yield gates
    gates.close()


@pytest.mark.parametrize("case", TRICKS.values(), ids=TRICKS.keys())
def test_no_trick_lands_in_silence(gates: Gates, case: Case) -> None:
    judgement = gates.judge(case)
    assert fate(judgement) is case.expected, judgement


def test_what_is_only_said_has_a_reason() -> None:
    weak = (Fate.SAID, Fate.UNVERIFIED)
    assert [name for name, case in TRICKS.items() if (case.expected in weak) != bool(case.why)] == []
    assert len(TRICKS) >= 60
