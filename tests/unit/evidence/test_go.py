"""The tests of `go test`, as the real tool runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devassist.evidence import go_events
from support.observed import outcomes, run_observed, write_tree

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")

MODULE = {"go.mod": "module example.com/m\n\ngo 1.19\n"}
PASSING = """package m
import "testing"
func TestPasses(t *testing.T) { print("glued"); t.Log("said in passing") }
"""
EVERY_OUTCOME = {
    **MODULE,
    "a_test.go": PASSING
    + """
func TestFails(t *testing.T) { t.Fatal("no <way> \\"out\\"\\\\") }
func TestSkipped(t *testing.T) { t.Skip("no") }
func TestGroup(t *testing.T) {
	t.Run("good/one two", func(t *testing.T) { t.Parallel() })
	t.Run("bad", func(t *testing.T) { t.Error("bad") })
}
""",
    "b/b.go": "package b\n",
    "c/c_test.go": 'package c\nimport "testing"\nfunc TestC(t *testing.T) {}\n',
    "d/d_test.go": 'package d\nimport "testing"\nfunc TestD(t *testing.T) { undefined() }\n',
    "e/e_test.go": 'package e\nimport "testing"\nfunc TestE(t *testing.T) { panic("e") }\n',
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("go-cache"))


@needs_go
@pytest.mark.parametrize("flags", ["", " -v", " -json"])
def test_every_outcome_is_told_from_the_others(tree: Path, cache: str, flags: str) -> None:
    write_tree(tree, EVERY_OUTCOME)
    result, ledger = run_observed(f"go test{flags} ./...", tree, GOCACHE=cache)
    assert result.exit_code in (1, 2), result.output
    assert ledger.runner == "go test"
    assert ledger.complete
    assert outcomes(ledger) == {
        "example.com/m.TestPasses": "passed",
        "example.com/m.TestFails": "failed",
        "example.com/m.TestSkipped": "skipped",
        "example.com/m.TestGroup": "failed",
        "example.com/m.TestGroup/good/one_two": "passed",
        "example.com/m.TestGroup/bad": "failed",
        "example.com/m/c.TestC": "passed",
        "example.com/m/d": "failed",
        "example.com/m/e.TestE": "failed",
    }


@needs_go
def test_people_still_read_what_failed_and_only_that(tree: Path, cache: str) -> None:
    write_tree(tree, EVERY_OUTCOME)
    result, _ = run_observed("go test ./...", tree, GOCACHE=cache)
    assert '    a_test.go:5: no <way> "out"\\\n' in result.output
    assert "ok  \texample.com/m/c\t" in result.output
    assert "undefined: undefined" in result.output
    assert "panic: e" in result.output
    assert "said in passing" not in result.output
    assert "=== RUN" not in result.output
    assert '"Action"' not in result.output


@needs_go
def test_people_read_what_a_test_said_below_its_own_name(tree: Path, cache: str) -> None:
    tests = """package m
import "testing"
func TestOne(t *testing.T) { t.Error("from one") }
func TestTwo(t *testing.T) {
	t.Run("a", func(t *testing.T) { t.Run("b/c", func(t *testing.T) { t.Error("from c") }) })
	t.Run("d", func(t *testing.T) { t.Error("from d") })
	t.Error("from two")
}
"""
    write_tree(tree, {**MODULE, "a_test.go": tests})
    result, _ = run_observed("go test ./...", tree, GOCACHE=cache)
    told = [line.split(" (0")[0].split(": ")[-1] for line in result.output.splitlines()]
    assert told[:9] == [
        "TestOne",
        "from one",
        "TestTwo",
        "from two",
        "TestTwo/a",
        "TestTwo/a/b/c",
        "from c",
        "TestTwo/d",
        "from d",
    ], result.output


@needs_go
def test_a_pipe_and_a_makefile_do_not_hide_the_outcomes(tree: Path, cache: str) -> None:
    write_tree(tree, {**EVERY_OUTCOME, "Makefile": "test:\n\tgo test . | tail -1; true\n"})
    result, ledger = run_observed("make test", tree, GOCACHE=cache)
    assert result.exit_code == 0
    assert not ledger.passes
    assert "example.com/m.TestFails" in ledger.failed


@needs_go
def test_a_passing_suite_passes_and_the_exit_code_is_its_own(tree: Path, cache: str) -> None:
    write_tree(tree, {**MODULE, "a_test.go": PASSING})
    result, ledger = run_observed(
        "go version >/dev/null && go vet ./... && go test ./...", tree, GOCACHE=cache
    )
    assert result.exit_code == 0, result.output
    assert ledger.passes
    assert outcomes(ledger) == {"example.com/m.TestPasses": "passed"}


@needs_go
def test_calls_that_run_no_test_are_left_alone(tree: Path, cache: str) -> None:
    write_tree(tree, {**MODULE, "a_test.go": PASSING})
    result, ledger = run_observed("go test -c -o x.test . && go test -list . .", tree, GOCACHE=cache)
    assert "TestPasses\n" in result.output
    assert ledger.runner == ""
    assert ledger.passes


@needs_go
def test_packages_without_tests_are_a_run_of_nothing(tree: Path, cache: str) -> None:
    write_tree(tree, {**MODULE, "a.go": "package m\n"})
    result, ledger = run_observed("go test ./...", tree, GOCACHE=cache)
    assert "[no test files]" in result.output
    assert result.exit_code == 0
    assert ledger.runner == "go test"
    assert ledger.ran_nothing


@needs_go
def test_benchmarks_are_still_printed(tree: Path, cache: str) -> None:
    bench = 'package m\nimport "testing"\nfunc BenchmarkB(b *testing.B) { for i := 0; i < b.N; i++ {} }\n'
    write_tree(tree, {**MODULE, "a_test.go": bench})
    result, ledger = run_observed("go test -bench . -benchtime 1x", tree, GOCACHE=cache)
    assert "ns/op" in result.output
    assert ledger.complete


@needs_go
def test_a_package_whose_main_exits_early_ran_nothing(tree: Path, cache: str) -> None:
    main = 'package m\nimport ("os"; "testing")\nfunc TestMain(m *testing.M) { os.Exit(0) }\nfunc TestA(t *testing.T) { t.Fail() }\n'
    write_tree(tree, {**MODULE, "a_test.go": main})
    result, ledger = run_observed("go test ./...", tree, GOCACHE=cache)
    assert result.exit_code == 0
    assert ledger.ran_nothing


@needs_go
def test_go_tests_that_tests_start_are_not_reported(tree: Path, cache: str) -> None:
    nested = """package m
import ("os/exec"; "os"; "testing")
func TestNested(t *testing.T) {
	out, err := exec.Command("go", "test", "./inner").CombinedOutput()
	if err == nil { t.Fatal(string(out)) }
	if os.Getenv("DEVASSIST_RESULTS") != "" { t.Fatal("seen") }
}
"""
    inner = 'package inner\nimport "testing"\nfunc TestInner(t *testing.T) { t.Fail() }\n'
    write_tree(tree, {**MODULE, "a_test.go": nested, "inner/i_test.go": inner})
    _, ledger = run_observed("go test .", tree, GOCACHE=cache)
    assert outcomes(ledger) == {"example.com/m.TestNested": "passed"}


def test_a_program_that_is_not_there_is_not_pretended(tree: Path) -> None:
    result, ledger = run_observed("command -v go || echo none; go test", tree, PATH="/nowhere")
    assert result.output.startswith("none\n")
    assert result.exit_code == 127
    assert ledger.runner == ""


def test_fifty_thousand_tests_are_read_in_a_moment() -> None:
    lines = (
        f'{{"Action":"{action}","Package":"m","Test":"TestA/{number}"}}\n'
        for number in range(50_000)
        for action in ("run", "pass")
    )
    told = go_events.testimony(("".join(lines) + '{"Action":"pass","Package":"m"}\n').encode())
    assert len(told.cases) == 50_000
    assert told.complete
