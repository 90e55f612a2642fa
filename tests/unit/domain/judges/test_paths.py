"""Which files judge a change, and which file a case's id names."""

from __future__ import annotations

import pytest

from devassist.domain.judges.paths import judging_paths, parts_of


@pytest.mark.parametrize(
    ("case", "parts"),
    [
        ("tests/test_a.py::TestA::test_b[x::y > z]", ("tests/test_a.py", "TestA::test_b[x::y > z]")),
        ("tests/it.rs (it)::adds", ("tests/it.rs", "adds")),
        ("src/a.test.ts > group > name", ("src/a.test.ts", "group > name")),
        ("t/basic.t > it works", ("t/basic.t", "it works")),
        ("package.module.Class.test", ("", "package.module.Class.test")),
        ("example.com/m/pkg.TestA/sub", ("", "example.com/m/pkg.TestA/sub")),
    ],
)
def test_an_id_names_a_file_where_its_runner_writes_one(case: str, parts: tuple[str, str]) -> None:
    assert parts_of(case) == parts


BEFORE = {
    "pyproject.toml": "[project]\nname = 'a'\n[tool.pytest.ini_options]\naddopts = '-q'\n",
    "package.json": '{"name": "a", "scripts": {"test": "jest"}}',
    "check.sh": "pytest",
    "src/a.py": "",
    "tests/test_a.py": "",
    "tests/helper.py": "",
    "Makefile": "test:\n",
    "golden/a.txt": "",
    "api/fixtures/a.json": "",
    "api/fixtures/a.py": "",
    "api/snapshots/store.py": "",
    "api/snapshots/a.json": "",
    "crate/Cargo.toml": "",
}


@pytest.mark.parametrize(
    ("path", "after", "judges"),
    [
        ("src/a.py", "changed", False),
        ("tests/test_a.py", "changed", True),
        ("tests/test_a.py", None, True),
        ("tests/test_new.py", "new", False),
        ("tests/helper.py", "changed", True),
        ("tests/new_helper.py", "new", True),
        ("conftest.py", "new", True),
        ("pytest.py", "new", True),
        ("lib/node_modules/jest/index.js", "new", True),
        ("evil.egg-info/entry_points.txt", "new", True),
        ("check.sh", "true", True),
        ("other.sh", "true", False),
        ("calendar.py", "", True),
        ("src/json/__init__.py", "", True),
        ("shop/calendar.py", "", False),
        ("ruff.toml", "", True),
        ("golden/a.txt", "changed", True),
        ("golden/a.txt", None, True),
        ("golden/new.txt", "new", True),
        ("api/fixtures/a.json", "changed", True),
        ("api/fixtures/a.py", "changed", True),
        ("api/snapshots/a.json", "changed", True),
        ("api/snapshots/store.py", "changed", False),
        ("api/snapshots/new.py", "new", False),
        ("include/expected/expected.hpp", "new", False),
        ("crate/build.rs", "new", True),
        ("crate/src/build.rs", "new", False),
        ("__pycache__/a.cpython-311.pyc", "", True),
        ("unit_tests/helper.py", "", True),
        ("latest/helper.py", "", False),
        ("Makefile", "test:\n\ttrue\n", True),
        ("pyproject.toml", BEFORE["pyproject.toml"].replace("'a'", "'b'"), False),
        ("pyproject.toml", BEFORE["pyproject.toml"].replace("-q", "--collect-only"), True),
        ("pyproject.toml", "not = toml = at all", True),
        ("package.json", '{"name": "b", "scripts": {"test": "jest"}, "dependencies": {"x": "1"}}', False),
        ("package.json", '{"name": "a", "scripts": {"test": "true"}}', True),
    ],
)
def test_what_configures_or_holds_the_judgement_judges(path: str, after: str | None, *, judges: bool) -> None:
    found = judging_paths(
        [path],
        before=BEFORE.get,
        after=lambda wanted: after if wanted == path else BEFORE.get(wanted),
        commands=["sh ./check.sh && make test"],
    )
    assert found == ((path,) if judges else ())


def test_new_data_that_a_new_test_or_new_code_names_does_not_judge() -> None:
    texts = {
        "expected/new.txt": "3",
        "expected/odd.txt": "3",
        "test_new.py": "def test_a():\n    read('expected/new.txt')\n",
    }
    assert judging_paths(texts, before=BEFORE.get, after=texts.get) == ()
    texts["test_new.py"] = "def test_a():\n    read(HERE / 'new.txt')\n"
    assert judging_paths(texts, before=BEFORE.get, after=texts.get) == ("expected/odd.txt",)


SCRIPTS = {
    "check.sh": "python ci/verify.py\npython verify.py\n",
    "ci/verify.py": "import deep.part\nfrom expect import EXPECTED\nimport subprocess\n",
    "ci/expect.py": "from more import EXPECTED\n",
    "ci/more.py": "EXPECTED = 3\n",
    "ci/unused.py": "",
    "verify.py": "import shop\nimport prices\nfrom src import a\n",
    "shop.py": "def add(a, b):\n    return a + b\n",
    "prices.py": "PRICES = {}\n",
}


@pytest.mark.parametrize(
    ("path", "judges"),
    [
        ("ci/verify.py", True),
        ("ci/expect.py", True),
        ("ci/more.py", True),
        ("ci/expect/__init__.py", True),
        ("ci/deep/part.py", True),
        ("ci/subprocess.py", True),
        ("ci/unused.py", False),
        ("ci/new.py", False),
        ("prices.py", True),
        ("shop.py", False),
    ],
)
def test_what_a_checks_python_script_imports_from_its_folder_judges(path: str, *, judges: bool) -> None:
    found = judging_paths([path], before=SCRIPTS.get, after=lambda _: "changed", commands=["sh check.sh"])
    assert found == ((path,) if judges else ())


def test_a_test_that_the_plan_names_does_not_judge() -> None:
    found = judging_paths(
        ["tests/test_a.py", "tests/helper.py"],
        before=BEFORE.get,
        after=BEFORE.get,
        allowed=["tests/test_*.py"],
    )
    assert found == ("tests/helper.py",)
