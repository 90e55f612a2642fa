"""One real CrewAI agent in this process, with a worktree and any ModelClient, and no supervisor."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from devassist.assignments import (
    AgentPlace,
    Assignment,
    BoardNote,
    CallAddress,
    CrewEnding,
    Submission,
    SubmittedWork,
)
from devassist.domain.events import Event, ModelCalled, ToolCalled
from devassist.domain.hashing import digest
from devassist.domain.roles import Role
from devassist.domain.secrets.redaction import Redactor
from devassist.domain.settings import ApprovalClass
from devassist.llm.calls import CallPolicy
from devassist.llm.silence import environment
from devassist.messages import RecalledTool
from devassist.ports import ModelClient, ModelReply, ModelRequest
from devassist.sandbox.files import WorktreeFiles
from devassist.store.facts import to_data, to_fact


@dataclass
class LoneLink:
    """A CrewLink that keeps the events as the log does, redacted, and accepts every submit."""

    worktree: Path
    redactor: Redactor = field(default_factory=Redactor)
    events: list[Event] = field(default_factory=list)
    recorded: Mapping[str, ModelCalled] = field(default_factory=dict)
    """The calls of an earlier life, by their request's digest."""
    tools: Mapping[str, ToolCalled] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)
    """By turn."""
    submitted: list[SubmittedWork] = field(default_factory=list)

    def record(self, *events: Event) -> None:
        for event in events:
            fact = to_fact(event.body.type, self.redactor.value(to_data(event.body)))
            self.events.append(Event(fact, run=event.run, task=event.task, agent=event.agent, id=event.id))

    def reserve(self, address: CallAddress) -> None:
        pass

    def news(self, address: CallAddress) -> Sequence[str]:
        return self.notes.get(address.turn, ())

    def recall_reply(self, address: CallAddress, request: str) -> ModelCalled | None:
        return self.recorded.get(request)

    def recall_tool(self, evidence: str) -> RecalledTool:
        return RecalledTool(called=self.tools.get(evidence))

    def begin(self, role: Role, round_: int) -> AgentPlace:
        return AgentPlace(
            worktree=str(self.worktree),
            private=str(self.worktree),
            brief="Do the task.",
            environment={},
            read_only=(),
        )

    def changed(self, role: Role) -> Mapping[str, str]:
        return {}

    def refuse_write(self, role: Role, path: str) -> str:
        return ""

    def diff(self, role: Role) -> str:
        return ""

    def submit(self, role: Role, round_: int, work: SubmittedWork, *, turns: int) -> Submission:
        self.submitted.append(work)
        return Submission(accepted=True, text="accepted")

    def board(self, role: Role) -> Sequence[BoardNote]:
        return ()

    def ask(self, role: Role, kind: ApprovalClass, question: str, options: Sequence[str]) -> str:
        return "yes"

    def calls(self) -> list[ModelCalled]:
        return [event.body for event in self.events if isinstance(event.body, ModelCalled)]


def run_agent(
    client: ModelClient,
    link: LoneLink,
    *,
    model: str = "openai/m",
    secrets: tuple[str, ...] = (),
    window: int = 128_000,
) -> CrewEnding:
    """Run a researcher until it submits or stops."""
    os.environ.update(environment())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries below CrewAI warn each other when they are imported
        from devassist.crew.worker import CrewRunner, quiet_crewai

    def call(request: ModelRequest, models: Sequence[str], journal: object) -> ModelReply:
        return CallPolicy(client=client, models=models, journal=journal, max_retries=0).complete(request)

    assignment = Assignment(
        run="lone-agent-0001",
        task="t1",
        roles=(Role.RESEARCHER,),
        models={"researcher": (model,)},
        secrets=secrets,
        recalls=bool(link.recorded),
        commands_offered=False,
    )
    runner = CrewRunner(
        assignment=assignment,
        link=link,
        sandbox=None,
        open_files=WorktreeFiles,
        call=call,
        window=lambda _model: window,
    )

    def run() -> CrewEnding:
        quiet_crewai()
        return runner.run()

    # Not in the main thread, where asyncio would make an event loop that nobody closes.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def second_life(link: LoneLink) -> LoneLink:
    """The link of a worker that goes on from what `link` recorded, as after a crash."""
    return LoneLink(
        worktree=link.worktree,
        redactor=link.redactor,
        recorded={
            call.request or digest([call.messages, call.tools]): call
            for call in link.calls()
            if call.status == "ok"
        },
        tools={event.id: event.body for event in link.events if isinstance(event.body, ToolCalled)},
        notes=link.notes,
    )
