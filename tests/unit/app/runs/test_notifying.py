"""A person is notified over real HTTP of what needs them or has ended, and no run waits for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from devassist.app.runs.notifying import Notifier, notification_of
from devassist.domain.events import EventType, Record
from devassist.domain.settings import NotifySettings
from support.facts import event as event_of


def record(type_: EventType, **data: Any) -> Record:
    return Record(
        seq=1,
        at="2026-01-01T00:00:00.000000Z",
        event=event_of(type_, data, run="calm-owl-1a2b"),
    )


FINISHED = record(EventType.RUN_FINISHED, status="succeeded", exit_code=0)
BLOCKED = record(EventType.APPROVAL_REQUESTED, approval="a-1", kind="merge", question="land it?")


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    got: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    server.server_close()
    thread.join()


def test_blocked_and_done_reach_the_webhook_in_order(inbox: tuple[str, list[dict[str, Any]]]) -> None:
    url, got = inbox
    notifier = Notifier(NotifySettings(webhook=url), {})
    for one in (record(EventType.TOOL_CALLED, name="x"), BLOCKED, FINISHED):
        notifier.write(one)
    assert [(one["kind"], one["run"]) for one in got] == [
        ("blocked", "calm-owl-1a2b"),
        ("done", "calm-owl-1a2b"),
    ]
    assert got[0]["text"] == "land it?"
    assert got[0]["hint"] == "devassist inbox"


def test_a_webhook_that_nobody_answers_costs_the_run_nothing() -> None:
    notifier = Notifier(NotifySettings(webhook="http://127.0.0.1:9/nobody"), {})
    notifier.write(BLOCKED)
    notifier.write(FINISHED)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("failed", "failed"), ("partial", "failed"), ("limited", "failed"), ("succeeded", "done")],
)
def test_the_end_of_a_run_is_notified_by_what_it_means_for_the_person(status: str, kind: str) -> None:
    message = notification_of(record(EventType.RUN_FINISHED, status=status, exit_code=0))
    assert message is not None
    assert message.kind == kind


def test_nothing_is_notified_that_needs_nobody() -> None:
    assert (
        notification_of(record(EventType.RUN_FINISHED, status="waiting", exit_code=3)) is None
    )  # notified when it was requested
    assert notification_of(record(EventType.RUN_FINISHED, status="stopped", exit_code=130)) is None
    assert notification_of(record(EventType.MERGE_COMPLETED, commit="x")) is None
