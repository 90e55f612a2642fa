"""The gate: what lets a merged tree land, what stops it, and what a person is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devassist.domain.plan import Plan
from devassist.domain.settings import ApprovalSettings, CheckSettings, Settings
from devassist.domain.verdicts import Judgement, Verification
from devassist.engine.context import CommandWorld, RunContext
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.gate import Gate
from devassist.sandbox.unsafe import UnsafeSandbox
from support.engine_world import EngineWorld, plan_of
from support.repos import commit_all, put

PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider"
BASE = {
    "shop.py": "def add(a, b):\n    return a + b\n\n\ndef half(a):\n    return a / 2\n",
    "tests/test_shop.py": """import shop


def test_add():
    assert shop.add(1, 2) == 3


def test_half():
    assert shop.half(4) == 2
""",
    "tests/test_red.py": "def test_red():\n    assert False\n",
}
BROKEN = "def add(a, b):\n    return a - b\n\n\ndef half(a):\n    return a / 2\n"


def _world(_worktree: Path, private: Path) -> CommandWorld:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(private),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the plugins of this environment take longer than the tests
    }
    return CommandWorld(environment=environment, read_only=())


@dataclass
class Bench:
    world: EngineWorld
    context: RunContext
    plan: Plan

    def __post_init__(self) -> None:
        self.checks = Checks(context=self.context)
        self.gate = Gate(self.context, self.plan, self.checks)

    def judge(
        self, files: dict[str, str | None], *, onto: str = "", landed: tuple[str, ...] = ()
    ) -> Judgement:
        onto = onto or self.context.request.base
        commit = self.world.commit(files, onto=onto)
        return self.gate.judge(self.plan.tasks[len(landed)], commit, onto=onto, landed=landed)


@pytest.fixture
def project() -> tuple[str, ...]:
    return (f"{PYTEST} tests",)


@pytest.fixture
def own() -> list[str]:
    return []


@pytest.fixture
def bench(tmp_path: Path, project: tuple[str, ...], own: list[str]) -> Iterator[Bench]:
    settings = Settings(checks=CheckSettings(commands=project), approvals=ApprovalSettings())
    world = EngineWorld(tmp_path, settings=settings)
    put(world.repo, BASE)
    commit_all(world.repo, "Base")
    plan = plan_of({"id": "one", "checks": own}, {"id": "two"})
    with world.session() as context:
        bench = Bench(world, replace(context, sandbox=UnsafeSandbox(), world=_world), plan)
        yield bench
        bench.checks.close()


def test_a_new_failure_beside_a_known_one_stops_the_landing(bench: Bench) -> None:
    judgement = bench.judge({"shop.py": BROKEN})
    assert judgement.problems == [f"'{PYTEST} tests' fails in tests/test_shop.py::test_add"]
    (check,) = judgement.checks
    assert (check.exit_code, check.base_exit_code, check.known_failures) == (
        1,
        1,
        ("tests/test_red.py::test_red",),
    )


def test_a_change_lands_where_only_what_failed_on_the_base_fails(bench: Bench) -> None:
    judgement = bench.judge({"shop.py": BASE["shop.py"] + "\n\ndef twice(a):\n    return 2 * a\n"})
    assert (judgement.problems, judgement.doubts) == ([], [])
    assert judgement.verification is Verification.TESTS


def test_cases_that_were_not_there_before_are_counted(bench: Bench) -> None:
    tests = "def test_one():\n    pass\n\n\ndef test_two():\n    pass\n"
    (check,) = bench.judge({"tests/test_new.py": tests}).checks
    assert check.added == 2


def test_a_failure_of_the_base_that_is_mended_is_fixed_and_may_not_come_back(bench: Bench) -> None:
    mended = {"tests/test_red.py": "def test_red():\n    assert True\n"}
    judgement = bench.judge(mended)
    assert judgement.checks[0].fixed == ("tests/test_red.py::test_red",)
    onto = bench.world.commit(mended)
    again = bench.judge({"tests/test_red.py": BASE["tests/test_red.py"]}, onto=onto, landed=("one",))
    assert "tests/test_red.py::test_red" in again.problems[0]


@pytest.mark.parametrize("own", [["grep -q twice shop.py", "false", "./no-such-file"]])
def test_a_tasks_own_checks_must_pass_whatever_the_base_says(bench: Bench) -> None:
    judgement = bench.judge({"README.md": "changed\n"})
    assert judgement.problems == [
        "'grep -q twice shop.py' ended with 1",
        "'false' ended with 1",
        "'./no-such-file' cannot start: a program is not there (exit code 127)",
    ]


@pytest.mark.parametrize("own", [["grep -q twice shop.py"]])
def test_a_later_task_may_not_break_the_own_check_of_one_that_landed(bench: Bench) -> None:
    onto = bench.world.commit({"shop.py": BASE["shop.py"] + "\n\ndef twice(a):\n    return 2 * a\n"})
    judgement = bench.judge({"shop.py": BASE["shop.py"]}, onto=onto, landed=("one",))
    assert judgement.problems == ["'grep -q twice shop.py' of task one ended with 1"]


@pytest.mark.parametrize(
    "project", [("false",), (f"{PYTEST} nowhere",), ("./missing",), ("sh -c 'echo oh; exit 3'",)]
)
def test_a_projects_check_that_cannot_say_what_fails_proves_nothing(bench: Bench) -> None:
    assert bench.judge({"README.md": "changed\n"}).problems


@pytest.mark.parametrize(
    "project", [("echo 'a.c:1:1: error: old'; grep -q bad shop.py && echo 'b.c:1:1: error: new'; exit 1",)]
)
def test_a_linter_may_fail_in_the_lines_that_failed_on_the_base_and_in_no_other(bench: Bench) -> None:
    assert not bench.judge({"README.md": "changed\n"}).problems
    assert bench.judge({"shop.py": "bad = 1\n"}).problems


GAMES = {
    "deleted": {"tests/test_shop.py": None},
    "skipped": {
        "tests/conftest.py": "import pytest\ncollect_ignore = []\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.skip)\n"
    },
    "expected to fail": {
        "tests/conftest.py": "import pytest\n\n\ndef pytest_collection_modifyitems(items):\n    for item in items:\n        item.add_marker(pytest.mark.xfail)\n"
    },
    "ended": {"conftest.py": "import os\nos._exit(0)\n"},
    "collected": {"pytest.ini": "[pytest]\naddopts = --collect-only\n"},
    "shadowed": {"pytest.py": "print('9 passed')\n"},
    "made to pass": {
        "conftest.py": "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n    outcome = yield\n    outcome.get_result().outcome = 'passed'\n"
    },
    "rewritten": {
        "tests/test_shop.py": "def test_add():\n    assert True\n\n\ndef test_half():\n    assert True\n"
    },
}


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES.keys())
def test_a_break_that_the_judges_are_changed_for_does_not_land_by_itself(
    bench: Bench, game: dict[str, str | None]
) -> None:
    judgement = bench.judge({"shop.py": BROKEN, **game})
    assert judgement.problems or judgement.doubts
    assert judgement.judges


HONEST = {
    "new file": {"tests/test_more.py": "import shop\n\n\ndef test_more():\n    assert shop.add(0, 0) == 0\n"},
    "added": {
        "tests/test_shop.py": BASE["tests/test_shop.py"]
        + "\n\ndef test_zero():\n    assert shop.add(0, 0) == 0\n"
    },
    "renamed": {"tests/test_shop.py": BASE["tests/test_shop.py"].replace("test_half", "test_a_half")},
    "moved": {"tests/test_shop.py": None, "tests/unit/test_shop.py": BASE["tests/test_shop.py"]},
    "fixture": {
        "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef one():\n    return 1\n",
        "tests/test_one.py": "def test_one(one):\n    assert one == 1\n",
    },
    "dependency": {"pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['attrs']\n"},
}


@pytest.mark.parametrize("files", HONEST.values(), ids=HONEST.keys())
def test_an_honest_change_of_tests_lands_by_itself(bench: Bench, files: dict[str, str | None]) -> None:
    judgement = bench.judge({"shop.py": BASE["shop.py"] + "\n\nX = 1\n", **files})
    assert (judgement.problems, judgement.doubts) == ([], [])


@pytest.mark.parametrize("project", [(f"{PYTEST} tests; echo done",)])
def test_an_exit_code_that_hides_a_failure_counts_for_nothing(bench: Bench) -> None:
    assert bench.judge({"shop.py": BROKEN}).problems


def test_a_failure_that_a_second_run_does_not_confirm_is_flaky_and_said(bench: Bench, tmp_path: Path) -> None:
    flag = tmp_path / "failed-once"
    test = f"import pathlib\n\n\ndef test_now_and_then():\n    flag = pathlib.Path({str(flag)!r})\n    seen = flag.exists()\n    flag.touch()\n    assert seen\n"
    judgement = bench.judge({"tests/test_flaky.py": test})
    assert (judgement.problems, judgement.checks[0].flaky) == (
        [],
        ("tests/test_flaky.py::test_now_and_then",),
    )


UNITTEST = f"{sys.executable} -m unittest discover -s tests"
ADAPTED = {
    "shop.py": BROKEN,
    "tests/test_unit.py": "import unittest\nimport shop\n\n\nclass Add(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(shop.add(1, 2), -1)\n",
}


@pytest.mark.parametrize("project", [(UNITTEST,)])
@pytest.mark.parametrize(("globs", "asked"), [(["tests/test_unit.py"], False), (["tests/other.py"], True)])
def test_a_case_whose_id_names_no_file_is_covered_by_the_files_that_the_plan_names(
    bench: Bench, globs: list[str], *, asked: bool
) -> None:
    old = {"tests/test_unit.py": ADAPTED["tests/test_unit.py"].replace("-1", "3")}
    onto = bench.world.commit({**old, "tests/test_shop.py": None, "tests/test_red.py": None})
    plan = Plan(goal="", tasks=(replace(bench.plan.tasks[0], changes_tests=tuple(globs)),))
    with bench.context.journal.lock:
        bench.context.journal.state.plan_source = "file"
    commit = bench.world.commit(ADAPTED, onto=onto)
    judgement = Gate(bench.context, plan, bench.checks).judge(plan.tasks[0], commit, onto=onto, landed=())
    assert judgement.problems == []
    assert bool(judgement.doubts) is asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("[checks]\ncommands = []\n", True),
        ("[approvals]\nmode = 'never'\n", True),
        ("[limits]\nmax_parallel = 2\n", False),
    ],
)
def test_a_change_of_how_later_runs_are_judged_is_a_persons_decision(
    bench: Bench, text: str, *, asked: bool
) -> None:
    judgement = bench.judge({".devassist.toml": text})
    assert judgement.problems == []
    assert any(".devassist.toml" in doubt for doubt in judgement.doubts) is asked
