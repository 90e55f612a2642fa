"""Records what people decide about requests, and their notes and retries, whichever process owns the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from devassist.app.wiring.project import OUTLINE, Project, fold_run, load_state, open_reader
from devassist.app.wiring.recording import open_log
from devassist.domain.errors import NotFound, Unfinished, UsageError
from devassist.domain.events import ApprovalDecided, DecisionMade, Event, NotePosted, TaskRetried
from devassist.domain.failpoints import reach
from devassist.domain.plan import Plan
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.domain.state.run import RunState
from devassist.domain.statuses import TaskStatus

_RETRIABLE = (TaskStatus.FAILED, TaskStatus.STOPPED, TaskStatus.DELIVERED, TaskStatus.WAITING)


class Choice(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    A person's decision about a request. `who` is a name and an address, `answer` is for a question.

    `plan` is the plan as the person changed it, for a request of kind plan.
    """

    choice: Choice
    who: str
    reason: str = ""
    answer: str = ""
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One request of one run to a person."""

    run: str
    request: ApprovalState

    def age_s(self, now: datetime) -> float:
        """Seconds since it was requested."""
        return max(0.0, (now - datetime.fromisoformat(self.request.at)).total_seconds())


def inbox(project: Project) -> list[Item]:
    """Every open request of this repository, the most urgent first and among these the oldest."""
    items = [item for item in _items(project) if item.request.status is ApprovalStatus.OPEN]
    return sorted(items, key=lambda item: (item.request.urgency != "high", item.request.at))


def _items(project: Project) -> list[Item]:
    """Every request of every run that was neither discarded nor undone."""
    try:
        with open_reader(project) as reader:
            states = [fold_run(reader, run, types=OUTLINE) for run in reader.runs()]
    except NotFound:
        return []
    return [
        Item(run=state.run, request=request)
        for state in states
        if not state.discarded and not state.undone
        for request in state.approvals.values()
    ]


def find_item(project: Project, id_: str) -> Item:
    """The open request with this id or beginning of an id. Raises NotFound; UsageError if it is decided already."""
    items = _items(project)
    open_items = [item for item in items if item.request.status is ApprovalStatus.OPEN]
    exact = [item for item in open_items if item.request.id == id_]
    matching = exact or [item for item in open_items if item.request.id.startswith(id_)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        listed = ", ".join(sorted(item.request.id for item in matching)[:5])
        raise NotFound(f"several requests begin with {id_!r}", hint=f"name one of: {listed}")
    if decided := next((item.request for item in items if item.request.id == id_), None):
        raise UsageError(f"{id_} is {decided.status} already, by {decided.who}", hint="devassist inbox")
    raise NotFound(f"no request begins with {id_!r}", hint="devassist inbox lists them")


def decide_all(project: Project, ids: Sequence[str], decision: Decision) -> list[Item]:
    """Record the same decision about each request, all or none. Raises UsageError if it does not suit a request."""
    items = [find_item(project, id_) for id_ in dict.fromkeys(ids)]
    for item in items:
        _require_suitable(item.request, decision.choice)
    with open_log(project) as log:
        for item in items:
            request = item.request
            fact = DecisionMade(
                who=f"person {decision.who}",
                question=request.question,
                options=tuple(request.options),
                choice=decision.answer if decision.choice is Choice.ANSWER else decision.choice,
                reason=decision.reason,
                confidence=1.0,
                approval=request.id,
            )
            (recorded,) = log.record(Event(fact, run=item.run, task=request.task, agent=request.agent))
            reach("approval.recorded")
            decided = ApprovalDecided(
                approval=request.id,
                choice=decision.choice,
                answer=decision.answer,
                reason=decision.reason,
                who=f"person {decision.who}",
                binds_to=request.binds_to,
                plan=decision.plan,
            )
            log.record(
                Event(decided, run=item.run, task=request.task, agent=request.agent, parent=recorded.id)
            )
    return items


def _require_suitable(request: ApprovalState, choice: Choice) -> None:
    is_question = request.kind == "question"
    if choice is Choice.APPROVE and is_question:
        raise UsageError(f"{request.id} is a question", hint=f"devassist answer {request.id} TEXT")
    if choice is Choice.ANSWER and not is_question:
        raise UsageError(
            f"{request.id} wants a yes or a no", hint=f"devassist approve {request.id}, or reject"
        )


def who_is(project: Project) -> str:
    """The person at the keyboard, by their git identity: name and address."""
    signature = project.repository.signature(project.host.environment)
    return f"{signature.name} <{signature.email}>"


def post_note(project: Project, run: str, task: str, text: str) -> RunState:
    """
    Put a note before the task's next model call.

    Raises NotFound for a task that is not in the plan, Unfinished if no agent will read it.
    """
    state = _with_task(project, run, task)
    if state.tasks[task].status is TaskStatus.MERGED:
        raise Unfinished(f"{task} of {state.run} is merged", hint=f"devassist show {state.run}/{task}")
    note = NotePosted(sender=who_is(project), to=task, text=text)
    with open_log(project) as log:
        log.record(Event(note, run=state.run, task=task))
    return state


def retry_task(project: Project, run: str, task: str, reason: str) -> RunState:
    """Start a task that ended again, in a new round. Raises Unfinished if it is running or merged."""
    state = _with_task(project, run, task)
    ended = state.tasks[task]
    if ended.status not in _RETRIABLE:
        raise Unfinished(
            f"{task} of {state.run} is {ended.status}", hint=f"devassist show {state.run}/{task}"
        )
    retried = TaskRetried(round=ended.rounds + 1, reason=reason, who=f"person {who_is(project)}")
    with open_log(project) as log:
        log.record(Event(retried, run=state.run, task=task))
    return state


def _with_task(project: Project, run: str, task: str) -> RunState:
    state = load_state(project, run)
    require_kept(state)
    if task not in state.tasks:
        known = ", ".join(planned.id for planned in state.work()) or "none yet"
        raise NotFound(f"{state.run} has no task {task!r}", hint=f"its tasks: {known}")
    return state


def require_kept(state: RunState) -> None:
    """Raises UsageError if the run was discarded or undone."""
    if state.discarded or state.undone:
        raise UsageError(f"{state.run} was discarded", hint="start a new one with 'devassist run GOAL'")
