"""unittest's cases, as a real unittest in a real process reports them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.observed import outcomes, run_observed, write_tree

EVERY_OUTCOME = """
import unittest

class TestAll(unittest.TestCase):
    def test_passes(self): pass
    def test_fails(self): self.fail()
    def test_errs(self): raise RuntimeError
    @unittest.skip("no")
    def test_skipped(self): pass
    def test_skips_itself(self): self.skipTest("no")
    @unittest.expectedFailure
    def test_expected_to_fail(self): self.fail()
    @unittest.expectedFailure
    def test_passes_against_expectation(self): pass
    def test_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)
    def test_good_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                if i == 1: self.skipTest("one")
    def test_cleanup(self):
        self.addCleanup(self.fail)

class TestClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError
    def test_never_runs(self): pass

class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_awaits(self): pass
"""
ONE = {"test_a.py": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"}


def test_every_outcome_of_a_case_is_told_from_the_others(tree: Path) -> None:
    write_tree(tree, {"test_all.py": EVERY_OUTCOME, "test_broken.py": "import nowhere_to_be_found\n"})
    result, ledger = run_observed("python -m unittest", tree)
    assert result.exit_code == 1
    assert ledger.runner == "unittest"
    assert ledger.complete
    assert outcomes(ledger) == {
        "test_all.TestAll.test_passes": "passed",
        "test_all.TestAll.test_fails": "failed",
        "test_all.TestAll.test_errs": "failed",
        "test_all.TestAll.test_skipped": "skipped",
        "test_all.TestAll.test_skips_itself": "skipped",
        "test_all.TestAll.test_expected_to_fail": "xfailed",
        "test_all.TestAll.test_passes_against_expectation": "failed",
        "test_all.TestAll.test_subtests": "failed",
        "test_all.TestAll.test_good_subtests": "passed",
        "test_all.TestAll.test_cleanup": "failed",
        "setUpClass (test_all.TestClass)": "failed",
        "test_all.TestAsync.test_awaits": "passed",
        "unittest.loader._FailedTest.test_broken": "failed",
    }


@pytest.mark.parametrize("command", ["python -m unittest discover", "python -m unittest -v; true"])
def test_no_tests_at_all_are_said(tree: Path, command: str) -> None:
    write_tree(tree, {"code.py": ""})
    _, ledger = run_observed(command, tree)
    assert ledger.runner == "unittest"
    assert ledger.ran_nothing
    assert ledger.complete


@pytest.mark.parametrize(
    "files",
    [
        {"test_b.py": "import os; os._exit(0)\n"},
        {"test_a.py": "import sys; sys.exit(0)\n"},
        {"unittest.py": "print('Ran 1 test')\n"},
        {"unittest.py": "import os; os._exit(0)\n"},
        {"test_0.py": ONE["test_a.py"].replace("pass", "import os; os._exit(0)")},
    ],
)
def test_a_runner_that_was_made_to_end_well_is_not_a_pass(tree: Path, files: dict[str, str]) -> None:
    write_tree(tree, {**ONE, **files})
    command = "python -m unittest test_a" if "test_a.py" in files else "python -m unittest"
    result, ledger = run_observed(command, tree)
    assert result.exit_code == 0
    assert ledger.runner == "unittest"
    assert not ledger.passes


def test_help_is_no_failed_runner(tree: Path) -> None:
    result, ledger = run_observed("python -m unittest --help && python -m unittest -h", tree)
    assert result.exit_code == 0
    assert ledger.passes
    assert ledger.runner == ""


def test_cases_that_pytest_runs_are_reported_once_and_by_pytest(tree: Path) -> None:
    write_tree(tree, {"test_all.py": EVERY_OUTCOME})
    _, ledger = run_observed("python -m pytest -q -p no:cacheprovider", tree)
    assert ledger.runner == "pytest"
    assert ledger.cases["test_all.py::TestAll::test_expected_to_fail"] == "xfailed"
    assert ledger.cases["test_all.py::TestAll::test_passes_against_expectation"] == "failed"
    assert ledger.cases["test_all.py::TestAll::test_subtests"] == "failed"
    assert not [case for case in ledger.cases if "::" not in case]


INNER = """
import subprocess, sys, unittest

class Outer(unittest.TestCase):
    def test_result_of_its_own(self):
        class Inner(unittest.TestCase):
            def test_inner(self): self.fail()
        unittest.TestResult()
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Inner).run(result)
        self.assertEqual(len(result.failures), 1)

    def test_subprocess(self):
        code = "import unittest\\nclass T(unittest.TestCase):\\n def test_x(self): self.fail()\\nunittest.main()"
        self.assertEqual(subprocess.call([sys.executable, "-c", code]), 1)
"""


def test_runs_within_a_test_are_not_reported(tree: Path) -> None:
    write_tree(tree, {"test_inner.py": INNER})
    result, ledger = run_observed("python -m unittest -q", tree)
    assert result.exit_code == 0, result.output
    assert outcomes(ledger) == {
        "test_inner.Outer.test_result_of_its_own": "passed",
        "test_inner.Outer.test_subprocess": "passed",
    }


def test_a_runner_of_another_make_is_overheard(tree: Path) -> None:
    runner = """
import sys, unittest, test_a

class Quiet(unittest.TestResult):
    def addSuccess(self, test): super().addSuccess(test)

for _ in range(2):
    result = Quiet()
    unittest.defaultTestLoader.loadTestsFromModule(test_a).run(result)
"""
    write_tree(tree, {**ONE, "run.py": runner})
    _, ledger = run_observed("python run.py", tree)
    assert outcomes(ledger) == {"test_a.T.test_a": "passed"}
    assert ledger.passes


def test_scripts_and_directories_of_like_names_are_told_apart(tree: Path) -> None:
    script = ONE["test_a.py"] + "if __name__ == '__main__': unittest.main()\n"
    failing = script.replace("pass", "self.fail()")
    write_tree(tree, {"x/test_a.py": script, "y/test_a.py": failing})
    _, ledger = run_observed("python x/test_a.py; (cd y && python test_a.py)", tree)
    assert outcomes(ledger) == {"x/test_a.py::T::test_a": "passed", "y/test_a.py::T::test_a": "failed"}
    _, ledger = run_observed("rm -r ../results/*; for d in x y; do (cd $d && python -m unittest); done", tree)
    assert ledger.cases["x/test_a.T.test_a"] == "passed"
    assert ledger.cases["y/test_a.T.test_a"] == "failed"


DJANGO = {
    "manage.py": "import os, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\n"
    "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
    "settings.py": "SECRET_KEY = 'x'\n",
    "tests.py": "from django.test import SimpleTestCase\n"
    "class A(SimpleTestCase):\n    def test_a(self): pass\n    def test_b(self): self.fail()\n"
    "class B(SimpleTestCase):\n    def test_a(self): pass\n",
}


@pytest.mark.parametrize("options", ["", "--parallel 2"])
def test_the_tests_of_a_django_project_report(tree: Path, options: str) -> None:
    pytest.importorskip("django", reason="Django is not installed: its runner builds on unittest's")
    write_tree(tree, DJANGO)
    _, ledger = run_observed(f"python manage.py test {options}", tree)
    assert outcomes(ledger) == {
        "tests.A.test_a": "passed",
        "tests.A.test_b": "failed",
        "tests.B.test_a": "passed",
    }
    assert ledger.complete
