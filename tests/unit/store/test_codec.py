"""The codec's laws and the chain's."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.domain.errors import AuditError, AuditTampered
from devassist.store import chain, codec

long_text = st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=30), st.integers(30, 300)
)
keys = st.one_of(st.text(max_size=8), st.sampled_from(["$payload", "$$payload", "size", "$redacted"]))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    long_text,
)
values = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(keys, inner)), max_leaves=8
)
objects = st.dictionaries(keys, values)


@given(objects)
def test_what_was_packed_unpacks_to_the_same(data: dict[str, Any]) -> None:
    text, bodies = codec.pack(data)
    assert codec.unpack(text, bodies.__getitem__) == data
    assert codec.references(text) == [name for name in codec.references(text) if name in bodies]
    assert set(codec.references(text)) == set(bodies)


@given(objects)
def test_equal_data_has_equal_text(data: dict[str, Any]) -> None:
    backwards = dict(reversed(list(data.items())))
    assert codec.pack(data).text == codec.pack(backwards).text


@given(st.binary(max_size=3000))
def test_compression_gives_the_body_back(body: bytes) -> None:
    name, stored = codec.compress(body)
    assert codec.decompress(name, stored) == body
    assert len(stored) <= len(body)


def test_a_long_string_leaves_a_reference() -> None:
    body = "ä" * 1025
    digest = hashlib.sha256(body.encode()).hexdigest()
    text, bodies = codec.pack({"a": [body], "b": body})
    reference = {"$payload": digest, "size": 2050}
    assert json.loads(text) == {"a": [reference], "b": reference}
    assert bodies == {digest: body.encode()}


def test_a_string_at_the_limit_stays() -> None:
    assert codec.pack({"a": "x" * 1024}) == ('{"a":"' + "x" * 1024 + '"}', {})


def test_a_users_reference_is_data() -> None:
    fake = {"$payload": "0" * 64, "size": 1, "$$payload": [{"$payload": None}]}
    text, bodies = codec.pack(fake)
    assert bodies == {}
    assert codec.references(text) == []
    assert codec.unpack(text, bodies.__getitem__) == fake


def test_a_reference_spelled_inside_a_string_is_no_reference() -> None:
    text, _ = codec.pack({"a": '{"$payload":"' + "0" * 64 + '","size":1}'})
    assert codec.references(text) == []


def test_text_is_canonical() -> None:
    assert codec.pack({"b": (1, 2.5), "a": "é\n"}).text == '{"a":"é\\n","b":[1,2.5]}'


@pytest.mark.parametrize(
    "data",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {1: "a"},
        {"a": {None: 1}},
        {"a": {1, 2}},
        {"a": b"bytes"},
        {"a": object()},
        {"a": 10**5000},
    ],
)
def test_what_json_has_no_word_for_is_refused(data: Any) -> None:
    with pytest.raises(AuditError):
        codec.pack(data)


def test_nesting_has_an_end() -> None:
    deep: Any = "x"
    for _ in range(600):
        deep = [deep]
    with pytest.raises(AuditError, match="nested"):
        codec.pack({"a": deep})


def test_lone_surrogates_are_spelled_out() -> None:
    text, bodies = codec.pack({"caf\udce9": "x\ud800"})
    text.encode()
    assert codec.unpack(text, bodies.__getitem__) == {"caf\\udce9": "x\\ud800"}


def test_unpacking_what_is_not_json_says_so() -> None:
    with pytest.raises(AuditTampered):
        codec.unpack("{", {}.__getitem__)


def test_a_body_that_does_not_decompress_says_so() -> None:
    with pytest.raises(AuditTampered):
        codec.decompress("zlib", b"nonsense")
    with pytest.raises(AuditTampered):
        codec.decompress("rot13", b"")


fields = st.one_of(st.none(), st.text(max_size=3))
rows = st.tuples(
    st.one_of(st.none(), st.binary(max_size=3)),
    st.integers(1, 3),
    *[fields] * 7,
    st.one_of(st.none(), st.binary(max_size=3)),
)


@given(rows, rows)
def test_different_rows_have_different_links(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert (chain.link(*one) == chain.link(*other)) == (one == other)


def test_null_is_not_empty_and_fields_do_not_run_together() -> None:
    links = {
        chain.link(b"", 1, "ab", "", "", "", "", "", "", b""),
        chain.link(b"", 1, "a", "b", "", "", "", "", "", b""),
        chain.link(b"", 1, "ab", None, "", "", "", "", "", b""),
        chain.link(None, 1, "ab", "", "", "", "", "", "", b""),
    }
    assert len(links) == 4


def test_the_salt_matters() -> None:
    assert chain.data_digest(b"a", "x") != chain.data_digest(b"b", "x")
    assert chain.data_digest(b"a", "bx") != chain.data_digest(b"ab", "x")
