"""The process that workers are forked from: what it has built before the first fork, and what it must not have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import devassist

_PRELOADED = """
import contextlib, json, os, socket, sys, threading
from devassist.app.wiring.worker import preload
from devassist.llm.silence import environment

os.environ.update(environment())
attempts = []
connect = socket.socket.connect
socket.socket.connect = lambda self, address: attempts.append(str(address)) or connect(self, address)
preload()

import litellm
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.crew_events import CrewKickoffStartedEvent
from pathlib import Path
from devassist.crew.rehearsal import CALLS, rehearse
from devassist.app.wiring.worker import _caller
from devassist.assignments import Assignment
from devassist.domain.settings import ModelSettings
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.sandbox.files import WorktreeFiles
from devassist.llm.rehearsal import NO_SERVER, rehearsed

crewai_event_bus.on(CrewKickoffStartedEvent)(lambda source, event: None)
threads, modules = [thread.name for thread in threading.enumerate()], set(sys.modules)
clients = len(litellm.in_memory_llm_clients_cache.cache_dict)
session = type(litellm.client_session._transport).__name__
pid = os.fork()
if pid == 0:
    call = _caller(LiteLLMClient(ModelSettings(api_base=NO_SERVER)), Assignment(run="", task="", roles=(), models={}))
    with rehearsed(CALLS):
        ending = rehearse(Path.cwd(), call, WorktreeFiles)
        names = [thread.name for thread in threading.enumerate()]
    print(json.dumps([ending.outcome, names, sorted(set(sys.modules) - modules)]), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
loaded = "tiktoken_ext.openai_public" in sys.modules
tokens = litellm.token_counter(model="gpt-4", text="Hello, world!")
print(json.dumps([threads, attempts, clients, session, loaded, tokens]), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Preloaded:
    """What the process has after `preload`, and what a crew in a fork of it needed beside that."""

    threads: list[str]
    connections: list[str]
    clients: int
    transport: str
    tokenizer_loaded: bool
    tokens: int
    fork_outcome: str
    fork_threads: list[str]
    fork_modules: list[str]
    stderr: str
    files: list[str]


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Preloaded:
    home = tmp_path_factory.mktemp("preload")
    work = home / "work"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PRELOADED],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(devassist.__file__).parents[1]),
            "HOME": str(home),
            "CREWAI_STORAGE_DIR": str(home),
        },
        cwd=work,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    fork, parent = map(json.loads, done.stdout.splitlines())
    names = sorted(path.name for path in home.rglob("*") if path.is_file())
    return Preloaded(*parent, *fork, done.stderr, names)


def test_no_thread_is_left_that_a_fork_would_miss(preloaded: Preloaded) -> None:
    assert preloaded.threads == ["MainThread"]


def test_nothing_is_sent_anywhere(preloaded: Preloaded) -> None:
    assert preloaded.connections == []


def test_litellm_has_no_client_of_the_rehearsal_and_its_own_session(preloaded: Preloaded) -> None:
    assert (preloaded.clients, preloaded.transport) == (0, "_Repairing")


def test_the_tokenizer_is_loaded_when_tokens_are_counted_and_not_before(preloaded: Preloaded) -> None:
    assert (preloaded.tokenizer_loaded, preloaded.tokens) == (False, 4)


def test_the_rehearsal_is_silent(preloaded: Preloaded) -> None:
    assert preloaded.stderr == ""


def test_a_crew_in_a_fork_imports_nothing_more(preloaded: Preloaded) -> None:
    assert (preloaded.fork_outcome, preloaded.fork_modules) == ("delivered", [])


def test_a_crew_has_no_threads_for_events_that_nobody_handles(preloaded: Preloaded) -> None:
    assert not [name for name in preloaded.fork_threads if name.startswith("CrewAI")]


def test_a_crew_stores_its_outputs_in_no_database_of_crewai(preloaded: Preloaded) -> None:
    assert not [name for name in preloaded.files if name.endswith(".db")]
