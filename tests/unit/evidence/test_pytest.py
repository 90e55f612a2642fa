"""pytest's cases, as a real pytest in a real process reports them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.observed import outcomes, run_observed, write_tree

EVERY_OUTCOME = """
import pytest

def test_passes(): pass
def test_fails(): assert False
@pytest.mark.skip
def test_skipped(): pass
@pytest.mark.xfail
def test_expected_to_fail(): assert False
@pytest.mark.xfail(strict=True)
def test_passes_against_expectation(): pass
@pytest.mark.xfail
def test_passes_to_our_surprise(): pass
@pytest.fixture
def broken(): raise RuntimeError
@pytest.fixture
def leaky():
    yield
    raise RuntimeError
def test_setup(broken): pass
def test_teardown(leaky): pass
@pytest.mark.parametrize("text", ["a/b::c", "\\n \\ud800 ü"])
def test_any_id(text): pass
class TestGroup:
    def test_method(self): pass
"""
QUIET = "python -m pytest -q -p no:cacheprovider -p no:randomly"
ONE = {"test_a.py": "def test_a(): pass\n"}


def test_every_outcome_of_a_case_is_told_from_the_others(tree: Path) -> None:
    write_tree(tree, {"tests/test_all.py": EVERY_OUTCOME})
    result, ledger = run_observed(QUIET, tree)
    assert result.exit_code == 1
    assert ledger.runner == "pytest"
    assert ledger.complete
    here = "tests/test_all.py::"
    cases = outcomes(ledger)
    for case in [case for case in cases if "test_any_id" in case]:
        assert cases.pop(case) == "passed"
    assert cases == {
        f"{here}test_passes": "passed",
        f"{here}test_fails": "failed",
        f"{here}test_skipped": "skipped",
        f"{here}test_expected_to_fail": "xfailed",
        f"{here}test_passes_against_expectation": "failed",
        f"{here}test_passes_to_our_surprise": "passed",
        f"{here}test_setup": "failed",
        f"{here}test_teardown": "failed",
        f"{here}TestGroup::test_method": "passed",
    }


def test_the_console_script_reports_as_the_module_does(tree: Path) -> None:
    write_tree(tree, ONE)
    _, ledger = run_observed("pytest -q", tree)
    assert outcomes(ledger) == {"test_a.py::test_a": "passed"}
    assert ledger.passes


def test_a_file_that_cannot_be_collected_is_a_failed_case(tree: Path) -> None:
    write_tree(tree, {**ONE, "test_b.py": "import nowhere_to_be_found\n"})
    _, ledger = run_observed(QUIET, tree)
    assert outcomes(ledger) == {"test_a.py::test_a": "passed", "test_b.py": "failed"}


@pytest.mark.parametrize("option", ["", "-x", "--maxfail=1"])
def test_neither_a_file_that_cannot_be_collected_nor_a_first_failure_hides_the_other_cases(
    tree: Path, option: str
) -> None:
    broken = {"test_a.py": "import nowhere_to_be_found\n", "test_b.py": "def test_b(): assert False\n"}
    write_tree(tree, {**broken, "test_c.py": "def test_c(): pass\n"})
    _, ledger = run_observed(f"python -m pytest -q {option}", tree)
    assert outcomes(ledger) == {
        "test_a.py": "failed",
        "test_b.py::test_b": "failed",
        "test_c.py::test_c": "passed",
    }


def test_a_file_that_skips_itself_is_a_skipped_case(tree: Path) -> None:
    write_tree(tree, {**ONE, "test_b.py": "import pytest\npytest.skip('no', allow_module_level=True)\n"})
    _, ledger = run_observed(QUIET, tree)
    assert outcomes(ledger) == {"test_b.py": "skipped", "test_a.py::test_a": "passed"}


@pytest.mark.parametrize("ini", ["", "[pytest]\n"])
def test_ids_are_relative_to_the_tree_whatever_pytest_takes_for_its_root(tree: Path, ini: str) -> None:
    write_tree(tree, {"sub/tests/test_a.py": ONE["test_a.py"], "sub/pytest.ini": ini})
    _, ledger = run_observed(f"cd sub && {QUIET} tests/test_a.py", tree)
    assert outcomes(ledger) == {"sub/tests/test_a.py::test_a": "passed"}


def test_an_id_does_not_hold_the_path_of_the_tree(tree: Path) -> None:
    text = "import pytest, os\n@pytest.mark.parametrize('x', [__file__])\ndef test_a(x): pass\n"
    write_tree(tree, {"test_a.py": text})
    _, ledger = run_observed(QUIET, tree)
    assert outcomes(ledger) == {"test_a.py::test_a[test_a.py]": "passed"}


def test_a_tree_that_is_reached_by_a_link_is_the_same_tree(tree: Path) -> None:
    write_tree(tree, {"sub/pytest.ini": "[pytest]\n", "sub/test_a.py": ONE["test_a.py"]})
    (tree.parent / "link").symlink_to(tree)
    _, ledger = run_observed(f"cd sub && {QUIET}", tree.parent / "link")
    assert outcomes(ledger) == {"sub/test_a.py::test_a": "passed"}


def test_two_sessions_of_a_command_are_one_ledger_and_a_failure_of_either_counts(tree: Path) -> None:
    write_tree(tree, {"a/test_a.py": "def test_a(): assert False\n", "b/test_b.py": "def test_b(): pass\n"})
    result, ledger = run_observed(f"{QUIET} a; {QUIET} b; true", tree)
    assert result.exit_code == 0
    assert outcomes(ledger) == {"a/test_a.py::test_a": "failed", "b/test_b.py::test_b": "passed"}
    assert not ledger.passes


def test_workers_of_xdist_do_not_report_beside_their_controller(tree: Path) -> None:
    write_tree(tree, {"test_all.py": EVERY_OUTCOME, "test_broken.py": "import nowhere_to_be_found\n"})
    _, ledger = run_observed(
        "python -m pytest -q -p xdist -n 2 -p no:cacheprovider --continue-on-collection-errors", tree
    )
    assert ledger.complete
    assert ledger.cases["test_all.py::test_fails"] == "failed"
    assert ledger.cases["test_all.py::TestGroup::test_method"] == "passed"
    assert ledger.cases["test_broken.py"] == "failed"
    assert len(list((tree.parent / "results").iterdir())) == 1


NESTED = """
import subprocess, sys, os
pytest_plugins = ["pytester"]

def test_in_process(pytester):
    pytester.makepyfile("def test_inner(): assert False")
    pytester.inline_run()

def test_in_subprocess(tmp_path):
    (tmp_path / "test_inner.py").write_text("def test_inner(): assert False")
    assert subprocess.call([sys.executable, "-m", "pytest", str(tmp_path)]) == 1
    assert "DEVASSIST_RESULTS" not in os.environ and "evidence" not in os.environ.get("PYTHONPATH", "")

def test_unittest_within():
    import unittest
    class Case(unittest.TestCase):
        def test_inner(self): self.fail()
    unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Case))

class TestFork:
    def test_fork(self):
        pid = os.fork()
        if not pid: os._exit(0)
        os.waitpid(pid, 0)
"""


def test_sessions_that_tests_start_are_not_reported(tree: Path) -> None:
    write_tree(tree, {"test_nested.py": NESTED})
    result, ledger = run_observed(QUIET, tree)
    assert result.exit_code == 0, result.output
    assert outcomes(ledger) == {
        "test_nested.py::test_in_process": "passed",
        "test_nested.py::test_in_subprocess": "passed",
        "test_nested.py::test_unittest_within": "passed",
        "test_nested.py::TestFork::test_fork": "passed",
    }
    assert ledger.complete


def test_a_failed_subtest_fails_its_case(tree: Path) -> None:
    write_tree(
        tree,
        {
            "test_a.py": "def test_a(subtests):\n"
            "    for i in range(3):\n"
            "        with subtests.test(i=i): assert i != 1\n"
            "def test_b(subtests):\n"
            "    with subtests.test(): pass\n"
        },
    )
    _, ledger = run_observed(QUIET, tree)
    assert outcomes(ledger) == {"test_a.py::test_a": "failed", "test_a.py::test_b": "passed"}


def test_the_last_of_several_reruns_counts(tree: Path) -> None:
    # What pytest-rerunfailures does, in few lines: it need not be installed.
    rerun = """
import pytest
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in range(2):
        again = False
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            again = report.failed and not attempt
            if again:
                report.outcome = "rerun"
            item.ihook.pytest_runtest_logreport(report=report)
            if again:
                break
        if not again:
            break
    return True
"""
    flaky = (
        "ran = []\ndef test_a():\n    ran.append(1)\n    assert len(ran) == 2\ndef test_b(): assert False\n"
    )
    write_tree(tree, {"conftest.py": rerun, "test_a.py": flaky})
    _, ledger = run_observed(QUIET, tree)
    assert outcomes(ledger) == {"test_a.py::test_a": "passed", "test_a.py::test_b": "failed"}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pytest.ini": "[pytest]\naddopts = --collect-only\n", **ONE}, QUIET),
        (ONE, f"{QUIET} --collect-only"),
        (ONE, f"{QUIET} --setup-plan"),
        (
            {"conftest.py": "def pytest_collection_modifyitems(items): items.clear()\n", **ONE},
            f"{QUIET}; true",
        ),
        ({"empty.py": ""}, f"{QUIET}; true"),
    ],
)
def test_a_session_without_an_executed_case_says_so(tree: Path, files: dict[str, str], command: str) -> None:
    write_tree(tree, files)
    result, ledger = run_observed(command, tree)
    assert result.exit_code == 0
    assert ledger.runner == "pytest"
    assert ledger.ran_nothing
    assert ledger.complete


@pytest.mark.parametrize(
    "files",
    [
        {"conftest.py": "import os; os._exit(0)\n"},
        {"conftest.py": "import sys; sys.exit(0)\n"},
        {"conftest.py": "import os\ndef pytest_configure(): os._exit(0)\n"},
        {"conftest.py": "import os\ndef pytest_runtest_setup(): os._exit(0)\n"},
        {
            "conftest.py": "import pytest\ndef pytest_runtest_teardown(): pytest.exit('bye', 0)\n",
            "test_b.py": ONE["test_a.py"],
        },
        {"conftest.py": "import os\ndef pytest_cmdline_main(): return 0\n"},
        {"pytest.py": "print('1 passed')\n"},
        {"pytest.py": "import os; os._exit(0)\n"},
        {"pytest/__main__.py": "raise SystemExit(0)\n", "pytest/__init__.py": ""},
        {"pytest.ini": "[pytest]\naddopts = --version --version\n"},
        {"pytest.ini": "[pytest]\naddopts = --help\n"},
        {"pytest.ini": "[pytest]\naddopts = --markers\n"},
    ],
)
def test_a_runner_that_was_made_to_end_well_is_not_a_pass(tree: Path, files: dict[str, str]) -> None:
    write_tree(tree, {**ONE, **files})
    result, ledger = run_observed("python -m pytest", tree)
    assert result.exit_code == 0
    assert ledger.runner == "pytest"
    assert not ledger.complete
    assert not ledger.passes


def test_a_shadow_before_the_console_script_is_not_a_pass(tree: Path) -> None:
    write_tree(tree, {**ONE, "pytest.py": "def console_main(): return 0\n"})
    result, ledger = run_observed("PYTHONPATH=. pytest", tree)
    if result.exit_code == 0:  # depends on what the script of this version imports
        assert not ledger.passes


@pytest.mark.parametrize(
    "command",
    [
        "python -m pytest --version",
        "pytest --help",
        "pytest -VV",
        "pytest --markers",
        "pytest --fixtures",
        "python -c 'import pytest'",
        "python -m pytest --no-such-option || true; echo fine",
        "python -S -c pass",
    ],
)
def test_a_command_that_runs_no_tests_on_purpose_is_no_failed_runner(tree: Path, command: str) -> None:
    write_tree(tree, ONE)
    result, ledger = run_observed(command, tree)
    if "--no-such-option" in command:  # it began, and that is all that can be said
        assert ledger.runner == "pytest"
        assert not ledger.cases
        return
    assert result.exit_code == 0
    assert ledger.passes


def test_a_runner_that_is_not_installed_may_have_a_second(tree: Path) -> None:
    other = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
    write_tree(tree, {"test_a.py": other})
    without = (
        'python -c \'import sys; sys.modules["pytest"] = None; import runpy; runpy.run_module("pytest")\''
    )
    _, ledger = run_observed(f"{without} || python -m pytest --no-such || python -m unittest -q test_a", tree)
    assert ledger.runner == "unittest"
    assert outcomes(ledger) == {"test_a.T.test_a": "passed"}
    assert ledger.passes


@pytest.mark.parametrize(
    "command",
    [
        "PYTHONPATH=. python -m pytest -q",
        "PYTHONPATH=. pytest -q",
        "make test",
        "ln -s $(which python3) p; PYTHONPATH=. ./p -m pytest",
    ],
)
def test_a_command_that_sets_the_module_path_reports_nevertheless(tree: Path, command: str) -> None:
    write_tree(tree, {**ONE, "Makefile": "test:\n\tPYTHONPATH=$(PWD) python3 -m pytest -q\n"})
    result, ledger = run_observed(command, tree)
    assert result.exit_code == 0, result.output
    assert outcomes(ledger) == {"test_a.py::test_a": "passed"}


def test_tests_see_the_environment_that_they_would_see(tree: Path) -> None:
    look = "import os, sys\ndef test_a():\n    assert 'evidence/' not in os.environ['PATH'] + str(sys.path)\n"
    write_tree(tree, {"test_a.py": look})
    result, ledger = run_observed("python -m pytest -q", tree)
    assert ledger.passes, result.output


def test_a_runner_that_starts_itself_anew_is_not_taken_for_one_that_ended_early(tree: Path) -> None:
    again = """
import os, sys
if os.environ.get("PYTHONHASHSEED") != "1":
    os.environ["PYTHONHASHSEED"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q"])
"""
    write_tree(tree, {**ONE, "conftest.py": again})
    result, ledger = run_observed("python -m pytest -q", tree)
    assert result.exit_code == 0
    assert ledger.passes


@pytest.mark.parametrize("command", ["env -i {python} -m pytest", "python -I -m pytest"])
def test_a_command_that_shakes_off_the_hook_falls_back_to_its_exit_code(tree: Path, command: str) -> None:
    write_tree(tree, ONE)
    result, ledger = run_observed(command.format(python=sys.executable), tree)
    assert result.exit_code == 0, result.output
    assert ledger.runner == ""
    assert ledger.passes


def test_a_failing_command_without_reports_has_its_failure_lines(tree: Path) -> None:
    write_tree(tree, {"test_a.py": "def test_a(): assert False\n"})
    _, ledger = run_observed("python -I -m pytest -q", tree)
    assert any("test_a.py::test_a" in line for line in ledger.failures)


def test_the_sitecustomize_that_was_there_is_loaded_and_nothing_of_ours_is_left(tree: Path) -> None:
    write_tree(tree, {"lib/sitecustomize.py": "import sys; sys.told = 'hello'; here = 1\n"})
    shown = "import sys, sitecustomize; print(sys.told, sitecustomize.here, [p for p in sys.path if 'evidence' in p])"
    result, _ = run_observed(f'python -c "{shown}"', tree, PYTHONPATH="lib")
    assert result.output == "hello 1 []\n"


def test_warnings_as_errors_and_disabled_plugins_change_nothing(tree: Path) -> None:
    write_tree(tree, ONE)
    result, ledger = run_observed("python -W error -m pytest -W error -q", tree)
    assert result.exit_code == 0, result.output
    assert ledger.passes
    assert outcomes(ledger) == {"test_a.py::test_a": "passed"}


def test_the_output_of_pytest_is_the_same_with_and_without_the_hook(tree: Path) -> None:
    write_tree(tree, {"test_all.py": EVERY_OUTCOME})
    command = f"{QUIET} --tb=native -rA"
    result, _ = run_observed(command, tree)
    plain, _ = run_observed(f"env -u DEVASSIST_RESULTS {command}", tree)
    assert result.output.splitlines()[:-1] == plain.output.splitlines()[:-1]


def test_a_script_that_calls_pytest_reports_each_time(tree: Path) -> None:
    script = (
        "import pytest, sys\ncode = pytest.main(['-q', 'a'])\nsys.exit(code or pytest.main(['-q', 'b']))\n"
    )
    write_tree(
        tree,
        {"a/test_a.py": ONE["test_a.py"], "b/test_b.py": "def test_b(): assert False\n", "run.py": script},
    )
    _, ledger = run_observed("python run.py", tree)
    assert outcomes(ledger) == {"a/test_a.py::test_a": "passed", "b/test_b.py::test_b": "failed"}
    assert ledger.complete
