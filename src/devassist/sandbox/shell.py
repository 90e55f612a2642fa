"""The shell that runs a command: one with pipefail, if the machine has it."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Final

# Never looked up on PATH, which may begin in the repository; every tier shows these directories.
_BASH: Final = ("/bin/bash", "/usr/bin/bash")

# Text that no shell reads as a pipe: an escaped character, quoted text, `||` and `>|`.
_NO_PIPE: Final = re.compile(r"""\\.|'[^']*'|"(?:[^"\\]|\\.)*"|\|\||>\|""")
# Where quotes do not pair up by themselves: substitutions, comments and here-documents.
_NESTED: Final = re.compile(r"\$\(|[`#\n]")
_NO_PIPE_NESTED: Final = re.compile(r"\|\||>\|")


def shell(command: str) -> tuple[str, ...]:
    """
    The arguments that run `command`: `bash -o pipefail` if it has a pipe and the machine has bash, else `/bin/sh`.

    Without pipefail `pytest | tail` succeeds whatever pytest came to. A command without a pipe stays with `/bin/sh`,
    which is the shell that `make`, npm and CI give it.
    """
    bash = _bash() if has_pipe(command) else ""
    return (bash, "-o", "pipefail", "-c", command) if bash else ("/bin/sh", "-c", command)


def has_pipe(command: str) -> bool:
    """Whether a part of `command` may read the output of another. True if in doubt."""
    no_pipe = _NO_PIPE_NESTED if _NESTED.search(command) else _NO_PIPE
    return "|" in command and "|" in no_pipe.sub(" ", command)


@cache
def _bash() -> str:
    return next((path for path in _BASH if os.access(path, os.X_OK)), "")
