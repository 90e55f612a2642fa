"""What is recorded and noted to whom when a conflict appears, is confirmed or is gone, while a run goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from devassist.domain.conflicts import Conflict, ConflictStatus, Severity
from devassist.domain.events import BranchStaled, ConflictFound, ConflictResolved, Event, NotePosted
from devassist.domain.ids import run_and_task
from devassist.domain.plan import Plan
from devassist.domain.state.run import RunState
from devassist.engine.log.journal import Journal
from devassist.git.repository import Repository

SENDER = "conflicts"
_DIFF_LINES = 60
_STATUSES = (ConflictStatus.PROVISIONAL, ConflictStatus.OPEN)
"""The less certain one first."""


def is_known(found: ConflictFound, state: RunState) -> bool:
    """Whether the run's log has this conflict already, with the same or more certainty."""
    known = state.conflicts.get(found.conflict)
    if known is None:
        return False
    if known.status not in _STATUSES:
        return True
    return _STATUSES.index(found.status) <= _STATUSES.index(known.status)


@dataclass
class ConflictNotices:
    """
    Records what changed since the last look, and notes it to the tasks it concerns.

    `tips` maps branches to the commits that were looked at.
    """

    journal: Journal
    plan: Plan
    base: str
    _recorded: dict[str, str] = field(default_factory=dict)
    """Conflict id -> the status recorded last."""
    _noted: set[tuple[str, str, str]] = field(default_factory=set)
    """(conflict id, status, task) of the notes."""

    def __post_init__(self) -> None:
        """A resumed run goes on where its log ends."""
        with self.journal.lock:
            state = self.journal.state
            self._recorded = {id_: str(conflict.status) for id_, conflict in state.conflicts.items()}
            posted = [note.posted for note in state.notes]
            self._noted = {
                (note.conflict, note.status, note.to)
                for note in posted
                if note.sender == SENDER and note.conflict
            }

    def record(self, conflicts: Iterable[Conflict], view: Repository, tips: Mapping[str, str]) -> None:
        """Record what is new, more certain or gone. What a person decided about a conflict stays."""
        now = {conflict.id: conflict for conflict in conflicts}
        for id_, conflict in now.items():
            earlier = self._recorded.get(id_)
            confirmed = earlier == _STATUSES[0] and conflict.status == _STATUSES[1]
            if earlier is not None and not confirmed:
                continue
            self._recorded[id_] = conflict.status
            fact = ConflictFound.of(conflict, base=self.base)
            event = Event(fact, task=self._later_task(conflict))
            self.journal.record_unless(partial(is_known, fact), event)
        for id_, conflict in now.items():
            # After all conflicts are recorded: a note takes a while to write, and a run that dies here misses none.
            notes = self._notes(id_, conflict, view, tips) if self._recorded[id_] == conflict.status else []
            if notes:
                self.journal.record(*notes)
        for id_ in [id_ for id_ in self._recorded if id_ not in now]:
            del self._recorded[id_]
            gone = ConflictResolved(
                conflict=id_, status=ConflictStatus.GONE, who="policy", reason="it was not found again"
            )
            self.journal.record(Event(gone))

    def record_stale(self, branch: str, paths: Sequence[str], *, by: str, behind: str) -> None:
        """Task `by` has landed, at commit `behind`, in paths that `branch` of another task changes as well."""
        task = run_and_task(branch)[1]
        listed = ", ".join(paths)
        text = (
            f"Task {by} ({self._title(by)}) has landed in {listed}, which this task changes too: "
            "it builds on an older version of them. Keep what both mean."
        )
        stale = BranchStaled(branch=branch, by=by, paths=tuple(paths), onto=behind)
        note = NotePosted(sender=SENDER, to=task, text=text, paths=tuple(paths))
        self.journal.record(Event(stale, task=task), Event(note, task=task))

    def _later_task(self, conflict: Conflict) -> str:
        """The task of the two that comes later in the plan: its work is what must give way."""
        order = list(self.plan.order())
        sides = [run_and_task(branch) for branch in conflict.branches]
        tasks = [task for run, task in sides if run == self.journal.run and task in order]
        return max(tasks, key=order.index, default="")

    def _title(self, task: str) -> str:
        return next((planned.title for planned in self.plan.tasks if planned.id == task), task)

    def _notes(self, id_: str, conflict: Conflict, view: Repository, tips: Mapping[str, str]) -> list[Event]:
        """To each task of this run on either side: the conflict, the other side's purpose, and its change."""
        events: list[Event] = []
        for mine, other in (conflict.branches, conflict.branches[::-1]):
            run, task = run_and_task(mine)
            address = (id_, conflict.status, task)
            if run != self.journal.run or conflict.severity is Severity.NOTE or address in self._noted:
                continue
            self._noted.add(address)
            paths = {conflict.path, *(at.path for at in conflict.locations if at.branch == other)}
            note = NotePosted(
                sender=SENDER,
                to=task,
                text=f"{conflict.explanation}. {self._other_side(other, paths, mine, view, tips)}",
                paths=tuple(sorted({conflict.path, *(at.path for at in conflict.locations)})),
                conflict=id_,
                status=str(conflict.status),
            )
            events.append(Event(note, task=task))
        return events

    def _other_side(
        self, other: str, paths: Collection[str], mine: str, view: Repository, tips: Mapping[str, str]
    ) -> str:
        run, task = run_and_task(other)
        who = f"task {task}: {self._title(task)}" if run == self.journal.run else f"the branch {other}"
        root = view.merge_base(tips[mine], tips[other]) if {mine, other} <= tips.keys() else None
        patch = view.diff(root, tips[other], paths=paths) if root is not None else ""
        lines = patch.splitlines()
        cut = [f"[... {len(lines) - _DIFF_LINES} more lines]"] if len(lines) > _DIFF_LINES else []
        return "\n".join([f"The other side is {who}. Its change:", *lines[:_DIFF_LINES], *cut])
