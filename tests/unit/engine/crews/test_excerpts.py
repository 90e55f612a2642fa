"""What the next agent is shown of what earlier ones have read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from devassist.engine.crews.excerpts import Excerpt, excerpts, joined
from devassist.engine.log.evidence_index import FileRead

FILE = "\n".join(f"line {number}" for number in range(1, 1001))


def read(path: str, first: int, last: int) -> FileRead:
    return FileRead(agent="t1/coder", round=1, path=path, first=first, last=last)


def test_reads_that_touch_are_one_excerpt() -> None:
    reads = [read("a.py", 100, 120), read("a.py", 1, 20), read("a.py", 22, 30)]
    assert joined(reads, count=1000) == [Excerpt("a.py", 1, 30), Excerpt("a.py", 100, 120)]


def test_lines_are_numbered_as_the_agent_would_read_them() -> None:
    text = excerpts([read("a.py", 7, 8)], lambda _: FILE)
    assert "a.py, lines 7-8 of 1000:\n    7  line 7\n    8  line 8" in text


def test_a_file_that_is_gone_is_left_out() -> None:
    assert excerpts([read("a.py", 1, 5)], lambda _: None) == ""


def test_a_read_beyond_the_end_of_a_file_that_has_shrunk_shows_what_is_there() -> None:
    assert "lines 1-2 of 2" in excerpts([read("a.py", 1, 400)], lambda _: "one\ntwo")
    assert excerpts([read("a.py", 300, 400)], lambda _: "one\ntwo") == ""


def test_changed_files_come_first_then_named_ones_then_the_newest() -> None:
    reads = [read(path, 1, 3) for path in ("old.py", "changed.py", "named.py", "new.py")]
    text = excerpts(reads, lambda _: FILE, used={"changed.py"}, words="see named.py")
    at = [text.index(path) for path in ("changed.py", "named.py", "new.py", "old.py")]
    assert at == sorted(at)


@given(st.lists(st.tuples(st.integers(1, 2000), st.integers(1, 2000)), max_size=30))
def test_the_excerpts_stay_under_their_budget_whatever_was_read(ranges: list[tuple[int, int]]) -> None:
    reads = [read(f"{number % 3}.py", min(pair), max(pair)) for number, pair in enumerate(ranges)]
    assert len(excerpts(reads, lambda _: FILE)) <= 10_200
