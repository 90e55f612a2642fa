"""A claim against the record: verified, contradicted, stale or uncited, with the reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.claims.outcomes import Ruling, rule_on_tests
from devassist.domain.claims.runs import CommandRun
from devassist.domain.claims.statements import (
    says_command_fails,
    says_exit_code,
    says_failure,
    says_past,
    statement_on_tests,
)
from devassist.domain.handoffs import Claim, Verdict
from devassist.domain.roles import COMMAND_TOOLS

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    A recorded tool call, or one check of it, as a claim may cite it.

    `reads` and `wrote` are repository paths; `*` in `reads` means the whole tree. `number` is the
    order of the calls within the task. `runs` are the commands that it ran.
    """

    id: str
    task: str
    number: int
    tool: str
    ok: bool
    reads: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    summary: str = ""
    runs: tuple[CommandRun, ...] = ()

    def may_depend_on(self, path: str) -> bool:
        """Whether another content of `path` could have made it come out otherwise."""
        if path in self.wrote or path in self.reads:
            return True
        if self.runs:
            return any(run.may_depend_on(path) for run in self.runs)
        return "*" in self.reads


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaim:
    claim: Claim
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """
    What claims of one task are held against.

    `evidence` finds any evidence of the run by id, `calls` are the task's own in order; `left_out` are paths that will
    not be committed, each with the reason.
    """

    task: str
    evidence: Mapping[str, Evidence]
    calls: Sequence[Evidence]
    left_out: Mapping[str, str]


def check_claim(claim: Claim, record: TaskRecord) -> CheckedClaim:
    """Hold one claim against the record."""
    evidence = record.evidence.get(claim.evidence)
    if not claim.evidence:
        ruling = Ruling(Verdict.UNCITED, "no evidence is cited")
    elif evidence is None:
        ruling = Ruling(Verdict.UNCITED, f"there is no evidence {claim.evidence!r} in this run")
    else:
        ruling = _ruling(claim, evidence, record)
        if ruling.verdict is Verdict.VERIFIED:
            ruling = _with_staleness(claim, ruling, evidence, record.calls)
    return CheckedClaim(claim=claim, verdict=ruling.verdict, reason=ruling.reason)


def _ruling(claim: Claim, evidence: Evidence, record: TaskRecord) -> Ruling:
    if evidence.task != record.task:
        reason = f"{evidence.id} belongs to task {evidence.task!r}, not to {record.task!r}"
        return Ruling(Verdict.CONTRADICTED, reason)
    if evidence.tool not in COMMAND_TOOLS and (lost := _left_out(evidence, record.left_out)):
        return Ruling(Verdict.CONTRADICTED, lost)
    about_tests = statement_on_tests(claim.statement)
    if about_tests is not None:
        return rule_on_tests(about_tests, evidence.runs)
    return _general(claim.statement, evidence)


def _left_out(evidence: Evidence, left_out: Mapping[str, str]) -> str:
    """Why something that a write tool wrote is not part of the commit; empty if all of it is."""
    for path in evidence.wrote:
        for top, reason in left_out.items():
            if path == top or path.startswith(f"{top}/"):
                return f"{path} is left out of the commit: {reason}"
    return ""


def _general(statement: str, evidence: Evidence) -> Ruling:
    summary = evidence.summary or evidence.tool
    code = says_exit_code(statement)
    if code is not None and evidence.runs:
        as_said = any(run.exit_code == code for run in evidence.runs)
        return Ruling(Verdict.VERIFIED if as_said else Verdict.CONTRADICTED, summary)
    if not evidence.ok:
        if says_failure(statement):
            return Ruling(Verdict.VERIFIED, f"it failed: {summary}")
        return Ruling(Verdict.CONTRADICTED, f"{evidence.id} did not succeed: {summary}")
    if evidence.runs and says_command_fails(statement):
        return Ruling(Verdict.CONTRADICTED, f"{evidence.id} did not fail: {summary}")
    return Ruling(Verdict.VERIFIED, evidence.summary or f"{evidence.tool} succeeded")


def _with_staleness(claim: Claim, ruling: Ruling, evidence: Evidence, calls: Sequence[Evidence]) -> Ruling:
    """Stale if something that the evidence can depend on was written since; any other write is a note."""
    noted: list[str] = []
    past = says_past(claim.statement)
    for later in calls:
        if later.number <= evidence.number:
            continue
        for path in later.wrote:
            if evidence.may_depend_on(path) and not past:
                return Ruling(Verdict.STALE, f"{path} was written by {later.id} after {evidence.id}")
            noted.append(path)
    if not noted:
        return ruling
    shown = ", ".join(dict.fromkeys(noted[:_SHOWN])) + (" and more" if len(noted) > _SHOWN else "")
    return Ruling(ruling.verdict, f"{ruling.reason} (written since: {shown})")
