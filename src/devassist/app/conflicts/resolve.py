"""Wires the resolution of one conflict: checked, kept, and undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from devassist.app.conflicts.check_tree import run_checks
from devassist.app.conflicts.ledger import find_conflict, known_conflicts
from devassist.app.conflicts.open_conflict import Answer, OpenConflict
from devassist.app.wiring.project import Project, open_log
from devassist.domain.conflicts import Conflict
from devassist.domain.errors import (
    DevassistError,
    RepositoryChanged,
    RepositoryError,
    Unfinished,
    UsageError,
    WaitingForPerson,
)
from devassist.domain.events import (
    BesideConflict,
    ConflictResolved,
    Event,
    MergeApproved,
    MergeCompleted,
    MergeIntended,
)
from devassist.domain.resolutions import ResolutionCheck
from devassist.ports import Recorder

if TYPE_CHECKING:  # it brings parsers along
    from devassist.engine.resolution.resolution_writer import Settlement


def settle(found: OpenConflict, answer: Answer) -> dict[str, Any]:
    """
    Check an answer and keep it; the document of `conflicts resolve`, status `resolved` or `refused`.

    Raises RepositoryError or RepositoryChanged where the branch to move cannot be moved.
    """
    with open_log(found.project) as log:
        return settle_in(found, answer, log)


def settle_in(
    found: OpenConflict,
    answer: Answer,
    recorder: Recorder,
    *,
    ran: Sequence[ResolutionCheck] = (),
    confidence: float | None = None,
    run: str = "",
) -> dict[str, Any]:
    """The same with a log that is open already; `ran` are checks that were made before."""
    from devassist.conflicts.resolution.rerere import settled_in
    from devassist.conflicts.resolution.verification import Verification
    from devassist.engine.resolution.resolution_writer import ResolutionWriter, Settlement

    project, pair = found.project, found.pair
    if answer.into:
        _movable(found, answer.into)
    tree = pair.tree_with(answer.edits)
    languages = project.settings.conflicts.languages
    checker = Verification(pair, project.host.state_dir / "symbols", languages, found.settles)
    verified = checker.verify(tree, list(answer.edits))
    if answer.checks or (found.needs_checks and not ran):
        ran = [*ran, *run_checks(project, pair, tree, recorder)]
    failed = [*verified.failed, *(one for one in ran if not one.ok)]
    stands = {
        one["conflict"]: checker.is_unresolved(tree, msgspec.convert(one, Conflict, strict=False))
        for one in found.beside
    }
    chosen = Settlement(
        conflicts=[*found.ids, *(id_ for id_, there in stands.items() if there is False)],
        sides=(pair.ours, pair.theirs),
        tree=tree,
        how=answer.how,
        who=answer.who,
        choice=answer.choice,
        reason=answer.reason or f"{answer.how} {answer.choice}".strip(),
        verified=verified,
        ran=ran,
        confidence=answer.confidence if confidence is None else confidence,
        precedents=answer.precedents,
        overruled=bool(failed),
        hunks=settled_in(found.pair, tree),
        beside=_beside(found, stands),
    )
    if failed and not answer.overrule:
        return _document(found, chosen, None)
    signature = project.repository.signature(project.host.environment)
    keeper = ResolutionWriter(repository=project.repository, recorder=recorder, signature=signature, run=run)
    kept = keeper.keep(chosen)
    moved = _move(found, answer, kept, recorder) if answer.into else ""
    return _document(found, chosen, kept, moved=moved)


def undo(project: Project, prefix: str, *, who: str, reason: str) -> dict[str, Any]:
    """Put a resolved conflict back to open, with everything that was settled with it."""
    from devassist.engine.resolution.resolution_writer import ResolutionWriter

    conflict = find_conflict(project, prefix)
    ended = conflict.get("ended", {})
    if conflict["status"] != "resolved" or "commit" not in ended:
        raise UsageError(
            f"{conflict['conflict']} is {conflict['status']}, not resolved", hint="devassist conflicts"
        )
    known = known_conflicts(project)
    same = [
        id_
        for id_, one in known.items()
        if one["status"] == "resolved" and one["ended"].get("commit") == ended["commit"]
    ]
    order = sorted(same, key=lambda id_: id_ != conflict["conflict"])
    with open_log(project) as log:
        signature = project.repository.signature(project.host.environment)
        keeper = ResolutionWriter(repository=project.repository, recorder=log, signature=signature)
        undone = [keeper.undo(id_, commit=ended["commit"], who=who, reason=reason) for id_ in order]
    repository = project.repository
    holding = [
        ref.removeprefix("refs/heads/")
        for ref in repository.ref_names("refs/heads/")
        if (tip := repository.ref_tip(ref)) and repository.is_ancestor(ended["commit"], tip)
    ]
    return {
        "schema": "devassist.resolution/1",
        "conflict": conflict["conflict"],
        "conflicts": order,
        "status": "open",
        "undone": ended["commit"],
        "ref": undone[0].ref,
        "holding": holding,
    }


def _beside(found: OpenConflict, stands: Mapping[str, bool | None]) -> tuple[BesideConflict, ...]:
    """What the merge does not settle."""
    return tuple(
        BesideConflict(
            conflict=one["conflict"],
            stands=stands[one["conflict"]],
            explanation=one["explanation"],
        )
        for one in found.beside
        if stands[one["conflict"]] is not False
    )


def _movable(found: OpenConflict, branch: str) -> str:
    """The tip of the branch that is to get the merge. Raises where a person would notice the move."""
    from devassist.git.worktree.listing import list_worktrees

    repository = found.project.repository
    tip = repository.branch_tip(branch)
    if tip is None:
        raise RepositoryError(f"there is no branch {branch}", hint="git branch --list")
    if branch == repository.head_branch or any(
        one.branch == branch for one in list_worktrees(repository) if not one.missing
    ):
        raise RepositoryError(
            f"{branch} is checked out, so it is not moved", hint="leave --into out and run 'git merge' there"
        )
    sides = (found.pair.ours, found.pair.theirs)
    if not any(repository.is_ancestor(tip, side.commit) for side in sides):
        raise RepositoryChanged(
            f"{branch} has commits that neither branch has", hint="leave --into out and merge the resolution"
        )
    return tip


def _move(found: OpenConflict, answer: Answer, kept: ConflictResolved, log: Recorder) -> str:
    """Give the branch the merge commit by compare-and-swap; its name."""
    from devassist.domain.approvals import ApprovedMerge, MergeRequest

    old = _movable(found, answer.into)
    theirs = next((one for one in kept.parents if one != old), old)
    request = MergeRequest(task="", ours=old, theirs=theirs, tree=kept.tree)
    approved = ApprovedMerge(request=request, approver=answer.who, reason=answer.reason)
    ref = f"refs/heads/{answer.into}"
    permission = MergeApproved(
        approver=approved.approver, ours=old, theirs=theirs, tree=request.tree, ref=ref
    )
    log.record(Event(permission))
    log.record(Event(MergeIntended(ref=ref, old=old, ours=old, theirs=theirs, tree=request.tree)))
    found.project.repository.move_ref(
        ref, old=old, new=kept.commit, message=f"devassist: {found.ids[0]} resolved"
    )
    completed = MergeCompleted(
        commit=kept.commit,
        tree=kept.tree,
        parents=kept.parents,
        ref=ref,
        approver=approved.approver,
    )
    log.record(Event(completed))
    return answer.into


def _document(
    found: OpenConflict, chosen: Settlement, kept: ConflictResolved | None, *, moved: str = ""
) -> dict[str, Any]:
    commit = kept.commit if kept is not None else None
    return {
        "schema": "devassist.resolution/1",
        "conflict": found.ids[0],
        "conflicts": list(chosen.conflicts),
        "beside": msgspec.to_builtins(chosen.beside),
        "branches": list(found.conflict["branches"]),
        "status": "resolved" if kept is not None else "refused",
        "how": str(chosen.how),
        "choice": chosen.choice,
        "who": chosen.who,
        "reason": chosen.reason,
        "precedents": msgspec.to_builtins(chosen.precedents),
        "commit": commit,
        "tree": chosen.tree,
        "parents": [side.commit for side in chosen.sides],
        "ref": kept.ref if kept is not None else None,
        "dropped": msgspec.to_builtins(list(chosen.verified.dropped)),
        "checks": msgspec.to_builtins(chosen.checks),
        "overruled": chosen.overruled and commit is not None,
        "moved": moved or None,
        "next": f"git merge {commit}" if commit and not moved else None,
    }


def refused(document: Mapping[str, Any]) -> DevassistError:
    """Why a resolution was not accepted, as an error: only an approval that is missing waits for a person."""
    failed = [one for one in document["checks"] if not one["ok"]]
    listed = "; ".join(f"{one['name']}: {one['detail']}" for one in failed)
    fact = f"the resolution of {document['conflict']} is not accepted: {listed}"
    if document.get("ref"):
        fact += f" (it is kept at {document['ref']})"
    if {one["name"] for one in failed} == {"approval"}:
        return WaitingForPerson(fact, hint="git merge it after a look, or --accept-anyway --reason R")
    return Unfinished(fact, hint="put it right, or --accept-anyway --reason R")
