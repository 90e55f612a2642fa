"""Ids and names for shell completion, with few imports: they are paid for at each Tab."""

from __future__ import annotations

from pathlib import Path

from devassist.app.wiring.host import AUDIT_PATH, Host
from devassist.domain.errors import NotFound
from devassist.domain.ids import PLANNING
from devassist.git.common_dir import common_dir_of, find_git_dir, local_branches
from devassist.store.run_ids import conflict_ids, request_ids, run_ids, task_ids


def known_runs(host: Host) -> list[str]:
    """Ids of the runs of the repository around `host.directory`, newest first. Raises DevassistError without a log."""
    return run_ids(_log(host))


def known_tasks(host: Host, run: str) -> list[str]:
    """The tasks of the run with this id or beginning of an id; those of the newest one for `@last`."""
    runs = known_runs(host)
    name = next((each for each in runs if run == "@last" or each.startswith(run)), run)
    return [task for task in task_ids(_log(host), name) if task != PLANNING]


def known_requests(host: Host) -> list[str]:
    """The requests that wait for a person."""
    return request_ids(_log(host))


def known_conflicts(host: Host) -> list[str]:
    """The conflicts of the log, newest first."""
    return conflict_ids(_log(host))


def known_branches(host: Host) -> list[str]:
    """The local branches of the repository around `host.directory`."""
    return local_branches(_common_dir(host))


def _common_dir(host: Host) -> Path:
    """Raises NotFound outside a repository."""
    named = host.environment.get("GIT_DIR")
    git_dir = (host.directory / named).resolve() if named else find_git_dir(host.directory)
    if git_dir is None:
        raise NotFound(f"{host.directory} is not inside a git repository")
    return common_dir_of(git_dir)


def _log(host: Host) -> Path:
    return _common_dir(host) / AUDIT_PATH
