"""Every command that answers can answer as JSON, and its line in the help is its own."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Mapping

import pytest

from devassist.cli.command_table import AUDIT, CONFIG, CONFLICTS, ROOT, WORKTREES, Entry
from devassist.cli.lazy_group import load_command
from support.commands import commands

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


@pytest.mark.parametrize("group", TABLES)
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
