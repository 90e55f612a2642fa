"""The README and docs/ are true: the two lines, every command, the exit codes, the packages and the links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devassist.domain import errors
from support.commands import commands

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def section(heading: str) -> str:
    _, heading_line, rest = README.partition(f"\n## {heading}\n")
    assert heading_line, heading
    return rest.partition("\n## ")[0]


ALL = dict(commands())


def test_the_readme_says_what_it_is_for_shows_it_and_then_starts_it() -> None:
    lines = README.splitlines()
    assert len(lines) <= 200
    (picture,) = [number for number, line in enumerate(lines) if line.startswith("![")]
    assert picture < 10
    assert any(line.startswith("For ") for line in lines[:picture])
    assert lines.index("## Quick start") > picture


def test_the_quick_start_has_two_lines_that_can_be_pasted() -> None:
    blocks = re.findall(r"^```sh\n(python3 .*?)^```$", section("Quick start"), re.MULTILINE | re.DOTALL)
    assert [text.count("\n") for text in blocks] == [1, 1]
    demo, tests = blocks
    assert "-r requirements.lock" in demo
    assert "devassist demo" in demo
    assert "-r tests/requirements.lock" in tests
    assert "pytest" in tests
    for line in blocks:
        assert "pip install -r installer.lock" in line
        assert "--require-hashes" in line


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_is_documented_and_has_help(name: str) -> None:
    assert f"`{name}`" in COMMANDS
    assert (ALL[name].help or "").strip().endswith(".")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_and_argument_has_help(name: str) -> None:
    silent = [one.name for one in ALL[name].params if not getattr(one, "help", None) and one.name != "help"]
    assert silent == []


def test_no_command_is_documented_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `(devassist [a-z ]+)` \|", COMMANDS, re.MULTILINE))
    assert named == set(ALL)
    groups = {name.rpartition(" ")[0] for name in ALL}
    assert set(re.findall(r"`(devassist [a-z ]+)`", section("Commands"))) <= set(ALL) | groups


def test_the_exit_codes_are_those_of_the_errors() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)}
    tree = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.DevassistError)
    ]
    assert {one.exit_code for one in tree} | {0} == listed


def test_every_package_is_in_the_architecture_and_no_other() -> None:
    source = ROOT / "src" / "devassist"
    packages = {str(file.parent.relative_to(source)) for file in source.rglob("*/__init__.py")}
    listed = set(re.findall(r"^\| `([a-z_/]+)` \|", ARCHITECTURE, re.MULTILINE))
    assert packages <= listed
    assert [name for name in listed - packages if not (source / f"{name}.py").exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    assert [target for target in links if not (page.parent / target).exists()] == []
    named = re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml|lock))`", text)
    places = [ROOT, ROOT / "src" / "devassist", ROOT / "benchmarks"]
    known = {file.name for place in ("src", "tests", "benchmarks") for file in (ROOT / place).rglob("*.py")}
    missing = [
        name
        for name in named
        if not any((place / name).exists() for place in places) and ("/" in name or name not in known)
    ]
    assert [name for name in missing if name not in (".devassist.toml", "config.toml")] == []


def test_nothing_installs_the_name_that_is_somebody_elses_on_the_public_index() -> None:
    """A step that installs it with a key in its environment would hand the key to a stranger."""
    files = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *(path for path in ROOT.glob("examples/**/*") if path.is_file()),
    ]
    by_name = re.compile(
        r"(?:pip|pipx|uv tool|uvx|uv pip)\s+(?:install\s+)?(?:--?[\w-]+\s+)*devassist(?![\w-])"
    )
    assert [str(path) for path in files if by_name.search(path.read_text("utf-8", "replace"))] == []
    assert 'name = "devassist-crews"' in (ROOT / "pyproject.toml").read_text("utf-8")
