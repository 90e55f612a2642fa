"""What stands against a handoff: each objection sends it back once, and only one to the work itself fails the task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devassist.domain.claims.checking import CheckedClaim, TaskRecord, check_claim
from devassist.domain.events import ClaimChecked, Event
from devassist.domain.handoffs import Handoff, Objection, Verdict
from devassist.domain.ids import agent_id
from devassist.domain.roles import owes_change
from devassist.engine.crews.delivery import Delivery, Judged
from devassist.engine.crews.handoffs import approved_errors
from devassist.messages import SubmitWork

Raised = tuple[Objection, str]
"""An objection and its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A handoff as it is judged. `parent` is its event; `changed` says whether the task has changed anything yet."""

    submit: SubmitWork
    handoff: Handoff
    judged: Judged
    parent: str
    changed: bool


def objections(delivery: Delivery, submitted: Submitted) -> Iterator[Raised]:
    """The gravest first. Raises Parked if a person has to decide."""
    task, submit, handoff = delivery.task, submitted.submit, submitted.handoff
    contradicted = _contradicted(delivery, submitted)
    due = owes_change(submit.role, own=submit.role == task.role)
    if due and not submitted.judged.paths and not submitted.changed:
        yield Objection.WORK, f"nothing is changed, and task {task.id} asks for a change"
    if contradicted:
        yield Objection.CLAIMS, _as_reason(contradicted)
    if handoff.verdict != submit.work.verdict:
        reason = approved_errors(handoff.findings)
        yield Objection.REVIEW, f"{reason}. Request changes, or lower the severity with a reason"
    if delivery.mass_deletion(submitted.judged):
        refused = delivery.refused_deletion(submit.role, submitted.judged)
        if refused is not None:
            yield Objection.WORK, refused.text


def _contradicted(delivery: Delivery, submitted: Submitted) -> Sequence[CheckedClaim]:
    """Check every claim against the log, each a record; those that the log contradicts."""
    journal, task = delivery.context.journal, delivery.task.id
    record = TaskRecord(
        task=task,
        evidence=journal.evidence,
        calls=journal.calls(task),
        left_out=dict(submitted.judged.left_out),
    )
    checked = [check_claim(claim, record) for claim in submitted.handoff.claims]
    agent = agent_id(task, submitted.submit.role)
    facts = [
        ClaimChecked(
            statement=check.claim.statement,
            evidence=check.claim.evidence,
            verdict=check.verdict,
            reason=check.reason,
        )
        for check in checked
    ]
    journal.record(*(Event(fact, task=task, agent=agent, parent=submitted.parent) for fact in facts))
    return [check for check in checked if check.verdict is Verdict.CONTRADICTED]


def _as_reason(claims: Sequence[CheckedClaim]) -> str:
    listed = "; ".join(f"{check.claim.statement!r}: {check.reason}" for check in claims)
    return f"the log contradicts {len(claims)} claim{'s' if len(claims) > 1 else ''}: {listed}"
