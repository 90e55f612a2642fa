"""
Takes a run back out of where a person had put it.

Where the branch still ends with the merge, the branch goes back to what it was; where others have built on it, a
commit on top takes the change out. Both only ever move the ref by compare-and-swap, with the person's files behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from devassist.domain.errors import RepositoryError, Unfinished
from devassist.domain.events import (
    Event,
    Fact,
    MergeCompleted,
    Record,
    RunApplied,
    RunUndone,
    UndoIntended,
)
from devassist.domain.ids import rescue_ref
from devassist.engine.takeover.merge import Aftermath
from devassist.git.merging.merge import merge_in_memory
from devassist.git.objects.trailers import with_trailers
from devassist.git.worktree.checkout import apply_to_workdir, checkout_branch_to, dirty_overlap


@dataclass(frozen=True, slots=True)
class Landing:
    """One landing of a run, and the id of its event."""

    id: str
    act: MergeCompleted | RunApplied
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """
    What undoing comes to. `how` is restored, reverted or unapplied; `tree` is what the branch or the files end with.

    `old` is the branch's tip before; `new` the commit it goes back to, '' where one is to be made.
    """

    how: str
    landed: Landing
    branch: str = ""
    old: str = ""
    new: str = ""
    before: str = ""
    tree: str = ""
    paths: Sequence[str] = ()
    stat: str = ""


def standing(records: Sequence[Record]) -> list[Landing]:
    """The landings among `records` that have not been undone, in order."""
    undone = {record.event.parent for record in records if isinstance(record.body, RunUndone)}
    return [
        Landing(record.id, record.body, record.event.run)
        for record in records
        if isinstance(record.body, (MergeCompleted, RunApplied)) and record.id not in undone
    ]


@dataclass(frozen=True, kw_only=True)
class Undo:
    """
    Undoes the newest landing of one run. `landings` are its records in order: merges into a person's branches,
    applications to their files, what was undone, and what undoing was begun.
    """

    after: Aftermath
    landings: Sequence[Record]
    last_landed: str = ""
    """The run whose landing is the newest that has not been undone, if there is one."""

    def plan(self) -> Undoing:
        """What would be undone, and how; nothing is changed. Raises Unfinished where nothing can be."""
        landings = standing(self.landings)
        if not landings:
            run = self.after.state.run
            other = (
                f"devassist undo {self.last_landed} takes back the newest landing; "
                if self.last_landed
                else ""
            )
            raise Unfinished(f"{run} was not landed anywhere", hint=f"{other}devassist merge {run} lands it")
        landed = landings[-1]
        match landed.act:
            case RunApplied() as applied:
                return self._unapply(landed, applied)
            case MergeCompleted() as merge:
                return self._unmerge(landed, merge)

    def carry_out(self, undoing: Undoing, *, sign: bool = True) -> Undoing:
        """Do it, recorded before and after; with the commit that the branch ends with now."""
        repository, run = self.after.repository, self.after.state.run
        new = undoing.new
        if undoing.how == "reverted":
            new = self.after.commit(undoing.tree, [undoing.old], self._message(undoing), sign=sign)
        intent = UndoIntended(
            how=undoing.how,
            branch=undoing.branch or None,
            old=undoing.old or None,
            commit=new or None,
            paths=tuple(undoing.paths),
            stat=undoing.stat,
            tree=undoing.tree,
        )
        self._record(undoing, intent)
        if undoing.how == "unapplied":
            try:
                apply_to_workdir(repository, undoing.before, undoing.tree)
            except RepositoryError as error:
                raise Unfinished(str(error), hint=error.hint) from error
        else:
            ref = rescue_ref(run, f"undone/{undoing.old[:12]}")
            if repository.ref_tip(ref) is None:
                repository.create_ref(ref, undoing.old, "devassist: kept at undo")
            if (
                repository.branch_tip(undoing.branch) != new
            ):  # a crash may have come between the move and its record
                message = f"devassist: undo {run}"
                checkout_branch_to(repository, undoing.branch, new, old=undoing.old, message=message)
        done = RunUndone(
            how=intent.how,
            branch=intent.branch,
            old=intent.old,
            commit=intent.commit,
            paths=intent.paths,
            stat=intent.stat,
            tree=intent.tree,
        )
        self._record(undoing, done)
        return replace(undoing, new=new)

    def _unmerge(self, landed: Landing, merge: MergeCompleted) -> Undoing:
        repository = self.after.repository
        branch = merge.ref.removeprefix("refs/heads/")
        commit, first = merge.commit, merge.parents[0]
        tip = repository.branch_tip(branch)
        if begun := self._begun(landed, tip):
            return begun
        if tip is None or not repository.is_ancestor(commit, tip):
            raise Unfinished(
                f"{branch} does not hold the merge {commit[:12]} any more", hint=f"git log {branch}"
            )
        if tip == commit:
            return self._described("restored", landed, branch, tip, new=first, tree=repository.tree_of(first))
        merged = merge_in_memory(repository, tip, first, base=commit, environment=self.after.environment)
        if merged.tree is None:
            paths = ", ".join(sorted({one.path for one in merged.conflicts}))
            raise Unfinished(
                f"what was built on {branch} since conflicts with taking the run out, in {paths}; nothing was touched",
                hint=f"git revert -m 1 {commit[:12]} resolves it by hand",
            )
        if merged.tree == repository.tree_of(tip):
            raise Unfinished(f"{branch} has nothing of the run any more", hint=f"git log {branch}")
        return self._described("reverted", landed, branch, tip, new="", tree=merged.tree)

    def _begun(self, landed: Landing, tip: str | None) -> Undoing | None:
        """An undoing that was cut off after it had moved the branch: what is left is to say so."""
        facts = [record.body for record in self.landings if record.event.parent == landed.id]
        intent = facts[-1] if facts else None
        if not isinstance(intent, UndoIntended) or intent.commit != tip:
            return None
        return self._described(
            intent.how, landed, intent.branch or "", intent.old or "", new=str(tip), tree=intent.tree
        )

    def _described(
        self, how: str, landed: Landing, branch: str, old: str, **more: str
    ) -> Undoing:  # the two ways differ in the commit and the tree alone
        repository, tree = self.after.repository, more["tree"]
        before = repository.tree_of(old)
        paths = repository.changed_paths(before, tree)
        if repository.head_branch == branch and repository.branch_tip(branch) == old:
            self._refuse(dirty_overlap(repository, tree, base_tree=before))
        return Undoing(
            how=how,
            landed=landed,
            branch=branch,
            old=old,
            new=more["new"],
            before=before,
            tree=tree,
            paths=paths,
            stat=repository.diff(before, tree, stat=True),
        )

    def _unapply(self, landed: Landing, applied: RunApplied) -> Undoing:
        repository = self.after.repository
        base, result = repository.tree_of(applied.base), repository.tree_of(applied.result)
        self._refuse(dirty_overlap(repository, base, base_tree=result))
        return Undoing(
            how="unapplied",
            landed=landed,
            before=result,
            tree=base,
            paths=repository.changed_paths(result, base),
            stat=repository.diff(result, base, stat=True),
        )

    def _refuse(self, paths: Sequence[str]) -> None:
        if paths:
            raise Unfinished(
                f"{', '.join(paths[:10])} changed since; nothing was touched",
                hint="git diff shows what is there; commit or stash it, then undo again",
            )

    def _message(self, undoing: Undoing) -> str:
        act, run = undoing.landed.act, self.after.state.run
        merge = act.commit if isinstance(act, MergeCompleted) else act.result
        seq, link = self.after.head()
        trailers = {
            "Devassist-Run": run,
            "Audit-Head": f"{seq}:{link.hex()}",
            "Audit-Database": self.after.database,
        }
        return with_trailers(
            f"Undo run {run}", f"This takes out what merge {merge[:12]} brought in.", trailers
        )

    def _record(self, undoing: Undoing, fact: Fact) -> None:
        run = self.after.state.run
        self.after.recorder.record(Event(fact, run=run, parent=undoing.landed.id))
