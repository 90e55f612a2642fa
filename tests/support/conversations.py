"""Transcripts of every kind, also those that no sound run comes to."""

from __future__ import annotations

import json

from hypothesis import strategies as st

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "read_file",
            "description": "Read a file.",
            "parameters": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "lines": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                },
                "required": ["path"],
                "additionalProperties": False,
            },
        },
    }
]

texts = st.one_of(st.text(max_size=8), st.text(alphabet=" \n\ud800\udc00a", max_size=4), st.none())
ids = st.sampled_from(["a", "b", "functions.read_file:0", "", "x" * 50, "toolu_01", "\ud800"])
arguments = st.one_of(
    st.sampled_from(
        ["", "{}", "[1]", '{"a": 1e999}', '{"a": NaN}', '{"a": "\\ud800"}', '{"a": ', "null", "[" * 3000]
    ),
    st.text(max_size=6),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2).map(json.dumps),
)
call = st.builds(
    lambda id_, name, args: {"id": id_, "type": "function", "function": {"name": name, "arguments": args}},
    ids,
    st.sampled_from(["read_file", "no such tool!", "", "functions.read_file", "n" * 80]),
    arguments,
)
message = st.one_of(
    st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["system", "user"]), texts),
    st.builds(lambda text: {"role": "assistant", "content": text}, texts),
    st.builds(
        lambda text, calls: {"role": "assistant", "content": text, "tool_calls": calls},
        texts,
        st.lists(call, max_size=3),
    ),
    st.builds(lambda id_, text: {"role": "tool", "tool_call_id": id_, "content": text}, ids, texts),
)
conversations = st.lists(message, max_size=12)
