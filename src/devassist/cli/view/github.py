"""Output for a job on GitHub: annotations, the step's summary, and the step's outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from devassist.app import reports as reporting
from devassist.app.conflicts.compare import Compared, as_markdown
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation
from devassist.cli.workflow import command, is_job, send
from devassist.domain.conflicts import ConflictStatus, Severity
from devassist.domain.ids import result_branch
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.domain.words import counted

_MOST = 40
"""Annotations of one kind; GitHub shows ten of each in a step."""
_ROOM = 1_000_000
"""Bytes of a step's summary; GitHub refuses more than 1 MiB."""
_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def run_ended(invocation: Invocation, project: Project, state: RunState) -> None:
    """Report a run to the job. A file that cannot be written is noted, and never changes how the run ended."""
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
        lambda: reporting.report_text(reporting.load_story(project, state.run)),
    )


def run_annotations(state: RunState, prefix: str = "") -> Iterator[str]:
    """Annotations of a run, the worst first: GitHub shows only the first of many."""
    title = f"devassist run {state.run}"
    # `complain` annotates an error.
    if state.status is not RunStatus.SUCCEEDED and not state.error:
        merged = sum(task.status is TaskStatus.MERGED for task in state.work())
        text = f"{state.status}: {merged} of {counted(len(state.work()), 'task')} landed, exit code {state.exit_code}"
        yield command("error", text, title=title)
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
    """Report conflicts between branches to the job, each at its lines."""
    environment = invocation.host.environment
    if not is_job(environment):
        return
    for line in list(conflict_annotations(compared, _prefix(project, environment)))[:_MOST]:
        send(line)
    _append(invocation, "GITHUB_STEP_SUMMARY", lambda: as_markdown(compared))


def conflict_annotations(compared: Compared, prefix: str = "") -> Iterator[str]:
    """Annotations of open conflicts, one per place, the worst first."""
    ranked = sorted(compared.conflicts, key=lambda conflict: list(Severity).index(conflict.severity))
    for conflict in (conflict for conflict in ranked if conflict.status is ConflictStatus.OPEN):
        text = ". ".join(part for part in (conflict.explanation, conflict.suggestion) if part)
        level = _LEVEL[conflict.severity]
        title = f"{conflict.kind} between {' and '.join(conflict.branches)}"
        if not conflict.locations:
            yield command(level, text, file=prefix + conflict.path, title=title)
        for location in conflict.locations:
            yield command(
                level,
                f"on branch {location.branch}: {text}",
                file=prefix + location.path,
                line=location.start_line,
                endLine=location.end_line,
                title=title,
            )


def _prefix(project: Project, environment: Mapping[str, str]) -> str:
    """The path from the workspace to the repository: annotations need it if `checkout` has a path."""
    workspace = Path(environment.get("GITHUB_WORKSPACE") or project.repository.workdir).resolve()
    here = project.repository.workdir
    if here == workspace or not here.is_relative_to(workspace):
        return ""
    return f"{PurePosixPath(here.relative_to(workspace))}/"


def _append(invocation: Invocation, variable: str, make_text: Callable[[], str]) -> None:
    named = invocation.host.environment.get(variable)
    if not named:
        return
    path = Path(named)
    try:
        with path.open("ab") as out:
            room = _ROOM - os.fstat(out.fileno()).st_size
            text = make_text().encode("utf-8", "backslashreplace")
            if room < len(text):
                text = text[: max(0, room)].rpartition(b"\n\n")[0] + b"\n\nThe rest is in the report.\n"
            out.write(text)
    except OSError as error:
        invocation.say(f"note: {variable} could not be written: {error}", style="yellow")
