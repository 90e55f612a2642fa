"""The events that pytest and unittest wrote through our hook, and what they come to per process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import msgspec

from devassist.domain.ledger import CaseStatus
from devassist.evidence.testimony import Testimony, weightier


class _Event(msgspec.Struct, frozen=True, tag_field="event"):
    """A line of a report."""


class Alive(_Event, frozen=True, tag="alive"):
    """A Python started whose command line names a runner, by `-m` if `module`."""

    runner: str
    module: bool
    informative: bool


class Enter(_Event, frozen=True, tag="enter"):
    """The runner's own main function was called; `informative` if only to print something about itself."""

    runner: str
    informative: bool


class Leave(_Event, frozen=True, tag="leave"):
    """The runner's main function is over, with this exit code."""

    code: int


class SessionBegan(_Event, frozen=True, tag="session"):
    """`root` is the directory that ids are relative to, empty if they are no paths."""

    runner: str
    root: str


class CaseEnded(_Event, frozen=True, tag="case"):
    id: str
    status: CaseStatus


class Foreign(_Event, frozen=True, tag="foreign"):
    """
    A module of the tree, the file `here`, was imported from `path` instead.

    `changed` is when that file came to be there, in nanoseconds since 1970.
    """

    module: str
    here: str
    path: str
    changed: int


class SessionEnded(_Event, frozen=True, tag="done"):
    """Everything that the session set out to run is over."""


class Exit(_Event, frozen=True, tag="exit"):
    """The process ended by itself; `present` if a module with the runner's name had been imported."""

    present: bool


class Again(_Event, frozen=True, tag="again"):
    """The process became another, which looks like a runner and reports for itself or not at all."""


_StepEvent = Again | Alive | Enter | Leave | SessionBegan | CaseEnded | SessionEnded | Exit
Event = _StepEvent | Foreign
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_DECODER = msgspec.json.Decoder(Event)


def events(report: bytes) -> Iterator[Event]:
    """Line by line; a line that a kill cut off, or that is not ours, is none."""
    for line in report.splitlines():
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


@dataclass
class _Process:
    """A fold over the events of one process."""

    tree: PurePosixPath
    started: int
    runners: set[str] = field(default_factory=set)
    cases: dict[str, CaseStatus] = field(default_factory=dict)
    began: set[str] = field(default_factory=set)
    complete: bool = True
    alive: Alive | None = None
    entered: Enter | None = None
    foreign: list[str] = field(default_factory=list)
    open: bool = False
    idle: bool = True
    """Whether no session has begun since the runner was entered."""
    prefix: str = ""
    shadowed: bool = False
    """Whether something was imported under the name of the runner that never was entered."""

    def take(self, event: _StepEvent) -> None:
        match event:
            case Again():
                self.entered = self.alive = None
            case Alive():
                self.alive = event
            case Enter():
                self.entered, self.alive, self.idle = event, None, True
            case SessionBegan(runner=runner, root=root):
                self.runners.add(runner)
                self.open, self.alive, self.idle = True, None, False
                self.prefix = _prefix(root, self.tree)
            case CaseEnded(id=case, status=status):
                case = case if case.startswith("/") else self.prefix + case
                self.cases[case] = weightier(self.cases.get(case), status)
            case SessionEnded():
                self.open = False
            case Leave(code=code):
                self._leave(code)
            case Exit(present=present):
                self.shadowed = present
                if not present:
                    self.alive = None

    def note_foreign(self, event: Foreign) -> None:
        """What the command itself installed is a copy of this very tree."""
        path = PurePosixPath(event.path)
        path = path.parent if path.stem == "__init__" else path
        installed = not _INSTALLED.isdisjoint(path.parts)
        own = path.is_relative_to(self.tree) and not installed
        if not own and event.changed <= self.started and PurePosixPath(event.here).is_relative_to(self.tree):
            self.foreign.append(f"{event.module} from {path}")

    def _leave(self, code: int) -> None:
        """A runner that ended well without a session was made to end: it always has one, even of no tests."""
        if self.entered is not None and self.idle and not self.entered.informative:
            self._claim(self.entered.runner, certain=code == 0)
        self.entered = None

    def end(self) -> Testimony:
        if self.entered is not None and self.idle and not self.entered.informative:
            self._claim(self.entered.runner, certain=True)
        alive = self.alive
        # A script with a runner's name that ends early may have made way for another program; `-m` cannot.
        if alive is not None and not alive.informative and (alive.module or self.shadowed):
            self._claim(alive.runner, certain=True)
        return Testimony(
            runners=frozenset(self.runners),
            cases=self.cases,
            complete=self.complete and not self.open,
            began=frozenset(self.began),
            foreign=tuple(self.foreign),
        )

    def _claim(self, runner: str, *, certain: bool) -> None:
        """Note that `runner` came to nothing; if not `certain`, it may have said why, and something else ran."""
        self.began.add(runner)
        if certain:
            self.complete = False


def testimony(report: bytes, *, tree: PurePosixPath, started: int) -> Testimony:
    """
    What one process reported. Ids that are paths become relative to `tree`.

    `started` is when the command began, in nanoseconds since 1970.
    """
    process = _Process(tree, started)
    for event in events(report):
        if isinstance(event, Foreign):
            process.note_foreign(event)
        else:
            process.take(event)
    return process.end()


def _prefix(root: str, tree: PurePosixPath) -> str:
    path = PurePosixPath(root)
    if not root or path == tree or not path.is_relative_to(tree):
        return ""
    return f"{path.relative_to(tree)}/"
