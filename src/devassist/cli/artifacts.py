"""The directory for the files of a CI job: `--artifacts DIR`, else DEVASSIST_ARTIFACTS."""

from __future__ import annotations

from pathlib import Path

from devassist.app.wiring.host import Host
from devassist.domain.errors import UsageError


def artifacts_directory(host: Host, option: Path | None) -> Path | None:
    """None if there is none. Raises UsageError if it is not a directory; a missing one is created later."""
    named = option or host.environment.get("DEVASSIST_ARTIFACTS")
    if not named:
        return None
    path = (host.directory / named).resolve()
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is not a directory", hint="--artifacts DIR")
    return path
