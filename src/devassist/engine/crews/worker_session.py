"""One worker's session with its supervisor: its requests replied to, one by one, until it has finished or is gone."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from devassist.assignments import (
    AgentPlace,
    Assignment,
    BoardNote,
    CallAddress,
    CrewEnding,
    Submission,
)
from devassist.domain.errors import AuditError, DevassistError, Interrupted, LimitReached
from devassist.domain.events import DecisionMade, Event, EventType, Fact, WorkerExited, WorkerStarted
from devassist.domain.failpoints import reach
from devassist.domain.hashing import digest
from devassist.domain.ids import agent_id
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalMode
from devassist.domain.state.approvals import ApprovalStatus
from devassist.domain.state.budget import Limit, refusal
from devassist.domain.statuses import Outcome
from devassist.engine.approval_requests import ApprovalRequest, Parked, require_decision, shown_options
from devassist.engine.choice.private_view import may_read
from devassist.engine.context import RunContext
from devassist.engine.crews.endings import ending_by
from devassist.engine.crews.replay import Diverged, Recall
from devassist.engine.log.attempt_log import AttemptLog
from devassist.messages import (
    Answer,
    AskPerson,
    BeginAgent,
    Begun,
    Board,
    Changes,
    CheckWrite,
    Done,
    EventMessage,
    FetchNews,
    Finish,
    ListChanges,
    News,
    ReadBoard,
    RecalledReply,
    RecallReply,
    RecallTool,
    RecordEvents,
    Refused,
    Reply,
    Request,
    ReserveCall,
    ShowDiff,
    Submitted,
    SubmitWork,
)
from devassist.ports import Worker

# What a worker may put in the log: what it did itself. Everything else is recorded by the supervisor.
_WORKER_EVENTS = frozenset(
    {
        EventType.MODEL_INTENDED,
        EventType.MODEL_CALLED,
        EventType.TOOL_INTENDED,
        EventType.TOOL_CALLED,
        EventType.COMMAND_INTENDED,
        EventType.COMMAND_RAN,
        EventType.NOTE_POSTED,
        EventType.DECISION_MADE,
        EventType.RECOVERY_UNKNOWN,
    }
)
_AboutLog = RecordEvents | ReserveCall | FetchNews | RecallReply | RecallTool | Finish
_AboutAgent = BeginAgent | ListChanges | CheckWrite | ShowDiff | SubmitWork | ReadBoard | AskPerson


@dataclass
class WorkerSession(ABC):
    """One worker's requests and their replies, on the thread of its task. Subclasses know what the crew is for."""

    context: RunContext
    task_id: str
    attempt: AttemptLog = field(default_factory=AttemptLog, init=False)
    ending: CrewEnding | None = field(default=None, init=False)
    diverged: str = field(default="", init=False)
    """Why the attempt cannot go on from what is recorded of it; then it begins anew."""
    worker: Worker | None = field(default=None, init=False)
    awaits: str = field(default="", init=False)
    """The approval request that the crew was sent away for."""

    def serve(self, assignment: Assignment) -> CrewEnding:
        """Start a worker and reply to it to its end. AuditError and defects come through, with the worker killed."""
        context = self.context
        self.worker = worker = context.executor.start(assignment)
        reach("agent.spawn")
        self.record(
            WorkerStarted(pid=worker.pid, roles=tuple(assignment.roles), sandbox=assignment.sandbox_tier)
        )
        try:
            while (request := worker.receive()) is not None:
                worker.send(self._reply(request))
                if self.ending is not None:
                    break
        except BaseException:
            worker.kill()
            raise
        context.calling.pop(worker.pid, None)
        status = worker.wait()
        self.record(WorkerExited(pid=worker.pid, status=status))
        if self.diverged:
            return CrewEnding(outcome=Outcome.DIVERGED, reason=self.diverged)
        if self.ending is not None:
            return self.ending
        if context.stop.pulled:
            return CrewEnding(outcome=Outcome.STOPPED, reason=context.stop.reason)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return CrewEnding(outcome=Outcome.DIED, reason=f"the worker process died ({how})")

    def record(self, fact: Fact, *, role: str = "", parent: str = "") -> str:
        """Record a fact of this task, or of one of its agents; the event's id."""
        agent = agent_id(self.task_id, role) if role else ""
        (record,) = self.context.journal.record(Event(fact, task=self.task_id, agent=agent, parent=parent))
        return record.id

    def _reply(self, request: Request) -> Reply:
        """The reply, or the refusal that ends the crew's work."""
        try:
            if isinstance(request, _AboutAgent):
                return self._of_agent(request)
            return self._of_log(request)
        except Diverged as error:
            self.diverged = str(error)
            return Refused(Outcome.FAILED, str(error))
        except LimitReached as error:
            return Refused(Outcome.LIMITED, str(error), error.limit)
        except Parked as error:
            self.awaits = error.approval
            return Refused(Outcome.WAITING, str(error))
        except Interrupted as error:
            return Refused(Outcome.STOPPED, str(error))
        except AuditError as error:
            self.context.stop.pull(
                Outcome.FAILED, str(error), exit_code=error.exit_code, hint=error.hint, now=True
            )
            raise
        except (OSError, DevassistError) as error:
            logging.getLogger("devassist").info("refused %s: %s", type(request).__name__, error)
            ending = ending_by(error, self.context.stop)
            return Refused(ending.outcome, ending.reason)

    def _of_agent(self, request: _AboutAgent) -> Reply:
        match request:
            case BeginAgent(role=role, round=round_):
                return Begun(self.begin(role, round_))
            case ListChanges(role=role):
                return Changes(self.changed(role))
            case CheckWrite(role=role, path=path):
                return Answer(self.refuse_write(role, path))
            case ShowDiff(role=role):
                return Answer(self.diff(role))
            case SubmitWork():
                return Submitted(self.submit(request))
            case ReadBoard():
                return Board(tuple(self._notes()))
            case AskPerson():
                return Answer(self._ask(request))
        assert_never(request)

    def _of_log(self, request: _AboutLog) -> Reply:
        match request:
            case RecordEvents(events=events):
                self._record_of_worker(events)
            case ReserveCall(address=address):
                self._reserve(address)
            case FetchNews(address=address):
                return News(tuple(self._recall.news(address)))
            case RecallReply(address=address, request=digest_):
                return RecalledReply(self._recall.reply(address, digest_))
            case RecallTool(evidence=evidence):
                return self._recall.tool(evidence)
            case Finish(ending=ending):
                self.ending = ending
            case _:
                assert_never(request)
        return Done()

    @property
    def _recall(self) -> Recall:
        return Recall(context=self.context, task=self.task_id, attempt=self.attempt)

    def _record_of_worker(self, messages: Sequence[EventMessage]) -> None:
        """Record what a worker did itself, each event once. Raises DevassistError for anything else."""
        context, events = self.context, list[Event]()
        for message in messages:
            type_ = message.type
            mine = message.run == context.run and message.task == self.task_id
            if type_ not in _WORKER_EVENTS or not mine or not message.agent.startswith(f"{self.task_id}/"):
                raise DevassistError(
                    f"a worker of task {self.task_id} may not record {type_} for {message.task}"
                )
            if type_.value.endswith(".intended"):
                context.check_stop()
            if not message.id or message.id not in self.attempt.posted:
                events.append(message.event())
            if self.worker is not None and type_ is EventType.MODEL_INTENDED:
                context.calling[self.worker.pid] = str(message.data.get("model", ""))
            elif self.worker is not None and type_ is EventType.MODEL_CALLED:
                context.calling.pop(self.worker.pid, None)
        context.journal.record(*events)

    def _reserve(self, address: CallAddress) -> None:
        """Refuse a model call that is over a limit, by a recorded decision."""
        context = self.context
        context.check_stop()
        with context.journal.lock:
            refused = refusal(
                context.journal.state,
                context.settings.limits,
                elapsed_s=context.elapsed_s(),
                turn=address.turn,
            )
        if refused is None:
            return
        decision = DecisionMade(
            who="policy",
            question="make one more model call?",
            options=("call", "refuse"),
            choice="refuse",
            reason=refused.reason,
            confidence=1.0,
            limit=str(refused.limit),
        )
        self.record(decision, role=address.role)
        if refused.limit is not Limit.TURNS:
            context.stop.pull(Outcome.LIMITED, refused.reason, exit_code=LimitReached.exit_code)
        raise LimitReached(refused.reason, limit=str(refused.limit))

    def _notes(self) -> Sequence[BoardNote]:
        with self.context.journal.lock:
            return [
                BoardNote(
                    agent=note.agent or note.posted.sender, text=note.posted.text, paths=note.posted.paths
                )
                for note in self.context.journal.state.notes
                if note.posted.to in ("", self.task_id) and may_read(self.context, note, self.task_id)
            ]

    def _ask(self, request: AskPerson) -> str:
        """A person's answer. Nobody answers within this call: the task parks, the rest goes on. Raises Parked."""
        context, kind = self.context, request.kind
        mode, _ = context.settings.approvals.of(kind)
        if mode == ApprovalMode.NEVER:
            reason = "nobody is asked in this run (approvals: never)"
            decision = DecisionMade(
                who="policy",
                question=request.question,
                options=request.options,
                choice="not asked",
                reason=reason,
            )
            self.record(decision, role=request.role)
            return f"{reason}; decide yourself where you may, and list it in open_questions"
        decided = require_decision(
            context,
            ApprovalRequest(
                kind=kind,
                question=request.question,
                binds_to=digest([kind, request.question, list(request.options)]),
                task=self.task_id,
                agent=agent_id(self.task_id, request.role),
                options=request.options,
                shown=shown_options(kind, request.options),
            ),
        )
        if decided.status is ApprovalStatus.APPROVED:
            return decided.answer or "granted"
        if decided.status is ApprovalStatus.REJECTED:
            return f"rejected: {decided.reason}" if decided.reason else "rejected"
        return decided.answer

    @abstractmethod
    def begin(self, role: Role, round_: int) -> AgentPlace: ...

    @abstractmethod
    def changed(self, role: Role) -> Mapping[str, str]: ...

    def refuse_write(self, role: Role, path: str) -> str:  # noqa: ARG002  for crews whose writes may not land
        return ""

    @abstractmethod
    def diff(self, role: Role) -> str: ...

    @abstractmethod
    def submit(self, submit: SubmitWork) -> Submission: ...
