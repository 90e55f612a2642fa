"""Where commands run and files are touched: never outside one worktree."""

from devassist.sandbox.bubblewrap import BubblewrapSandbox
from devassist.sandbox.editable import editable_leak, site_packages
from devassist.sandbox.files import PathRefused, WorktreeFiles
from devassist.sandbox.landlock import LandlockSandbox
from devassist.sandbox.probe import Probe, TierReport, choose, require
from devassist.sandbox.sweep import kill_marked
from devassist.sandbox.toolchain import command_environment, toolchain_directories
from devassist.sandbox.unsafe import UnsafeSandbox

__all__ = [
    "BubblewrapSandbox",
    "LandlockSandbox",
    "PathRefused",
    "Probe",
    "TierReport",
    "UnsafeSandbox",
    "WorktreeFiles",
    "choose",
    "command_environment",
    "editable_leak",
    "kill_marked",
    "require",
    "site_packages",
    "toolchain_directories",
]
