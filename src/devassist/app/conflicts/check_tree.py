"""Runs the configured checks on a tree outside of a run, in a sandbox and a worktree that are removed afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.app.runs.checking import open_checks
from devassist.app.wiring.project import Project
from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.domain.errors import UsageError
from devassist.domain.resolutions import ResolutionCheck
from devassist.domain.statuses import Purpose
from devassist.domain.verdicts import compared, project_problem
from devassist.engine.landing.checks import Checks
from devassist.git.merging.merge import commit_merge
from devassist.ports import Recorder


def run_checks(project: Project, pair: MergingPair, tree: str, log: Recorder) -> Sequence[ResolutionCheck]:
    """The result of each command of `[checks]` on a tree; one that fails at the merge base as well is accepted."""
    commands = project.settings.checks.commands
    if not commands:
        raise UsageError("there are no checks to run", hint="[checks] commands in .devassist.toml")
    repository = project.repository
    base = repository.merge_base(pair.ours.commit, pair.theirs.commit) or pair.ours.commit
    signature = repository.signature(project.host.environment)
    commit = commit_merge(
        repository, tree=tree, parents=[pair.ours.commit, pair.theirs.commit],
        message="A resolution to be checked", author=signature, committer=signature,
    )  # fmt: skip
    with open_checks(project, log, base=base, purpose="check a resolution") as checks:
        return [_result(checks, commit, command) for command in commands]


def _result(checks: Checks, commit: str, command: str) -> ResolutionCheck:
    """A failure counts if it is there the second time as well, and was not there at the merge base."""
    base = checks.base(command).ledger
    problem = tail = ""
    for again in (False, True):
        run = checks.on(commit, command, purpose=Purpose.GATE, again=again)
        problem = project_problem(run.ledger, base, compared(run.ledger, base, moved={}))
        tail = run.tail
        if not problem:
            known = "" if run.ledger.passes else "fails at the merge base as well"
            return ResolutionCheck(name=f"check {command!r}", ok=True, detail=known)
    return ResolutionCheck(name=f"check {command!r}", ok=False, detail=f"{problem}: {tail[-400:]}")
