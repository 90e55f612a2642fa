"""The gate with test runners of other languages than Python's: the same verdicts on the same changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.gate.bench import Gates, fate
from support.gate.other_runners import LANGUAGES, is_here


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    gates = Gates(tmp_path_factory.mktemp("gates"))
    yield gates
    gates.close()


@pytest.mark.parametrize("case", next(iter(LANGUAGES.values())).cases())
@pytest.mark.parametrize("name", LANGUAGES)
def test_a_change_has_the_same_fate_in_every_language(gates: Gates, name: str, case: str) -> None:
    language = LANGUAGES[name]
    if not is_here(language):
        pytest.skip(f"{language.program} is not installed")
    played = language.cases()[case]
    judgement = gates.judge(played)
    assert fate(judgement) is played.expected, judgement
