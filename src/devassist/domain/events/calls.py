"""What agents do: model calls, tool calls and commands, each intended before and recorded after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from devassist.domain.claims.cases import CaseCounts
from devassist.domain.events.kinds import EventType
from devassist.domain.statuses import CallStatus, Purpose, SandboxTier

JsonObject = Mapping[str, object]
"""A JSON object in somebody else's shape: a chat message, a tool's schema, the arguments of a tool call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedToolCall:
    """One tool call in a reply; `arguments` is the raw JSON text that the model wrote."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """
    What a model thought before it answered, in litellm's terms. It goes back to the same model, unread and unchanged.

    Providers sign parts of it, and refuse a conversation whose signatures do not fit.
    """

    model: str = ""
    """The litellm model string that was asked. To any other model the signatures mean nothing."""
    text: str = ""
    """`reasoning_content`: the plain text."""
    blocks: tuple[JsonObject, ...] = ()
    """`thinking_blocks`, signed or redacted by the provider."""
    fields: JsonObject = field(default_factory=dict)
    """`provider_specific_fields` of the message, such as Gemini's `thought_signatures`."""
    calls: Mapping[str, JsonObject] = field(default_factory=dict)
    """`provider_specific_fields` of each tool call that has some, by its id."""

    def __bool__(self) -> bool:
        return bool(self.text or self.blocks or self.fields or self.calls)


NO_REASONING = Reasoning()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedReply:
    """What a model answered."""

    content: str | None = ""
    tool_calls: tuple[RecordedToolCall, ...] = ()
    finish_reason: str | None = ""
    reasoning: Reasoning = NO_REASONING
    reasoning_intact: bool = True
    """False if a secret was taken out of the reasoning: its signatures no longer fit, so it cannot be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIntended:
    """One attempt at a model call is about to be sent. `request` is the digest of what is sent."""

    type: ClassVar[EventType] = EventType.MODEL_INTENDED
    role: str = ""
    round: int = 1
    turn: int = 0
    attempt: int = 1
    model: str = ""
    request: str = ""
    messages: tuple[JsonObject, ...] = ()
    tools: tuple[JsonObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCalled:
    """
    One attempt at a model call, which is one HTTP request. `usd` is None where the price is unknown.

    Of `input_tokens`, `cached_input_tokens` were read from the provider's cache, `cache_written_tokens` written to it.
    `estimated` tokens are counted by length, since the provider told none.
    """

    type: ClassVar[EventType] = EventType.MODEL_CALLED
    role: str = ""
    round: int = 1
    turn: int = 0
    attempt: int = 1
    model: str = ""
    request: str = ""
    messages: tuple[JsonObject, ...] = ()
    tools: tuple[JsonObject, ...] = ()
    status: CallStatus = CallStatus.OK
    answered_by: str = ""
    reply: RecordedReply | None = None
    finish_reason: str | None = ""
    response_id: str | None = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_written_tokens: int = 0
    estimated: bool = False
    usd: float | None = None
    latency_ms: float = 0.0
    error: str | None = None
    error_kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolIntended:
    """
    A write tool is about to write; `before` is the blob id of the file, empty where there is none.

    `files` are the files of a tool that writes several, path -> blob id before, empty where there is none.
    """

    type: ClassVar[EventType] = EventType.TOOL_INTENDED
    role: str = ""
    round: int = 1
    name: str = ""
    arguments: JsonObject = field(default_factory=dict)
    before: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled:
    """
    A tool call with its result. The event's id is the evidence that claims cite.

    `read` and `wrote` are repository paths, `*` in `read` is the whole tree; `blob` is the content id of what was
    written; `checks` maps commands to exit codes; `outcome` is `unknown` where nobody knows how far the call came.
    """

    type: ClassVar[EventType] = EventType.TOOL_CALLED
    role: str = ""
    round: int = 1
    name: str = ""
    arguments: JsonObject | str = field(default_factory=dict)
    """The raw text where the model's arguments were no JSON object."""
    subject: str = ""
    result: str = ""
    ok: bool = True
    wrote: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None
    """The first and the last line that were shown of a file."""
    summary: str = ""
    seconds: float = 0.0
    tool_call_id: str = ""
    blob: str = ""
    exit_code: int | None = None
    checks: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False
    out_of_scope: bool = False
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandIntended:
    """A command is about to run. `before` is the worktree's change set (path -> blob id) where it may change it."""

    type: ClassVar[EventType] = EventType.COMMAND_INTENDED
    command: str = ""
    purpose: Purpose = Purpose.COMMAND
    tier: SandboxTier = SandboxTier.ABSENT
    cwd: str = ""
    role: str = ""
    round: int = 0
    """0 where no agent ran it."""
    before: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRan:
    """
    A command ended. `exit_code` is negative for a signal; `cached` says the result of an earlier run was taken.

    The event of a check that an agent ran has an id that claims cite. `cases` is what its test runner reported.
    """

    type: ClassVar[EventType] = EventType.COMMAND_RAN
    command: str = ""
    purpose: Purpose = Purpose.COMMAND
    tier: SandboxTier = SandboxTier.ABSENT
    cwd: str = ""
    role: str = ""
    round: int = 0
    exit_code: int = 0
    output: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    unsafe: bool = False
    cached: bool = False
    cases: CaseCounts | None = None
