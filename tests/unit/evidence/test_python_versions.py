"""What runs in the user's Python runs in an old one, imports the standard library only, and leaves an older one alone."""

from __future__ import annotations

import ast
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from devassist.evidence import observation
from support.observed import outcomes, run_observed, write_tree

HOOK = Path(observation.__file__).parent / "python"
FILES = sorted(HOOK.glob("*.py"))
OLDER = [
    path
    for path in (Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pyenv" / "versions").glob("*/bin/python")
    if path.parts[-3].startswith(("2.7.", "3.6.", "3.7."))
]
SUPPORTED = [
    path
    for path in (Path(pwd.getpwuid(os.getuid()).pw_dir) / ".pyenv" / "versions").glob("*/bin/python")
    if path.parts[-3].startswith(("3.8.", "3.9.", "3.12.", "3.13."))
]
UNITTEST = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_hook_is_python_3_8_and_imports_the_standard_library_only(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 8))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert foreign <= {"_devassist_hook", "pytest"}


def test_what_every_python_reads_is_written_for_python_2_as_well() -> None:
    tree = ast.parse((HOOK / "sitecustomize.py").read_text("utf-8"))
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef, ast.Starred)
    assert not [node for node in ast.walk(tree) if isinstance(node, new)]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.cause is not None]


@pytest.mark.skipif(not OLDER, reason="no Python before 3.8 is installed below pyenv")
@pytest.mark.parametrize("python", OLDER, ids=lambda path: path.parts[-3])
def test_an_older_python_runs_as_ever(tree: Path, python: Path) -> None:
    write_tree(tree, {"test_a.py": UNITTEST})
    result, ledger = run_observed(f"{python} -m unittest test_a", tree)
    assert result.exit_code == 0
    assert "Ran 1 test" in result.output
    assert "sitecustomize" not in result.output
    assert (ledger.runner, ledger.passes) == ("", True)


@pytest.mark.skipif(not SUPPORTED, reason="no other Python is installed below pyenv")
@pytest.mark.parametrize("python", SUPPORTED, ids=lambda path: path.parts[-3])
def test_each_python_since_3_8_reports(tree: Path, python: Path) -> None:
    write_tree(tree, {"test_a.py": UNITTEST})
    if subprocess.run([python, "--version"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} does not start")
    _, ledger = run_observed(f"{python} -m unittest test_a", tree)
    assert outcomes(ledger) == {"test_a.T.test_a": "passed"}
    assert ledger.passes
