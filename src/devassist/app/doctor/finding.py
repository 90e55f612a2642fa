"""Damage to the state of runs, and the damage that is only reported because a person has to judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from devassist.app.doctor.dead_runs import DeadRun
from devassist.app.runs.ownership import live_runs
from devassist.app.wiring.project import Project
from devassist.domain.ids import worktree_name
from devassist.domain.statuses import RunStatus
from devassist.git.repair.refs import missing_objects
from devassist.git.worktree.listing import list_worktrees


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """
    One damage: `what` it is, `path` where it is, `before` how it is and `after` how `act` leaves it.

    Without `act` it is for a person to judge, and `hint` says how. `run` is empty if it belongs to no run.
    """

    what: str
    path: str
    before: str
    after: str = ""
    run: str = ""
    hint: str = ""
    act: Callable[[], object] | None = None


def left_to_judge(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    """Intents without an end, worktrees of no known run, missing objects. None of it is repaired."""
    for run in runs:
        if run.state.discarded or run.state.status is RunStatus.SUCCEEDED:
            continue
        for intent in run.open_intents:
            about = f"{intent.event.agent or intent.event.task or run.state.run}: {intent.type}"
            hint = f"devassist resume {run.state.run}"
            yield Damage(
                what="open intent", path=about, before=f"event {intent.seq}", run=run.state.run, hint=hint
            )
    names = {name for run in runs for name in (*run.worktrees, worktree_name(run.state.run, "integration"))}
    live = live_runs(project)
    for worktree in list_worktrees(project.repository):
        name = worktree.name
        if worktree.ours and name not in names and not any(name.startswith(f"da-{run}-") for run in live):
            hint = f"look at {worktree.path}, then: git worktree remove --force {worktree.path}"
            yield Damage(what="unknown worktree", path=name, before="no run of the log has it", hint=hint)
    for missing in missing_objects(project.repository):
        hint = "git fsck --connectivity-only; restore the object from a clone or a backup"
        yield Damage(what="missing object", path=missing.ref, before=f"it needs {missing.id}", hint=hint)
