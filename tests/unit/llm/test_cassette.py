"""Recording model calls, and answering a later run from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError, UsageError
from devassist.domain.events import NO_REASONING, Event, EventType, Reasoning, Record, ToolCalled
from devassist.llm.canonical import digest
from devassist.llm.cassette import CassetteWriter, ReplayClient
from devassist.ports import ModelRequest
from support.facts import event as event_of

OLD, NEW = "brisk-heron-3f2a", "calm-otter-91bc"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def messages_of(run: str, seq: int = 5, noise: str = "0.03s"):
    return [
        {"role": "system", "content": "You are coder."},
        {"role": "user", "content": f"work in /home/{run}/state/{run}/t1-coder/src/a.py"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": f"call_{seq}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        },
        {
            "role": "tool",
            "tool_call_id": f"call_{seq}",
            "content": f"1 passed in {noise} at 2026-11-22T10:00:0{seq % 10}Z\nevidence: {run}-{seq}",
        },
    ]


def record(
    task="t1", role="coder", turn=1, *, run=OLD, status="ok", type_=EventType.MODEL_CALLED, **over
) -> Record:
    data = {
        "status": status,
        "role": role,
        "round": 1,
        "turn": turn,
        "model": "openai/m",
        "messages": messages_of(run),
        "tools": TOOLS,
        "reply": {
            "content": f"{task} {turn}",
            "tool_calls": [
                {"id": "c1", "name": "submit", "arguments": json.dumps({"evidence": f"{run}-5"})},
                {"id": "c2", "name": "second", "arguments": "{}"},
            ],
            "finish_reason": "tool_calls",
        },
        "input_tokens": 7,
        "output_tokens": 3,
        "usd": 0.5,
        **over,
    }
    return Record(
        seq=turn,
        at="",
        event=event_of(type_, run=run, task=task, agent=f"{task}/{role}", data=data),
    )


def recorded(path: Path, *records: Record) -> Path:
    with CassetteWriter(path) as writer:
        for each in records:
            writer.write(each)
    return path


def ask(client, task="t1", role="coder", turn=1, messages=None):
    address = CallAddress(task=task, role=role, round=1, turn=turn)
    return client.attempt(
        ModelRequest(model="openai/m", messages=messages or messages_of(NEW), tools=TOOLS, address=address)
    )


def test_the_file_has_a_header_and_one_line_per_answered_call(tmp_path: Path) -> None:
    path = recorded(
        tmp_path / "deep" / "c.jsonl",
        record(),
        record(status="error"),
        Record(seq=9, at="", event=Event(ToolCalled(), run=OLD)),
        record(turn=2),
    )
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"schema": "devassist.cassette/1"}
    assert [(line["run"], line["task"], line["turn"]) for line in lines[1:]] == [
        (OLD, "t1", 1),
        (OLD, "t1", 2),
    ]
    assert path.stat().st_mode & 0o077 == 0


def test_an_equal_request_gets_its_reply_with_this_runs_names(tmp_path: Path) -> None:
    client = ReplayClient(recorded(tmp_path / "c", record()), NEW)
    reply = ask(client, messages=messages_of(NEW, 9, noise="12.7s"))
    assert json.loads(reply.tool_calls[0].arguments) == {"evidence": f"{NEW}-9"}
    assert [call.name for call in reply.tool_calls] == ["submit", "second"]
    assert (reply.input_tokens, reply.output_tokens, reply.usd, reply.finish_reason) == (
        7,
        3,
        0.5,
        "tool_calls",
    )
    assert client.divergent == 0


def test_each_reply_is_given_once(tmp_path: Path) -> None:
    client = ReplayClient(recorded(tmp_path / "c", record(), record(turn=2)), NEW)
    assert ask(client, turn=1).content == "t1 1"
    assert ask(client, turn=2).content == "t1 2"
    with pytest.raises(ModelError, match="t1/coder/1/2") as caught:
        ask(client, turn=2)
    assert caught.value.kind == "config"
    assert caught.value.exit_code == 5


def test_equal_requests_of_two_agents_are_told_apart_by_address(tmp_path: Path) -> None:
    client = ReplayClient(recorded(tmp_path / "c", record("t1"), record("t2")), NEW)
    assert ask(client, "t2").content == "t2 1"
    assert ask(client, "t1").content == "t1 1"


def test_another_tool_result_at_the_same_address_is_counted_as_divergent(tmp_path: Path) -> None:
    client = ReplayClient(recorded(tmp_path / "c", record()), NEW)
    told = messages_of(NEW)
    reply = ask(
        client, messages=[*told[:-1], {**told[-1], "content": "something else\n" + told[-1]["content"]}]
    )
    assert reply.content == "t1 1"
    assert client.divergent == 1


def test_an_agent_that_is_told_something_else_gets_no_recorded_reply(tmp_path: Path) -> None:
    client = ReplayClient(recorded(tmp_path / "c", record()), NEW)
    with pytest.raises(ModelError):
        ask(client, messages=[{"role": "user", "content": "another task"}, *messages_of(NEW)[1:]])


def test_a_resumed_run_goes_on_with_its_cassette(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c", record())
    recorded(path, record(turn=2))
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("text", ["", "hello\n", '{"schema": "other/1"}\n', "[]\n"])
def test_another_file_is_no_cassette_and_is_not_written_into(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        ReplayClient(path, NEW)
    assert caught.value.hint
    if text:
        with pytest.raises(UsageError):
            CassetteWriter(path)
        assert path.read_text() == text


@pytest.mark.parametrize(
    "line", ["{", "{}", "3", '{"task":"t","role":"r","round":1,"turn":1,"messages":1,"reply":{}}']
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    path = recorded(tmp_path / "c", record())
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UsageError, match="line 3"):
        ReplayClient(path, NEW)


def test_a_missing_cassette_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        ReplayClient(tmp_path / "nowhere", NEW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 0.03s", "took 1.2s"),
        ("at 2026-11-22T10:00:00Z", "at 2026-11-23 11:12:13.5+00:00"),
        ("commit 3f2a9c81d0ab77", "commit 0123456789abcdef0123456789abcdef01234567"),
        ("<Foo object at 0x7f3a>", "<Foo object at 0x9912ffee>"),
        ("/tmp/pytest-1/wt/src/a.py:3: error", "/home/me/state/wt/src/a.py:3: error"),
        (f"branch devassist/{OLD}/t1/coder", f"branch devassist/{NEW}/t1/coder"),
        ("http://127.0.0.1:4711/x", "http://127.0.0.1:9/x"),
    ],
)
def test_noise_does_not_change_the_digest(one: str, other: str) -> None:
    def key(text: str, run: str) -> str:
        return digest([{"role": "user", "content": text}], [], run=run)

    assert key(one, OLD) == key(other, NEW)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("src/a.py", "src/b.py"),
        ("/tmp/x/a.py", "/tmp/x/b.py"),
        ("2 failed", "3 failed"),
        ("deadbeef", "cafebabe"),
    ],
)
def test_what_matters_changes_the_digest(one: str, other: str) -> None:
    assert digest([{"role": "user", "content": one}], [], run="") != digest(
        [{"role": "user", "content": other}], [], run=""
    )


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.floats(),
        lambda s: st.lists(s) | st.dictionaries(st.text(), s),
    )
)
def test_a_digest_exists_for_any_content(content) -> None:
    message = {"role": "user", "content": content}
    assert digest([message], [], run="r") == digest([message], [], run="r")


def test_reasoning_and_cached_tokens_are_replayed(tmp_path: Path) -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "S"}
    thought = {
        "model": "openai/m",
        "text": "hm",
        "blocks": [block],
        "calls": {"c1": {"thought_signature": "T"}},
    }
    said = {"content": "so", "tool_calls": [], "finish_reason": "stop"}
    path = recorded(
        tmp_path / "c",
        record(
            reply={**said, "reasoning": thought},
            cached_input_tokens=4,
            cache_written_tokens=2,
            estimated=True,
        ),
        record(turn=2, reply={**said, "reasoning": thought, "reasoning_intact": False}),
    )
    client = ReplayClient(path, NEW)
    address = CallAddress(task="t1", role="coder", round=1, turn=1)
    reply = client.attempt(ModelRequest(model="m", messages=messages_of(NEW), tools=TOOLS, address=address))
    assert reply.reasoning == Reasoning(
        model="openai/m", text="hm", blocks=(block,), calls={"c1": {"thought_signature": "T"}}
    )
    assert (reply.cached_input_tokens, reply.cache_written_tokens, reply.estimated) == (4, 2, True)
    again = replace(address, turn=2)
    broken = client.attempt(ModelRequest(model="m", messages=messages_of(NEW), tools=TOOLS, address=again))
    assert not broken.reasoning


def test_a_cassette_of_an_earlier_version_is_replayed(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c", record())
    header, line = path.read_text().splitlines()
    entry = json.loads(line)
    for name in ("cached_input_tokens", "cache_written_tokens", "estimated"):
        del entry[name]
    for name in ("reasoning", "reasoning_intact"):
        del entry["reply"][name]
    path.write_text(f"{header}\n{json.dumps(entry)}\n")
    address = CallAddress(task="t1", role="coder", round=1, turn=1)
    reply = ReplayClient(path, NEW).attempt(
        ModelRequest(model="m", messages=messages_of(NEW), tools=TOOLS, address=address)
    )
    assert (reply.content, reply.reasoning) == ("t1 1", NO_REASONING)
