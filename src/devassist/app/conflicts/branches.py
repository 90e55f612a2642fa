"""The branches of a conflict: their commits, their purposes and their changes."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace

from devassist.app.conflicts.known import KnownConflict
from devassist.app.conflicts.uncommitted import WorkInProgress
from devassist.app.wiring.project import Project, load_state
from devassist.domain.conflicts import Side
from devassist.domain.errors import NotFound, RepositoryError
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.repository import Repository

_COMMITS = 10
_RENAMED = re.compile(r"^rename from (.+)$", re.MULTILINE)
_TASK_BRANCH_PARTS = 4
"""devassist/<run>/<task>/<role>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchOfConflict:
    """One branch of a conflict: its purpose in words, and its changes to the files of the conflict as a diff."""

    branch: str
    intent: str
    diff: str


def both_sides(project: Project, known: KnownConflict) -> list[BranchOfConflict]:
    """Both branches of a conflict, with their uncommitted changes."""
    repository = project.repository
    paths = {known.latest.path, *(location.path for location in known.latest.locations)}
    with MergeTree(repository, environment=project.host.environment) as referee:
        work = WorkInProgress(repository, referee)
        sides = {name: _side_or_none(project, work, name) for name in known.branches}
        view = referee.view
        bases = {name: _fork(view, known.latest.base, side) for name, side in sides.items()}
        # A file that one side renamed has another name on the other.
        for name, side in sides.items():
            if side is not None and (base := bases[name]) is not None:
                paths |= set(_RENAMED.findall(view.diff(base, side.commit, paths=paths)))
        branches: list[BranchOfConflict] = []
        for name, side in sides.items():
            if side is None:
                branches.append(BranchOfConflict(branch=name, intent="the branch is gone", diff=""))
                continue
            base = bases[name]
            intent = intent_of(project, replace(side, commit=side.tip), base or known.latest.base)
            diff = view.diff(base, side.commit, paths=paths) if base is not None else ""
            branches.append(BranchOfConflict(branch=name, intent=intent, diff=diff))
        return branches


def _side_or_none(project: Project, work: WorkInProgress, name: str) -> Side | None:
    try:
        return work.of(name) or side_of(project, name)
    except NotFound:
        return None


def _fork(view: Repository, base: str, side: Side | None) -> str | None:
    """The merge base of a branch and `base`; None if there is none."""
    return view.merge_base(base, side.commit) if base and side is not None else None


def intent_of(project: Project, side: Side, base: str) -> str:
    """The purpose of a branch: the task that a run made it for, else its commit messages since `base`."""
    parts = side.name.split("/")
    if parts[0] == "devassist" and len(parts) == _TASK_BRANCH_PARTS:
        with suppress(NotFound):
            state = load_state(project, parts[1])
            for task in state.plan.tasks if state.plan is not None else ():
                if task.id == parts[2]:
                    return f"{task.title}\n{task.instructions}".strip()
    commits = project.repository.log(side.commit, hide=[base], limit=_COMMITS)
    return "\n".join(commit.message.strip() for commit in commits) or "it has no commits of its own"


def base_side(project: Project, revision: str) -> Side:
    """The side to land on: `revision` under the name that was typed, by default the branch that is checked out."""
    repository = project.repository
    commit = repository.resolve(revision or "HEAD")
    name = revision or repository.head_branch or "HEAD"
    return Side(name=name, commit=commit, tree=repository.tree_of(commit))


def side_of(project: Project, name: str) -> Side:
    """A local or remote branch, or any revision, by the name that was typed."""
    repository = project.repository
    for ref in (f"refs/heads/{name}", f"refs/remotes/{name}"):
        try:
            tip = repository.ref_tip(ref)
        except RepositoryError:  # not a branch name, such as main~2: it may be a revision
            tip = None
        if tip is not None:
            return Side(name=name, commit=tip, tree=repository.tree_of(tip))
    try:
        commit = repository.resolve(name)
    except NotFound:
        raise NotFound(f"there is no branch {name!r}", hint="git branch --all lists them") from None
    return Side(name=name, commit=commit, tree=repository.tree_of(commit))
