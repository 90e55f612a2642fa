"""Which runs may share a forkserver, and what its environment must not hold."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest

from devassist.app.wiring.host import Host
from devassist.app.wiring.standby import standby_of, worker_world
from devassist.domain.settings import WorkerSettings

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")

ENVIRONMENT = {"HOME": "/home/ann", "PATH": "/usr/bin", "SSL_CERT_FILE": "/etc/ssl/own.pem"}


def key(**changes: str) -> str:
    standby = standby_of(Host(environment={**ENVIRONMENT, **changes}), WorkerSettings())
    assert standby is not None
    return standby.key


@pytest.mark.parametrize(
    "name", ["TERM", "PWD", "SHLVL", "TMUX_PANE", "SSH_CONNECTION", "COLUMNS", "DIRENV_DIFF"]
)
def test_another_terminal_makes_no_difference(name: str) -> None:
    assert key(**{name: "other"}) == key()


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "HF_TOKEN", "DB_PASSWORD"])
def test_another_key_makes_no_difference_because_each_worker_gets_its_own(name: str) -> None:
    assert key(**{name: "s3cret"}) == key()


@pytest.mark.parametrize(
    "name", ["SSL_CERT_FILE", "HTTPS_PROXY", "PATH", "LITELLM_LOG", "PYTHONPATH", "HOME", "LANG"]
)
def test_a_variable_that_libraries_may_read_when_they_are_imported_does(name: str) -> None:
    assert key(**{name: "/other"}) != key()


def test_other_limits_make_a_difference() -> None:
    before = key()
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (max(0, soft - 1) if soft > 0 else 0, hard))
    try:
        changed = resource.getrlimit(resource.RLIMIT_CORE) != (soft, hard)
        assert (key() != before) is changed
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def test_none_is_kept_in_ci_or_where_it_is_switched_off() -> None:
    assert standby_of(Host(environment={**ENVIRONMENT, "CI": "true"}), WorkerSettings()) is None
    assert standby_of(Host(environment=ENVIRONMENT), WorkerSettings(keep_warm=False)) is None


def test_the_forkserver_gets_no_secret_and_the_workers_get_all(tmp_path: Path) -> None:
    secret = {
        "OPENAI_API_KEY": "sk-1",
        "GITHUB_TOKEN": "gh-1",
        "PIP_INDEX_URL": "https://ann:pw@index.example/simple",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    world = worker_world(Host(environment={**ENVIRONMENT, **secret}), "bold-otter-0001", tmp_path)
    assert world.environment.items() >= secret.items()
    assert not secret.keys() & world.import_environment.keys()
    assert world.import_environment.items() >= ENVIRONMENT.items()
