"""The tests of ctest and prove, as the real tools run them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from devassist.domain.ledger import CaseStatus
from devassist.evidence import junit_xml, tap
from support.observed import outcomes, run_observed, write_tree

needs_ctest = pytest.mark.skipif(
    shutil.which("ctest") is None or shutil.which("cmake") is None, reason="CMake is not installed"
)
needs_prove = pytest.mark.skipif(shutil.which("prove") is None, reason="prove is not installed")

CMAKE = """cmake_minimum_required(VERSION 3.10)
project(x NONE)
enable_testing()
add_test(NAME passes COMMAND true)
add_test(NAME fails COMMAND false)
add_test(NAME missing COMMAND no-such-program)
add_test(NAME off COMMAND true)
set_tests_properties(off PROPERTIES DISABLED TRUE)
add_test(NAME skips COMMAND sh -c "exit 77")
set_tests_properties(skips PROPERTIES SKIP_RETURN_CODE 77)
add_test(NAME fails_as_it_should COMMAND false)
set_tests_properties(fails_as_it_should PROPERTIES WILL_FAIL TRUE)
"""


@needs_ctest
def test_every_outcome_of_ctest_is_told_from_the_others(tree: Path) -> None:
    write_tree(tree, {"CMakeLists.txt": CMAKE})
    result, ledger = run_observed("cmake -S . -B build >/dev/null && cd build && ctest | tail -3; true", tree)
    assert result.exit_code == 0
    assert ledger.runner == "ctest"
    assert outcomes(ledger) == {
        "passes": "passed",
        "fails": "failed",
        "missing": "failed",
        "off": "skipped",
        "skips": "skipped",
        "fails_as_it_should": "passed",
    }


@needs_ctest
def test_calls_of_ctest_that_run_nothing_are_left_alone(tree: Path) -> None:
    write_tree(tree, {"CMakeLists.txt": CMAKE})
    result, ledger = run_observed(
        "cmake -S . -B b >/dev/null && ctest --test-dir b -N && ctest --version", tree
    )
    assert result.exit_code == 0
    assert ledger.runner == ""


@needs_ctest
def test_no_tests_at_all_are_said(tree: Path) -> None:
    write_tree(tree, {"CMakeLists.txt": CMAKE.partition("enable_testing")[0]})
    result, ledger = run_observed("cmake -S . -B b >/dev/null && ctest --test-dir b", tree)
    assert result.exit_code == 0
    assert ledger.runner == "ctest"
    assert ledger.ran_nothing


TEST_FILE = """
use Test::More;
ok(1, "first"); ok(0, "second"); ok(1);
TODO: { local $TODO = "later"; ok(0, "to do"); }
SKIP: { skip "no", 1; ok(1) }
subtest sub => sub { ok(1, "in"); done_testing };
ok(1, "first");
done_testing;
"""


@needs_prove
def test_every_outcome_of_prove_is_told_from_the_others(tree: Path) -> None:
    write_tree(
        tree,
        {
            "perl/t/all.t": TEST_FILE,
            "perl/t/skipped.t": 'print "1..0 # SKIP no\\n";',
            "perl/t/short.t": 'print "1..2\\nok 1 - a\\n";',
            "perl/t/deep/dies.t": 'print "ok 1 - a\\n"; die;',
            "other/x.t": 'print "1..1\\nok 1 - x\\n";',
        },
    )
    result, ledger = run_observed("cd perl && prove -r t ../other/x.t | tail -1; true", tree)
    assert result.exit_code == 0
    assert ledger.runner == "prove"
    assert outcomes(ledger) == {
        "perl/t/all.t > first": "passed",
        "perl/t/all.t > second": "failed",
        "perl/t/all.t > test 3": "passed",
        "perl/t/all.t > to do": "xfailed",
        "perl/t/all.t > test 5": "skipped",
        "perl/t/all.t > sub": "passed",
        "perl/t/all.t > first #2": "passed",
        "perl/t/skipped.t": "skipped",
        "perl/t/short.t > a": "passed",
        "perl/t/short.t": "failed",
        "perl/t/deep/dies.t > a": "passed",
        "perl/t/deep/dies.t": "failed",
        "perl/other/x.t > x": "passed",
    }


def test_an_escaped_hash_is_no_directive_and_a_bail_out_fails_the_file() -> None:
    text = "1..3\nok 1 - a \\# skip b\nnot ok 2 - c # of d\nBail out! no\nok 3\n"
    assert tap.cases(text, file="t") == {
        "t > a \\# skip b": CaseStatus.PASSED,
        "t > c # of d": CaseStatus.FAILED,
        "t": CaseStatus.FAILED,
    }


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"<",
        b"<other/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite name="&a;"><testcase name="&a;"/></testsuite>',
        b'<testsuite><testcase name="a"',
    ],
)
def test_what_is_no_report_has_no_cases(report: bytes) -> None:
    told = junit_xml.testimony(report, runner="ctest")
    assert told is None or not told.cases


def test_fifty_thousand_cases_of_junit_are_read_in_a_moment() -> None:
    lines = "".join(f'<testcase classname="a.B" name="c{number}"/>' for number in range(50_000))
    before = time.process_time()
    told = junit_xml.testimony(
        f"<testsuites><testsuite>{lines}</testsuite></testsuites>".encode(), runner="x"
    )
    assert time.process_time() - before < 15
    assert told is not None
    assert len(told.cases) == 50_000
