"""Conflicts between branches are exactly those of git's own merge, by pair, kind and path."""

from __future__ import annotations

import os
import random
import re
import subprocess
from itertools import combinations
from pathlib import Path

import pytest

from devassist.conflicts.text.detector import TextDetector, TextResult, worktree_side
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from support.branches import EXECUTABLE, FILE, LINK, Author, Tree, changed, first_tree, git_says, text

KINDS = {
    "CONFLICT (content": "content",
    "CONFLICT (add/add": "add-add",
    "CONFLICT (submodule": "submodule",
    "CONFLICT (submodule)": "submodule",
    "CONFLICT (submodule not initialized)": "submodule",
    "CONFLICT (binary)": "binary",
    "CONFLICT (file/directory)": "directory-file",
    "CONFLICT (distinct modes)": "mode",
    "CONFLICT (modify/delete)": "modify-delete",
    "CONFLICT (rename/rename)": "rename-rename",
    "CONFLICT (rename involved in collision)": "rename-rename",
    "CONFLICT (rename/delete)": "rename-delete",
    "CONFLICT (directory rename suggested)": "directory-file",
    "CONFLICT (file in way of directory rename)": "directory-file",
    "CONFLICT(directory rename collision)": "directory-file",
    "CONFLICT(directory rename unclear split)": "directory-file",
}
LINES = [f"line {number}" for number in range(1, 31)]


def edited(lines: dict[int, str]) -> bytes:
    return text([lines.get(number, line) for number, line in enumerate(LINES, 1)])


def side(repository: Repository, name: str) -> Side:
    commit = repository.resolve(f"refs/heads/{name}")
    return Side(name=name, commit=commit, tree=repository.tree_of(commit))


def branches_of(directory: Path, trees: dict[str, Tree], base: Tree) -> Path:
    """A repository whose branches all start at `main`."""
    author = Author(directory)
    root = author.commit("main", base)
    for name, tree in trees.items():
        author.commit(name, tree, root)
    author.write()
    return directory


def found_in(directory: Path, *names: str, base: str | None = None) -> TextResult:
    repository = Repository.discover(directory)
    with MergeTree(repository, environment=os.environ) as referee:
        detector = TextDetector(repository, referee)
        sides = [side(repository, name) for name in names]
        return detector.detect(base, sides, against_base=base is not None)


def only(result: TextResult) -> Conflict:
    assert len(result.conflicts) == 1, result.conflicts
    return result.conflicts[0]


def check_kind(directory: Path, base: Tree, one: Tree, other: Tree, kind: str) -> Conflict:
    branches_of(directory, {"one": one, "other": other}, base)
    conflict = only(found_in(directory, "one", "other"))
    assert conflict.kind == kind
    assert conflict.branches == ("one", "other")
    assert "one" in conflict.explanation and "other" in conflict.explanation and conflict.suggestion
    return conflict


def expected(directory: Path, one: Side, other: Side) -> set[tuple[str, str]]:
    clean, messages = git_says(directory, one.commit, other.commit)
    found = {
        (
            KINDS.get(kind, "submodule" if "submodule" in kind else kind),
            re.sub(r"~[0-9a-f]{40}(_\d+)?\Z", "", path),
        )
        for kind, path in messages
    }
    found -= {("content", path) for kind, path in found if kind == "binary"}
    assert clean == (not found), (messages, one, other)
    return found


def check_agrees(directory: Path, names: list[str]) -> TextResult:
    """Every pair, in both directions and by kind and path, with one fresh git process each."""
    result = found_in(directory, *names)
    repository = Repository.discover(directory)
    for one, other in combinations([side(repository, name) for name in names], 2):
        ours = {(c.kind, c.path) for c in result.conflicts if c.branches == (one.name, other.name)}
        theirs = expected(directory, one, other)
        assert ours == theirs, f"{one} and {other} in {directory}"
    return result


# Kinds ----------------------------------------------------------------------------------------------------


def test_the_same_line_changed_twice_is_told_with_the_lines_of_both(tmp_path: Path) -> None:
    base = {"f": (FILE, edited({}))}
    one = {"f": (FILE, b"new\n" + edited({10: "one"}))}
    other = {"f": (FILE, edited({10: "other", 11: "other", 25: "far away"}))}
    conflict = check_kind(tmp_path / "r", base, one, other, "content")
    assert [(p.branch, p.start_line, p.end_line) for p in conflict.locations] == [
        ("one", 11, 11),
        ("other", 10, 11),
    ]
    assert conflict.explanation == "one (line 11) and other (lines 10-11) change the same part of f"
    assert conflict.level == Level.TEXT


def test_changes_with_a_line_between_them_are_not_even_asked_about(tmp_path: Path) -> None:
    base = {"f": (FILE, edited({}))}
    trees: dict[str, Tree] = {
        "one": {"f": (FILE, edited({10: "one"}))},
        "other": {"f": (FILE, edited({12: "other"}))},
    }
    result = found_in(branches_of(tmp_path / "r", trees, base), "one", "other")
    assert (result.conflicts, result.pairs, result.pairs_merged) == ((), 1, 0)


def test_changes_of_neighbouring_lines_conflict(tmp_path: Path) -> None:
    base = {"f": (FILE, edited({}))}
    check_kind(
        tmp_path / "r",
        base,
        {"f": (FILE, edited({10: "one"}))},
        {"f": (FILE, edited({11: "other"}))},
        "content",
    )


CASES: dict[str, tuple[Tree, Tree, Tree]] = {
    "add-add": ({}, {"n": (FILE, b"1\n")}, {"n": (FILE, b"2\n")}),
    "modify-delete": ({"f": (FILE, edited({}))}, {}, {"f": (FILE, edited({3: "x"}))}),
    "rename-delete": ({"f": (FILE, edited({}))}, {}, {"g": (FILE, edited({}))}),
    "rename-rename": ({"f": (FILE, edited({}))}, {"g": (FILE, edited({}))}, {"h": (FILE, edited({}))}),
    "directory-file": ({}, {"n": (FILE, b"1\n")}, {"n/x": (FILE, b"2\n")}),
    "binary": ({"b": (FILE, b"\0\1")}, {"b": (FILE, b"\0\2")}, {"b": (FILE, b"\0\3")}),
    "mode": ({"f": (FILE, b"t\n")}, {"f": (LINK, b"to")}, {"f": (FILE, b"other\n")}),
    "submodule": (
        {"m": ("160000", b"1" * 40)},
        {"m": ("160000", b"2" * 40)},
        {"m": ("160000", b"3" * 40)},
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_every_kind_is_named(tmp_path: Path, kind: str) -> None:
    kept: Tree = {"kept": (FILE, b"kept\n")}
    base, one, other = (kept | tree for tree in CASES[kind])
    check_kind(tmp_path / "r", base, one, other, kind)


def test_a_file_added_to_a_directory_that_moved_away_conflicts(tmp_path: Path) -> None:
    base: Tree = {f"old/f{n}": (FILE, text([f"{n}", "a", "b", f"{n} end"])) for n in range(4)}
    one = {path.replace("old/", "new/"): entry for path, entry in base.items()}
    conflict = check_kind(tmp_path / "r", base, one, base | {"old/more": (FILE, b"more\n")}, "directory-file")
    assert conflict.level == Level.TREE


def test_modes_and_contents_merge_apart_from_each_other(tmp_path: Path) -> None:
    base = {"f": (FILE, edited({}))}
    trees: dict[str, Tree] = {
        "one": {"f": (EXECUTABLE, edited({}))},
        "other": {"f": (FILE, edited({3: "x"}))},
    }
    branches_of(tmp_path / "r", trees, base)
    assert check_agrees(tmp_path / "r", ["one", "other"]).pairs_merged == 0


def test_paths_of_any_bytes_are_told_as_they_are(tmp_path: Path) -> None:
    names = ["ä ö", "new\nline", 'quo"te', os.fsdecode(b"\xff\xfe"), "tab\there"]
    trees: dict[str, Tree] = {
        name: {path: (FILE, edited({5: name})) for path in names} for name in ("one", "other")
    }
    branches_of(tmp_path / "r", trees, {path: (FILE, edited({})) for path in names})
    found = found_in(tmp_path / "r", "one", "other").conflicts
    assert {conflict.path for conflict in found} == set(names)


def test_each_branch_is_held_against_the_base(tmp_path: Path) -> None:
    author = Author(tmp_path / "r")
    root = author.commit("main", {"f": (FILE, edited({}))})
    author.commit("one", {"f": (FILE, edited({3: "one"}))}, root)
    author.commit("main", {"f": (FILE, edited({3: "base"}))}, root)
    author.write()
    result = found_in(tmp_path / "r", "one", base="main")
    assert only(result).branches == ("main", "one")
    assert found_in(tmp_path / "r", "one").conflicts == ()


# Agreement ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
def test_random_branches_conflict_exactly_where_git_says(tmp_path: Path, number: int) -> None:
    seed = random.SystemRandom().getrandbits(32) + number
    print("seed", seed)
    chance = random.Random(seed)
    base = first_tree(chance, 40)
    trees = {f"b{n}": changed(chance, base, chance.randint(1, 5)) for n in range(11)}
    branches_of(tmp_path / "r", trees, base)
    check_agrees(tmp_path / "r", list(trees))


def test_random_histories_conflict_exactly_where_git_says(tmp_path: Path) -> None:
    """Branches on branches and merges of merges: one merge base, several, or none above the root."""
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    author, base = Author(tmp_path / "r"), first_tree(chance, 20)
    made: list[tuple[int, Tree]] = [(author.commit("main", base), base)]
    for number in range(14):
        (parent, tree), (second, other) = chance.choice(made), chance.choice(made)
        parents = (parent, second) if chance.random() < 0.4 and parent != second else (parent,)
        new = changed(chance, tree, 2)
        if len(parents) == 2:
            new |= {path: other[path] for path in sorted(other)[:5] if path in new}
        made.append((author.commit(f"b{number}", new, *parents), new))
    author.write()
    check_agrees(tmp_path / "r", [f"b{number}" for number in range(14)])


def test_a_criss_cross_goes_to_git(tmp_path: Path) -> None:
    author = Author(tmp_path / "r")
    trees = [{"f": (FILE, edited(lines))} for lines in ({}, {3: "a"}, {20: "b"}, {3: "a", 20: "b"})]
    root = author.commit("main", trees[0])
    one, other = author.commit("one", trees[1], root), author.commit("other", trees[2], root)
    author.commit("one", {"f": (FILE, edited({3: "a", 20: "b", 5: "one"}))}, one, other)
    author.commit("other", {"f": (FILE, edited({3: "a", 20: "b", 28: "other"}))}, other, one)
    author.write()
    assert check_agrees(tmp_path / "r", ["one", "other"]).pairs_merged == 1


def test_unrelated_histories_go_to_git(tmp_path: Path) -> None:
    author = Author(tmp_path / "r")
    author.commit("main", {"f": (FILE, b"1\n")})
    author.commit("other", {"f": (FILE, b"2\n")})
    author.write()
    assert only(found_in(tmp_path / "r", "main", "other")).kind == "add-add"


# Safety ---------------------------------------------------------------------------------------------------


def test_nothing_that_the_configuration_names_is_run(tmp_path: Path) -> None:
    base: Tree = {"f": (FILE, edited({})), ".gitattributes": (FILE, b"f merge=evil=x filter=evil\n")}
    one, other = (base | {"f": (FILE, edited({n: "x"}))} for n in (5, 20))
    directory = branches_of(tmp_path / "r", {"one": one, "other": other}, base)
    ran = tmp_path / "ran"
    for key in ("merge.evil=x.driver", "filter.evil.clean", "filter.evil.smudge", "core.fsmonitor"):
        subprocess.run(["git", "config", key, f"touch {ran}; exit 0"], cwd=directory, check=True)
    subprocess.run(["git", "config", "merge.renormalize", "true"], cwd=directory, check=True)
    (directory / ".gitattributes").write_bytes(base[".gitattributes"][1])
    conflict = only(found_in(directory, "one", "other"))
    assert not ran.exists()
    assert conflict.severity == "warning" and "'evil=x'" in conflict.explanation


def test_the_union_attribute_is_obeyed(tmp_path: Path) -> None:
    base: Tree = {"f": (FILE, edited({}))}
    one, other = ({"f": (FILE, edited({5: name}))} for name in ("one", "other"))
    directory = branches_of(tmp_path / "r", {"one": one, "other": other}, base)
    (directory / ".gitattributes").write_text("f merge=union\n")
    assert found_in(directory, "one", "other").conflicts == ()


def files_below(directory: Path) -> set[str]:
    return {str(path) for path in directory.rglob("*")}


def test_no_object_appears_in_the_repository_and_nothing_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / 'scratch: "it\'s"'
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    base: Tree = {"f": (FILE, edited({}))}
    trees: dict[str, Tree] = {n: {"f": (FILE, edited({5: n})), n: (FILE, b"x")} for n in ("one", "other")}
    directory = branches_of(tmp_path / "r", trees, base)
    before = files_below(directory)
    assert len(found_in(directory, "one", "other", base="main").conflicts) == 1
    assert files_below(directory) == before
    assert list(scratch.iterdir()) == []


def test_uncommitted_work_counts_and_index_and_objects_stay_as_they_are(tmp_path: Path) -> None:
    base: Tree = {"f": (FILE, edited({})), "g": (FILE, b"g\n")}
    directory = branches_of(tmp_path / "r", {"one": {"f": (FILE, edited({5: "one"}))}, "live": base}, base)
    subprocess.run(["git", "worktree", "add", "-q", str(tmp_path / "w"), "live"], cwd=directory, check=True)
    (tmp_path / "w" / "f").write_bytes(edited({5: "saved just now"}))
    (tmp_path / "w" / "fresh").write_text("untracked\n")
    index = directory / ".git" / "worktrees" / "w" / "index"
    before = (files_below(directory), index.read_bytes())
    repository = Repository.discover(directory)
    with MergeTree(repository) as referee:
        detector = TextDetector(repository, referee)
        live = worktree_side(referee, tmp_path / "w", "live")
        conflict = only(detector.detect(None, [side(repository, "one"), live], against_base=False))
        assert (conflict.kind, conflict.branches) == ("content", ("one", "live"))
        (tmp_path / "w" / "f").write_bytes(edited({}))
        assert detector.set_side(worktree_side(referee, tmp_path / "w", "live")).conflicts == ()
    assert (files_below(directory), index.read_bytes()) == before


# Keeping on -----------------------------------------------------------------------------------------------


def test_a_branch_that_moves_costs_only_its_own_pairs(tmp_path: Path) -> None:
    chance = random.Random(7)
    base = first_tree(chance, 30)
    trees = {f"b{n}": changed(chance, base, 4) for n in range(10)}
    moved = changed(chance, base, 6)
    directory = branches_of(tmp_path / "r", trees | {"moved": moved}, base)
    repository = Repository.discover(directory)
    with MergeTree(repository) as referee:
        detector = TextDetector(repository, referee)
        sides = [side(repository, name) for name in trees]
        first = detector.detect(None, sides, against_base=False)
        assert detector.detect(None, sides, against_base=False).pairs_merged == 0
        new = side(repository, "moved")
        now = detector.set_side(Side(name="b3", commit=new.commit, tree=new.tree))
        assert now.pairs == 9
        assert detector.set_side(sides[3]).pairs_merged == 0
        assert detector.conflicts() == first.conflicts
        detector.remove("b3")
        assert set(detector.conflicts()) == {c for c in first.conflicts if "b3" not in c.branches}


def test_git_is_started_again_when_it_dies(tmp_path: Path) -> None:
    trees: dict[str, Tree] = {n: {"f": (FILE, edited({5: n}))} for n in ("one", "other")}
    directory = branches_of(tmp_path / "r", trees, {"f": (FILE, edited({}))})
    repository = Repository.discover(directory)
    one, other = (side(repository, name).commit for name in trees)
    with MergeTree(repository) as referee:
        first = referee.merge(one, other)
        running = referee._process
        assert running is not None
        running.process.kill()
        running.process.wait()
        assert referee.merge(one, other) == first
    with MergeTree(repository, one_process_per_pair=True) as alone:
        assert alone.merge(one, other) == first
        assert alone.merge(one, one).clean


def test_trees_are_merged_with_a_base_of_choice(tmp_path: Path) -> None:
    trees: dict[str, Tree] = {n: {"f": (FILE, edited({line: n}))} for n, line in (("one", 5), ("other", 20))}
    directory = branches_of(tmp_path / "r", trees, {"f": (FILE, edited({}))})
    repository = Repository.discover(directory)
    base, one, other = (side(repository, name) for name in ("main", "one", "other"))
    with MergeTree(repository) as referee:
        assert referee.merge(one.tree, other.tree, base.tree).clean
        assert [c.kind for c in referee.merge(one.tree, base.tree, other.tree).conflicts] == []
        wrong = referee.merge(one.tree, other.tree, referee.view.tree_of(one.commit))
        assert wrong.clean and wrong.tree == other.tree
