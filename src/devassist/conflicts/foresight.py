"""Predicts the conflicts of a plan before it runs: tasks that share files, symbols or an aim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations

from devassist.conflicts.outline import Outline, mentioned
from devassist.domain.changes import in_scope
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import may_write

_MOST = 20
"""Paths or symbols that are listed of one."""
_ALIKE = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """Tasks, or a task and an open branch, that are likely to conflict, and why."""

    tasks: tuple[str, ...]
    branch: str | None = None
    paths: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    reason: str


@dataclass
class Foresight:
    """`open_branches` maps the names of live branches to the paths they change."""

    plan: Plan
    outline: Outline
    open_branches: Mapping[str, Sequence[str]]
    _within: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def predict(self) -> list[Predicted]:
        """The predictions, surest first: common scopes, open branches, symbols, work that is planned twice."""
        writing = [task for task in self.plan.tasks if may_write(task.role)]
        loose = [pair for pair in combinations(writing, 2) if not self.plan.ordered(pair[0].id, pair[1].id)]
        return [
            *self._meeting_scopes(loose),
            *self._without_scope(writing, loose),
            *self._with_branches(writing),
            *self._by_symbols(loose),
            *self._named_files(loose),
            *self._same_aim(),
        ]

    def _meeting_scopes(self, pairs: Iterable[tuple[PlanTask, PlanTask]]) -> Iterator[Predicted]:
        sequenced = self.plan.sequenced()
        for task, other in pairs:
            if not (other.id in sequenced.get(task.id, ()) or task.id in sequenced.get(other.id, ())):
                continue
            both = tuple(path for path in self._paths(task) if in_scope(path, other.scope))
            later, first = (task, other) if other.id in sequenced.get(task.id, ()) else (other, task)
            reason = f"their scopes meet, so {later.id} starts after {first.id} has ended"
            patterns = tuple(pattern for pattern in task.scope if pattern in other.scope)
            yield Predicted(tasks=(task.id, other.id), paths=(both or patterns)[:_MOST], reason=reason)

    def _without_scope(
        self, writing: Sequence[PlanTask], loose: Sequence[tuple[PlanTask, PlanTask]]
    ) -> Iterator[Predicted]:
        wide = [task.id for task in writing if not task.scope]
        meets = [pair for pair in loose if not (pair[0].scope and pair[1].scope)]
        if meets:
            reason = (
                "no scope is given, so they may write the same files as any task at work at the same time"
            )
            yield Predicted(tasks=tuple(wide), reason=reason)

    def _with_branches(self, writing: Sequence[PlanTask]) -> Iterator[Predicted]:
        for name, changed in self.open_branches.items():
            for task in writing:
                if task.scope:
                    meant = [path for path in changed if in_scope(path, task.scope)]
                else:
                    meant = [path for path in changed if path in _text(task)]
                if meant:
                    reason = f"{name} is open and changes what {task.id} is about"
                    yield Predicted(
                        tasks=(task.id,), branch=name, paths=tuple(sorted(meant))[:_MOST], reason=reason
                    )

    def _by_symbols(self, pairs: Iterable[tuple[PlanTask, PlanTask]]) -> Iterator[Predicted]:
        for pair in pairs:
            for owner, user in (pair, pair[::-1]):
                if not owner.scope:
                    continue
                defined = self.outline.rare(self._paths(owner))
                named = mentioned(_text(user), defined)
                own = set(self._paths(user)) if user.scope else set()
                used = {
                    name: path for path in own for name in self._uses(path, defined) if path != defined[name]
                }
                names = [*named, *(name for name in sorted(used) if name not in named)]
                elsewhere = [name for name in names if defined[name] not in own]
                if elsewhere:
                    paths = sorted({defined[name] for name in elsewhere})
                    how = "is told of" if named else "works in files that use"
                    reason = f"{user.id} {how} what {owner.id} may change: {', '.join(elsewhere[:5])}"
                    yield Predicted(
                        tasks=(owner.id, user.id),
                        paths=tuple(paths)[:_MOST],
                        symbols=tuple(elsewhere)[:_MOST],
                        reason=reason,
                    )

    def _uses(self, path: str, defined: Mapping[str, str]) -> set[str]:
        return set(self.outline.used(path) & defined.keys()) if self.outline.is_source(path) else set()

    def _named_files(self, pairs: Iterable[tuple[PlanTask, PlanTask]]) -> Iterator[Predicted]:
        for pair in pairs:
            for owner, user in (pair, pair[::-1]):
                text = _text(user)
                meant = tuple(path for path in self._paths(owner) if owner.scope and path in text)
                if meant and not any(in_scope(path, user.scope) for path in meant if user.scope):
                    reason = f"{user.id} is told of files that {owner.id} may change"
                    yield Predicted(tasks=(owner.id, user.id), paths=meant[:_MOST], reason=reason)

    def _same_aim(self) -> Iterator[Predicted]:
        for task, other in combinations(self.plan.tasks, 2):
            title = _likeness(task.title, other.title)
            instructions = _likeness(task.instructions, other.instructions)
            alike = min(title, instructions) if _have_other_files(task, other) else max(title, instructions)
            if alike >= _ALIKE and task.role is other.role:
                reason = f"title or instructions are {alike:.0%} the same: is it the same work twice?"
                yield Predicted(tasks=(task.id, other.id), reason=reason)

    def _paths(self, task: PlanTask) -> tuple[str, ...]:
        if task.id not in self._within:
            self._within[task.id] = tuple(
                path for path in self.outline.paths if task.scope and in_scope(path, task.scope)
            )
        return self._within[task.id]


def _text(task: PlanTask) -> str:
    return f"{task.title}\n{task.instructions}"


def _likeness(text: str, other: str) -> float:
    return SequenceMatcher(None, text.lower().split(), other.lower().split(), autojunk=False).ratio()


def _have_other_files(task: PlanTask, other: PlanTask) -> bool:
    """Whether two tasks name different files: the same instructions for other files are other work."""
    return bool(task.scope and other.scope) and not set(task.scope) & set(other.scope)
