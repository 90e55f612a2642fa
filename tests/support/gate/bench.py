"""One gate per small project, whose base is run once for all changes that it judges."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from devassist.domain.events import Event, PlanSubmitted
from devassist.domain.plan import parse_plan
from devassist.domain.settings import CheckSettings, Settings
from devassist.domain.verdicts import Judgement, Verification
from devassist.engine.context import CommandWorld
from devassist.engine.landing.checks import Checks
from devassist.engine.landing.gate import Gate
from devassist.sandbox.unsafe import UnsafeSandbox
from support.engine_world import EngineWorld
from support.repos import make_repository

PYTHON = sys.executable
PYTEST = f"{PYTHON} -m pytest -q -p no:cacheprovider"

Files = Mapping[str, str | bytes | None]
"""Path -> content; None deletes."""


class Fate(StrEnum):
    """What a gate makes of a change."""

    STOPPED = "stopped"
    ASKED = "asked"
    UNVERIFIED = "unverified"
    """Nothing verified it, which is said, and asked about by default."""
    SAID = "said"
    """It lands, and the report says what is to be known of it."""
    SILENT = "lands"


def fate(judgement: Judgement) -> Fate:
    if judgement.problems:
        return Fate.STOPPED
    if judgement.doubts:
        return Fate.ASKED
    if judgement.verification is Verification.NONE:
        return Fate.UNVERIFIED
    if judgement.verification is not Verification.TESTS or any(check.flaky for check in judgement.checks):
        return Fate.SAID
    return Fate.SILENT


@dataclass(frozen=True, kw_only=True)
class Project:
    """A repository before the change, and the checks that its owner configured."""

    files: Mapping[str, str]
    commands: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = (("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"),)
    """Plugins of this machine would double the time that each run takes."""
    setup: tuple[str, ...] = ()
    timeout_s: float = 60.0

    def with_(self, files: Mapping[str, str], *commands: str) -> Project:
        """The same project with these files, too, and with other checks if any are given."""
        return replace(self, files={**self.files, **files}, commands=commands or self.commands)


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    A change, as agents committed it, and the plan's tasks around it.

    `landed` are the changes of tasks that landed before, in order. `checks` are the own checks, the landed tasks' first.
    """

    project: Project
    files: Files
    expected: Fate
    why: str = ""
    checks: tuple[tuple[str, ...], ...] = ()
    landed: tuple[Files, ...] = ()
    changes_tests: tuple[str, ...] = ()


@dataclass
class Gates:
    """The gates of all projects, each opened when it is first needed."""

    root: Path
    _open: dict[str, _Open] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def judge(self, case: Case) -> Judgement:
        key = repr(case.project)
        if key not in self._open:
            self._open[key] = self._start(case.project)
        return self._open[key].judge(case)

    def close(self) -> None:
        self._stack.close()

    def _start(self, project: Project) -> _Open:
        checks = CheckSettings(commands=project.commands, setup=project.setup, timeout_s=project.timeout_s)
        root = self.root / str(len(self._open))
        make_repository(root / "repo", project.files)
        world = EngineWorld(root, settings=Settings(checks=checks))

        def commands(_worktree: Path, private: Path) -> CommandWorld:
            environment = {"PATH": "/usr/bin:/bin", "HOME": str(private), "PYTHONDONTWRITEBYTECODE": "1"}
            environment["FLAGS"] = str(world.root)
            return CommandWorld(environment={**environment, **dict(project.environment)}, read_only=())

        context = replace(self._stack.enter_context(world.session()), sandbox=UnsafeSandbox(), world=commands)
        opened = _Open(world, Checks(context=context))
        for command in project.commands:
            opened.checks.base(command)
        self._stack.callback(opened.checks.close)
        return opened


@dataclass
class _Open:
    world: EngineWorld
    checks: Checks

    def judge(self, case: Case) -> Judgement:
        names = [f"t{number}" for number in range(len(case.landed) + 1)]
        own = dict(zip(names, case.checks, strict=False))
        plan = parse_plan(
            {
                "goal": "make it better",
                "tasks": [
                    {
                        "id": name, "title": name, "role": "coder", "instructions": "do it", "review": False,
                        "checks": list(own.get(name, ())), "changes_tests": list(case.changes_tests),
                    }
                    for name in names
                ],
            }
        )  # fmt: skip
        context = self.checks.context
        context.journal.record(Event(PlanSubmitted(plan=plan, source="file")))
        onto = context.request.base
        for files in case.landed:
            onto = self.world.commit(files, onto=onto)
        commit = self.world.commit(case.files, onto=onto)
        gate = Gate(context, plan, self.checks)
        return gate.judge(plan.tasks[-1], commit, onto=onto, landed=tuple(names[:-1]))
