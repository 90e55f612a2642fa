"""An agent's model in whichever protocol it takes part: with tool calls of its own, or in text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from pydantic import PrivateAttr

from devassist.crew.conversation.transcript import Conversation
from devassist.crew.crew_stop import CrewStop
from devassist.crew.gateway_llm import GatewayLLM, errors_as_stops
from devassist.crew.text_protocol.protocols import Protocols
from devassist.crew.text_protocol.replies import without_thoughts
from devassist.crew.text_protocol.steps import (
    Act,
    Answer,
    Ask,
    Brief,
    GaveUp,
    Work,
    opening_and_rest,
    shortened,
)
from devassist.domain.errors import ModelError
from devassist.domain.events import DecisionMade, JsonObject
from devassist.domain.ids import evidence_id
from devassist.domain.settings import ModelProtocol
from devassist.domain.statuses import Outcome
from devassist.ports import ModelReply, ModelRequest, ToolCall

_READY: Final = {
    "type": "function",
    "function": {
        "name": "ready",
        "description": "Say that you are ready.",
        "parameters": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]},
    },
}
_PROBE: Final = "Call the tool `ready` with ok true. Answer with that tool call alone."
_MOST_OF_PROBE = 256
_CHARS_PER_TOKEN = 3
_PROMPT = 0.5
"""The share of the window for a question."""
_SHORTEST_REPLY, _LONGEST_REPLY = 512, 8_192
_CUTS = 3
_LESS = 0.6
_REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_tools": "its server takes no tools",
        "context_window": "its window is too short for the tools",
    }
)
"""Kinds of errors after which a model can still work in text, each with the reason."""
_CUT_OFF = frozenset({"length", "max_tokens"})


class AgentLLM(GatewayLLM):
    """
    A model that calls tools, or one that is asked for text and for which the harness makes the calls.

    In `auto` a model is taken to call tools until it has ended twice without a call, or its server refuses tools. On a
    server of the person's own it is then asked for one dummy call, and goes on in text if it does not make it.
    """

    _protocols: Protocols = PrivateAttr(default_factory=Protocols)
    _in_text: bool = PrivateAttr(default=False)
    _work: Work | None = PrivateAttr(default=None)
    _made: str = PrivateAttr(default="")
    """The id of the call that the work waits for."""
    _opening: str = PrivateAttr(default="")
    """What is to be done. It goes before every question: a cassette knows the agent by it."""
    _calls: int = PrivateAttr(default=0)
    _news: Sequence[str] = PrivateAttr(default=())
    """Notes from people: part of every question from then on."""
    _refusal: ModelError | None = PrivateAttr(default=None)
    """The error by which the server refused tools."""

    def speak(self, protocols: Protocols) -> None:
        """Have `protocols` decide how this model is spoken to."""
        self._protocols = protocols

    def conversation(self) -> Conversation:
        if not self._in_text:
            return super().conversation()
        return Conversation(messages=[{"role": "user", "content": self._brief_text()}])

    def _answer(self, messages: Sequence[JsonObject]) -> ModelReply:
        if not self._in_text and self._protocols.setting is not ModelProtocol.TOOLS:
            self._decide()
        if self._in_text:
            return self._next_call()
        try:
            return super()._answer(messages)
        except CrewStop as stop:
            if not self._falls_back(stop):
                raise
        return self._next_call()

    def _agent(self) -> str:
        session = self._session
        return evidence_id(session.assignment.run, session.assignment.task, session.role, session.round, 0)

    def _decide(self) -> None:
        """Begin in text if that is what the model is known to need."""
        with errors_as_stops():
            self._take_model()
        model = self.model
        if self._protocols.of(model, self._agent()) is ModelProtocol.TEXT and not self._tool_call_seen:
            chosen = self._protocols.setting is ModelProtocol.TEXT
            self._go_on_in_text("as configured" if chosen else "it made no tool call when it was tried")

    def _falls_back(self, stop: CrewStop) -> bool:
        """Whether the model goes on in text after an end without a tool call."""
        model = self.model
        mute = stop.outcome is Outcome.FAILED and stop.error is None
        refused = isinstance(stop.error, ModelError) and stop.error.kind in _REFUSALS
        if self._tool_call_seen or not (mute or refused):
            return False
        if self._protocols.of(model, self._agent()) is not ModelProtocol.AUTO:
            return False
        if refused and isinstance(stop.error, ModelError):
            self._refusal = stop.error
            self._go_on_in_text(_REFUSALS[stop.error.kind])
            return True
        if self._calls_tools():
            self._protocols.remember(model, ModelProtocol.TOOLS, self._agent())
            return False
        self._protocols.remember(model, ModelProtocol.TEXT, self._agent())
        self._go_on_in_text("it was asked for a dummy tool call and made none")
        return True

    def _calls_tools(self) -> bool:
        """Whether the model makes a dummy call; if there is no telling, it counts as if it did."""
        session = self._session
        session.turn += 1
        request = ModelRequest(
            model=self.model,
            messages=[{"role": "user", "content": _PROBE}],
            tools=[_READY],
            address=self._address(),
            max_tokens=_MOST_OF_PROBE,
        )
        try:
            with errors_as_stops():
                reply = self._complete(request)
        except CrewStop as stop:
            if isinstance(stop.error, ModelError):
                return True
            raise
        return any(call.name == "ready" for call in reply.tool_calls)

    def _go_on_in_text(self, reason: str) -> None:
        session = self._session
        self._in_text = True
        decision = DecisionMade(
            who="policy",
            question=f"does {self.model} work with tool calls or in text?",
            options=("tools", "text"),
            choice="text",
            reason=reason,
            confidence=1.0,
        )
        with errors_as_stops():
            session.link.record(session.event(decision, id_=f"{self._agent()}-protocol"))

    def _brief_text(self) -> str:
        """What the agent is to do; in a later round with what it was told before."""
        place = self._session.place
        earlier = (
            [str(message.get("content")) for message in self._earlier.messages[:1]] if place.continues else []
        )
        brief = place.brief.removesuffix(f"End by calling {self._session.submit_tool}.").rstrip()
        return "\n\n".join([*earlier, brief])

    def _next_call(self) -> ModelReply:
        """The next tool call of the work, after the model has been asked what is needed for it."""
        try:
            step = self._advanced()
            while isinstance(step, Ask):
                step = self._sent_to_work(self._ask(step))
        except GaveUp as end:
            reason = f"the {self._session.role} ended without {self._session.submit_tool}: {end}"
            if self._refusal is not None:
                raise CrewStop(Outcome.ERROR, f"{self._refusal}; {reason}", error=self._refusal) from end
            raise CrewStop(Outcome.FAILED, reason) from end
        return self._reply_with(step)

    def _advanced(self) -> Ask | Act:
        if self._work is not None:
            text, _, evidence = self._session.results.get(self._made, "").rpartition("\nevidence: ")
            return self._sent_to_work(Answer(text, evidence))
        with errors_as_stops():
            session, place = self._session, self._session.place
            self._opening, rest = opening_and_rest(session.role, self._brief_text(), place.goal)
            brief = Brief(
                role=session.role,
                opening=self._opening,
                rest=rest,
                room=int(self._window * _PROMPT) * _CHARS_PER_TOKEN,
                goal=place.goal,
                scope=session.assignment.scope,
                checks=bool(session.assignment.checks) and session.assignment.commands_offered,
            )
        # Imports the grammars, which workers of models that call tools do without.
        from devassist.crew.text_protocol.roles import work_of

        self._work = work_of(brief)
        return next(self._work)

    def _sent_to_work(self, answer: Answer) -> Ask | Act:
        assert self._work is not None  # noqa: S101  `_advanced` begins it
        try:
            return self._work.send(answer)
        except StopIteration as end:
            raise GaveUp("there was nothing left to try") from end

    def _reply_with(self, step: Act) -> ModelReply:
        self._calls += 1
        self._made = f"text_{self._session.round}_{self._calls}"
        call = ToolCall(
            id=self._made, name=step.tool, arguments=json.dumps(step.arguments, ensure_ascii=False)
        )
        self._session.expect([call])
        return ModelReply(tool_calls=[call])

    def _ask(self, step: Ask) -> Answer:
        """The model's answer; a question that is too long for the model's window is shortened."""
        prompt = step.prompt
        for cuts in range(_CUTS + 1):
            self._session.turn += 1
            request = self._question(prompt, step.schema)
            try:
                with errors_as_stops():
                    reply = self._complete(request)
            except CrewStop as stop:
                overflow = isinstance(stop.error, ModelError) and stop.error.kind == "context_window"
                if not overflow or cuts == _CUTS:
                    raise
                prompt = shortened(prompt, int(len(prompt) * _LESS))
            else:
                return Answer(
                    without_thoughts(self._session.redactor.text(reply.content)),
                    cut_off=reply.finish_reason.lower() in _CUT_OFF,
                )
        raise AssertionError("the last cut returns or raises")

    def _question(self, prompt: str, schema: JsonObject | None) -> ModelRequest:
        session = self._session
        with errors_as_stops():
            news = session.link.news(self._address())
        self._news = [*self._news, *news]
        system = (
            f"You are {session.role}. You answer in text: a program reads your answer, changes the files for you, "
            "runs the checks and tells you what failed."
        )
        longest = min(max(int(self._window * (1 - _PROMPT) * _LESS), _SHORTEST_REPLY), _LONGEST_REPLY)
        return ModelRequest(
            model=self.model,
            messages=[
                {"role": "system", "content": system},
                {"role": "user", "content": shortened(self._opening, longest * _CHARS_PER_TOKEN)},
                {"role": "user", "content": "\n\n".join([*self._news, prompt])},
            ],
            address=self._address(),
            max_tokens=longest,
            schema=schema,
        )
