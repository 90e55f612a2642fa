"""What the log holds of the integrator's attempts at a conflict: one to go on with, one that ended, or none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from devassist.domain.events import AgentFinished, AgentStarted, EventType, Record
from devassist.engine.log.attempt_log import AttemptLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    An attempt by its number, which is the round of its calls. `memory` is empty for one that is new.

    `start` is the commit that its worktree was made at; `finished` its agent.finished; `left` says whether somebody
    has worked in the worktree that may still be there.
    """

    number: int = 1
    memory: AttemptLog = field(default_factory=AttemptLog)
    start: str = ""
    finished: AgentFinished | None = None
    left: bool = False

    def anew(self) -> Attempt:
        """The one after this."""
        number = self.number + 1 if self.memory else self.number
        return Attempt(number=number, memory=AttemptLog(first_round=number), left=self.left)


def attempt_at(records: Iterable[Record], agent: str, *, sides: Sequence[str]) -> Attempt:
    """
    The agent's attempt at merging these two commits; `records` are those of its task, in order.

    It goes on where the last one broke off, unless that was at other commits or what is recorded of it did not fit.
    """
    mine = [one for one in records if one.event.agent == agent]
    began = [at for at, one in enumerate(mine) if one.type is EventType.AGENT_STARTED]
    intended = [at for at, one in enumerate(mine) if one.type is EventType.WORKTREE_INTENDED]
    if not began:
        return Attempt()
    since = mine[began[-1] :]
    started = since[0].body
    if not isinstance(started, AgentStarted):  # it was redacted: nothing of it can be gone on from
        return Attempt()
    memory = AttemptLog.of(since)
    memory.first_round = started.round
    found = Attempt(
        number=started.round,
        memory=memory,
        start=started.commit,
        finished=next((one.body for one in since if isinstance(one.body, AgentFinished)), None),
        left=began[-1] > max(intended, default=-1),
    )
    same = list(started.sides) == list(sides)
    diverged = any(one.type is EventType.RECOVERY_DIVERGED for one in since)
    return found if same and not diverged else found.anew()
