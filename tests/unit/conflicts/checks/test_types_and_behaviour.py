"""The parts of the levels that run something: sets of branches, answers of checkers, and results kept on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devassist.app.conflicts.run_levels import _programs
from devassist.conflicts.checks.checkers import CHECKERS, CannotRead, Diagnostic, is_configured, targets
from devassist.conflicts.checks.speculation import Speculation, smallest
from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.syntax.cache_folder import CacheFolder
from devassist.conflicts.syntax.tables import TABLE_VERSION
from devassist.domain.conflicts import Side
from devassist.domain.errors import UsageError
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository
from support.branches import FILE, Author, Tree, text

BY_NAME = {checker.name: checker for checker in CHECKERS}


def side(name: str) -> Side:
    return Side(name=name, commit=name, tree=name)


# Sets of branches -----------------------------------------------------------------------------------------


@given(
    st.integers(1, 40).flatmap(
        lambda count: st.tuples(
            st.just(count), st.sets(st.integers(0, count - 1), min_size=1, max_size=min(count, 4))
        )
    )
)
def test_the_smallest_set_that_fails_is_found_with_few_questions(case: tuple[int, set[int]]) -> None:
    count, guilty = case
    sides = [side(str(number)) for number in range(count)]
    asked: list[int] = []

    def fails(some: Sequence[Side]) -> bool:
        asked.append(len(some))
        return guilty <= {int(one.name) for one in some}

    assert [int(one.name) for one in smallest(sides, fails)] == sorted(guilty)
    assert len(asked) <= len(guilty) * (count.bit_length() + 1)


def test_every_pair_that_merges_is_in_some_union(tmp_path: Path) -> None:
    lines = [f"{number}" for number in range(60)]

    def changed(*numbers: int, by: str) -> Tree:
        return {"f": (FILE, text([by if n in numbers else line for n, line in enumerate(lines)]))}

    author = Author(tmp_path / "r")
    root = author.commit("main", {"f": (FILE, text(lines))})
    for name, numbers in {"a": (3,), "b": (3, 20), "c": (20, 40), "d": (40,), "e": (55,)}.items():
        author.commit(name, changed(*numbers, by=name), root)
    author.write()
    repository = Repository.discover(tmp_path / "r")
    sides = []
    for name in ("main", "a", "b", "c", "d", "e"):
        commit = repository.resolve(name)
        sides.append(Side(name=name, commit=commit, tree=repository.tree_of(commit)))
    with MergeTree(repository, environment=os.environ) as referee:
        speculation = Speculation(referee, sides[0])
        unions = [[one.name for one in found] for found in speculation.unions(sides[1:])]
        assert unions[0] == ["a", "c", "e"]
        together = {(one, other) for found in unions for one in found for other in found if one < other}
        clashing = {("a", "b"), ("b", "c"), ("c", "d")}
        every = {(one, other) for one in "abcde" for other in "abcde" if one < other}
        assert together == every - clashing
        assert speculation.pair(sides[1], sides[2]) is None
        assert speculation.tree([]) == sides[0].tree


# Checkers -------------------------------------------------------------------------------------------------

ANSWERS = {
    "ty": "pkg/a.py:6:14: error[invalid-argument-type] Argument is incorrect\npkg/a.py:9:1: warning[x] no\nFound 1\n",
    "mypy": 'pkg/a.py:6: error: Argument is incorrect  [invalid-argument-type]\npkg/a.py:6: note: "f" is here\n',
    "pyright": 'no configuration\n{"generalDiagnostics": [{"file": "/w/pkg/a.py", "severity": "error", "message": '
    '"Argument is incorrect", "rule": "invalid-argument-type", "range": {"start": {"line": 5}}}, '
    '{"file": "/w/b.py", "severity": "warning", "message": "", "range": {"start": {"line": 1}}}]}',
}


@pytest.mark.parametrize("name", ANSWERS)
def test_errors_of_each_checker_are_read_and_nothing_else(name: str) -> None:
    assert BY_NAME[name].read(ANSWERS[name], "/w") == [
        Diagnostic("pkg/a.py", 6, "Argument is incorrect", "invalid-argument-type")
    ]


def test_the_compiler_of_typescript_is_read() -> None:
    said = "src/a.ts(3,14): error TS2554: Expected 2 arguments, but got 1.\n  src/b.ts(1,2): related\n"
    assert BY_NAME["tsc"].read(said, "/w") == [
        Diagnostic("src/a.ts", 3, "Expected 2 arguments, but got 1.", "TS2554")
    ]


def test_a_missing_type_library_is_one_of_the_compilers_errors_and_a_wrong_option_is_none() -> None:
    said = (
        "error TS2688: Cannot find type definition file for 'node'.\n  The file is in the program because:\n"
    )
    (found,) = BY_NAME["tsc"].read(said, "/w")
    assert (found.path, found.rule) == ("tsconfig.json", "TS2688")
    assert BY_NAME["tsc"].read("error TS5023: Unknown compiler option 'x'.\n", "/w") == []


def test_line_numbers_in_a_message_and_the_directory_make_no_difference() -> None:
    one, other = (
        BY_NAME["mypy"].read(
            f'{root}/a.py:9: error: Name "x" already defined on line {line}  [no-redef]\n', root
        )
        for root, line in (("/w/0", 4), ("/w/1", 17))
    )
    assert one == other == [Diagnostic("a.py", 9, 'Name "x" already defined on line N', "no-redef")]


def test_an_answer_that_is_none_is_an_error() -> None:
    with pytest.raises(CannotRead):
        BY_NAME["pyright"].read("node: not found", "/w")


def test_what_a_project_has_configured_is_respected() -> None:
    files = {"pyproject.toml": '[tool.mypy]\nstrict = true\nfiles = ["src"]\n'}
    assert is_configured(BY_NAME["mypy"], files.get) and not is_configured(BY_NAME["ty"], files.get)
    assert targets(BY_NAME["mypy"], files.get) == ""
    assert targets(BY_NAME["mypy"], {"pyproject.toml": "[tool.mypy]\n[tool.x]\nfiles = 1\n"}.get).endswith(
        " ."
    )
    assert is_configured(BY_NAME["pyright"], {"pyrightconfig.json": "{}"}.get)


def workshop(root: Path, path: Path) -> SimpleNamespace:
    return SimpleNamespace(path=str(path), project=SimpleNamespace(repository=SimpleNamespace(root=root)))


def program(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_one_checker_is_taken_for_each_language_and_the_projects_choice_first(tmp_path: Path) -> None:
    place = tmp_path / "bin"
    ty, mypy = program(place / "ty"), program(place / "mypy")
    tsc = program(tmp_path / "repo" / "node_modules" / ".bin" / "tsc")
    shop = workshop(tmp_path / "repo", place)
    assert list(_programs(shop, {}.get).values()) == [ty, tsc]  # type: ignore[arg-type]
    chosen = _programs(shop, {"mypy.ini": "[mypy]\n"}.get)  # type: ignore[arg-type]
    assert list(chosen.values()) == [mypy, tsc]


def test_without_any_checker_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        _programs(workshop(tmp_path, tmp_path / "nothing"), {}.get)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert "devassist[types]" in caught.value.hint


# What is kept on disk -------------------------------------------------------------------------------------


def test_a_cache_is_pruned_a_little_at_each_opening(tmp_path: Path) -> None:
    folder = CacheFolder(tmp_path / "kept", most_bytes=256 * 100)
    for number in range(256):
        for name, age in (("new", 0), ("recent", 10), ("ancient", 100 * 86_400)):
            folder.put(f"{number:02x}{name}", "x" * 40)
            file = folder.file(f"{number:02x}{name}")
            then = file.stat().st_mtime - age
            os.utime(file, (then, then))
    folder.put("00large", "x" * 90)
    (tmp_path / "kept-1").mkdir()
    (tmp_path / "else").mkdir()
    folder.prune(superseded="kept-*")
    assert not (tmp_path / "kept-1").exists() and (tmp_path / "else").exists()
    left = [folder.file(f"{number:02x}ancient").exists() for number in range(256)]
    assert left.count(False) == 8, "few folders at a time"
    assert folder.value("00new", str) is None or folder.value("00large", str) is None, (
        "no more than its share"
    )
    for _ in range(32):
        folder.prune()
    assert not any(folder.file(f"{number:02x}ancient").exists() for number in range(256))
    assert all(folder.value(f"{number:02x}new", str) for number in range(1, 256))


def test_tables_of_earlier_versions_go(tmp_path: Path) -> None:
    for version in (TABLE_VERSION - 1, TABLE_VERSION):
        CacheFolder(tmp_path / f"symbols-{version}").put("ab12", "{}")
    Tables(SimpleNamespace(), tmp_path)  # type: ignore[arg-type]
    assert [one.name for one in tmp_path.iterdir()] == [f"symbols-{TABLE_VERSION}"]


def test_a_result_cut_short_is_as_good_as_absent(tmp_path: Path) -> None:
    folder = CacheFolder(tmp_path / "kept")
    folder.put("ab12", {"passed": True})
    whole = folder.file("ab12").read_text()
    folder.file("ab12").write_text(whole[:-4])
    assert folder.value("ab12", dict[str, bool]) is None and folder.value("cd34", dict[str, bool]) is None
    CacheFolder(Path("/proc/nowhere")).put("ab12", "{}")
