"""A real model that is far too small ends as an honest failure, and nothing lands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from support.command_line import Done, Machine
from support.crewscript import plan, task
from support.small_model import VARIABLE, WANTED, serving

pytestmark = [
    pytest.mark.skipif(not WANTED, reason=f"{VARIABLE} is not set: it takes a model of 100 MB and llama.cpp"),
    pytest.mark.timeout(600),
]

_CHECK = "python -c 'from calc.roman import roman; assert roman(1994) == \"MCMXCIV\", roman(1994)'"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("model")) as base:
        yield base


def _run(machine: Machine, url: str, protocol: str) -> Done:
    machine.config("[model.params]\nmax_tokens = 160\ntemperature = 0.0\nseed = 1\n")
    roman = task("one", "write calc/roman.py with a function roman(n): n as a Roman numeral", tester=False)
    started = time.monotonic()
    done = machine.run(
        plan({**roman, "checks": [_CHECK]}),
        *("--model", "openai/smollm2"),
        OPENAI_API_BASE=url,
        DEVASSIST_MODEL_PROTOCOL=protocol,
    )
    print(
        f"{protocol}: {done.json['usage']} in {time.monotonic() - started:.0f} s: {done.task('one')['error']}"
    )
    return done


@pytest.mark.parametrize("protocol", ["text", "auto"])
def test_a_model_of_135_million_parameters_fails_honestly(
    make_machine: Callable[..., Machine], url: str, protocol: str
) -> None:
    machine = make_machine()
    done = _run(machine, url, protocol)
    assert done.code == 1, done
    assert done.json["result_commit"] is None
    error = done.task("one")["error"]
    assert "ended without submit_work" in error
    assert "in the text protocol" in error or "no JSON object" in error or "chose no file" in error
    asked = machine.events(done.json["run"], "model.called")
    assert all(event["data"]["status"] == "ok" for event in asked), asked
    if protocol == "text":
        assert done.json["wall_s"] < 60
