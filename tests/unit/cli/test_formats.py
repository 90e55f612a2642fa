"""Every command that answers can answer as JSON, and its line in the help is its own."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devassist.cli.command_table import AUDIT, CONFIG, CONFLICTS, ROOT, WORKTREES, Entry
from devassist.cli.lazy_group import load_command
from devassist.store.audit_log import AuditLog
from support.commands import commands

NOW = datetime(2026, 1, 1, tzinfo=UTC)

TABLES: Mapping[str, Mapping[str, Entry]] = {
    "": ROOT,
    "worktrees": WORKTREES,
    "config": CONFIG,
    "conflicts": CONFLICTS,
    "audit": AUDIT,
}


ENTRIES = [pair for table in TABLES.values() for pair in table.items()]


def test_every_command_has_a_format_option_that_knows_json() -> None:
    seen = dict(commands())
    assert len(seen) == sum(map(len, TABLES.values()))
    for name, command in seen.items():
        options = {flag: option for option in command.params for flag in option.opts}
        assert "--format" in options, f"{name} cannot answer as JSON"
        assert "json" in options["--format"].help, name


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=lambda value: getattr(value, "target", value))
def test_the_line_in_the_help_is_the_first_line_of_the_docstring(name: str, entry: Entry) -> None:
    command = load_command(name, entry)
    assert command.callback is not None
    assert (inspect.getdoc(command.callback) or "").splitlines()[0] == entry.help


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=lambda value: getattr(value, "target", value))
def test_a_command_whose_first_argument_is_a_run_says_so(name: str, entry: Entry) -> None:
    first = next((one for one in load_command(name, entry).params if one.param_type_name == "argument"), None)
    completes = getattr(first, "_custom_shell_complete", None) is not None
    assert entry.takes_run is (completes and first is not None and first.name in ("run", "what"))


@pytest.mark.parametrize(
    ("name", "entry"),
    [pair for pair in ENTRIES if pair[1].takes_run],
    ids=lambda value: getattr(value, "target", value),
)
def test_a_run_is_the_newest_one_unless_it_is_named(name: str, entry: Entry) -> None:
    first, *others = [one for one in load_command(name, entry).params if one.param_type_name == "argument"]
    whole = name in ("status", "stop")  # without a run they are about all of them
    assert bool(others) or first.default == ("" if whole else "@last")


@pytest.mark.parametrize(
    ("typed", "expected", "imported"),
    [
        ("logs ", "@last", False),
        ("show @la", "@last", False),
        ("logs --fol", "--follow", True),
        ("diff @last --st", "--stat", True),
    ],
)
def test_a_run_is_completed_without_its_command_and_an_option_with_it(
    tmp_path: Path, typed: str, expected: str, *, imported: bool
) -> None:
    code = (
        "import sys\nsys.argv = ['devassist']\nfrom devassist.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('devassist.cli.commands.')], file=sys.stderr)"
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    words = f"devassist {typed}"
    tab = {"_DEVASSIST_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    (tmp_path / ".git" / "devassist").mkdir()
    AuditLog.open(tmp_path / ".git" / "devassist" / "audit.db", heads_file=None, now=lambda: NOW).close()
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, **tab},
        capture_output=True,
        text=True,
        check=True,
    )
    assert expected in done.stdout.split()
    assert (done.stderr.strip() != "[]") is imported


@pytest.mark.parametrize(
    "group", [name for name in TABLES if name != "conflicts"]
)  # which is a command itself
def test_the_help_of_a_group_imports_no_command(group: str) -> None:
    code = (
        "import sys\nfrom devassist.cli.app import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('devassist.cli.commands.')], file=sys.stderr)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, *filter(None, [group]), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "Usage:" in shown.stdout
    assert shown.stderr.splitlines()[-1] == "[]"
