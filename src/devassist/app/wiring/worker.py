"""Composition root of the worker processes: the forkserver's imports and the collaborators of a crew."""

from __future__ import annotations

import gc
import os
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from devassist.assignments import Assignment, CrewEnding
from devassist.crew.crew_stop import CrewStop
from devassist.crew.forkserver import serve
from devassist.crew.link import PipeLink
from devassist.domain.errors import DevassistError
from devassist.domain.settings import ModelSettings
from devassist.domain.statuses import Outcome, SandboxTier
from devassist.engine.stop import MARK
from devassist.faults import arm_from
from devassist.llm.calls import AttemptJournal, CallPolicy
from devassist.llm.cassette import ReplayClient
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.windows import ASSUMED_HOSTED
from devassist.llm.scripted import ScriptedClient, load_script
from devassist.llm.silence import environment
from devassist.messages import decode_assignment
from devassist.ports import ModelClient, ModelReply, ModelRequest, Sandbox
from devassist.sandbox.files import WorktreeFiles
from devassist.sandbox.sweep import kill_marked
from devassist.sandbox.tiers import make

_BETWEEN_SWEEPS_S = 0.01


def main() -> None:
    """Imports what every worker needs, then forks workers on demand. The argument is the control socket's number."""
    arm_from(os.environ)
    os.environ.update(environment())
    home = os.environ.get("HOME")
    # CrewAI writes a key file below HOME when it is imported; the providers of models need the real HOME later.
    own = Path(os.environ.get("CREWAI_STORAGE_DIR") or tempfile.gettempdir())
    os.environ["HOME"] = str(own)
    preload()
    if home is None:
        del os.environ["HOME"]
    else:
        os.environ["HOME"] = home
    if not serve(socket.socket(fileno=int(sys.argv[1])), run_assignment):
        end_commands(os.environ)
    os._exit(0)  # the exit hooks of the libraries take seconds and do nothing useful


# Modules that CrewAI, litellm and openai import at their first call: imported once here instead of in every worker.
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
)


def preload() -> None:
    """
    Imports and builds what every worker needs, so that a forked one can begin at once.

    Leaves no thread, because the process forks afterwards.
    """
    # What the imports make stays to the end; to look for garbage among it takes a second.
    gc.disable()
    # Imported here and not at the top: both read the environment, which `main` has to prepare.
    import litellm  # noqa: F401  the largest import; shared by all workers

    from devassist.crew.rehearsal import mute_events

    for name in _LAZY:
        with suppress(
            ImportError
        ):  # other versions of the libraries have other modules; workers import those
            import_module(name)
    find_entry("gpt-4o")
    mute_events()
    _rehearse()
    gc.freeze()  # not only because of the second: a collection writes to what it looks at, so workers would copy it
    gc.enable()


def _rehearse() -> None:
    """Builds what a crew and its calls build at first use. A worker builds for itself what cannot be built here."""
    from devassist.crew.rehearsal import CALLS, rehearse
    from devassist.crew.worker import quiet_crewai
    from devassist.llm.rehearsal import NO_SERVER, rehearsed

    client = LiteLLMClient(ModelSettings(api_base=NO_SERVER))
    call = _caller(client, Assignment(run="", task="", roles=(), models={}, max_retries=0))
    quiet_crewai()
    try:
        with tempfile.TemporaryDirectory(dir=os.environ["HOME"]) as directory, rehearsed(CALLS):
            ending = rehearse(Path(directory), call, WorktreeFiles)
    except Exception as error:  # noqa: BLE001  workers can do without
        traceback.print_exception(error)
    else:
        if ending.outcome is not Outcome.DELIVERED:
            sys.stderr.write(f"the rehearsal: {ending.outcome}: {ending.reason}\n")


def end_commands(environment: Mapping[str, str]) -> None:
    """
    Kills the commands of a run whose supervisor died.

    Commands in bubblewrap die with their worker; those under Landlock do not, since each leads its own session.
    """
    if run := environment.get(MARK):
        while kill_marked(
            f"{MARK}={run}"
        ):  # repeated, because a process may have forked before it was killed
            time.sleep(_BETWEEN_SWEEPS_S)


def run_assignment(request: bytes, connection: Connection) -> None:
    """Runs one crew in a forked worker and reports how it ended."""
    # CrewAI, imported by `preload` with its own HOME.
    from devassist.crew.worker import CrewRunner, describe_bug, quiet_crewai

    quiet_crewai()
    assignment = decode_assignment(request)
    link = PipeLink(connection)
    try:
        client = _client(assignment)
        runner = CrewRunner(
            assignment=assignment,
            link=link,
            sandbox=_sandbox(assignment.sandbox_tier),
            open_files=WorktreeFiles,
            call=_caller(client, assignment),
            window=client.window if isinstance(client, LiteLLMClient) else lambda _model: ASSUMED_HOSTED,
        )
        ending = runner.run()
    except DevassistError as error:  # such as a cassette or a sandbox that is gone
        ending = CrewEnding(outcome=Outcome.FAILED, reason=str(error), hint=error.hint)
    except BaseException as error:  # noqa: BLE001  a bug must reach the log before the process ends
        ending = describe_bug(error)
    try:
        link.finish(ending)
    except CrewStop:
        return


def _client(assignment: Assignment) -> ModelClient:
    if assignment.replay:
        return ReplayClient(Path(assignment.replay), run=assignment.run)
    if assignment.script:
        return ScriptedClient(load_script(Path(assignment.script)))
    return LiteLLMClient(ModelSettings(api_base=assignment.api_base, timeout_s=assignment.timeout_s))


def _caller(client: ModelClient, assignment: Assignment) -> Callable[..., ModelReply]:
    def call(request: ModelRequest, models: Sequence[str], journal: AttemptJournal) -> ModelReply:
        policy = CallPolicy(client=client, models=models, journal=journal, max_retries=assignment.max_retries)
        return policy.complete(request)

    return call


def _sandbox(tier: SandboxTier) -> Sandbox | None:
    return make(tier) if tier else None


if __name__ == "__main__":
    main()
