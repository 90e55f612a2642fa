"""The supported type checkers: the command of each, and how its output is read. Pure."""

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
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+)(?::\d+)?: error(?:\[(?P<rule>[\w-]+)\])?:? (?P<message>.*)$"
)
_TSC = re.compile(r"^(?P<path>[^\s(][^(\n]*)\((?P<line>\d+),\d+\): error (?P<rule>TS\d+): (?P<message>.*)$")
_TSC_ANYWHERE = re.compile(r"^error (?P<rule>TS2\d+): (?P<message>.*)$")
_MYPY_RULE = re.compile(r"\s+\[([\w-]+)\]$")
_NUMBERS = re.compile(r"\b(line|column|lines) \d+(?:-\d+)?")


class Diagnostic(NamedTuple):
    """One error from a checker; `message` does not depend on the line."""

    path: str
    line: int
    message: str
    rule: str = ""


class CannotRead(ValueError):
    """The output of a checker has an unknown format."""


@dataclass(frozen=True, slots=True)
class Checker:
    """
    A program that checks the types of one language.

    `command` is for `/bin/sh -c` in a tree and writes diagnostics to stdout. `exit_codes` are those of a completed
    check. `configured` are files, and tables of pyproject.toml, that show that a project uses it.
    """

    name: str
    language: str
    exit_codes: frozenset[int]
    arguments: str
    reads: Callable[[str, str], Sequence[Diagnostic]]
    configured: tuple[str, ...] = ()
    environment_option: str = ""
    """The option for the project's virtual environment; {environment} stands for its directory."""

    def command(self, program: Path, *, environment: Path | None, targets: str) -> str:
        option = self.environment_option.format(environment=environment) if environment is not None else ""
        return " ".join(filter(None, [shlex.quote(str(program)), self.arguments, option, targets]))

    def read(self, output: str, root: str) -> list[Diagnostic]:
        """The errors in its output. `root` is the directory that the tree was in. Raises CannotRead."""
        return [
            diagnostic._replace(
                path=diagnostic.path.removeprefix(f"{root}/").removeprefix("./"),
                message=_NUMBERS.sub(r"\1 N", diagnostic.message.replace(f"{root}/", "")),
            )
            for diagnostic in self.reads(output, root)
        ]


def _lines(pattern: re.Pattern[str]) -> Callable[[str, str], Sequence[Diagnostic]]:
    def read(output: str, _root: str) -> Iterator[Diagnostic]:
        for line in output.splitlines():
            match = pattern.match(line)
            if match is not None:
                message, rule = match["message"], match["rule"] or ""
                trailing = _MYPY_RULE.search(message)
                if not rule and trailing is not None:
                    message, rule = message[: trailing.start()], trailing[1]
                yield Diagnostic(match["path"], int(match["line"]), message.strip(), rule)

    return lambda output, root: list(read(output, root))


def _tsc(output: str, root: str) -> Sequence[Diagnostic]:
    """Includes errors about the whole project that do not stop the compiler, such as a missing type library."""
    matches = [_TSC_ANYWHERE.match(line) for line in output.splitlines()]
    project = [Diagnostic("tsconfig.json", 1, match["message"], match["rule"]) for match in matches if match]
    return [*_lines(_TSC)(output, root), *project]


def _pyright(output: str, _root: str) -> Sequence[Diagnostic]:
    try:
        report = json.loads(output[output.index("{") :])
        return [
            Diagnostic(
                str(error["file"]),
                error["range"]["start"]["line"] + 1,
                str(error["message"]),
                str(error.get("rule", "")),
            )
            for error in report["generalDiagnostics"]
            if error["severity"] == "error"
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
"""In order of preference for a project that has configured none."""


def targets(checker: Checker, read: Callable[[str], str | None]) -> str:
    """
    The arguments that name what to check: none if the project's configuration does, else those for everything.

    `read` gives the text of a file of the tree.
    """
    if checker.name != "mypy":
        return ""
    for name in ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"):
        text = read(name) or ""
        if re.search(r"^\s*(files|packages|modules)\s*=", _section(text, "mypy"), re.MULTILINE):
            return ""
    return "--namespace-packages --explicit-package-bases ."


def is_configured(checker: Checker, read: Callable[[str], str | None]) -> bool:
    """Whether the project has a configuration for this checker."""
    return any(
        bool(re.search(rf"^{re.escape(sign)}", read("pyproject.toml") or "", re.MULTILINE))
        if sign.startswith("[")
        else read(sign) is not None
        for sign in checker.configured
    )


def _section(text: str, name: str) -> str:
    section = re.search(rf"^\[(?:tool\.)?{name}\]\s*$(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    return section[1] if section is not None else ""
