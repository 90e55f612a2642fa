"""What the checks say of a delivery before anybody reviews it: the ledger of tests, and how failures read."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.domain.errors import Refused
from devassist.domain.findings import case_lines, check_line
from devassist.domain.judges.awareness import is_code
from devassist.domain.judges.paths import is_test
from devassist.domain.ledger import CaseStatus, Ledger
from devassist.domain.plan import PlanTask
from devassist.domain.statuses import Purpose
from devassist.domain.verdicts import JudgedCheck, compared, own_problem, project_problem
from devassist.engine.crews.evidence import NO_EVIDENCE, ChangeEvidence, Evidence
from devassist.engine.landing.checks import Checks

_LINES_WORTH_A_TEST = 10
"""Added lines of code that nobody should hand on without a new test case."""


@dataclass(frozen=True)
class Preview(ChangeEvidence):
    """
    Runs the checks on a delivered commit, in a fresh tree.

    The gate finds the ledgers again if that very tree is to land, so a review costs the run of a suite only once.
    """

    checks: Checks

    def __call__(self, task: PlanTask, *, commit: str, start: str) -> Evidence:
        context = self.checks.context
        project = context.settings.checks.commands
        commands = [*task.checks, *(command for command in project if command not in task.checks)]
        if not commands or context.sandbox is None:
            return NO_EVIDENCE
        parts: list[str] = []
        added, told = 0, False
        for command in commands:
            try:
                run = self.checks.on(commit, command, purpose=Purpose.REVIEW, task=task.id)
                base = None if command in task.checks else self.checks.base(command).ledger
            except Refused as error:
                return Evidence(text=f"The checks cannot be run: {error}")
            judged = _judged(run.ledger, base)
            added, told = added + judged.added, told or bool(judged.runner)
            # What a check prints may quote private files, which are there where it ran.
            tail = "" if context.hidden_in(task.id) else run.tail
            parts.append(_as_text(judged, tail))
        text = (
            "What the checks say of exactly this change, run by the harness in a fresh tree:\n"
            + "\n".join(parts)
        )
        lines = self._added_code(start, commit)
        untested = told and not added and lines >= _LINES_WORTH_A_TEST
        if untested:
            text += f"\nNo test case is new, for {lines} added lines of code."
        return Evidence(text=text, untested=untested)

    def _added_code(self, start: str, commit: str) -> int:
        """How many lines of code the change adds, tests aside."""
        repository = self.checks.context.repository
        paths = [
            path for path in repository.changed_paths(start, commit) if is_code(path) and not is_test(path)
        ]
        if not paths:
            return 0
        patch = repository.diff(start, commit, paths=paths)
        return sum(
            line.startswith("+") and not line.startswith("+++") and bool(line[1:].strip())
            for line in patch.splitlines()
        )


def _judged(now: Ledger, base: Ledger | None) -> JudgedCheck:
    """The check as a reviewer is told of it: without a second run, and without what is held out."""
    own = base is None
    found = compared(now, base, moved={}) if base is not None else None
    return JudgedCheck(
        command=now.command,
        own=own,
        exit_code=now.exit_code,
        base_exit_code=base.exit_code if base is not None else None,
        runner=now.runner,
        passed=len(now.of(CaseStatus.PASSED)),
        added=len(found.added) if found else 0,
        foreign=now.foreign,
        new_failures=found.new_failures if found else now.failed,
        known_failures=found.known_failures if found else (),
        fixed=found.fixed if found else (),
        skipped_newly=found.skipped_newly if found else (),
        vanished=found.vanished if found else (),
        problem=project_problem(now, base, found) if base is not None and found else own_problem(now),
    )


def _as_text(judged: JudgedCheck, tail: str) -> str:
    lines = [f"- {check_line(judged)}", *(f"  {line}" for line in case_lines(judged))]
    if judged.problem:
        lines.append(f"  It does not hold: it {judged.problem}." + (" Its output ends:" if tail else ""))
        lines += [f"  | {line}" for line in tail.splitlines()]
    return "\n".join(lines)
