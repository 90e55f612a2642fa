"""The worker's link to the supervisor: one request, one reply, over a socket pair."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TypeVar

from devassist.assignments import AgentPlace, BoardNote, CallAddress, CrewEnding, Submission, SubmittedWork
from devassist.crew.crew_stop import CrewStop
from devassist.domain.errors import LimitReached
from devassist.domain.events import Event, ModelCalled
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalClass
from devassist.domain.statuses import Outcome
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
    RecalledTool,
    RecallReply,
    RecallTool,
    RecordEvents,
    Refused,
    Request,
    ReserveCall,
    ShowDiff,
    Submitted,
    SubmitWork,
    decode_reply,
    encode,
)

_T = TypeVar("_T")


@dataclass
class PipeLink:
    """A CrewLink over a connection. The lock keeps a request and its reply together."""

    connection: Connection
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, *events: Event) -> None:
        self._ask(RecordEvents(tuple(EventMessage.of(event) for event in events)), Done)

    def reserve(self, address: CallAddress) -> None:
        self._ask(ReserveCall(address), Done)

    def news(self, address: CallAddress) -> Sequence[str]:
        return self._ask(FetchNews(address), News).texts

    def recall_reply(self, address: CallAddress, request: str) -> ModelCalled | None:
        return self._ask(RecallReply(address, request), RecalledReply).called

    def recall_tool(self, evidence: str) -> RecalledTool:
        return self._ask(RecallTool(evidence), RecalledTool)

    def begin(self, role: Role, round_: int) -> AgentPlace:
        return self._ask(BeginAgent(role, round_), Begun).place

    def changed(self, role: Role) -> Mapping[str, str]:
        return self._ask(ListChanges(role), Changes).blobs

    def refuse_write(self, role: Role, path: str) -> str:
        return self._ask(CheckWrite(role, path), Answer).text

    def diff(self, role: Role) -> str:
        return self._ask(ShowDiff(role), Answer).text

    def submit(self, role: Role, round_: int, work: SubmittedWork, *, turns: int) -> Submission:
        return self._ask(SubmitWork(role, round_, work, turns), Submitted).submission

    def board(self, role: Role) -> Sequence[BoardNote]:
        return self._ask(ReadBoard(role), Board).notes

    def ask(self, role: Role, kind: ApprovalClass, question: str, options: Sequence[str]) -> str:
        return self._ask(AskPerson(role, kind, question, tuple(options)), Answer).text

    def finish(self, ending: CrewEnding) -> None:
        """Send the crew's ending, the worker's last message. Raises CrewStop if the supervisor is gone."""
        self._ask(Finish(ending), Done)

    def _ask(self, request: Request, expected: type[_T]) -> _T:
        try:
            with self._lock:
                self.connection.send_bytes(encode(request))
                reply = decode_reply(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise CrewStop(Outcome.STOPPED, "the supervisor is gone") from error
        if isinstance(reply, Refused):
            if reply.outcome is Outcome.LIMITED:
                raise LimitReached(reply.reason, limit=reply.limit)
            raise CrewStop(reply.outcome, reply.reason)
        if not isinstance(reply, expected):
            raise TypeError(f"{type(request).__name__} was answered with {type(reply).__name__}")
        return reply
