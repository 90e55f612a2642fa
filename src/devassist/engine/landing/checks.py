"""What a tree proves: each check's ledger on it, taken in a fresh tree, recorded, and kept by tree and command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from devassist.domain.errors import DevassistError, Refused
from devassist.domain.events import CommandRan, Event, LedgerRecorded
from devassist.domain.events.tests import lines
from devassist.domain.hashing import digest
from devassist.domain.ledger import CaseStatus, Ledger
from devassist.domain.statuses import Purpose
from devassist.engine.context import RunContext
from devassist.engine.crews.harness_commands import CommandPlace, HarnessCommands
from devassist.engine.landing.fresh_tree import FreshTree
from devassist.evidence.observation import observe

_TAIL = 1200

# Names the top-level packages of the worktree whose import would come from somewhere else.
_LEAK_PROBE = """python - <<'END'
import importlib.util, os, sys
here = os.path.realpath(os.getcwd())
for root in ("src", "."):
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else ():
        if not os.path.isfile(os.path.join(root, name, "__init__.py")) or name in ("tests", "test"):
            continue
        try:
            spec = importlib.util.find_spec(name)
        except Exception:
            continue
        origin = os.path.realpath(spec.origin) if spec and spec.origin else ""
        if origin and not origin.startswith(here + os.sep):
            print(f"LEAK {name} {origin}")
END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """One check on one tree; `tail` is the end of its output. An earlier run's ledger that is `reused` has none."""

    ledger: Ledger
    tail: str = ""
    seconds: float = 0.0
    reused: bool = False


@dataclass
class Checks:
    """Runs checks on trees, one at a time. For any thread."""

    context: RunContext
    _kept: dict[tuple[str, str, bool], CheckRun] = field(default_factory=dict)
    """By tree, command and whether it is a second run."""
    _fresh: FreshTree = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards the fresh tree while a check runs in it, and what is kept."""

    def __post_init__(self) -> None:
        self._fresh = FreshTree(self.context)

    def base(self, command: str) -> CheckRun:
        """The check on the run's base, from an earlier run if it passed there within a day."""
        return self.on(self.context.request.base, command, purpose=Purpose.BASE)

    def on(
        self, commit: str, command: str, *, purpose: Purpose, task: str = "", again: bool = False
    ) -> CheckRun:
        """
        The check on a commit, from an earlier run on the same tree if there is one. `again` runs it another time, on a
        tree held out only if that has not been done before. What it comes to is kept for the base alone.

        Raises Refused if tests there would import the main checkout's code, Interrupted if the run is over.
        """
        tree = self.context.repository.tree_of(commit)
        with self._lock:
            second = again and purpose is Purpose.HELD_OUT
            earlier = self._kept.get((tree, command, second)) if second or not again else None
            if earlier is None and not again and (recorded := self._recorded(tree, command)) is not None:
                earlier = self._kept[tree, command, False] = CheckRun(
                    ledger=recorded.ledger, seconds=recorded.seconds, reused=True
                )
                self._record(earlier, tree, purpose=purpose, task=task)
            if earlier is not None:
                if purpose is Purpose.GATE:  # the record of this task's gate still needs the result
                    code = earlier.ledger.exit_code
                    ran = CommandRan(command=command, purpose=purpose, exit_code=code, cached=True)
                    self.context.journal.record(Event(ran, task=task))
                return earlier
            run = self._run(commit, command, tree=tree, purpose=purpose, task=task)
            if second or not again or purpose is Purpose.BASE:
                self._kept[tree, command, second] = run
            return run

    def close(self) -> None:
        """Remove the tree."""
        with self._lock:
            self._fresh.close()

    def _run(self, commit: str, command: str, *, tree: str, purpose: Purpose, task: str) -> CheckRun:
        context = self.context
        place = self._fresh.at(commit, task=task)
        self._refuse_leak(place)
        observation = observe(
            command,
            read=lambda path: read_text(context, commit, path),
            environment=context.world(place.worktree, place.private).environment,
            results=place.private / f"ledger-{next(self._numbers)}",
        )
        result = HarnessCommands(context).run(command, place, purpose=purpose, observation=observation)
        ledger = observation.ledger(result, tree=place.worktree)
        if commit == context.request.base:
            self._fresh.keep_caches()
        run = CheckRun(ledger=ledger, tail=_end_of(result.output), seconds=round(result.seconds, 3))
        self._record(run, tree, purpose=purpose, task=task)
        return run

    def _recorded(self, tree: str, command: str) -> LedgerRecorded | None:
        """The command's ledger on the tree by an earlier run in a world like this one; only one that passes counts."""
        alike = [
            one for one in self.context.ledgers(tree) if one.command == command and one.world == self._world
        ]
        return alike[-1] if alike and alike[-1].ledger.passes else None

    def _record(self, run: CheckRun, tree: str, *, purpose: Purpose, task: str) -> None:
        ledger = run.ledger
        fact = LedgerRecorded(
            command=ledger.command,
            tree=tree,
            purpose=purpose,
            runner=ledger.runner,
            exit_code=ledger.exit_code,
            complete=ledger.complete,
            passed=lines(ledger.of(CaseStatus.PASSED)),
            failed=lines(ledger.failed),
            skipped=lines(ledger.of(CaseStatus.SKIPPED)),
            xfailed=lines(ledger.of(CaseStatus.XFAILED)),
            failures=lines(ledger.failures),
            foreign=lines(ledger.foreign),
            seconds=run.seconds,
            timed_out=ledger.timed_out,
            world=self._world,
            reused=run.reused,
        )
        self.context.journal.record(Event(fact, task=task))

    @property
    def _world(self) -> str:
        context = self.context
        return digest([list(context.settings.checks.setup), context.tier, context.settings.sandbox.network])

    def _refuse_leak(self, place: CommandPlace) -> None:
        """Only if an editable install points into the main checkout: a green there would prove nothing."""
        leaks = self.context.leaks()
        if not leaks:
            return
        result = HarnessCommands(self.context).run(_LEAK_PROBE, place, purpose=Purpose.LEAK_PROBE)
        leaking = [line for line in result.output.splitlines() if line.startswith("LEAK ")]
        if leaking:
            name, _, origin = leaking[0][5:].partition(" ")
            raise Refused(
                f"tests in a worktree would import {name} from {origin}: {leaks[0]}",
                hint="Uninstall the editable install, or give each worktree its own environment by [checks] setup",
            )


def _end_of(output: str) -> str:
    """Its last lines, whole ones."""
    text = output.strip()
    return text if len(text) <= _TAIL else text[-_TAIL:].partition("\n")[2] or text[-_TAIL:]


def read_text(context: RunContext, commit: str, path: str) -> str | None:
    """A text file of a commit; None if there is none."""
    try:
        return context.repository.read_file(commit, path).decode("utf-8", "replace")
    except DevassistError:
        return None
