"""The project's checks on the base: run once at the start, beside everything else, and said before money is spent."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from devassist.domain.errors import DevassistError
from devassist.domain.events import Event, WarningRaised
from devassist.domain.ledger import Ledger
from devassist.domain.verdicts import FOREIGN_HINT, compared, ending, project_problem
from devassist.engine.landing.checks import Checks
from devassist.evidence.failure_lines import failure_lines

_LONGEST = 200
_POLL_S = 0.05
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


@dataclass
class Baseline:
    """
    Runs on a thread of its own from `start` to `close`. The checks keep what it finds; the gate takes it from there.

    `error` is a defect that ended the thread.
    """

    checks: Checks
    error: BaseException | None = None
    _cases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Check -> the cases that failed, of each check that has run."""
    _red: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if there is anything to run and a sandbox to run it in."""
        context = self.checks.context
        if not context.settings.checks.commands or context.sandbox is None:
            self._done.set()
            return
        self._thread = threading.Thread(target=self._run, name="baseline", daemon=True)
        self._thread.start()

    def known_failures(self, *, patience_s: float) -> tuple[str, ...]:
        """What fails on the base, a line per check, as far as it is known within `patience_s` seconds."""
        stop, waited = self.checks.context.stop, 0.0
        while not self._done.wait(_POLL_S) and waited < patience_s and not stop.pulled:
            waited += _POLL_S
        return tuple(self._red)

    def failed_cases(self) -> Mapping[str, tuple[str, ...]]:
        """The cases that fail on the base, by check, as far as it is known now. A check that has not run is absent."""
        return dict(self._cases)

    def close(self) -> None:
        """End it: what it has not found by now nobody needs."""
        self._closing.set()
        sandbox = self.checks.context.sandbox
        while self._thread is not None and self._thread.is_alive():
            if sandbox is not None:
                sandbox.cancel_all()
            self._thread.join(_POLL_S)

    def _warn_of_foreign(self, ledger: Ledger) -> None:
        """No task can be verified by tests that import another copy of the code."""
        if ledger.foreign:
            modules = ", ".join(ledger.foreign[:3])
            text = f"check {ledger.command!r} imports {modules}, not from the tree: {FOREIGN_HINT}"
            self.checks.context.journal.record(Event(WarningRaised(text=text)))

    def _not_importable(self, output: str) -> str:
        """A package of the repository's `src` that the output calls no module; empty if there is none."""
        missing = {name.partition(".")[0] for name in _NO_MODULE.findall(output)}
        context = self.checks.context
        paths = set(context.repository.paths_of(context.request.base)) if missing else set()
        own = [name for name in missing if paths & {f"src/{name}/__init__.py", f"src/{name}.py"}]
        return min(own, default="")

    def _run(self) -> None:
        context = self.checks.context
        try:
            for command in context.settings.checks.commands:
                if self._closing.is_set():
                    return
                run = self.checks.base(command)
                ledger = run.ledger
                self._cases = {**self._cases, command: ledger.failed}
                self._warn_of_foreign(ledger)
                if ledger.passes or self._closing.is_set():
                    continue
                self._red.append(f"{command}: {ending(ledger)}")
                cause = failure_lines(run.tail, tree=self.checks.context.worktrees)[-1:]
                said = f" ({cause[0][:_LONGEST]})" if cause else ""
                text = f"the base is red: check {command!r} {ending(ledger)}{said}"
                if package := self._not_importable(run.tail):
                    text += f"; {package} is in src, and the tests do not find it: {FOREIGN_HINT}"
                if project_problem(ledger, ledger, compared(ledger, ledger, moved={})):
                    text += "; it names nothing that fails, so a task lands only if it passes"
                context.journal.record(Event(WarningRaised(text=text)))
        except DevassistError as error:
            if not context.stop.pulled and not self._closing.is_set():
                text = f"the checks could not be run on the base: {error}"
                context.journal.record(Event(WarningRaised(text=text)))
        except BaseException as error:  # noqa: BLE001  the coordinator raises it
            self.error = error
        finally:
            self._done.set()
