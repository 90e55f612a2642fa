"""The branches of a conflict: their commits, their purposes and their changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

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


def both_sides(project: Project, conflict: Mapping[str, Any]) -> list[dict[str, str]]:
    """For each branch of a known conflict: what it was for, and what it changes there, committed or not."""
    repository = project.repository
    paths = {conflict["path"], *(at["path"] for at in conflict.get("locations", ()))}
    with MergeTree(repository, environment=project.host.environment) as referee:
        work = WorkInProgress(repository, referee)
        found: list[tuple[str, Side | None]] = []
        for name in conflict["branches"]:
            try:
                found.append((name, work.of(name) or side_of(project, name)))
            except NotFound:
                found.append((name, None))
        view = referee.view
        bases = [_fork(view, conflict, side) for _name, side in found]
        # A file that one side renamed has another name on the other.
        for (_name, side), base in zip(found, bases, strict=True):
            if side is not None and base is not None:
                paths |= set(_RENAMED.findall(view.diff(base, side.commit, paths=paths)))
        return [
            {"branch": name, "intent": "the branch is gone", "diff": ""}
            if side is None
            else {
                "branch": name,
                "intent": intent_of(project, replace(side, commit=side.tip), base or conflict["base"]),
                "diff": view.diff(base, side.commit, paths=paths) if base is not None else "",
            }
            for (name, side), base in zip(found, bases, strict=True)
        ]


def _fork(view: Repository, conflict: Mapping[str, Any], side: Side | None) -> str | None:
    """Where a branch left what it is to land on."""
    if side is None or "base" not in conflict:
        return None
    return view.merge_base(conflict["base"], side.commit)


def intent_of(project: Project, side: Side, base: str) -> str:
    """What a branch is for: the task it was made for where a run made it, else what its commits say."""
    parts = side.name.split("/")
    if parts[0] == "devassist" and len(parts) == _TASK_BRANCH_PARTS:
        with suppress(NotFound):
            state = load_state(project, parts[1])
            for task in state.plan.tasks if state.plan is not None else ():
                if task.id == parts[2]:
                    return f"{task.title}\n{task.instructions}".strip()
    said = [one.message.strip() for one in project.repository.log(side.commit, hide=[base], limit=_COMMITS)]
    return "\n".join(said) or "nothing is said of it"


def base_side(project: Project, revision: str) -> Side:
    """What the branches are to land on, under the name it was given, else that of the branch checked out."""
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
        except RepositoryError:  # no name of a branch, such as main~2: a revision, perhaps
            tip = None
        if tip is not None:
            return Side(name=name, commit=tip, tree=repository.tree_of(tip))
    try:
        commit = repository.resolve(name)
    except NotFound:
        raise NotFound(f"there is no branch {name!r}", hint="git branch --all lists them") from None
    return Side(name=name, commit=commit, tree=repository.tree_of(commit))
