"""Honest work lands by itself, unless only a person can know whether it is right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.gate.bench import Case, Fate, Gates, fate
from support.gate.honest_work import ASKED, HONEST


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    gates = Gates(tmp_path_factory.mktemp("gates"))
    yield gates
    gates.close()


@pytest.mark.parametrize("case", HONEST.values(), ids=HONEST.keys())
def test_an_honest_change_is_neither_stopped_nor_asked_about(gates: Gates, case: Case) -> None:
    judgement = gates.judge(case)
    assert fate(judgement) is case.expected, judgement


@pytest.mark.parametrize("case", ASKED.values(), ids=ASKED.keys())
def test_what_only_a_person_can_know_is_one_keypress_away(gates: Gates, case: Case) -> None:
    judgement = gates.judge(case)
    assert fate(judgement) is case.expected, judgement


def test_each_question_and_each_remark_has_its_reason() -> None:
    cases = {**HONEST, **ASKED}
    assert [
        name for name, case in cases.items() if bool(case.why) != (case.expected is not Fate.SILENT)
    ] == []
    assert {case.expected for case in HONEST.values()} == {Fate.SILENT, Fate.SAID}
    assert len(HONEST) >= 25
