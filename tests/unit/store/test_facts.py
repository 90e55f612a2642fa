"""Every class of fact is stored and read back as what it was, whichever classes there will be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devassist.domain.errors import AuditTampered
from devassist.domain.events import FACTS, EventType, Fact
from devassist.store import codec
from devassist.store.facts import to_data, to_fact


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    return json_values if hint in (Any, object) else st.from_type(hint)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
st.register_type_strategy(str, words)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(
    datetime,
    st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
)
st.register_type_strategy(object, json_values)
st.register_type_strategy(Mapping, lambda hint: st.dictionaries(*map(values_of, get_args(hint)), max_size=2))


def stored(fact: Fact) -> Fact:
    """As the log stores it: data, canonical text, payloads set aside, and all the way back."""
    text, bodies = codec.pack(to_data(fact))
    return to_fact(fact.type, codec.unpack(text, bodies.__getitem__))


@pytest.mark.parametrize("type_", FACTS, ids=str)
@given(data=st.data())
def test_every_fact_is_read_back_as_what_was_stored(type_: EventType, data: st.DataObject) -> None:
    fact: Any = data.draw(st.from_type(FACTS[type_]))
    assert stored(fact) == fact


@pytest.mark.thorough
@pytest.mark.parametrize("type_", FACTS, ids=str)
@settings(max_examples=10)
@given(data=st.data())
def test_keys_of_a_later_version_are_left_out(type_: EventType, data: st.DataObject) -> None:
    fact: Any = data.draw(st.from_type(FACTS[type_]))
    assert to_fact(type_, {**to_data(fact), "of_a_later_version": [1, {"deep": None}]}) == fact


@pytest.mark.parametrize("type_", [type_ for type_ in FACTS if get_type_hints(FACTS[type_])], ids=str)
def test_a_value_that_no_field_may_hold_is_tampering(type_: EventType) -> None:
    fact = FACTS[type_]
    wrong = {name: {"no": {"field": "holds this"}} for name in fact.__dataclass_fields__}
    if wrong:
        with pytest.raises(AuditTampered, match="does not fit"):
            to_fact(type_, wrong)


def test_every_class_of_the_union_has_its_own_type_and_every_type_its_class() -> None:
    assert set(FACTS) == set(EventType)
    assert len(set(FACTS.values())) == len(FACTS)
