"""Trees compared as bytes: what differs is what a full look finds, however the bytes fall."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from devassist.git.objects.trees import FILE, Entry, Trees, _serialised

IDS = st.sampled_from(["0" * 40, "31" * 20, "00" * 19 + "31", "2031" * 10, "f" * 40])
NAMES = st.text(alphabet="a1 ", min_size=1, max_size=6).map(str.encode)
SIDES = st.dictionaries(NAMES, IDS, max_size=12)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    return Trees(pygit2.init_repository(str(tmp_path_factory.mktemp("trees"))))


def stored(trees: Trees, names: Mapping[bytes, str]) -> str:
    if not names:
        return ""
    raw = _serialised({name: Entry(FILE, id_) for name, id_ in names.items()})
    return str(trees.repo.write(ObjectType.TREE, raw))


@given(SIDES, SIDES, st.booleans())
@settings(max_examples=6 * settings.default.max_examples, deadline=None)
def test_the_difference_of_two_trees_is_what_differs(
    trees: Trees, old: dict[bytes, str], edits: dict[bytes, str], grow: bool
) -> None:
    new = old | edits if grow else {name: id_ for name, id_ in old.items() if name not in edits}
    differences = list(trees.difference(stored(trees, old), stored(trees, new)))
    wanted = sorted(name for name in old | new if old.get(name) != new.get(name))
    assert [path.encode() for path, _old, _new in differences] == wanted
    for path, before, after in differences:
        assert (before and before.id) == old.get(path.encode())
        assert (after and after.id) == new.get(path.encode())


def test_an_end_that_is_alike_by_chance_is_no_border(trees: Trees) -> None:
    """The bytes of one tree's entry `b` are the end of the other's entry `x100644 b`."""
    old = {b"a": "00" * 20, b"b": "01" * 20}
    new = {b"a": "31" * 20, b"x100644 b": "01" * 20}
    differences = [path for path, _old, _new in trees.difference(stored(trees, old), stored(trees, new))]
    assert differences == ["a", "b", "x100644 b"]
