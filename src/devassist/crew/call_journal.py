"""What a worker records of its model calls, and a recorded reply taken for the call it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from devassist.crew.agent_session import AgentSession
from devassist.domain.errors import ModelError
from devassist.domain.events import EventType, ModelCalled
from devassist.domain.events.calls import RecordedReply
from devassist.domain.failpoints import reach
from devassist.ports import ModelReply, ModelRequest, ToolCall


@dataclass
class CallJournal:
    """Records each attempt of one agent's model calls: intended before, called after."""

    session: AgentSession
    asked: str
    """The digest of what is sent, by which a later run finds the reply again."""

    def before(self, request: ModelRequest, model: str, attempt: int) -> object:
        self.session.link.reserve(request.address)
        data = {
            "turn": request.address.turn,
            "attempt": attempt,
            "model": model,
            "request": self.asked,
            "messages": list(request.messages),
            "tools": list(request.tools),
        }
        self.session.link.record(self.session.event(EventType.MODEL_INTENDED, data))
        reach("llm.request")
        return data

    def after(
        self, token: object, reply: ModelReply | None, error: ModelError | None, latency_ms: float
    ) -> None:
        reach("llm.reply")
        assert isinstance(token, dict)  # noqa: S101  what `before` gave
        outcome = _of_reply(reply) if reply is not None else _of_error(error)
        data = {**token, **outcome, "latency_ms": round(latency_ms, 1)}
        self.session.link.record(self.session.event(EventType.MODEL_CALLED, data))


def _of_reply(reply: ModelReply) -> dict[str, Any]:
    return {
        "status": "ok",
        "answered_by": reply.model,
        "reply": {
            "content": reply.content,
            "tool_calls": [
                {"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls
            ],
            "finish_reason": reply.finish_reason,
        },
        "finish_reason": reply.finish_reason,
        "response_id": reply.response_id,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "usd": reply.usd,
        "error": None,
    }


def recorded_reply(called: ModelCalled) -> ModelReply:
    """The reply of a recorded call, which was paid for when it was recorded."""
    reply = called.reply or RecordedReply()
    return ModelReply(
        content=reply.content or "",
        tool_calls=[
            ToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in reply.tool_calls
        ],
        finish_reason=reply.finish_reason or "",
        model=called.answered_by,
        response_id=called.response_id or "",
        input_tokens=called.input_tokens,
        output_tokens=called.output_tokens,
        usd=called.usd,
    )


def _of_error(error: ModelError | None) -> dict[str, Any]:
    return {
        "status": "error",
        "input_tokens": 0,
        "output_tokens": 0,
        "usd": 0.0,
        "error": str(error),
        "error_kind": error.kind if error else "",
    }
