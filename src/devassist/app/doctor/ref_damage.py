"""Refs of runs that were torn or deleted, with the commits that the reflog and the audit log have for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from devassist.app.doctor.dead_runs import DeadRun
from devassist.app.doctor.finding import Damage
from devassist.app.wiring.project import Project
from devassist.git.repair.refs import broken_refs, readable, restore


def torn_refs(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    """Refs that are empty, torn, or at an object that does not exist."""
    tips: dict[str, str] = {}
    for run in runs:
        tips |= run.tips
    ids = [run.state.run for run in runs]
    for broken in broken_refs(project.repository, tips):
        run_id = next((id_ for id_ in ids if f"/{id_}" in broken.ref), "")
        certain = bool(broken.after and run_id)
        yield Damage(
            what="broken ref",
            path=broken.ref,
            before=broken.before or "empty",
            after=broken.after,
            run=run_id,
            hint="" if certain else f"git reflog {broken.ref} shows what it was",
            act=partial(restore, project.repository, broken) if certain else None,
        )


def deleted_branches(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    """Branches that were deleted under a worktree: without them its commits have no name and it cannot be read."""
    repository = project.repository
    for run in runs:
        for recorded in run.worktrees.values():
            ref = f"refs/heads/{recorded.branch}"
            tip = run.tips.get(ref, "")
            here = recorded.name in run.opened and recorded.path.is_dir()
            if not here or (repository.common_dir / ref).exists() or not readable(repository, tip):
                continue
            if repository.ref_tip(ref) is None:
                yield Damage(
                    what="deleted branch",
                    path=ref,
                    before="gone, and its worktree is there",
                    after=tip,
                    run=run.state.run,
                    act=partial(repository.create_ref, ref, tip, "devassist: restored by doctor"),
                )
