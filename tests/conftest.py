"""The traps: no test reads this machine's home, configuration, keys or network, and none imports another checkout."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.warm import Warm
from support.zygote import Zygote

SRC = Path(__file__).parents[1] / "src"
_KEY_ENDINGS = ("_API_KEY", "_API_BASE", "_BASE_URL", "_PROXY", "_proxy")
_FOREIGN = ("DEVASSIST_", "GIT_", "XDG_", "CREWAI_", "LITELLM_", "OTEL_")
_KEPT = ("DEVASSIST_REQUIRE_SANDBOXES", "GIT_SSL_CAINFO")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.com",
    "GIT_COMMITTER_NAME": "Test Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.com",
}
_OFFLINE = {
    # Children import this very tree, whatever is installed: a worktree's tests test the worktree.
    "PYTHONPATH": os.pathsep.join(filter(None, [str(SRC), os.environ.get("PYTHONPATH", "")])),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "PYTHON_DOTENV_DISABLED": "1",
}

# The machine is shared and cold at times: laws are checked on few cases quickly, not against the clock.
settings.register_profile(
    "devassist", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("devassist"), max_examples=10)
settings.load_profile("devassist")
# An interpreter that may not keep what it compiled compiles it again in every process that a test starts.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _clean(environment: dict[str, str]) -> dict[str, str]:
    """What is left of the host's environment: nothing that names a person, a key, a server or a run."""
    return {
        name: value
        for name, value in environment.items()
        if name in _KEPT
        or not (name.startswith(_FOREIGN) or name.endswith(_KEY_ENDINGS) or name in ("CI", "TERM"))
    }


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New home directories. Numbered here, since `mktemp` lists all of them to find the next number."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _traps(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    home = next(_homes)
    home.mkdir()
    own = _clean(dict(os.environ))
    for name in [name for name in os.environ if name not in own]:
        monkeypatch.delenv(name)
    places = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_CACHE_HOME": home / ".cache",
        "DEVASSIST_STATE_DIR": home / "devassist-state",
    }
    for name, value in {**_OFFLINE, **_IDENTITY, **places}.items():
        monkeypatch.setenv(name, str(value))


_LONGEST_FIRST = ({"e2e", "faults"}, {"contracts", "engine", "evidence", "git", "llm"})
"""Folders whose tests start whole runs, and then those whose tests start other programs."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the files that take long to the front, so that no worker is left alone with one at the end."""

    def turn(item: pytest.Item) -> int:
        folders = set(item.nodeid.partition("::")[0].split("/"))
        return next((n for n, names in enumerate(_LONGEST_FIRST) if folders & names), len(_LONGEST_FIRST))

    items.sort(key=turn)


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that commands are forked from; one for each process of the tests."""
    with Zygote() as process:
        yield process


@pytest.fixture(scope="session")
def imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """CrewAI, imported once for all runs of this process."""
    with Warm(tmp_path_factory.mktemp("warm")) as warm:
        yield warm.path
