"""Run ids for shell completion, with few imports: they are paid for at each Tab."""

from __future__ import annotations

from devassist.app.wiring.host import AUDIT_PATH, Host
from devassist.git.common_dir import common_dir_of, find_git_dir
from devassist.store.run_ids import run_ids


def known_runs(host: Host) -> list[str]:
    """Ids of the runs of the repository around `host.directory`, newest first. Raises DevassistError without a log."""
    named = host.environment.get("GIT_DIR")
    git_dir = (host.directory / named).resolve() if named else find_git_dir(host.directory)
    return [] if git_dir is None else run_ids(common_dir_of(git_dir) / AUDIT_PATH)
