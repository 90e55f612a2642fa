"""Which commands have a pipe, and the shell they get."""

from __future__ import annotations

import subprocess

import pytest

from devassist.sandbox.shell import has_pipe, shell


@pytest.mark.parametrize(
    "command",
    [
        "pytest | tail -1",
        "pytest|tail",
        "pytest 2>&1 |& tail",
        'x="$(pytest | tail -1)"; echo "$x"',
        'echo "`pytest | tail`"',
        "false || pytest | tail",
        "grep 'a|b' f | wc -l",
        'echo "$(date)" | tee "x"',
        "cat <<EOF\nit's\nEOF\npytest | tail\necho 'x'",
        "true # it's\npytest | tail # it's",
    ],
)
def test_a_pipe_is_seen(command: str) -> None:
    assert has_pipe(command)


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q",
        "pytest || true",
        "grep 'a|b' f",
        'grep -E "a|b$" f',
        'grep -E "a\\"|b" f',
        "grep a\\|b f",
        "echo x >| f",
    ],
)
def test_what_only_looks_like_a_pipe_is_none(command: str) -> None:
    assert not has_pipe(command)
    assert shell(command) == ("/bin/sh", "-c", command)


def test_a_pipe_fails_with_any_part_of_it() -> None:
    assert subprocess.run(shell("exit 3 | cat"), check=False).returncode == 3
    assert subprocess.run(shell("true | cat"), check=False).returncode == 0
