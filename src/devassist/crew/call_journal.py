"""Records a worker's model calls, and turns a recorded call back into its reply."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from devassist.crew.agent_session import AgentSession
from devassist.domain.errors import ModelError
from devassist.domain.events import (
    NO_REASONING,
    ModelCalled,
    ModelIntended,
    Reasoning,
    RecordedReply,
    RecordedToolCall,
)
from devassist.domain.failpoints import reach
from devassist.domain.statuses import CallStatus
from devassist.ports import ModelReply, ModelRequest, ToolCall


@dataclass
class CallJournal:
    """Records each attempt of one agent's model calls: intended before, called after."""

    session: AgentSession
    request_digest: str
    """The digest of the request, by which a later worker finds its reply."""

    def before(self, request: ModelRequest, model: str, attempt: int) -> ModelIntended:
        """Record that the call is about to be made. Raises LimitReached if it may not be."""
        self.session.link.reserve(request.address)
        intended = ModelIntended(
            turn=request.address.turn,
            attempt=attempt,
            model=model,
            request=self.request_digest,
            messages=tuple(request.messages),
            tools=tuple(request.tools),
        )
        self.session.link.record(self.session.event(intended))
        reach("llm.request")
        return intended

    def after(
        self, token: object, reply: ModelReply | None, error: ModelError | None, latency_ms: float
    ) -> None:
        """Record the call's outcome; `token` is what `before` returned."""
        reach("llm.reply")
        assert isinstance(token, ModelIntended)  # noqa: S101  `before` returned it
        called = ModelCalled(
            turn=token.turn,
            attempt=token.attempt,
            model=token.model,
            request=token.request,
            messages=token.messages,
            tools=token.tools,
            latency_ms=round(latency_ms, 1),
        )
        if reply is None:
            ended = _failed(called, error)
        else:
            redactor = self.session.redactor
            redacted = msgspec.convert(redactor.value(msgspec.to_builtins(reply.reasoning)), Reasoning)
            ended = _answered(called, reply, redacted)
        self.session.link.record(self.session.event(ended))


def _answered(call: ModelCalled, reply: ModelReply, redacted: Reasoning) -> ModelCalled:
    """The record of a call that got `reply`, whose reasoning is `redacted` in the log."""
    return replace(
        call,
        status=CallStatus.OK,
        answered_by=reply.model,
        reply=RecordedReply(
            content=reply.content,
            tool_calls=tuple(
                RecordedToolCall(id=tool.id, name=tool.name, arguments=tool.arguments)
                for tool in reply.tool_calls
            ),
            finish_reason=reply.finish_reason,
            reasoning=redacted,
            reasoning_intact=redacted == reply.reasoning,
        ),
        finish_reason=reply.finish_reason,
        response_id=reply.response_id,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cached_input_tokens=reply.cached_input_tokens,
        cache_written_tokens=reply.cache_written_tokens,
        estimated=reply.estimated,
        usd=reply.usd,
    )


def _failed(call: ModelCalled, error: ModelError | None) -> ModelCalled:
    return replace(
        call,
        status=CallStatus.ERROR,
        usd=0.0,
        error=str(error),
        error_kind=error.kind if error is not None else "",
    )


def recorded_reply(called: ModelCalled) -> ModelReply:
    """
    The reply of a recorded call. It was paid for when it was recorded.

    Without reasoning that the log has redacted: the provider would refuse the broken signature.
    """
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
        cached_input_tokens=called.cached_input_tokens,
        cache_written_tokens=called.cache_written_tokens,
        estimated=called.estimated,
        usd=called.usd,
        reasoning=reply.reasoning if reply.reasoning_intact else NO_REASONING,
    )
