"""Composition root of the worker side: the forkserver's imports, and a crew's collaborators."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from devassist.assignments import Assignment, CrewEnding
from devassist.domain.errors import DevassistError
from devassist.domain.settings import ModelSettings
from devassist.domain.statuses import Outcome
from devassist.engine.stop import MARK
from devassist.faults import arm_from
from devassist.llm.calls import CallPolicy
from devassist.llm.silence import environment
from devassist.messages import decode_assignment
from devassist.ports import ModelClient, ModelReply, ModelRequest, Sandbox
from devassist.sandbox.sweep import kill_marked

_BETWEEN_SWEEPS_S = 0.01


def main() -> None:
    """Import what every worker needs, then fork workers on demand. The one argument is the control socket."""
    arm_from(os.environ)
    os.environ.update(environment())
    home = os.environ.get("HOME")
    # CrewAI writes a key file below HOME when it is imported. Providers need the real HOME later.
    own = Path(os.environ.get("CREWAI_STORAGE_DIR") or tempfile.gettempdir())
    os.environ["HOME"] = str(own)
    preload()
    if home is None:
        del os.environ["HOME"]
    else:
        os.environ["HOME"] = home
    from devassist.crew.forkserver import serve

    if not serve(socket.socket(fileno=int(sys.argv[1])), run_assignment):
        end_commands(os.environ)
    os._exit(0)  # nothing is left to do, and the libraries' exit hooks take seconds


# What CrewAI, litellm and openai import only at their first call: once here instead of once in every worker.
_LAZY = (
    "httpcore",
    "h11",
    "openai.resources",
    "litellm._service_logger",
    "litellm.integrations.prometheus_services",
    "litellm.llms.litellm_proxy.chat.transformation",
    "litellm.llms.openai.chat.gpt_audio_transformation",
    "litellm.llms.openai_like.dynamic_config",
    "litellm.llms.vertex_ai.vertex_ai_partner_models.anthropic.transformation",
    "litellm.proxy.spend_tracking.savings",
    "crewai.hooks.contexts",
    "crewai.llms.cache",
    "crewai.skills.tool",
    "devassist.sandbox.files",
    "devassist.sandbox.tiers",
)


def preload() -> None:
    """Import and build what every worker would, so that a forked one only works. Starts no thread: forks follow."""
    import litellm  # noqa: F401  the largest import; shared by all workers

    from devassist.crew.crews import warm
    from devassist.llm.litellm_gateway import context_window, warm_client

    for name in _LAZY:
        with suppress(
            ImportError
        ):  # another version has it elsewhere; then it costs a worker what it did before
            import_module(name)
    context_window("gpt-4o")
    warm_client()
    warm()


def end_commands(environment: Mapping[str, str]) -> None:
    """
    Kill the commands of a run whose supervisor died.

    Bubblewrap's commands die with their worker. Landlock's have nobody else: each leads a session of its own.
    """
    if run := environment.get(MARK):
        while kill_marked(f"{MARK}={run}"):  # again, since the last one may have forked meanwhile
            time.sleep(_BETWEEN_SWEEPS_S)


def run_assignment(request: bytes, connection: Connection) -> None:
    """In the forked worker: wire one crew, run it, report its ending."""
    from devassist.crew.crew_stop import CrewStop
    from devassist.crew.link import PipeLink
    from devassist.crew.worker import CrewRunner, describe_bug, quiet_crewai
    from devassist.llm.litellm_gateway import context_window

    quiet_crewai()
    assignment = decode_assignment(request)
    link = PipeLink(connection)
    try:
        runner = CrewRunner(
            assignment=assignment,
            link=link,
            sandbox=_sandbox(assignment.sandbox_tier),
            open_files=_files,
            call=_caller(_client(assignment), assignment),
            window=lambda model: context_window(model) if not assignment.script else 128_000,
        )
        ending = runner.run()
    except DevassistError as error:  # a cassette that broke meanwhile, a sandbox that is gone
        ending = CrewEnding(outcome=Outcome.FAILED, reason=str(error), hint=error.hint)
    except BaseException as error:  # noqa: BLE001  a bug must reach the log, not vanish with the process
        ending = describe_bug(error)
    try:
        link.finish(ending)
    except CrewStop:
        return


def _client(assignment: Assignment) -> ModelClient:
    if assignment.replay:
        from devassist.llm.cassette import ReplayClient

        return ReplayClient(Path(assignment.replay), run=assignment.run)
    if assignment.script:
        from devassist.llm.scripted import ScriptedClient, load_script

        return ScriptedClient(load_script(Path(assignment.script)))
    from devassist.llm.litellm_gateway import LiteLLMClient

    return LiteLLMClient(ModelSettings(api_base=assignment.api_base, timeout_s=assignment.timeout_s))


def _caller(client: ModelClient, assignment: Assignment) -> Callable[..., ModelReply]:
    def call(request: ModelRequest, models: Sequence[str], journal: Any) -> ModelReply:
        policy = CallPolicy(client=client, models=models, journal=journal, max_retries=assignment.max_retries)
        return policy.complete(request)

    return call


def _sandbox(tier: str) -> Sandbox | None:
    if not tier:
        return None
    from devassist.sandbox.tiers import make

    return make(tier)


def _files(root: Path) -> Any:
    from devassist.sandbox.files import WorktreeFiles

    return WorktreeFiles(root)


if __name__ == "__main__":
    main()
