"""What every command shares: where it runs, how loud it is, and its two streams."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from devassist.app.wiring.host import Host
from devassist.cli.workflow import command, send

if TYPE_CHECKING:  # the help of a command needs neither a repository nor a console
    from rich.console import Console

    from devassist.app.wiring.project import Project

_CONTROL = {code: None for code in range(32) if code not in (9, 10)} | {
    127: None,
    **dict.fromkeys(range(0x80, 0xA0)),
    **dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
}


_UNDECODED = re.compile("[\ud800-\udfff]")


class Format(StrEnum):
    text = "text"
    json = "json"


class StreamFormat(StrEnum):
    text = "text"
    json = "json"
    ndjson = "ndjson"


def plain(text: str) -> str:
    """
    Without control and direction characters: what a model or a file name says cannot move the cursor.

    Bytes that are no UTF-8 become question marks: not every terminal's encoding has a way to write them.
    """
    return text.encode("utf-8", "replace").decode().translate(_CONTROL)


def one_line(text: str) -> str:
    """As `plain`, on one line: a file's name may have any character."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def complain(fact: str, hint: str) -> None:
    """An error on stderr, quiet or not: the fact, then the next command to type."""
    send(command("error", plain(f"{fact}\nhint: {hint}" if hint else fact), title="devassist"))
    sys.stderr.write(f"error: {plain(fact)}\n")
    if hint:
        sys.stderr.write(f"hint: {plain(hint)}\n")


@dataclass(frozen=True, slots=True)
class Invocation:
    """Made once by the app's callback; commands take it from Typer's context."""

    host: Host = field(default_factory=Host)
    quiet: bool = False
    verbosity: int = 0

    @property
    def answers(self) -> Console:
        from rich.console import Console  # see above

        return Console(highlight=False, soft_wrap=not sys.stdout.isatty())

    @property
    def narration(self) -> Console:
        from rich.console import Console  # see above

        return Console(stderr=True, highlight=False, quiet=self.quiet, soft_wrap=not sys.stderr.isatty())

    @property
    def interactive(self) -> bool:
        """Whether a live display may be shown: a terminal that is not CI's."""
        ci = self.host.environment.get("CI", "").lower() in ("1", "true", "yes")
        dumb = self.host.environment.get("TERM", "") == "dumb"
        return sys.stderr.isatty() and not ci and not dumb and not self.quiet

    def say(self, text: str, *, style: str = "") -> None:
        self.narration.print(plain(text), style=style or None, markup=False)

    def project(self, flags: Mapping[str, object] | None = None) -> Project:
        from devassist.app.wiring.project import open_project  # see above

        project = open_project(self.host, flags)
        for note in project.loaded.notes:
            self.say(f"note: {note}", style="yellow")
        return project


def of(context: typer.Context) -> Invocation:
    found = context.find_object(Invocation)
    return found if found is not None else Invocation()


def at(invocation: Invocation, directory: Path | None) -> Invocation:
    if directory is None:
        return invocation
    return replace(invocation, host=replace(invocation.host, directory=directory.resolve()))


def json_text(document: Mapping[str, object], *, indent: int | None = None) -> str:
    """JSON that no log of GitHub's takes for a workflow command; bytes of a name that are no UTF-8 are escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=str)
    escaped = _UNDECODED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escaped.replace("##[", "##\\u005b")


def print_json(document: Mapping[str, object]) -> None:
    """The answer as one JSON document on stdout."""
    sys.stdout.write(json_text(document, indent=2) + "\n")
    sys.stdout.flush()


def print_line(document: Mapping[str, object]) -> None:
    """One line of NDJSON on stdout, at once."""
    sys.stdout.write(json_text(document) + "\n")
    sys.stdout.flush()
