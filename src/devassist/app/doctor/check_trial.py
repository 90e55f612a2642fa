"""Tries the check commands of a repository once on its present commit: what is red, how many tests, how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.app.runs.checking import open_checks
from devassist.app.wiring.project import Project
from devassist.app.wiring.recording import open_log
from devassist.domain.ledger import CaseStatus, Ledger
from devassist.domain.verdicts import FOREIGN_HINT, compared, ending, project_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTrial:
    """One command on the present commit. `seconds` is wall time; `tail` the end of its output, for a red one."""

    command: str
    ledger: Ledger
    seconds: float
    tail: str = ""

    @property
    def text(self) -> str:
        """`python -m pytest -q: red, fails in tests/test_a.py::test_b; 3 of 120 tests failed, 4.2 s`."""
        ledger = self.ledger
        facts: list[str] = []
        if ledger.runner:
            skipped = len(ledger.of(CaseStatus.SKIPPED)) + len(ledger.of(CaseStatus.XFAILED))
            total = len(ledger.cases)
            counted = "1 test" if total == 1 else f"{total} tests"
            facts.append(f"{len(ledger.failed)} of {total} tests failed" if ledger.failed else counted)
            facts += [f"{skipped} skipped"] if skipped else []
        facts.append(f"{self.seconds:.1f} s")
        how = "passes" if ledger.passes else f"red, {ending(ledger)}"
        text = f"{self.command}: {how}; {', '.join(facts)}"
        if ledger.foreign:
            text += f"; it imports {', '.join(ledger.foreign[:3])}, not from the tree"
        return text

    @property
    def hint(self) -> str:
        """What a red check means for a run, or what to do about modules from elsewhere; empty if all is well."""
        ledger = self.ledger
        if ledger.passes:
            return f"it verifies nothing: {FOREIGN_HINT}" if ledger.foreign else ""
        if project_problem(ledger, ledger, compared(ledger, ledger, moved={})):
            return "no task can land until it passes, or [checks] names another: it does not say what fails"
        return "a task is not blamed for what fails here, and may fail in nothing else"


def try_checks(project: Project, commands: Sequence[str]) -> list[CheckTrial]:
    """Run each command on the present commit, or take what passed there within a day. Raises Refused, Unfinished."""
    base = project.repository.head_commit
    with open_log(project) as log, open_checks(project, log, base=base, purpose="try the checks") as checks:
        runs = [checks.base(command) for command in commands]
    return [
        CheckTrial(command=run.ledger.command, ledger=run.ledger, seconds=run.seconds, tail=run.tail)
        for run in runs
    ]
