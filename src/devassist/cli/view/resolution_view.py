"""The output of `conflicts resolve`."""

from __future__ import annotations

import sys

import typer

from devassist.app.conflicts.resolve import Resolution, Undone, refusal
from devassist.app.documents import Json, builtins
from devassist.cli.invocation import Format, Invocation, print_json
from devassist.cli.plain_text import one_line, plain
from devassist.domain.resolutions import ResolutionStatus


def show_resolution(invocation: Invocation, resolution: Resolution | Undone, output: Format) -> None:
    """Prints a resolution; a refused one is raised as an error."""
    if output is Format.json:
        print_json(_document(resolution))
    if isinstance(resolution, Undone):
        _print_undone(invocation, resolution, output)
        return
    if resolution.status is ResolutionStatus.REFUSED:
        if output is Format.json:
            raise typer.Exit(refusal(resolution).exit_code)
        _print_dropped(invocation, resolution)
        raise refusal(resolution)
    if output is Format.json:
        return
    answers = invocation.answers
    by = f"{resolution.how} {plain(resolution.choice)}".strip()
    settled = ", ".join(resolution.conflicts)
    answers.print(f"resolved {settled} by {by}: {resolution.commit}", markup=False)
    _print_dropped(invocation, resolution)
    for beside in resolution.beside:
        where = "is still in the merge" if beside.stands else "may be in the merge too"
        answers.print(f"{beside.conflict} {where}: {one_line(beside.explanation)}", markup=False)
    if resolution.moved:
        answers.print(f"{plain(resolution.moved)} is at it now", markup=False)
    if resolution.next:
        answers.print(f"next: {resolution.next}", markup=False)
    sys.stdout.flush()


def _document(resolution: Resolution | Undone) -> Json:
    document = {"schema": "devassist.resolution/1", **builtins(resolution)}
    return {key: value for key, value in document.items() if key != "run" or value}


def _print_undone(invocation: Invocation, undone: Undone, output: Format) -> None:
    if output is Format.json:
        return
    answers = invocation.answers
    answers.print(f"{', '.join(undone.conflicts)} open again; the merge is kept at {undone.ref}")
    if undone.holding:
        answers.print(f"still merged into {one_line(', '.join(undone.holding))}", markup=False)


def _print_dropped(invocation: Invocation, resolution: Resolution) -> None:
    for line in resolution.dropped:
        where = f"{line.path}:{line.line} of {line.branch}"
        invocation.answers.print(f"dropped {one_line(where)}: {one_line(line.text)}", markup=False)
