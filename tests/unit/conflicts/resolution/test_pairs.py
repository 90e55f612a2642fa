"""Real branches merged in memory: what conflicts, what an answer makes of it, what the checks say of that."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from devassist.conflicts.resolution.history import answers_in_history
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.resolution.verification import Verification
from devassist.domain.conflicts import Side
from devassist.domain.errors import UsageError
from devassist.git.repository import Repository
from support.repos import commit_all, content, git, make_repository, put, tree_files

BASE: dict[str, str | bytes] = {
    "notes.txt": "one\ntwo\nthree\n",
    "far.txt": "".join(f"{n}\n" for n in range(20)),
    "pkg/__init__.py": "",
    "pkg/io.py": "def load(path):\n    return open(path).read()\n",
}


def branch(root: Path, name: str, files: Mapping[str, str | bytes | None]) -> None:
    git(root, "checkout", "-q", "-b", name, "main")
    put(root, {path: text for path, text in files.items() if text is not None})
    for path in (path for path, text in files.items() if text is None):
        git(root, "rm", "-q", path)
    commit_all(root, f"work of {name}")
    git(root, "checkout", "-q", "main")


@contextmanager
def merging(
    root: Path, ours: Mapping[str, str | bytes | None], theirs: Mapping[str, str | bytes | None]
) -> Iterator[MergingPair]:
    make_repository(root, BASE)
    branch(root, "left", ours)
    branch(root, "right", theirs)
    repository = Repository.discover(root)

    def side(name: str) -> Side:
        commit = repository.resolve(name)
        return Side(name=name, commit=commit, tree=repository.tree_of(commit))

    with MergingPair(repository, side("left"), side("right"), {"PATH": os.environ["PATH"]}) as pair:
        yield pair


@pytest.mark.parametrize(("name", "option"), [("left", "ours"), ("right", "theirs")])
def test_taking_a_side_is_what_git_does_with_the_option_of_that_name(
    tmp_path: Path, name: str, option: str
) -> None:
    root = tmp_path / "r"
    lines = [f"{n}\n" for n in range(20)]
    left = {"notes.txt": "one\nLEFT\nthree\n", "far.txt": "".join(["top\n", *lines]), "left.txt": "l\n"}
    right = {
        "notes.txt": "one\nRIGHT\nMORE\nthree\n",
        "far.txt": "".join([*lines, "end\n"]),
        "right.txt": "r\n",
    }
    with merging(root, left, right) as pair:
        tree = pair.tree_with(pair.taking(name))
    git(root, "checkout", "-q", "--detach", "left")
    git(root, "merge", "-q", "-X", option, "right", "-m", "x")
    assert tree == git(root, "rev-parse", "HEAD^{tree}")
    assert git(root, "fsck", "--strict", check=False).count("missing") == 0


@pytest.mark.parametrize(("name", "option"), [("left", "ours"), ("right", "theirs")])
def test_a_side_is_taken_where_the_other_renamed_the_file_as_well(
    tmp_path: Path, name: str, option: str
) -> None:
    root = tmp_path / "r"
    text = str(BASE["far.txt"])
    left: dict[str, str | bytes | None] = {"far.txt": None, "away.txt": text.replace("7\n", "L\n", 1)}
    with merging(root, left, {"far.txt": text.replace("7\n", "R\n", 1), "x.txt": "x\n"}) as pair:
        assert [one.path for one in pair.files] == ["away.txt"]
        tree = pair.tree_with(pair.taking(name))
    git(root, "checkout", "-q", "--detach", "left")
    git(root, "merge", "-q", "-X", option, "right", "-m", "x")
    assert tree == git(root, "rev-parse", "HEAD^{tree}")


def test_a_deletion_and_a_binary_are_taken_whole(tmp_path: Path) -> None:
    root = tmp_path / "r"
    left: dict[str, str | bytes | None] = {"notes.txt": None, "b.bin": b"\0left"}
    right: dict[str, str | bytes | None] = {"notes.txt": "one\nRIGHT\nthree\n", "b.bin": b"\0right"}
    with merging(root, left, right) as pair:
        assert {one.path: one.kinds for one in pair.files} == {
            "b.bin": ("add-add", "binary"),
            "notes.txt": ("modify-delete",),
        }
        gone = tree_files(root, pair.tree_with(pair.taking("left")))
        kept = pair.tree_with(pair.taking("right"))
    assert "notes.txt" not in gone
    assert content(root, kept, "notes.txt") == "one\nRIGHT\nthree"
    assert content(root, kept, "b.bin").endswith("right")


def test_a_file_and_a_directory_of_one_name_are_taken_one_or_the_other(tmp_path: Path) -> None:
    root = tmp_path / "r"
    with merging(root, {"x": "a file\n"}, {"x/inside": "below\n"}) as pair:
        as_file = tree_files(root, pair.tree_with(pair.taking("left")))
        as_directory = tree_files(root, pair.tree_with(pair.taking("right")))
    assert [path for path in as_file if path.startswith("x")] == ["x"]
    assert [path for path in as_directory if path.startswith("x")] == ["x/inside"]


def test_where_git_only_suggests_a_place_there_is_no_side_to_take(tmp_path: Path) -> None:
    root = tmp_path / "r"
    moved: dict[str, str | bytes | None] = {
        "pkg/__init__.py": None,
        "pkg/io.py": None,
        "lib/__init__.py": "",
        "lib/io.py": BASE["pkg/io.py"],
    }
    with merging(root, moved, {"pkg/new.py": "NEW = 1\n"}) as pair:
        if pair.files:  # what git makes of it depends on merge.directoryRenames
            with pytest.raises(UsageError, match="not a choice of one side"):
                pair.taking("left")


def test_dropped_lines_are_told_and_do_not_refuse(tmp_path: Path) -> None:
    with merging(
        tmp_path / "r", {"notes.txt": "one\nLEFT\nthree\n"}, {"notes.txt": "one\nRIGHT\nthree\n"}
    ) as pair:
        edits = pair.taking("right")
        found = Verification(pair).verify(pair.tree_with(edits), list(edits))
    assert not found.failed
    assert [(one.branch, one.path, one.line, one.text) for one in found.dropped] == [
        ("left", "notes.txt", 2, "LEFT")
    ]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("one\n<<<<<<< left\nLEFT\n=======\nRIGHT\n>>>>>>> right\nthree\n", "markers"),
        ("def f(:\n", "parse"),
        ("def f():\n    return 1\n\n\ndef f():\n    return 2\n", "symbols"),
    ],
)
def test_markers_broken_syntax_and_a_double_definition_are_not_well(
    tmp_path: Path, text: str, check: str
) -> None:
    with merging(
        tmp_path / "r", {"a.py": "def f():\n    return 1\n"}, {"a.py": "def f():\n    return 2\n"}
    ) as pair:
        found = Verification(pair).verify(pair.tree_with({"a.py": text}), ["a.py"])
    assert check in [one.name for one in found.failed]


def test_data_files_are_parsed_too_and_a_file_that_never_parsed_is_let_be(tmp_path: Path) -> None:
    with merging(
        tmp_path / "r",
        {"a.json": '{"a": 1}\n', "b.json": "// ours\n{}\n"},
        {"a.json": '{"a": 2}\n', "b.json": "// theirs\n{}\n"},
    ) as pair:
        bad = Verification(pair).verify(pair.tree_with({"a.json": '{"a": 1\n'}), ["a.json"])
        odd = Verification(pair).verify(pair.tree_with({"b.json": "// both\n{}\n"}), ["b.json"])
    assert [one.name for one in bad.failed] == ["parse"]
    assert not odd.failed


def test_a_resolution_that_removes_what_it_still_uses_is_not_well(tmp_path: Path) -> None:
    use = "from pkg.io import load\n\n\ndef show(path):\n    print(load(path))\n"
    with merging(tmp_path / "r", {"pkg/cli.py": use, "notes.txt": "L\n"}, {"notes.txt": "R\n"}) as pair:
        edits = {"pkg/io.py": "def read(path):\n    return open(path).read()\n", "notes.txt": "L\nR\n"}
        broken = Verification(pair).verify(pair.tree_with(edits), list(edits))
        mended = {**edits, "pkg/cli.py": use.replace("load", "read")}
        well = Verification(pair).verify(pair.tree_with(mended), list(mended))
    assert [one.name for one in broken.failed] == ["symbols"], broken
    assert "load" in broken.failed[0].detail
    assert not well.failed, well.failed


def test_history_gives_the_answers_of_people_newest_first(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.py": "END = 1\n"})
    answers = ("import l0\nimport r0\n", "import r1\nimport l1\n")
    for number, settled in enumerate(answers):
        git(root, "checkout", "-q", "-b", f"l{number}", "main")
        put(root, {"a.py": f"import l{number}\n" + (root / "a.py").read_text()})
        commit_all(root, "left")
        git(root, "checkout", "-q", "-b", f"r{number}", "main")
        put(root, {"a.py": f"import r{number}\n" + (root / "a.py").read_text()})
        commit_all(root, "right")
        git(root, "checkout", "-q", f"l{number}")
        git(root, "merge", "-q", f"r{number}", check=False)
        text = (root / "a.py").read_text()
        put(root, {"a.py": settled + text.partition(">>>>>>>")[2].partition("\n")[2]})
        commit_all(root, "merge")
        git(root, "branch", "-f", "main", "HEAD")
        git(root, "checkout", "-q", "main")
    steps: list[tuple[int, int]] = []
    found = answers_in_history(
        Repository.discover(root),
        {"PATH": os.environ["PATH"]},
        limit=0,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert (found.merges, found.conflicting, found.hunks, found.learned) == (2, 2, 2, 2)
    assert [hunk.text for merge in found.answers for hunk in merge.hunks] == list(reversed(answers))
    assert [merge.commit for merge in found.answers] == [
        git(root, "rev-parse", "main"),
        git(root, "rev-parse", "l1^1^1"),
    ]
    assert {merge.who for merge in found.answers} == {
        f"person {git(root, 'log', '-1', '--format=%an', 'main')}"
    }
    assert steps == [(2, 2)]
