"""Lets the neutral integrator resolve one conflict, in a small run that is recorded and limited as any run is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from devassist.app.conflicts.branches import intent_of
from devassist.app.conflicts.check_tree import run_checks
from devassist.app.conflicts.open_conflict import Answer, OpenConflict, opened
from devassist.app.conflicts.resolve import APPROVAL, Resolution, settle_in
from devassist.app.runs.ownership import own_run
from devassist.app.runs.requesting import (
    ResumeOptions,
    RunOptions,
    fresh_run_id,
    new_request,
    resumed_request,
)
from devassist.app.runs.running import RunParts, cleared, supervision
from devassist.app.wiring.project import Project, open_reader
from devassist.domain.conflicts import ConflictStatus
from devassist.domain.errors import Unfinished, UsageError
from devassist.domain.events import DecisionMade, Event, ResolutionAsked, SnapshotTaken
from devassist.domain.ids import rescue_ref
from devassist.domain.resolutions import How, ResolutionCheck, ResolutionStatus
from devassist.domain.roles import Role
from devassist.domain.state.approvals import Choice, decide
from devassist.domain.state.run import RunState
from devassist.engine.context import RunRequest
from devassist.engine.log.journal import Journal
from devassist.engine.resolution.resolution_request import ResolutionRequest, ResolutionResult
from devassist.engine.run.resolution_run import TASK, ResolutionRun
from devassist.engine.run.supervisor import Supervisor
from devassist.git.merging.merge import commit_merge
from devassist.git.merging.tree_view import TreeView
from devassist.ports import EventSink, Recorder
from devassist.store.filters import EventFilter


def resolve_by_agent(
    conflict: OpenConflict, answer: Answer, *, sinks: Sequence[EventSink] = ()
) -> Resolution:
    """
    Starts a run for a conflict, and returns the integrator's resolution, kept or refused.

    `answer` has the person's reason, whether to run checks, and the branch to move.

    Raises ModelError, LimitReached, Interrupted or Unfinished if there is no resolution.
    """
    run, project = fresh_run_id(), conflict.project
    options = RunOptions(goal=f"resolve {conflict.ids[0]}", base=conflict.base_commit)
    request = new_request(project, options, run)
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    with own_run(project, run):
        return _run(
            conflict,
            answer,
            replace(request, warnings=(), resolution=_request_of(conflict, answer)),
            Journal(run=run),
            directory,
            sinks,
        )


def resume_by_agent(
    project: Project, state: RunState, options: ResumeOptions, *, sinks: Sequence[EventSink] = ()
) -> Resolution:
    """
    As `resolve_by_agent`, for an interrupted run, whose recorded replies are not requested again.

    Raises UsageError if the conflict is resolved, or if its branches moved.
    """
    recorded = state.started.resolution
    if recorded is None:
        raise UsageError(f"{state.run} resolves no conflict", hint=f"devassist resume {state.run}")
    answer = Answer(
        who=recorded.who,
        reason=recorded.reason,
        checks=recorded.checks,
        into=recorded.into,
        overrule=recorded.overrule,
    )
    with own_run(project, state.run), opened(project, recorded.conflict) as conflict:
        if conflict.status is ConflictStatus.RESOLVED or _sides(conflict) != recorded.sides:
            moved = (
                "is resolved"
                if conflict.status is ConflictStatus.RESOLVED
                else "is between other commits now"
            )
            raise UsageError(
                f"{recorded.conflict} {moved}, so there is nothing to continue",
                hint=f"devassist conflicts resolve {recorded.conflict} --agent",
            )
        journal = Journal(run=state.run)
        with open_reader(project) as reader:
            for record in reader.events(EventFilter(run=state.run)):
                journal.fold(record)
        directory = Path(state.started.worktrees)
        directory.mkdir(parents=True, exist_ok=True)
        request = replace(resumed_request(project, state, options), cleared=cleared(project, state.run))
        return _run(conflict, answer, request, journal, directory, sinks)


def _request_of(conflict: OpenConflict, answer: Answer) -> ResolutionAsked:
    """The part of the person's request that a resume needs."""
    return ResolutionAsked(
        conflict=conflict.ids[0],
        sides=_sides(conflict),
        who=answer.who,
        reason=answer.reason,
        checks=answer.checks,
        into=answer.into,
        overrule=answer.overrule,
    )


def _sides(conflict: OpenConflict) -> tuple[str, ...]:
    return conflict.pair.ours.commit, conflict.pair.theirs.commit


def _run(
    conflict: OpenConflict,
    answer: Answer,
    request: RunRequest,
    journal: Journal,
    directory: Path,
    sinks: Sequence[EventSink],
) -> Resolution:
    project = conflict.project
    accepted: list[Resolution] = []

    def accept(result: ResolutionResult) -> str | None:
        accepted.append(_accepted(conflict, answer, result, journal, request.run))
        return accepted[-1].commit

    with supervision(project, request, journal, directory, RunParts(sinks=sinks)) as run:
        work = ResolutionRun(
            context=run.context, request=_resolution_request(project, conflict), accept=accept
        )
        supervisor = Supervisor(context=run.context, work=work)
        supervisor.execute()
    if supervisor.error is not None:
        raise supervisor.error
    if not accepted:
        raise Unfinished("the run ended without a resolution", hint=f"devassist resume {request.run}")
    return accepted[-1]


def _resolution_request(project: Project, conflict: OpenConflict) -> ResolutionRequest:
    pair = conflict.pair
    objections = [at.message for file in pair.files for at in file.conflicts]
    if conflict.semantic:
        objections.insert(0, f"{conflict.conflict.explanation}. {conflict.conflict.suggestion}")
    return ResolutionRequest(
        pair=pair,
        intents=(
            intent_of(project, pair.ours, conflict.base_commit),
            intent_of(project, pair.theirs, conflict.base_commit),
        ),
        paths=conflict.paths,
        objections=objections,
        cache=project.host.state_dir / "symbols",
        settles=conflict.settles,
    )


def _accepted(
    conflict: OpenConflict, draft: Answer, result: ResolutionResult, recorder: Recorder, run: str
) -> Resolution:
    """Checks the integrator's resolution, and has the policy approve it; it is kept if both agree."""
    project = conflict.project
    policy = decide(project.settings.approvals, kind="resolution", confidence=result.confidence)
    decision = DecisionMade(
        who="policy",
        question=f"accept the integrator's resolution of {conflict.ids[0]}?",
        options=("approve", "ask", "leave"),
        choice=str(policy.choice),
        reason=policy.reason,
        confidence=result.confidence,
        tree=result.tree,
    )
    recorder.record(Event(decision, task=TASK))
    ran = [ResolutionCheck(name=APPROVAL, ok=policy.choice is Choice.APPROVE, detail=policy.reason)]
    if draft.checks or conflict.needs_checks:
        ran += run_checks(project, conflict.pair, result.tree, recorder)
    view = TreeView(project.repository)
    answer = replace(
        draft,
        how=How.AGENT,
        edits={path: view.find(result.tree, path) for path in result.paths},
        who=draft.who if draft.overrule else f"agent {run}/resolve/integrator",
        choice=result.summary,
        reason=draft.reason or result.summary,
        checks=False,
        confidence=result.confidence,
    )
    resolution = settle_in(conflict, answer, recorder, ran=ran, run=run)
    if resolution.status is ResolutionStatus.REFUSED:
        ref = _rescued(project, result, resolution.parents, recorder, run)
        return replace(resolution, ref=ref, run=run)
    ref = rescue_ref(run, f"{TASK}/{Role.INTEGRATOR}")
    if (tip := project.repository.ref_tip(ref)) is not None:
        project.repository.delete_ref(ref, old=tip)  # the resolution's own ref holds it now
    return replace(resolution, run=run)


def _rescued(
    project: Project, result: ResolutionResult, parents: Sequence[str], recorder: Recorder, run: str
) -> str:
    """Keeps a refused resolution for a person to review, and returns its rescue ref."""
    repository = project.repository
    signature = repository.signature(project.host.environment)
    commit = commit_merge(
        repository, tree=result.tree, parents=parents, message=f"Not accepted: {result.summary}",
        author=signature, committer=signature,
    )  # fmt: skip
    ref = rescue_ref(run, f"{TASK}/{Role.INTEGRATOR}")
    repository.keep_ref(ref, commit)
    recorder.record(Event(SnapshotTaken(ref=ref, commit=commit), task=TASK))
    return ref
