"""The traps of conftest.py hold: no test sees this machine's person, keys or network."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_socket

import devassist

ROOT = Path(__file__).parents[3]


def test_home_and_every_place_below_it_are_temporary() -> None:
    real = Path(pwd.getpwuid(os.getuid()).pw_dir)
    for name in (
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "DEVASSIST_STATE_DIR",
    ):
        assert not Path(os.environ[name]).is_relative_to(real), name
    assert Path.home() == Path(os.environ["HOME"])


def test_no_key_endpoint_or_setting_of_the_host_is_left() -> None:
    left = [name for name in os.environ if name.endswith(("_API_KEY", "_API_BASE"))]
    left += [name for name in os.environ if name.startswith("DEVASSIST_")]
    assert set(left) <= {"DEVASSIST_STATE_DIR", "DEVASSIST_REQUIRE_SANDBOXES"}
    assert "CI" not in os.environ


def test_git_knows_the_tests_identity_and_nobodys_configuration() -> None:
    shown = subprocess.run(
        ["git", "config", "--list", "--global"], capture_output=True, text=True, timeout=30, check=False
    )
    assert shown.stdout == ""
    who = subprocess.run(
        ["git", "var", "GIT_AUTHOR_IDENT"], capture_output=True, text=True, timeout=30, check=True
    )
    assert who.stdout.startswith("Test Author <author@example.com>")


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("8.8.8.8", 53)])
def test_nothing_beyond_loopback_can_be_reached(address: tuple[str, int]) -> None:
    with socket.socket() as end:
        end.settimeout(1)
        with pytest.raises((pytest_socket.SocketConnectBlockedError, UserWarning)):
            end.connect(address)


def test_loopback_can_be_reached() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 5) as end,
    ):
        assert end.getpeername() == server.getsockname()


def test_this_checkout_is_tested_here_and_in_children() -> None:
    place = ROOT / "src" / "devassist" / "__init__.py"
    assert Path(devassist.__file__) == place
    done = subprocess.run(
        [sys.executable, "-c", "import devassist; print(devassist.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert Path(done.stdout.strip()) == place
