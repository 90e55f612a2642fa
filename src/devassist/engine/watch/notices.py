"""What is recorded and who is told when a conflict appears, is confirmed or is gone, while a run goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from devassist.domain.conflicts import Conflict, ConflictStatus, Severity
from devassist.domain.events import BranchStaled, ConflictFound, ConflictResolved, Event, NotePosted
from devassist.domain.ids import run_and_task
from devassist.domain.plan import Plan
from devassist.domain.run import RunState
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
class Alerts:
    """Tells what changed since it was last asked. `tips` maps branches to the commits they were looked at."""

    journal: Journal
    plan: Plan
    base: str
    _said: dict[str, str] = field(default_factory=dict)
    _noted: set[tuple[str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """A run that is taken up again goes on where its log ends."""
        with self.journal.lock:
            state = self.journal.state
            self._said = {id_: str(conflict.status) for id_, conflict in state.conflicts.items()}
            posted = [note.posted for note in state.notes]
            self._noted = {
                (note.conflict, note.status, note.to)
                for note in posted
                if note.sender == SENDER and note.conflict
            }

    def tell(self, conflicts: Iterable[Conflict], view: Repository, tips: Mapping[str, str]) -> None:
        """Record what is new, surer or gone. What a person decided about a conflict stays."""
        now = {one.id: one for one in conflicts}
        for id_, one in now.items():
            known = self._said.get(id_)
            if known is not None and not (known == _STATUSES[0] and one.status == _STATUSES[1]):
                continue
            self._said[id_] = one.status
            found = ConflictFound.of(one, base=self.base)
            self.journal.record_unless(partial(is_known, found), Event(found, task=self._later(one)))
        for id_, one in now.items():
            # After all that was found: a note takes a while to write, and none is missed by a run that died here.
            if self._said[id_] == one.status and (notes := self._notes(id_, one, view, tips)):
                self.journal.record(*notes)
        for id_ in [id_ for id_ in self._said if id_ not in now]:
            del self._said[id_]
            gone = ConflictResolved(
                conflict=id_, status=ConflictStatus.GONE, who="policy", reason="it was not found again"
            )
            self.journal.record(Event(gone))

    def stale(self, branch: str, paths: Sequence[str], *, by: str, behind: str) -> None:
        """A task has landed in paths that the branch of another changes as well."""
        task = run_and_task(branch)[1]
        listed = ", ".join(paths)
        text = (
            f"Task {by} ({self._title(by)}) has landed in {listed}, which this task changes too: "
            "it builds on an older version of them. Keep what both mean."
        )
        stale = BranchStaled(branch=branch, by=by, paths=tuple(paths), onto=behind)
        note = NotePosted(sender=SENDER, to=task, text=text, paths=tuple(paths))
        self.journal.record(Event(stale, task=task), Event(note, task=task))

    def _later(self, one: Conflict) -> str:
        """The one of its tasks that comes later in the plan: its work is what must give way."""
        order = list(self.plan.order())
        tasks = [task for task in self._tasks(one) if task in order]
        return max(tasks, key=order.index, default="")

    def _tasks(self, one: Conflict) -> list[str]:
        found = [run_and_task(branch) for branch in one.branches]
        return [task for run, task in found if run == self.journal.run]

    def _title(self, task: str) -> str:
        return next((one.title for one in self.plan.tasks if one.id == task), task)

    def _notes(self, id_: str, one: Conflict, view: Repository, tips: Mapping[str, str]) -> list[Event]:
        """To each task of this run that has a part in it: what it is, what the other is for, what the other did."""
        events: list[Event] = []
        for mine, other in (one.branches, one.branches[::-1]):
            run, task = run_and_task(mine)
            address = (id_, one.status, task)
            if run != self.journal.run or one.severity is Severity.NOTE or address in self._noted:
                continue
            self._noted.add(address)
            paths = {one.path, *(at.path for at in one.locations if at.branch == other)}
            note = NotePosted(
                sender=SENDER,
                to=task,
                text=f"{one.explanation}. {self._other_side(other, paths, mine, view, tips)}",
                paths=tuple(sorted({one.path, *(at.path for at in one.locations)})),
                conflict=id_,
                status=str(one.status),
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
