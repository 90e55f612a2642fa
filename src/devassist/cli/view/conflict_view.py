"""What `devassist conflicts` shows: a table, a document, or both again whenever something moved."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from typing import NoReturn

from rich.text import Text

from devassist.app.conflicts import compare as comparing
from devassist.app.conflicts import ledger as life
from devassist.app.conflicts.compare import as_document, as_markdown, as_sarif
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation, print_json, print_line
from devassist.cli.plain_text import one_line, plain
from devassist.conflicts.text.staleness import Stale
from devassist.domain.conflicts import ConflictStatus, Level, Severity
from devassist.domain.errors import NotFound

_MOST_PATHS = 5
_POLL_S = 1.0
_DEEPER = frozenset({Level.TYPE, Level.BEHAVIOUR})


class ReportFormat(StrEnum):
    text = "text"
    json = "json"
    ndjson = "ndjson"
    sarif = "sarif"
    markdown = "markdown"


def show_compared(invocation: Invocation, compared: comparing.Compared, output: ReportFormat) -> None:
    """The answer of `conflicts` in the format that was asked for."""
    if output is ReportFormat.text:
        _print_table(invocation, compared)
    elif output is ReportFormat.markdown:
        invocation.answers.print(as_markdown(compared), markup=False)
    else:
        document = as_sarif(compared) if output is ReportFormat.sarif else as_document(compared)
        (print_line if output is ReportFormat.ndjson else print_json)(document)


def _print_table(invocation: Invocation, compared: comparing.Compared) -> None:
    looks = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
    stats = compared.stats
    for one in compared.conflicts:
        state = str(one.severity) if one.status is ConflictStatus.OPEN else one.status
        look = looks[one.severity] if one.status is ConflictStatus.OPEN else "dim"
        invocation.answers.print(Text.assemble((one.id, "bold"), "  ", (state, look), f"  {one.kind}"))
        invocation.answers.print(Text(f"    {one_line(one.explanation)}"))
    for note in stats.notes or ():
        invocation.say(plain(note))
    for choice in stats.tests or ():
        said = f"{choice.chosen} of {choice.of} test files of {choice.command!r} can break by merging"
        invocation.say(plain(said))
    working = [side.name for side in compared.sides if side.uncommitted]
    if working:
        invocation.say("with uncommitted work: " + ", ".join(working))
    said = f"{len(compared.conflicts)} conflicts between {stats.branches} branches ({stats.seconds} s)"
    invocation.say(said)
    for stale in compared.stale:
        invocation.answers.print(Text(stale_line(stale), "yellow"))
    if compared.order:
        invocation.say("merge in this order: " + ", ".join(compared.order))


def stale_line(stale: Stale) -> str:
    """One branch that builds on an outdated base, in a sentence."""
    paths = ", ".join(stale.paths[:_MOST_PATHS])
    more = f" and {len(stale.paths) - _MOST_PATHS} more" if len(stale.paths) > _MOST_PATHS else ""
    return plain(f"stale: {stale.branch} is {stale.behind} commits behind the base in {paths}{more}")


def follow(
    invocation: Invocation,
    project: Project,
    wanted: comparing.Comparison,
    compared: comparing.Compared,
    output: ReportFormat,
) -> NoReturn:
    """Look again until interrupted; a terminal is written over, elsewhere each answer follows the last."""
    in_place = invocation.interactive and invocation.answers.is_terminal and output is ReportFormat.text
    shown, said = _state_of(compared), ""
    while True:
        time.sleep(_POLL_S)
        try:
            # What runs something is asked for only when something moved.
            again = life.compare_and_remember(project, replace(wanted, deeper=()))
            if _state_of(again) == shown:
                continue
            shown = _state_of(again)
            again = life.compare_and_remember(project, wanted) if wanted.deeper else again
        except NotFound as error:  # a branch was deleted or renamed; it may come back
            if said != str(error):
                said = str(error)
                invocation.say(said, style="yellow")
            continue
        said = ""
        if in_place:
            invocation.answers.clear()
        show_compared(invocation, again, output)


def _state_of(compared: comparing.Compared) -> object:
    """What a look is about and what it found without running anything; it is shown again when this has changed."""
    found = [
        (one.id, one.status, one.severity, one.explanation)
        for one in compared.conflicts
        if one.level not in _DEEPER
    ]
    return [(side.name, side.tree) for side in compared.sides], found
