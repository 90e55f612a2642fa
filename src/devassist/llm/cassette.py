"""Records the model calls of a run in a file, and answers those of a later run from it."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import msgspec

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError, UsageError
from devassist.domain.events import NO_REASONING, JsonObject, ModelCalled, Record, RecordedReply
from devassist.domain.statuses import CallStatus
from devassist.llm.canonical import digest
from devassist.llm.models.tokens import count
from devassist.llm.scripted import evidence_in
from devassist.ports import ModelReply, ModelRequest, ToolCall

SCHEMA = "devassist.cassette/1"
_FIELDS = (
    "role",
    "round",
    "turn",
    "model",
    "messages",
    "tools",
    "reply",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_written_tokens",
    "estimated",
    "usd",
)


class CassetteWriter:
    """An EventSink that appends every answered model call to a file, one JSON line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()  # guards the file: a line is written whole
        self._file: TextIO = _opened(path)

    def write(self, record: Record) -> None:
        call = record.body
        if not isinstance(call, ModelCalled) or call.status is not CallStatus.OK:
            return
        event, fields = record.event, msgspec.to_builtins(call)
        entry = {"run": event.run, "task": event.task} | {name: fields[name] for name in _FIELDS}
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str)
        with self._lock:
            self._file.write(f"{line}\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened(path: Path) -> TextIO:
    """Open for appending: a resumed run continues its cassette. Raises UsageError for any other file."""
    try:
        fresh = not path.exists() or path.stat().st_size == 0
        if not fresh:
            with path.open(encoding="utf-8", errors="replace") as existing:
                _check_header(existing.readline(), path)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Transcripts hold source code: readable by the owner only.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise UsageError(
            f"cassette {path} cannot be written: {error}", hint="name a writable file"
        ) from error
    file = os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")
    if fresh:
        file.write(json.dumps({"schema": SCHEMA}) + "\n")
        file.flush()
    return file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One recorded call, as its line in the file has it."""

    task: str
    role: str
    round: int
    turn: int
    messages: tuple[JsonObject, ...]
    reply: RecordedReply
    run: str | None = ""
    tools: tuple[JsonObject, ...] | None = ()
    model: str | None = ""
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cached_input_tokens: int | None = 0
    cache_written_tokens: int | None = 0
    estimated: bool | None = False
    usd: float | None = None

    @property
    def address(self) -> CallAddress:
        return CallAddress(task=self.task, role=self.role, round=self.round, turn=self.turn)


@dataclass(slots=True)
class _Entry:
    call: _Line
    used: bool = False


class ReplayClient:
    """
    The ModelClient that answers from a cassette; `run` is the run that asks.

    An equal request gets its recorded reply, each reply once. Otherwise the reply recorded at the same address is
    returned, and counted in `divergent`, if the agent's system message and brief are equal: tool results may differ
    between machines, the task may not.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.divergent = 0
        self._path = path
        self._run = run
        self._by_key: dict[str, list[_Entry]] = defaultdict(list)
        self._by_address: dict[tuple[CallAddress, str], list[_Entry]] = defaultdict(list)
        self._lock = threading.Lock()  # guards `used` and `divergent`
        for entry in _entries(path):
            call, run = entry.call, entry.call.run or ""
            self._by_key[digest(call.messages, call.tools or (), run=run)].append(entry)
            self._by_address[call.address, _identity(call.messages, run)].append(entry)

    def attempt(self, request: ModelRequest) -> ModelReply:
        """The recorded reply. Raises ModelError of kind config if the cassette has none."""
        key = digest(request.messages, request.tools, run=self._run)
        with self._lock:
            entry = self._take(key, (request.address, _identity(request.messages, self._run)))
        if entry is None:
            raise ModelError(
                f"the cassette {self._path} has no reply for {request.address} (task/role/round/turn)",
                kind="config",
                hint="record it again with --record, from the same plan and base",
            )
        return _reply(entry.call, request, self._run)

    def _take(self, key: str, place: tuple[CallAddress, str]) -> _Entry | None:
        equal = [entry for entry in self._by_key.get(key, ()) if not entry.used]
        # Two agents may send equal requests: each gets the reply recorded for it, whoever comes first.
        entry = next((entry for entry in equal if entry.call.address == place[0]), next(iter(equal), None))
        if entry is None:
            entry = next((entry for entry in self._by_address.get(place, ()) if not entry.used), None)
            self.divergent += entry is not None
        if entry is not None:
            entry.used = True
        return entry


def _identity(messages: Sequence[JsonObject], run: str) -> str:
    """A digest of what makes an agent: its system message and its brief."""
    return digest(messages[:2], (), run=run)


def _entries(path: Path) -> list[_Entry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        hint = "name a file written by 'devassist run --record FILE'"
        raise UsageError(f"cassette {path} cannot be read: {error}", hint=hint) from error
    _check_header(lines[0] if lines else "", path)
    return [
        _entry(line, f"cassette {path}, line {number}")
        for number, line in enumerate(lines[1:], 2)
        if line.strip()
    ]


def _check_header(line: str, path: Path) -> None:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, Mapping) or header.get("schema") != SCHEMA:
        hint = "name a file written by 'devassist run --record FILE', or a new one to record into"
        raise UsageError(f"{path} is not a cassette: its first line does not say {SCHEMA}", hint=hint)


def _entry(line: str, where: str) -> _Entry:
    try:
        # Not msgspec's own decoder, which takes no lone surrogate; models write them.
        return _Entry(msgspec.convert(json.loads(line), _Line, strict=False))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is damaged: {error}", hint="record the cassette again") from error


def _reply(recorded: _Line, request: ModelRequest, run: str) -> ModelReply:
    renames = _renames(recorded, request, run)
    calls = tuple(
        ToolCall(
            id=call.id or f"call_{number}",
            name=call.name,
            arguments=_renamed(call.arguments or "{}", renames),
        )
        for number, call in enumerate(recorded.reply.tool_calls)
    )
    return ModelReply(
        content=_renamed(recorded.reply.content or "", renames),
        tool_calls=calls,
        finish_reason=recorded.reply.finish_reason or "",
        model=recorded.model or request.model,
        response_id=f"replayed-{recorded.address}",
        input_tokens=count(recorded.input_tokens),
        output_tokens=count(recorded.output_tokens),
        cached_input_tokens=count(recorded.cached_input_tokens),
        cache_written_tokens=count(recorded.cache_written_tokens),
        estimated=bool(recorded.estimated),
        usd=recorded.usd,
        reasoning=recorded.reply.reasoning if recorded.reply.reasoning_intact else NO_REASONING,
    )


def _renames(recorded: _Line, request: ModelRequest, run: str) -> Sequence[tuple[str, str]]:
    """
    Pairs of an id that the recorded reply may cite from its own run, and the same id in this run.

    Evidence is paired by its place in the transcript: the rest of an id may count events of all agents.
    """
    old, new = evidence_in(recorded.messages), evidence_in(request.messages)
    pairs = list(zip(old, new, strict=True)) if len(old) == len(new) else []
    if recorded.run and run:
        pairs.append((recorded.run, run))
    return sorted({pair for pair in pairs if pair[0] != pair[1]}, key=lambda pair: -len(pair[0]))


def _renamed(text: str, renames: Sequence[tuple[str, str]]) -> str:
    """Rename in one pass: a second pass could rename what the first one inserted."""
    if not renames:
        return text
    names = dict(renames)
    pattern = re.compile("|".join(re.escape(old) for old in names))
    return pattern.sub(lambda match: names[match.group(0)], text)
