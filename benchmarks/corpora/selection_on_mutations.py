"""
Is a failing test ever left out by the choice of tests, on demand:

    python benchmarks/corpora/selection_on_mutations.py CLONE [MUTATIONS] [--tests 'tests'] [--source src/pkg] [--path src]

A function of a repository that nobody here wrote is made to fail (or to give something else), all of its tests are run,
and every test file with a test that fails now and did not before must be one that the change reaches. The clone's
working tree is used and left as it was. CPU seconds are those of the tests, and of choosing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from devassist.conflicts.checks.parties import Party
from devassist.conflicts.checks.runners import runner_of
from devassist.conflicts.checks.selection import selection_for
from devassist.conflicts.names.blob_tables import Tables
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s:]+)(\S*)", re.MULTILINE)


def git(repo: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", repo, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def failures(given: argparse.Namespace, files: list[str]) -> tuple[set[tuple[str, str]], float, str]:
    """Test files and tests that fail, the CPU seconds that took, and the end of the output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(given.clone / given.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        given.python,
        "-m",
        "pytest",
        "-q",
        "--tb=no",
        "-rfE",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ]
    done = subprocess.run(
        [*command, "--continue-on-collection-errors", *files],
        cwd=given.clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return set(FAILED.findall(done.stdout)), spent, (done.stdout + done.stderr)[-400:]


def functions(source: str) -> list[ast.FunctionDef]:
    return [
        one
        for one in ast.walk(ast.parse(source))
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.body[0].lineno > one.lineno
    ]


def mutated(source: str, chance: random.Random) -> tuple[str, str] | None:
    """A function that raises, and its name; half of the time a constant or a comparison in it is another instead."""
    every = functions(source)
    if not every:
        return None
    chosen = chance.choice(every)
    lines = source.split("\n")
    inside = [
        one for one in ast.walk(chosen) if isinstance(one, ast.Constant) and type(one.value) in (int, bool)
    ]
    if inside and chance.random() < 0.5:
        one = chance.choice(inside)
        text = lines[one.lineno - 1]
        new = repr(not one.value if isinstance(one.value, bool) else one.value + 1)
        lines[one.lineno - 1] = text[: one.col_offset] + new + text[one.end_col_offset :]
    else:
        first = chosen.body[0]
        lines.insert(first.lineno - 1, " " * first.col_offset + "raise RuntimeError('mutated')")
    return "\n".join(lines), chosen.name


def main(given: argparse.Namespace) -> None:  # noqa: PLR0915 - a script, told in order
    given.clone = given.clone.resolve()
    chance = random.Random(given.seed)
    repository = Repository.discover(given.clone)
    base = repository.tree_of(repository.resolve("HEAD"))
    view = TreeView(repository)
    with tempfile.TemporaryDirectory() as kept:
        tables = Tables(view, Path(kept))
        paths = {path: entry.id for path, entry in view.walk(base)}
        runner = runner_of(
            f"pytest {given.tests}", paths, lambda path: view.text(paths[path]) if path in paths else None
        )
        tests = runner.files(paths) if runner is not None else None
        print("understood" if tests is not None else "not understood: would run whole")
        tests = tests or [
            path for path in paths if Path(path).name.startswith("test_") and path.endswith(".py")
        ]
        already, whole, said = failures(given, given.tests.split())
        print(
            f"{len(tests)} test files, {len(already)} failures before, {whole:.1f} CPU-s, {said.splitlines()[-1]}"
        )
        sources = [
            path
            for path in paths
            if path.startswith(given.source)
            and path.endswith(".py")
            and path not in tests
            and "/tests/" not in path
        ]
        counted = missed = failing = silent = reached = spoiled = 0
        choosing = 0.0
        for _ in range(given.mutations):
            path = chance.choice(sources)
            changed = mutated(view.text(paths[path]), chance)
            if changed is None:
                continue
            file = given.clone / path
            old = file.read_text("utf-8")
            try:
                file.write_text(changed[0], "utf-8")
                git(given.clone, "add", "-A")
                tree = git(given.clone, "write-tree")
                found, _spent, said = failures(given, given.tests.split())
                broken = {name for name, _test in found - already if name in set(tests)}
                started = time.process_time()
                selection = selection_for(tables, base, [Party("a", base, tree)])
                noticing = {test for test in tests if "a" in selection.noticed(test)}
                choosing += time.process_time() - started
                left_out = sorted(broken - noticing)
                if left_out:
                    # A test that fails after another has failed half way, and not by itself, is not about the change.
                    by_itself = {name for name, _test in failures(given, left_out)[0] - already}
                    spoiled += len(broken - noticing - by_itself)
                    broken -= set(left_out) - by_itself
            finally:
                file.write_text(old, "utf-8")
                git(given.clone, "reset", "-q", "--hard")
            counted += 1
            print(
                f"  {counted}: {len(broken)} fail, {len(noticing)} reached by {path} {changed[1]}", flush=True
            )
            silent += not broken
            failing += len(broken)
            reached += len(noticing)
            missed += len(broken - noticing)
            if broken - noticing:
                print(f"  MISSED {path} {changed[1]}: {sorted(broken - noticing)}", flush=True)
            if not broken and "passed" not in said:
                print(f"  ? {path} {changed[1]}: {said[-120:]!r}")
    print(
        f"{given.clone.name}: {counted} mutations, {counted - silent} noticed by some test, {failing} failing test files, "
        f"{missed} of them missed ({spoiled} more fail only after others); a mutation reaches {reached / counted / len(tests):.0%} of the test files; "
        f"{choosing / counted:.2f} CPU-s to choose"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("clone", type=Path)
    parser.add_argument("mutations", type=int, nargs="?", default=20)
    parser.add_argument("--tests", default="tests")
    parser.add_argument("--source", default="src")
    parser.add_argument("--path", default="src")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seed", type=int, default=1)
    main(parser.parse_args())
