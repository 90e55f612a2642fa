"""
What the log already holds of one task, so that a crew which runs again pays for nothing and does nothing twice.

A crew that parked, was stopped or was killed is run again from the start of its attempt. Model replies, tool results
and the supervisor's own answers come from the records; the first thing that is not recorded is done for real.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devassist.domain.events import EventType, Record, WorktreeFurnished
from devassist.domain.hashing import digest
from devassist.domain.ids import role_of

_ANSWERS = frozenset({EventType.HANDOFF_RETURNED, EventType.AGENT_FINISHED, EventType.PLAN_REJECTED})
_PARTS = frozenset({EventType.TOOL_INTENDED, EventType.COMMAND_INTENDED, EventType.COMMAND_RAN})
Turn = tuple[str, int, int]
Agent = tuple[str, int]


@dataclass
class Memory:
    """The records of one task's present attempt, as a crew that runs again asks for them."""

    first_round: int = 1
    start: str = ""
    """The commit that the task's first agent began at."""
    tip: str = ""
    """The newest commit of the attempts before this one, which it goes on from."""
    replies: dict[Turn, Record] = field(default_factory=dict)
    """(role, round, turn) -> the model.called that answered."""
    unanswered: dict[Turn, Record] = field(default_factory=dict)
    """Model calls that were sent and whose reply is not recorded: paid for, perhaps."""
    tools: dict[str, Record] = field(default_factory=dict)
    """Evidence id -> tool.called."""
    begun: dict[str, list[Record]] = field(default_factory=dict)
    """Evidence id -> what was intended and what ran of a call that has no result."""
    started: dict[Agent, Record] = field(default_factory=dict)
    """(role, round) -> agent.started."""
    handoffs: dict[Agent, Record] = field(default_factory=dict)
    """(role, round) -> the newest handoff.submitted."""
    commits: dict[Agent, Record] = field(default_factory=dict)
    """(role, round) -> a commit.intended without its commit.created."""
    rebased: dict[Agent, Record] = field(default_factory=dict)
    """(role, round) -> the branch.rebased before that agent began."""
    made: dict[Agent, Record] = field(default_factory=dict)
    """(role, round) -> the commit.created."""
    news: dict[str, list[str]] = field(default_factory=dict)
    """Call address -> the notes that were put before that call."""
    furnished: dict[str, WorktreeFurnished] = field(default_factory=dict)
    """Agent -> what its worktree was given."""
    posted: set[str] = field(default_factory=set)
    """Ids of all events, so that none is recorded a second time."""
    rounds: set[int] = field(default_factory=set)
    _answers: dict[Agent, list[Record]] = field(default_factory=dict)
    _asked: dict[Agent, int] = field(default_factory=dict)
    _round: int = 1
    _newest: str = ""

    @classmethod
    def of(cls, records: Iterable[Record]) -> Memory:
        """From the records of one task, in order. A retry forgets what was before it."""
        memory = cls()
        for record in records:
            memory._take(record)
        return memory

    def __bool__(self) -> bool:
        return bool(self.started)

    def reply(self, turn: Turn, request: str) -> Mapping[str, Any] | None:
        """The recorded reply to this very request; None where there is none, or where the request is another."""
        record = self.replies.get(turn)
        if record is None:
            return None
        data = record.data
        recorded = data.get("request") or digest([data["messages"], data["tools"]])
        return data if recorded == request else None

    def accepted(self, role: str, round_: int) -> bool:
        """Whether this agent had handed on in that round: then its worktree is not needed again."""
        answers = self._answers.get((role, round_), ())
        return any(
            one.type is EventType.AGENT_FINISHED and one.data.get("status") == "done" for one in answers
        )

    def answer(self, role: str, round_: int) -> Record | None:
        """What was said to this agent's next submit of the round, each once."""
        asked = self._asked.get((role, round_), 0)
        self._asked[role, round_] = asked + 1
        answers = self._answers.get((role, round_), [])
        return answers[asked] if asked < len(answers) else None

    def unfinished(self) -> Record | None:
        """The agent.started of the agent that was at work when the attempt broke off."""
        for (role, round_), record in reversed(self.started.items()):
            return None if self.accepted(role, round_) else record
        return None

    def unknown(self) -> list[Record]:
        """What was begun and of which nobody knows the end."""
        return [*self.unanswered.values(), *(records[0] for records in self.begun.values())]

    def _take(self, record: Record) -> None:
        self.posted.add(record.id)
        if record.type is EventType.TASK_RETRIED:
            fresh = Memory(first_round=record.data["round"], start=self.start, posted=self.posted)
            fresh.tip = fresh._newest = self._newest
            self.__dict__.update(fresh.__dict__)
            return
        if record.type is EventType.TASK_STARTED:
            self.start = self.start or record.data.get("start", "")
            return
        if record.type is EventType.ROUND_STARTED:
            self._round = record.data["round"]
            self.rounds.add(self._round)
        elif isinstance(record.event.body, WorktreeFurnished):
            self.furnished[record.event.agent] = record.event.body
        elif record.type is EventType.NOTE_DELIVERED:
            self.news.setdefault(record.data["address"], []).extend(record.data["texts"])
        elif record.event.agent:
            self._take_of_agent(record, role_of(record.event.agent))

    def _take_of_agent(self, record: Record, role: str) -> None:
        data, kind = record.data, record.type
        agent = (role, int(data.get("round", self._round)))
        if kind in (EventType.MODEL_INTENDED, EventType.MODEL_CALLED):
            self._take_call((*agent, data["turn"]), record)
        elif kind in _PARTS and record.event.parent:
            self.begun.setdefault(record.event.parent, []).append(record)
        elif kind is EventType.TOOL_CALLED:
            self.tools[record.id] = record
            self.begun.pop(record.id, None)
        elif kind is EventType.COMMIT_CREATED:
            self.commits.pop(agent, None)
            self.made[agent] = record
            self._newest = data["commit"]
        elif kind in _ANSWERS:
            self._answers.setdefault(agent, []).append(record)
        elif (kept := self._by_agent().get(kind)) is not None:
            kept[agent] = record

    def _by_agent(self) -> Mapping[EventType, dict[Agent, Record]]:
        return {
            EventType.AGENT_STARTED: self.started,
            EventType.HANDOFF_SUBMITTED: self.handoffs,
            EventType.COMMIT_INTENDED: self.commits,
            EventType.BRANCH_REBASED: self.rebased,
        }

    def _take_call(self, turn: Turn, record: Record) -> None:
        if record.type is EventType.MODEL_INTENDED:
            self.unanswered[turn] = record
            return
        self.unanswered.pop(turn, None)
        if record.data["status"] == "ok":
            self.replies[turn] = record
