"""CrewAI's only way to a model: every model call of an agent passes through here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import PrivateAttr

from devassist.assignments import CallAddress
from devassist.crew.agent_session import AgentSession, known_tool
from devassist.crew.conversation.fitting import fitted, tokens_of, window_after_overflow
from devassist.crew.conversation.transcript import EMPTY, Conversation, Opening, Transcript, closed
from devassist.crew.crew_calls import CrewCall, with_calls_of_text, with_our_names, with_stand_ins
from devassist.crew.crew_stop import CrewStop
from devassist.crew.tools.arguments import schema_of
from devassist.domain.errors import DevassistError, Interrupted, LimitReached, ModelError
from devassist.domain.events import JsonObject
from devassist.domain.statuses import Outcome
from devassist.ports import ModelReply, ModelRequest, ToolCall

BRIEF = "[[devassist:brief]]"
"""Takes the place of the agent's brief in the task description, so that CrewAI's templating never sees the text."""

_STABLE = 2
"""The system's message and what all agents share."""
_NUDGES = 1
_MOST_BROKEN_OFF = 3
"""The number of incomplete replies in a row that ends an agent."""
_BROKEN_OFF = {
    "length": "was cut off at the limit of its length",
    "max_tokens": "was cut off at the limit of its length",
    "content_filter": "was ended by the provider's content filter",
}
"""Finish reasons of incomplete replies, each with what happened to the reply."""


class GatewayLLM(BaseLLM):
    """
    CrewAI's model, one per agent and round.

    `complete` sends a ModelRequest with retries, budget and journal around it (llm.calls.CallPolicy).
    The first reply without a tool call is answered with a reminder of the submit tool; the second ends the attempt.
    None of the calls of an incomplete reply is made, even if they can be parsed: what the model meant to say in full is
    unknown. The model is told so, and continues.
    """

    llm_type: str = "devassist-gateway"
    _session: AgentSession = PrivateAttr()
    _complete: Callable[[ModelRequest], ModelReply] = PrivateAttr()
    _asked: str = PrivateAttr(default="")
    _window_of: Callable[[str], int] = PrivateAttr()
    _window: int = PrivateAttr(default=128_000)
    _transcript: Transcript = PrivateAttr()
    _tool_call_seen: bool = PrivateAttr(default=False)
    _earlier: Conversation = PrivateAttr(default=EMPTY)
    _sent: Conversation = PrivateAttr(default=EMPTY)
    _last: ModelReply = PrivateAttr(default=ModelReply())

    def __init__(
        self,
        *,
        model: str,
        session: AgentSession,
        complete: Callable[[ModelRequest], ModelReply],
        window: Callable[[str], int],
        earlier: Conversation = EMPTY,
    ) -> None:
        super().__init__(model=model)
        self._earlier = earlier
        self._session = session
        self._complete = complete
        self._asked, self._window_of, self._window = model, window, window(model)
        self._transcript = Transcript(session.redactor.text)

    def supports_function_calling(self) -> bool:
        return True

    def supports_stop_words(self) -> bool:
        return False

    def get_context_window_size(self) -> int:
        # Larger than any result: CrewAI would otherwise hide results over 4 KB behind a tool of its own.
        # `fitted` fits each request to the real window.
        return 100_000_000

    def get_input_tokens_count(
        self,
        messages: object,
        tools: object = None,  # noqa: ARG002
        response_model: object = None,  # noqa: ARG002
    ) -> int:
        return tokens_of(
            Conversation(messages=messages if isinstance(messages, list) else [{"content": messages}])
        )

    def call(  # noqa: PLR0913, PLR0917  CrewAI's signature
        self,
        messages: object,
        tools: object = None,
        callbacks: object = None,  # noqa: ARG002
        available_functions: object = None,  # noqa: ARG002
        from_task: object = None,
        from_agent: object = None,
        response_model: object = None,  # noqa: ARG002
    ) -> list[CrewCall]:
        with llm_call_context():
            self._emit_call_started_event(
                messages=messages, tools=tools, from_task=from_task, from_agent=from_agent
            )
            reply = self._answer(self._format_messages(messages))
            usage = {"prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens}
            self._track_token_usage_internal(usage)
            self._emit_call_completed_event(
                response=reply.content or [call.name for call in reply.tool_calls],
                call_type=LLMCallType.TOOL_CALL,
                from_task=from_task,
                from_agent=from_agent,
                usage=usage,
                finish_reason=reply.finish_reason or None,
                response_id=reply.response_id or None,
            )
            return [CrewCall(call) for call in reply.tool_calls]

    def conversation(self) -> Conversation:
        """The agent's conversation to its end, for a later round."""
        session = self._session
        return closed(self._sent, self._last, session.results, session.redactor.text)

    async def acall(self, *args: object, **kwargs: object) -> list[CrewCall]:
        return await asyncio.to_thread(self.call, *args, **kwargs)

    def _answer(self, messages: Sequence[JsonObject]) -> ModelReply:
        session = self._session
        own: list[JsonObject] = [dict(message) for message in messages]
        texts = broken = 0
        while True:
            session.turn += 1
            self._insert_news(own)
            reply = with_our_names(self._send(own), session.offered())
            how = _BROKEN_OFF.get(reply.finish_reason.lower(), "")
            reply = reply if how else with_calls_of_text(reply, session.offered(), session.turn)
            if not how and reply.tool_calls:
                self._tool_call_seen = True
                rejected = self._check_calls(reply.tool_calls)
                self._transcript.keep(reply, rejected)
                self._last = reply
                return with_stand_ins(reply, rejected)
            texts, broken = (texts, broken + 1) if how else (texts + 1, broken)
            if texts > _NUDGES or broken >= _MOST_BROKEN_OFF:
                raise CrewStop(Outcome.FAILED, self._end_without_submit(how, broken))
            nudge = _broken_off(reply, how) if how else self._nudge()
            self._transcript.answer(len(own), reply, f"[{how or 'nothing'}]", nudge)

    def _nudge(self) -> str:
        return (
            "That was text, and text is not handed on. Go on with tool calls, and end by calling "
            f"{self._session.submit_tool}."
        )

    def _end_without_submit(self, how: str, broken: int) -> str:
        session = self._session
        times = f", the last of {broken} such" if broken > 1 else ""
        last = f" (its last reply {how}{times})" if how else ""
        none = (
            ""
            if self._tool_call_seen or how
            else f"; it made no tool call at all: does {self.model} support them?"
        )
        return f"the {session.role} ended without {session.submit_tool}{last}{none}"

    def _insert_news(self, own: Sequence[JsonObject]) -> None:
        """Insert notes and news for this agent before its next call; they stay in the transcript."""
        with errors_as_stops():
            _ = self._session.place  # opens the place: an agent begins before it reads news
            news = self._session.link.news(self._address())
        self._transcript.insert(len(own), *news)

    def _address(self) -> CallAddress:
        session = self._session
        return CallAddress(
            task=session.assignment.task, role=session.role, round=session.round, turn=session.turn
        )

    def _send(self, messages: Sequence[JsonObject]) -> ModelReply:
        """The reply to a conversation, which is sent again, shorter, while no model has a window for it."""
        with errors_as_stops():
            while True:
                request = self._request(messages)
                try:
                    return self._complete(request)
                except ModelError as error:
                    smaller = window_after_overflow(request, self._window)
                    if error.kind != "context_window" or not smaller:
                        raise
                self._window = smaller
                # A turn of its own: the log has one reply for each, and a resumed run takes the same steps.
                self._session.turn += 1

    def _request(self, messages: Sequence[JsonObject]) -> ModelRequest:
        session = self._session
        place = session.place
        self._take_model()
        opening = Opening(
            brief=place.brief, shared=place.shared, earlier=self._earlier if place.continues else EMPTY
        )
        self._sent = self._transcript.conversation(messages, placeholder=BRIEF, opening=opening)
        tools = [schema_of(name) for name in session.offered()]
        conversation = fitted(self._sent, self._window, tools=tools)
        return ModelRequest(
            model=self._asked,
            messages=conversation.messages,
            tools=tools,
            address=self._address(),
            reasoning=conversation.reasoning,
            stable=_STABLE if place.shared else 0,
        )

    def _take_model(self) -> None:
        """Ask the model that was chosen when the agent began, after this was made."""
        if self._session.models[0] != self._asked:
            self.model = self._asked = self._session.models[0]
            self._window = self._window_of(self._asked)

    def _check_calls(self, calls: Sequence[ToolCall]) -> Mapping[int, str]:
        """Record the calls that CrewAI will reject before any of our tools sees them: index -> our result for it."""
        session = self._session
        session.expect(calls)
        rejected: dict[int, str] = {}
        for index, call in enumerate(calls):
            if not known_tool(call.name) or call.name not in session.offered():
                reason = f"error: there is no tool {call.name}; yours are {', '.join(session.offered())}"
                rejected[index] = session.reject(call.name, call.arguments, reason)
            elif not _is_object(call.arguments):
                reason = f"error: the arguments of {call.name} are not a JSON object"
                rejected[index] = session.reject(call.name, call.arguments, reason)
        return rejected


@contextmanager
def errors_as_stops() -> Iterator[None]:
    """Turn a DevassistError into a CrewStop, which CrewAI does not catch."""
    try:
        yield
    except LimitReached as error:
        raise CrewStop(Outcome.LIMITED, str(error), error=error) from error
    except Interrupted as error:
        raise CrewStop(Outcome.STOPPED, str(error), error=error) from error
    except ModelError as error:
        raise CrewStop(Outcome.ERROR, str(error), error=error) from error
    except DevassistError as error:
        raise CrewStop(Outcome.FAILED, str(error), error=error) from error


def _broken_off(reply: ModelReply, how: str) -> str:
    """What the model reads after an incomplete reply of its own."""
    names = ", ".join(dict.fromkeys(call.name for call in reply.tool_calls))
    calls = f"none of its tool calls ({names}) was made, and " if names else ""
    shorter = (
        " Say it again in smaller parts: fewer calls in one reply, and large files in several edits."
        if "length" in how
        else " Go on in another way."
    )
    return f"Your last reply {how}, so {calls}nothing of it was done.{shorter}"


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments or "{}"), dict)
    except (ValueError, RecursionError):
        return False
