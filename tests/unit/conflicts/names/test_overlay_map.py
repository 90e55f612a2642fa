"""Layers behave like the plain mappings they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devassist.conflicts.names.overlay_map import Groups, Layered

NAMES = st.sampled_from("abcdef")
CHANGES = st.lists(st.dictionaries(NAMES, st.none() | st.sampled_from("xyz")), max_size=4)


@given(st.dictionaries(NAMES, st.sampled_from("xyz")), CHANGES)
def test_layers_on_layers_hold_what_a_changed_copy_would(
    base: dict[str, str], steps: list[dict[str, str | None]]
) -> None:
    plain, before = dict(base), dict(base)
    layered: Layered | dict[str, str] = base
    for step in steps:
        for name, value in step.items():
            plain.pop(name, None)
            if value is not None:
                plain[name] = value
        layered = Layered(layered, step)
        assert dict(layered) == plain
        assert len(layered) == len(plain)
        assert {name for name in "abcdef" if name in layered} == plain.keys()
        assert {name: layered.get(name) for name in "abcdef"} == {name: plain.get(name) for name in "abcdef"}
    assert base == before


@given(st.lists(st.tuples(NAMES, st.sampled_from("xyz"))), st.lists(st.tuples(NAMES, st.sampled_from("xyz"))))
def test_a_layer_of_groups_leaves_what_is_below_as_it_was(
    below: list[tuple[str, str]], above: list[tuple[str, str]]
) -> None:
    first = Groups()
    for name, value in below:
        first.add(name, value)
    seen = {name: list(first.of(name)) for name in "abcdef"}
    second = first.layer()
    for name, value in below[::2]:
        second.drop(name, value)
    third = second.layer()
    for name, value in above:
        third.add(name, value)
    assert {name: list(first.of(name)) for name in "abcdef"} == seen
    left = {name: [v for n, v in below[1::2] if n == name] for name in "abcdef"}
    assert {name: sorted(second.of(name)) for name in "abcdef"} == {n: sorted(v) for n, v in left.items()}
    more = {name: left[name] + [v for n, v in above if n == name] for name in "abcdef"}
    assert {name: sorted(third.of(name)) for name in "abcdef"} == {n: sorted(v) for n, v in more.items()}
