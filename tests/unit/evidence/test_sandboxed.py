"""The runners report from inside each sandbox tier: what they need is shown there, read-only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from devassist.domain.ledger import Ledger
from devassist.evidence.observation import observe
from devassist.ports import CommandResult, SandboxSpec
from devassist.sandbox.toolchain import command_environment, toolchain_directories
from support.observed import outcomes, write_tree
from support.sandboxes import sandbox_or_skip

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the tiers are Linux's")


def run_in(tier: str, command: str, tree: Path) -> tuple[CommandResult, Ledger]:
    sandbox = sandbox_or_skip(tier, tree.parent / "probe")
    private = tree.parent / "private"
    private.mkdir()
    environment = command_environment(
        os.environ,
        private=private,
        python_prefix=Path(sys.prefix),
        repository=tree,
        worktree=tree,
        extra={},
    )
    seen = observe(command, read=lambda _: None, environment=environment, results=private / "ledger-1")
    spec = SandboxSpec(
        worktree=tree,
        private=private,
        read_only=[*toolchain_directories(environment["PATH"], repository=tree), *seen.read_only],
        environment={**environment, **seen.environment},
    )
    result = sandbox.run(seen.run, spec, timeout_s=120)
    return result, seen.ledger(result, tree=tree)


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
@pytest.mark.parametrize(
    ("tool", "command", "file", "text", "case"),
    [
        ("python", "python -m pytest -q", "test_a.py", "def test_a(): pass\n", "test_a.py::test_a"),
        (
            "python",
            "python -m unittest",
            "test_a.py",
            "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n",
            "test_a.T.test_a",
        ),
        ("prove", "prove t", "t/a.t", 'print "1..1\\nok 1 - a\\n";', "t/a.t > a"),
        ("node", "node --test", "a.test.js", 'require("node:test")("a", () => {})', "a.test.js > a"),
        ("go", "go test ./... | cat", "a_test.go", 'package m\nimport "testing"\nfunc TestA(t *testing.T) {}\n', "m.TestA"),
    ],
)  # fmt: skip
def test_a_runner_reports_from_inside_a_sandbox(
    tree: Path, tier: str, tool: str, command: str, file: str, text: str, case: str
) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    write_tree(tree, {file: text, "go.mod": "module m\n"})
    result, ledger = run_in(tier, command, tree)
    assert result.exit_code == 0, result.output
    assert outcomes(ledger) == {case: "passed"}, result.output
    assert ledger.passes


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
def test_a_test_cannot_change_what_watches_it(tree: Path, tier: str) -> None:
    attack = """
import os, sys
def test_a():
    hook = sys.modules["_devassist_hook"].State.directory
    for path in (hook, os.path.join(hook, "sitecustomize.py")):
        assert not os.access(path, os.W_OK) or not try_write(path)
def try_write(path):
    try:
        open(path if path.endswith(".py") else os.path.join(path, "x"), "a").close()
    except OSError:
        return False
    return True
"""
    write_tree(tree, {"test_a.py": attack})
    result, ledger = run_in(tier, "python -m pytest -q", tree)
    assert ledger.passes, result.output
