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
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from devassist.app.wiring.host import Host, utc_now
from devassist.assignments import Assignment, CrewEnding
from devassist.crew.crew_stop import CrewStop
from devassist.crew.forkserver import serve
from devassist.crew.link import PipeLink
from devassist.crew.process_mark import detach, show
from devassist.crew.standby import wait_for_run
from devassist.crew.text_protocol.protocols import Protocols
from devassist.crew.worker_start import decode_start
from devassist.domain.errors import DevassistError
from devassist.domain.settings import ModelProtocol, ModelSettings
from devassist.domain.statuses import Outcome, SandboxTier
from devassist.engine.stop import MARK
from devassist.faults import arm_from
from devassist.llm.calls import AttemptJournal, CallPolicy
from devassist.llm.cassette import ReplayClient
from devassist.llm.lean_import import lean
from devassist.llm.litellm_gateway import LiteLLMClient
from devassist.llm.models.catalogue import find_entry
from devassist.llm.models.own_servers import own_server
from devassist.llm.models.windows import ASSUMED_HOSTED
from devassist.llm.scripted import ScriptedClient, load_script
from devassist.llm.silence import environment
from devassist.ports import ModelClient, ModelReply, ModelRequest, Sandbox
from devassist.sandbox.files import WorktreeFiles
from devassist.sandbox.sweep import kill_marked
from devassist.sandbox.tiers import make

_BETWEEN_SWEEPS_S = 0.01
_SET_BY_IMPORTS: dict[str, str] = {}
"""Variables that libraries set when they are imported, such as where litellm's tokenizers are."""


def main() -> None:
    """
    Imports what every worker needs, then forks workers on demand, for one run after the other if it may.

    Arguments: `--standby DIRECTORY KEY` if it may wait for another run, and the control socket's number.
    """
    run = os.environ.get(MARK, "")
    detach(os.environ)
    os.environ.update(environment())
    # CrewAI writes a key file below HOME when it is imported. Workers get the run's environment, HOME included.
    os.environ["HOME"] = os.environ.get("CREWAI_STORAGE_DIR") or tempfile.gettempdir()
    before = dict(os.environ)
    try:
        preload()
        _SET_BY_IMPORTS.update({name: value for name, value in os.environ.items() if name not in before})
        control: socket.socket | None = socket.socket(fileno=int(sys.argv[-1]))
        while control is not None:
            if not serve(control, run_assignment):
                end_commands(run)
                break
            control, run = _next_run(control, sys.argv[1:-1])
    except BaseException as error:  # noqa: BLE001  the last net of a process: say it in the log and leave
        traceback.print_exception(error)
    finally:
        sys.stderr.flush()
        os._exit(0)  # the exit hooks of the libraries take seconds and do nothing useful


def _next_run(control: socket.socket, arguments: Sequence[str]) -> tuple[socket.socket | None, str]:
    """Let go of a run that is over, and wait for the next: its control socket and its id."""
    if not arguments:
        return None, ""
    directory = Path(arguments[1])
    nothing = os.open(os.devnull, os.O_WRONLY)
    _be_in(Path("/"), nothing)
    show({})  # before `control` is closed: the supervisor then ends whatever carries the run's mark
    control.close()
    code, session = Path(__file__), Path(os.environ.get("XDG_RUNTIME_DIR", "/"))
    adopted = wait_for_run(directory, arguments[2], goes_on=lambda: code.exists() and session.exists())
    if adopted is None:
        return None, ""
    show({MARK: adopted.run})
    _be_in(Path(adopted.directory), adopted.log)
    return adopted.control, adopted.run


def _be_in(directory: Path, log: int) -> None:
    """Work in `directory`, and write to the file descriptor `log`, which is closed."""
    os.chdir(directory)
    sys.stdout.flush()
    sys.stderr.flush()
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)


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
    with lean():
        # Imported here and not at the top: both read the environment, which `main` has to prepare.
        import litellm  # noqa: F401  the largest import; shared by all workers

        from devassist.crew.rehearsal import mute_events

        for name in _LAZY:
            with suppress(ImportError):  # versions of the libraries differ; a worker imports what is left
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


def end_commands(run: str) -> None:
    """
    Kills the commands of a run whose supervisor died.

    Commands in bubblewrap die with their worker; those under Landlock do not, since each leads its own session.
    """
    while run and kill_marked(f"{MARK}={run}"):  # repeated: a process may have forked before it was killed
        time.sleep(_BETWEEN_SWEEPS_S)


def run_assignment(connection: Connection) -> None:
    """Runs one crew in a forked worker and reports how it ended."""
    start = decode_start(connection.recv_bytes())
    os.environ.clear()
    os.environ.update({**_SET_BY_IMPORTS, **start.environment})
    os.environ.update(environment())
    arm_from(os.environ)
    # CrewAI, imported by `preload` with its own HOME.
    from devassist.app.wiring.git_configuration import read_git_configuration
    from devassist.app.wiring.host import Host
    from devassist.crew.worker import CrewRunner, describe_bug, quiet_crewai

    quiet_crewai()
    read_git_configuration(Host(environment=dict(os.environ)))
    assignment = start.assignment
    link = PipeLink(connection)
    try:
        client = _client(assignment)
        runner = CrewRunner(
            assignment=assignment,
            link=link,
            sandbox=_sandbox(assignment.sandbox_tier),
            open_files=WorktreeFiles,
            call=_caller(client, assignment),
            window=lambda model: assignment.windows.get(model) or _window(client, model),
            protocols=_protocols(assignment),
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


@dataclass(frozen=True, slots=True)
class _ByModel:
    """A ModelClient that plays some models, and asks another client for all others."""

    scripts: Mapping[str, ModelClient]
    others: ModelClient

    def attempt(self, request: ModelRequest) -> ModelReply:
        return self.scripts.get(request.model, self.others).attempt(request)


def _client(assignment: Assignment) -> ModelClient:
    if assignment.replay:
        return ReplayClient(Path(assignment.replay), run=assignment.run)
    if assignment.script:
        return ScriptedClient(load_script(Path(assignment.script)))
    client = LiteLLMClient(
        replace(assignment.model, api_base=assignment.api_base, timeout_s=assignment.timeout_s)
    )
    if not assignment.scripts:
        return client
    scripts = {model: ScriptedClient(load_script(Path(path))) for model, path in assignment.scripts.items()}
    return _ByModel(scripts, client)


def _window(client: ModelClient, model: str) -> int:
    real = client.others if isinstance(client, _ByModel) else client
    return real.window(model) if isinstance(real, LiteLLMClient) else ASSUMED_HOSTED


def _protocols(assignment: Assignment) -> Protocols:
    settings = replace(assignment.model, api_base=assignment.api_base)
    if assignment.script and settings.protocol is ModelProtocol.AUTO:
        return Protocols()  # a script has no server that could be tried
    return Protocols(
        setting=settings.protocol,
        server_of=lambda model: own_server(model, settings, os.environ),
        directory=Host().state_dir / "protocols",
        now=utc_now,
    )


def _caller(client: ModelClient, assignment: Assignment) -> Callable[..., ModelReply]:
    def call(request: ModelRequest, models: Sequence[str], journal: AttemptJournal) -> ModelReply:
        policy = CallPolicy(client=client, models=models, journal=journal, max_retries=assignment.max_retries)
        return policy.complete(request)

    return call


def _sandbox(tier: SandboxTier) -> Sandbox | None:
    return make(tier) if tier else None


if __name__ == "__main__":
    main()
