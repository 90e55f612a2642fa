"""
Finds damage to the state of runs, by crashes or by hand, and repairs it in our own namespace; each repair is an event.

Nothing that holds work is deleted: it is kept under a rescue ref first. Damage that is not ours, or not certain, is
reported and left alone. Runs that a process owns are left out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devassist.app.doctor.dead_runs import DeadRun, runs_without_owner
from devassist.app.doctor.finding import Damage, left_to_judge
from devassist.app.doctor.ref_damage import deleted_branches, torn_refs
from devassist.app.runs.ownership import crashed, own_run
from devassist.app.runs.stopping import end_dead_run
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, RecoveryDone
from devassist.domain.ids import rescue_ref, worktree_name
from devassist.domain.statuses import RunStatus
from devassist.engine.stop import all_marked, sweep
from devassist.git.repair import worktrees as mending
from devassist.git.repair.worktrees import (
    Recorded,
    find_stale_gc,
    foreign_locks,
    held_open,
    keep_directory,
    locks_of,
)
from devassist.git.worktree.admin import delete_directory
from devassist.git.worktree.worktrees import drop_detached

_PASSES = 4
_DEAD_RUN = "dead run"


@dataclass(frozen=True, slots=True)
class Repair:
    """How the repair of a damage went: done, failed with `error`, or neither if it was left for a person to judge."""

    damage: Damage
    done: bool = False
    error: str = ""


def find_damage(project: Project) -> list[Damage]:
    """All damage, in the order in which it is repaired. Changes nothing."""
    runs = runs_without_owner(project)
    damage = [
        *_processes(runs),
        *_locks(project, runs),
        *torn_refs(project, runs),
        *deleted_branches(project, runs),
    ]
    for run in runs:
        damage += _worktrees(project, run)
    damage += [*_dead(project, runs), *_leftovers(project, runs), *_gc(project, runs)]
    return [*damage, *left_to_judge(project, runs)]


def repair(project: Project) -> list[Repair]:
    """Repair all damage that can be, again and again until a pass repairs nothing new."""
    repairs: dict[tuple[str, str], Repair] = {}
    for _ in range(_PASSES):
        fresh = [damage for damage in find_damage(project) if (damage.what, damage.path) not in repairs]
        attempts = [_attempt(project, damage) for damage in fresh]
        repairs |= {(attempt.damage.what, attempt.damage.path): attempt for attempt in attempts}
        if not any(attempt.done for attempt in attempts):
            break
    return list(repairs.values())


def _attempt(project: Project, damage: Damage) -> Repair:
    if damage.act is None:
        return Repair(damage)
    try:
        with ExitStack() as owned:
            if damage.run and damage.what != _DEAD_RUN:  # ending a dead run owns it by itself
                owned.enter_context(own_run(project, damage.run))
            damage.act()
    except (DevassistError, OSError) as error:
        return Repair(damage, error=str(error))
    fact = RecoveryDone(what=damage.what, path=damage.path, before=damage.before, after=damage.after)
    with open_log(project) as log:
        log.record(Event(fact, run=damage.run))
    return Repair(damage, done=True)


def _processes(runs: Sequence[DeadRun]) -> Iterator[Damage]:
    marked = all_marked()
    for run in (dead.state.run for dead in runs):
        if pids := marked.get(run):
            yield Damage(
                what="orphan processes",
                path=", ".join(map(str, pids)),
                before=f"{len(pids)} still running for a run without a supervisor",
                after="killed",
                run=run,
                act=partial(sweep, run),
            )


def _locks(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    for run in (dead.state.run for dead in runs):
        for lock in locks_of(project.repository, run):
            in_use = held_open(lock)
            yield Damage(
                what="stale lock",
                path=str(lock),
                before="held by a process" if in_use else "left by a process that is gone",
                after="" if in_use else "removed",
                run=run,
                act=None if in_use else lock.unlink,
            )
    for lock in foreign_locks(project.repository):
        if not held_open(lock):
            hint = f"if no git command is at work: rm {lock}"
            yield Damage(what="foreign lock", path=str(lock), before="not devassist's", hint=hint)


def _worktrees(project: Project, run: DeadRun) -> Iterator[Damage]:
    repository, run_id = project.repository, run.state.run
    admins = repository.common_dir / "worktrees"

    def locked(act: Callable[..., object], *arguments: object) -> Callable[[], None]:
        def act_under_lock() -> None:
            with repository.lock():
                act(*arguments)

        return act_under_lock

    for name, recorded in run.worktrees.items():
        here, known = recorded.path.is_dir(), (admins / name).is_dir()
        if name in run.opened and here and known:
            for torn in mending.torn_files(repository, recorded):
                yield Damage(
                    what=f"mangled {torn.path.name}",
                    path=str(torn.path),
                    before=torn.before or "missing or empty",
                    after=torn.wanted.decode("utf-8", "replace").strip() or "as HEAD has it",
                    run=run_id,
                    act=locked(mending.mend, torn),
                )
        elif known and not here:
            branch = f"forgotten; branch {recorded.branch} is kept"
            before = "registered, and its directory is gone"
            act = locked(mending.forget, repository, name)
            yield Damage(
                what="worktree without directory",
                path=str(recorded.path),
                before=before,
                after=branch,
                run=run_id,
                act=act,
            )
        elif name in run.opened and here and name not in run.removed:
            yield Damage(
                what="forgotten worktree",
                path=str(recorded.path),
                before="its files are here, and git does not know it",
                after=f"registered again on {recorded.branch}",
                run=run_id,
                act=locked(mending.register_again, repository, recorded),
            )
        elif name not in run.opened and (known or here) and _ended(run):
            yield _half_registered(project, run, recorded)
    yield from _worktree_of_checks(project, run)


def _worktree_of_checks(project: Project, run: DeadRun) -> Iterator[Damage]:
    name = worktree_name(run.state.run, "integration")
    admin = project.repository.common_dir / "worktrees" / name
    if run.directory is not None and admin.is_dir():
        path = run.directory / "integration"
        yield Damage(
            what="worktree of checks",
            path=str(path),
            before="left by a supervisor that is gone; nobody works in it",
            after="removed",
            run=run.state.run,
            act=partial(drop_detached, project.repository, name=name, path=path),
        )


def _ended(run: DeadRun) -> bool:
    """Whether the run is over: one that is resumed completes its half-opened worktrees itself."""
    return run.state.status is not RunStatus.RUNNING


def _half_registered(project: Project, run: DeadRun, recorded: Recorded) -> Damage:
    repository, run_id = project.repository, run.state.run

    def act() -> None:
        with repository.lock():
            if recorded.path.is_dir():
                _keep_and_delete(project, run, recorded.path, recorded.name.removeprefix(f"da-{run_id}-"))
            mending.forget(repository, recorded.name)

    return Damage(
        what="half-registered worktree",
        path=str(recorded.path),
        before="it was being opened when its supervisor died",
        after="removed; its content is under refs/devassist/rescue",
        run=run_id,
        act=act,
    )


def _dead(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    for run in runs:
        if crashed(project, run.state):
            name = run.state.run
            yield Damage(
                what=_DEAD_RUN,
                path=name,
                before="running according to the log, and no process owns it",
                after="stopped; work in progress is under refs/devassist/rescue",
                run=name,
                hint=f"devassist resume {name}",
                act=partial(end_dead_run, project, name),
            )


def _leftovers(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    for run in runs:
        directory = run.directory
        if directory is None or not directory.is_dir():
            continue
        for left in sorted(directory.glob("**/*.left-[0-9]*")):
            if not left.is_dir() or ".private" in left.parts:
                continue
            agent = str(left.relative_to(directory)).replace("/", "-")
            yield Damage(
                what="directory moved aside",
                path=str(left),
                before="the former content of a worktree that was opened again",
                after=f"deleted; its content is under refs/devassist/rescue/{run.state.run}/left",
                run=run.state.run,
                act=partial(_keep_and_delete, project, run, left, agent),
            )
        if run.state.discarded and not any(path.is_file() for path in directory.rglob(".git")):
            yield Damage(
                what="directory of a discarded run",
                path=str(directory),
                before="caches and logs of its workers",
                after="deleted",
                run=run.state.run,
                act=partial(shutil.rmtree, directory),
            )


def _keep_and_delete(project: Project, run: DeadRun, directory: Path, agent: str) -> None:
    ref = rescue_ref(run.state.run, f"left/{agent}")
    keep_directory(project.repository, directory, ref, like=run.state.base)
    delete_directory(directory)


def _gc(project: Project, runs: Sequence[DeadRun]) -> Iterator[Damage]:
    stale = find_stale_gc(project.repository)
    if stale is None:
        return
    ours = {session.pid for run in runs for session in run.state.sessions}
    if stale.pid in ours:
        before = f"keeps git from collecting garbage for process {stale.pid}, which is gone"
        yield Damage(
            what="stale gc.pid", path=str(stale.path), before=before, after="removed", act=stale.path.unlink
        )
