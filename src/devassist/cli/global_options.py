"""The options before the command. `--help` needs no more than this, so it imports neither rich nor git."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.app.wiring.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    """Made once by the app's callback; `invocation.of` finds it in Typer's context. `verbosity` counts `-v`."""

    host: Host
    quiet: bool
    verbosity: int
