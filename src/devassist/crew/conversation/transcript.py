"""One agent's conversation: CrewAI's messages, with the model's own words, our nudges and people's notes put in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from devassist.domain.events import NO_REASONING, JsonObject, Reasoning
from devassist.ports import ModelReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is sent: the messages, and the reasoning that belongs to some of them, by their index."""

    messages: Sequence[JsonObject]
    reasoning: Mapping[int, Reasoning] = field(default_factory=dict)


EMPTY = Conversation(messages=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """
    How a conversation begins after the system message: what all agents share, then the agent's brief.

    An agent that goes on in an `earlier` conversation has read the first already.
    """

    brief: str
    shared: str = ""
    earlier: Conversation = EMPTY


@dataclass(slots=True)
class _Inserted:
    """A message that CrewAI does not know of. It stands before CrewAI's message number `at`."""

    at: int
    message: JsonObject
    reasoning: Reasoning = NO_REASONING


@dataclass
class Transcript:
    """
    What CrewAI does not keep of one agent's conversation.

    CrewAI's loop writes the assistant's messages anew from the tool calls, without text and reasoning. Here each is
    the model's own. `redacted` takes secrets out: the log has the text so, and after a crash a request must be equal to
    the recorded one.
    """

    redacted: Callable[[str], str]
    _inserted: list[_Inserted] = field(default_factory=list)
    _replies: dict[str, ModelReply] = field(default_factory=dict)
    """The replies that called tools, by the id of their first call."""
    _rejected: dict[int, str] = field(default_factory=dict)
    _calls_made: int = 0

    def insert(self, at: int, *texts: str) -> None:
        """Have the user say `texts` before CrewAI's message number `at`."""
        self._inserted += [_Inserted(at, {"role": "user", "content": text}) for text in texts]

    def answer(self, at: int, reply: ModelReply, text: str, nudge: str) -> None:
        """Keep a reply whose calls, if any, are not made, and our answer to it. `text` stands in for an empty reply."""
        said = {
            "role": "assistant",
            "content": self.redacted(reply.content.strip() and reply.content) or text,
        }
        self._inserted.append(_Inserted(at, said, reply.reasoning))
        self.insert(at, nudge)

    def keep(self, reply: ModelReply, rejected: Mapping[int, str]) -> None:
        """Keep a reply whose calls are made; `rejected` maps a call's index to our result for it."""
        self._replies[reply.tool_calls[0].id] = reply
        self._rejected |= {self._calls_made + index: text for index, text in rejected.items()}
        self._calls_made += len(reply.tool_calls)

    def conversation(
        self, messages: Sequence[JsonObject], *, placeholder: str, opening: Opening
    ) -> Conversation:
        """CrewAI's `messages` with everything put in, and the opening in the place of the one with `placeholder`."""
        by_place: dict[int, list[_Inserted]] = {}
        for inserted in self._inserted:
            by_place.setdefault(inserted.at, []).append(inserted)
        out: list[_Inserted] = []
        results = itertools.count()
        for index, message in enumerate([*messages, {}]):
            out += by_place.get(index, ())
            rejection = self._rejected.get(next(results)) if message.get("role") == "tool" else None
            if rejection is not None:
                message = {**message, "content": rejection}  # noqa: PLW2901  CrewAI's own text has no evidence line
            if placeholder in str(message.get("content")):
                out += _opened(index, opening)
            elif message:
                out.append(self._own(index, message))
        return Conversation(
            messages=[entry.message for entry in out],
            reasoning={index: entry.reasoning for index, entry in enumerate(out) if entry.reasoning},
        )

    def _own(self, at: int, message: JsonObject) -> _Inserted:
        """The model's own message in the place of the one that CrewAI wrote of it; any other as it is."""
        calls = message.get("tool_calls")
        first = calls[0] if isinstance(calls, Sequence) and calls else {}
        reply = self._replies.get(str(first.get("id"))) if isinstance(first, Mapping) else None
        if reply is None:
            return _Inserted(at, message)
        return _Inserted(at, _as_message(reply, self.redacted), reply.reasoning)


def closed(
    conversation: Conversation,
    reply: ModelReply,
    results: Mapping[str, str],
    redacted: Callable[[str], str],
) -> Conversation:
    """
    The conversation to its end, without the system message, for an agent that goes on in it.

    `reply` is the one that ended it; `results` are those of its calls, by id.
    """
    first = sum(message.get("role") == "system" for message in conversation.messages)
    messages = list(conversation.messages[first:])
    reasoning = {
        index - first: thought for index, thought in conversation.reasoning.items() if index >= first
    }
    if reply.reasoning:
        reasoning[len(messages)] = reply.reasoning
    messages.append(_as_message(reply, redacted))
    messages += [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": results.get(call.id, "[not made: you had handed on]"),
        }
        for call in reply.tool_calls
    ]
    return Conversation(messages=messages, reasoning=reasoning)


def _as_message(reply: ModelReply, redacted: Callable[[str], str]) -> JsonObject:
    """A reply that calls tools, as the assistant's message."""
    return {
        "role": "assistant",
        "content": redacted(reply.content) or None,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": redacted(call.arguments)},
            }
            for call in reply.tool_calls
        ],
    }


def _opened(at: int, opening: Opening) -> list[_Inserted]:
    """CrewAI's own words around the brief go: they ask for an answer in text, and nobody reads that."""
    earlier = [
        _Inserted(at, message, opening.earlier.reasoning.get(index, NO_REASONING))
        for index, message in enumerate(opening.earlier.messages)
    ]
    texts = [opening.brief] if earlier or not opening.shared else [opening.shared, opening.brief]
    return [*earlier, *(_Inserted(at, {"role": "user", "content": text}) for text in texts)]
