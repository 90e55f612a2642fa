"""A run's watch over its branches without crews: records are made by hand, worktrees and git are real."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

from devassist.domain.events import ConflictFound, Event, EventType, Record
from devassist.domain.ids import branch_name
from devassist.domain.plan import Plan, parse_plan
from devassist.domain.settings import Settings
from devassist.engine.context import RunContext, RunRequest, Surroundings
from devassist.engine.log.journal import Journal
from devassist.engine.stop import StopSwitch
from devassist.engine.watch.conflict_watch import ConflictWatch
from devassist.git.repository import Repository
from support.facts import data_of
from support.facts import event as event_of
from support.repos import git, put

RUN = "brisk-heron-3f2a"


@dataclass
class ListLog:
    """A Recorder that remembers, and tells the journal like the audit log does."""

    journal: Journal
    records: list[Record] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def record(self, *events: Event) -> Sequence[Record]:
        with self._lock:
            made = []
            for event in events:
                seq = next(self._count)
                made.append(
                    Record(
                        seq=seq,
                        at=f"2026-01-01T00:00:00.{seq:06}+00:00",
                        event=replace(event, id=event.id or f"e{seq}"),
                    )
                )
            self.records += made
            for record in made:
                self.journal.write(record)
        return made


@dataclass
class Site:
    """A repository, a plan, and a worktree for each task's agent. A context manager, around the watch."""

    repo: Path
    plan: Plan
    worktrees: Path
    sure: bool = True
    drain_s: float = 20.0
    looks: threading.Condition = field(default_factory=threading.Condition)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.journal = Journal(run=RUN)
        self.log = self.journal.log = ListLog(self.journal)
        self.base = git(self.repo, "rev-parse", "HEAD")
        self.context = RunContext(
            request=RunRequest(
                run=RUN, goal="g", base=self.base, settings=Settings(), models={}, plan=self.plan
            ),
            open_repository=lambda: Repository.discover(self.repo),
            journal=self.journal,
            executor=cast("Any", None),
            sandbox=None,
            worktrees=self.worktrees,
            reports=self.worktrees,
            world=cast("Any", None),
            leaks=lambda: (),
            clock=time.monotonic,
            environment={
                **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull
            },
            stop=StopSwitch(),
            around=Surroundings(goal="g"),
        )  # fmt: skip
        self.say(EventType.RUN_STARTED, base=self.base)
        self.say(EventType.PLAN_SUBMITTED, plan=self.plan.as_json())
        self.watch = ConflictWatch(self.context, self.plan, drain_s=self.drain_s, on_look=self._looked)

    def __enter__(self) -> Self:
        self.watch.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.watch.__exit__(*error)

    def _looked(self) -> None:
        with self.looks:
            self.rounds += 1
            self.looks.notify_all()

    def say(self, type_: EventType, task: str = "", role: str = "", /, **data: Any) -> None:
        agent = f"{task}/{role}" if role else ""
        self.journal.record(event_of(type_, task=task, agent=agent, data=data))

    def begin(self, task: str, role: str = "coder", commit: str = "") -> Path:
        """An agent begins in a worktree of its own."""
        path, branch, at = self.worktrees / task / role, branch_name(RUN, task, role), commit or self.base
        git(self.repo, "worktree", "add", "-q", "-b", branch, str(path), at)
        self.say(EventType.AGENT_STARTED, task, role, branch=branch, worktree=str(path), commit=at)
        return path

    def save(self, task: str, files: Mapping[str, str | None], role: str = "coder") -> None:
        """A tool writes files, and says so. None deletes."""
        path = self.worktrees / task / role
        put(path, {name: text for name, text in files.items() if text is not None})
        for name in (name for name, text in files.items() if text is None):
            (path / name).unlink()
        self.say(EventType.TOOL_CALLED, task, role, name="write_file", ok=True, wrote=list(files), read=[])

    def commit(self, task: str, role: str = "coder") -> str:
        """What is saved is committed, and recorded."""
        path = self.worktrees / task / role
        git(path, "add", "-A")
        git(path, "commit", "-q", "--no-verify", "-m", f"work of {task}")
        made = git(path, "rev-parse", "HEAD")
        branch = branch_name(RUN, task, role)
        self.say(EventType.COMMIT_CREATED, task, role, branch=branch, commit=made)
        return made

    def land(self, task: str, old: str, commit: str) -> None:
        ref = f"refs/heads/devassist/{RUN}/result"
        self.say(EventType.MERGE_COMPLETED, task, ref=ref, parents=[old, commit], commit=commit)

    def wait_for(self, *found: tuple[str, str]) -> list[Record]:
        """Until the log holds a record of this type with this status, each. AssertionError after a minute."""
        deadline = time.monotonic() + 60
        with self.looks:
            while True:
                there = {(str(one.type), str(data_of(one).get("status", ""))) for one in self.log.records}
                if there.issuperset(found):
                    return list(self.log.records)
                assert self.looks.wait(deadline - time.monotonic()), f"{found} not in {sorted(there)}"

    def of(self, *types: EventType) -> list[Record]:
        return [one for one in self.log.records if one.type in types]

    def lives(self) -> dict[tuple[str, str], list[str]]:
        """Kind and path of each conflict -> the statuses it went through."""
        names: dict[str, tuple[str, str]] = {}
        found: dict[tuple[str, str], list[str]] = {}
        for one in self.of(EventType.CONFLICT_FOUND, EventType.CONFLICT_RESOLVED):
            id_ = data_of(one)["conflict"]
            if isinstance(one.body, ConflictFound):
                names[id_] = (data_of(one)["kind"], data_of(one)["path"])
            found.setdefault(names[id_], []).append(data_of(one)["status"])
        return found


def plan_of(*tasks: str) -> Plan:
    return parse_plan(
        {"goal": "g", "tasks": [{"id": one, "title": f"title of {one}", "role": "coder"} for one in tasks]}
    )
