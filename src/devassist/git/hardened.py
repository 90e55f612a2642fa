"""Git's own plumbing on one worktree, with every program that the repository's configuration names switched off."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devassist.domain.errors import RepositoryError
from devassist.git.command import Answer, run_git
from devassist.git.configuration import Setting, chosen_settings, variables

SETTINGS: Mapping[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
"""Configuration under which git starts no hook, no file system monitor, no transport and no submodule's git."""
ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
}
_PLAIN_INDEX = {
    "core.fsync": "index",
    "core.splitIndex": "false",
    "core.untrackedCache": "false",
    "index.skipHash": "false",
    "index.sparse": "false",
    "index.version": "2",
}
"""An index that libgit2 and `index_file` can read, synced to disk before it is renamed into place."""
_PROGRAM_KEYS = r"^(merge\..*\.driver|filter\..*\.(clean|smudge|process|required))$"


@dataclass(frozen=True, slots=True)
class HardenedGit:
    """Runs git commands on one worktree, given by its administrative directory and its files."""

    program: str
    git_dir: Path
    work_tree: Path
    environment: Mapping[str, str]

    @classmethod
    def open(cls, program: str, git_dir: Path, work_tree: Path) -> HardenedGit:
        """
        Git for the worktree at `work_tree`, its filters and merge drivers disarmed.

        It reads the same system and user configuration as libgit2 does, so both agree on line endings and attributes.
        """
        given = chosen_settings()
        plain = {"PATH": os.defpath, **ENVIRONMENT, **variables(), **as_environment(given)}
        command = located(program, git_dir, work_tree)
        settings = {**SETTINGS, **_PLAIN_INDEX, **disarmed_programs(command, work_tree, plain)}
        return cls(program, git_dir, work_tree, plain | as_environment((*given, *settings.items())))

    def run(self, *arguments: str, variables: Mapping[str, str] | None = None) -> Answer:
        """Run one command in the worktree; `variables` are set beside the hardened environment."""
        command = [*located(self.program, self.git_dir, self.work_tree), *arguments]
        return run_git(command, self.work_tree, {**self.environment, **(variables or {})})


def located(program: str, git_dir: Path, work_tree: Path) -> list[str]:
    """The beginning of a git command on one repository, whose discovery nothing in the files can lead astray."""
    return [program, f"--git-dir={git_dir}", f"--work-tree={work_tree}"]


def disarmed_programs(
    command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> dict[str, str]:
    """
    Settings that replace each configured merge driver by one that reports a conflict, and each filter by none.

    Raises RepositoryError when git cannot list the configuration: an unlisted program could run.
    """
    listing = [*command, "config", "-z", "--name-only", "--get-regexp", _PROGRAM_KEYS]
    answer = run_git(listing, directory, environment)
    if answer.code not in (0, 1):  # 1: no key matches
        raise RepositoryError(f"git could not read the configuration: {answer.error}")
    settings: dict[str, str] = {}
    for key in filter(None, map(os.fsdecode, answer.output.split(b"\0"))):
        if key.endswith(".driver"):
            settings[key] = "exit 1"
        else:
            settings[key] = "false" if key.endswith(".required") else ""
    return settings


def as_environment(settings: Iterable[Setting]) -> dict[str, str]:
    """Configuration as environment variables: they override every file, and a name may hold any character."""
    environment, number = dict[str, str](), 0
    for number, (key, value) in enumerate(settings, start=1):
        environment |= {f"GIT_CONFIG_KEY_{number - 1}": key, f"GIT_CONFIG_VALUE_{number - 1}": value}
    return {"GIT_CONFIG_COUNT": str(number), **environment}
