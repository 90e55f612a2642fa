"""The machine: environment, clock, directories. They are read nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from devassist import __version__
from devassist.faults import arm_from

VERSION = __version__
AUDIT_PATH = "devassist/audit.db"
"""The audit log, below the directory that all worktrees share."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Host:
    """The environment and the directory of this process. Nothing else reads the environment."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        arm_from(self.environment)

    @property
    def state_dir(self) -> Path:
        """Where worktrees and anchors live: never inside a repository."""
        env = self.environment
        if named := env.get("DEVASSIST_STATE_DIR"):
            return Path(named).expanduser().resolve()
        base = Path(env["XDG_STATE_HOME"]) if env.get("XDG_STATE_HOME") else self.home / ".local" / "state"
        return (base / "devassist").resolve()

    @property
    def home(self) -> Path:
        if named := self.environment.get("HOME"):
            return Path(named)
        try:
            return Path("~").expanduser()
        except RuntimeError:  # an account that the system does not know, as in a container
            return Path("/")

    @property
    def user_config(self) -> Path:
        base = self.environment.get("XDG_CONFIG_HOME")
        return (Path(base) if base else self.home / ".config") / "devassist" / "config.toml"


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
