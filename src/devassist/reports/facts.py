"""What every form of a report says in the same words: how it ended, how to undo it, what to type next. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from devassist.domain.events import BranchPushed, MergeCompleted, PrOpened, RunApplied, RunDiscarded
from devassist.domain.ids import result_branch
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.domain.words import counted
from devassist.reports.parts import Afterlife
from devassist.reports.story import Story


@dataclass(frozen=True, slots=True)
class Step:
    """A command to type, and what it is for."""

    purpose: str
    command: str


SAYS: Mapping[TaskStatus, str] = {
    TaskStatus.MERGED: "merged",
    TaskStatus.DELIVERED: "delivered, not merged",
    TaskStatus.FAILED: "failed",
    TaskStatus.WAITING: "waits for a person",
    TaskStatus.STOPPED: "stopped",
    TaskStatus.PENDING: "not started",
    TaskStatus.RUNNING: "at work",
}


def outcome(state: RunState, *, code: Callable[[str], str]) -> str:
    """How much landed, where, on what base. `code` sets a name in type of its own."""
    tasks = state.work()
    merged = sum(task.status is TaskStatus.MERGED for task in tasks)
    at = f" at {code(state.result_commit[:12])}" if state.result_commit else ""
    ended = "" if state.status is RunStatus.RUNNING else f" Exit code {state.exit_code}."
    return (
        f"{merged} of {counted(len(tasks), 'task')} landed on {code(result_branch(state.run))}{at}. "
        f"Base {code(state.base[:12])}.{ended}"
    )


def endings_of(story: Story) -> Mapping[str, str]:
    """Conflict id -> how it ended, by whom and why as far as that is known."""
    return {
        id_: ending.status
        + (f" by {ending.who}" if ending.who else "")
        + (f": {ending.reason}" if ending.reason else "")
        for id_, ending in story.endings.items()
    }


def taken_over(story: Story) -> list[str]:
    """What became of the result after the run, a sentence each."""
    return [f"{clock(taken.at)} {_became(taken.act)}" for taken in story.taken]


def _became(act: Afterlife) -> str:
    match act:
        case MergeCompleted(ref=ref, commit=commit):
            return f"merged into {ref.removeprefix('refs/heads/')} as {commit[:12]}"
        case RunApplied(paths=paths):
            return f"applied to the files: {counted(len(paths), 'path')}"
        case BranchPushed(commit=commit, remote=remote):
            return f"pushed {commit[:12]} to {remote}"
        case PrOpened(url=url):
            return f"pull request opened: {url}"
        case RunDiscarded():
            return "discarded; everything is kept below refs/devassist/rescue"


def next_steps(state: RunState) -> list[Step]:
    """What to type next."""
    run = state.run
    if state.status is RunStatus.RUNNING:
        return [Step("how it stands", f"devassist status {run}")]
    why = Step("what happened", f"devassist logs {run}")
    if state.result_commit is None:
        return [why, Step("who claimed what", f"devassist audit list --run {run} --type claim")]
    return [
        Step("look", f"devassist diff {run}"),
        Step("take it over", f"devassist merge {run}"),
        Step("take it over for a commit of your own", f"devassist apply {run}"),
        Step("propose it", f"devassist pr {run}"),
        why,
    ]


def undo(story: Story) -> list[Step]:
    """How to be rid of the run's result, and of the merges that took it over."""
    merges = [taken.act for taken in story.taken if isinstance(taken.act, MergeCompleted)]
    nothing = "" if merges else "nothing of yours was touched; "
    discard = Step(f"{nothing}drop branches and worktrees", f"devassist discard {story.state.run}")
    return [*(_revert(merge) for merge in merges), discard]


def _revert(merge: MergeCompleted) -> Step:
    mainline = ["-m", "1"] if len(merge.parents) > 1 else []
    return Step(
        f"take the merge out of {merge.ref.removeprefix('refs/heads/')} again",
        shlex.join(["git", "revert", *mainline, merge.commit[:12]]),
    )


def seconds_between(start: str, end: str) -> float:
    """Seconds from one ISO 8601 time to another; 0 where one is missing."""
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def clock(at: str) -> str:
    return at[11:19]


def duration(seconds: float) -> str:
    """42 s, 3 min 05 s, 2 h 07 min."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
