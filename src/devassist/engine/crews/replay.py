"""What a worker gets from the log: recorded replies and results, and the notes that its task has not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devassist.assignments import CallAddress
from devassist.domain.errors import DevassistError
from devassist.domain.events import (
    CommandIntended,
    CommandRan,
    Event,
    Fact,
    ModelCalled,
    NoteDelivered,
    RecoveryDiverged,
    ToolIntended,
)
from devassist.domain.ids import agent_id
from devassist.domain.state.run import Note
from devassist.engine.choice.private_view import may_read
from devassist.engine.context import RunContext
from devassist.engine.log.attempt_log import AttemptLog
from devassist.messages import RecalledTool


class Diverged(DevassistError):
    """What is recorded of an attempt does not fit any more: a worktree is gone, a prompt has changed."""


class WorkerDied(DevassistError):
    """A crew's process is gone without a word: what it did is in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One task's attempt as its worker asks for it."""

    context: RunContext
    task: str
    attempt: AttemptLog

    def news(self, address: CallAddress) -> Sequence[str]:
        """Notes to this task that none of its agents has read, in the order they came; each once, and recorded."""
        if str(address) in self.attempt.news:
            return self.attempt.news[str(address)]
        state = self.context.journal.state
        with self.context.journal.lock:
            fresh = [
                note
                for note in state.notes
                if note.posted.to == self.task
                and note.id not in state.delivered
                and may_read(self.context, note, self.task)
            ]
        texts = tuple(_as_read(note) for note in fresh)
        if fresh:
            notes = tuple(note.id for note in fresh)
            self._record(address, NoteDelivered(address=str(address), notes=notes, texts=texts))
        return texts

    def reply(self, address: CallAddress, request: str) -> ModelCalled | None:
        """The call that the log holds for this one; None has it sent. Raises Diverged if that was another request."""
        turn = (address.role, address.round, address.turn)
        called = self.attempt.reply(turn, request)
        if called is None and turn in self.attempt.replies:
            reason = "the recorded reply answers another request"
            self._record(address, RecoveryDiverged(address=str(address), reason=reason))
            raise Diverged(f"{address}: {reason}")
        return called

    def tool(self, evidence: str) -> RecalledTool:
        """What the log holds of a tool call: its result, or what was begun of it; nothing if it is new."""
        if called := self.attempt.tools.get(evidence):
            return RecalledTool(called=called)
        begun = self.attempt.begun.get(evidence, ())
        return RecalledTool(
            tool=next((body for body in begun if isinstance(body, ToolIntended)), None),
            command=next((body for body in begun if isinstance(body, CommandIntended)), None),
            ran=next((body for body in begun if isinstance(body, CommandRan)), None),
            runs=sum(isinstance(body, CommandRan) for body in begun),
        )

    def _record(self, address: CallAddress, fact: Fact) -> None:
        agent = agent_id(self.task, address.role)
        self.context.journal.record(Event(fact, task=self.task, agent=agent))


def _as_read(note: Note) -> str:
    """A note as the agent reads it, under a line that says whose words it is."""
    posted = note.posted
    who = posted.sender or note.agent or "the harness"
    about = f" (about {', '.join(posted.paths)})" if posted.paths else ""
    return f"[note from {who}{about}]\n{posted.text}"
