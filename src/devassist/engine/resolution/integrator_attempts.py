"""The integrator's attempts at a conflict, from the log: one to continue, one that ended, or none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from devassist.domain.events import AgentFinished, AgentStarted, EventType, Record
from devassist.engine.log.attempt_log import AttemptLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    One attempt. Its number is the round of its calls; `log` is empty for a new attempt.

    `start` is the commit that its worktree was created at; `finished` is how it ended, if it did; `left` says whether
    a worktree with work in it may still be there.
    """

    number: int = 1
    log: AttemptLog = field(default_factory=AttemptLog)
    start: str = ""
    finished: AgentFinished | None = None
    left: bool = False

    def next(self) -> Attempt:
        """The attempt after this one."""
        number = self.number + 1 if self.log else self.number
        return Attempt(number=number, log=AttemptLog(first_round=number), left=self.left)


def attempt_at(records: Iterable[Record], agent: str, *, sides: Sequence[str]) -> Attempt:
    """
    The agent's attempt at merging these two commits; `records` are those of its task, in order.

    It continues the last one, unless that merged other commits or its recorded replies did not fit.
    """
    own = [record for record in records if record.event.agent == agent]
    starts = [at for at, record in enumerate(own) if record.type is EventType.AGENT_STARTED]
    intents = [at for at, record in enumerate(own) if record.type is EventType.WORKTREE_INTENDED]
    if not starts:
        return Attempt()
    since = own[starts[-1] :]
    started = since[0].body
    if not isinstance(started, AgentStarted):  # it was redacted, so it cannot be continued
        return Attempt()
    log = AttemptLog.of(since)
    log.first_round = started.round
    attempt = Attempt(
        number=started.round,
        log=log,
        start=started.commit,
        finished=next((record.body for record in since if isinstance(record.body, AgentFinished)), None),
        left=starts[-1] > max(intents, default=-1),
    )
    same = list(started.sides) == list(sides)
    diverged = any(record.type is EventType.RECOVERY_DIVERGED for record in since)
    return attempt if same and not diverged else attempt.next()
