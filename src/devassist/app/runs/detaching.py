"""Puts a run into a process of its own that outlives the terminal, and says how it began."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from devassist.domain.errors import DevassistError
from devassist.domain.events import EventType, Record
from devassist.domain.state.run import RunState
from devassist.ports import EventSink


@dataclass
class _Starting:
    """An EventSink that tells the waiting parent once the run's beginning is durable."""

    pipe: int
    told: bool = field(default=False)

    def write(self, record: Record) -> None:
        if record.type in (EventType.RUN_STARTED, EventType.RUN_RESUMED) and not self.told:
            self.tell({"run": record.event.run})

    def tell(self, message: dict[str, Any]) -> None:
        if not self.told:
            self.told = True
            os.write(self.pipe, json.dumps(message).encode())
            os.close(self.pipe)


def detach(work: Callable[[Sequence[EventSink]], RunState], log: Path) -> str:
    """
    Run `work` in a process of its own session, its output in `log`; the run's id once its beginning is durable.

    Raises what `work` raised before that. Must be called before this process has any thread.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(work, log, _Starting(writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    message = json.loads(said) if said else {"error": f"the background process ended early; see {log}"}
    if "run" in message:
        return str(message["run"])
    os.waitpid(pid, 0)
    error = DevassistError(message["error"], hint=message.get("hint", ""))
    error.exit_code = int(message.get("exit_code", DevassistError.exit_code))
    raise error


def _child(work: Callable[[Sequence[EventSink]], RunState], log: Path, starting: _Starting) -> NoReturn:
    code = DevassistError.exit_code
    try:
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDONLY)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, descriptor in enumerate((quiet, out, out)):
            os.dup2(descriptor, number)
        code = work([starting]).exit_code
    except DevassistError as error:
        starting.tell({"error": str(error), "hint": error.hint, "exit_code": error.exit_code})
        code = error.exit_code
    except BaseException as error:  # noqa: BLE001  the parent must hear of it, and nothing of it may go on here
        traceback.print_exc()
        starting.tell({"error": f"internal error: {error!r}", "hint": f"its output is in {log}"})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
