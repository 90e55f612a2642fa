"""Which work each role does in the text protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from devassist.crew.text_protocol.steps import Brief, GaveUp, Work
from devassist.crew.text_protocol.verdicts import plan, research, review, test
from devassist.crew.text_protocol.writing import write
from devassist.domain.roles import Role

_WORK: Mapping[Role, Callable[[Brief], Work]] = MappingProxyType(
    {
        Role.CODER: write,
        Role.DOCUMENTER: write,
        Role.TESTER: test,
        Role.REVIEWER: review,
        Role.ORCHESTRATOR: plan,
        Role.RESEARCHER: research,
    }
)


def work_of(brief: Brief) -> Work:
    """The work of the brief's role. Raises GaveUp for a role that needs tools."""
    work = _WORK.get(brief.role)
    if work is None:
        raise GaveUp(f"a {brief.role} needs a model that calls tools")
    return work(brief)
