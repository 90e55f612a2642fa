"""Commands, scripts and targets that two branches give one name."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    Files,
    Workshop,
    view,
)

CLICK = "import click\n\n@click.group()\ndef cli():\n    pass\n"


TYPER = "import typer\napp = typer.Typer()\n"


ARGPARSE = "import argparse\n\ndef main():\n    parser = argparse.ArgumentParser()\n    sub = parser.add_subparsers()\n"


def argument(*lines: str) -> dict[str, str | None]:
    return {"cli.py": ARGPARSE + "".join(f"    {one}\n" for one in lines)}


def scripts(body: str) -> dict[str, str | None]:
    return {"package.json": f'{{\n  "scripts": {{\n    {body}\n  }}\n}}\n'}


COMMANDS = {
    "click": (
        {"cli.py": CLICK},
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command(name='sync')", "b", head=CLICK, path="cli.py"),
        ["error duplicate-command command sync"],
    ),
    "click by function": (
        {"cli.py": CLICK},
        view("cli.command()", "sync_all", head=CLICK, path="cli.py"),
        view("cli.command('sync-all')", "b", head=CLICK, path="cli.py"),
        ["error duplicate-command command sync-all"],
    ),
    "click same": (
        {"cli.py": CLICK},
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        [],
    ),
    "click other groups": (
        {},
        view("one.command('sync')", "a", head=CLICK.replace("cli", "one"), path="one.py"),
        view("two.command('sync')", "b", head=CLICK.replace("cli", "two"), path="two.py"),
        [],
    ),
    "click base has it": (
        view("cli.command('sync')", "a", head=CLICK, path="cli.py"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py", body="2"),
        view("cli.command('sync')", "a", head=CLICK, path="cli.py", body="3"),
        [],
    ),
    "typer across files": (
        {"cli/app.py": TYPER},
        view("app.command()", "sync", head="from cli.app import app\n", path="cli/one.py"),
        view("app.command('sync')", "b", head="from cli.app import app\n", path="cli/two.py"),
        ["error duplicate-command command sync"],
    ),
    "argparse": (
        argument(),
        argument("p = sub.add_parser('sync', help='a')"),
        argument("q = sub.add_parser('sync', help='b')"),
        ["error duplicate-command command sync"],
    ),
    "argparse arguments": (
        argument(),
        argument("p = sub.add_parser('sync')", "p.add_argument('--a')"),
        argument("p = sub.add_parser('sync')", "p.add_argument('--b')"),
        ["error duplicate-command command sync"],
    ),
    "argparse same": (
        argument(),
        argument("p = sub.add_parser('sync')"),
        argument("p = sub.add_parser('sync')"),
        [],
    ),
    "argparse other": (
        argument(),
        argument("p = sub.add_parser('sync')"),
        argument("p = sub.add_parser('push')"),
        [],
    ),
    "npm scripts": (
        scripts('"a": "x"'),
        scripts('"a": "x", "lint": "eslint ."'),
        scripts('"a": "x", "lint": "biome check"'),
        ["error duplicate-command npm script lint"],
    ),
    "npm scripts same": (
        scripts('"a": "x"'),
        scripts('"a": "x", "lint": "eslint ."'),
        scripts('"lint": "eslint  .", "a": "x"'),
        [],
    ),
    "npm scripts changed": (
        scripts('"a": "x"'),
        scripts('"a": "y"'),
        scripts('"a": "z"'),
        ["warning duplicate-command npm script a"],
    ),
    "entry points": (
        {},
        {"pyproject.toml": "[project.scripts]\ntool = 'a:main'\n"},
        {"pyproject.toml": "[project.scripts]\ntool = 'b:main'\n"},
        ["error duplicate-command entry point tool"],
    ),
    "entry points same": (
        {},
        {"pyproject.toml": "[project.scripts]\ntool = 'a:main'\n"},
        {"pyproject.toml": "[project.scripts]\ntool = 'a: main'\n"},
        [],
    ),
    "make": (
        {"Makefile": "all:\n\ttrue\n"},
        {"Makefile": "all:\n\ttrue\n\nlint:\n\truff check\n"},
        {"Makefile": "lint:\n\tflake8\n\nall:\n\ttrue\n"},
        ["error duplicate-command make target lint"],
    ),
    "make, only what it needs": (
        {},
        {"Makefile": ".PHONY: lint\nlint: a\n"},
        {"Makefile": ".PHONY: lint\nlint: b\n\tflake8\n"},
        [],
    ),
    "make variables": ({}, {"Makefile": "lint := a\nX = a: b\n"}, {"Makefile": "lint := b\nX = a: c\n"}, []),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), COMMANDS.values(), ids=COMMANDS)
def test_commands(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)
