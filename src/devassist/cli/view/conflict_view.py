"""The output of `devassist conflicts`: a list or a document, again whenever a branch moved."""

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
from devassist.domain.words import counted

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
    """Print the answer of `conflicts` in this format."""
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
    for conflict in compared.conflicts:
        is_open = conflict.status is ConflictStatus.OPEN
        state = str(conflict.severity) if is_open else conflict.status
        look = looks[conflict.severity] if is_open else "dim"
        head = Text.assemble((conflict.id, "bold"), "  ", (state, look), f"  {conflict.kind}")
        invocation.answers.print(head)
        invocation.answers.print(Text(f"    {one_line(conflict.explanation)}"))
    for note in stats.notes or ():
        invocation.say(plain(note))
    for choice in stats.tests or ():
        fact = (
            f"{choice.chosen} of {counted(choice.of, 'test file')} of {choice.command!r} can break by merging"
        )
        invocation.say(plain(fact))
    working = [side.name for side in compared.sides if side.uncommitted]
    if working:
        invocation.say("with uncommitted work: " + ", ".join(working))
    count, branches = len(compared.conflicts), stats.branches if isinstance(stats.branches, int) else 0
    invocation.say(f"{counted(count, 'conflict')} between {counted(branches, 'branch')} ({stats.seconds} s)")
    for stale in compared.stale:
        invocation.answers.print(Text(stale_line(stale), "yellow"))
    if compared.order:
        invocation.say("merge in this order: " + ", ".join(compared.order))


def stale_line(stale: Stale) -> str:
    """One branch that builds on an outdated base, in a sentence."""
    paths = ", ".join(stale.paths[:_MOST_PATHS])
    more = f" and {len(stale.paths) - _MOST_PATHS} more" if len(stale.paths) > _MOST_PATHS else ""
    return plain(
        f"stale: {stale.branch} is {counted(stale.behind, 'commit')} behind the base in {paths}{more}"
    )


def follow(
    invocation: Invocation,
    project: Project,
    wanted: comparing.Comparison,
    compared: comparing.Compared,
    output: ReportFormat,
) -> NoReturn:
    """Compare again until interrupted. A terminal is overwritten; elsewhere each answer follows the last."""
    in_place = invocation.interactive and invocation.answers.is_terminal and output is ReportFormat.text
    shown, complaint = _state_of(compared), ""
    while True:
        time.sleep(_POLL_S)
        try:
            # The levels that run commands are compared only if something moved.
            again = life.compare_and_remember(project, replace(wanted, deeper=()))
            if _state_of(again) == shown:
                continue
            shown = _state_of(again)
            again = life.compare_and_remember(project, wanted) if wanted.deeper else again
        except NotFound as error:  # a branch was deleted or renamed; it may come back
            if complaint != str(error):
                complaint = str(error)
                invocation.say(complaint, style="yellow")
            continue
        complaint = ""
        if in_place:
            invocation.answers.clear()
        show_compared(invocation, again, output)


def _state_of(compared: comparing.Compared) -> object:
    """The branches of a comparison and the conflicts that were found by reading. It is shown again if they changed."""
    conflicts = [
        (conflict.id, conflict.status, conflict.severity, conflict.explanation)
        for conflict in compared.conflicts
        if conflict.level not in _DEEPER
    ]
    return [(side.name, side.tree) for side in compared.sides], conflicts
