"""Workers without processes: a thread per crew that speaks the real wire protocol and does what a test scripts."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from devassist.assignments import Assignment, CallAddress, CrewEnding, Submission, SubmittedWork
from devassist.crew.crew_stop import CrewStop
from devassist.crew.link import PipeLink
from devassist.domain.errors import LimitReached
from devassist.domain.events import FACTS, EventType
from devassist.domain.roles import Role
from devassist.domain.statuses import Outcome
from devassist.messages import Done, EventMessage, RecordEvents, Reply, Request, decode_request, encode
from support.facts import event as event_of

FIRST_PID = 4_000_000
"""Above the largest process id of any kernel: nobody can signal a process by mistake."""


class ProcessLost(Exception):
    """Raised by a script: the worker's process is gone without a word."""


@dataclass
class Crew:
    """What a script does in the name of one crew."""

    assignment: Assignment
    link: PipeLink
    round: int = 1
    _calls: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def role(self) -> Role:
        return self.assignment.roles[0]

    def record(self, type_: EventType, *, id_: str = "", role: str = "", **data: Any) -> None:
        task, by = self.assignment.task, Role(role or self.role)
        own = {"role": by, "round": self.round}
        known = FACTS[type_].__dataclass_fields__
        given = {name: value for name, value in own.items() if name in known} | data
        self.link.record(
            event_of(type_, run=self.assignment.run, task=task, agent=f"{task}/{by}", id=id_, data=given)
        )

    def send(self, type_: EventType, **data: Any) -> None:
        """Ask for an event to be recorded that no class of ours would make."""
        run, task = self.assignment.run, self.assignment.task
        message = EventMessage(
            type=type_, run=run, task=task, agent=f"{task}/{self.role}", parent="", id="", data=data
        )
        self.link._ask(RecordEvents((message,)), Done)

    def think(self, *, turn: int = 1, usd: float = 0.01) -> None:
        """One paid model call."""
        address = CallAddress(task=self.assignment.task, role=self.role, round=self.round, turn=turn)
        self.link.reserve(address)
        call = {"turn": turn, "attempt": 1, "model": "m", "request": "r", "messages": [], "tools": []}
        self.record(EventType.MODEL_INTENDED, **call)
        self.record(EventType.MODEL_CALLED, **call, status="ok", usd=usd, input_tokens=1, output_tokens=1)

    def write(self, files: Mapping[str, str], *, role: str = "") -> None:
        """Write files in the agent's worktree and record the tool call."""
        by = Role(role or self.role)
        place = Path(self.link.begin(by, self.round).worktree)
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        evidence = f"{self.assignment.task}-{by}-{next(self._calls)}"
        self.record(
            EventType.TOOL_CALLED,
            id_=evidence,
            role=by,
            name="write_file",
            ok=True,
            wrote=list(files),
            read=[],
            arguments={},
            result="",
        )

    def submit(
        self, *, role: str = "", confidence: float = 0.9, summary: str = "done", **more: Any
    ) -> Submission:
        work = SubmittedWork(summary=summary, confidence=confidence, **more)
        answer = self.link.submit(Role(role or self.role), self.round, work, turns=1)
        if answer.failed:
            raise CrewStop(Outcome.FAILED, answer.text)
        return answer

    def ask(self, question: str = "which colour?", options: Sequence[str] = ("red", "blue")) -> str:
        return self.link.ask(self.role, "question", question, list(options))


Script = Callable[[Crew], None]


def writes(files: Mapping[str, str], *, confidence: float = 0.9) -> Script:
    """A crew of one that writes these files and submits."""

    def script(crew: Crew) -> None:
        crew.write(files)
        crew.submit(confidence=confidence)

    return script


@dataclass
class FakeWorker:
    """A Worker whose crew is a thread."""

    pid: int
    connection: Connection
    status: int = 0
    killed: threading.Event = field(default_factory=threading.Event)

    def receive(self) -> Request | None:
        try:
            while not self.connection.poll(0.02):
                if self.killed.is_set():
                    return None
            return decode_request(self.connection.recv_bytes())
        except (EOFError, OSError):
            return None

    def send(self, reply: Reply) -> None:
        try:
            self.connection.send_bytes(encode(reply))
        except OSError:
            return

    def wait(self) -> int:
        return -9 if self.killed.is_set() else self.status

    def kill(self) -> None:
        self.killed.set()

    def terminate(self) -> None:
        self.kill()


@dataclass
class FakeExecutor:
    """An Executor. `scripts` maps a task to what its crews do, one after the other; the last one is repeated."""

    scripts: dict[str, list[Script]] = field(default_factory=dict)
    started: list[Assignment] = field(default_factory=list)
    _workers: list[FakeWorker] = field(default_factory=list)
    _ends: list[Connection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, task: str, *scripts: Script) -> FakeExecutor:
        self.scripts[task] = list(scripts)
        return self

    def launch(self) -> None:
        return

    def start(self, assignment: Assignment) -> FakeWorker:
        ours, theirs = Pipe()
        with self._lock:
            worker = FakeWorker(pid=FIRST_PID + len(self._workers), connection=ours)
            self._workers.append(worker)
            self._ends += [ours, theirs]
            self.started.append(assignment)
            scripts = self.scripts[assignment.task]
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        threading.Thread(target=_work, args=(script, assignment, theirs, worker), daemon=True).start()
        return worker

    def of(self, task: str) -> list[Assignment]:
        """The assignments of a task's crews so far."""
        with self._lock:
            return [one for one in self.started if one.task == task]

    def kill_all(self, *, spare: Collection[int] = ()) -> None:
        with self._lock:
            workers = [one for one in self._workers if one.pid not in spare]
        for worker in workers:
            worker.kill()

    def close(self) -> None:
        return


def _work(script: Script, assignment: Assignment, connection: Connection, worker: FakeWorker) -> None:
    link = PipeLink(connection)
    ending = CrewEnding(outcome=Outcome.DELIVERED)
    try:
        script(Crew(assignment, link))
    except CrewStop as stop:
        ending = stop.ending
    except LimitReached as error:
        ending = CrewEnding(outcome=Outcome.LIMITED, reason=str(error))
    except BaseException as error:
        worker.status = -9
        connection.close()
        if not isinstance(error, ProcessLost):
            raise
        return
    with suppress(CrewStop):
        link.finish(ending)
    connection.close()
