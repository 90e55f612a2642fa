"""What an agent sees of a long output, and how it gets to the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.tool_session import Desk, desk, git

from devassist.sandbox.unsafe import UnsafeSandbox


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    return desk(tmp_path, {"a.txt": "one\n"}, sandbox=UnsafeSandbox())


def test_a_long_output_shows_its_ends_and_the_rest_can_be_read_and_searched(place: Desk) -> None:
    said = place.call("run_command", command="seq 1 20000")
    lines = said.splitlines()
    assert len(said) < 10_300
    assert (lines[0], lines[-2:]) == ("1", ["20000", "[exit code 0]"])
    note = next(line for line in lines if line.startswith("[..."))
    assert note.endswith(
        "left out: all of them are at path='output:r-t-coder-1-1' of read_file and search_code ...]"
    )
    path = "output:r-t-coder-1-1"
    assert place.call("read_file", path=path, start_line=12_000, end_line=12_001).splitlines()[:2] == [
        "12000  12000", "12001  12001",
    ]  # fmt: skip
    assert (
        place.call("search_code", pattern="^1234.$", path=path, context=1).splitlines()[1]
        == f"{path}:12340: 12340"
    )
    assert place.call("search_code", pattern="zebra", path=path) == f"(no match in {path})"
    assert git(place.tree, "status", "--porcelain") == ""


def test_a_short_output_is_shown_as_it_is(place: Desk) -> None:
    assert place.call("run_command", command="seq 1 3") == "1\n2\n3\n[exit code 0]"
    assert not (place.private / "outputs").exists()


def test_one_line_without_end_is_cut_at_both_ends(place: Desk) -> None:
    said = place.call("run_command", command="head -c 50000 /dev/zero | tr '\\0' x; printf END")
    assert len(said) < 10_300
    assert "xEND\n[exit code 0]" in said


@pytest.mark.parametrize("path", ["output:../../repository/a.txt", "output:", "output:a/b"])
def test_no_path_leads_from_the_outputs_elsewhere(place: Desk, path: str) -> None:
    assert "names no output" in place.call("read_file", path=path)
    assert "names no output" in place.call("search_code", pattern="one", path=path)


def test_an_output_that_is_not_there_is_said(place: Desk) -> None:
    assert place.call("read_file", path="output:e9") == "error: there is no file output:e9"
    assert place.call("search_code", pattern="x", path="output:e9") == "error: there is no file output:e9"


def test_links_that_a_command_put_in_their_place_are_not_followed(place: Desk) -> None:
    (place.root / "outside").mkdir()
    (place.root / "outside" / "e1.txt").write_text("secret\n")
    (place.private / "outputs").symlink_to(place.root / "outside")
    assert "secret" not in place.call("read_file", path="output:e1")
    assert "secret" not in place.call("search_code", pattern="secret", path="output:e1")
    place.call("run_command", command="seq 1 20000")
    assert [file.name for file in (place.root / "outside").iterdir()] == ["e1.txt"]
