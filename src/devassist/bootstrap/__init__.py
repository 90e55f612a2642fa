"""The composition root: settings in, wired collaborators out. Nothing below it reads the environment or the clock."""

from devassist.bootstrap.aftercare import aftermath, collect_worktrees, found_worktrees, undoing
from devassist.bootstrap.foresight import foreseen
from devassist.bootstrap.host import Host, boot_id, utc_now, versions
from devassist.bootstrap.project import (
    OUTLINE,
    Project,
    base_of,
    fold_run,
    load_state,
    open_log,
    open_project,
    open_reader,
    probe_sandbox,
    require_result,
    verify_log,
)
from devassist.bootstrap.requesting import ResumeOptions, RunOptions
from devassist.bootstrap.running import project_of_run, resume_run, start_run

__all__ = [
    "OUTLINE",
    "Host",
    "Project",
    "ResumeOptions",
    "RunOptions",
    "aftermath",
    "base_of",
    "boot_id",
    "collect_worktrees",
    "fold_run",
    "foreseen",
    "found_worktrees",
    "load_state",
    "open_log",
    "open_project",
    "open_reader",
    "probe_sandbox",
    "project_of_run",
    "require_result",
    "resume_run",
    "start_run",
    "undoing",
    "utc_now",
    "verify_log",
    "versions",
]
