"""The rules on change sets: scope, build products, mass deletion, risk."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devassist.domain.changes import (
    Change,
    ChangeSet,
    check_scope,
    directories_of,
    in_scope,
    is_build_product,
    is_mass_deletion,
    scopes_overlap,
)
from devassist.domain.risks import forbidden_path, risky_paths


@pytest.mark.parametrize(
    ("path", "scope", "inside"),
    [
        ("anything/at/all", [], True),
        ("README.md", ["README.md"], True),
        ("docs/README.md", ["README.md"], False),
        ("src/pkg/a.py", ["src/pkg/**"], True),
        ("src/pkg/deep/a.py", ["src/pkg/**"], True),
        ("src/pkg", ["src/pkg/**"], False),
        ("src/pkg2/a.py", ["src/pkg/**"], False),
        ("docs/a.md", ["docs/*.md"], True),
        ("docs/deep/a.md", ["docs/*.md"], False),
        ("docs/deep/a.md", ["docs/**/*.md"], True),
        ("docs/a.md", ["docs/**/*.md"], True),
        ("src/x/y", ["src"], True),
        ("src/x/y", ["src/"], True),
        ("src", ["src/"], False),
        ("srcs/x", ["src"], False),
        ("src/a/b", ["src/*"], False),
        ("src/a", ["src/*"], True),
        ("a/b/test_x.py", ["**/test_*.py"], True),
        ("test_x.py", ["**/test_*.py"], True),
        ("file[1].txt", ["file[[]1].txt"], True),
        ("b.txt", ["[!a].txt"], True),
        ("a.txt", ["[!a].txt"], False),
        ("a\nb", ["*"], True),
        ("x", ["./x"], True),
        ("etc/passwd", ["/etc/passwd", "../etc/passwd"], False),
        ("b", ["a", "b"], True),
        ("a.py/b", ["a.py"], False),
        ("a.py/b", ["a.py/"], True),
        ("conf.d/b", ["conf.d"], True),
        ("a.py", ["a?py"], True),
        ("a/py", ["a?py"], False),
    ],
)
def test_scope(path: str, scope: list[str], inside: bool) -> None:
    assert in_scope(path, scope) is inside


names = st.sampled_from(["a", "b", "ab", "a.b", "ba"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
patterns = st.lists(
    st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?b", "[ab]"]), min_size=1, max_size=4
).map("/".join)


def matches(pattern: list[str], path: list[str]) -> bool:
    """The plainest reading of a pattern: part by part."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return matches(pattern[1:], path) or (bool(path) and matches(pattern, path[1:]))
    return bool(path) and part_matches(pattern[0], path[0]) and matches(pattern[1:], path[1:])


def part_matches(pattern: str, name: str) -> bool:
    table = {
        "*": True,
        "a*": name.startswith("a"),
        "?b": len(name) == 2 and name[1] == "b",
        "[ab]": name in {"a", "b"},
    }
    return table.get(pattern, pattern == name)


@given(patterns, paths)
def test_scope_means_what_the_plain_reading_says(pattern: str, path: str) -> None:
    wanted = matches(pattern.split("/"), path.split("/"))
    if not any(sign in pattern.rsplit("/", maxsplit=1)[-1] for sign in "*?["):
        parts = path.split("/")
        wanted = any(matches(pattern.split("/"), parts[:n]) for n in range(1, len(parts) + 1))
    assert in_scope(path, [pattern]) is wanted


@given(st.lists(patterns, max_size=3), st.lists(patterns, max_size=3), paths)
def test_scopes_that_share_a_path_overlap(left: list[str], right: list[str], path: str) -> None:
    assume(in_scope(path, left) and in_scope(path, right))
    assert scopes_overlap(left, right)
    assert scopes_overlap(right, left)


_signs = st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]"]), min_size=1, max_size=3).map("".join)
_names = ["".join(signs) for size in range(1, 7) for signs in product("abc", repeat=size)]


@given(_signs, _signs)
def test_two_patterns_of_names_overlap_only_if_one_name_matches_both(left: str, right: str) -> None:
    assume(all(any(sign in pattern for sign in "*?[") for pattern in (left, right)))
    both = any(in_scope(name, [left]) and in_scope(name, [right]) for name in _names)
    assert scopes_overlap([left], [right]) is scopes_overlap([right], [left]) is both


@pytest.mark.parametrize(
    ("left", "right", "overlap"),
    [
        (["src/a/**"], ["src/b/**"], False),
        (["src/a"], ["src/a/b.py"], True),
        (["src/*.py"], ["src/a.py"], True),
        (["src/*.py"], ["src/a.md"], False),
        (["src/*.py"], ["src/sub/a.py"], False),
        (["**/x.py"], ["src/y.py"], False),
        ([], ["src"], True),
        (["docs"], ["src", "docs/a.md"], True),
        (["src/y"], ["**/x.py"], True),
        (["x_*.py"], ["y_*.py"], False),
        (["x_*.py"], ["*_y.py"], True),
        (["*.py"], ["*.md"], False),
        (["*.py"], ["a*"], True),
        (["a?.py"], ["?b.py"], True),
        (["a?.py"], ["b?.py"], False),
        (["[a-m]*.py"], ["[n-z]*.py"], False),
        (["[a-m]*.py"], ["[m-z]*.py"], True),
        (["[!a]x"], ["a*"], False),
        (["[!a]x.py"], ["[!b]x.py"], True),
        (["src/**/x_*.py"], ["src/**/y_*.py"], False),
        (["*a*b*c.py"], ["*c*b*a.py"], False),
        (["*a*b*c"], ["*c*b*a*"], True),
    ],
)
def test_overlap(left: list[str], right: list[str], overlap: bool) -> None:
    assert scopes_overlap(left, right) is scopes_overlap(right, left) is overlap


@pytest.mark.parametrize(
    "bad", ["", "  ", "/etc", "~/x", "C:/x", "..", "a/../b", ".git", "a/.GIT/config", "a\\b", "!x", "a\0"]
)
def test_scopes_that_leave_the_repository_are_refused(bad: str) -> None:
    assert check_scope(bad)
    assert not in_scope(bad, [bad])


@pytest.mark.parametrize(
    "good", ["src/pkg/**", "docs/*.md", "README.md", "src/", ".github/workflows", ".gitignore", "a..b"]
)
def test_plain_scopes_are_fine(good: str) -> None:
    assert check_scope(good) is None


@pytest.mark.parametrize(
    ("path", "tracked", "written", "product"),
    [
        ("src/__pycache__/a.cpython-311.pyc", [], [], True),
        ("a.pyc", [], [], True),
        ("node_modules/x/index.js", [], [], True),
        ("node_modules/x/index.js", ["node_modules/y/index.js"], [], False),
        (".venv/bin/python", [], [], True),
        ("pkg.egg-info/PKG-INFO", [], [], True),
        (".coverage", [], [], True),
        (".coverage.host.12", [], [], True),
        (".coveragerc", [], [], False),
        ("htmlcov/index.html", [], [], True),
        ("docs/.DS_Store", [], [], True),
        ("build/lib/a.py", [], [], True),
        ("build/lib/a.py", ["build/Makefile"], [], False),
        ("build/lib/a.py", [], ["build/lib/a.py"], False),
        ("fixtures/node_modules/x/index.js", [], ["fixtures/node_modules/x/index.js"], False),
        ("fixtures/node_modules/y/index.js", [], ["fixtures/node_modules/x/index.js"], True),
        ("web/dist/app.js", [], [], True),
        ("web/dist/app.js", ["dist/x"], [], True),
        ("target/debug/x", [], [], True),
        ("target", [], [], False),
        ("src/build.py", [], [], False),
        ("src/outline/a.py", [], [], False),
    ],
)
def test_build_products(path: str, tracked: list[str], written: list[str], product: bool) -> None:
    assert is_build_product(path, tracked_tops=directories_of(tracked), written=written) is product


@pytest.mark.parametrize(
    ("deleted", "tracked", "mass"),
    [
        (0, 0, False),
        (0, 5, False),
        (1, 1, True),
        (5, 5, True),
        (9, 20, False),
        (10, 39, True),
        (10, 40, False),
        (101, 9999, True),
        (100, 9999, False),
    ],
)
def test_mass_deletion(deleted: int, tracked: int, mass: bool) -> None:
    assert is_mass_deletion(deleted, tracked) is mass


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Change(path="l", kind="symlink", mode=0o120000, target="/etc/passwd"), "out of the tree"),
        (Change(path="a/l", kind="symlink", mode=0o120000, target="../../x"), "out of the tree"),
        (Change(path="a/l", kind="symlink", mode=0o120000, target="../.git/config"), "out of the tree"),
        (Change(path=".gitmodules", kind="added", mode=0o100644), "submodules"),
        (Change(path="a/.g\u200cit/x", kind="added", mode=0o100644), "read one of its names as .git"),
        (Change(path="a\\b", kind="added", mode=0o100644), "backslash"),
        (Change(path="nul.txt", kind="added", mode=0o100644), "device"),
        (Change(path="x\u202egnp", kind="added", mode=0o100644), "invisible"),
        (Change(path=".github/workflows/ci.yml", kind="deleted"), "CI"),
        (Change(path="new", kind="renamed", old_path=".github/CODEOWNERS", mode=0o100644), "review"),
        (Change(path="uv.lock", kind="modified", mode=0o100644), "dependencies"),
    ],
)
def test_risky_paths(change: Change, says: str) -> None:
    assert any(says in reason for _path, reason in risky_paths(ChangeSet((change,))))


def test_plain_changes_are_not_risky() -> None:
    fine = (
        Change(path="src/a.py", kind="modified", mode=0o100644),
        Change(path="a/l", kind="symlink", mode=0o120000, target="../src/a.py"),
        Change(path="console.py", kind="added", mode=0o100644),
    )
    assert risky_paths(ChangeSet(fine)) == ()


def test_names_that_differ_in_case_and_embedded_repositories_are_risky() -> None:
    pair = tuple(Change(path=path, kind="added", mode=0o100644) for path in ("Readme", "README"))
    assert [path for path, _reason in risky_paths(ChangeSet(pair, ("vendor/x",)))] == [
        "vendor/x",
        "Readme",
        "README",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "a//b",
        "/a",
        "a/..",
        ".git/x",
        ".GIT",
        ".git.",
        ".git ",
        "GIT~1/x",
        ".git::$INDEX_ALLOCATION/x",
        "com1",
        "a\0b",
    ],
)
def test_forbidden_paths(path: str) -> None:
    assert forbidden_path(path)


@pytest.mark.parametrize(
    "path", [".gitignore", ".github/x", "git", "ünï/çödé", "sp ace", "new\nline", "aux_file.py", "..."]
)
def test_allowed_paths(path: str) -> None:
    assert forbidden_path(path) is None
