"""Ranges of versions: what they hold, and that an intersection holds what both do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from devassist.conflicts.manifests.ranges import Range, Version, compatible, meet, parse_cargo, parse_npm

small = st.integers(min_value=0, max_value=3)
partial = st.lists(small, min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
exact = st.tuples(small, small, small)
ALL = [Version.of(a, b, c) for a in range(6) for b in range(6) for c in range(6)]


@st.composite
def npm_ranges(draw: st.DrawFn) -> str:
    def clause() -> str:
        return draw(st.sampled_from(["", "^", "~", ">", ">=", "<", "<=", "="])) + draw(partial)

    def alternative() -> str:
        if draw(st.booleans()):
            return " ".join(clause() for _ in range(draw(st.integers(min_value=1, max_value=2))))
        if draw(st.booleans()):
            return f"{draw(partial)} - {draw(partial)}"
        return draw(st.sampled_from(["*", "", "1.x", "2.1.*", "x"]))

    return " || ".join(alternative() for _ in range(draw(st.integers(min_value=1, max_value=2))))


def npm(text: str) -> Range:
    found = parse_npm(text)
    assert found is not None, text
    return found


def satisfied(version: tuple[int, int, int], text: str) -> bool:
    """The rules of npm for releases, clause by clause, written another way."""
    return any(all(_clause(version, one) for one in _clauses(part)) for part in text.split("||"))


def _clauses(text: str) -> list[str]:
    if " - " in text:
        low, high = text.split(" - ")
        return [f">={low.strip()}", f"<={high.strip()}"]
    return text.split()


def _clause(version: tuple[int, int, int], clause: str) -> bool:
    operator = clause.rstrip("0123456789.*x")
    numbers = tuple(
        int(part) for part in clause.removeprefix(operator).split(".") if part not in {"*", "x", ""}
    )
    size = len(numbers)
    low = (*numbers, 0, 0, 0)[:3]
    match operator:
        case "^":
            fixed = next((index for index, number in enumerate(numbers) if number), size - 1)
            return low <= version and version[: fixed + 1] == numbers[: fixed + 1]
        case "~":
            return low <= version and version[: min(size, 2)] == numbers[:2]
        case ">":
            return version[:size] > numbers
        case ">=":
            return low <= version
        case "<":
            return version < low
        case "<=":
            return version[:size] <= numbers
        case _:
            return version[:size] == numbers


@given(npm_ranges(), exact)
def test_a_range_holds_what_npm_says(text: str, version: tuple[int, int, int]) -> None:
    assert npm(text).holds(Version.of(*version)) == satisfied(version, text)


@given(npm_ranges(), npm_ranges())
def test_an_intersection_holds_what_both_hold(one: str, other: str) -> None:
    left, right = npm(one), npm(other)
    both = left.meets(right)
    shared = [version for version in ALL if left.holds(version) and right.holds(version)]
    assert shared == [version for version in ALL if both.holds(version)]
    # Every bound lies on the grid, so what meets anywhere meets there.
    assert both.empty == (not shared)


@given(partial, partial)
def test_cargo_requirements_are_carets(one: str, other: str) -> None:
    left, right = parse_cargo(one), parse_npm(f"^{one}")
    assert left == right
    both = parse_cargo(f"{one}, <{other}")
    assert both is not None
    caret, below = npm(f"^{one}"), npm(f"<{other}")
    for version in ALL:
        assert both.holds(version) == (caret.holds(version) and below.holds(version))


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        ("^1.2.3", "~1.2.9", True),
        ("^0.2.3", "^0.3.0", False),
        ("^0.0.3", "0.0.4", False),
        (">1.2.3", "<1.2.4", False),
        ("1.2.3-beta.2", "^1.2.3-beta.1", True),
        ("^2.0.0-rc.1", "<2.0.0", False),
        ("1.0.0-alpha", ">=1.0.0", False),
        ("v1.2.3", "=1.2.3+build", True),
        (">=1 <2 || >=3", "2.x", False),
        ("1.2.3 - 2.3", "2.3.9", True),
        ("", "9", True),
    ],
)
def test_npm_ranges_that_meet(one: str, other: str, meets: bool) -> None:
    assert npm(one).meets(npm(other)).empty is not meets


@pytest.mark.parametrize(
    "text", ["latest", "workspace:*", "git+https://x/y.git", "file:../x", "npm:y@1", "^", "1.2.3.4"]
)
def test_what_is_no_range_is_none(text: str) -> None:
    assert parse_npm(text) is None


releases = st.lists(small, min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
specifiers = st.lists(
    st.tuples(st.sampled_from([">=", "<=", ">", "<", "==", "!="]), releases).map("".join),
    min_size=1,
    max_size=3,
).map(",".join)


@given(specifiers, specifiers, releases)
def test_python_specifiers_with_a_version_in_common_are_compatible(
    one: str, other: str, version: str
) -> None:
    shared = (SpecifierSet(one) & SpecifierSet(other)).contains(version)
    assert not shared or compatible(one, other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (">=3", "<3", False),
        ("~=1.4", "==1.4.*", True),
        ("~=1.4", ">=2", False),
        ("==1.0", "!=1.0", False),
        ("^1.2", "<1.2", False),
        ("^0.2.3", "0.2.9", True),
        ("~1.2", ">=1.3", False),
        ("1.*", "1.5", True),
        ("*", "==7", True),
        ("^1 || ^3", "^2", False),
        (">=1.0rc1", "<1.0", False),
        ("===1.0", "==1.0", True),
        ("", "==1.0", True),
        (">= 1.0", "1.5 || 2.*", True),
        ("==1.0+cpu", "==1.0+gpu", False),
        ("latest", "==1.0", None),
    ],
)
def test_python_specifiers(one: str, other: str, expected: bool | None) -> None:
    assert compatible(one, other) is expected
    assert compatible(other, one) is expected


def test_endless_python_specifiers_are_not_compared() -> None:
    assert compatible(",".join(f"!=1.{minor}" for minor in range(2000)), "==2.0") is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("python_version < '3.10'", "python_version >= '3.10'", False),
        ("python_version <= '3.10'", "python_version >= '3.10'", True),
        ("python_full_version < '3.10.2'", "python_version >= '3.10'", True),
        ("sys_platform == 'win32'", "platform_system == 'Linux'", False),
        ("sys_platform == 'win32'", "os_name == 'nt'", True),
        ("platform_machine == 'arm64'", "platform_machine == 'x86_64'", False),
        ("platform_machine == 'arm64'", "sys_platform == 'darwin'", True),
        ("implementation_name == 'pypy'", "implementation_name != 'pypy'", False),
        ("sys_platform in 'linux darwin'", "sys_platform == 'darwin'", True),
        ("extra == 'a'", "extra == 'b'", False),
        ("", "extra == 'b'", True),
        ("nonsense", "python_version < '3'", True),
    ],
)
def test_markers_that_meet(one: str, other: str, expected: bool) -> None:
    assert meet(one, other) is expected
    assert meet(other, one) is expected
