"""Type checkers: which there are, how each is asked, and how its answer is read. Pure."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PYTHON, TYPESCRIPT = "python", "typescript"
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    PYTHON: (".py", ".pyi"),
    TYPESCRIPT: (".ts", ".tsx", ".mts", ".cts"),
}

_LINE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+)(?::\d+)?: error(?:\[(?P<rule>[\w-]+)\])?:? (?P<said>.*)$"
)
_TSC = re.compile(r"^(?P<path>[^\s(][^(\n]*)\((?P<line>\d+),\d+\): error (?P<rule>TS\d+): (?P<said>.*)$")
_TSC_ANYWHERE = re.compile(r"^error (?P<rule>TS2\d+): (?P<said>.*)$")
_MYPY_RULE = re.compile(r"\s+\[([\w-]+)\]$")
_NUMBERS = re.compile(r"\b(line|column|lines) \d+(?:-\d+)?")


class Diagnostic(NamedTuple):
    """One objection of a checker; `message` says the same wherever in the file it is."""

    path: str
    line: int
    message: str
    rule: str = ""


class CannotRead(ValueError):
    """The answer of a checker is none that is known."""


@dataclass(frozen=True, slots=True)
class Checker:
    """
    A program that checks the types of one language.

    `command` is for `/bin/sh -c` in a tree, with what it answers on stdout; `configured` are files, and tables of
    pyproject.toml, that say a project has chosen it. It ends with one of `ends` when it did its work.
    """

    name: str
    language: str
    ends: frozenset[int]
    arguments: str
    reads: Callable[[str, str], Sequence[Diagnostic]]
    configured: tuple[str, ...] = ()
    environment_option: str = ""
    """How it is told of the project's virtual environment: {environment} stands for the directory."""

    def command(self, program: Path, *, environment: Path | None, targets: str) -> str:
        option = self.environment_option.format(environment=environment) if environment is not None else ""
        return " ".join(filter(None, [shlex.quote(str(program)), self.arguments, option, targets]))

    def read(self, output: str, root: str) -> list[Diagnostic]:
        """What it objects to. `root` is where the tree stood. Raises CannotRead."""
        return [
            one._replace(
                path=one.path.removeprefix(f"{root}/").removeprefix("./"),
                message=_NUMBERS.sub(r"\1 N", one.message.replace(f"{root}/", "")),
            )
            for one in self.reads(output, root)
        ]


def _lines(pattern: re.Pattern[str]) -> Callable[[str, str], Sequence[Diagnostic]]:
    def read(output: str, _root: str) -> Iterator[Diagnostic]:
        for line in output.splitlines():
            found = pattern.match(line)
            if found is not None:
                said, rule = found["said"], found["rule"] or ""
                trailing = _MYPY_RULE.search(said)
                if not rule and trailing is not None:
                    said, rule = said[: trailing.start()], trailing[1]
                yield Diagnostic(found["path"], int(found["line"]), said.strip(), rule)

    return lambda output, root: list(read(output, root))


def _tsc(output: str, root: str) -> Sequence[Diagnostic]:
    """Also what it says of the whole project and goes on after: a missing type library, say."""
    found = [_TSC_ANYWHERE.match(line) for line in output.splitlines()]
    whole = [Diagnostic("tsconfig.json", 1, one["said"], one["rule"]) for one in found if one is not None]
    return [*_lines(_TSC)(output, root), *whole]


def _pyright(output: str, _root: str) -> Sequence[Diagnostic]:
    try:
        found = json.loads(output[output.index("{") :])
        return [
            Diagnostic(
                str(one["file"]),
                one["range"]["start"]["line"] + 1,
                str(one["message"]),
                str(one.get("rule", "")),
            )
            for one in found["generalDiagnostics"]
            if one["severity"] == "error"
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRead(str(error)) from error


CHECKERS = (
    Checker(
        "ty",
        PYTHON,
        frozenset((0, 1)),
        "check --output-format concise --no-progress --color never",
        _lines(_LINE),
        ("ty.toml", "[tool.ty"),
        "--python {environment}",
    ),
    Checker(
        "mypy",
        PYTHON,
        frozenset((0, 1, 2)),
        "--no-error-summary --no-pretty --hide-error-context --no-color-output --show-error-codes"
        ' --check-untyped-defs --cache-dir "$HOME/.mypy"',
        _lines(_LINE),
        ("mypy.ini", ".mypy.ini", "[tool.mypy"),
        "--python-executable {environment}/bin/python",
    ),
    Checker(
        "pyright",
        PYTHON,
        frozenset((0, 1)),
        "--outputjson",
        _pyright,
        ("pyrightconfig.json", "[tool.pyright"),
        "--pythonpath {environment}/bin/python",
    ),
    Checker(
        "tsc",
        TYPESCRIPT,
        frozenset((0, 1, 2)),
        "--noEmit --pretty false --incremental false",
        _tsc,
        ("tsconfig.json",),
    ),
)
"""In the order of preference where a project has not chosen."""


def targets(checker: Checker, read: Callable[[str], str | None]) -> str:
    """What to check: what the project's configuration says, else all of it. `read` gives a file of the tree."""
    if checker.name != "mypy":
        return ""
    for name in ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"):
        text = read(name) or ""
        if re.search(r"^\s*(files|packages|modules)\s*=", _section(text, "mypy"), re.MULTILINE):
            return ""
    return "--namespace-packages --explicit-package-bases ."


def is_chosen(checker: Checker, read: Callable[[str], str | None]) -> bool:
    """Has the project configured this checker."""
    return any(
        bool(re.search(rf"^{re.escape(sign)}", read("pyproject.toml") or "", re.MULTILINE))
        if sign.startswith("[")
        else read(sign) is not None
        for sign in checker.configured
    )


def _section(text: str, name: str) -> str:
    found = re.search(rf"^\[(?:tool\.)?{name}\]\s*$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found is not None else ""
