"""Notifies a person by webhook or desktop when a run is blocked on them, has failed or is done."""

from __future__ import annotations

import logging
import queue
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from devassist.app.wiring.project import Project
from devassist.domain.events import ApprovalRequested, EventType, Record, RunFinished
from devassist.domain.settings import NotifySettings
from devassist.domain.statuses import RunStatus
from devassist.ports import EventSink

_PATIENCE_S = 5.0
_LONGEST = 300


class NotificationKind(StrEnum):
    """Why a person is notified."""

    BLOCKED = "blocked"
    FAILED = "failed"
    DONE = "done"


_PREDICATES = {
    NotificationKind.BLOCKED: "waits for you",
    NotificationKind.FAILED: "has failed",
    NotificationKind.DONE: "is done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The JSON document that a webhook receives. `hint` is the next command to type."""

    schema: str = "devassist.notification/1"
    kind: NotificationKind
    run: str
    task: str
    title: str
    text: str
    hint: str


@dataclass
class Notifier:
    """
    An EventSink that sends notifications from its own thread, so that a run never waits for it.

    A notification that cannot be sent is logged and dropped. `environment` lets notify-send find the desktop.
    """

    settings: NotifySettings
    environment: Mapping[str, str]
    _queue: queue.Queue[Notification | None] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def write(self, record: Record) -> None:
        notification = notification_of(record)
        if notification is None:
            return
        self._queue.put(notification)
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="notifier", daemon=True)
            self._thread.start()
        if record.type is EventType.RUN_FINISHED:
            self._queue.put(None)
            self._thread.join(_PATIENCE_S)
            self._thread = None

    def _send_all(self) -> None:
        while notification := self._queue.get():
            try:
                self._send(notification)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                logging.getLogger("devassist").warning("a notification was not sent: %s", error)

    def _send(self, notification: Notification) -> None:
        if self.settings.webhook:
            request = urllib.request.Request(  # noqa: S310  the user's own configuration names it
                self.settings.webhook,
                data=msgspec.json.encode(notification),
                headers={"Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=_PATIENCE_S).close()  # noqa: S310  as above
        program = shutil.which("notify-send", path=self.environment.get("PATH"))
        if self.settings.desktop and program is not None:
            subprocess.run(
                [program, "--app-name=devassist", "--", notification.title, notification.text],
                env=dict(self.environment),
                check=False,
                timeout=_PATIENCE_S,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )


def notification_of(record: Record) -> Notification | None:
    """The notification that a record gives rise to; None for all that need no person."""
    run = record.event.run
    match record.body:
        case ApprovalRequested(question=question):
            kind, text, hint = NotificationKind.BLOCKED, question, "devassist inbox"
        case RunFinished(status=RunStatus.SUCCEEDED):
            kind = NotificationKind.DONE
            text, hint = "everything asked for was delivered", f"devassist diff {run}"
        case RunFinished(status=RunStatus.FAILED | RunStatus.PARTIAL | RunStatus.LIMITED) as finished:
            kind = NotificationKind.FAILED
            text, hint = finished.error or str(finished.status), f"devassist show {run}"
        case _:
            return None
    return Notification(
        kind=kind,
        run=run,
        task=record.event.task,
        title=f"devassist: {run} {_PREDICATES[kind]}",
        text=text[:_LONGEST],
        hint=hint,
    )


def notifiers(project: Project) -> Sequence[EventSink]:
    """The sink that sends notifications, if the configuration enables one."""
    settings = project.settings.notify
    if not settings.webhook and not settings.desktop:
        return []
    return [Notifier(settings, project.host.environment)]
