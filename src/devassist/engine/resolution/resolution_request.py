"""The request to the integrator and its result, as values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from devassist.conflicts.resolution.three_way_merge import MergingPair
from devassist.conflicts.resolution.verification import Verified
from devassist.domain.statuses import Outcome
from devassist.engine.context import RunContext
from devassist.engine.crews.prompts import resolution_brief


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionRequest:
    """
    The conflict to resolve: the merge, the intents of both sides, and the objections of git or the detectors.

    `paths` are the files that may be edited; `objections` are sentences that say what is wrong; `settles` are kind and
    symbol of what must be gone afterwards.
    """

    pair: MergingPair
    intents: tuple[str, str]
    paths: Sequence[str]
    objections: Sequence[str]
    cache: Path | None = None
    settles: Collection[tuple[str, str | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionResult:
    """How the integrator ended. `tree` is the id of the whole resolved tree if `outcome` is DELIVERED."""

    outcome: Outcome
    reason: str = ""
    kind: str = ""
    hint: str = ""
    awaits: str = ""
    """The id of the approval request that the integrator waits for."""
    tree: str = ""
    paths: Sequence[str] = ()
    verified: Verified | None = None
    confidence: float = 0.0
    summary: str = ""


def brief_of(request: ResolutionRequest, context: RunContext) -> str:
    """The integrator's prompt: equal for an equal request, so that an interrupted attempt can be continued."""
    pair, repository = request.pair, context.repository
    diffs = [repository.diff(pair.base, side.tree, paths=request.paths) for side in (pair.ours, pair.theirs)]
    return resolution_brief(
        context.around,
        branches=(pair.ours.name, pair.theirs.name),
        intents=request.intents,
        diffs=(diffs[0], diffs[1]),
        paths=request.paths,
        objections=request.objections,
    )
