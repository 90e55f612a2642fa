"""
Plays a crew once in the process that workers are forked from, so that they share what is built at first use.

CrewAI and litellm complete classes, import modules and fill caches at their first call. A worker that is forked
afterwards finds all of it done, in memory that it shares. No thread may be left, because the process forks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crewai.events.event_bus import crewai_event_bus

from devassist.assignments import (
    AgentPlace,
    Assignment,
    BoardNote,
    CallAddress,
    CrewEnding,
    Submission,
    SubmittedWork,
)
from devassist.crew.tools.arguments import ARGUMENTS, schema_of
from devassist.crew.worker import Caller, CrewRunner
from devassist.domain.events import Event, ModelCalled
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalClass
from devassist.messages import (
    BeginAgent,
    Begun,
    Done,
    EventMessage,
    FetchNews,
    News,
    RecalledTool,
    RecordEvents,
    ReserveCall,
    Submitted,
    SubmitWork,
    decode_assignment,
    decode_reply,
    encode,
)
from devassist.ports import Files, ToolCall

MODEL: Final = "openai/rehearsal"
CALLS: Final = (
    ToolCall(id="1", name="list_files", arguments="{}"),
    ToolCall(id="2", name="write_file", arguments='{"path": "a.txt", "content": "text"}'),
    ToolCall(id="3", name="submit_work", arguments='{"summary": "done", "confidence": 0.5, "claims": []}'),
)
"""What the model of a rehearsal does, one call in each reply."""

_muted: Final = ExitStack()


def mute_events() -> None:
    """
    Take the handlers off CrewAI's event bus, and let it get no others, in this process and its forks.

    They only print and trace, which devassist has switched off, but each event is handed over to a thread for them.
    """
    _muted.enter_context(crewai_event_bus.scoped_handlers())  # never left
    setattr(crewai_event_bus, "_register_handler", _no_handler)  # noqa: B010  mypy rejects an assignment to a method


def _no_handler(*_: object, **__: object) -> None:
    """Registers no handler."""


def rehearse(directory: Path, call: Caller, open_files: Callable[[Path], Files]) -> CrewEnding:
    """Play a coder in the empty `directory`. `call` answers with CALLS."""
    for name in ARGUMENTS:
        schema_of(name)
    assignment = Assignment(
        run="", task="rehearsal", roles=(Role.CODER,), models={Role.CODER: (MODEL,)}, commands_offered=True
    )
    runner = CrewRunner(
        assignment=decode_assignment(encode(assignment)),
        link=_Audience(directory),
        sandbox=None,
        open_files=open_files,
        call=call,
        window=lambda _model: 128_000,
    )
    return runner.run()


@dataclass
class _Audience:
    """
    A CrewLink without a supervisor: it records nothing and accepts everything.

    It encodes and decodes messages as PipeLink does, because a codec, too, is built at first use.
    """

    directory: Path

    def record(self, *events: Event) -> None:
        encode(RecordEvents(tuple(EventMessage.of(event) for event in events)))

    def reserve(self, address: CallAddress) -> None:
        encode(ReserveCall(address))
        decode_reply(encode(Done()))

    def news(self, address: CallAddress) -> Sequence[str]:
        encode(FetchNews(address))
        decode_reply(encode(News(())))
        return ()

    def recall_reply(self, address: CallAddress, request: str) -> ModelCalled | None:  # noqa: ARG002
        return None

    def recall_tool(self, evidence: str) -> RecalledTool:  # noqa: ARG002
        return RecalledTool()

    def begin(self, role: Role, round_: int) -> AgentPlace:
        encode(BeginAgent(role, round_))
        path = str(self.directory)
        place = AgentPlace(worktree=path, private=path, brief="Rehearse.", environment={}, read_only=())
        decode_reply(encode(Begun(place)))
        return place

    def changed(self, role: Role) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def refuse_write(self, role: Role, path: str) -> str:  # noqa: ARG002
        return ""

    def diff(self, role: Role) -> str:  # noqa: ARG002
        return ""

    def submit(self, role: Role, round_: int, work: SubmittedWork, *, turns: int) -> Submission:
        encode(SubmitWork(role, round_, work, turns))
        submission = Submission(accepted=True, text="accepted")
        decode_reply(encode(Submitted(submission)))
        return submission

    def board(self, role: Role) -> Sequence[BoardNote]:  # noqa: ARG002
        return ()

    def ask(self, role: Role, kind: ApprovalClass, question: str, options: Sequence[str]) -> str:  # noqa: ARG002
        return ""
