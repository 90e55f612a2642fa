"""How a person calls devassist again from where they stand: the program's name or path, and the `-C` they typed."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devassist.cli.command_table import ROOT

_COMMANDS = "|".join([*ROOT, "audit", "config", "conflicts", "worktrees"])
_NAMED = re.compile(rf"(?<![\w./-])devassist (?=(?:{_COMMANDS})\b)")


def program(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """`devassist` if a shell finds this very program by that name, else its full path. `arguments` are `sys.argv`."""
    called = Path(arguments[0])
    if called.name == "__main__.py":
        return shlex.join([sys.executable, "-m", "devassist"])
    if len(called.parts) == 1:
        return called.name
    on_path = shutil.which(called.name, path=environment.get("PATH"))
    if on_path is not None and Path(on_path).resolve() == called.resolve():
        return called.name
    return shlex.quote(str(called.absolute()))


def typed_directory(arguments: Sequence[str]) -> str:
    """The last `-C DIR` before the command, as it was typed; empty if there is none."""
    directory, rest = "", list(arguments[1:])
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-C" and rest:
            directory = rest.pop(0)
        elif option.startswith("-C"):
            directory = option[2:]
    return directory


def call(words: str, arguments: Sequence[str], environment: Mapping[str, str], *, at: str = "") -> str:
    """The line that runs the command `words` from here; `at` is the repository's directory if it is another one."""
    directory = at or typed_directory(arguments)
    where = f"-C {shlex.quote(directory)} " if directory else ""
    return f"{program(arguments, environment)} {where}{words}"


def pasteable(hint: str, arguments: Sequence[str], environment: Mapping[str, str], *, at: str = "") -> str:
    """A hint whose commands can be pasted: `devassist status` becomes `devassist -C DIR status`."""
    return _NAMED.sub(lambda _match: call("", arguments, environment, at=at), hint)
