"""Run ids for shell completion, with few imports: they are paid for at each Tab."""

from __future__ import annotations

from pathlib import Path

from devassist.app.wiring.host import AUDIT_PATH, Host
from devassist.git.common_dir import common_dir_of, discover
from devassist.store.run_ids import run_ids


def known_runs(host: Host) -> list[str]:
    """Ids of the runs of the repository around `host.directory`, newest first. Raises DevassistError without a log."""
    common_dir = common_dir_of(Path(discover(host.directory)).resolve())
    return run_ids(common_dir / AUDIT_PATH)
