"""Whom a run talks to: the model's endpoint and nobody else, by name or by address, from any of its processes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, plan, submit, task, write

pytestmark = pytest.mark.cold

WATCH = """
import json, os, socket
def note(kind, what):
    with open(os.environ["WATCHED"], "a") as log:
        log.write(json.dumps([kind, repr(what), os.getpid()]) + "\\n")
look_up, connect, connect_ex, send_to = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
def getaddrinfo(host, *rest, **more):
    note("lookup", host)
    return look_up(host, *rest, **more)
class Watched(socket.socket):
    def connect(self, address):
        note("connect", address)
        return connect(self, address)
    def connect_ex(self, address):
        note("connect", address)
        return connect_ex(self, address)
    def sendto(self, data, *rest):
        note("send", rest[-1])
        return send_to(self, data, *rest)
socket.getaddrinfo, socket.socket = getaddrinfo, Watched
"""


def test_a_run_talks_to_the_models_endpoint_and_to_nobody_else(
    make_machine: Callable[..., Machine], script: CrewScript
) -> None:
    machine = make_machine(script=script)
    watch = machine.root / "watch"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH)
    (watch / "log").touch()
    machine.extra["PYTHONPATH"] = f"{watch}:{machine.environment['PYTHONPATH']}"
    machine.extra["WATCHED"] = str(watch / "log")
    script.on("ALPHA", "documenter", write("NOTES.md", "a note\n"), submit(proves=[0]))
    done = machine.run(plan(task("note", "ALPHA", role="documenter", review=False)))
    assert done.code == 0, done
    seen = [json.loads(line) for line in (watch / "log").read_text().splitlines()]
    reached = {what for kind, what, _ in seen if kind != "lookup" and what.startswith("(")}
    looked_up = {what.strip("b'") for kind, what, _ in seen if kind == "lookup"}
    assert any(str(machine.server.port) in what for what in reached), "the watch sees the model's endpoint"
    assert not [what for what in reached if "127.0.0.1" not in what]
    assert looked_up <= {"127.0.0.1", "localhost", "None"}
