"""Serves one worker: its requests answered one by one until it has finished or is gone."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devassist.domain.approvals import ApprovalStatus
from devassist.domain.budget import refusal
from devassist.domain.errors import AuditError, DevassistError, Interrupted, LimitReached
from devassist.domain.events import Event, EventType
from devassist.domain.failpoints import reach
from devassist.domain.hashing import digest
from devassist.domain.ids import agent_id
from devassist.engine.approval_requests import Ask, Parked, require
from devassist.engine.context import RunContext
from devassist.engine.crews.replay import Diverged, Recall
from devassist.engine.log.attempt_log import Memory
from devassist.ports import AgentPlace, Assignment, CallAddress, Submission, Worker

# What a worker may put in the log: what it did itself. Everything else is the supervisor's to say.
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


_SHOWN = {"scope": "paths", "command": "command"}
"""What the options of a request are, where they are what is approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewEnding:
    """How a crew's process ended: delivered, failed, broken, limited, waiting, stopped, error, diverged or died."""

    outcome: str
    reason: str = ""
    kind: str = ""
    hint: str = ""


def failing(error: DevassistError) -> str:
    """`broken` where the machine is to blame, a full disk say: then the same attempt is worth going on with."""
    return "broken" if isinstance(error.__cause__, OSError) else "failed"


@dataclass
class WorkerDesk(ABC):
    """One worker's requests and their answers. Subclasses know what the crew is for."""

    context: RunContext
    task_id: str
    memory: Memory = field(default_factory=Memory, init=False)
    ending: CrewEnding | None = field(default=None, init=False)
    diverged: str = field(default="", init=False)
    """Why what is recorded of this attempt cannot be gone on from; then it begins anew."""
    worker: Worker | None = field(default=None, init=False)
    awaits: str = field(default="", init=False)
    """The approval request that the crew was sent away for."""

    def serve(self, assignment: Assignment) -> CrewEnding:
        """Start a worker and answer it to its end."""
        context = self.context
        self.worker = worker = context.executor.start(assignment)
        reach("agent.spawn")
        started = {"pid": worker.pid, "roles": list(assignment.roles), "sandbox": assignment.sandbox_tier}
        context.journal.record(Event(type=EventType.WORKER_STARTED, task=self.task_id, data=started))
        try:
            while (request := worker.receive()) is not None:
                worker.send(self._answer(request))
                if self.ending is not None:
                    break
        except BaseException:
            worker.kill()
            raise
        self.context.calling.discard(worker.pid)
        status = worker.wait()
        exited = {"pid": worker.pid, "status": status}
        context.journal.record(Event(type=EventType.WORKER_EXITED, task=self.task_id, data=exited))
        if self.diverged:
            return CrewEnding(outcome="diverged", reason=self.diverged)
        if self.ending is not None:
            return self.ending
        if context.stop.pulled:
            return CrewEnding(outcome="stopped", reason=context.stop.reason)
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return CrewEnding(outcome="died", reason=f"the worker process died ({how})")

    def _answer(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        operation = str(request["op"])
        try:
            value = self._operations()[operation](request)
        except Diverged as error:
            self.diverged = str(error)
            return {"refused": {"outcome": "failed", "reason": str(error)}}
        except LimitReached as error:
            return {"refused": {"outcome": "limited", "reason": str(error), "limit": error.limit}}
        except Parked as error:
            self.awaits = error.approval
            return {"refused": {"outcome": "waiting", "reason": str(error)}}
        except Interrupted as error:
            return {"refused": {"outcome": "stopped", "reason": str(error)}}
        except AuditError as error:
            self.context.stop.pull("failed", str(error), exit_code=error.exit_code, hint=error.hint, now=True)
            raise
        except OSError as error:
            return {
                "refused": {
                    "outcome": "broken",
                    "reason": f"{error.strerror or error}: {error.filename or ''}",
                }
            }
        except DevassistError as error:
            logging.getLogger("devassist").info("refused %s: %s", operation, error)
            return {"refused": {"outcome": failing(error), "reason": str(error)}}
        return {"value": value}

    def _operations(self) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
        return {
            "record": self._record,
            "reserve": self._reserve,
            "news": lambda one: self._recall.news(CallAddress(**one["address"])),
            "recall_reply": lambda one: self._recall.reply(CallAddress(**one["address"]), one["request"]),
            "recall_tool": lambda one: self._recall.tool(one["evidence"]),
            "begin": lambda one: asdict(self.begin(one["role"], one["round"])),
            "changed": lambda one: self.changed(one["role"]),
            "diff": lambda one: self.diff(one["role"]),
            "submit": lambda one: asdict(
                self.submit(one["role"], one["round"], one["handoff"], one["facts"])
            ),
            "board": lambda _one: self._board(),
            "ask": lambda one: self.ask(one["role"], one["kind"], one["question"], one["options"]),
            "finish": self._finish,
        }

    @property
    def _recall(self) -> Recall:
        return Recall(context=self.context, task=self.task_id, memory=self.memory)

    def _record(self, request: Mapping[str, Any]) -> None:
        events = []
        for fields in request["events"]:
            kind = EventType(fields["type"])
            mine = fields["run"] == self.context.run and fields["task"] == self.task_id
            if kind not in _WORKER_EVENTS or not mine or not fields["agent"].startswith(f"{self.task_id}/"):
                raise DevassistError(
                    f"a worker of task {self.task_id} may not record {kind} for {fields['task']}"
                )
            if kind.value.endswith(".intended"):
                self.context.check_stop()
            if not fields["id"] or fields["id"] not in self.memory.posted:
                events.append(Event(**{**fields, "type": kind}))
            if self.worker is not None and kind in (EventType.MODEL_INTENDED, EventType.MODEL_CALLED):
                act = (
                    self.context.calling.add
                    if kind is EventType.MODEL_INTENDED
                    else self.context.calling.discard
                )
                act(self.worker.pid)
        self.context.journal.record(*events)

    def _reserve(self, request: Mapping[str, Any]) -> None:
        context = self.context
        context.check_stop()
        with context.journal.lock:
            refused = refusal(
                context.journal.state,
                context.settings.limits,
                elapsed_s=context.elapsed_s(),
                turn=request["address"]["turn"],
            )
        if refused is None:
            return
        limit, sentence = refused
        role = request["address"]["role"]
        data = {
            "who": "policy",
            "question": "make one more model call?",
            "options": ["call", "refuse"],
            "choice": "refuse",
            "reason": sentence,
            "confidence": 1.0,
            "limit": limit,
        }
        context.journal.record(
            Event(
                type=EventType.DECISION_MADE, task=self.task_id, agent=agent_id(self.task_id, role), data=data
            )
        )
        if limit != "max_turns_per_agent":
            context.stop.pull("limited", sentence, exit_code=LimitReached.exit_code)
        raise LimitReached(sentence, limit=limit)

    def _board(self) -> list[Mapping[str, Any]]:
        with self.context.journal.lock:
            return [
                {
                    "agent": note["agent"] or note.get("from", ""),
                    "text": note["text"],
                    "paths": note.get("paths", []),
                }
                for note in self.context.journal.state.notes
                if note.get("to") in (None, "", self.task_id)
            ]

    def _finish(self, request: Mapping[str, Any]) -> None:
        self.ending = CrewEnding(**request["ending"])

    @abstractmethod
    def begin(self, role: str, round_: int) -> AgentPlace: ...

    @abstractmethod
    def changed(self, role: str) -> Mapping[str, str]: ...

    @abstractmethod
    def diff(self, role: str) -> str: ...

    @abstractmethod
    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission: ...

    def ask(self, role: str, kind: str, question: str, options: list[str]) -> str:
        """A person's answer. Nobody answers within this call: the task parks, the rest goes on."""
        context = self.context
        agent = agent_id(self.task_id, role)
        mode, _ = context.settings.approvals.of(kind)
        if mode == "never":
            reason = "nobody is asked in this run (approvals: never)"
            choice = {
                "who": "policy",
                "question": question,
                "options": options,
                "choice": "not asked",
                "reason": reason,
                "confidence": None,
            }
            context.journal.record(
                Event(type=EventType.DECISION_MADE, task=self.task_id, agent=agent, data=choice)
            )
            return f"{reason}; decide yourself where you may, and list it in open_questions"
        # CrewStop("waiting") on the worker's side: the process leaves and its slot is free.
        found = require(
            context,
            Ask(
                kind=kind,
                question=question,
                binds_to=digest([kind, question, options]),
                task=self.task_id,
                agent=agent,
                options=tuple(options),
                shown={_SHOWN[kind]: options} if kind in _SHOWN else {},
            ),
        )
        if found.status is ApprovalStatus.APPROVED:
            return found.answer or "granted"
        if found.status is ApprovalStatus.REJECTED:
            return f"rejected: {found.reason}" if found.reason else "rejected"
        return found.answer
