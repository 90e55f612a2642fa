"""What the integrator is asked and what it answers, as values."""

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
class Matter:
    """
    What is to be resolved: the pair, both intents, and why git or the detectors object.

    `paths` are the files that may be edited; `objections` say in a sentence each what is wrong; `settles` is as
    Verification has it.
    """

    pair: MergingPair
    intents: tuple[str, str]
    paths: Sequence[str]
    objections: Sequence[str]
    cache: Path | None = None
    settles: Collection[tuple[str, str | None]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionResult:
    """How the integrator ended. `tree` is the whole resolved tree when `outcome` is delivered."""

    outcome: Outcome
    reason: str = ""
    kind: str = ""
    hint: str = ""
    awaits: str = ""
    """The approval request that the integrator is parked at."""
    tree: str = ""
    paths: Sequence[str] = ()
    verified: Verified | None = None
    confidence: float = 0.0
    summary: str = ""


def brief_of(matter: Matter, context: RunContext) -> str:
    """What the integrator is told of it: the same for the same matter, so that an attempt can be gone on with."""
    pair, repository = matter.pair, context.repository
    diffs = [repository.diff(pair.base, side.tree, paths=matter.paths) for side in (pair.ours, pair.theirs)]
    return resolution_brief(
        context.around,
        branches=(pair.ours.name, pair.theirs.name),
        intents=matter.intents,
        diffs=(diffs[0], diffs[1]),
        paths=matter.paths,
        objections=matter.objections,
    )
