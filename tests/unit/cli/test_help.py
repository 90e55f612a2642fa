"""The help: whole lines, groups, examples that can be typed, and words that a person understands."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer

from devassist.cli.app import Root, app
from devassist.cli.command_table import SECTIONS
from devassist.cli.examples import EXAMPLES
from support.commands import commands

ROOT = typer.main.get_command(app)
COMMANDS = {name.removeprefix("devassist "): command for name, command in commands()}
LINES = [(name, line) for name, lines in EXAMPLES.items() for line in lines]


def help_of(*words: str) -> str:
    context: Any = ROOT.make_context("devassist", [], resilient_parsing=True)
    command: Any = ROOT
    for word in words:
        command = command.get_command(context, word)
        context = type(context)(command, info_name=word, parent=context)
    return str(command.get_help(context))


def test_every_command_of_the_root_is_in_one_group() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted({*Root.table, *Root.groups})


@pytest.mark.parametrize("words", [(), ("audit",), ("config",), ("worktrees",), ("conflicts",)])
def test_no_line_of_the_help_is_cut(words: tuple[str, ...]) -> None:
    text = help_of(*words).replace("[ARGS]...", "").replace("[BRANCH]...", "").replace("BRANCH...", "")
    assert "..." not in text


def test_every_command_has_examples_and_shows_them() -> None:
    assert set(COMMANDS) == set(EXAMPLES)
    for name in COMMANDS:
        text = help_of(*name.split())
        assert "Examples:" in text, name
        assert f"  {EXAMPLES[name][0]}\n" in f"{text}\n", name


@pytest.mark.parametrize(("name", "line"), LINES)
def test_an_example_can_be_typed(name: str, line: str) -> None:
    words = shlex.split(line.replace("cd $(", "").rstrip(")"))[1:]
    rest = words[len(name.removesuffix(" find").split()) :]
    COMMANDS[name].make_context(name, rest)


def test_the_help_of_conflicts_is_that_of_comparing_branches() -> None:
    text = help_of("conflicts")
    for word in ("[BRANCH]...", "--types", "--checks", "resolve", "Examples:"):
        assert word in text, text


def test_values_of_options_have_names_that_a_person_understands() -> None:
    text = help_of("run")
    assert "note [OPTIONS] RUN TASK TEXT" in help_of("note")
    for word in ("[OPTIONS] [GOAL]", "--max-usd USD", "--plan FILE", "--model MODEL", "--base REV"):
        assert word in text, text
    assert "FLOAT" not in text
