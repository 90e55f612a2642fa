"""Where a run writes the files of a CI job: `--artifacts DIR`, else DEVASSIST_ARTIFACTS."""

from __future__ import annotations

from pathlib import Path

from devassist.app.wiring.host import Host
from devassist.domain.errors import UsageError


def artifacts_directory(host: Host, given: Path | None) -> Path | None:
    """Raises UsageError where something else is in the way; a directory that is missing is made later."""
    named = given or host.environment.get("DEVASSIST_ARTIFACTS")
    if not named:
        return None
    path = (host.directory / named).resolve()
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is not a directory", hint="--artifacts DIR")
    return path
