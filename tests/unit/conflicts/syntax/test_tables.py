"""Tables of symbols: what is kept, what a broken file or cache does, and the laws of signatures."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.injected_compiled import ENGINE, STORE, STORE_RS
from corpus.injected_python import MOD
from corpus.injected_script import MOD as SCRIPT_MOD
from corpus.injected_symbols import MemoryView, side
from devassist.conflicts.checks.behaviour import CheckResult
from devassist.conflicts.checks.checkers import Diagnostic
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.conflicts.symbols.signatures import accepts
from devassist.conflicts.syntax.cache_folder import CacheFolder
from devassist.conflicts.syntax.languages import grammar_for, read_table
from devassist.conflicts.syntax.tables import Parameter, ParameterKind, Reference, Table
from devassist.domain.conflicts import Side
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

SOURCES = {
    "a.py": MOD,
    "a.ts": SCRIPT_MOD,
    "a.tsx": SCRIPT_MOD,
    "a.js": SCRIPT_MOD,
    "a.go": STORE,
    "a.java": ENGINE,
    "a.rs": STORE_RS,
}


def table(path: str, text: str) -> Table:
    grammar = grammar_for(path)
    assert grammar is not None
    return read_table(grammar, text.encode())


STORED = (Table, CheckResult, list[Diagnostic], str)
"""Every type that a cache of conflicts holds."""

st.register_type_strategy(
    Mapping, lambda hint: st.dictionaries(*map(st.from_type, get_args(hint)), max_size=2)
)
st.register_type_strategy(int, st.integers(-(2**53), 2**53))


@given(st.sampled_from(STORED).flatmap(lambda type_: st.tuples(st.just(type_), st.from_type(type_))))
def test_every_stored_class_comes_back_as_it_was(case: tuple[type, object]) -> None:
    type_, value = case
    with TemporaryDirectory() as directory:
        folder = CacheFolder(Path(directory))
        folder.put("ab12", value)
        assert folder.value("ab12", type_) == value


@pytest.mark.parametrize("path", SOURCES)
def test_a_table_survives_being_stored(path: str, tmp_path: Path) -> None:
    original = table(path, SOURCES[path])
    assert original.definitions
    CacheFolder(tmp_path).put("ab12", original)
    assert CacheFolder(tmp_path).value("ab12", Table) == original


@given(st.sampled_from(sorted(SOURCES)), st.integers(0, 900), st.integers(0, 60), st.text(max_size=8))
def test_half_written_code_never_raises(path: str, at: int, length: int, put: str) -> None:
    text = SOURCES[path]
    table(path, text[:at] + put + text[at + length :])


def test_deeply_nested_code_never_raises() -> None:
    assert table("a.py", "def f():\n    pass\n\nx = " + "f(" * 5000 + ")" * 5000).definitions[0].name == "f"


def test_definitions_before_a_syntax_error_count() -> None:
    names = [one.name for one in table("a.py", MOD + "\ndef half(:\n").definitions]
    assert {"load", "Engine.ignite_all"} <= set(names)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[0]", "nonsense", '[1,"python","",[[1]],[],[],null,false]']
)
def test_a_corrupt_cache_is_ignored(tmp_path: Path, text: str) -> None:
    view = MemoryView()
    base = {"m.py": "def load():\n    return 1\n"}
    view.add("base", base)
    view.add("a", {"m.py": "\n"})
    view.add("b", {**base, "n.py": "from m import load\n"})
    sides = [side("a"), side("b")]
    first = SymbolDetector(view, tmp_path).detect("base", sides)
    stored = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert stored
    for one in stored:
        one.write_text(text)
    assert SymbolDetector(view, tmp_path).detect("base", sides) == first != ()


def test_a_cache_that_cannot_be_written_is_no_error() -> None:
    view = MemoryView()
    view.add("base", {"m.py": "x = 1\n"})
    view.add("a", {"m.py": "\n"})
    view.add("b", {"m.py": "x = 1\n", "n.py": "from m import x\n"})
    assert SymbolDetector(view, Path("/proc/nowhere")).detect("base", [side("a"), side("b")])


def test_it_reads_branches_of_a_real_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", tmp_path, *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(branch: str, files: dict[str, str]) -> Side:
        git("checkout", "-q", "-B", branch, *(["main"] if branch != "main" else []))
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        git("add", "-A")
        git("commit", "-q", "-m", branch)
        return Side(name=branch, commit=git("rev-parse", branch), tree=git("rev-parse", branch + "^{tree}"))

    git("init", "-q", "-b", "main")
    base = commit("main", {"m.py": "def load():\n    return 1\n", "bin.py": "x\0y"})
    sides = [
        commit("a", {"m.py": "def fetch():\n    return 1\n"}),
        commit("b", {"n.py": "import m\nm.load()\n"}),
    ]
    detector = SymbolDetector(TreeView(Repository.discover(tmp_path)), tmp_path / ".git" / "tables")
    assert [one.kind for one in detector.detect(base.tree, sides)] == ["renamed-symbol-used"]


PARAMETERS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=5, unique_by=lambda pair: pair[0]
)


@given(PARAMETERS, st.integers(0, 6))
def test_an_optional_parameter_never_breaks_a_call(given_parameters, count: int) -> None:
    before = tuple(Parameter(name, ParameterKind.ANY, optional) for name, optional in given_parameters)
    call = Reference("f", "", 1, "", count)
    for more in (
        Parameter("z", ParameterKind.ANY, True),
        Parameter("z", ParameterKind.KEYWORD, True),
        Parameter("z", ParameterKind.ARGS),
        Parameter("z", ParameterKind.KWARGS),
    ):
        if accepts(before, call):
            assert accepts((*before, more), call)


@given(PARAMETERS)
def test_keywords_do_not_care_about_order(given_parameters) -> None:
    before = tuple(Parameter(name, ParameterKind.ANY, optional) for name, optional in given_parameters)
    call = Reference("f", "", 1, "", 0, tuple(sorted(one.name for one in before)))
    assert accepts(before, call)
    assert accepts(before[::-1], call)
