"""Tells a person that is somewhere else: only that a run is blocked on them, has failed or is done."""

from __future__ import annotations

import json
import logging
import queue
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from devassist.app.wiring.project import Project
from devassist.domain.events import ApprovalRequested, EventType, Record, RunFinished
from devassist.domain.settings import NotifySettings
from devassist.domain.statuses import RunStatus
from devassist.ports import EventSink

_PATIENCE_S = 5.0
_LONGEST = 300
_VERBS = {"blocked": "waits for you", "failed": "has failed", "done": "is done"}


@dataclass
class Notifier:
    """
    An EventSink that sends in a thread of its own: nobody waits for it, and what it cannot send is left out.

    `environment` is what notify-send needs to find the desktop.
    """

    settings: NotifySettings
    environment: Mapping[str, str]
    _queue: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def write(self, record: Record) -> None:
        message = told(record)
        if message is None:
            return
        self._queue.put(message)
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="notifier", daemon=True)
            self._thread.start()
        if record.type is EventType.RUN_FINISHED:
            self._queue.put({})
            self._thread.join(_PATIENCE_S)
            self._thread = None

    def _send_all(self) -> None:
        while message := self._queue.get():
            try:
                self._send(message)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                logging.getLogger("devassist").warning("a notification was not sent: %s", error)

    def _send(self, message: Mapping[str, Any]) -> None:
        if self.settings.webhook:
            request = urllib.request.Request(  # noqa: S310  the person's own configuration names it
                self.settings.webhook,
                data=json.dumps(message).encode(),
                headers={"Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=_PATIENCE_S).close()  # noqa: S310  as above
        program = shutil.which("notify-send", path=self.environment.get("PATH"))
        if self.settings.desktop and program is not None:
            subprocess.run(
                [program, "--app-name=devassist", "--", message["title"], message["text"]],
                env=dict(self.environment),
                check=False,
                timeout=_PATIENCE_S,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )


def told(record: Record) -> dict[str, Any] | None:
    """What is sent of a record: `blocked`, `failed` or `done`, with the next command; None of all others."""
    run = record.event.run
    match record.body:
        case ApprovalRequested(question=question):
            kind, text, hint = "blocked", question, "devassist inbox"
        case RunFinished(status=RunStatus.SUCCEEDED):
            kind, text, hint = "done", "everything asked for was delivered", f"devassist diff {run}"
        case RunFinished(status=RunStatus.FAILED | RunStatus.PARTIAL | RunStatus.LIMITED) as finished:
            kind, text, hint = "failed", finished.error or str(finished.status), f"devassist show {run}"
        case _:
            return None
    return {
        "schema": "devassist.notification/1",
        "kind": kind,
        "run": run,
        "task": record.event.task,
        "title": f"devassist: {run} {_VERBS[kind]}",
        "text": text[:_LONGEST],
        "hint": hint,
    }


def notifiers(project: Project) -> Sequence[EventSink]:
    """The sink that tells the person, where the configuration names a way."""
    settings = project.settings.notify
    if not settings.webhook and not settings.desktop:
        return []
    return [Notifier(settings, project.host.environment)]
