"""A submit's arguments as the structured handoff, and the handoff as its event. Pure."""

from __future__ import annotations

from collections.abc import Collection

from devassist.assignments import SubmittedWork
from devassist.domain.events import HandoffSubmitted
from devassist.domain.handoffs import Handoff
from devassist.domain.roles import Role

_KINDS = {Role.ORCHESTRATOR: "plan", Role.RESEARCHER: "brief", Role.REVIEWER: "review"}


def make_handoff(role: Role, work: SubmittedWork, *, intent: str, artifacts: Collection[str]) -> Handoff:
    """A submit's arguments as the structured handoff."""
    return Handoff(
        kind=_KINDS.get(role, "work"),
        summary=work.summary or work.rationale,
        confidence=work.confidence,
        intent=intent,
        urgency="high" if work.verdict == "request_changes" else "normal",
        artifacts=tuple(artifacts),
        claims=work.claims,
        open_questions=work.open_questions,
        findings=work.findings,
        verdict=work.verdict,
    )


def submitted(handoff: Handoff, *, role: Role, round_: int, turns: int) -> HandoffSubmitted:
    """The handoff as its event. `turns` counts the agent's model calls in the round."""
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
        verdict=handoff.verdict,
    )
