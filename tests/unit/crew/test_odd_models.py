"""Whatever a model replies, the agent reads why, hands on, or ends with a reason; CrewAI never breaks off."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devassist.domain.events import Reasoning
from devassist.domain.statuses import Outcome
from devassist.ports import ModelReply, ToolCall
from support.conversations import arguments
from support.lone_agent import LoneLink, run_agent, second_life
from support.replies import Listed

SUBMIT = ToolCall(
    id="s", name="submit_brief", arguments='{"summary": "x", "findings": [], "confidence": 0.9}'
)

names = st.sampled_from(
    [
        "read_file",
        "ReadFile",
        "list_files",
        "functions.list_files",
        "submit_work",
        "no such tool!",
        "",
        "n" * 80,
        "Ⓡ",
        "rejected",
    ]
)
paths = st.sampled_from(
    ['{"path": "a.py"}', '{"path": "../b"}', '{"path": 3}', '{"path": "a.py", "start_line": -1}']
)
calls = st.lists(st.builds(lambda name, args: (name, args), names, arguments | paths), max_size=4)
texts = st.text(max_size=6) | st.sampled_from(
    ["", " ", "\ud800", "{tools}", "```json\n{}\n```", "Final Answer: x", "Thought: x\nAction: y"]
)
reasonings = st.builds(
    lambda text, block: Reasoning(
        model="openai/m", text=text, blocks=({"type": "thinking", "thinking": block},)
    ),
    st.text(max_size=3),
    st.text(max_size=3),
)
replies = st.builds(
    lambda text, made, finish, thought: (text, made, finish, thought),
    texts,
    calls,
    st.sampled_from(["stop", "tool_calls", "length", "content_filter", "", "max_tokens"]),
    reasonings,
)


@given(st.lists(replies, max_size=5))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_reply_breaks_the_crew_off(said: list[tuple[str, list[tuple[str, str]], str, Reasoning]]) -> None:
    ids = itertools.count()
    script = [
        ModelReply(
            content=text,
            tool_calls=[ToolCall(id=f"c{next(ids)}", name=name, arguments=args) for name, args in made],
            finish_reason=finish,
            reasoning=thought,
        )
        for text, made, finish, thought in said
    ]
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "a.py").write_text("x = 1\n")
        link = LoneLink(Path(directory))
        ending = run_agent(Listed([*script, ModelReply(tool_calls=[SUBMIT])]), link)
        assert ending.outcome in (Outcome.DELIVERED, Outcome.FAILED)
        assert "broke off" not in ending.reason
        assert "internal error" not in ending.reason
        again = Listed([])
        assert run_agent(again, second_life(link)).outcome is ending.outcome
        assert again.requests == []
