"""The tests of `cargo test`, as the real tool runs them."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

from devassist.evidence import libtest_text
from support.observed import outcomes, run_observed, write_tree

needs_cargo = pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not installed")

LIBRARY = """
/// ```
/// assert_eq!(demo::add(1, 2), 3);
/// ```
///
/// ```
/// assert_eq!(demo::add(1, 2), 4);
/// ```
pub fn add(a: i32, b: i32) -> i32 { a + b }

#[cfg(test)]
mod tests {
    #[test] fn passes() { println!("test fake ... ok"); }
    #[test] fn fails() { println!("out"); assert!(false); }
    #[test] #[ignore = "slow"] fn ignored() {}
    #[test] #[should_panic] fn panics() { panic!("so"); }
}
"""
PROJECT = {
    "Cargo.toml": '[package]\nname = "demo"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": LIBRARY,
    "tests/it.rs": "#[test] fn passes() { assert_eq!(demo::add(1, 1), 2); }\n",
}
UNIT = "unittests src/lib.rs (demo)::tests::"
EXPECTED = {
    f"{UNIT}passes": "passed",
    f"{UNIT}fails": "failed",
    f"{UNIT}ignored": "skipped",
    f"{UNIT}panics": "passed",
    "tests/it.rs (it)::passes": "passed",
    "doc-tests demo::src/lib.rs - add": "passed",
    "doc-tests demo::src/lib.rs - add #2": "failed",
}


@pytest.fixture
def home() -> dict[str, str]:
    real = pwd.getpwuid(os.getuid()).pw_dir  # where rustup and cargo keep their parts; HOME is a test's own
    return {
        "CARGO_HOME": os.environ.get("CARGO_HOME", f"{real}/.cargo"),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", f"{real}/.rustup"),
        "CARGO_NET_OFFLINE": "true",
    }


@needs_cargo
def test_every_outcome_is_told_from_the_others_however_the_output_is_led_away(
    tree: Path, home: dict[str, str]
) -> None:
    write_tree(tree, PROJECT)
    for redirection in ("", " 2>/dev/null | tail -1", " >/dev/null 2>&1", " -- --nocapture --test-threads 1"):
        run = tree.parent / f"results{len(redirection)}"
        command = f"cargo test --no-fail-fast{redirection}; exit 0"
        _, ledger = run_observed(command, tree, **home)
        assert ledger.runner == "cargo test"
        assert ledger.complete
        assert outcomes(ledger) == EXPECTED, redirection
        (tree.parent / "results").rename(run)


@needs_cargo
def test_a_test_that_exits_the_process_is_not_a_pass(tree: Path, home: dict[str, str]) -> None:
    exits = "#[test] fn a() {}\n#[test] fn b() { std::process::exit(0); }\n"
    write_tree(tree, {**PROJECT, "src/lib.rs": "", "tests/it.rs": exits})
    result, ledger = run_observed("cargo test --tests", tree, **home)
    assert result.exit_code == 0
    assert not ledger.complete
    assert not ledger.passes


@needs_cargo
def test_a_quiet_run_names_its_failures_and_counts_the_others(tree: Path, home: dict[str, str]) -> None:
    write_tree(tree, PROJECT)
    _, ledger = run_observed("cargo test -q --lib; true", tree, **home)
    assert outcomes(ledger) == {
        "tests::fails": "failed",
        "(ok 1)": "passed",
        "(ok 2)": "passed",
        "(ignored 1)": "skipped",
    }
    assert ledger.complete


@needs_cargo
def test_colours_do_not_hide_which_binary_runs(tree: Path, home: dict[str, str]) -> None:
    write_tree(tree, PROJECT)
    _, ledger = run_observed("cargo test --test it", tree, CARGO_TERM_COLOR="always", **home)
    assert outcomes(ledger) == {"tests/it.rs (it)::passes": "passed"}


@needs_cargo
def test_a_crate_that_does_not_build_began_and_came_to_nothing(tree: Path, home: dict[str, str]) -> None:
    write_tree(tree, {**PROJECT, "src/lib.rs": "pub fn add() -> i32 { nowhere }\n"})
    result, ledger = run_observed("cargo test", tree, **home)
    assert result.exit_code == 101
    assert (ledger.runner, dict(ledger.cases), ledger.complete) == ("cargo test", {}, False)
    assert any("E0425" in line for line in ledger.failures)


@needs_cargo
def test_calls_that_run_no_test_are_left_alone(tree: Path, home: dict[str, str]) -> None:
    write_tree(tree, {**PROJECT, "src/lib.rs": "pub fn add(a: i32, b: i32) -> i32 { a + b }\n"})
    result, ledger = run_observed("cargo build && cargo test --no-run && cargo test --help", tree, **home)
    assert result.exit_code == 0
    assert ledger.runner == ""


def test_binaries_of_one_name_are_told_apart_by_their_order() -> None:
    block = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n"
    header = "     Running tests/it.rs (target/debug/deps/it-{:016x})\n"
    told = libtest_text.testimony((header.format(1) + block + header.format(2) + block).encode(), b"")
    assert list(told.cases) == ["tests/it.rs (it)::a", "tests/it.rs (it) #2::a"]
    assert told.complete


def test_fifty_thousand_lines_are_read_in_a_moment() -> None:
    lines = "".join(f"test module::case_{number} ... ok\n" for number in range(50_000))
    report = f"running 50000 tests\n{lines}test result: ok. 50000 passed; 0 failed; 0 ignored;\n"
    told = libtest_text.testimony(report.encode(), b"")
    assert len(told.cases) == 50_000
    assert told.complete
