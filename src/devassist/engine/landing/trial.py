"""One merged tree before the gate: each check on it, beside what it goes onto, and held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import PurePosixPath

from devassist.domain.changes import in_scope
from devassist.domain.judges.awareness import awareness, is_code
from devassist.domain.judges.meddling import meddles
from devassist.domain.judges.paths import file_of, is_test, is_test_file, judging_paths
from devassist.domain.ledger import CaseStatus, Ledger, LedgerDifference
from devassist.domain.plan import PlanTask
from devassist.domain.statuses import Purpose
from devassist.domain.verdicts import JudgedCheck, compared, differs_held_out, own_problem, project_problem
from devassist.engine.landing.checks import CheckRun, Checks, read_text
from devassist.engine.landing.moved_cases import moved_cases, renamed_parameters
from devassist.git.merging.merge import commit_merge


class Trial:
    """A task's merged tree, as the checks are tried on it."""

    def __init__(
        self,
        runs: Checks,
        task: PlanTask,
        commit: str,
        onto: str,
        *,
        commands: Sequence[str],
        allowed: Sequence[str],
    ) -> None:
        self.context, self.runs = runs.context, runs
        self.task, self.commit, self.onto, self.allowed = task, commit, onto, allowed
        self.before = partial(read_text, self.context, onto)
        self.after = partial(read_text, self.context, commit)
        repository = self.context.repository
        self.changed = repository.changed_paths(onto, commit)
        self.judges = judging_paths(
            self.changed,
            before=self.before,
            after=self.after,
            commands=commands,
            allowed=self.allowed,
        )
        self.earlier = self._changed_earlier(commands)

    @cached_property
    def aware(self) -> tuple[str, ...]:
        """The paths of code that asks since the change whether it is tested."""
        code = [path for path in self.changed if is_code(path) and not is_test(path)]
        before = sum((awareness(path, self.before(path) or "") for path in code), Counter[str]())
        return tuple(path for path in code if awareness(path, self.after(path) or "") - before)

    def check(self, command: str, *, own: bool) -> tuple[JudgedCheck, str]:
        """The verdict on one command, and the end of its output."""
        run = self.runs.on(self.commit, command, purpose=Purpose.GATE, task=self.task.id)
        judged = self._own(run) if own else self._project(run)
        if judged.problem:
            judged, run = self._again(judged, own=own)
        if not judged.problem:
            judged = self._doubted(judged, run.ledger)
        return judged, run.tail

    def _own(self, run: CheckRun) -> JudgedCheck:
        now = run.ledger
        return JudgedCheck(
            command=now.command,
            own=True,
            exit_code=now.exit_code,
            runner=now.runner,
            passed=len(now.of(CaseStatus.PASSED)),
            foreign=now.foreign,
            new_failures=now.failed,
            problem=own_problem(now),
        )

    def _project(self, run: CheckRun) -> JudgedCheck:
        now, reference = run.ledger, self._reference(run.ledger.command)
        found = self._compared(now, reference.ledger)
        problem = project_problem(now, reference.ledger, found)
        if (
            problem and reference.reused
        ):  # the world may have changed since: a new linter, an expired certificate
            self._reference(now.command, again=True)
            return self._project(run)
        return JudgedCheck(
            command=now.command,
            own=False,
            exit_code=now.exit_code,
            base_exit_code=self.runs.base(now.command).ledger.exit_code,
            runner=now.runner,
            passed=len(now.of(CaseStatus.PASSED)),
            added=len(found.added),
            foreign=now.foreign,
            new_failures=found.new_failures,
            known_failures=found.known_failures,
            fixed=found.fixed,
            skipped_newly=self._not_allowed(found.skipped_newly),
            vanished=self._not_allowed(found.vanished),
            moved=found.moved,
            problem=problem,
        )

    def _again(self, judged: JudgedCheck, *, own: bool) -> tuple[JudgedCheck, CheckRun]:
        """A failure counts if it is there the second time as well."""
        command = judged.command
        second = self.runs.on(self.commit, command, purpose=Purpose.GATE, task=self.task.id, again=True)
        again = self._own(second) if own else self._project(second)
        still = set(second.ledger.failed)
        flaky = tuple(case for case in judged.new_failures if case not in still)
        if not again.problem and not flaky:
            flaky = (command,)
        return replace(again, flaky=flaky), second

    def _reference(self, command: str, *, again: bool = False) -> CheckRun:
        """The check on what the change goes onto: the base, or what landed before."""
        return self.runs.on(self.onto, command, purpose=Purpose.BASE, task=self.task.id, again=again)

    def _compared(self, now: Ledger, reference: Ledger) -> LedgerDifference:
        found = compared(now, reference, moved={})
        if not found.vanished:
            return found
        moved = moved_cases(found.vanished, found.added, before=self.before, after=self.after)
        return compared(now, reference, moved=moved)

    def _not_allowed(self, cases: Sequence[str]) -> tuple[str, ...]:
        """
        Those that the plan does not let the task change.

        A case whose id names no file is one that it may change if all the judging files it touches are.
        """
        if not self.allowed:
            return tuple(cases)
        return tuple(
            case
            for case in cases
            if (not in_scope(file, list(self.allowed)) if (file := file_of(case)) else bool(self.judges))
        )

    def _doubted(self, judged: JudgedCheck, now: Ledger) -> JudgedCheck:
        """With what a person decides: tests that are gone or do not run any more, and what only the new judges pass."""
        held_out: tuple[str, ...] = ()
        if self.judges or self.earlier:
            if judged.own:
                found = self._compared(now, self._reference(now.command).ledger)
                judged = replace(
                    judged,
                    skipped_newly=self._not_allowed(found.skipped_newly),
                    vanished=self._not_allowed(found.vanished),
                    moved=found.moved,
                )
            held_out = self._held_out_difference(judged, now)
        doubts = [
            f"{listed(cases)} {what}"
            for cases, what in (
                (judged.vanished, "vanished"),
                (judged.skipped_newly, "skipped, or expected to fail, since the change"),
                (held_out, "passing only since the change to what judges it"),
            )
            if cases
        ]
        if now.ran_nothing and judged.vanished:
            doubts.append("no test ran")
        return replace(judged, held_out=held_out, doubts=tuple(doubts))

    def _held_out_difference(self, judged: JudgedCheck, now: Ledger) -> tuple[str, ...]:
        """The cases that only the changed judges pass, confirmed by a second run."""
        reference = self._reference(now.command).ledger
        if self.earlier:
            reference = self._on_held_out(self._reference_held_out, now.command)
        different: tuple[str, ...] = ()
        for again in (False, True):
            held_out = self._named_as(reference, self._on_held_out(self._held_out, now.command, again=again))
            different = differs_held_out(reference, now, held_out, moved=judged.moved)
            if not different:
                break
        return self._not_allowed(different)

    def _named_as(self, reference: Ledger, held_out: Ledger) -> Ledger:
        """With the ids that the same functions' cases have in `reference`: parameters may be random."""
        found = compared(held_out, reference, moved={})
        if not found.vanished:
            return held_out
        before = self._reference_held_out if self.earlier else self.onto
        renamed = renamed_parameters(
            found.vanished,
            found.added,
            before=partial(read_text, self.context, before),
            after=partial(read_text, self.context, self._held_out),
        )
        old_of = {new: old for old, new in renamed.items()}
        return replace(
            held_out, cases={old_of.get(case, case): status for case, status in held_out.cases.items()}
        )

    def _on_held_out(self, commit: str, command: str, *, again: bool = False) -> Ledger:
        return self.runs.on(commit, command, purpose=Purpose.HELD_OUT, task=self.task.id, again=again).ledger

    def _changed_earlier(self, commands: Sequence[str]) -> tuple[str, ...]:
        """
        Judging files that tasks which landed before have changed: what they hide may be there only now.

        Tests that keep to themselves are none of them, else every task after one that adds a test would pay for it.
        """
        base = self.context.request.base
        if base == self.onto:
            return ()
        changed = self.context.repository.changed_paths(base, self.onto)
        at_base = partial(read_text, self.context, base)
        paths = judging_paths(changed, before=at_base, after=self.before, commands=commands)
        return tuple(
            path for path in paths if not is_test_file(path) or meddles(path, self.before(path) or "")
        )

    @cached_property
    def _held_out(self) -> str:
        """
        A commit of the merged tree in which the judging files are as they were before the change.

        A test file that only has another place now is not there twice: runners take two of a name for a mistake.
        """
        repository = self.context.repository
        gone = {PurePosixPath(path).name for path in self.judges if self.after(path) is None}
        added = [path for path in self.changed if self.before(path) is None and is_test_file(path)]
        paths = [*self.judges, *(path for path in added if PurePosixPath(path).name in gone)]
        before, after = repository.tree_of(self.onto), repository.tree_of(self.commit)
        return self._judged_by_the_base(repository.tree_with(after, paths, before), self.commit)

    @cached_property
    def _reference_held_out(self) -> str:
        """What the change goes onto, in which what landed before has not changed what judges it."""
        return self._judged_by_the_base(self.context.repository.tree_of(self.onto), self.onto)

    def _judged_by_the_base(self, tree: str, parent: str) -> str:
        repository = self.context.repository
        base = repository.tree_of(self.context.request.base)
        signature = repository.signature(self.context.environment)
        return commit_merge(
            repository,
            tree=repository.tree_with(tree, self.earlier, base),
            parents=[parent],
            message=f"Task {self.task.id}, judged by what was there before",
            author=signature,
            committer=signature,
        )


def listed(cases: Sequence[str]) -> str:
    more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""  # noqa: PLR2004  as many as fit a line
    return ", ".join(cases[:3]) + more
