"""Runs the crew of one assignment, round after round, in a worker process, and reports how it ended."""

from __future__ import annotations

import contextvars
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crewai.events.event_context import EventContextConfig, MismatchBehavior, _event_context_config
from crewai.events.utils.console_formatter import set_suppress_console_output

from devassist.assignments import Assignment, CrewEnding, Leg
from devassist.crew.agent_session import AgentSession
from devassist.crew.call_journal import CallJournal, recorded_reply
from devassist.crew.conversation.transcript import Conversation
from devassist.crew.crew_stop import CrewStop
from devassist.crew.crews import build_crew, conversation_of
from devassist.crew.text_protocol.protocols import Protocols
from devassist.domain.hashing import digest
from devassist.domain.roles import Role
from devassist.domain.statuses import Outcome
from devassist.ports import CrewLink, Files, ModelReply, ModelRequest, Sandbox


class Caller(Protocol):
    """Sends a request, with retries and fallbacks, and records each attempt in `journal`."""

    def __call__(self, request: ModelRequest, models: Sequence[str], journal: CallJournal) -> ModelReply: ...


@dataclass
class CrewRunner:
    """Runs the crew of one assignment. Collaborators come from the composition root."""

    assignment: Assignment
    link: CrewLink
    sandbox: Sandbox | None
    open_files: Callable[[Path], Files]
    call: Caller
    window: Callable[[str], int]
    protocols: Protocols = field(default_factory=Protocols)
    granted: list[str] = field(default_factory=list)
    _conversations: dict[Role, Conversation] = field(default_factory=dict)
    """Of the last leg of each role, for the next."""

    def run(self) -> CrewEnding:
        """Raises for bugs of devassist only, never for what an agent or a model does."""
        try:
            return self._legs()
        except CrewStop as stop:
            return stop.ending

    def _legs(self) -> CrewEnding:
        leg: Leg | None = Leg(roles=self.assignment.roles, round=self.assignment.round)
        while leg is not None:
            leg = self._run_leg(leg)
        return CrewEnding(outcome=Outcome.DELIVERED)

    def _run_leg(self, leg: Leg) -> Leg | None:
        """Run a crew once. What follows is the supervisor's reply to its last submit."""
        sessions = [self._session(role, leg.round) for role in leg.roles]
        crew = build_crew(
            sessions,
            complete=self._complete,
            window=self.window,
            earlier=self._conversations,
            protocols=self.protocols,
        )
        try:
            contextvars.Context().run(crew.kickoff)
        except Exception as error:
            logging.getLogger("devassist").exception("the crew broke off")
            reason = f"the crew broke off: {type(error).__name__}: {error}"
            raise CrewStop(Outcome.FAILED, reason) from error
        if not all(session.done for session in sessions):
            missing = next(session for session in sessions if not session.done)
            raise CrewStop(Outcome.FAILED, f"the {missing.role} ended without {missing.submit_tool}")
        for session, agent in zip(sessions, crew.agents, strict=True):
            self._conversations[session.role] = conversation_of(agent)
        return sessions[-1].then

    def _session(self, role: Role, round_: int) -> AgentSession:
        return AgentSession(
            assignment=self.assignment,
            role=role,
            round=round_,
            link=self.link,
            sandbox=self.sandbox,
            open_files=self.open_files,
            granted=self.granted,
        )

    def _complete(self, session: AgentSession, request: ModelRequest) -> ModelReply:
        request_digest = digest([request.messages, request.tools])
        if self.assignment.recalls and (recorded := self.link.recall_reply(request.address, request_digest)):
            return recorded_reply(recorded)
        return self.call(request, session.models, CallJournal(session, request_digest))


def quiet_crewai() -> None:
    """Silence CrewAI, which prints and logs failures even when it is not verbose, to keep the worker's log readable."""
    set_suppress_console_output(True)
    _event_context_config.set(
        EventContextConfig(
            mismatch_behavior=MismatchBehavior.SILENT, empty_pop_behavior=MismatchBehavior.SILENT
        )
    )
    logging.getLogger("crewai").propagate = False
    logging.getLogger().addHandler(logging.NullHandler())


def describe_bug(error: BaseException) -> CrewEnding:
    """The ending for an unexpected exception."""
    text = "".join(traceback.format_exception(error))
    reason = f"internal error in the worker: {error!r}"
    return CrewEnding(outcome=Outcome.FAILED, reason=reason, hint=text[-4000:])
