"""One repository with its settings and its log, opened as a command needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from devassist.app.wiring.git_configuration import read_git_configuration
from devassist.app.wiring.host import AUDIT_PATH, Host
from devassist.config.forks import BaseFile, ForkPullRequest, find_fork
from devassist.config.load import FILE, Loaded, load_settings
from devassist.domain.errors import NotFound, RepositoryError, Unfinished
from devassist.domain.ids import base_ref, result_branch
from devassist.domain.settings import Settings
from devassist.domain.state.run import RunState
from devassist.git.configuration import files_by_remote
from devassist.git.repository import Repository
from devassist.store.filters import EventFilter
from devassist.store.queries import AuditReader

_BULKY = frozenset(
    {"model.intended", "model.called", "tool.intended", "tool.called", "command.ran", "command.intended"}
)
OUTLINE = ("run", "plan", "task", "approval", "merge", "warning")
"""Event types that give the status of a run and its tasks, without its agents' calls."""


@dataclass(frozen=True, slots=True)
class Project:
    """One repository with its settings, as a command sees it."""

    host: Host
    repository: Repository
    loaded: Loaded

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def audit_path(self) -> Path:
        return self.repository.common_dir / AUDIT_PATH

    @property
    def reports(self) -> Path:
        return self.repository.common_dir / "devassist" / "reports"

    @property
    def runs(self) -> Path:
        """The directory of the runs' own files: `<run>/run.json`."""
        return self.repository.common_dir / "devassist" / "runs"

    @property
    def heads_file(self) -> Path:
        return self.host.state_dir / "heads.log"

    @property
    def worktrees(self) -> Path:
        named = self.settings.worktrees.dir
        parent = Path(named).expanduser().resolve() if named else self.host.state_dir
        return parent / self.repository.state_name


def open_project(host: Host, flags: Mapping[str, object] | None = None) -> Project:
    """Raises RepositoryError if there is no usable repository, ConfigError if a configuration file is wrong."""
    repository = _opened(host)
    fork = find_fork(host.environment)
    loaded = load_settings(
        repository=repository.workdir,
        user_file=host.user_config,
        environment=host.environment,
        flags=flags,
        fork=fork,
        base_file=None if fork is None else _base_file(repository, fork),
    )
    return Project(host, repository, loaded)


def _opened(host: Host) -> Repository:
    discover = partial(
        Repository.discover,
        host.directory,
        program_path=host.environment.get("PATH", os.defpath),
        environment=host.environment,
    )
    read_git_configuration(host)
    repository = discover()
    if more := files_by_remote(repository.handle, host.home):
        read_git_configuration(host, more=more)
        repository = discover()
    return repository


def _base_file(repository: Repository, fork: ForkPullRequest) -> BaseFile | None:
    """The settings at the base commit of a fork's pull request; None if that commit is not here."""
    for revision in fork.base:
        try:
            commit = repository.resolve(revision)
        except NotFound:
            continue
        place = f"{FILE} at {commit[:12]}"
        try:
            return BaseFile(place=place, text=repository.read_file(commit, FILE).decode("utf-8", "replace"))
        except NotFound:
            return BaseFile(place=place, text="")
    return None


def open_reader(project: Project) -> AuditReader:
    return AuditReader(project.audit_path)


def load_state(project: Project, run: str) -> RunState:
    """The fold of one run; `run` may be a prefix or @last. Raises NotFound."""
    with open_reader(project) as reader:
        return fold_run(reader, reader.find_run(run))


def fold_run(reader: AuditReader, run: str, *, types: Sequence[str] = ()) -> RunState:
    """The fold over a run's events, or only over those of `types`. Prompts and outputs are left out."""
    chosen = EventFilter(run=run, types=tuple(types))
    return RunState.fold(reader.events(chosen, raw_types=_BULKY))


def require_result(project: Project, state: RunState) -> str:
    """The result branch's tip. Raises Unfinished if nothing landed."""
    tip = project.repository.branch_tip(result_branch(state.run))
    if tip is None and state.discarded:
        kept = f"git for-each-ref refs/devassist/rescue/{state.run}"
        raise Unfinished(f"{state.run} was discarded", hint=f"what it had is kept: {kept}")
    if tip is None:
        raise Unfinished(f"nothing of {state.run} landed", hint=f"devassist show {state.run}")
    return tip


def base_of(project: Project, state: RunState) -> str:
    """The commit that the run started from. Raises RepositoryError if its ref is gone."""
    base = project.repository.ref_tip(base_ref(state.run))
    if base is None:
        raise RepositoryError(f"the base of {state.run} is gone from this repository")
    return base
