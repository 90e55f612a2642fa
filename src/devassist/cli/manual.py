"""
The manual page, made from what the help is made from: `python -m devassist.cli.manual > devassist.1`.

It is made, not kept: `man -l devassist.1` shows it, and a package puts it below `share/man/man1`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from devassist.app.wiring.host import VERSION
from devassist.cli.app import Root, app
from devassist.cli.command_table import ROOT, SECTIONS, Entry
from devassist.cli.examples import EXAMPLES
from devassist.cli.lazy_group import LazyGroup, load_command

_EXIT_CODES = {
    0: "done, and everything asked for was delivered and holds",
    1: "finished, but not everything was delivered: a task failed, checks failed, or conflicts reach the threshold",
    2: "a usage or configuration error",
    3: "waiting for a person, where this call may not wait",
    4: "a limit was reached: money, tokens, turns or time; partial work is kept",
    5: "a model or provider error",
    6: "refused: no sandbox, a shallow clone, denied by policy",
    7: "the audit log does not verify",
    70: "an internal error; the report's path is printed",
    130: "interrupted or stopped",
}
_FILES = {
    ".devassist.toml": "the repository's configuration; 'devassist init' writes it",
    "~/.config/devassist/config.toml": "your own configuration, for all repositories",
    "~/.local/state/devassist": "worktrees and the anchors of the audit log; DEVASSIST_STATE_DIR names another place",
    ".git/devassist/audit.db": "the audit log of a repository",
}


def manual() -> str:
    """The page in roff, for man(1)."""
    return "\n".join([*_head(), *_commands(), *_end(), ""])


def _head() -> Iterator[str]:
    yield f'.TH DEVASSIST 1 "" "devassist {VERSION}" "User Commands"'
    yield from (".SH NAME", _safe(f"devassist - {app.info.help}"))
    yield from (".SH SYNOPSIS", ".B devassist", _safe("[-C DIR] [-q] [-v] COMMAND [ARGUMENT]..."))
    yield from (
        ".SH DESCRIPTION",
        _safe(f"{app.info.help} Answers go to standard output, narration to standard error."),
    )


def _commands() -> Iterator[str]:
    for title, names in SECTIONS.items():
        yield f".SH {_safe(title.upper())}"
        for name in names:
            if name in ROOT:
                yield from _command(name, ROOT[name])
                continue
            group: LazyGroup = Root.groups[name]
            for below, entry in group.table.items():
                yield from _command(f"{name} {below}", entry)


def _command(name: str, entry: Entry) -> Iterator[str]:
    """One command: how it is called, what it does, its options and examples."""
    command: Any = load_command(name, entry)
    context = command.make_context(f"devassist {name}", [], resilient_parsing=True)
    yield f".SS {_safe(command.get_usage(context).removeprefix('Usage: ').replace(' find ', ' '))}"
    yield _safe(" ".join((inspect.getdoc(command.callback) or entry.help).split()))
    for parameter in command.params:
        if record := parameter.get_help_record(context):
            yield from (".TP", f".B {_safe(record[0])}", _safe(record[1] or " "))
    yield from (".PP", ".nf", *(_safe(f"    {line}") for line in EXAMPLES[name]), ".fi")


def _end() -> Iterator[str]:
    yield from _list("EXIT STATUS", {str(code): meaning for code, meaning in _EXIT_CODES.items()})
    yield from _list("FILES", _FILES)
    yield from (".SH SEE ALSO", _safe("git-worktree(1), bwrap(1)"))


def _list(title: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield f".SH {title}"
    for name, meaning in entries.items():
        yield from (".TP", f".B {_safe(name)}", _safe(meaning))


def _safe(text: str) -> str:
    """Text in which roff sees no request and no escape."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.stdout.write(manual())
