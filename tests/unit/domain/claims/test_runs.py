"""Whether a command runs tests, and what its outcome can depend on."""

from __future__ import annotations

import pytest

from devassist.domain.claims.runs import CommandRun


def run(command: str) -> CommandRun:
    return CommandRun(command=command, exit_code=0)


@pytest.mark.parametrize(
    "command",
    [
        "pytest -q",
        "python -m pytest tests/test_x.py 2>&1 | tail -3",
        "cd pkg && PYTHONPATH=src timeout -k 5 60 python3.11 -m unittest discover",
        "uv run pytest",
        "go test ./...",
        "cargo nextest run",
        "npm test",
        "npx vitest run",
        "make check",
        "./scripts/run_tests.sh",
        "node --test",
        "make ci",
        "tox -e py311",
        "mvn -q verify",
    ],
)
def test_a_run_of_tests_is_known_by_its_words(command: str) -> None:
    assert run(command).is_test_run


@pytest.mark.parametrize(
    "command",
    [
        "true",
        "cat tests/test_x.py",
        "ls tests | wc -l",
        "grep -rn test src",
        "git add tests",
        "echo all tests pass",
        "python -c 'import tests'",
        "ruff check",
        "python -m mypy tests",
        "pip install pytest",
        "cargo check",
        "rm -rf tests",
        "",
        "'",
    ],
)
def test_what_only_mentions_tests_is_none(command: str) -> None:
    assert not run(command).is_test_run


@pytest.mark.parametrize(
    ("command", "path", "depends"),
    [
        ("pytest", "src/a.py", True),
        ("pytest", "tests/data/x.json", True),
        ("pytest", "pyproject.toml", True),
        ("pytest", "README.md", False),
        ("pytest", "docs/guide.md", False),
        ("pytest", "docs/logo.svg", False),
        ("pytest", "main.go", False),
        ("pytest", "web/app.ts", False),
        ("pytest --doctest-glob='*.md'", "README.md", True),
        ("pytest README.md", "README.md", True),
        ("pytest | tail -1", "README.md", False),
        ("python -c 'import a'", "CHANGELOG.md", False),
        ("python -c 'import a'", "a.py", True),
        ("go test ./...", "a_test.go", True),
        ("go test ./...", "go.mod", True),
        ("go test ./...", "tools/x.py", False),
        ("cargo test", "src/lib.rs", True),
        ("cargo test", "package.json", False),
        ("npm test", "package.json", True),
        ("npm test", "a.py", False),
        ("npm test && pytest", "a.py", True),
        ("make test", "README.md", True),
        ("./check.sh", "main.go", True),
        ("cat a.py", "a.py", True),
        ("cat a.py", "b.py", False),
        ("cat a.py | head", "b.py", False),
        ("grep -rn x src/", "src/a.py", True),
        ("grep -rn x src/", "lib/a.py", False),
        ("grep -rn x .", "lib/a.py", True),
        ("ls", "lib/a.py", True),
        ("git diff --stat", "lib/a.py", True),
        ("", "a.py", True),
        ("echo '", "a.py", True),
    ],
)
def test_an_outcome_depends_on_what_its_programs_may_read(command: str, path: str, depends: bool) -> None:
    assert run(command).may_depend_on(path) is depends


def test_a_run_succeeds_if_it_ended_well_and_no_case_failed() -> None:
    assert run("pytest").succeeded
    assert not CommandRun(command="pytest", exit_code=1).succeeded
