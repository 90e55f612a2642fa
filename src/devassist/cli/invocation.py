"""The call of a command: where it runs, how much it says, and its two streams."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import typer
from rich.console import Console

from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project, open_project
from devassist.cli.global_options import GlobalOptions
from devassist.cli.own_command import call
from devassist.cli.plain_text import plain
from devassist.cli.streams import prints_any_character

_UNDECODED = re.compile("[\ud800-\udfff]")


class Format(StrEnum):
    text = "text"
    json = "json"


class StreamFormat(StrEnum):
    text = "text"
    json = "json"
    ndjson = "ndjson"


class _Console(Console):
    """Leaves a reader that is gone to the one place that turns errors into exit codes; rich would end with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@dataclass(frozen=True, slots=True)
class Invocation:
    """
    The call of one command. Answers go to stdout, and narration to stderr.

    `verbosity` counts `-v`.
    """

    host: Host = field(default_factory=Host)
    quiet: bool = False
    verbosity: int = 0

    @property
    def answers(self) -> Console:
        return _Console(highlight=False, soft_wrap=not sys.stdout.isatty(), _environ=self._terminal)

    @property
    def narration(self) -> Console:
        return _Console(
            stderr=True,
            highlight=False,
            quiet=self.quiet,
            soft_wrap=not sys.stderr.isatty(),
            _environ=self._terminal,
        )

    @property
    def _terminal(self) -> Mapping[str, str]:
        """The environment without a size that no terminal has: rich would print nothing in no columns."""
        environment = self.host.environment
        wrong = {name for name in ("COLUMNS", "LINES") if environment.get(name, "1").strip("0") == ""}
        return {name: value for name, value in environment.items() if name not in wrong}

    @property
    def interactive(self) -> bool:
        """Whether a live display may be shown: on a terminal that is not CI's."""
        ci = self.host.environment.get("CI", "").lower() in ("1", "true", "yes")
        dumb = self.host.environment.get("TERM", "") == "dumb"
        return sys.stderr.isatty() and not ci and not dumb and not self.quiet

    def command(self, words: str, *, at: str = "") -> str:
        """`devassist <words>` as it can be pasted into the shell that this call came from."""
        return call(words, sys.argv, self.host.environment, at=at)

    def say(self, text: str, *, style: str = "") -> None:
        self.narration.print(plain(text), style=style or None, markup=False)

    def suggest(self, text: str) -> None:
        """Narrate a command to type: a terminal may wrap it, but no line feed comes in between."""
        self.narration.print(plain(text), style="dim", markup=False, soft_wrap=True)

    def project(self, flags: Mapping[str, object] | None = None) -> Project:
        project = open_project(self.host, flags)
        for note in project.loaded.notes:
            self.say(f"note: {note}", style="yellow")
        return project


def of(context: typer.Context) -> Invocation:
    """The call behind a context, with the global options that were typed before the command."""
    options = context.find_object(GlobalOptions)
    if options is None:
        return Invocation()
    return Invocation(host=options.host, quiet=options.quiet, verbosity=options.verbosity)


def json_text(document: Mapping[str, object], *, indent: int | None = None) -> str:
    """JSON that no log of GitHub's takes for a workflow command; bytes of a name that are not UTF-8 are escaped."""
    text = json.dumps(document, ensure_ascii=not prints_any_character(), indent=indent, default=str)
    escaped = _UNDECODED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return escaped.replace("##[", "##\\u005b")


def print_json(document: Mapping[str, object]) -> None:
    """Print the answer as one JSON document on stdout."""
    sys.stdout.write(json_text(document, indent=2) + "\n")
    sys.stdout.flush()


def print_line(document: Mapping[str, object]) -> None:
    """Print one line of NDJSON on stdout, at once."""
    sys.stdout.write(json_text(document) + "\n")
    sys.stdout.flush()
