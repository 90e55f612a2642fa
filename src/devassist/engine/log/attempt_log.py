"""
What the log already holds of one task, so that a crew which runs again pays for nothing and does nothing twice.

A crew that parked, was stopped or was killed is run again from the start of its attempt. Model replies, tool results
and the supervisor's own replies come from the records; the first thing that is not recorded is done for real.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from devassist.domain.events import (
    AgentFinished,
    AgentStarted,
    Body,
    BranchRebased,
    CommandIntended,
    CommandRan,
    CommitCreated,
    CommitIntended,
    HandoffReturned,
    HandoffSubmitted,
    ModelCalled,
    ModelIntended,
    NoteDelivered,
    PlanRejected,
    Record,
    RoundStarted,
    TaskRetried,
    TaskStarted,
    ToolCalled,
    ToolIntended,
    WorktreeFurnished,
)
from devassist.domain.hashing import digest
from devassist.domain.ids import role_of
from devassist.domain.statuses import AgentStatus, CallStatus

Turn = tuple[str, int, int]
"""Role, round, and number of the model call in it."""
Agent = tuple[str, int]
"""Role and round."""
SubmitReply = HandoffReturned | AgentFinished | PlanRejected
"""What a submit came to."""


@dataclass
class AttemptLog:
    """The records of one task's present attempt, as a crew that runs again asks for them."""

    first_round: int = 1
    start: str = ""
    """The commit that the task's first agent began at."""
    tip: str = ""
    """The newest commit of the attempts before this one, which it goes on from."""
    replies: dict[Turn, ModelCalled] = field(default_factory=dict)
    """The call that was replied to."""
    unanswered: dict[Turn, Record] = field(default_factory=dict)
    """Model calls that were sent and whose reply is not recorded: paid for, perhaps."""
    tools: dict[str, ToolCalled] = field(default_factory=dict)
    """Evidence id -> the call with its result."""
    begun: dict[str, list[Body]] = field(default_factory=dict)
    """Evidence id -> what was intended and what ran of a call that has no result."""
    started: dict[Agent, AgentStarted] = field(default_factory=dict)
    handoffs: dict[Agent, HandoffSubmitted] = field(default_factory=dict)
    """The newest of each agent."""
    commits: dict[Agent, Record] = field(default_factory=dict)
    """A commit.intended without its commit.created."""
    rebased: dict[Agent, BranchRebased] = field(default_factory=dict)
    """The merge that an agent was to begin from."""
    made: dict[Agent, CommitCreated] = field(default_factory=dict)
    news: dict[str, list[str]] = field(default_factory=dict)
    """Call address -> the notes that were put before that call."""
    furnished: dict[str, WorktreeFurnished] = field(default_factory=dict)
    """Agent -> what its worktree was given."""
    posted: set[str] = field(default_factory=set)
    """Ids of all events, so that none is recorded a second time."""
    rounds: set[int] = field(default_factory=set)
    _submits: dict[Agent, list[SubmitReply]] = field(default_factory=dict)
    _replayed: dict[Agent, int] = field(default_factory=dict)
    """How many submits of the running crew were replied to from `_submits`."""
    _round: int = 1
    _newest: str = ""

    @classmethod
    def of(cls, records: Iterable[Record]) -> AttemptLog:
        """From the records of one task, in order. A retry forgets what was before it."""
        log = cls()
        for record in records:
            log._take(record)
        return log

    def __bool__(self) -> bool:
        return bool(self.started)

    def reply(self, turn: Turn, request: str) -> ModelCalled | None:
        """The recorded call of exactly this request; None if there is none, or if the request is another."""
        called = self.replies.get(turn)
        if called is None:
            return None
        recorded = called.request or digest([called.messages, called.tools])
        return called if recorded == request else None

    def accepted(self, role: str, round_: int) -> bool:
        """Whether this agent had handed on in that round: then its worktree is not needed again."""
        return any(
            isinstance(reply, AgentFinished) and reply.status is AgentStatus.DONE
            for reply in self._submits.get((role, round_), ())
        )

    def next_submit(self, role: str, round_: int) -> SubmitReply | None:
        """What this agent's next submit of the round came to, each once; None if it was not made before."""
        number = self._replayed.get((role, round_), 0)
        self._replayed[role, round_] = number + 1
        replies = self._submits.get((role, round_), [])
        return replies[number] if number < len(replies) else None

    def _take(self, record: Record) -> None:
        self.posted.add(record.id)
        match record.body:
            case TaskRetried(round=round_):
                self._begin_anew(round_)
            case TaskStarted(start=start):
                self.start = self.start or start
            case RoundStarted(round=round_):
                self._round = round_
                self.rounds.add(round_)
            case WorktreeFurnished() as furnished:
                self.furnished[record.event.agent] = furnished
            case NoteDelivered(address=address, texts=texts):
                self.news.setdefault(address, []).extend(texts)
            case body:
                if record.event.agent:
                    self._take_of_agent(record, body)

    def _begin_anew(self, round_: int) -> None:
        fresh = AttemptLog(first_round=round_, start=self.start, tip=self._newest, posted=self.posted)
        fresh._round, fresh._newest = round_, self._newest
        self.__dict__.update(fresh.__dict__)

    def _take_of_agent(self, record: Record, body: Body) -> None:
        agent = (role_of(record.event.agent), getattr(body, "round", 0) or self._round)
        match body:
            case ModelIntended(turn=turn):
                self.unanswered[*agent, turn] = record
            case ModelCalled(turn=turn, status=status):
                self.unanswered.pop((*agent, turn), None)
                if status is CallStatus.OK:
                    self.replies[*agent, turn] = body
            case ToolCalled():
                self.tools[record.id] = body
                self.begun.pop(record.id, None)
            case ToolIntended() | CommandIntended() | CommandRan():
                if record.event.parent:
                    self.begun.setdefault(record.event.parent, []).append(body)
            case HandoffReturned() | AgentFinished() | PlanRejected():
                self._submits.setdefault(agent, []).append(body)
            case _:
                self._take_of_round(record, body, agent)

    def _take_of_round(self, record: Record, body: Body, agent: Agent) -> None:
        match body:
            case AgentStarted():
                self.started[agent] = body
            case HandoffSubmitted():
                self.handoffs[agent] = body
            case BranchRebased():
                self.rebased[agent] = body
            case CommitIntended():
                self.commits[agent] = record
            case CommitCreated():
                self.commits.pop(agent, None)
                self.made[agent] = body
                self._newest = body.commit
            case _:  # events that no crew asks for again
                return
