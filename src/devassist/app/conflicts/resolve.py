"""Resolves one conflict: an answer is checked and kept, or refused; a resolution is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from devassist.app.conflicts.check_tree import run_checks
from devassist.app.conflicts.known import find_conflict, known_conflicts
from devassist.app.conflicts.open_conflict import Answer, OpenConflict
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import open_log
from devassist.conflicts.resolution.rerere import settled_in
from devassist.conflicts.resolution.verification import Verification
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
    Repeat,
)
from devassist.domain.resolutions import DroppedLine, How, ResolutionCheck, ResolutionStatus
from devassist.domain.state.approvals import ApprovedMerge, MergeRequest
from devassist.engine.resolution.resolution_writer import ResolutionWriter, Settlement
from devassist.git.worktree.checkout import checked_out_at
from devassist.git.worktree.operations import refuse_moved_elsewhere
from devassist.ports import Recorder

APPROVAL = "approval"
"""The name of the check that a person has to pass: approval by policy or by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """
    The answer of `conflicts resolve`. `conflict` is the id that was named, `conflicts` are all that are settled.

    `ref` keeps the merge `commit`, or a tree that was refused; `moved` is the branch that is at the commit now, and
    `next` the command to type.
    """

    conflict: str
    conflicts: tuple[str, ...]
    beside: tuple[BesideConflict, ...]
    branches: tuple[str, ...]
    status: ResolutionStatus
    how: How
    choice: str
    who: str
    reason: str
    precedents: tuple[Repeat, ...]
    commit: str | None
    tree: str
    parents: tuple[str, ...]
    ref: str | None
    dropped: tuple[DroppedLine, ...]
    checks: tuple[ResolutionCheck, ...]
    overruled: bool
    moved: str | None
    next: str | None
    run: str = ""
    """The run of the integrator, if it made the resolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The answer of `conflicts resolve --undo`: `ref` keeps the commit `undone`; branches in `holding` have it."""

    conflict: str
    conflicts: tuple[str, ...]
    undone: str
    ref: str
    holding: tuple[str, ...]
    status: ResolutionStatus = ResolutionStatus.OPEN


def settle(conflict: OpenConflict, answer: Answer) -> Resolution:
    """
    Checks an answer, and keeps it unless a check fails.

    Raises RepositoryError or RepositoryChanged if the branch to move cannot be moved.
    """
    with open_log(conflict.project) as log:
        return settle_in(conflict, answer, log)


def settle_in(
    conflict: OpenConflict,
    answer: Answer,
    recorder: Recorder,
    *,
    ran: Sequence[ResolutionCheck] = (),
    run: str = "",
) -> Resolution:
    """As `settle`, with a log that is open already; `ran` are the results of checks that ran before."""
    if answer.into:
        _tip_to_move(conflict, answer.into)
    settlement = _checked(conflict, answer, recorder, ran)
    if settlement.overruled and not answer.overrule:
        return _resolution(conflict, settlement, None)
    repository = conflict.project.repository
    signature = repository.signature(conflict.project.host.environment)
    writer = ResolutionWriter(repository=repository, recorder=recorder, signature=signature, run=run)
    event = writer.keep(settlement)
    if answer.into:
        _move(conflict, answer, event, recorder)
    return _resolution(conflict, settlement, event, moved=answer.into)


def _checked(
    conflict: OpenConflict, answer: Answer, recorder: Recorder, ran: Sequence[ResolutionCheck]
) -> Settlement:
    """The answer with the results of its checks; `overruled` says that one of them failed."""
    project, pair = conflict.project, conflict.pair
    tree = pair.tree_with(answer.edits)
    languages = project.settings.conflicts.languages
    verification = Verification(pair, project.host.state_dir / "symbols", languages, conflict.settles)
    verified = verification.verify(tree, list(answer.edits))
    if answer.checks or (conflict.needs_checks and not ran):
        ran = [*ran, *run_checks(project, pair, tree, recorder)]
    remaining = {id_: verification.is_unresolved(tree, other) for id_, other in conflict.beside.items()}
    return Settlement(
        conflicts=[*conflict.ids, *(id_ for id_, remains in remaining.items() if remains is False)],
        sides=(pair.ours, pair.theirs),
        tree=tree,
        how=answer.how,
        who=answer.who,
        choice=answer.choice,
        reason=answer.reason or f"{answer.how} {answer.choice}".strip(),
        verified=verified,
        ran=ran,
        confidence=answer.confidence,
        precedents=answer.precedents,
        overruled=bool(verified.failed) or any(not check.ok for check in ran),
        hunks=settled_in(pair, tree),
        beside=_beside(conflict, remaining),
    )


def undo(project: Project, prefix: str, *, who: str, reason: str) -> Undone:
    """Reopens a resolved conflict and all that the same merge settled. Raises UsageError if it is not resolved."""
    known = find_conflict(project, prefix)
    id_, commit = known.id, known.resolution
    if not commit:
        raise UsageError(f"{id_} is {known.status}, not resolved", hint="devassist conflicts")
    settled = [other.id for other in known_conflicts(project).values() if other.resolution == commit]
    settled.sort(key=lambda other: other != id_)
    repository = project.repository
    with open_log(project) as log:
        signature = repository.signature(project.host.environment)
        writer = ResolutionWriter(repository=repository, recorder=log, signature=signature)
        events = [writer.undo(other, commit=commit, who=who, reason=reason) for other in settled]
    holding = [
        ref.removeprefix("refs/heads/")
        for ref in repository.ref_names("refs/heads/")
        if (tip := repository.ref_tip(ref)) and repository.is_ancestor(commit, tip)
    ]
    return Undone(
        conflict=id_, conflicts=tuple(settled), undone=commit, ref=events[0].ref, holding=tuple(holding)
    )


def refusal(resolution: Resolution) -> DevassistError:
    """Why a resolution was refused, as an error; only a missing approval waits for a person."""
    failed = [check for check in resolution.checks if not check.ok]
    listed = "; ".join(f"{check.name}: {check.detail}" for check in failed)
    fact = f"the resolution of {resolution.conflict} is not accepted: {listed}"
    if resolution.ref:
        fact += f" (it is kept at {resolution.ref})"
    if {check.name for check in failed} == {APPROVAL}:
        return WaitingForPerson(fact, hint="review it and git merge it, or --accept-anyway --reason R")
    return Unfinished(fact, hint="correct it, or --accept-anyway --reason R")


def _beside(conflict: OpenConflict, remaining: Mapping[str, bool | None]) -> tuple[BesideConflict, ...]:
    """The conflicts of the pair that the merge does not settle."""
    return tuple(
        BesideConflict(conflict=id_, stands=remaining[id_], explanation=other.explanation)
        for id_, other in conflict.beside.items()
        if remaining[id_] is not False
    )


def _tip_to_move(conflict: OpenConflict, branch: str) -> str:
    """The tip of the branch to move. Raises RepositoryError or RepositoryChanged if a person would notice the move."""
    repository = conflict.project.repository
    tip = repository.branch_tip(branch)
    if tip is None:
        raise RepositoryError(f"there is no branch {branch}", hint="git branch --list")
    refuse_moved_elsewhere(repository, branch)
    if branch == repository.head_branch or checked_out_at(repository, f"refs/heads/{branch}") is not None:
        raise RepositoryError(
            f"{branch} is checked out, so it is not moved", hint="leave --into out and run 'git merge' there"
        )
    sides = (conflict.pair.ours, conflict.pair.theirs)
    if not any(repository.is_ancestor(tip, side.commit) for side in sides):
        raise RepositoryChanged(
            f"{branch} has commits that neither branch has", hint="leave --into out and merge the resolution"
        )
    return tip


def _move(conflict: OpenConflict, answer: Answer, event: ConflictResolved, log: Recorder) -> None:
    """Moves the branch to the merge commit by compare-and-swap."""
    old = _tip_to_move(conflict, answer.into)
    theirs = next((parent for parent in event.parents if parent != old), old)
    request = MergeRequest(task="", ours=old, theirs=theirs, tree=event.tree)
    approved = ApprovedMerge(request=request, approver=answer.who, reason=answer.reason)
    ref = f"refs/heads/{answer.into}"
    approval = MergeApproved(approver=approved.approver, ours=old, theirs=theirs, tree=request.tree, ref=ref)
    log.record(Event(approval))
    log.record(Event(MergeIntended(ref=ref, old=old, ours=old, theirs=theirs, tree=request.tree)))
    message = f"devassist: {conflict.ids[0]} resolved"
    conflict.project.repository.move_ref(ref, old=old, new=event.commit, message=message)
    completed = MergeCompleted(
        commit=event.commit,
        tree=event.tree,
        parents=event.parents,
        ref=ref,
        approver=approved.approver,
    )
    log.record(Event(completed))


def _resolution(
    conflict: OpenConflict, settlement: Settlement, event: ConflictResolved | None, *, moved: str = ""
) -> Resolution:
    """The answer; `event` is None if it was refused."""
    refused = Resolution(
        conflict=conflict.ids[0],
        conflicts=tuple(settlement.conflicts),
        beside=settlement.beside,
        branches=conflict.conflict.branches,
        status=ResolutionStatus.REFUSED,
        how=settlement.how,
        choice=settlement.choice,
        who=settlement.who,
        reason=settlement.reason,
        precedents=settlement.precedents,
        commit=None,
        tree=settlement.tree,
        parents=tuple(side.commit for side in settlement.sides),
        ref=None,
        dropped=settlement.verified.dropped,
        checks=tuple(settlement.checks),
        overruled=False,
        moved=None,
        next=None,
    )
    if event is None:
        return refused
    return replace(
        refused,
        status=ResolutionStatus.RESOLVED,
        commit=event.commit,
        ref=event.ref,
        overruled=settlement.overruled,
        moved=moved or None,
        next=None if moved else f"git merge {event.commit}",
    )
