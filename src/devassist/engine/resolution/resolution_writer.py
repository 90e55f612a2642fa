"""Writes a resolution: records who decided what and why, then makes a merge commit that a safety ref holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from devassist.conflicts.resolution.verification import Verified
from devassist.domain.conflicts import ConflictStatus, Side
from devassist.domain.events import (
    BesideConflict,
    ConflictResolved,
    DecisionMade,
    Event,
    Fact,
    Repeat,
    SettledHunk,
)
from devassist.domain.resolutions import How, ResolutionCheck
from devassist.git.merging.merge import commit_merge
from devassist.git.objects.identity import Signature
from devassist.git.objects.trailers import one_line, with_trailers
from devassist.git.repository import Repository
from devassist.ports import Recorder

_REFS = "refs/devassist/resolution"
_RESCUE = "refs/devassist/rescue/resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """
    A checked resolution. `tree` is the id of the whole merged tree; `conflicts` are the ids that it settles.

    `who` is `person NAME`, `agent ID` or `policy`. Later repeats are recognised by `hunks`; `precedents` are the
    earlier answers that this one repeats; `beside` are conflicts of the same pair that it does not settle.
    """

    conflicts: Sequence[str]
    sides: tuple[Side, Side]
    tree: str
    how: How
    who: str
    choice: str
    reason: str
    verified: Verified
    ran: Sequence[ResolutionCheck] = ()
    confidence: float | None = 1.0
    hunks: tuple[SettledHunk, ...] = ()
    precedents: tuple[Repeat, ...] = ()
    overruled: bool = False
    beside: tuple[BesideConflict, ...] = ()

    @property
    def checks(self) -> list[ResolutionCheck]:
        return [*self.verified.checks, *self.ran]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionWriter:
    """Writes resolutions of one repository; `run` and `task` name the run that they belong to, if any."""

    repository: Repository
    recorder: Recorder
    signature: Signature
    run: str = ""
    task: str = ""

    def keep(self, settlement: Settlement) -> ConflictResolved:
        """Records the decision, makes the merge commit and points the safety refs at it; the first conflict's event."""
        parent = self.decide(settlement)
        return self.note(settlement, self.commit(settlement), parent=parent)

    def decide(self, settlement: Settlement) -> str:
        """Records who chose what and why; the id of the record."""
        return self._record(
            DecisionMade(
                who=settlement.who,
                question=f"settle {', '.join(settlement.conflicts)}?",
                options=(*map(str, How), "leave open"),
                choice=f"{settlement.how}: {settlement.choice}" if settlement.choice else str(settlement.how),
                reason=settlement.reason,
                confidence=settlement.confidence,
                tree=settlement.tree,
                parents=tuple(side.commit for side in settlement.sides),
                precedents=settlement.precedents,
            )
        )

    def note(self, settlement: Settlement, commit: str, *, parent: str) -> ConflictResolved:
        """Points the safety refs at the merge commit and records that it settles the conflicts."""
        resolved = ConflictResolved(
            conflict=settlement.conflicts[0],
            ref=f"{_REFS}/{settlement.conflicts[0]}",
            status=ConflictStatus.RESOLVED,
            who=settlement.who,
            reason=settlement.reason,
            how=str(settlement.how),
            choice=settlement.choice,
            branches=tuple(side.name for side in settlement.sides),
            commit=commit,
            tree=settlement.tree,
            parents=tuple(side.commit for side in settlement.sides),
            dropped=tuple(settlement.verified.dropped),
            checks=tuple(settlement.checks),
            overruled=settlement.overruled,
            hunks=settlement.hunks,
            precedents=settlement.precedents,
            beside=settlement.beside,
        )
        with (
            self.repository.lock()
        ):  # two people may settle a conflict at the same time: both merges are kept
            for conflict in settlement.conflicts:
                ref = f"{_REFS}/{conflict}"
                self._point(ref, commit)
                self._record(replace(resolved, conflict=conflict, ref=ref), parent=parent)
        return resolved

    def undo(self, conflict: str, *, commit: str, who: str, reason: str) -> ConflictResolved:
        """Reopens a conflict; the commit stays reachable below the rescue refs."""
        parent = self._record(
            DecisionMade(
                who=who,
                question=f"undo the resolution of {conflict}?",
                options=("undo", "keep"),
                choice="undo",
                reason=reason,
                confidence=1.0,
            )
        )
        ref = f"{_REFS}/{conflict}"
        with self.repository.lock():
            rescue = self._free(f"{_RESCUE}/{conflict}")
            self.repository.create_ref(rescue, commit, "devassist: resolution undone")
            if self.repository.ref_tip(ref) == commit:
                self.repository.delete_ref(ref, old=commit)
        undone = ConflictResolved(
            conflict=conflict, status=ConflictStatus.OPEN, who=who, reason=reason, undone=commit, ref=rescue
        )
        self._record(undone, parent=parent)
        return undone

    def commit(self, settlement: Settlement) -> str:
        """Makes the merge commit of both branches, which no ref names yet; its id."""
        ours, theirs = settlement.sides
        message = with_trailers(
            f"Merge {theirs.name} into {ours.name}: {settlement.conflicts[0]} resolved",
            "\n".join(
                one_line(f"Dropped from {line.branch}: {line.path}:{line.line}")
                .encode("utf-8", "replace")
                .decode()
                for line in settlement.verified.dropped
            ),
            {
                "Devassist-Conflict": " ".join(settlement.conflicts),
                **({"Devassist-Run": self.run} if self.run else {}),
                **({"Devassist-Task": self.task} if self.task else {}),
            },
        )
        return commit_merge(
            self.repository,
            tree=settlement.tree,
            parents=[ours.commit, theirs.commit],
            message=message,
            author=self.signature,
            committer=self.signature,
        )

    def _point(self, ref: str, commit: str) -> None:
        """Points a ref at a commit; its previous commit moves to a ref with a number behind the name."""
        old = self.repository.ref_tip(ref)
        if old is None:
            self.repository.create_ref(ref, commit, "devassist: conflict resolved")
        elif old != commit:
            self.repository.create_ref(self._free(ref), old, "devassist: an earlier resolution")
            self.repository.move_ref(ref, old=old, new=commit, message="devassist: conflict resolved again")

    def _free(self, ref: str) -> str:
        number = 1
        while self.repository.ref_tip(f"{ref}-{number}") is not None:
            number += 1
        return f"{ref}-{number}"

    def _record(self, fact: Fact, *, parent: str = "") -> str:
        (record,) = self.recorder.record(Event(fact, run=self.run, task=self.task, parent=parent))
        return record.id
