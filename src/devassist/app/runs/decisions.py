"""What people say to runs: approvals, answers, notes, retries and stops. Each is an event, whoever runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from devassist.app.runs.ownership import is_alive, own_run, supervisor_of
from devassist.app.wiring.project import OUTLINE, Project, fold_run, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import DevassistError, NotFound, Refused, Unfinished, UsageError
from devassist.domain.events import (
    ApprovalDecided,
    DecisionMade,
    Event,
    NotePosted,
    RunFinished,
    SnapshotTaken,
    StopRequested,
    TaskRetried,
    WorktreeKept,
)
from devassist.domain.failpoints import reach
from devassist.domain.ids import rescue_ref
from devassist.domain.plan import Plan
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.domain.state.run import RunState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.engine.stop import sweep
from devassist.git.worktree.listing import list_worktrees
from devassist.git.worktree.worktrees import find_worktree

_NOW_S = 1.2
_GRACE_S = 45.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """
    What a person says to a request: `choice` is approve, reject or answer.

    `plan` is the plan as the person changed it, for a request of kind plan.
    """

    choice: str
    who: str
    reason: str = ""
    answer: str = ""
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One open request of one run."""

    run: str
    asked: ApprovalState

    def age_s(self, now: datetime) -> float:
        """Seconds since it was requested."""
        return max(0.0, (now - datetime.fromisoformat(self.asked.at)).total_seconds())


def inbox(project: Project) -> list[Item]:
    """Every open request of this repository, the most urgent first and among these the oldest."""
    items = [
        Item(run=state.run, asked=one)
        for state in _states(project)
        for one in state.approvals.values()
        if one.status is ApprovalStatus.OPEN
    ]
    return sorted(items, key=lambda item: (item.asked.urgency != "high", item.asked.at))


def _states(project: Project) -> list[RunState]:
    try:
        with open_reader(project) as reader:
            found = [fold_run(reader, run, types=OUTLINE) for run in reader.runs()]
    except NotFound:
        return []
    return [state for state in found if not state.discarded and not state.undone]


def find_item(project: Project, id_: str) -> Item:
    """A request by its id or the beginning of it. Raises NotFound; UsageError where it is decided already."""
    known = [Item(run=state.run, asked=one) for state in _states(project) for one in state.approvals.values()]
    open_ones = [item for item in known if item.asked.status is ApprovalStatus.OPEN]
    exact = [item for item in open_ones if item.asked.id == id_]
    found = exact or [item for item in open_ones if item.asked.id.startswith(id_)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(sorted(item.asked.id for item in found)[:5])
        raise NotFound(f"several requests begin with {id_!r}", hint=f"name one of: {listed}")
    if decided := next((item.asked for item in known if item.asked.id == id_), None):
        raise UsageError(f"{id_} is {decided.status} already, by {decided.who}", hint="devassist inbox")
    raise NotFound(f"no request begins with {id_!r}", hint="devassist inbox lists them")


def decide_all(project: Project, ids: Sequence[str], word: Word) -> list[Item]:
    """Record a person's word on each request. All or none."""
    items = [find_item(project, id_) for id_ in dict.fromkeys(ids)]
    for item in items:
        if word.choice == "approve" and item.asked.kind == "question":
            raise UsageError(f"{item.asked.id} is a question", hint=f"devassist answer {item.asked.id} TEXT")
        if word.choice == "answer" and item.asked.kind != "question":
            raise UsageError(
                f"{item.asked.id} wants a yes or a no", hint=f"devassist approve {item.asked.id}, or reject"
            )
    with open_log(project) as log:
        for item in items:
            asked = item.asked
            decision = DecisionMade(
                who=f"person {word.who}",
                question=asked.question,
                options=tuple(asked.options),
                choice=word.answer if word.choice == "answer" else word.choice,
                reason=word.reason,
                confidence=1.0,
                approval=asked.id,
            )
            (made,) = log.record(Event(decision, run=item.run, task=asked.task, agent=asked.agent))
            reach("approval.recorded")
            decided = ApprovalDecided(
                approval=asked.id,
                choice=word.choice,
                answer=word.answer,
                reason=word.reason,
                who=f"person {word.who}",
                binds_to=asked.binds_to,
                plan=word.plan,
            )
            log.record(Event(decided, run=item.run, task=asked.task, agent=asked.agent, parent=made.id))
    return items


def who_is(project: Project) -> str:
    """The person at the keyboard, as git knows them."""
    signature = project.repository.signature(project.host.environment)
    return f"{signature.name} <{signature.email}>"


def post_note(project: Project, run: str, task: str, text: str) -> RunState:
    """
    Put a note before the task's next model call.

    Raises NotFound for a task that is not in the plan, Unfinished where nobody will read it.
    """
    state = _with_task(project, run, task)
    if state.tasks[task].status is TaskStatus.MERGED:
        raise Unfinished(f"{task} of {state.run} is merged", hint=f"devassist show {state.run}/{task}")
    note = NotePosted(sender=who_is(project), to=task, text=text)
    with open_log(project) as log:
        log.record(Event(note, run=state.run, task=task))
    return state


def retry_task(project: Project, run: str, task: str, reason: str) -> RunState:
    """Have a task that ended begin anew, a round after its last. Raises Unfinished while it is at work or merged."""
    state = _with_task(project, run, task)
    found = state.tasks[task]
    if str(found.status) not in ("failed", "stopped", "delivered", "waiting"):
        raise Unfinished(
            f"{task} of {state.run} is {found.status}", hint=f"devassist show {state.run}/{task}"
        )
    retried = TaskRetried(round=found.rounds + 1, reason=reason, who=f"person {who_is(project)}")
    with open_log(project) as log:
        log.record(Event(retried, run=state.run, task=task))
    return state


def _with_task(project: Project, run: str, task: str) -> RunState:
    state = load_state(project, run)
    _require_kept(state)
    if task not in state.tasks:
        known = ", ".join(one.id for one in state.work()) or "none yet"
        raise NotFound(f"{state.run} has no task {task!r}", hint=f"its tasks: {known}")
    return state


def _require_kept(state: RunState) -> None:
    if state.discarded or state.undone:
        raise UsageError(f"{state.run} was discarded", hint="start a new one with 'devassist run GOAL'")


def stop_run(project: Project, run: str, *, now: bool) -> RunState:
    """
    End a run: at once with `now`, else with what was in flight finished. Returns when nothing of it is alive.

    Raises UsageError when it has ended already.
    """
    state = load_state(project, run)
    alive = is_alive(project, state.run)
    if not alive:
        _require_kept(state)
    if not alive and state.status is not RunStatus.RUNNING:
        raise UsageError(f"{state.run} has ended: {state.status}", hint=f"devassist show {state.run}")
    request = StopRequested(who=f"person {who_is(project)}", now=now)
    with open_log(project) as log:
        log.record(Event(request, run=state.run))
    if alive:
        pid = supervisor_of(project, state)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if now else signal.SIGTERM)
        if now:
            # Not left to a supervisor that may be busy: it has heard why, and everything it started ends here.
            time.sleep(_POLL_S)
            sweep(state.run)
        if not _ended(project, state.run, _NOW_S if now else _GRACE_S) and pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    sweep(state.run)
    if load_state(project, state.run).status is RunStatus.RUNNING:
        end_for_it(project, state.run)
    return load_state(project, state.run)


def _ended(project: Project, run: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_alive(project, run):
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def end_for_it(project: Project, run: str) -> None:
    """Do for a supervisor that is gone what it did not come to: keep the work in progress, and say how it ended."""
    try:
        with own_run(project, run), open_log(project) as log:
            state = load_state(project, run)
            by_place = {
                agent.worktree: f"{task.id}/{agent.role}"
                for task in state.tasks.values()
                for agent in task.agents.values()
            }
            for one in list_worktrees(project.repository):
                agent = by_place.get(str(one.path))
                if agent is None or one.missing:
                    continue
                ref = rescue_ref(run, agent)
                try:
                    found = find_worktree(project.repository, name=one.name, path=one.path, branch=one.branch)
                    commit = found.snapshot(ref, by=project.repository.signature(project.host.environment))
                except DevassistError as error:  # its files stay where they are, and are not looked at
                    kept = WorktreeKept(path=str(one.path), branch=one.branch or "", reason=str(error))
                    log.record(Event(kept, run=run, agent=agent))
                    continue
                if commit is not None:
                    task = agent.partition("/")[0]
                    snapshot = SnapshotTaken(ref=ref, commit=commit, worktree=str(one.path))
                    log.record(Event(snapshot, run=run, task=task, agent=agent))
            ended = RunFinished(
                status=RunStatus.STOPPED,
                exit_code=130,
                result_commit=state.result_commit,
                usage=state.usage,
                wall_s=round(sum(session.seconds for session in state.sessions), 3),
                report=state.report,
                error="stopped after its supervisor was gone",
                hint=f"devassist resume {run}",
            )
            log.record(Event(ended, run=run))
    except Refused:
        return  # somebody resumed it meanwhile
