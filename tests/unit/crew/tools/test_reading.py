"""What read_file shows of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.tool_session import Desk, desk


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    return desk(tmp_path, {"a.txt": "one\ntwo\n"})


def test_lines_are_numbered(place: Desk) -> None:
    assert place.call("read_file", path="a.txt") == "    1  one\n    2  two"


def test_the_first_400_lines_come_with_how_to_go_on(place: Desk) -> None:
    place.write("long.txt", "".join(f"{n}\n" for n in range(1, 1_235)))
    first = place.call("read_file", path="long.txt").splitlines()
    assert first[399:] == ["  400  400", "(lines 1-400 of 1,234; go on with start_line=401)"]
    rest = place.call("read_file", path="long.txt", start_line=1_001).splitlines()
    assert (rest[0], rest[-1]) == (" 1001  1001", "(lines 1,001-1,234 of 1,234)")
    some = place.call("read_file", path="long.txt", start_line=10, end_line=700).splitlines()
    assert (len(some), some[-1]) == (692, "(lines 10-700 of 1,234; go on with start_line=701)")


def test_a_page_ends_with_a_whole_line(place: Desk) -> None:
    place.write("wide.txt", f"{'x' * 100}\n" * 1_000)
    shown = place.call("read_file", path="wide.txt")
    assert len(shown) < 12_100
    assert shown.splitlines()[-1] == "(lines 1-111 of 1,000; go on with start_line=112)"


def test_a_giant_line_is_cut_and_the_next_can_be_reached(place: Desk) -> None:
    place.write("min.js", f"{'x' * 100_000}\nlast\n")
    cut, more = place.call("read_file", path="min.js").splitlines()
    assert cut.endswith("x [... the line is cut: it has 100,007 characters]")
    assert len(cut) < 4_000
    assert more == "(lines 1-1 of 2; go on with start_line=2)"
    assert place.call("read_file", path="min.js", start_line=2).startswith("    2  last\n")


def test_lines_are_counted_as_git_and_compilers_count_them(place: Desk) -> None:
    place.write("odd.py", "a\fb\vc\u2028d\x85e\rf\ng\r\nh")
    assert place.call("read_file", path="odd.py").split("\n") == [
        "    1  a\fb\vc\u2028d\x85e\rf", "    2  g", "    3  h",
    ]  # fmt: skip


def test_a_byte_order_mark_is_not_shown(place: Desk) -> None:
    place.write("bom.txt", b"\xef\xbb\xbfone\r\n")
    assert place.call("read_file", path="bom.txt") == "    1  one"


def test_what_is_no_text_or_has_no_such_line_is_said(place: Desk) -> None:
    place.write("x.bin", b"\0" * 1_500)
    place.write("empty", "")
    assert place.call("read_file", path="x.bin") == "error: x.bin is a binary file of 1,500 bytes"
    assert place.call("read_file", path="empty") == "(empty has 0 lines)"
    assert place.call("read_file", path="a.txt", start_line=3) == "(a.txt has 2 lines)"
    assert place.call("read_file", path="gone") == "error: there is no file gone"
    assert place.call("read_file", path=str(place.tree / "a.txt")).startswith("    1  one")
