"""Something that is amiss in the state of runs; and what is only reported, because a person has to judge it."""

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
    """One thing that is not as it should be. Without `act` it is for a person to judge: `hint` says how."""

    what: str
    path: str
    before: str
    after: str = ""
    run: str = ""
    hint: str = ""
    act: Callable[[], object] | None = None

    def as_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("what", "path", "before", "after", "run", "hint")}


def left_to_judge(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    """Intents without an end, worktrees of no known run, objects that are gone. Nothing of it is touched."""
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
    for one in list_worktrees(project.repository):
        if one.ours and one.name not in names and not any(one.name.startswith(f"da-{run}-") for run in live):
            hint = f"look at {one.path}, then: git worktree remove --force {one.path}"
            yield Damage(what="unknown worktree", path=one.name, before="no run of the log has it", hint=hint)
    for missing in missing_objects(project.repository):
        hint = "git fsck --connectivity-only; restore the object from a clone or a backup"
        yield Damage(what="missing object", path=missing.ref, before=f"it needs {missing.id}", hint=hint)
