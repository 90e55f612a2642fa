"""The wire protocol: every message survives its way over the wire, whatever text it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist import messages
from devassist.assignments import Assignment, CallAddress, CrewEnding
from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, ToolCalled
from devassist.domain.roles import Role
from devassist.domain.statuses import Outcome
from devassist.messages import (
    AskPerson,
    EventMessage,
    Finish,
    RecalledTool,
    RecordEvents,
    Refused,
    ReserveCall,
    decode_assignment,
    decode_reply,
    decode_report,
    decode_request,
    encode,
)

ADDRESS = CallAddress(task="one", role="coder", round=1, turn=2)
text = st.text(st.characters(exclude_categories=[]))  # lone surrogates too: names of files need not be UTF-8


def events() -> st.SearchStrategy[Event]:
    called = st.builds(ToolCalled, name=text, result=text, ok=st.booleans(), wrote=st.tuples(text))
    return st.builds(Event, called, run=text, task=text, agent=text, id=text)


@given(events())
def test_an_event_is_the_same_on_the_other_side(event: Event) -> None:
    request = decode_request(encode(RecordEvents((EventMessage.of(event),))))
    assert isinstance(request, RecordEvents)
    assert [message.event() for message in request.events] == [event]


@given(question=text, options=st.lists(text).map(tuple))
def test_a_request_keeps_its_class_and_its_values(question: str, options: tuple[str, ...]) -> None:
    asked = AskPerson(Role.CODER, "question", question, options)
    assert decode_request(encode(asked)) == asked


@pytest.mark.parametrize(
    "request_", [ReserveCall(ADDRESS), Finish(CrewEnding(outcome=Outcome.ERROR, kind="auth", hint="log in"))]
)
def test_nested_values_come_back_as_their_classes(request_: messages.Request) -> None:
    assert decode_request(encode(request_)) == request_


@pytest.mark.parametrize(
    "reply", [Refused(Outcome.LIMITED, "spent", "max_usd"), RecalledTool(), RecalledTool(called=ToolCalled())]
)
def test_a_reply_keeps_its_class(reply: messages.Reply) -> None:
    assert decode_reply(encode(reply)) == reply


def test_an_assignment_is_the_same_on_the_other_side() -> None:
    assignment = Assignment(run="r", task="one", roles=(Role.CODER,), models={"coder": ("m",)}, recalls=True)
    assert decode_assignment(encode(assignment)) == assignment


@pytest.mark.parametrize("decode", [decode_request, decode_reply, decode_report, decode_assignment])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"type": "Nonsense"}', b"[1]"])
def test_what_is_no_message_is_refused(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(DevassistError, match="no message"):
        decode(body)


def test_every_message_has_a_name_of_its_own() -> None:
    kinds = [*get_args(messages.Request), *get_args(messages.Reply), *get_args(messages.ForkserverReport)]
    tags = [msgspec.inspect.type_info(kind).tag for kind in kinds]
    assert len(set(tags)) == len(kinds)
