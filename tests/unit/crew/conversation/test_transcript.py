"""The conversation that a model is sent holds its own words and its reasoning, also after a crash."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devassist.assignments import CrewEnding
from devassist.crew.call_journal import recorded_reply
from devassist.crew.conversation.fitting import tokens_of
from devassist.crew.conversation.transcript import Conversation
from devassist.domain.errors import ModelError
from devassist.domain.events import NO_REASONING, Reasoning, ToolCalled
from devassist.domain.secrets.redaction import Redactor
from devassist.domain.statuses import Outcome
from devassist.ports import ModelReply, ModelRequest, ToolCall
from support.lone_agent import LoneLink, run_agent, second_life
from support.replies import Listed

SECRET = "hunter2-hunter2"
THOUGHT = Reasoning(
    model="openai/m", text="hm", blocks=({"type": "thinking", "thinking": "hm", "signature": "S=="},)
)
SUBMIT = ToolCall(
    id="s", name="submit_brief", arguments='{"summary": "x", "findings": [], "confidence": 0.9}'
)
LIST = ToolCall(id="a", name="list_files", arguments="{}")


def said(request: ModelRequest) -> list[tuple[object, Reasoning]]:
    return [
        (message["content"], request.reasoning.get(index, NO_REASONING))
        for index, message in enumerate(request.messages)
        if message["role"] == "assistant"
    ]


def play(link: LoneLink, *replies: ModelReply) -> tuple[Listed, CrewEnding]:
    client = Listed(list(replies))
    return client, run_agent(client, link, secrets=(SECRET,))


@pytest.fixture
def link(tmp_path: Path) -> LoneLink:
    return LoneLink(tmp_path, redactor=Redactor([SECRET]))


def test_text_and_reasoning_beside_tool_calls_are_sent_back(link: LoneLink) -> None:
    client, ending = play(
        link,
        ModelReply(content="I look first.", tool_calls=[LIST], reasoning=THOUGHT),
        ModelReply(content="And now?", reasoning=THOUGHT),
        ModelReply(tool_calls=[SUBMIT]),
    )
    assert ending.outcome is Outcome.DELIVERED
    assert said(client.requests[2]) == [("I look first.", THOUGHT), ("And now?", THOUGHT)]


def test_calls_that_cannot_be_made_stay_as_the_model_wrote_them(link: LoneLink) -> None:
    broken = ToolCall(id="b", name="read_file", arguments='{"path": "x')
    client, _ = play(link, ModelReply(tool_calls=[LIST, broken]), ModelReply(tool_calls=[SUBMIT]))
    assistant, *results = client.requests[1].messages[2:]
    assert assistant["content"] is None
    assert [call["function"]["arguments"] for call in assistant["tool_calls"]] == ["{}", '{"path": "x']
    assert [result["tool_call_id"] for result in results] == ["a", "b"]
    assert "are not a JSON object" in results[1]["content"]


def test_a_secret_that_the_model_wrote_is_not_sent_back_to_it(link: LoneLink) -> None:
    client, _ = play(
        link, ModelReply(content=f"it is {SECRET}", tool_calls=[LIST]), ModelReply(tool_calls=[SUBMIT])
    )
    assert said(client.requests[1]) == [("it is [REDACTED:known]", NO_REASONING)]


def test_a_second_life_goes_on_with_equal_words_and_reasoning(link: LoneLink) -> None:
    first, _ = play(link, ModelReply(content=f"so: {SECRET}", tool_calls=[LIST], reasoning=THOUGHT))
    client = Listed([ModelReply(tool_calls=[SUBMIT])])
    assert run_agent(client, second_life(link), secrets=(SECRET,)).outcome is Outcome.DELIVERED
    assert client.requests[0].messages == first.requests[1].messages
    assert client.requests[0].reasoning == first.requests[1].reasoning


def test_reasoning_that_holds_a_secret_is_dropped_in_a_second_life(link: LoneLink) -> None:
    block = {"type": "thinking", "thinking": f"the word is {SECRET}", "signature": "S=="}
    thought = Reasoning(model="openai/m", blocks=(block,))
    first, _ = play(link, ModelReply(content="hm", tool_calls=[LIST], reasoning=thought))
    assert said(first.requests[1]) == [("hm", thought)]
    assert SECRET not in str(link.events)
    client = Listed([ModelReply(tool_calls=[SUBMIT])])
    assert run_agent(client, second_life(link), secrets=(SECRET,)).outcome is Outcome.DELIVERED
    assert said(client.requests[0]) == [("hm", NO_REASONING)]


def test_a_recorded_reply_has_its_reasoning(link: LoneLink) -> None:
    reply = ModelReply(content="hm", tool_calls=[SUBMIT], reasoning=THOUGHT, model="m")
    play(link, reply)
    (called,) = link.calls()
    assert recorded_reply(called) == reply


def test_a_note_is_read_where_it_came(link: LoneLink) -> None:
    link.notes = {2: ["hello"]}
    client, _ = play(link, ModelReply(tool_calls=[LIST]), ModelReply(tool_calls=[SUBMIT]))
    assert [message["role"] for message in client.requests[1].messages[2:]] == ["assistant", "tool", "user"]


def test_reasoning_counts_in_the_window() -> None:
    thought = Reasoning(text="x" * 4000)
    bare = Conversation(messages=[{"role": "assistant", "content": "hm"}])
    assert tokens_of(Conversation(messages=bare.messages, reasoning={0: thought})) > tokens_of(bare) + 900


@dataclass
class Narrow:
    """A ModelClient whose window is smaller than anybody says. It reads a long file until it has read it often."""

    window: int
    turns: int = 12
    refused: int = 0
    sent: list[ModelRequest] = field(default_factory=list)

    def attempt(self, request: ModelRequest) -> ModelReply:
        size = tokens_of(Conversation(messages=request.messages)) + len(json.dumps(list(request.tools))) // 4
        if size > self.window:
            self.refused += 1
            raise ModelError("maximum context length", kind="context_window")
        self.sent.append(request)
        if len(self.sent) > self.turns:
            return ModelReply(tool_calls=[SUBMIT])
        read = ToolCall(
            id=f"r{len(self.sent)}",
            name="read_file",
            arguments=f'{{"path": "a.py", "start_line": {len(self.sent)}}}',
        )
        return ModelReply(tool_calls=[read])


def test_a_conversation_that_is_too_long_goes_on_shorter(link: LoneLink) -> None:
    (link.worktree / "a.py").write_text("x = 1  # a line of some length\n" * 400)
    client = Narrow(window=16_000)
    assert run_agent(client, link).outcome is Outcome.DELIVERED
    assert 0 < client.refused <= 3
    calls = link.calls()
    assert [call.turn for call in calls] == list(range(1, len(calls) + 1))
    assert sum(call.error_kind == "context_window" for call in calls) == client.refused
    again = Narrow(window=16_000, turns=0)
    assert run_agent(again, second_life(link)).outcome is Outcome.DELIVERED
    assert again.sent == []  # all of it is answered from the log


def test_a_window_too_small_for_anything_ends_the_agent(link: LoneLink) -> None:
    client = Narrow(window=100)
    ending = run_agent(client, link)
    assert (ending.outcome, ending.kind) == (Outcome.ERROR, "context_window")
    assert client.refused < 8


@pytest.mark.parametrize("name", ["ReadFile", "functions.read_file", "Read-File", "default_api.read_file"])
def test_a_tool_is_known_by_the_ways_in_which_models_write_its_name(link: LoneLink, name: str) -> None:
    (link.worktree / "a.py").write_text("x = 1\n")
    read = ToolCall(id="r", name=name, arguments='{"path": "a.py"}')
    client, ending = play(link, ModelReply(tool_calls=[read]), ModelReply(tool_calls=[SUBMIT]))
    assert ending.outcome is Outcome.DELIVERED
    (result,) = [message for message in client.requests[1].messages if message["role"] == "tool"]
    assert "x = 1" in result["content"]


@pytest.mark.parametrize(
    "arguments", ["null", "[]", "0", '""', "false", "[1]", '"x"', "[" * 100_000, "{", '{"a": }']
)
def test_a_call_that_is_rejected_is_not_made(link: LoneLink, arguments: str) -> None:
    (link.worktree / "a.py").write_text("x = 1\n")
    call = ToolCall(id="l", name="list_files", arguments=arguments)
    read = ToolCall(id="r", name="read_file", arguments='{"path": "a.py"}')
    client, ending = play(link, ModelReply(tool_calls=[call, read]), ModelReply(tool_calls=[SUBMIT]))
    assert (ending.outcome, ending.reason) == (Outcome.DELIVERED, "")
    made = [event.body for event in link.events if isinstance(event.body, ToolCalled)]
    assert [(called.name, called.ok) for called in made] == [
        ("list_files", False),
        ("read_file", True),
        ("submit_brief", True),
    ]
    results = [
        str(message["content"]) for message in client.requests[1].messages if message["role"] == "tool"
    ]
    assert "are not a JSON object" in results[0]
    assert "are not a JSON object" not in results[1]
