"""What a worker is told of the past: recorded replies and results, and the notes it has not heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, EventType
from devassist.domain.ids import agent_id
from devassist.engine.context import RunContext
from devassist.engine.log.attempt_log import Memory
from devassist.ports import CallAddress


class Diverged(DevassistError):
    """What is recorded of an attempt does not fit any more: a worktree is gone, a prompt has changed."""


class WorkerDied(DevassistError):
    """A crew's process is gone without a word: what it did is in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One task's memory as its worker asks for it."""

    context: RunContext
    task: str
    memory: Memory

    def news(self, address: CallAddress) -> list[str]:
        """Notes to this task that no agent of it has been told, in the order they came; told once, and recorded."""
        if str(address) in self.memory.news:
            return self.memory.news[str(address)]
        state = self.context.journal.state
        with self.context.journal.lock:
            fresh = [
                note
                for note in state.notes
                if note.get("to") == self.task and note["id"] not in state.delivered
            ]
        texts = [_told(note) for note in fresh]
        if fresh:
            data = {"address": str(address), "notes": [note["id"] for note in fresh], "texts": texts}
            agent = agent_id(self.task, address.role)
            self.context.journal.record(
                Event(type=EventType.NOTE_DELIVERED, task=self.task, agent=agent, data=data)
            )
        return texts

    def reply(self, address: CallAddress, request: str) -> Mapping[str, Any] | None:
        """The reply that the log holds for this call; None has it sent. Raises Diverged where it answers another."""
        turn = (address.role, address.round, address.turn)
        found = self.memory.reply(turn, request)
        if found is None and turn in self.memory.replies:
            data = {"address": str(address), "reason": "the recorded reply answers another request"}
            agent = agent_id(self.task, address.role)
            self.context.journal.record(
                Event(type=EventType.RECOVERY_DIVERGED, task=self.task, agent=agent, data=data)
            )
            raise Diverged(f"{address}: the recorded reply answers another request")
        return found

    def tool(self, evidence: str) -> Mapping[str, Any] | None:
        """What the log holds of a tool call: its result, or what was begun of it; None when it is new."""
        if known := self.memory.tools.get(evidence):
            return {"called": known.data}
        begun = self.memory.begun.get(evidence)
        if begun is None:
            return None
        return {
            "begun": [one.data for one in begun if one.type is not EventType.COMMAND_RAN],
            "ran": [one.data for one in begun if one.type is EventType.COMMAND_RAN],
        }


def _told(note: Mapping[str, Any]) -> str:
    """A note as the agent reads it: from whom, and where it stops being that somebody's words."""
    who = note.get("from") or note["agent"] or "the harness"
    about = f" (about {', '.join(note['paths'])})" if note.get("paths") else ""
    return f"[note from {who}{about}]\n{note['text']}"
