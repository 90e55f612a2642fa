"""Long answers in a terminal go through the person's pager, chosen as git chooses it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper

from rich.text import Text

from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation
from devassist.cli.plain_text import plain

_LESS = {"LESS": "FRX", "LV": "-c"}
_LOOKS = {"+": "green", "-": "red", "@": "cyan"}
_HEADS = ("diff ", "index ", "--- ", "+++ ", "new file", "deleted file", "rename ", "similarity ")


class _Pager(TextIOWrapper):
    """The pager's input, which shows colours as the terminal behind it does."""

    def isatty(self) -> bool:
        return True


def choose_pager(environment: Mapping[str, str], configured: str) -> str:
    """The pager's shell command: GIT_PAGER, `core.pager`, PAGER, less; empty if the person wants none."""
    chosen = next(
        (name for name in (environment.get("GIT_PAGER"), configured, environment.get("PAGER")) if name),
        "less",
    )
    explicit = environment.get("GIT_PAGER")
    if explicit == "" or chosen.strip() == "cat":
        return ""
    return chosen


@contextmanager
def paged(invocation: Invocation, project: Project) -> Generator[None]:
    """Send what is printed in the block through the pager; elsewhere than in a terminal it is printed as ever."""
    environment = invocation.host.environment
    is_dumb = environment.get("TERM", "") in ("", "dumb") or bool(environment.get("CI"))
    if not sys.stdout.isatty() or is_dumb:
        yield
        return
    pager = choose_pager(environment, project.repository.setting("core.pager"))
    if not pager:
        yield
        return
    process = subprocess.Popen(["/bin/sh", "-c", pager], stdin=subprocess.PIPE, env={**_LESS, **environment})
    assert process.stdin is not None  # noqa: S101  it is a pipe
    terminal, sys.stdout = sys.stdout, _Pager(process.stdin, encoding="utf-8", errors="replace")
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the pager's key while it runs
    try:
        with suppress(BrokenPipeError):  # the person has seen enough
            yield
    finally:
        with suppress(BrokenPipeError):
            sys.stdout.close()
        sys.stdout = terminal
        process.wait()
        signal.signal(signal.SIGINT, interrupted)


def print_diff(invocation: Invocation, text: str) -> None:
    """A diff as git prints it, in git's colours where there are colours."""
    console = invocation.answers
    if not console.is_terminal:
        console.print(text, markup=False, end="")
        return
    for line in plain(text).splitlines():
        look = "bold" if line.startswith(_HEADS) else _LOOKS.get(line[:1], "")
        console.print(Text(line, look), soft_wrap=True)
