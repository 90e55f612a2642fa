"""The manual page has every command, option and exit code, and is valid roff."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from devassist.cli.manual import manual
from devassist.domain import errors
from support.commands import commands

PAGE = manual()
PLAIN = PAGE.replace("\\-", "-")


def test_every_command_and_every_option_is_in_it() -> None:
    for name, command in commands():
        assert f".SS {name.removesuffix(' find')} " in PLAIN, name
        for parameter in command.params:
            for flag in parameter.opts if parameter.param_type_name == "option" else ():
                assert flag in PLAIN, (name, flag)


def test_every_exit_code_of_an_error_is_in_it() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    for code in {one.exit_code for one in classes if issubclass(one, errors.DevassistError)}:
        assert f".B {code}\n" in PLAIN


def test_no_line_is_taken_for_a_request_that_is_none() -> None:
    requests = {line.split()[0] for line in PAGE.splitlines() if line.startswith((".", "'"))}
    assert requests <= {".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".nf", ".fi"}


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff on this machine")
def test_groff_reads_it_without_a_complaint() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww"], input=PAGE, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
