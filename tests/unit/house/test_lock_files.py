"""The lock files: every artefact by hash, no address, the same pins, and the versions we rely on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RUNTIME = ROOT / "requirements.lock"
TESTS = ROOT / "tests" / "requirements.lock"
INSTALLER = ROOT / "installer.lock"
_BOTH = pytest.mark.parametrize("path", [RUNTIME, TESTS], ids=["runtime", "tests"])


def requirements(path: Path) -> dict[str, str]:
    """Each requirement with everything that belongs to it, comments left out."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return {line.split("==")[0]: line for line in text.splitlines() if line.strip()}


def pin(path: Path, name: str) -> str:
    return requirements(path)[name].split("==")[1].split()[0]


@_BOTH
def test_no_line_names_an_address_or_an_option(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "://" not in text
    options = [line for line in text.splitlines() if line.startswith("-")]
    assert options == []


@_BOTH
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    found = requirements(path)
    assert len(found) > 100
    for name, line in found.items():
        assert re.match(r"[a-z0-9.-]+==[^\s;]+ ", line), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), name


def test_the_installer_is_the_one_of_the_other_locks_and_alone_in_its_own() -> None:
    (installer,) = requirements(INSTALLER).items()
    assert installer in requirements(RUNTIME).items()
    assert installer in requirements(TESTS).items()


@_BOTH
def test_crewai_is_the_one_we_know_and_litellm_none_of_the_compromised(path: Path) -> None:
    assert pin(path, "crewai") == "1.15.30"
    assert pin(path, "litellm") not in ("1.82.7", "1.82.8")
    # From 1.106 on, tools need mcp 2, which crewai excludes.
    assert (1, 100) <= tuple(int(part) for part in pin(path, "litellm").split(".")[:2]) < (1, 106)


def test_the_tests_run_on_what_users_get() -> None:
    runtime, tests = requirements(RUNTIME), requirements(TESTS)
    assert {name: tests.get(name) for name in runtime} == runtime
    assert {"pytest-xdist", "mypy", "ruff", "import-linter"} <= set(tests) - set(runtime)


def test_the_locks_cover_what_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    asked = re.findall(r'^  "([A-Za-z][A-Za-z0-9-]*)[><=]', project, re.MULTILINE)
    assert {"typer", "hypothesis"} <= set(asked)
    assert {name.lower() for name in asked} <= set(requirements(TESTS))
