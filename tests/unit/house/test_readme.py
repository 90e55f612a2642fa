"""The README holds: its two lines, its commands, its exit codes, its modules and its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from devassist.cli.app import app
from devassist.domain import errors

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")


def section(heading: str) -> str:
    _, found, rest = README.partition(f"\n## {heading}\n")
    assert found, heading
    return rest.partition("\n## ")[0]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that can be typed, sub-apps' included."""

    def below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        children = getattr(command, "commands", None)
        if not children:
            yield name, command
            return
        for word, child in children.items():
            yield from below(f"{name} {word}", child)

    return below("devassist", typer.main.get_command(app))


ALL = dict(commands())


def test_the_quick_start_is_two_lines_that_can_be_pasted() -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section("Quick start"), re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks] == ["sh", "sh"]
    assert [text.count("\n") for _, text in blocks] == [1, 1]
    assert "devassist demo" in blocks[0][1]
    assert "tests/requirements.lock" in blocks[1][1]
    assert "pytest" in blocks[1][1]


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_is_in_the_readme_and_has_help(name: str) -> None:
    assert f"`{name}`" in section("Commands")
    assert (ALL[name].help or "").strip().endswith(".")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_and_argument_has_help(name: str) -> None:
    silent = [one.name for one in ALL[name].params if not getattr(one, "help", None) and one.name != "help"]
    assert silent == []


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `(devassist [a-z ]+)` \|", section("Commands"), re.MULTILINE))
    assert named == set(ALL)


def test_the_exit_codes_are_those_of_the_errors() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Commands"), re.MULTILINE)}
    tree = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.DevassistError)
    ]
    assert {one.exit_code for one in tree} | {0} == listed


def test_every_module_of_the_code_map_is_there() -> None:
    for name in re.findall(
        r"`([\w/.]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", section("Where things are"), re.MULTILINE))
    ):
        places = (ROOT / "src" / "devassist" / name, ROOT / "src" / "devassist" / f"{name}.py")
        assert any(one.exists() for one in places), name


def test_every_package_is_in_the_code_map() -> None:
    packages = [one.parent.name for one in (ROOT / "src" / "devassist").glob("*/__init__.py")]
    for name in packages:
        assert f"`{name}" in section("Where things are"), name


def test_links_lead_to_files_that_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (ROOT / target).exists(), target
