"""Symbol conflicts: the injected cases one by one, and how often what is said is right."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from corpus.injected_symbols import CASES, MemoryView, detect, side
from devassist.conflicts.symbols.both_changed import edges
from devassist.conflicts.symbols.detector import SymbolDetector


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}: {case.name}")
def test_each_injected_case_is_told_as_it_is(case) -> None:
    found = detect(case.base, case.a, case.b)
    assert sorted((one.kind, str(one.severity)) for one in found) == sorted(case.expected)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.expected], ids=lambda case: f"{case.language}: {case.name}"
)
def test_the_order_of_the_branches_changes_nothing(case) -> None:
    view = MemoryView()
    view.add("base", case.base)
    view.add("a", {**case.base, **case.a})
    view.add("b", {**case.base, **case.b})
    one = SymbolDetector(view, None).detect("base", [side("a"), side("b")])
    other = SymbolDetector(view, None).detect("base", [side("b"), side("a")])
    assert {(each.kind, each.severity) for each in one} == {(each.kind, each.severity) for each in other}


def test_errors_are_precise_and_unique_names_are_found() -> None:
    right, said, found, wanted = Counter(), Counter(), Counter(), Counter()
    for case in CASES:
        conflicts = detect(case.base, case.a, case.b)
        expected = {kind for kind, severity in case.expected if severity == "error"}
        for one in conflicts:
            if one.severity == "error":
                said[case.language] += 1
                right[case.language] += one.kind in expected
        if case.unique:
            for kind, _severity in case.expected:
                wanted[case.language] += 1
                found[case.language] += any(one.kind == kind for one in conflicts)
    for language in wanted:
        assert right[language] >= 0.95 * said[language], language
        assert found[language] >= 0.9 * wanted[language], language


def test_every_kind_of_the_contract_has_cases_in_every_language() -> None:
    kinds = defaultdict(set)
    for case in CASES:
        kinds[case.language] |= {kind for kind, _severity in case.expected}
    everywhere = {
        "removed-symbol-used",
        "renamed-symbol-used",
        "moved-symbol-used",
        "signature-changed-called",
        "duplicate-definition",
        "same-symbol-edited",
        "duplicate-work",
    }
    for language, found in kinds.items():
        assert everywhere <= found, language
    assert all("override-mismatch" in found for found in kinds.values())


BASE = {
    "pkg/__init__.py": "",
    "pkg/mod.py": "def load(path):\n    return path\n",
    "pkg/cli.py": "import sys\n",
}


def test_a_finding_names_symbol_branches_files_and_lines() -> None:
    (found,) = detect(
        BASE,
        {"pkg/mod.py": "\n"},
        {"pkg/cli.py": "import sys\nfrom pkg.mod import load\n\nload(sys)\nload(1)\n"},
    )
    assert found.symbol == "pkg.mod.load"
    assert found.branches == ("a", "b")
    assert found.path == "pkg/mod.py"
    assert [(one.branch, one.path, one.start_line) for one in found.locations] == [
        ("b", "pkg/cli.py", 2),
        ("b", "pkg/cli.py", 4),
        ("b", "pkg/cli.py", 5),
    ]
    assert found.explanation == (
        "`a` removes pkg.mod.load (pkg/mod.py:1), and `b` newly calls it in pkg/cli.py:2, pkg/cli.py:4, pkg/cli.py:5"
    )
    assert "pkg.mod.load" in found.suggestion


def test_a_rename_tells_the_new_name() -> None:
    (found,) = detect(
        BASE,
        {"pkg/mod.py": "def fetch(path):\n    return path\n"},
        {"pkg/new.py": "from pkg.mod import load\nload(1)\n"},
    )
    assert found.kind == "renamed-symbol-used"
    assert "renames pkg.mod.load (pkg/mod.py:1) to pkg.mod.fetch" in found.explanation
    assert "pkg.mod.fetch" in found.suggestion


def test_who_breaks_lands_before_who_uses() -> None:
    found = detect(BASE, {"pkg/new.py": "from pkg.mod import load\nload(1)\n"}, {"pkg/mod.py": "x = 1\n"})
    assert edges(found) == [("b", "a")]


def test_branches_that_break_each_other_alike_have_no_order() -> None:
    base = {"a.py": "def f():\n    return 1\n", "b.py": "def g():\n    return [2]\n"}
    found = detect(
        base, {"a.py": "", "c.py": "from b import g\ng()\n"}, {"b.py": "", "d.py": "from a import f\nf()\n"}
    )
    assert len(found) == 2
    assert edges(found) == []


def test_languages_limit_what_is_read() -> None:
    files = {"pkg/mod.py": "\n"}, {"pkg/new.py": "from pkg.mod import load\nload(1)\n"}
    assert detect(BASE, *files, languages=("go", "rust")) == ()
    assert len(detect(BASE, *files, languages=("python",))) == 1


def test_one_path_is_checked_against_all_the_others() -> None:
    view = MemoryView()
    view.add("base", BASE)
    view.add("a", {**BASE, "pkg/mod.py": "\n"})
    view.add(
        "b",
        {
            **BASE,
            "pkg/new.py": "from pkg.mod import load\n",
            "pkg/cli.py": "import pkg.mod\npkg.mod.load(1)\n",
        },
    )
    detector = SymbolDetector(view, None)
    found = detector.check_path("base", side("b"), [side("a")], "pkg/new.py")
    assert [one.path for each in found for one in each.locations] == ["pkg/new.py"]
    assert detector.check_path("base", side("b"), [side("a")], "pkg/other.py") == ()
    assert len(detector.check_path("base", side("a"), [side("b")], "pkg/mod.py")) == 1


def test_a_branch_conflicts_with_neither_itself_nor_the_base() -> None:
    view = MemoryView()
    view.add("base", BASE)
    view.add("a", {**BASE, "pkg/mod.py": "\n"})
    assert SymbolDetector(view, None).detect("base", [side("a"), side("a"), side("base")]) == ()


def test_ids_do_not_depend_on_lines() -> None:
    change = {"pkg/mod.py": "\n"}
    (one,) = detect(BASE, change, {"pkg/new.py": "from pkg.mod import load\n"})
    (other,) = detect(BASE, change, {"pkg/new.py": "\n\n\nfrom pkg.mod import load\n"})
    assert one.id == other.id
