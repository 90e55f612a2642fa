"""The seams: what the engine and the crews ask of the outside, as Protocols and the values they pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from devassist.assignments import (
    NOWHERE,
    AgentPlace,
    Assignment,
    BoardNote,
    CallAddress,
    Submission,
    SubmittedWork,
)
from devassist.domain.events import NO_REASONING, Event, JsonObject, ModelCalled, Reasoning, Record
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalClass
from devassist.domain.statuses import SandboxTier
from devassist.messages import RecalledTool, Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """
    One chat completion in OpenAI's shape. `model` is a litellm model string.

    `reasoning` maps the index of an assistant's message to what the model thought before it.
    """

    model: str
    messages: Sequence[JsonObject]
    tools: Sequence[JsonObject] = ()
    address: CallAddress = NOWHERE
    max_tokens: int | None = None
    reasoning: Mapping[int, Reasoning] = field(default_factory=dict)
    schema: JsonObject | None = None
    """The JSON schema of the object that is asked for."""
    stable: int = 0
    """The number of leading messages that are equal for all agents of a run; providers keep them in a cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One tool call in a reply; `arguments` is the raw JSON text the model wrote."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """
    What came back: text, tool calls, and what it cost.

    `input_tokens` are all of the prompt: `cached_input_tokens` of them were read from the provider's cache,
    `cache_written_tokens` written to it. `estimated` says that the provider told no tokens, so that they are counted by
    length. `usd` is None where the price is unknown (counted as 0 and said).
    """

    content: str = ""
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str = ""
    model: str = ""
    response_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_written_tokens: int = 0
    estimated: bool = False
    usd: float | None = None
    reasoning: Reasoning = NO_REASONING


_BY_SIGPIPE = 128 + 13
"""What a shell gives for a part of a pipe that was ended by SIGPIPE."""


class ModelClient(Protocol):
    """Makes one attempt at one completion."""

    def attempt(self, request: ModelRequest) -> ModelReply:
        """Send `request` once. Raises ModelError; never retries, never falls back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """
    How a command ended. A command that fails is a result, not an error.

    `exit_code` is negative for a signal; `output` is stdout and stderr as one text, cut to
    `truncated` False/True; `seconds` is wall time.
    """

    exit_code: int
    output: str
    seconds: float
    timed_out: bool = False
    truncated: bool = False

    @property
    def reader_left(self) -> bool:
        """
        Whether a part of a pipe was ended because its reader had read enough, as in `yes | head`.

        All after it succeeded, and what it would have come to is unknown.
        """
        return self.exit_code == _BY_SIGPIPE


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """
    The world one command may see.

    `worktree` is read-write and the working directory (or `cwd` below it); `private` is the agent's
    own scratch directory (HOME and TMPDIR live there); `read_only` are toolchain directories;
    `masked` must be absent or unreadable inside (the main `.git`, the main checkout).
    `environment` is the whole environment: nothing is inherited.
    """

    worktree: Path
    private: Path
    read_only: Sequence[Path] = ()
    masked: Sequence[Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    network: bool = False


class Sandbox(Protocol):
    """Runs commands where they can touch nothing but their worktree."""

    @property
    def tier(self) -> SandboxTier:
        """What confines its commands; NONE only by the person's flag, and never ABSENT."""

    def run(self, command: str, spec: SandboxSpec, *, timeout_s: float) -> CommandResult:
        """
        Run `command` in `spec`: by `bash -o pipefail -c` if it has a pipe and there is a bash, else by `/bin/sh -c`.

        A command that fails or times out is a result; a sandbox that fails raises SandboxUnavailable.
        """

    def cancel_all(self) -> None:
        """SIGKILL to every command that is running now. For the kill switch, from any thread."""


class EventSink(Protocol):
    """Is told of each record once it is durable, in order."""

    def write(self, record: Record) -> None: ...


@runtime_checkable
class LateSink(EventSink, Protocol):
    """An EventSink that can be told first what was recorded before it was there."""

    def catch_up(self, records: Iterable[Record]) -> None: ...


class Recorder(Protocol):
    """Makes events durable; returns only when they are."""

    def record(self, *events: Event) -> Sequence[Record]: ...


class CrewLink(Protocol):
    """
    What a crew may ask of the supervisor. Every call blocks until what it recorded is durable.

    Any of them may end the crew: with LimitReached, or by leaving it because the run is over or a person is needed.
    """

    def record(self, *events: Event) -> None:
        """Make events durable."""

    def reserve(self, address: CallAddress) -> None:
        """Ask for one more model call. Raises LimitReached."""

    def news(self, address: CallAddress) -> Sequence[str]:
        """The notes that the agent reads before this call, each once."""

    def recall_reply(self, address: CallAddress, request: str) -> ModelCalled | None:
        """The recorded call whose request has this digest; None has it sent."""

    def recall_tool(self, evidence: str) -> RecalledTool:
        """What is recorded of the tool call with this evidence id."""

    def begin(self, role: Role, round_: int) -> AgentPlace:
        """Open, or bring up to date, the worktree of the agent that is next."""

    def changed(self, role: Role) -> Mapping[str, str]:
        """Path -> content id of everything in the agent's worktree that differs from its last commit."""

    def refuse_write(self, role: Role, path: str) -> str:
        """Why what is written at this path could not land; empty if it can."""

    def diff(self, role: Role) -> str:
        """The agent's task so far as a unified patch."""

    def submit(self, role: Role, round_: int, work: SubmittedWork, *, turns: int) -> Submission:
        """Hand on. The supervisor checks claims, commits, and says what follows."""

    def board(self, role: Role) -> Sequence[BoardNote]:
        """The notes of the run's agents, oldest first."""

    def ask(self, role: Role, kind: ApprovalClass, question: str, options: Sequence[str]) -> str:
        """A person's answer."""


class Worker(Protocol):
    """A running crew process."""

    @property
    def pid(self) -> int: ...

    def receive(self) -> Request | None:
        """The next request of the crew; None when the worker is gone."""

    def send(self, reply: Reply) -> None:
        """Reply to the request that was received last. Does nothing if the worker is gone."""

    def wait(self) -> int:
        """The exit status, negative for a signal."""

    def kill(self) -> None:
        """SIGKILL to the worker's process group."""

    def terminate(self) -> None:
        """SIGTERM to the worker."""


class Executor(Protocol):
    """Starts workers."""

    def launch(self) -> None:
        """Begin with what takes long; `start` waits for it. Does nothing the second time."""

    def start(self, assignment: Assignment) -> Worker: ...

    def kill_all(self, *, spare: Collection[int] = ()) -> None:
        """SIGKILL to every worker's process group, but for those of the pids in `spare`."""

    def close(self) -> None: ...


class Files(Protocol):
    """Files of one worktree that cannot be left. Paths are relative, with `/`."""

    def read_bytes(self, path: str, limit: int) -> bytes: ...

    def write_bytes(self, path: str, data: bytes) -> None: ...

    def delete(self, path: str) -> None: ...

    def move(self, path: str, new_path: str) -> None: ...

    def list(self, path: str, glob: str) -> Sequence[str]: ...

    def exists(self, path: str) -> bool: ...
