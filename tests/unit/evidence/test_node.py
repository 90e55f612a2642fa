"""The tests of Node's own runner, jest and vitest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devassist.domain.ledger import CaseStatus
from devassist.evidence import jest_report, node_events
from support.observed import outcomes, run_observed, write_tree


def has_modern_node() -> bool:
    node = shutil.which("node")
    version = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if node
        else ""
    )
    return version.startswith("v") and int(version[1:].split(".")[0]) >= 20


needs_node = pytest.mark.skipif(not has_modern_node(), reason="Node 20 or later is not installed")
MODULES = os.environ.get("DEVASSIST_TEST_NODE_MODULES", "")
"""A node_modules with jest and vitest: they are large, and only the network has them."""
needs_modules = pytest.mark.skipif(
    not MODULES, reason="DEVASSIST_TEST_NODE_MODULES names no node_modules with jest and vitest"
)

EVERY_OUTCOME = """
const {test, describe, it, before} = require("node:test");
const assert = require("node:assert");
test("passes", () => {});
test("fails", () => assert.ok(false));
test("skipped", {skip: true}, () => {});
test("to do", {todo: true}, () => assert.ok(false));
describe("group", () => { it("inner", () => {}); describe("deep", () => it("bad", () => assert.ok(false))); });
test("parent", async (t) => { await t.test("child", () => {}); await t.test("bad child", () => assert.ok(0)); });
"""
PROJECT = {
    "package.json": '{"scripts": {"test": "node --test", "jest": "jest", "vitest": "vitest run"}}',
    "a.test.js": EVERY_OUTCOME,
    "sub/b.test.js": 'require("node:test")("passes", () => {})',
    "sub/broken.test.js": "throw 1",
}
EXPECTED = {
    "a.test.js > passes": "passed",
    "a.test.js > fails": "failed",
    "a.test.js > skipped": "skipped",
    "a.test.js > to do": "xfailed",
    "a.test.js > group > inner": "passed",
    "a.test.js > group > deep > bad": "failed",
    "a.test.js > parent > child": "passed",
    "a.test.js > parent > bad child": "failed",
    "a.test.js > parent": "failed",
    "sub/b.test.js > passes": "passed",
    "sub/broken.test.js": "failed",
}


@needs_node
@pytest.mark.parametrize(
    "command",
    [
        "node --test",
        "node --test | tail -1",
        "node --test --test-reporter=dot",
        "node --test --test-reporter tap --test-reporter-destination out.tap",
        "npm test --silent",
    ],
)
def test_every_outcome_of_nodes_own_runner_is_told_from_the_others(tree: Path, command: str) -> None:
    if command.startswith("npm") and shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    write_tree(tree, PROJECT)
    _, ledger = run_observed(command, tree, npm_config_update_notifier="false")
    assert ledger.runner == "node"
    assert ledger.complete
    assert outcomes(ledger) == EXPECTED


@needs_node
def test_people_read_what_node_prints_without_a_wrapper(tree: Path) -> None:
    write_tree(tree, {"a.test.js": PROJECT["sub/b.test.js"]})
    result, ledger = run_observed("node --test", tree)
    plain, _ = run_observed("node=$(command -v -p node || which -a node | tail -1); $node --test", tree)
    assert ledger.passes
    assert result.output.splitlines()[0] == plain.output.splitlines()[0]


@needs_node
@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("node -e 'console.log(process.argv.length)'", "1\n"),
        ("echo 'console.log(7)' | node -", "7\n"),
        ("node a.js --test 'b c' ''", '["--test","b c",""]\n'),
        ("node --require ./b.js a.js --test", '["--test"]\n'),
    ],
)
def test_other_calls_of_node_are_left_alone(tree: Path, command: str, output: str) -> None:
    write_tree(tree, {"a.js": "console.log(JSON.stringify(process.argv.slice(2)))", "b.js": ""})
    result, ledger = run_observed(command, tree)
    assert result.output == output
    assert ledger.runner == ""


@needs_node
def test_a_test_run_that_a_test_starts_is_not_reported(tree: Path) -> None:
    nested = """
const {spawnSync} = require("node:child_process");
require("node:test")("outer", () => {
  const env = {...process.env}; delete env.NODE_TEST_CONTEXT;
  const done = spawnSync("node", ["--test", "inner/"], {env});
  if (done.status !== 1) throw new Error(String(done.stdout));
});
"""
    inner = 'require("node:test")("inner", () => { throw 1 })'
    write_tree(tree, {"a.test.js": nested, "inner/i.test.js": inner})
    _, ledger = run_observed("node --test a.test.js", tree)
    assert outcomes(ledger) == {"a.test.js > outer": "passed"}


STAND_IN = """
const fs = require("fs");
const args = process.argv.slice(2);
const file = args.find((word) => word.startsWith("--outputFile")).split("=").slice(1).join("=");
const assertionResults = [{title: "a b", status: "passed", ancestorTitles: ["g"]}];
console.log(JSON.stringify(args.filter((word) => !word.includes(file))));
if (args.includes("exit")) process.exit(0);
fs.writeFileSync(file, JSON.stringify({testResults: [{name: process.cwd() + "/a.js", assertionResults}]}));
"""


@needs_node
@pytest.mark.parametrize(
    ("runner", "script", "added"),
    [
        ("jest", "node_modules/jest/bin/jest.js", '["--json",'),
        ("vitest", "node_modules/vitest/vitest.mjs", '["--reporter=default","--reporter=json",'),
    ],
)
def test_a_stand_in_gets_its_options_before_its_arguments(
    tree: Path, runner: str, script: str, added: str
) -> None:
    text = (
        STAND_IN.replace('const fs = require("fs")', 'import fs from "fs"') if "mjs" in script else STAND_IN
    )
    write_tree(tree, {script: text})
    result, ledger = run_observed(f"node --no-warnings {script} -- 'x y' \"\"", tree)
    assert result.output == f'{added}"--","x y",""]\n'
    assert outcomes(ledger) == {"a.js > g > a b": "passed"}
    assert ledger.passes
    shutil.rmtree(tree.parent / "results")
    result, ledger = run_observed(f"node {script} exit", tree)
    assert result.exit_code == 0
    assert ledger.runner == runner
    assert ledger.ran_nothing
    assert ledger.complete == (runner == "vitest")  # earlier versions of it write no report of no tests


JEST = """
test("passes", () => {});
test("fails", () => { expect(1).toBe(2) });
test.skip("skipped", () => {});
test.todo("to do");
describe("group", () => { describe("deep", () => { test("x", () => {}) }) });
"""


@needs_node
@needs_modules
@pytest.mark.parametrize("runner", ["jest", "vitest"])
def test_every_outcome_of_jest_and_vitest_is_told_from_the_others(tree: Path, runner: str) -> None:
    head = 'import {test, expect, describe} from "vitest";' if runner == "vitest" else ""
    broken = "throw new Error('no')"
    write_tree(
        tree,
        {**PROJECT, "a.test.js": head + JEST, "sub/b.test.js": head + JEST, "sub/broken.test.js": broken},
    )
    (tree / "node_modules").symlink_to(MODULES)
    _, ledger = run_observed(f"npm run {runner} --silent | tail -1", tree)
    assert ledger.runner == runner
    assert ledger.complete
    each = {
        "passes": "passed",
        "fails": "failed",
        "skipped": "skipped",
        "to do": "skipped",
        "group > deep > x": "passed",
    }
    expected = {
        f"{file} > {name}": end for file in ("a.test.js", "sub/b.test.js") for name, end in each.items()
    }
    assert outcomes(ledger) == {**expected, "sub/broken.test.js": "failed"}


@needs_node
@needs_modules
def test_reporters_of_a_vitest_configuration_are_not_replaced(tree: Path) -> None:
    config = "export default {test: {reporters: ['tap']}}"
    write_tree(
        tree, {"vitest.config.mjs": config, "a.test.js": 'import {test} from "vitest"; test("a", () => {})'}
    )
    (tree / "node_modules").symlink_to(MODULES)
    result, ledger = run_observed("npx vitest run", tree)
    assert "TAP version 13" in result.output
    assert ledger.runner == ""


def test_a_file_that_failed_without_a_case_is_a_failed_case() -> None:
    report = {
        "testResults": [{"name": "/tree/a.js", "status": "failed", "message": "x", "assertionResults": []}]
    }
    told = jest_report.testimony(json.dumps(report).encode(), tree=Path("/tree"), runner="jest")
    assert told is not None
    assert told.cases == {"a.js": CaseStatus.FAILED}


@pytest.mark.parametrize("report", [b"", b"{}", b'{"testResults": 1}', b"\xff", b'{"testResults": [{"na'])
def test_what_is_no_report_of_jest_says_nothing(report: bytes) -> None:
    assert jest_report.testimony(report, tree=Path("/tree"), runner="jest") is None


def test_a_report_of_node_that_was_cut_off_is_not_complete() -> None:
    line = b'{"event":"case","file":"/tree/a.js","names":["x"],"status":"passed"}\n'
    told = node_events.testimony(line + line[:-9], tree=Path("/tree"))
    assert told.cases == {"a.js > x": CaseStatus.PASSED}
    assert not told.complete
