"""Ways to a false success by the commands that check: scripts, Makefile, linters, and a task's own checks."""

from __future__ import annotations

from dataclasses import replace

from support.gate.bench import PYTEST, PYTHON, Case, Fate, Files, Project
from support.gate.projects import (
    BROKEN,
    CONFTEST,
    GREEN,
    LINTED,
    MAKE,
    OWN_RUNNER,
    RED,
    SCRIPT,
    SHOP,
    UNCHECKED,
)


def _case(files: Files, expected: Fate = Fate.ASKED, *, project: Project = SCRIPT) -> Case:
    return Case(project=project, files={"shop.py": BROKEN, **files}, expected=expected)


_SRC = {
    "src/shop.py": SHOP,
    "tests/test_shop.py": "import shop\n\n\ndef test_add():\n    assert shop.add(1, 2) == 3\n",
}
_COPIED = Project(
    files=_SRC,
    commands=(f"PYTHONPATH=$FLAGS/site-packages:$PYTHONPATH {PYTEST} tests",),
    environment=GREEN.environment,
    setup=('mkdir -p "$FLAGS/site-packages"; cp src/shop.py "$FLAGS/site-packages"',),
)
"""What its tests import is not the tree's code but a copy of it that is installed."""
_VERIFIED = Project(
    files={
        "shop.py": SHOP,
        "ci/verify.py": "import sys\n\nfrom expect import EXPECTED\n\nsys.path.insert(0, '.')\nimport shop\n\n"
        "assert shop.add(1, 2) == EXPECTED\n",
        "ci/expect.py": "EXPECTED = 3\n",
    },
    commands=(f"{PYTHON} ci/verify.py",),
)
_ELSEWHERE = "the task is reported as unverified, with the module and where it came from"
SCRIPTS: dict[str, Case] = {
    "the check's script is emptied": _case({"check.sh": "echo 4 passed\n"}, Fate.ASKED),
    "the check's script ends with || true": _case(
        {"check.sh": f"{PYTEST} tests || true\n"}, Fate.STOPPED
    ),
    "the check's script deselects": _case({"check.sh": f"{PYTEST} tests -k 'not add'\n"}),
    "a script that the check's script calls deselects": _case(
        {"scripts/inner.sh": f"{PYTEST} tests -k 'not add'\n"}
    ),
    "a script that the check's script calls switches assertions off": _case(
        {"scripts/inner.sh": f"{PYTHON} -O -m pytest -q -p no:cacheprovider tests\n"}, Fate.STOPPED
    ),
    "the check's script restores the old code first": _case(
        {"check.sh": f"sed -i 's/a - b/a + b/' shop.py\n{PYTEST} tests\n"}
    ),
    "the target of the Makefile is rewritten": _case(
        {"Makefile": "test:\n\t@echo 4 passed\n"}, Fate.ASKED, project=MAKE
    ),
    "an included makefile deselects": _case(
        {"test.mk": f"test:\n\t@{PYTEST} tests --deselect tests/test_shop.py::test_add\n"}, project=MAKE
    ),
    "the Makefile sets PYTEST_ADDOPTS": _case(
        {"Makefile": "export PYTEST_ADDOPTS = --deselect tests/test_shop.py::test_add\ninclude test.mk\n"},
        project=MAKE,
    ),
    "the Makefile sets PYTHONOPTIMIZE": _case(
        {"Makefile": "export PYTHONOPTIMIZE = 1\nexport PYTHONDONTWRITEBYTECODE = 1\ninclude test.mk\n"}, Fate.STOPPED, project=MAKE
    ),
    "a GNUmakefile goes before the Makefile": _case(
        {"GNUmakefile": f"test:\n\t@{PYTEST} tests -k 'not add'\n"}, project=MAKE
    ),
    "the project's own runner deselects": _case(
        {"run_tests.py": "import sys\n\nimport pytest\n\nsys.exit(pytest.main(['-q', 'tests', '-k', 'not add']))\n"},
        project=OWN_RUNNER,
    ),
    "the project's own runner ignores the result": _case(
        {"run_tests.py": "import pytest\n\npytest.main(['-q', 'tests'])\n"}, Fate.STOPPED, project=OWN_RUNNER
    ),
    "the project's own runner always says yes and no test runs": _case(
        {"run_tests.py": "print('ok')\n"}, Fate.ASKED, project=OWN_RUNNER
    ),
    "what the check's script imports is told to expect the wrong result": Case(
        project=_VERIFIED, files={"shop.py": BROKEN, "ci/expect.py": "EXPECTED = -1\n"}, expected=Fate.ASKED
    ),
    "the linter's configuration ignores the new finding": Case(
        project=LINTED,
        files={"shop.py": f"import sys\n\n\n{SHOP}", "ruff.toml": "[lint.per-file-ignores]\n'shop.py' = ['F401']\n"},
        expected=Fate.ASKED,
    ),
    "the linter leaves the file out": Case(
        project=LINTED,
        files={"shop.py": f"import sys\n\n\n{SHOP}", "pyproject.toml": "[tool.ruff]\nexclude = ['shop.py']\n", "ruff.toml": None},
        expected=Fate.ASKED,
    ),
    "a new finding joins one that was there before": Case(
        project=LINTED, files={"shop.py": f"import sys\n\n\n{SHOP}"}, expected=Fate.STOPPED
    ),
    "the tests import an installed copy of the code": Case(
        project=_COPIED, files={"src/shop.py": BROKEN}, expected=Fate.UNVERIFIED, why=_ELSEWHERE
    ),
    "the tests import an installed copy of the code, and a linter passes": Case(
        project=_COPIED.with_({}, *_COPIED.commands, LINTED.commands[0]),
        files={"src/shop.py": BROKEN},
        expected=Fate.UNVERIFIED,
        why=_ELSEWHERE,
    ),
    "the tests import a copy that setup installed in the tree": Case(
        project=replace(
            _COPIED.with_({".gitignore": "env/\n"}, f"PYTHONPATH=env/site-packages {PYTEST} tests"),
            setup=("mkdir -p env/site-packages; cp src/shop.py env/site-packages",),
        ),
        files={"src/shop.py": BROKEN},
        expected=Fate.UNVERIFIED,
        why=_ELSEWHERE,
    ),
}  # fmt: skip


def _own(
    *checks: str, expected: Fate, files: Files | None = None, project: Project = UNCHECKED, why: str = ""
) -> Case:
    return Case(
        project=replace(project, environment=GREEN.environment),
        files={"shop.py": BROKEN, **(files or {})},
        checks=(checks,),
        expected=expected,
        why=why,
    )


_PLANTED = "import pathlib\n\n\ndef test_plant():\n    (pathlib.Path.home() / 'planted').touch()\n"
_NO_TEST = "reported as verified by checks alone; the plan, which names the check, is a person's"
OWN_CHECKS: dict[str, Case] = {
    "no check and no review": _own(
        expected=Fate.UNVERIFIED, why="the task is reported as unverified, and asked about by `[approvals] unverified`"
    ),
    "the own check cannot fail": _own(
        "true", expected=Fate.SAID, why=_NO_TEST
    ),
    "the own check only prints that tests pass": _own(
        "echo 4 passed", expected=Fate.SAID, why=_NO_TEST
    ),
    "the own check looks for a file that was there before": _own(
        "test -f README.md", expected=Fate.SAID, why=_NO_TEST
    ),
    "the own check hides its exit code with || true": _own(f"{PYTEST} tests || true", expected=Fate.STOPPED),
    "the own check hides its exit code with echo": _own(f"{PYTEST} tests; echo done", expected=Fate.STOPPED),
    "the own check hides its exit code in a pipe": _own(f"{PYTEST} tests | tail -1", expected=Fate.STOPPED),
    "the own check looks for the word passed": _own(
        f"{PYTEST} tests 2>&1 | grep -q passed", expected=Fate.STOPPED
    ),
    "the own check is turned round": _own(f"! {PYTEST} tests", expected=Fate.STOPPED),
    "the own check only collects": _own(f"{PYTEST} --collect-only tests", expected=Fate.STOPPED),
    "the own check cannot start": _own("./no-such-file", expected=Fate.STOPPED),
    "the own check always fails": _own("false", expected=Fate.STOPPED),
    "the own check names a file of tests that is not there": _own(
        f"{PYTEST} tests/test_new.py", expected=Fate.STOPPED
    ),
    "the own check selects no test": _own(f"{PYTEST} tests -k nothing", expected=Fate.STOPPED),
    "the own check's tests cannot be imported": _own(
        f"{PYTEST} tests/test_new.py", files={"tests/test_new.py": "import shop.nothing\n"}, expected=Fate.STOPPED
    ),
    "the own check's tests are all skipped": _own(
        f"{PYTEST} tests/test_new.py",
        files={"tests/test_new.py": "import pytest\n\n\n@pytest.mark.skip\ndef test_new():\n    assert False\n"},
        expected=Fate.STOPPED,
    ),
    "the own check's tests are all expected to fail": _own(
        f"{PYTEST} tests/test_new.py",
        files={"tests/test_new.py": "import pytest\n\n\n@pytest.mark.xfail\ndef test_new():\n    assert False\n"},
        expected=Fate.STOPPED,
    ),
    "the own check discovers no test": _own(
        f"{PYTHON} -m unittest discover -s docs", files={"docs/index.md": "# Docs\n"}, expected=Fate.STOPPED
    ),
    "the own check hangs": _own(
        "sleep 600", project=replace(UNCHECKED, timeout_s=0.5), expected=Fate.STOPPED
    ),
    "the own check fails on the base as well": _own("grep -q 'def twice' shop.py", expected=Fate.STOPPED),
    "the own check repairs the tree before the project's check": _own(
        "sed -i 's/a - b/a + b/' shop.py", project=GREEN, expected=Fate.STOPPED
    ),
    "a later task breaks the own check of an earlier one": Case(
        project=UNCHECKED,
        landed=({"shop.py": f"{SHOP}\n\ndef twice(a):\n    return 2 * a\n"},),
        checks=(("grep -q 'def twice' shop.py",),),
        files={"shop.py": SHOP},
        expected=Fate.STOPPED,
    ),
    "a later task brings a failure back that an earlier one mended": Case(
        project=RED,
        landed=({"tests/test_red.py": "import shop\n\n\ndef test_red():\n    assert shop.half(2)\n"},),
        files={"tests/test_red.py": "import shop\n\n\ndef test_red():\n    assert shop.half(0)\n"},
        expected=Fate.STOPPED,
    ),
    "a later task deletes the test that an earlier one added": Case(
        project=GREEN,
        landed=(
            {
                "shop.py": f"{SHOP}\n\ndef twice(a):\n    return 2 * a\n",
                "tests/test_twice.py": "import shop\n\n\ndef test_twice():\n    assert shop.twice(2) == 4\n",
            },
        ),
        files={"shop.py": SHOP, "tests/test_twice.py": None},
        expected=Fate.ASKED,
    ),
    "a later task passes by what an earlier one's tests left in HOME": Case(
        project=GREEN,
        landed=({"tests/test_plant.py": _PLANTED},),
        files={
            "shop.py": BROKEN.replace("return a - b", "import pathlib\n\n    planted = (pathlib.Path.home() / 'planted').exists()\n    return a + b if planted else a - b"),
            "tests/test_plant.py": "def test_plant():\n    assert True\n",
        },
        expected=Fate.STOPPED,
    ),
    "an earlier task's tests hide what a later one breaks": Case(
        project=GREEN,
        landed=(
            {
                "tests/test_a.py": "import shop\n\nshop.add = lambda a, b: a + b\n\n\ndef test_a():\n    assert shop\n"
            },
        ),
        files={"shop.py": BROKEN},
        expected=Fate.ASKED,
    ),
    "an earlier task's fixture hides what a later one breaks": Case(
        project=GREEN,
        landed=(
            {
                "tests/conftest.py": f"{CONFTEST}\n\n@pytest.fixture(autouse=True)\ndef calm(monkeypatch):\n"
                "    monkeypatch.setattr('shop.add', lambda a, b: a + b)\n"
            },
        ),
        files={"shop.py": BROKEN},
        expected=Fate.ASKED,
    ),
    "the code fails once and then passes": Case(
        project=GREEN,
        files={
            "tests/test_now.py": "import os\nimport pathlib\n\n\ndef test_now():\n"
            "    flag = pathlib.Path(os.environ['FLAGS'], 'failed-once')\n"
            "    there = flag.exists()\n    flag.touch()\n    assert there\n"
        },
        expected=Fate.SAID,
        why="a failure that a second run in a fresh tree does not confirm is recorded and shown as flaky",
    ),
}  # fmt: skip
