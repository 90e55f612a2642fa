"""
The wire protocol of workers: what a crew's process and its supervisor say to each other, one class per message.

A worker sends one request at a time and waits for its reply. The forkserver gets assignments, and reports which
processes it started and which ended. On the wire every message is a JSON object whose `type` names the class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from devassist.assignments import (
    AgentPlace,
    Assignment,
    BoardNote,
    CallAddress,
    CrewEnding,
    Submission,
    SubmittedWork,
)
from devassist.domain.errors import DevassistError
from devassist.domain.events import (
    FACTS,
    CommandIntended,
    CommandRan,
    Event,
    EventType,
    JsonObject,
    ModelCalled,
    ToolCalled,
    ToolIntended,
)
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalClass
from devassist.domain.statuses import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessage:
    """An event on its way to the log; `data` is its fact."""

    type: EventType
    run: str
    task: str
    agent: str
    parent: str
    id: str
    data: JsonObject

    @classmethod
    def of(cls, event: Event) -> EventMessage:
        return cls(
            type=event.type,
            run=event.run,
            task=event.task,
            agent=event.agent,
            parent=event.parent,
            id=event.id,
            data=msgspec.to_builtins(event.body),
        )

    def event(self) -> Event:
        """Raises DevassistError if `data` does not fit the type."""
        try:
            fact = msgspec.convert(self.data, FACTS[self.type], strict=False)
        except msgspec.ValidationError as error:
            raise DevassistError(f"a {self.type} event does not fit its type: {error}") from error
        return Event(fact, run=self.run, task=self.task, agent=self.agent, parent=self.parent, id=self.id)


# What a worker asks --------------------------------------------------------------------------------------------


class RecordEvents(msgspec.Struct, frozen=True, tag=True):
    """Make events durable, in this order. Replied with Done."""

    events: tuple[EventMessage, ...]


class ReserveCall(msgspec.Struct, frozen=True, tag=True):
    """May one more model call be made? Replied with Done, or Refused by a limit."""

    address: CallAddress


class FetchNews(msgspec.Struct, frozen=True, tag=True):
    """The notes to put before this call, each once. Replied with News."""

    address: CallAddress


class RecallReply(msgspec.Struct, frozen=True, tag=True):
    """The recorded reply to the request with this digest. Replied with RecalledReply."""

    address: CallAddress
    request: str


class RecallTool(msgspec.Struct, frozen=True, tag=True):
    """What is recorded of the tool call with this evidence id. Replied with RecalledTool."""

    evidence: str


class BeginAgent(msgspec.Struct, frozen=True, tag=True):
    """Open, or bring up to date, the worktree of the agent that is next. Replied with Begun."""

    role: Role
    round: int


class ListChanges(msgspec.Struct, frozen=True, tag=True):
    """What differs in the agent's worktree from its last commit. Replied with Changes."""

    role: Role


class CheckWrite(msgspec.Struct, frozen=True, tag=True):
    """Why a file that a write tool wrote at this path could not land. Replied with Answer, empty if it can."""

    role: Role
    path: str


class ShowDiff(msgspec.Struct, frozen=True, tag=True):
    """The task so far as a unified patch. Replied with Answer."""

    role: Role


class SubmitWork(msgspec.Struct, frozen=True, tag=True):
    """Hand on. `turns` counts model calls. Replied with Submitted."""

    role: Role
    round: int
    work: SubmittedWork
    turns: int


class ReadBoard(msgspec.Struct, frozen=True, tag=True):
    """The notes on the board, oldest first. Replied with Board."""

    role: Role


class AskPerson(msgspec.Struct, frozen=True, tag=True):
    """Ask a person. Replied with Answer, or Refused until somebody has decided: then the worker leaves."""

    role: Role
    kind: ApprovalClass
    question: str
    options: tuple[str, ...]


class Finish(msgspec.Struct, frozen=True, tag=True):
    """The crew is done. Replied with Done, and nothing is asked after it."""

    ending: CrewEnding


Request = (
    RecordEvents
    | ReserveCall
    | FetchNews
    | RecallReply
    | RecallTool
    | BeginAgent
    | ListChanges
    | CheckWrite
    | ShowDiff
    | SubmitWork
    | ReadBoard
    | AskPerson
    | Finish
)


# What the supervisor replies -----------------------------------------------------------------------------------


class Done(msgspec.Struct, frozen=True, tag=True):
    """It is durable."""


class News(msgspec.Struct, frozen=True, tag=True):
    texts: tuple[str, ...]


class RecalledReply(msgspec.Struct, frozen=True, tag=True):
    """None has the call sent."""

    called: ModelCalled | None


class RecalledTool(msgspec.Struct, frozen=True, tag=True):
    """`called` is a call with its result; the others are what a call that broke off had begun. Empty if it is new."""

    called: ToolCalled | None = None
    tool: ToolIntended | None = None
    command: CommandIntended | None = None
    ran: CommandRan | None = None
    runs: int = 0
    """How many commands it had run."""

    @property
    def begun(self) -> bool:
        return not (self.tool is None and self.command is None and self.ran is None)


class Begun(msgspec.Struct, frozen=True, tag=True):
    place: AgentPlace


class Changes(msgspec.Struct, frozen=True, tag=True):
    """Path -> content id; '' for a path that is gone."""

    blobs: Mapping[str, str]


class Submitted(msgspec.Struct, frozen=True, tag=True):
    submission: Submission


class Board(msgspec.Struct, frozen=True, tag=True):
    notes: tuple[BoardNote, ...]


class Answer(msgspec.Struct, frozen=True, tag=True):
    text: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The crew's work ends here. `limit` names the limit that was reached."""

    outcome: Outcome
    reason: str
    limit: str = ""


Reply = Done | News | RecalledReply | RecalledTool | Begun | Changes | Submitted | Board | Answer | Refused


class Goodbye(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: the run is over. A line that closes without it has lost its supervisor."""


class ForkserverReady(msgspec.Struct, frozen=True, tag=True):
    """Its imports are done."""


class WorkerForked(msgspec.Struct, frozen=True, tag=True):
    pid: int


class WorkerGone(msgspec.Struct, frozen=True, tag=True):
    """`status` is negative for a signal."""

    pid: int
    status: int


ForkserverReport = ForkserverReady | WorkerForked | WorkerGone


def encode(message: object) -> bytes:
    """Any message, or an assignment. Text that is not valid Unicode, such as a file's name, survives."""
    return json.dumps(msgspec.to_builtins(message)).encode()


def decode_request(body: bytes) -> Request:
    """Raises DevassistError if it is none."""
    return cast("Request", _decode(body, Request))


def decode_reply(body: bytes) -> Reply:
    """Raises DevassistError if it is none."""
    return cast("Reply", _decode(body, Reply))


def decode_report(body: bytes) -> ForkserverReport:
    """Raises DevassistError if it is none."""
    return cast("ForkserverReport", _decode(body, ForkserverReport))


def decode_assignment(body: bytes) -> Assignment:
    """Raises DevassistError if it is none."""
    return cast("Assignment", _decode(body, Assignment))


def _decode(body: bytes, kind: object) -> object:
    try:
        return msgspec.convert(json.loads(body), cast("type", kind))
    except (ValueError, msgspec.ValidationError) as error:
        raise DevassistError(f"a worker sent what is no message: {error}") from error
