"""The worker's line to the supervisor: one request, one answer, over a socket pair."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from devassist.crew.crew_stop import CrewStop
from devassist.domain.errors import LimitReached
from devassist.domain.events import Event
from devassist.ports import AgentPlace, CallAddress, Submission


@dataclass
class PipeLink:
    """A CrewLink over a connection. The lock keeps one question and its answer together."""

    connection: Connection
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, *events: Event) -> None:
        self._ask("record", events=[asdict(event) for event in events])

    def reserve(self, address: CallAddress) -> None:
        self._ask("reserve", address=asdict(address))

    def news(self, address: CallAddress) -> Sequence[str]:
        answer: Sequence[str] = self._ask("news", address=asdict(address))
        return answer

    def recall_reply(self, address: CallAddress, request: str) -> Mapping[str, Any] | None:
        answer: Mapping[str, Any] | None = self._ask("recall_reply", address=asdict(address), request=request)
        return answer

    def recall_tool(self, evidence: str) -> Mapping[str, Any] | None:
        answer: Mapping[str, Any] | None = self._ask("recall_tool", evidence=evidence)
        return answer

    def begin(self, role: str, round_: int) -> AgentPlace:
        return AgentPlace(**self._ask("begin", role=role, round=round_))

    def changed(self, role: str) -> Mapping[str, str]:
        answer: Mapping[str, str] = self._ask("changed", role=role)
        return answer

    def diff(self, role: str) -> str:
        return str(self._ask("diff", role=role))

    def submit(
        self, role: str, round_: int, handoff: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> Submission:
        return Submission(**self._ask("submit", role=role, round=round_, handoff=handoff, facts=facts))

    def board(self, role: str) -> Sequence[Mapping[str, Any]]:
        answer: Sequence[Mapping[str, Any]] = self._ask("board", role=role)
        return answer

    def ask(self, role: str, kind: str, question: str, options: Sequence[str]) -> str:
        return str(self._ask("ask", role=role, kind=kind, question=question, options=list(options)))

    def finish(self, ending: Mapping[str, Any]) -> None:
        self._ask("finish", ending=ending)

    def _ask(self, operation: str, **fields: Any) -> Any:
        body = json.dumps({"op": operation, **fields}, default=str).encode()
        try:
            with self._lock:
                self.connection.send_bytes(body)
                answer = json.loads(self.connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise CrewStop("stopped", "the supervisor is gone") from error
        refusal = answer.get("refused")
        if refusal is None:
            return answer.get("value")
        if refusal["outcome"] == "limited":
            raise LimitReached(refusal["reason"], limit=refusal.get("limit", ""))
        raise CrewStop(refusal["outcome"], refusal["reason"])
