"""A submit's arguments as the structured handoff, and the handoff as its event. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from devassist.assignments import SubmittedWork
from devassist.domain.events import HandoffSubmitted, JsonObject
from devassist.domain.handoffs import Handoff, ReviewVerdict, counted_verdict, severe_findings
from devassist.domain.roles import Role

_KINDS = {Role.ORCHESTRATOR: "plan", Role.RESEARCHER: "brief", Role.REVIEWER: "review"}


def make_handoff(role: Role, work: SubmittedWork, *, intent: str, artifacts: Collection[str]) -> Handoff:
    """A submit's arguments as the structured handoff. Its verdict is what the review counts as."""
    verdict = counted_verdict(work.verdict, work.findings)
    return Handoff(
        kind=_KINDS.get(role, "work"),
        summary=work.summary or work.rationale,
        confidence=work.confidence,
        intent=intent,
        urgency="high" if verdict == ReviewVerdict.REQUEST_CHANGES else "normal",
        artifacts=tuple(artifacts),
        claims=work.claims,
        open_questions=work.open_questions,
        findings=work.findings,
        verdict=verdict,
    )


def submitted(
    handoff: Handoff, *, role: Role, round_: int, turns: int, verdict: str = ""
) -> HandoffSubmitted:
    """The handoff as its event. `turns` counts the agent's model calls in the round, `verdict` is the agent's own."""
    return HandoffSubmitted(
        role=role,
        round=round_,
        turns=turns,
        kind=handoff.kind,
        summary=handoff.summary,
        confidence=handoff.confidence,
        intent=handoff.intent,
        urgency=handoff.urgency,
        context=handoff.context or {},
        artifacts=handoff.artifacts,
        claims=handoff.claims,
        open_questions=handoff.open_questions,
        findings=handoff.findings,
        verdict=verdict or handoff.verdict,
    )


def approved_errors(findings: Sequence[JsonObject]) -> str:
    """Why a review that approves with these findings does not count as an approval."""
    listed = "; ".join(finding_line(finding) for finding in severe_findings(findings))
    return f"it approves with findings of severity error: {listed}"


def finding_line(finding: JsonObject) -> str:
    """A reviewer's finding, or a researcher's, in one line."""
    if "comment" not in finding:
        return str(finding.get("text", finding))
    where = finding.get("path") or "general"
    line = f":{finding['line']}" if finding.get("line") else ""
    return f"{where}{line} ({finding.get('severity', 'note')}): {finding['comment']}"
