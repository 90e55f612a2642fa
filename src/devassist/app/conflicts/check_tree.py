"""Wires the configured checks for a tree outside of a run: a sandbox, a detached worktree, both gone afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from devassist.app.runs.requesting import fresh_run_id, plain_request
from devassist.app.runs.wiring import run_context
from devassist.app.wiring.project import Project
from devassist.domain.errors import Refused, UsageError
from devassist.domain.resolutions import ResolutionCheck

if TYPE_CHECKING:  # imported where they are used: other commands must not pay for a run's imports
    from devassist.conflicts.resolution.three_way_merge import MergingPair


def run_checks(project: Project, pair: MergingPair, tree: str, log: Any) -> Sequence[ResolutionCheck]:
    """Each command of `[checks]` on a tree: one that fails there and not at the merge base is not well."""
    from devassist.engine.landing.checks import Checks
    from devassist.engine.log.journal import Journal
    from devassist.engine.stop import StopSwitch
    from devassist.git.merging.merge import commit_merge
    from devassist.sandbox.probe import choose

    commands = project.settings.checks.commands
    if not commands:
        raise UsageError("there are no checks to run", hint="[checks] commands in .devassist.toml")
    repository = project.repository
    run = fresh_run_id()
    base = repository.merge_base(pair.ours.commit, pair.theirs.commit)
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    try:
        probe = choose(project.settings.sandbox.mode, scratch=directory)
        if probe.sandbox is None:
            raise Refused("no sandbox works here to run checks in", hint="devassist doctor")
        request = plain_request(project, run, goal="check a resolution", base=base or pair.ours.commit)
        journal = Journal(run=run, log=log)
        nobody: Any = None  # no crew runs: only commands do
        context = run_context(project, request, probe, journal, nobody, StopSwitch(), directory)
        signature = repository.signature(project.host.environment)
        commit = commit_merge(
            repository, tree=tree, parents=[pair.ours.commit, pair.theirs.commit],
            message="A resolution to be checked", author=signature, committer=signature,
        )  # fmt: skip
        checks = Checks(context=context)
        try:
            failures = checks.failures(commit, commands, task="")
        finally:
            checks.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    failed = {one.command: one for one in failures.new}
    before = {one.command for one in failures.old}
    return [
        ResolutionCheck(
            name=f"check {command!r}",
            ok=command not in failed,
            detail=(
                f"ended with {failed[command].exit_code}: {failed[command].tail[-400:]}"
                if command in failed
                else ("fails at the merge base as well" if command in before else "")
            ),
        )
        for command in commands
    ]
