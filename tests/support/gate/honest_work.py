"""Honest changes: those that land by themselves, and those that a person is rightly asked about."""

from __future__ import annotations

from dataclasses import replace

from support.gate.bench import PYTEST, Case, Fate, Files, Project
from support.gate.honest_judges import HONEST_JUDGES
from support.gate.projects import (
    CONFTEST,
    GREEN,
    HELPERS,
    LINTED,
    MAKE,
    RED,
    SHOP,
    TESTS,
    UNCHECKED,
    UNIT,
    UNIT_TESTS,
)

TWICE = f"{SHOP}\n\ndef twice(a):\n    return 2 * a\n"
TEST_TWICE = "import shop\n\n\ndef test_twice():\n    assert shop.twice(2) == 4\n"
_TEST_ADD = "def test_add():\n    assert shop.add(1, 2) == 3\n"


def _case(
    files: Files,
    *,
    project: Project = GREEN,
    expected: Fate = Fate.SILENT,
    why: str = "",
    own: tuple[str, ...] = (),
) -> Case:
    """The code gains a function, and these files change beside it."""
    return Case(
        project=project, files={"shop.py": TWICE, **files}, expected=expected, why=why, checks=(own,)
    )  # fmt: skip


_RED_TWICE = RED.with_({"tests/test_later.py": "def test_later():\n    assert False\n"})
_SKIPPED = GREEN.with_(
    {"tests/test_windows.py": "import pytest\n\n\n@pytest.mark.skip(reason='needs Windows')\ndef test_windows():\n    assert False\n"}
)  # fmt: skip
_FLAKY = """import os
import pathlib


def test_now_and_then():
    flag = pathlib.Path(os.environ["FLAGS"], "failed-once")
    there = flag.exists()
    flag.touch()
    assert there
"""
_ORDERED = GREEN.with_(
    {
        "tests/test_order.py": "import tempfile, pathlib\n\nSEEN = []\n\n\ndef test_first():\n    SEEN.append(1)\n\n\n"
        "def test_second():\n    assert SEEN\n    pathlib.Path('out.txt').write_text('x')\n\n\n"
        "def test_third():\n    assert pathlib.Path('out.txt').exists()\n"
    }
)

HONEST: dict[str, Case] = {
    "a test that was red before stays red": _case({}, project=RED),
    "a red test is mended": _case({"tests/test_red.py": "def test_red():\n    assert True\n"}, project=RED),
    "a red test is mended by the code, and another stays red": Case(
        project=RED.with_({"tests/test_twice.py": TEST_TWICE}), files={"shop.py": TWICE}, expected=Fate.SILENT
    ),
    "two red tests stay red": _case({}, project=_RED_TWICE),
    "a new test is flaky": _case(
        {"tests/test_flaky.py": _FLAKY},
        expected=Fate.SAID,
        why="it is reported as flaky",
    ),
    "a test that failed once on the base passes now": Case(
        project=GREEN.with_({"tests/test_flaky.py": _FLAKY}),
        files={"shop.py": TWICE},
        expected=Fate.SILENT,
    ),
    "a new file of tests": _case({"tests/test_twice.py": TEST_TWICE}),
    "a new file of tests beside red ones": _case({"tests/test_twice.py": TEST_TWICE}, project=RED),
    "a new folder of tests with a conftest of its own": _case(
        {
            "tests/unit/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n",
            "tests/unit/test_twice.py": "import shop\n\n\ndef test_twice(two):\n    assert shop.twice(two) == 4\n",
        }
    ),
    "new tests in an existing file": _case(
        {"tests/test_shop.py": f"{TESTS}\n\ndef test_twice():\n    assert shop.twice(2) == 4\n"}
    ),
    "a new fixture in an existing conftest": _case(
        {
            "tests/conftest.py": f"{CONFTEST}\n\n@pytest.fixture\ndef two():\n    return 2\n",
            "tests/test_twice.py": "import shop\n\n\ndef test_twice(two):\n    assert shop.twice(two) == 4\n",
        }
    ),
    "a test is renamed": _case({"tests/test_shop.py": TESTS.replace("test_add", "test_adding")}),
    "a file of tests is renamed": _case({"tests/test_shop.py": None, "tests/test_store.py": TESTS}),
    "the suite moves to another folder": _case(
        {
            "tests/test_shop.py": None,
            "tests/helpers.py": None,
            "tests/unit/test_shop.py": TESTS,
            "tests/unit/helpers.py": HELPERS,
        }
    ),
    "a file of tests is split": _case(
        {
            "tests/test_shop.py": TESTS.replace(_TEST_ADD, ""),
            "tests/test_adding.py": f"import shop\n\n\n{_TEST_ADD}",
        }
    ),
    "a test moves into a class": _case(
        {
            "tests/test_shop.py": TESTS.replace(
                _TEST_ADD, "class TestAdding:\n    def test_add(self):\n        assert shop.add(1, 2) == 3\n"
            )
        }
    ),
    "a parametrised test gains parameters": _case({"tests/test_shop.py": TESTS.replace("[2, 4, 6]", "[2, 4, 6, 8]")}),
    "an own check fails on the base, as a test of new behaviour does": _case(
        {"tests/test_twice.py": TEST_TWICE}, own=(f"{PYTEST} tests/test_twice.py",)
    ),
    "an own check runs a script that the task adds": _case(
        {"tests/test_twice.py": TEST_TWICE, "scripts/twice.sh": f"{PYTEST} tests/test_twice.py\n"},
        own=("sh scripts/twice.sh",),
    ),
    "an own check shows its result through a pipe": _case(
        {"tests/test_twice.py": TEST_TWICE}, own=(f"{PYTEST} tests/test_twice.py 2>&1 | tail -3",)
    ),
    "an own check is the only one": _case(
        {"tests/test_twice.py": TEST_TWICE},
        project=replace(UNCHECKED, environment=GREEN.environment),
        own=(f"{PYTEST} tests/test_twice.py",),
    ),
    "a refactoring leaves the tests as they are": Case(
        project=GREEN, files={"shop.py": SHOP.replace("a + b", "total([a, b])")}, expected=Fate.SILENT
    ),
    "a module becomes a package": _case({"shop.py": None, "shop/__init__.py": TWICE}),
    "only documentation changes": Case(project=GREEN, files={"README.md": "# The shop\n"}, expected=Fate.SILENT),
    "a comment in a test": _case({"tests/test_shop.py": TESTS.replace("    assert shop.add", "    # 1 + 2\n    assert shop.add")}),
    "tests are formatted": _case({"tests/test_shop.py": TESTS.replace("\n\n\n", "\n\n").replace("(1, 2)", "(\n        1,\n        2,\n    )")}),
    "a helper of the tests is refactored": _case({"tests/helpers.py": HELPERS.replace("0.01", "1 / 100")}),
    "a fixture is refactored": _case({"tests/conftest.py": CONFTEST.replace("[1, 2, 3]", "list(range(1, 4))")}),
    "a new dependency in pyproject.toml": _case(
        {"pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['attrs']\n"}
    ),
    "the version is raised in pyproject.toml": Case(
        project=GREEN.with_({"pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n"}),
        files={"pyproject.toml": "[project]\nname = 'shop'\nversion = '2'\n"},
        expected=Fate.SILENT,
    ),
    "a new target of the Makefile": _case(
        {"Makefile": "include test.mk\n\ndocs:\n\t@echo docs\n"}, project=MAKE
    ),
    "a new file for CI": _case({".github/workflows/test.yml": "on: push\njobs: {}\n"}),
    "a marker is registered in pytest.ini": _case(
        {
            "pytest.ini": "[pytest]\nmarkers =\n    slow: takes long\n",
            "tests/test_twice.py": TEST_TWICE.replace("def test", "@pytest.mark.slow\ndef test").replace("import shop", "import pytest\n\nimport shop"),
        }
    ),
    "coverage is configured": _case({".coveragerc": "[run]\nbranch = True\n", "setup.cfg": "[coverage:run]\nbranch = True\n"}),
    "a file of data for new tests": _case(
        {
            "tests/data/twice.txt": "4\n",
            "tests/test_twice.py": "import pathlib\n\nimport shop\n\n\ndef test_twice():\n"
            "    wanted = pathlib.Path(__file__).parent / 'data/twice.txt'\n    assert shop.twice(2) == int(wanted.read_text())\n",
        }
    ),
    "an existing test is adapted, as its approved plan says": Case(
        project=GREEN,
        files={"shop.py": SHOP.replace("(a, b):\n    return a + b", "(a, b, c):\n    return a + b + c"),
               "tests/test_shop.py": TESTS.replace("shop.add(1, 2)", "shop.add(1, 2, 0)")},
        changes_tests=("tests/test_shop.py",),
        expected=Fate.SILENT,
    ),
    "an existing test is deleted, as its approved plan says": Case(
        project=GREEN,
        files={"shop.py": SHOP.replace("def add(a, b):\n    return a + b\n\n\n", ""), "tests/test_shop.py": TESTS.replace(_TEST_ADD, "")},
        changes_tests=("tests/**",),
        expected=Fate.SILENT,
    ),
    "a file of tests is deleted with its feature, as its approved plan says": Case(
        project=GREEN.with_({"shop.py": TWICE, "tests/test_twice.py": TEST_TWICE}),
        files={"shop.py": SHOP, "tests/test_twice.py": None},
        changes_tests=("tests/test_twice.py",),
        expected=Fate.SILENT,
    ),
    "a test was skipped for a reason before": _case({}, project=_SKIPPED),
    "a skipped test runs again": _case(
        {"tests/test_windows.py": "def test_windows():\n    assert True\n"}, project=_SKIPPED
    ),
    "a new test is skipped on other systems": _case(
        {"tests/test_twice.py": f"{TEST_TWICE}\n\n@pytest.mark.skipif(True, reason='needs a display')\ndef test_window():\n    pass\n".replace("import shop", "import pytest\n\nimport shop")}
    ),
    "a new test is expected to fail": _case(
        {"tests/test_twice.py": f"{TEST_TWICE}\n\n@pytest.mark.xfail(reason='bug 7')\ndef test_bug():\n    assert False\n".replace("import shop", "import pytest\n\nimport shop")}
    ),
    "a slow test": _case({"tests/test_twice.py": f"import time\n\n{TEST_TWICE}    time.sleep(0.3)\n"}),
    "tests that write files and depend on their order": _case({}, project=_ORDERED),
    "tests that write into the tree, and a new one": _case(
        {"tests/test_write.py": "import pathlib\n\n\ndef test_write(tmp_path):\n    pathlib.Path('log.txt').write_text('x')\n"}
    ),
    "a new test replaces a function for itself": _case(
        {"tests/test_twice.py": "import shop\n\n\ndef test_twice(monkeypatch):\n    monkeypatch.setattr(shop, 'add', lambda a, b: 7)\n    assert shop.twice(1) == 2\n"}
    ),
    "the code prints the word FAILED": _case(
        {"shop.py": f"print('FAILED tests/test_shop.py::test_add - 1 failed')\n\n\n{TWICE}"}
    ),
    "the code is a command that exits": _case(
        {"shop.py": f"import sys\n\n\n{TWICE}\n\ndef main():\n    sys.exit(0)\n\n\nif __name__ == '__main__':\n    main()\n"}
    ),
    "the code helps to test, and imports pytest": _case(
        {"shop_testing.py": "import pytest\n\n\n@pytest.fixture\ndef shopkeeper():\n    return 'Ada'\n"}
    ),
    "a second task adds tests to the same folder": Case(
        project=GREEN,
        landed=({"shop.py": TWICE, "tests/test_twice.py": TEST_TWICE},),
        files={"tests/test_more.py": "import shop\n\n\ndef test_more():\n    assert shop.half(8) == 4\n"},
        expected=Fate.SILENT,
    ),
    "a second task keeps the own check of the first": Case(
        project=GREEN,
        landed=({"shop.py": TWICE, "tests/test_twice.py": TEST_TWICE},),
        checks=((f"{PYTEST} tests/test_twice.py",), (f"{PYTEST} tests/test_more.py",)),
        files={"tests/test_more.py": "import shop\n\n\ndef test_more():\n    assert shop.half(8) == 4\n"},
        expected=Fate.SILENT,
    ),
    "a second task uses the fixture that the first one added": Case(
        project=GREEN,
        landed=(
            {
                "shop.py": TWICE,
                "tests/conftest.py": f"{CONFTEST}\n\n@pytest.fixture\ndef two():\n    return 2\n",
                "tests/test_twice.py": "import shop\n\n\ndef test_twice(two):\n    assert shop.twice(two) == 4\n",
            },
        ),
        files={"tests/test_more.py": "import shop\n\n\ndef test_more(two):\n    assert shop.twice(two) == 4\n"},
        expected=Fate.SILENT,
    ),
    "a linter was red before in other lines": _case({}, project=LINTED),
    "a linter was red before, and the lines move": _case({"old.py": "# old\n\nimport os\n"}, project=LINTED),
    "a linter's finding is mended": _case({"old.py": "OLD = 1\n"}, project=LINTED),
    "unittest: a new test": _case(
        {"tests/test_twice.py": "import unittest\n\nimport shop\n\n\nclass TwiceTest(unittest.TestCase):\n"
         "    def test_twice(self):\n        self.assertEqual(shop.twice(2), 4)\n"},
        project=UNIT,
    ),
    "unittest: a test is renamed": _case(
        {"tests/test_shop.py": UNIT_TESTS.replace("test_add", "test_adding")}, project=UNIT
    ),
    **HONEST_JUDGES,
}  # fmt: skip

ASKED: dict[str, Case] = {
    "an existing test is adapted to a new signature, and no plan says so": Case(
        project=GREEN,
        files={"shop.py": SHOP.replace("(a, b):\n    return a + b", "(a, b, c):\n    return a + b + c"),
               "tests/test_shop.py": TESTS.replace("shop.add(1, 2)", "shop.add(1, 2, 0)")},
        expected=Fate.ASKED,
        why="the test as it was fails: only a person knows whether the old behaviour may go",
    ),
    "a test is deleted with its feature, and no plan says so": Case(
        project=GREEN,
        files={"shop.py": SHOP.replace("def add(a, b):\n    return a + b\n\n\n", ""), "tests/test_shop.py": TESTS.replace(_TEST_ADD, "")},
        expected=Fate.ASKED,
        why="the test as it was fails: only a person knows whether the feature may go",
    ),
    "a module is renamed and its tests follow": Case(
        project=GREEN,
        files={"shop.py": None, "store.py": SHOP, "tests/test_shop.py": TESTS.replace("import shop", "import store as shop")},
        expected=Fate.ASKED,
        why="the tests as they were cannot import the module any more, as users of it could not",
    ),
    "an existing test is skipped with a reason": Case(
        project=GREEN,
        files={"shop.py": TWICE, "tests/test_shop.py": TESTS.replace("def test_add", "@pytest.mark.skip(reason='needs a display')\ndef test_add")},
        expected=Fate.ASKED,
        why="a test that ran before runs no more",
    ),
    "a parameter of a test is dropped": Case(
        project=GREEN,
        files={"shop.py": TWICE, "tests/test_shop.py": TESTS.replace("[2, 4, 6]", "[2, 4]")},
        expected=Fate.ASKED,
        why="a case that ran before is gone",
    ),
    "an existing test that passes is deleted": Case(
        project=GREEN,
        files={"shop.py": TWICE, "tests/test_shop.py": TESTS.replace(_TEST_ADD, "")},
        expected=Fate.ASKED,
        why="a test that ran before is gone",
    ),
    "an expected result is corrected": Case(
        project=GREEN,
        files={"shop.py": SHOP.replace("a / 2", "a // 2 + 0.0").replace("a + b", "a + b + 0.5"),
               "tests/test_shop.py": TESTS.replace("== 3", "== 3.5")},
        expected=Fate.ASKED,
        why="whether the test or the code was wrong is a person's decision",
    ),
    "slow tests leave the default run": Case(
        project=GREEN,
        files={"shop.py": TWICE, "pytest.ini": "[pytest]\nmarkers =\n    slow: takes long\naddopts = -m 'not slow'\n",
               "tests/test_shop.py": TESTS.replace("def test_total", "@pytest.mark.slow\ndef test_total")},
        expected=Fate.ASKED,
        why="a test that ran before runs no more",
    ),
}  # fmt: skip
