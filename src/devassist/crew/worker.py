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

from devassist.assignments import Assignment, CrewEnding
from devassist.crew.agent_session import AgentSession
from devassist.crew.call_journal import CallJournal, recorded_reply
from devassist.crew.crew_stop import CrewStop
from devassist.crew.crews import build_crew
from devassist.domain.handoffs import ReviewVerdict
from devassist.domain.hashing import digest
from devassist.domain.ids import PLANNING
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
    granted: list[str] = field(default_factory=list)

    def run(self) -> CrewEnding:
        """Raises for bugs of devassist only, never for what an agent or a model does."""
        try:
            return self._rounds()
        except CrewStop as stop:
            return stop.ending

    def _rounds(self) -> CrewEnding:
        round_ = self.assignment.round
        while True:
            again = self._round(round_)
            if not again:
                return CrewEnding(outcome=Outcome.DELIVERED)
            round_ += 1

    def _round(self, round_: int) -> bool:
        """Run the crew once. True if the reviewer requested changes and the supervisor granted another round."""
        sessions = [self._session(role, round_) for role in self.assignment.roles]
        crew = build_crew(sessions, complete=self._complete, window=self.window)
        try:
            contextvars.Context().run(crew.kickoff)
        except Exception as error:
            logging.getLogger("devassist").exception("the crew broke off")
            reason = f"the crew broke off: {type(error).__name__}: {error}"
            raise CrewStop(Outcome.FAILED, reason) from error
        if not all(session.done for session in sessions):
            missing = next(session for session in sessions if not session.done)
            raise CrewStop(Outcome.FAILED, f"the {missing.role} ended without {missing.submit_tool}")
        if self.assignment.task == PLANNING:
            return False
        return sessions[-1].verdict == ReviewVerdict.REQUEST_CHANGES

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
        return self.call(request, self.assignment.models[session.role], CallJournal(session, request_digest))


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
