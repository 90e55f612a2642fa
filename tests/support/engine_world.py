"""One run of the engine without a command line: real git, a real audit log, and crews that are threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from devassist.domain.events import EventType, Record
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.roles import Role
from devassist.domain.settings import ApprovalMode, Settings
from devassist.domain.state.approvals import ApprovalState, ApprovalStatus
from devassist.domain.state.run import RunState
from devassist.domain.statuses import Outcome
from devassist.engine.context import CommandWorld, RunContext, RunRequest, Surroundings
from devassist.engine.crews.run_worktrees import RunWorktrees
from devassist.engine.crews.task_step import TaskStep
from devassist.engine.log.journal import STEERING, Journal
from devassist.engine.run.goal_run import GoalRun
from devassist.engine.run.supervisor import Supervisor
from devassist.engine.stop import StopSwitch
from devassist.git.repository import Repository
from devassist.ports import EventSink
from devassist.store.audit_log import AuditLog
from devassist.store.filters import EventFilter
from devassist.store.queries import AuditReader
from support.facts import event as event_of
from support.fake_crews import FakeExecutor
from support.repos import commit_all, git, make_repository, put

RUN = "brisk-heron-3f2a"
T = TypeVar("T")
PATIENCE_S = 20.0
"""How long a test waits for what must happen: only a defect lets it run out."""


def plan_of(*tasks: dict[str, Any], goal: str = "make it better") -> Plan:
    """Tasks by id, a coder each unless they say otherwise, without review."""
    filled = [
        {"title": f"title of {one['id']}", "role": "coder", "instructions": "do it", "review": False, **one}
        for one in tasks
    ]
    return parse_plan({"goal": goal, "tasks": filled})


@dataclass
class EngineWorld:
    """A repository and one run in it. `session` opens the log; several sessions in turn are a run that is resumed."""

    root: Path
    plan: Plan | None = None
    settings: Settings = field(default_factory=Settings)
    unverified: ApprovalMode = ApprovalMode.AUTO
    """Most plans here name no check and no review; what becomes of such work is the subject of a few tests alone."""
    executor: FakeExecutor = field(default_factory=FakeExecutor)
    waits: bool = False
    state: Callable[[], RunState] = RunState

    def __post_init__(self) -> None:
        self.repo = self.root / "repo"
        if not self.repo.exists():
            make_repository(self.repo)
        self.repository = Repository.discover(self.repo)
        self.database = self.root / "audit.db"

    @contextmanager
    def session(self, *, resumed: bool = False, **request: Any) -> Iterator[RunContext]:
        """The context of one supervisor of the run, with the log open."""
        journal = Journal(run=RUN, state=self.state())
        if resumed:
            for record in self.records():
                journal.fold(record)
        with self.open_log(state=journal) as log:
            journal.log = log
            yield self._context(journal, replace(self._request(resumed=resumed), **request))

    def open_log(self, *sinks: EventSink, state: EventSink | None = None) -> AuditLog:
        return AuditLog.open(
            self.database, heads_file=None, now=lambda: datetime.now(UTC), sinks=sinks, state=state
        )

    def supervise(self, *, resumed: bool = False, **request: Any) -> RunState:
        """The whole run in this thread, to its end."""
        with self.session(resumed=resumed, **request) as context:
            return self.supervisor(context).execute()

    def supervisor(self, context: RunContext) -> Supervisor:
        """For the run's goal."""
        return Supervisor(context=context, work=GoalRun(context=context, head=self.head))

    def head(self) -> tuple[int, bytes]:
        return 0, b""

    def records(self, *types: EventType, task: str = "") -> list[Record]:
        """What the log holds of the run."""
        with AuditReader(self.database) as reader:
            found = list(reader.events(EventFilter(run=RUN, types=[str(one) for one in types])))
        return [one for one in found if not task or one.event.task == task]

    def say(self, type_: EventType, task: str = "", /, agent: str = "", **data: Any) -> None:
        """What another process records about the run."""
        with self.open_log() as log:
            log.record(event_of(type_, run=RUN, task=task, agent=agent, data=data))

    def decide(self, approval: ApprovalState, choice: str = "approve", answer: str = "") -> None:
        """A person's decision, recorded by another process."""
        data = {"approval": approval.id, "choice": choice, "answer": answer, "who": "person ada"}
        self.say(EventType.APPROVAL_DECIDED, approval.task, **data, binds_to=approval.binds_to)

    def history(self, task: str) -> list[Record]:
        return self.records(task=task)

    def steering(self, after: int) -> Sequence[Record]:
        with AuditReader(self.database) as reader:
            wanted = EventFilter(run=RUN, types=[str(one) for one in STEERING], after_seq=after)
            return list(reader.events(wanted))

    def hear(self, context: RunContext) -> None:
        """What the log listener does: take in what other processes recorded."""
        for record in self.steering(0):
            context.journal.write(record)

    def commit(self, files: Mapping[str, str | bytes | None], *, onto: str = "") -> str:
        """A commit with these files changed (None: deleted), on no branch; on top of the base, or of `onto`."""
        place = self.root / "elsewhere"
        git(self.repo, "worktree", "add", "-q", "--detach", str(place), onto or "HEAD")
        put(place, {path: text for path, text in files.items() if text is not None})
        for path in [path for path, text in files.items() if text is None]:
            (place / path).unlink()
        commit_all(place, "Change " + ", ".join(files))
        commit = git(place, "rev-parse", "HEAD")
        git(self.repo, "worktree", "remove", "--force", str(place))
        return commit

    def result(self, path: str) -> str:
        """A file of the result branch."""
        return git(self.repo, "show", f"devassist/{RUN}/result:{path}")

    def _request(self, *, resumed: bool) -> RunRequest:
        return RunRequest(
            run=RUN,
            goal="make it better",
            base=self.repository.head_commit,
            settings=replace(
                self.settings, approvals=replace(self.settings.approvals, unverified=self.unverified)
            ),
            models={str(role): ["m"] for role in Role},
            plan=self.plan,
            resumed=resumed,
            waits=self.waits,
        )

    def _context(self, journal: Journal, request: RunRequest) -> RunContext:
        return RunContext(
            request=request,
            open_repository=lambda: Repository.discover(self.repo),
            journal=journal,
            executor=self.executor,
            sandbox=None,
            worktrees=self.root / "worktrees",
            reports=self.root,
            world=lambda _worktree, _private: CommandWorld(environment={}, read_only=()),
            leaks=lambda: (),
            clock=time.monotonic,
            environment={
                **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull
            },
            stop=StopSwitch(),
            around=Surroundings(goal=request.goal),
            history=self.history,
            steering=self.steering,
            started=time.monotonic(),
            pid=os.getpid(),
        )  # fmt: skip


def task_step(context: RunContext, task: str, *, again: bool = False, start: str = "") -> TaskStep:
    """The step of one task of the run's plan."""
    plan = context.request.plan
    assert plan is not None
    worktrees = RunWorktrees(context=context)
    return TaskStep(
        context=context,
        task_id=task,
        plan=plan,
        task=plan.task(task),
        worktrees=worktrees,
        start=start or context.request.base,
        again=again,
    )


@dataclass
class Running:
    """A supervisor at work in a thread, with the context it works with."""

    context: RunContext
    thread: threading.Thread
    outcome: list[RunState | BaseException]

    def end(self) -> RunState:
        """The run's state when it has ended; its error is raised here."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive(), "the run did not end"
        (outcome,) = self.outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def open_request(self, kind: str) -> ApprovalState:
        """The open request of a kind, as soon as there is one."""
        return until(lambda: self._open(kind))

    def until_decided(self, approval: ApprovalState) -> None:
        """Until the run itself knows the decision."""
        until(lambda: self.status(approval) is not ApprovalStatus.OPEN)

    def status(self, approval: ApprovalState) -> ApprovalStatus:
        with self.context.journal.lock:
            return self.context.journal.state.approvals[approval.id].status

    def _open(self, kind: str) -> ApprovalState | None:
        with self.context.journal.lock:
            known = list(self.context.journal.state.approvals.values())
        return next((one for one in known if one.kind == kind and one.status is ApprovalStatus.OPEN), None)


@contextmanager
def running(world: EngineWorld, **request: Any) -> Iterator[Running]:
    """A run in a thread of its own; it is stopped on the way out if it has not ended."""
    with world.session(**request) as context:
        outcome: list[RunState | BaseException] = []

        def work() -> None:
            try:
                outcome.append(world.supervisor(context).execute())
            except BaseException as error:
                outcome.append(error)

        thread = threading.Thread(target=work, name="supervisor", daemon=True)
        thread.start()
        try:
            yield Running(context, thread, outcome)
        finally:
            context.stop.pull(Outcome.STOPPED, "the test is over", exit_code=130, now=True)
            thread.join(PATIENCE_S)


def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
    return found
