"""The manifest level end to end: requirements and lock files of two branches, what is reported and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygit2.enums import FileMode

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.manifests.reading import facts_of
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.git.merging.tree_view import TreeView
from unit.git.test_support import new_lab

Files = Mapping[str, str | None]


@dataclass
class Workshop:
    """Trees made in memory, in one repository for all cases."""

    view: TreeView
    handle: pygit2.Repository

    @classmethod
    def new(cls, base: Path) -> Workshop:
        lab = new_lab(base)
        return cls(TreeView(lab.repository), pygit2.Repository(str(lab.root)))

    def tree(self, files: Files) -> str:
        index = pygit2.Index()
        for path, text in files.items():
            if text is not None:
                blob = self.handle.create_blob(text.encode("utf-8", "surrogateescape"))
                index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        return str(index.write_tree(self.handle))

    def detect(self, base: Files, *branches: Files) -> tuple[Conflict, ...]:
        names = ["alpha", "beta", "gamma"]
        sides = [
            Side(name=name, commit="0" * 40, tree=self.tree({**base, **edits}))
            for name, edits in zip(names, branches, strict=False)
        ]
        return ManifestDetector(self.view).detect(self.tree(base), sides)

    def check(self, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
        """The same whichever branch comes first."""
        for pair in ((ours, theirs), (theirs, ours)):
            found = self.detect(base, *pair)
            assert sorted(f"{one.severity} {one.kind} {one.symbol}" for one in found) == sorted(expected)
            for one in found:
                check_told(one)


def check_told(one: Conflict) -> None:
    """A sentence that names both branches, and lines on both."""
    assert one.level is Level.MANIFEST
    assert set(one.branches) == {"alpha", "beta"} == {place.branch for place in one.locations}
    assert all(name in one.explanation for name in one.branches), one.explanation
    assert "\n" not in one.explanation and not one.explanation.endswith(".")
    assert one.suggestion
    assert all(1 <= place.start_line <= place.end_line for place in one.locations)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.new(tmp_path_factory.mktemp("workshop"))


def pyproject(*dependencies: str, more: str = "") -> dict[str, str | None]:
    listed = "".join(f"  {one!r},\n" for one in dependencies)
    return {"pyproject.toml": f"[project]\nname = 'x'\ndependencies = [\n{listed}]\n{more}"}


def requirements(text: str, name: str = "requirements.txt") -> dict[str, str | None]:
    return {name: text}


def package(**sections: str) -> dict[str, str | None]:
    tables = ",\n".join(f'  "{name}": {{{body}}}' for name, body in sections.items())
    return {"package.json": f"{{\n{tables}\n}}\n"}


def cargo(text: str) -> dict[str, str | None]:
    return {"Cargo.toml": f'[package]\nname = "x"\n{text}'}


def gomod(text: str) -> dict[str, str | None]:
    return {"go.mod": f"module example.org/x\n\ngo 1.22\n\n{text}"}


def poetry(text: str) -> dict[str, str | None]:
    return {"pyproject.toml": f"[tool.poetry.dependencies]\n{text}"}


ERROR = ["error dependency-clash lib"]
WARNING = ["warning dependency-clash lib"]
NOTE = ["note dependency-clash lib"]
HASHED = "lib==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"

PYTHON = {
    "empty intersection": (pyproject(), pyproject("lib>=3"), pyproject("lib<3"), ERROR),
    "different pins": (pyproject("lib"), pyproject("lib==1.0"), pyproject("lib==2.0"), ERROR),
    "name is normalised": (
        pyproject(),
        pyproject("My_Lib>=3"),
        pyproject("my.lib<3"),
        ["error dependency-clash my-lib"],
    ),
    "compatible": (pyproject("lib"), pyproject("lib>=1"), pyproject("lib<3"), NOTE),
    "same on both": (pyproject("lib"), pyproject("lib>=1"), pyproject("lib>=1"), []),
    "same, order of clauses": (pyproject("lib"), pyproject("lib>=1,<2"), pyproject("lib<2, >=1"), []),
    "base has it": (pyproject("lib>=3"), pyproject("lib>=3", "a"), pyproject("lib<3"), []),
    "other package": (pyproject(), pyproject("lib>=3"), pyproject("lib2<3"), []),
    "disjoint markers": (
        pyproject(),
        pyproject("lib>=3; python_version >= '3.12'"),
        pyproject("lib<3; python_version < '3.12'"),
        [],
    ),
    "disjoint platforms": (
        pyproject(),
        pyproject("lib>=3; sys_platform == 'win32'"),
        pyproject("lib<3; os_name == 'posix'"),
        [],
    ),
    "meeting markers": (
        pyproject(),
        pyproject("lib>=3; python_version >= '3.11'"),
        pyproject("lib<3; python_version < '3.12'"),
        ERROR,
    ),
    "extras and markers": (
        pyproject(),
        pyproject("lib[fast]>=3"),
        pyproject("lib<3; sys_platform != 'win32'"),
        ERROR,
    ),
    "optional against main": (
        pyproject(),
        pyproject("lib>=3"),
        pyproject(more="[project.optional-dependencies]\ndev = ['lib<3']\n"),
        ERROR,
    ),
    "two extras": (
        pyproject(),
        pyproject(more="[project.optional-dependencies]\none = ['lib>=3']\n"),
        pyproject(more="[project.optional-dependencies]\ntwo = ['lib<3']\n"),
        WARNING,
    ),
    "dependency group": (
        pyproject(),
        pyproject(more="[dependency-groups]\ndev = ['lib>=3', {include-group = 'x'}]\n"),
        pyproject(more="[dependency-groups]\ndev = ['lib~=2.1']\n"),
        ERROR,
    ),
    "what builds is apart": (
        pyproject(),
        pyproject(more="[build-system]\nrequires = ['lib>=3']\n"),
        pyproject("lib<3"),
        [],
    ),
    "requires-python": (
        pyproject(),
        {"pyproject.toml": "[project]\nrequires-python = '>=3.12'\n"},
        {"pyproject.toml": "[project]\nrequires-python = '<3.12'\n"},
        ["error dependency-clash python"],
    ),
    "url against url": (
        pyproject(),
        pyproject("lib @ https://a/x.whl"),
        pyproject("lib @ https://b/x.whl"),
        WARNING,
    ),
    "poetry caret": (poetry("a = '1'\n"), poetry("lib = '^2.1'\n"), poetry("lib = '~1.4'\n"), ERROR),
    "poetry compatible": (poetry("a = '1'\n"), poetry("lib = '^2.1'\n"), poetry("lib = '2.*'\n"), NOTE),
    "poetry union": (poetry("a = '1'\n"), poetry("lib = '^1 || ^3'\n"), poetry("lib = '^3.2'\n"), NOTE),
    "poetry zero caret": (poetry("a = '1'\n"), poetry("lib = '^0.2'\n"), poetry("lib = '^0.3'\n"), ERROR),
    "poetry python": (
        poetry("a = '1'\n"),
        poetry("lib = {version = '^2', python = '<3.10'}\n"),
        poetry("lib = {version = '^3', python = '>=3.10'}\n"),
        [],
    ),
    "poetry group": (
        poetry("a = '1'\n"),
        poetry("lib = '^2'\n"),
        poetry("a = '1'\n[tool.poetry.group.dev.dependencies]\nlib = '^3'\n"),
        ERROR,
    ),
    "requirements": (requirements(""), requirements("lib>=3  # why\n"), requirements("lib<3\n"), ERROR),
    "only a comment": (requirements(""), requirements("# lib>=3\n"), requirements("lib<3\n"), []),
    "hashes": (requirements(""), requirements(HASHED), requirements(HASHED.replace("1.0", "1.1")), ERROR),
    "options": (
        requirements(""),
        requirements("--index-url https://x\n-e .\nlib>=3\n"),
        requirements("lib<3\n"),
        ERROR,
    ),
    "included file": (
        {"requirements.txt": "a\n", "dev.txt": "", "requirements-dev.txt": "-r requirements.txt\n"},
        {"requirements.txt": "a\nlib>=3\n"},
        {"requirements-dev.txt": "-r requirements.txt\nlib<3\n"},
        ERROR,
    ),
    "constraint above": (
        {"constraints.txt": "", "requirements/dev.txt": "-c ../constraints.txt\n"},
        {"constraints.txt": "lib<3\n"},
        {"requirements/dev.txt": "-c ../constraints.txt\nlib>=3\n"},
        ERROR,
    ),
    "two files, one project": (
        {},
        requirements("lib>=3\n"),
        requirements("lib<3\n", "requirements-docs.txt"),
        WARNING,
    ),
    "two projects": (
        {},
        requirements("lib>=3\n", "a/requirements.txt"),
        requirements("lib<3\n", "b/requirements.txt"),
        [],
    ),
    "Pipfile": ({}, {"Pipfile": "[packages]\nlib = '>=3'\n"}, {"Pipfile": "[packages]\nlib = '<3'\n"}, ERROR),
    "dropped and imported": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": "import yaml\nx = 1\n"},
        ["warning dependency-clash pyyaml"],
    ),
    "dropped, import is old": (
        {**pyproject("pyyaml"), "a.py": "import yaml\n"},
        pyproject(),
        {"a.py": "import yaml\nx = 1\n"},
        [],
    ),
    "dropped, import is a text": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": 'x = """\nimport yaml\n"""\n'},
        [],
    ),
    "dropped, one of several imports": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": "def f():\n    import os, yaml.nodes as n\n"},
        ["warning dependency-clash pyyaml"],
    ),
    "moved to another file": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        {**pyproject(), "requirements.txt": "PyYAML\n"},
        {"a.py": "import yaml\nx = 1\n"},
        [],
    ),
    "malformed": (
        pyproject(),
        {"pyproject.toml": "[project\ndependencies = ['lib>=3']"},
        pyproject("lib<3"),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), PYTHON.values(), ids=PYTHON)
def test_python_requirements(
    workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]
) -> None:
    workshop.check(base, ours, theirs, expected)


PACKAGES = {
    "npm empty": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": "^3.0.0"'),
        ERROR,
    ),
    "npm compatible": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": ">=2.4"'),
        NOTE,
    ),
    "npm same": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": "^2.0.0", "b": "1"'),
        [],
    ),
    "npm sections": (
        package(),
        package(dependencies='"lib": "^2"'),
        package(devDependencies='"lib": "~3.1"'),
        ERROR,
    ),
    "npm peers": (
        package(),
        package(peerDependencies='"lib": "^2"'),
        package(devDependencies='"lib": "3.x"'),
        WARNING,
    ),
    "npm overrides": (
        package(),
        package(overrides='"lib": "2.1.0"'),
        package(dependencies='"lib": "^3"'),
        ERROR,
    ),
    "npm nested override": (
        package(),
        package(overrides='"app": {"lib": "2.1.0"}'),
        package(dependencies='"lib": "^3"'),
        [],
    ),
    "npm alternatives": (
        package(),
        package(dependencies='"lib": "1.x || 3.x"'),
        package(dependencies='"lib": "2.5 - 3.1"'),
        NOTE,
    ),
    "npm tag": (
        package(),
        package(dependencies='"lib": "latest"'),
        package(dependencies='"lib": "^1"'),
        WARNING,
    ),
    "npm other package": (
        {},
        {"a/package.json": '{"dependencies": {"lib": "1"}}'},
        {"b/package.json": '{"dependencies": {"lib": "2"}}'},
        [],
    ),
    "npm malformed": (
        package(),
        {"package.json": '{"dependencies": {"lib": '},
        package(dependencies='"lib": "1"'),
        [],
    ),
    "npm not an object": (
        package(),
        {"package.json": '{"dependencies": ["lib"]}'},
        package(dependencies='"lib": "1"'),
        [],
    ),
    "cargo caret": (
        cargo(""),
        cargo('[dependencies]\nlib = "1.2"\n'),
        cargo('[dependencies]\nlib = { version = "2", features = ["a"] }\n'),
        ERROR,
    ),
    "cargo zero": (
        cargo(""),
        cargo('[dependencies]\nlib = "0.3"\n'),
        cargo('[dependencies]\nlib = "0.4.1"\n'),
        ERROR,
    ),
    "cargo compatible": (
        cargo(""),
        cargo('[dependencies]\nlib = "1.2"\n'),
        cargo('[dependencies]\nlib = "1.4"\n'),
        NOTE,
    ),
    "cargo features": (
        cargo(""),
        cargo('[dependencies]\nlib = { version = "1", features = ["a"] }\n'),
        cargo('[dependencies]\nlib = { version = "1", features = ["b"] }\n'),
        NOTE,
    ),
    "cargo default features": (
        cargo(""),
        cargo('[dependencies]\nlib = { version = "1", default-features = false }\n'),
        cargo('[dependencies]\nlib = "1.1"\n'),
        WARNING,
    ),
    "cargo workspace": (
        cargo(""),
        cargo('[workspace.dependencies]\nlib = "1"\n'),
        cargo('[workspace.dependencies]\nlib = "2"\n'),
        ERROR,
    ),
    "cargo inherits": (
        cargo(""),
        cargo("[dependencies]\nlib = { workspace = true }\n"),
        cargo("[dependencies]\nlib.workspace = true\n"),
        [],
    ),
    "cargo git": (
        cargo(""),
        cargo('[dependencies]\nlib = { git = "https://a" }\n'),
        cargo('[dependencies]\nlib = "2"\n'),
        WARNING,
    ),
    "cargo target": (
        cargo(""),
        cargo("[target.'cfg(unix)'.dependencies]\nlib = \"1\"\n"),
        cargo("[target.'cfg(windows)'.dependencies]\nlib = \"2\"\n"),
        WARNING,
    ),
    "go higher wins": (
        gomod(""),
        gomod("require a.org/lib v1.2.0\n"),
        gomod("require a.org/lib v1.3.0\n"),
        ["note dependency-clash a.org/lib"],
    ),
    "go block and comment": (
        gomod(""),
        gomod("require (\n\ta.org/lib v1.2.0 // indirect\n)\n"),
        gomod("require a.org/lib v1.2.0\n"),
        [],
    ),
    "go majors": (
        gomod(""),
        gomod("require a.org/lib v1.2.0\n"),
        gomod("require a.org/lib/v2 v2.0.0\n"),
        ["warning dependency-clash a.org/lib"],
    ),
    "go replace": (
        gomod(""),
        gomod("replace a.org/lib => ../lib\n"),
        gomod("replace a.org/lib => b.org/fork v1.0.0\n"),
        ["error dependency-clash a.org/lib"],
    ),
    "go replaced versions": (
        gomod(""),
        gomod("replace a.org/lib v1.0.0 => ../lib\n"),
        gomod("replace a.org/lib v1.1.0 => b.org/fork v1.0.0\n"),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), PACKAGES.values(), ids=PACKAGES)
def test_package_requirements(
    workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]
) -> None:
    workshop.check(base, ours, theirs, expected)


LOCKED = {**pyproject("a"), "uv.lock": "1\n"}
LOCKS = {
    "both change it": (LOCKED, {"uv.lock": "2\n"}, {"uv.lock": "3\n"}, ["warning lockfile-stale uv.lock"]),
    "both add it": ({}, {"yarn.lock": "2\n"}, {"yarn.lock": "3\n"}, ["warning lockfile-stale yarn.lock"]),
    "same on both": (LOCKED, {"uv.lock": "2\n"}, {"uv.lock": "2\n"}, []),
    "manifest against lock": (
        LOCKED,
        pyproject("a", "b"),
        {"uv.lock": "3\n"},
        ["warning lockfile-stale uv.lock"],
    ),
    "manifest, but no requirement": (LOCKED, pyproject("a", more="[tool.x]\n"), {"uv.lock": "3\n"}, []),
    "the same manifest": (LOCKED, pyproject("a", "b"), {**pyproject("a", "b"), "uv.lock": "3\n"}, []),
    "two locks": (
        {"a/uv.lock": "1", "b/uv.lock": "1"},
        {"a/uv.lock": "2"},
        {"b/uv.lock": "2"},
        [],
    ),
    "workspace": (
        {"Cargo.lock": "1", "crates/a/Cargo.toml": "[dependencies]\n"},
        {"Cargo.lock": "2"},
        {"crates/a/Cargo.toml": "[dependencies]\nlib = '1'\n"},
        ["warning lockfile-stale Cargo.lock"],
    ),
    "Gemfile": (
        {"Gemfile": "gem 'a'\n", "Gemfile.lock": "1\n"},
        {"Gemfile": "gem 'a'\ngem 'b'\n"},
        {"Gemfile.lock": "2\n"},
        ["warning lockfile-stale Gemfile.lock"],
    ),
    "comment in Gemfile": (
        {"Gemfile": "gem 'a'\n", "Gemfile.lock": "1\n"},
        {"Gemfile": "# why\ngem 'a'\n"},
        {"Gemfile.lock": "2\n"},
        [],
    ),
    "compiled requirements": (
        {},
        {"requirements/dev.txt": "#\n# This file is autogenerated by pip-compile\n#\nlib==1\n"},
        {"requirements/dev.txt": "#\n# This file is autogenerated by pip-compile\n#\nlib==2\n"},
        ["warning lockfile-stale requirements/dev.txt"],
    ),
    "compiled from": (
        {"requirements.in": "a\n", "requirements.txt": "# uv pip compile x\na==1\n"},
        {"requirements.in": "a\nb\n"},
        {"requirements.txt": "# uv pip compile x\na==2\n"},
        ["warning lockfile-stale requirements.txt"],
    ),
    "deleted": (LOCKED, {"uv.lock": None}, {"uv.lock": "3\n"}, []),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), LOCKS.values(), ids=LOCKS)
def test_lock_files(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)


def test_the_sentence_has_both_branches_values_and_lines(workshop: Workshop) -> None:
    (found,) = workshop.detect(pyproject("a"), pyproject("a", "lib>=3"), pyproject("lib<3", "a"))
    assert found.explanation == (
        "alpha asks for lib >=3 (pyproject.toml:5), beta for lib <3 (pyproject.toml:4); nothing satisfies both"
    )
    assert [(one.branch, one.start_line) for one in found.locations] == [("alpha", 5), ("beta", 4)]


def test_every_place_that_matters_is_named(workshop: Workshop) -> None:
    two = "[project.optional-dependencies]\ndev = ['lib<3', 'lib<2']\n"
    (found,) = workshop.detect(pyproject(), pyproject("lib>=3"), pyproject(more=two))
    assert [(one.branch, one.start_line) for one in found.locations] == [("alpha", 4), ("beta", 6)]
    (found,) = workshop.detect(pyproject(), pyproject("lib>=3"), pyproject("lib<3", more=two))
    assert [(one.branch, one.start_line) for one in found.locations] == [
        ("alpha", 4),
        ("beta", 4),
        ("beta", 7),
    ]


def test_every_pair_of_three_is_looked_at(workshop: Workshop) -> None:
    found = workshop.detect(pyproject(), pyproject("lib==1"), pyproject("lib==2"), pyproject("lib==3"))
    assert [one.branches for one in found] == [("alpha", "beta"), ("alpha", "gamma"), ("beta", "gamma")]


def test_one_symbol_is_one_conflict_with_the_worst_severity(workshop: Workshop) -> None:
    ours = {"requirements.txt": "lib>=3\n", "package.json": '{"dependencies": {"lib": "1"}}'}
    theirs = {"requirements.txt": "lib>=2\n", "package.json": '{"dependencies": {"lib": "2"}}'}
    (found,) = workshop.detect({}, ours, theirs)
    assert str(found.severity) == "error"
    assert {place.path for place in found.locations} == {"requirements.txt", "package.json"}


NAMES = """pyproject.toml Pipfile requirements.txt package.json Cargo.toml go.mod a.py urls.py settings.py a.proto
 Makefile a.js a.go A.java a.yaml a.ini a.toml .env Dockerfile a.sh""".split()
PIECES = st.sampled_from(
    """[ ] { } ( ) " ' ` = : , \n \t \\ / # // /* */ @app.get("/x") message reserved 1 = 2; project dependencies
 [project] r.HandleFunc( @GetMapping( class def import process.env.A|| - x: ${A:-""".split(" ")
)


@given(st.sampled_from(NAMES), st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
def test_malformed_files_never_raise(name: str, text: str) -> None:
    list(facts_of(name, text))
