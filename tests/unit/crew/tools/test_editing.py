"""What the tools that write single files make of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.tool_session import Desk, desk

from devassist.crew.tools.text.replacing import Edit, NotReplaced, replaced, with_line_ends_of
from devassist.domain.events import ToolIntended
from devassist.domain.hashing import blob_id
from devassist.messages import RecalledTool

BOM = b"\xef\xbb\xbf"


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    files: dict[str, str | bytes] = {
        "a.py": "def a():\n    return 1\n\n\ndef b():\n    return 1\n",
        "dos.txt": BOM + b"one\r\ntwo\r\nthree\r\n",
    }
    return desk(tmp_path, files)


def test_several_replacements_are_made_at_once(place: Desk) -> None:
    edits = [{"old": "def a", "new": "def aa"}, {"old": "return 1", "new": "return 2", "replace_all": True}]
    assert place.call("edit_file", path="a.py", edits=edits) == "replaced in a.py"
    assert (place.tree / "a.py").read_text() == "def aa():\n    return 2\n\n\ndef b():\n    return 2\n"
    call = place.supervisor.calls[-1]
    assert (call.wrote, call.blob) == (("a.py",), blob_id((place.tree / "a.py").read_bytes()))


def test_an_edit_works_on_what_the_one_before_it_made(place: Desk) -> None:
    edits = [{"old": "def a", "new": "def c"}, {"old": "def c", "new": "def d"}]
    place.call("edit_file", path="a.py", edits=edits)
    assert (place.tree / "a.py").read_text().startswith("def d():")


def test_one_edit_that_does_not_fit_undoes_all(place: Desk) -> None:
    before = (place.tree / "a.py").read_bytes()
    edits = [{"old": "def a", "new": "def aa"}, {"old": "retrun 1", "new": "return 2"}]
    said = place.call("edit_file", path="a.py", edits=edits)
    assert said.startswith(
        "error: edits[1].old: the text is not in a.py; the nearest is lines 2-2:\n    2      return 1"
    )
    assert said.endswith("; no edit was made")
    assert (place.tree / "a.py").read_bytes() == before


def test_a_text_that_occurs_twice_is_counted_with_its_lines(place: Desk) -> None:
    said = place.call("replace_in_file", path="a.py", old="return 1", new="return 2")
    assert said == (
        "error: old: the text occurs 2 times in a.py, at lines 2, 6: "
        "give more of what is around it, or set replace_all"
    )


def test_the_nearest_lines_are_shown_when_only_white_space_differs(place: Desk) -> None:
    said = place.call("replace_in_file", path="a.py", old="def b():\n  return 1", new="x")
    assert "only white space differs; the nearest is lines 5-6:\n    5  def b():\n    6      return 1" in said
    assert "nothing like it" in place.call("replace_in_file", path="a.py", old="zebra crossing", new="x")


def test_looking_for_the_nearest_lines_takes_no_time_on_repetitive_text() -> None:
    began = time.process_time()
    with pytest.raises(NotReplaced):
        replaced(b"x = 1\n" * 50_000, [Edit("x = 2\ny = 3\n" * 300, "")], path="f")
    assert time.process_time() - began < 5


def test_line_ends_and_the_byte_order_mark_stay(place: Desk) -> None:
    place.call("replace_in_file", path="dos.txt", old="one\ntwo", new="1\n2\n2b")
    assert (place.tree / "dos.txt").read_bytes() == BOM + b"1\r\n2\r\n2b\r\nthree\r\n"
    said = place.call("write_file", path="dos.txt", content="new\nlines\n")
    assert (place.tree / "dos.txt").read_bytes() == BOM + b"new\r\nlines\r\n"
    assert said == "wrote dos.txt (15 bytes, with the CRLF line ends that the file had)"
    place.call("write_file", path="a.py", content="x\r\n")
    assert (place.tree / "a.py").read_bytes() == b"x\r\n"


def test_a_file_of_mixed_line_ends_keeps_each_line(place: Desk) -> None:
    place.write("mixed", b"a\nb\r\nc\nd\r\n")
    place.call("replace_in_file", path="mixed", old="b\nc", new="B\nC")
    assert (place.tree / "mixed").read_bytes() == b"a\nB\r\nC\nd\r\n"


def test_a_latin_1_file_keeps_every_byte_and_gets_no_other_encoding(place: Desk) -> None:
    place.write("latin.txt", "caf\xe9\nbar\n".encode("latin-1"))
    place.call("replace_in_file", path="latin.txt", old="bar", new="baz")
    assert (place.tree / "latin.txt").read_bytes() == "caf\xe9\nbaz\n".encode("latin-1")
    assert "is not UTF-8" in place.call("replace_in_file", path="latin.txt", old="baz", new="bäz")
    assert "is not UTF-8" in place.call("replace_in_file", path="latin.txt", old="café", new="x")
    assert (place.tree / "latin.txt").read_bytes() == "caf\xe9\nbaz\n".encode("latin-1")


def test_a_large_file_is_edited_whole(place: Desk) -> None:
    place.write("large", b"x" * 3_000_000 + b"\nend\n")
    place.call("replace_in_file", path="large", old="end", new="END")
    assert (place.tree / "large").read_bytes() == b"x" * 3_000_000 + b"\nEND\n"


def test_links_and_binaries_are_not_edited(place: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("one")
    (place.tree / "link").symlink_to(tmp_path / "outside")
    place.write("bin", b"\0one")
    assert "leads out" in place.call("replace_in_file", path="link", old="one", new="two")
    assert "binary" in place.call("replace_in_file", path="bin", old="one", new="two")
    os.link(place.tree / "a.py", place.tree / "hard")
    assert "hard link" in place.call("edit_file", path="hard", edits=[{"old": "def a", "new": "x"}])
    assert (tmp_path / "outside").read_text() == "one"


def test_an_edit_out_of_scope_is_refused(tmp_path: Path) -> None:
    place = desk(tmp_path, {"a.py": "x\n", "src/b.py": "x\n"}, scope=("src/**",))
    assert "outside this task's scope" in place.call(
        "edit_file", path="a.py", edits=[{"old": "x", "new": "y"}]
    )
    assert (
        place.call("edit_file", path="src/b.py", edits=[{"old": "x", "new": "y"}]) == "replaced in src/b.py"
    )


@pytest.mark.parametrize("done", [False, True])
def test_an_edit_that_was_cut_off_is_made_once(place: Desk, *, done: bool) -> None:
    edits = [{"old": "def a", "new": "def a_"}]
    before = blob_id((place.tree / "a.py").read_bytes())
    if done:
        place.write("a.py", (place.tree / "a.py").read_text().replace("def a", "def a_"))
    place.session.recalling = True
    place.supervisor.begun = RecalledTool(tool=ToolIntended(name="edit_file", before=before))
    assert place.call("edit_file", path="a.py", edits=edits) == "replaced in a.py"
    assert (place.tree / "a.py").read_text().startswith("def a_():")


# Laws ----------------------------------------------------------------------------------------------------------

_texts = st.lists(st.sampled_from(["a", "b", " ", "\t", "é", "\n", "\r\n"]), max_size=12).map("".join)
_pieces = st.text(st.sampled_from("ab \té\n"), min_size=1, max_size=4)


@given(before=_texts, old=_pieces, new=_texts, after=_texts, bom=st.booleans())
def test_a_replacement_changes_its_place_and_nothing_else(
    before: str, old: str, new: str, after: str, *, bom: bool
) -> None:
    mark = BOM if bom else b""
    raw = f"{before}{old}{after}".encode()
    try:
        result = replaced(mark + raw, [Edit(old=old, new=new)], path="f")
    except NotReplaced:
        plain = raw.replace(b"\r\n", b"\n")
        assert old == new or plain.count(old.encode()) != 1
        return
    assert result.startswith(mark)
    body = result[len(mark) :]
    plain = raw.replace(b"\r\n", b"\n")
    at = plain.find(old.encode())
    wanted = plain[:at] + new.encode().replace(b"\r\n", b"\n") + plain[at + len(old.encode()) :]
    assert body.replace(b"\r\n", b"\n") == wanted.replace(b"\r\n", b"\n")
    if b"\r\n" not in raw and "\r" not in new:
        assert body == wanted


@given(old=_pieces, new=_pieces, times=st.integers(1, 5), crlf=st.booleans())
def test_replacing_all_and_back_again_is_where_it_began(
    old: str, new: str, times: int, *, crlf: bool
) -> None:
    text = "|".join([old] * times).replace("\n", "\r\n" if crlf else "\n").encode()
    if old == new or "|" in old or text.replace(b"\r\n", b"\n").count(old.encode()) != times:
        return
    there = replaced(text, [Edit(old=old, new=new, replace_all=True)], path="f")
    if there.replace(b"\r\n", b"\n") == "|".join([new] * times).encode() and b"\r" not in text:
        assert replaced(there, [Edit(old=new, new=old, replace_all=True)], path="f") == text


@given(content=_texts, lines=st.integers(1, 4))
def test_content_with_line_ends_of_its_own_is_left_alone(content: str, lines: int) -> None:
    given_ends = with_line_ends_of(content.encode(), b"x\r\n" * lines)
    assert given_ends == (content.encode() if "\r\n" in content else content.replace("\n", "\r\n").encode())
    assert with_line_ends_of(content.encode(), b"x\n" * lines) == content.encode()
