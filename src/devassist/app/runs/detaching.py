"""Starts a run in a process of its own, which outlives the terminal, and reports whether it started."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec

from devassist.domain.errors import DevassistError
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunState
from devassist.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """The child's report to its parent: the run's id, or the error that kept it from starting."""

    run: str = ""
    error: str = ""
    hint: str = ""
    exit_code: int = DevassistError.exit_code


@dataclass
class _StartReporter:
    """An EventSink that reports to the waiting parent once the start of the run is durable."""

    pipe: int
    reported: bool = field(default=False)

    def write(self, record: Record) -> None:
        if record.type in (EventType.RUN_STARTED, EventType.RUN_RESUMED) and not self.reported:
            self.report(_Started(run=record.event.run))

    def report(self, started: _Started) -> None:
        """Writes to the pipe and closes it; only the first report counts."""
        if not self.reported:
            self.reported = True
            os.write(self.pipe, msgspec.json.encode(started))
            os.close(self.pipe)


def detach(work: Callable[[Sequence[EventSink]], RunState], log: Path) -> str:
    """
    Runs `work` in a process with its own session, and returns the run's id once its start is durable.

    The output of the process goes to the file `log`. Raises the error that `work` raised before it started. Must be
    called before this process has any thread.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(work, log, _StartReporter(writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        report = pipe.read()
    if report:
        started = msgspec.json.decode(report, type=_Started)
    else:
        started = _Started(error=f"the background process ended early; see {log}")
    if started.run:
        return started.run
    os.waitpid(pid, 0)
    error = DevassistError(started.error, hint=started.hint)
    error.exit_code = started.exit_code
    raise error


def _child(work: Callable[[Sequence[EventSink]], RunState], log: Path, reporter: _StartReporter) -> NoReturn:
    code = DevassistError.exit_code
    try:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDONLY)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, descriptor in enumerate((quiet, out, out)):
            os.dup2(descriptor, number)
        code = work([reporter]).exit_code
    except DevassistError as error:
        reporter.report(_Started(error=str(error), hint=error.hint, exit_code=error.exit_code))
        code = error.exit_code
    except BaseException as error:  # noqa: BLE001  reported to the parent; the child ends here whatever happened
        traceback.print_exc()
        reporter.report(_Started(error=f"internal error: {error!r}", hint=f"its output is in {log}"))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
