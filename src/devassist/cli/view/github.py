"""What a job on GitHub is told: annotations, the step's summary, and the step's outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from devassist.app import reports as reporting
from devassist.app.conflicts.compare import Compared, as_markdown
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation
from devassist.cli.workflow import command, is_job, send
from devassist.domain.conflicts import Severity
from devassist.domain.ids import result_branch
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus

_MOST = 40
"""Annotations of one kind; GitHub shows ten of each in a step."""
_ROOM = 1_000_000
"""Bytes of a step's summary; GitHub refuses more than 1 MiB."""
_LEVEL = {"error": "error", "warning": "warning", "note": "notice"}


def run_ended(invocation: Invocation, project: Project, state: RunState) -> None:
    """Tell the job of a run. What cannot be written is said, and never changes how the run ended."""
    environment = invocation.host.environment
    if not is_job(environment):
        return
    for line in list(run_annotations(state, _prefix(project, environment)))[:_MOST]:
        send(line)
    outputs = {
        "run": state.run,
        "status": str(state.status),
        "exit_code": str(state.exit_code),
        "result_branch": result_branch(state.run),
        "result_commit": state.result_commit or "",
    }
    _append(
        invocation, "GITHUB_OUTPUT", lambda: "".join(f"{key}={value}\n" for key, value in outputs.items())
    )
    _append(
        invocation,
        "GITHUB_STEP_SUMMARY",
        lambda: reporting.told(reporting.load_story(project, state.run)),
    )


def run_annotations(state: RunState, prefix: str = "") -> Iterator[str]:
    """The worst first: GitHub shows only the first of many."""
    title = f"devassist run {state.run}"
    if (
        state.status is not RunStatus.SUCCEEDED and not state.error
    ):  # an error is said where it is complained of
        merged = sum(task.status is TaskStatus.MERGED for task in state.work())
        said = f"{state.status}: {merged} of {len(state.work())} tasks landed, exit code {state.exit_code}"
        yield command("error", said, title=title)
    for conflict in state.conflicts.values():
        where = prefix + conflict.path
        title = f"{conflict.kind} conflict"
        yield command(_LEVEL[conflict.severity], conflict.explanation, file=where, title=title)
    for task in state.work():
        if task.error:
            level = "error" if task.status is TaskStatus.FAILED else "warning"
            yield command(level, task.error.strip(), title=f"task {task.id} is {task.status}")
    for request in state.waiting:
        yield command("warning", request.question, title="waits for a person")
    for text in state.warnings:
        yield command("notice", text, title=title)


def conflicts_found(invocation: Invocation, project: Project, compared: Compared) -> None:
    """Tell the job of conflicts between branches, each at the lines where it is."""
    environment = invocation.host.environment
    if not is_job(environment):
        return
    for line in list(conflict_annotations(compared, _prefix(project, environment)))[:_MOST]:
        send(line)
    _append(invocation, "GITHUB_STEP_SUMMARY", lambda: as_markdown(compared))


def conflict_annotations(compared: Compared, prefix: str = "") -> Iterator[str]:
    """One per place, the worst first; nothing for what people decided."""
    ranked = sorted(compared.conflicts, key=lambda one: list(Severity).index(one.severity))
    for one in (one for one in ranked if one.status == "open"):
        said = ". ".join(part for part in (one.explanation, one.suggestion) if part)
        level, title = _LEVEL[str(one.severity)], f"{one.kind} between {' and '.join(one.branches)}"
        if not one.locations:
            yield command(level, said, file=prefix + one.path, title=title)
        for at in one.locations:
            yield command(
                level,
                f"on branch {at.branch}: {said}",
                file=prefix + at.path,
                line=at.start_line,
                endLine=at.end_line,
                title=title,
            )


def _prefix(project: Project, environment: Mapping[str, str]) -> str:
    """From the workspace to the repository: where checkout was given a path, annotations need it."""
    workspace = Path(environment.get("GITHUB_WORKSPACE") or project.repository.workdir).resolve()
    here = project.repository.workdir
    if here == workspace or not here.is_relative_to(workspace):
        return ""
    return f"{PurePosixPath(here.relative_to(workspace))}/"


def _append(invocation: Invocation, variable: str, made: Callable[[], str]) -> None:
    named = invocation.host.environment.get(variable)
    if not named:
        return
    path = Path(named)
    try:
        with path.open("ab") as out:
            room = _ROOM - os.fstat(out.fileno()).st_size
            text = made().encode("utf-8", "backslashreplace")
            if room < len(text):
                text = text[: max(0, room)].rpartition(b"\n\n")[0] + b"\n\nThe rest is in the report.\n"
            out.write(text)
    except OSError as error:
        invocation.say(f"note: {variable} could not be written: {error}", style="yellow")
