"""Who goes on with a task: writers, a tester where code came without a test case, a reviewer, round by round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devassist.assignments import Leg
from devassist.domain.handoffs import Handoff, ReviewVerdict
from devassist.domain.plan import PlanTask
from devassist.domain.roles import Role, crew_of
from devassist.engine.log.attempt_log import AttemptLog
from devassist.messages import SubmitWork


@dataclass
class Legs:
    """
    The legs of one task's attempt, in order. The last agent of a leg decides what follows.

    `untested` says whether code was added without a test case; `most_rounds` is the limit. A crew that runs again from
    the log comes to the same legs.
    """

    task: PlanTask
    attempt: AttemptLog
    most_rounds: int
    untested: Callable[[], bool]
    roles: tuple[Role, ...] = field(init=False)
    """The leg that is at work."""
    _worked: set[tuple[Role, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.roles = self._writers(tester=self.task.tester)

    def begin(self, role: Role, round_: int) -> None:
        self._worked.add((role, round_))

    def worked(self, role: Role) -> bool:
        """Whether this worker has seen the role at work before, and holds its transcript."""
        return any(role is earlier for earlier, _ in self._worked)

    def rounds(self, round_: int) -> int:
        """How many rounds the attempt has taken with this one."""
        return round_ - self.attempt.first_round + 1

    def ends_without_success(self, submit: SubmitWork, handoff: Handoff) -> bool:
        """Whether changes are requested in the last round that there may be."""
        return self._changes(handoff) and self.rounds(submit.round) >= self.most_rounds

    def after(self, submit: SubmitWork, handoff: Handoff) -> Leg | None:
        """Who goes on after a handoff that was accepted; None if nobody does, or others of the leg do."""
        then = self._after(submit, handoff) if self.task.review and submit.role is self.roles[-1] else None
        self.roles = then.roles if then is not None else self.roles
        return then

    def _after(self, submit: SubmitWork, handoff: Handoff) -> Leg | None:
        role, round_, asked = submit.role, submit.round, submit.work.needs_tester
        if role is not Role.REVIEWER:
            tester = role is Role.CODER and self._needs_tester(round_)
            return Leg(roles=(Role.TESTER if tester else Role.REVIEWER,), round=round_)
        if self._changes(handoff):
            return Leg(roles=self._writers(tester=self.task.tester or asked), round=round_ + 1)
        last = self.rounds(round_) >= self.most_rounds
        if asked and not last and (Role.TESTER, round_) not in self._worked:
            return Leg(roles=(Role.TESTER,), round=round_ + 1)
        return None

    @staticmethod
    def _changes(handoff: Handoff) -> bool:
        return handoff.verdict == ReviewVerdict.REQUEST_CHANGES

    def _needs_tester(self, round_: int) -> bool:
        """Whether code came without a test case; as it was found before, if the log has it."""
        begun = {role for role, number in self.attempt.started if number == round_}
        return Role.TESTER in begun or (Role.REVIEWER not in begun and self.untested())

    def _writers(self, *, tester: bool) -> tuple[Role, ...]:
        """The crew of a round but for its reviewer, who begins when there is something to see."""
        crew = crew_of(self.task.role, review=self.task.review, tester=tester)
        return tuple(role for role in crew if role is not Role.REVIEWER)
