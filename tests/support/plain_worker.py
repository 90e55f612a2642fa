"""A worker without CrewAI: the same sessions, tools, journal and protocol, driven by a loop of twenty lines."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from devassist.assignments import Assignment, CallAddress, CrewEnding, Leg
from devassist.crew.agent_session import AgentSession
from devassist.crew.call_journal import CallJournal, recorded_reply
from devassist.crew.crew_stop import CrewStop
from devassist.crew.link import PipeLink
from devassist.crew.worker_start import decode_start
from devassist.domain.errors import DevassistError, Interrupted, LimitReached, ModelError
from devassist.domain.hashing import digest
from devassist.domain.roles import Role
from devassist.domain.statuses import Outcome
from devassist.llm.calls import CallPolicy
from devassist.llm.scripted import ScriptedClient, load_script
from devassist.ports import ModelReply, ModelRequest
from devassist.sandbox.files import WorktreeFiles
from devassist.sandbox.tiers import make


def run_assignment(connection: Connection) -> None:
    """What bootstrap_worker.run_assignment does, without a crew."""
    start = decode_start(connection.recv_bytes())
    os.environ.clear()
    os.environ.update(start.environment)
    assignment, link = start.assignment, PipeLink(connection)
    ending = CrewEnding(outcome=Outcome.DELIVERED)
    try:
        _Crew(assignment, link, ScriptedClient(load_script(Path(assignment.script)))).run()
    except CrewStop as stop:
        ending = stop.ending
    except DevassistError as error:
        ending = CrewEnding(outcome=Outcome.FAILED, reason=str(error), hint=error.hint)
    except Exception as error:
        ending = CrewEnding(outcome=Outcome.FAILED, reason=f"internal error in the worker: {error!r}")
    try:
        link.finish(ending)
    except CrewStop:
        return


@dataclass
class _Crew:
    assignment: Assignment
    link: PipeLink
    client: ScriptedClient

    def run(self) -> None:
        leg: Leg | None = Leg(roles=self.assignment.roles, round=self.assignment.round)
        granted: list[str] = []
        while leg is not None:
            then: Leg | None = None
            for role in leg.roles:
                session = AgentSession(
                    assignment=self.assignment,
                    role=Role(role),
                    round=leg.round,
                    link=self.link,
                    sandbox=make(self.assignment.sandbox_tier) if self.assignment.sandbox_tier else None,
                    open_files=WorktreeFiles,
                    granted=granted,
                )
                self._agent(session)
                then = session.then
            leg = then

    def _agent(self, session: AgentSession) -> None:
        said: list[dict[str, Any]] = []
        nudged = False
        while not session.done:
            session.turn += 1
            brief = session.place.brief
            where = CallAddress(
                task=self.assignment.task, role=session.role, round=session.round, turn=session.turn
            )
            said += [{"role": "user", "content": text} for text in self.link.news(where)]
            asked = [{"role": "system", "content": session.role}, {"role": "user", "content": brief}, *said]
            reply = self._reply(session, where, asked)
            if not reply.tool_calls:
                if nudged:
                    raise CrewStop(Outcome.FAILED, f"the {session.role} ended without {session.submit_tool}")
                nudged = True
                said += [
                    {"role": "assistant", "content": reply.content},
                    {"role": "user", "content": "go on"},
                ]
                continue
            said.append(
                {"role": "assistant", "calls": [[one.name, one.arguments] for one in reply.tool_calls]}
            )
            session.expect(reply.tool_calls)
            for one in reply.tool_calls:
                try:
                    text = session.call(one.name, json.loads(one.arguments)).text
                except json.JSONDecodeError:
                    text = session.reject(one.name, one.arguments, "error: the arguments are not JSON")
                said.append({"role": "tool", "content": text})
                if session.done:
                    return

    def _reply(self, session: AgentSession, where: CallAddress, asked: list[dict[str, Any]]) -> ModelReply:
        models = self.assignment.models[session.role]
        request = ModelRequest(model=models[0], messages=asked, address=where)
        mark = digest([request.messages, request.tools])
        if self.assignment.recalls and (known := self.link.recall_reply(where, mark)):
            return recorded_reply(known)
        policy = CallPolicy(
            client=self.client,
            models=models,
            journal=CallJournal(session, mark),
            max_retries=self.assignment.max_retries,
            sleep=lambda _seconds: False,
        )
        try:
            return policy.complete(request)
        except LimitReached as error:
            raise CrewStop(Outcome.LIMITED, str(error), error=error) from error
        except Interrupted as error:
            raise CrewStop(Outcome.STOPPED, str(error), error=error) from error
        except ModelError as error:
            raise CrewStop(Outcome.ERROR, str(error), error=error) from error
        except DevassistError as error:
            raise CrewStop(Outcome.FAILED, str(error), error=error) from error
