"""Recorded model calls: writing them while a run goes on, and answering a later run from them."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import msgspec

from devassist.assignments import CallAddress
from devassist.domain.errors import ModelError, UsageError
from devassist.domain.events import ModelCalled, Record
from devassist.domain.statuses import CallStatus
from devassist.llm.canonical import digest
from devassist.llm.scripted import evidence_in
from devassist.llm.transport import count
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
    """Open for appending: a resumed run goes on with its cassette. Never write into somebody's other file."""
    try:
        fresh = not path.exists() or path.stat().st_size == 0
        if not fresh:
            with path.open(encoding="utf-8", errors="replace") as existing:
                _check_header(existing.readline(), path)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Transcripts hold source code: for the owner's eyes.
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


@dataclass(slots=True)
class _Entry:
    run: str
    address: CallAddress
    data: Mapping[str, Any]
    used: bool = field(default=False)


class ReplayClient:
    """
    The ModelClient that answers from a cassette; `run` is the run that asks.

    An equal request gets its recorded reply, each reply once. Without an equal one, the reply recorded at the
    same address is given and counted in `divergent`, provided that the agent was told the same: tool results may
    differ from machine to machine, the task may not.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.divergent = 0
        self._path = path
        self._run = run
        self._by_key: dict[str, list[_Entry]] = defaultdict(list)
        self._by_address: dict[tuple[CallAddress, str], list[_Entry]] = defaultdict(list)
        self._lock = threading.Lock()  # guards `used` and `divergent`
        for entry in _entries(path):
            key = digest(entry.data["messages"], entry.data.get("tools") or [], run=entry.run)
            self._by_key[key].append(entry)
            self._by_address[entry.address, _told(entry.data["messages"], entry.run)].append(entry)

    def attempt(self, request: ModelRequest) -> ModelReply:
        """The recorded reply. Raises ModelError of kind config where the cassette has none."""
        key = digest(request.messages, request.tools, run=self._run)
        with self._lock:
            entry = self._take(key, (request.address, _told(request.messages, self._run)))
        if entry is None:
            raise ModelError(
                f"the cassette {self._path} has no reply for {request.address} (task/role/round/turn)",
                kind="config",
                hint="record it again with --record, from the same plan and base",
            )
        return _reply(entry, request, self._run)

    def _take(self, key: str, place: tuple[CallAddress, str]) -> _Entry | None:
        equal = [entry for entry in self._by_key.get(key, ()) if not entry.used]
        # Two agents may have asked the same: each gets what was recorded for it, whoever comes first.
        entry = next((entry for entry in equal if entry.address == place[0]), next(iter(equal), None))
        if entry is None:
            entry = next((entry for entry in self._by_address.get(place, ()) if not entry.used), None)
            self.divergent += entry is not None
        if entry is not None:
            entry.used = True
        return entry


def _told(messages: Sequence[Mapping[str, Any]], run: str) -> str:
    """What the agent is and was asked to do: its system message and its brief."""
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
        data = json.loads(line)
        address = CallAddress(
            task=str(data["task"]), role=str(data["role"]), round=int(data["round"]), turn=int(data["turn"])
        )
        sound = isinstance(data["messages"], list) and isinstance(data["reply"], Mapping)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{where} is damaged: {error!r}", hint="record the cassette again") from error
    if not sound:
        raise UsageError(f"{where} has no messages or no reply", hint="record the cassette again")
    return _Entry(run=str(data.get("run") or ""), address=address, data=data)


def _reply(entry: _Entry, request: ModelRequest, run: str) -> ModelReply:
    recorded = entry.data["reply"]
    renames = _renames(entry, request, run)
    calls = tuple(
        ToolCall(
            id=str(call.get("id") or f"call_{number}"),
            name=str(call.get("name") or ""),
            arguments=_renamed(str(call.get("arguments") or "{}"), renames),
        )
        for number, call in enumerate(recorded.get("tool_calls") or ())
    )
    usd = entry.data.get("usd")
    return ModelReply(
        content=_renamed(str(recorded.get("content") or ""), renames),
        tool_calls=calls,
        finish_reason=str(recorded.get("finish_reason") or ""),
        model=str(entry.data.get("model") or request.model),
        response_id=f"replayed-{entry.address}",
        input_tokens=count(entry.data.get("input_tokens")),
        output_tokens=count(entry.data.get("output_tokens")),
        usd=float(usd) if isinstance(usd, int | float) else None,
    )


def _renames(entry: _Entry, request: ModelRequest, run: str) -> Sequence[tuple[str, str]]:
    """
    What the recorded reply cites by names of its own run, and their names in this one.

    Evidence is paired by its place in the transcript: the rest of an id may count events of all agents.
    """
    old, new = evidence_in(entry.data["messages"]), evidence_in(request.messages)
    pairs = list(zip(old, new, strict=True)) if len(old) == len(new) else []
    if entry.run and run:
        pairs.append((entry.run, run))
    return sorted({pair for pair in pairs if pair[0] != pair[1]}, key=lambda pair: -len(pair[0]))


def _renamed(text: str, renames: Sequence[tuple[str, str]]) -> str:
    """All at once: renaming one after the other could rename what was just put in."""
    if not renames:
        return text
    names = dict(renames)
    pattern = re.compile("|".join(re.escape(old) for old in names))
    return pattern.sub(lambda match: names[match.group(0)], text)
