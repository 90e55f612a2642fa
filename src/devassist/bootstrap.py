"""The composition root: settings in, wired collaborators out. Nothing below it reads the environment or the clock."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devassist.config.load import Loaded, load_settings
from devassist.domain.errors import RepositoryError, Unfinished, UsageError
from devassist.domain.ids import base_ref, make_run_id, result_branch
from devassist.domain.roles import Role
from devassist.domain.run import RunState
from devassist.domain.settings import Settings
from devassist.ports import EventSink

if TYPE_CHECKING:  # imported where they are used: `--help` and `status` must not pay for a run's imports
    from devassist.domain.plan import Plan
    from devassist.engine.context import RunContext, RunRequest
    from devassist.engine.stop import StopSwitch
    from devassist.git.repository import Repository
    from devassist.sandbox.probe import Probe
    from devassist.store.audit_log import AuditLog
    from devassist.store.queries import AuditReader

_BULKY = frozenset({"model.intended", "model.called", "tool.intended", "tool.called", "command.ran", "command.intended"})
OUTLINE = ("run", "plan", "task", "approval", "merge", "warning")
"""Event types that say how a run stands, without what its agents did."""
GUIDANCE_FILES = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Host:
    """The machine as devassist found it: the only place where the environment is read."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    directory: Path = field(default_factory=Path.cwd)

    @property
    def state_dir(self) -> Path:
        """Where worktrees and anchors live: never inside a repository."""
        env = self.environment
        if named := env.get("DEVASSIST_STATE_DIR"):
            return Path(named).expanduser().resolve()
        base = Path(env["XDG_STATE_HOME"]) if env.get("XDG_STATE_HOME") else self.home / ".local" / "state"
        return (base / "devassist").resolve()

    @property
    def home(self) -> Path:
        return Path(self.environment.get("HOME") or Path("~").expanduser())

    @property
    def user_config(self) -> Path:
        base = self.environment.get("XDG_CONFIG_HOME")
        return (Path(base) if base else self.home / ".config") / "devassist" / "config.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """One repository with its settings, as a command sees it."""

    host: Host
    repository: Repository
    loaded: Loaded

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    @property
    def audit_path(self) -> Path:
        return self.repository.common_dir / "devassist" / "audit.db"

    @property
    def reports(self) -> Path:
        return self.repository.common_dir / "devassist" / "reports"

    @property
    def heads_file(self) -> Path:
        return self.host.state_dir / "heads.log"

    @property
    def worktrees(self) -> Path:
        named = self.settings.worktrees.dir
        parent = Path(named).expanduser().resolve() if named else self.host.state_dir
        return parent / self.repository.state_name


def open_project(host: Host, flags: Mapping[str, Any] | None = None) -> Project:
    """Raises RepositoryError where there is no usable repository, ConfigError where a file is wrong."""
    from devassist.git.repository import Repository

    repository = Repository.discover(host.directory)
    loaded = load_settings(
        repository=repository.workdir, user_file=host.user_config, environment=host.environment, flags=flags
    )
    return Project(host, repository, loaded)


def open_reader(project: Project) -> AuditReader:
    from devassist.store.queries import AuditReader

    return AuditReader(project.audit_path)


def load_state(project: Project, run: str) -> RunState:
    """The fold of one run; `run` may be a prefix or @last. Raises NotFound."""
    with open_reader(project) as reader:
        return fold_run(reader, reader.find_run(run))


def fold_run(reader: AuditReader, run: str, *, types: Sequence[str] = ()) -> RunState:
    """The fold over a run's events, or over those of `types` alone. Prompts and outputs are not looked up for it."""
    from devassist.store.filters import EventFilter

    chosen = EventFilter(run=run, types=tuple(types))
    return RunState.fold(reader.events(chosen, raw_types=_BULKY))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What `devassist run` was given, unread."""

    goal: str = ""
    plan: Plan | None = None
    plan_only: bool = False
    base: str = ""
    include_dirty: bool = False
    record: Path | None = None
    replay: Path | None = None
    unsafe_no_sandbox: bool = False
    extra_marks: Mapping[str, str] = field(default_factory=dict)


def start_run(
    project: Project,
    options: RunOptions,
    *,
    sinks: Sequence[EventSink] = (),
    announce: Callable[[str, RunState], None] = lambda _run, _state: None,
) -> RunState:
    """
    Run to the end in this process; the run's state then. Signals stop it cleanly, a second one at once.

    `announce` is told the run's id and its live state before anything happens.
    """
    from devassist.crew.executor import ForkserverExecutor
    from devassist.engine.journal import Journal
    from devassist.engine.stop import MARK, StopSwitch
    from devassist.engine.supervisor import Supervisor
    from devassist.llm.cassette import CassetteWriter
    from devassist.sandbox.probe import choose

    host = project.host
    run = make_run_id(secrets.randbelow)
    request = _request(project, options, run)
    directory = project.worktrees / run
    directory.mkdir(parents=True)
    probe = choose(
        project.settings.sandbox.mode, scratch=directory, allow_unsafe=options.unsafe_no_sandbox
    )
    executor = ForkserverExecutor(
        environment={**host.environment, MARK: run, "CREWAI_STORAGE_DIR": str(directory / ".crewai")},
        directory=directory / ".private",
        log=directory / "worker.log",
    )
    journal = Journal(run=run)
    announce(run, journal.state)
    recorder = CassetteWriter(options.record) if options.record is not None else None
    log = open_log(project, sinks=[journal, *sinks, *([recorder] if recorder else [])])
    journal.log = log
    stop = StopSwitch()
    try:
        context = _context(project, request, probe, journal, executor, stop)
        supervisor = Supervisor(context=context, head=log.head, database=log.database_id)
        with _signals(stop):
            state = supervisor.execute()
        log.checkpoint(run)
        return state
    finally:
        executor.close()
        log.close()
        if recorder is not None:
            recorder.close()


def open_log(project: Project, *, sinks: Sequence[EventSink] = ()) -> AuditLog:
    """The one writer of this process. Redacts what the environment and the shapes say is secret."""
    from devassist.domain.redaction import Redactor, known_secrets
    from devassist.store.audit_log import AuditLog

    redactor = Redactor(known_secrets(project.host.environment), project.settings.audit.redact)
    project.audit_path.parent.mkdir(parents=True, exist_ok=True)
    return AuditLog.open(
        project.audit_path,
        heads_file=project.heads_file,
        now=utc_now,
        root_commit=project.repository.head_commit,
        sinks=sinks,
        redact=redactor.value,
    )


def _request(project: Project, options: RunOptions, run: str) -> RunRequest:
    from devassist.engine.context import RunRequest
    from devassist.llm.routing import choose_model, models_for, resolved

    repository, settings = project.repository, project.settings
    base, warnings = _base(project, options)
    script, source = "", ""
    models: dict[str, Sequence[str]] = {}
    chosen = settings.model
    if options.replay is not None and not chosen.default:
        models = {str(role): ["replay/cassette"] for role in Role}
        source = "cassette"
    else:
        choice = choose_model(chosen, project.host.environment)
        chosen, source = resolved(chosen, choice), choice.source
        models = {str(role): list(models_for(str(role), chosen)) for role in Role}
        script = _script_of(chosen.default, project.host.directory)
    return RunRequest(
        run=run,
        goal=options.goal,
        base=base,
        settings=settings,
        models=models,
        api_base=chosen.api_base,
        plan=options.plan,
        plan_only=options.plan_only,
        prefix=repository.prefix.rstrip("/"),
        script=script,
        replay=str(options.replay.resolve()) if options.replay is not None else "",
        warnings=tuple(warnings),
        facts={
            "versions": versions(),
            "pid": os.getpid(),
            "boot_id": boot_id(),
            "model_source": source,
            "argv": sys.argv[1:],
        },
    )


def _script_of(model: str, directory: Path) -> str:
    """`scripted/demo` is shipped; any other name is a file."""
    from devassist.llm.routing import is_scripted
    from devassist.llm.scripted import load_script

    if not is_scripted(model):
        return ""
    name = model.partition("/")[2]
    shipped = Path(__file__).parent / "demo" / f"{name}.yaml"
    path = shipped if shipped.is_file() else (directory / name).resolve()
    if not path.is_file():
        raise UsageError(f"there is no script {name!r}", hint="scripted/demo is shipped; otherwise name a file")
    load_script(path)
    return str(path)


def _base(project: Project, options: RunOptions) -> tuple[str, list[str]]:
    """The commit that the run starts from, and what must be said about the repository."""
    repository = project.repository
    base = repository.resolve(options.base or "HEAD")
    warnings: list[str] = []
    dirty = repository.dirty_paths()
    if dirty and options.include_dirty:
        signature = repository.signature(project.host.environment)
        base = repository.snapshot_dirty("Uncommitted work, taken as the base of a run", signature)
    elif dirty:
        paths = [*dict.fromkeys([*dirty.staged, *dirty.unstaged, *dirty.untracked])]
        shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004
        warnings.append(
            f"uncommitted work is left out (the base is {base[:12]}): {shown}; --include-dirty takes it in"
        )
    if repository.is_shallow:
        warnings.append("the clone is shallow; the run works on what is here, conflicts need the history")
    if repository.has_submodules:
        warnings.append("submodules are not filled in the agents' worktrees and are never changed")
    if repository.has_lfs:
        warnings.append("files kept by Git LFS are pointers in the agents' worktrees")
    if repository.head_branch is None and not options.base:
        warnings.append(f"HEAD is detached; the base is {base[:12]}")
    return base, warnings


def _context(
    project: Project,
    request: RunRequest,
    probe: Probe,
    journal: Any,
    executor: Any,
    stop: StopSwitch,
) -> RunContext:
    from devassist.engine.briefs import Surroundings
    from devassist.engine.context import CommandWorld, RunContext
    from devassist.engine.stop import MARK
    from devassist.git.repository import Repository
    from devassist.sandbox.editable import editable_leak, site_packages
    from devassist.sandbox.toolchain import command_environment, command_path, toolchain_directories

    repository, host = project.repository, project.host
    python = Path(sys.prefix)
    path = command_path(
        host.environment, python_prefix=python, repository=repository.root, worktree=project.worktrees
    )
    read_only = toolchain_directories(path, repository=repository.root)
    leaks = editable_leak(site_packages(path), repository.root)

    def world(worktree: Path, private: Path) -> CommandWorld:
        extra = {MARK: request.run}
        if leaks:
            # The worktree's own code goes before what an editable install points to.
            extra["PYTHONPATH"] = os.pathsep.join(str(worktree / one) for one in ("src", "."))
        environment = command_environment(
            host.environment,
            private=private,
            python_prefix=python,
            repository=repository.root,
            worktree=worktree,
            extra=extra,
        )
        return CommandWorld(environment=environment, read_only=read_only)

    return RunContext(
        request=request,
        open_repository=lambda: Repository.discover(repository.workdir),
        journal=journal,
        executor=executor,
        sandbox=probe.sandbox,
        worktrees=project.worktrees / request.run,
        reports=project.reports,
        world=world,
        leaks=lambda: leaks,
        clock=time.monotonic,
        environment=host.environment,
        stop=stop,
        around=Surroundings(
            goal=request.goal,
            guidance=_guidance(repository, request.base),
            prefix=request.prefix,
            checks=project.settings.checks.commands,
            commands_offered=probe.sandbox is not None,
        ),
        started=time.monotonic(),
        pid=os.getpid(),
    )


def _guidance(repository: Repository, base: str) -> Mapping[str, str]:
    from devassist.domain.errors import DevassistError

    found: dict[str, str] = {}
    for name in GUIDANCE_FILES:
        try:
            found[name] = repository.read_file(base, name).decode("utf-8", "replace")
        except DevassistError:
            continue
    return found


@contextmanager
def _signals(stop: StopSwitch) -> Any:
    """SIGINT and SIGTERM pull the switch; the second kills what is left at once."""
    count = 0

    def pull(number: int, _frame: object) -> None:
        nonlocal count
        count += 1
        name = signal.Signals(number).name
        stop.pull("stopped", f"interrupted ({name})", exit_code=130, now=count > 1)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, pull) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def versions() -> Mapping[str, str]:
    """What a run was made with. Read from package metadata: nothing is imported for it."""
    names = ("devassist", "crewai", "litellm", "pygit2", "sqlite-utils")
    return {"python": sys.version.split()[0], **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def probe_sandbox(project: Project) -> Probe:
    from devassist.sandbox.probe import choose

    scratch = project.host.state_dir / "probe"
    scratch.mkdir(parents=True, exist_ok=True)
    return choose(project.settings.sandbox.mode, scratch=scratch)


def require_result(project: Project, state: RunState) -> str:
    """The result branch's tip. Raises Unfinished when nothing landed."""
    tip = project.repository.branch_tip(result_branch(state.run))
    if tip is None:
        raise Unfinished(f"nothing of {state.run} landed", hint=f"devassist show {state.run}")
    return tip


def base_of(project: Project, state: RunState) -> str:
    found = project.repository.ref_tip(base_ref(state.run))
    if found is None:
        raise RepositoryError(f"the base of {state.run} is gone from this repository")
    return found


@contextmanager
def aftermath(project: Project, run: str) -> Any:
    """An Aftermath of a run, with the audit log open for writing. Raises Unfinished while the run goes on."""
    from devassist.domain.run import RunStatus
    from devassist.engine.aftermath import Aftermath

    state = load_state(project, run)
    if state.status is RunStatus.RUNNING:
        raise Unfinished(f"{state.run} has not ended", hint=f"devassist status {state.run}")
    with open_log(project) as log:
        yield Aftermath(
            repository=project.repository,
            recorder=log,
            state=state,
            environment=project.host.environment,
            head=log.head,
            database=log.database_id,
        )
        log.checkpoint(state.run)


def found_worktrees(project: Project) -> list[dict[str, Any]]:
    """The linked worktrees that are ours, JSON-shaped."""
    from devassist.git.worktree_list import list_worktrees

    return [
        {
            "name": one.name,
            "path": str(one.path),
            "branch": one.branch,
            "head": one.head,
            "locked": one.locked,
            "missing": one.missing,
            "dirty": one.dirty,
        }
        for one in list_worktrees(project.repository)
        if one.ours
    ]


def collect_worktrees(project: Project, *, dry_run: bool) -> list[dict[str, Any]]:
    """Remove what is provably kept elsewhere: path and, where it stays, the reason. Refusals are recorded too."""
    from devassist.domain.events import Event, EventType
    from devassist.domain.run import RunStatus
    from devassist.git.worktree_list import list_worktrees
    from devassist.git.worktrees import find_worktree

    with open_reader(project) as reader:
        runs = reader.runs()
    running = [run for run in runs if load_state(project, run).status is RunStatus.RUNNING]
    outcome: list[dict[str, Any]] = []
    with open_log(project) as log:
        for one in (one for one in list_worktrees(project.repository) if one.ours):
            run = next((run for run in runs if one.name.startswith(f"da-{run}-")), "")
            reason: str | None
            if run in running or not run:
                reason = "its run has not ended" if run else "it belongs to no recorded run"
            elif one.missing:
                reason = "its directory is gone; devassist doctor --fix forgets it"
            else:
                found = find_worktree(project.repository, name=one.name, path=one.path, branch=one.branch)
                reason = found.why_not_remove() if dry_run else found.remove()
            outcome.append({"path": str(one.path), "branch": one.branch, "reason": reason or ""})
            if not dry_run:
                kind = EventType.WORKTREE_KEPT if reason else EventType.WORKTREE_REMOVED
                data = {"path": str(one.path), "branch": one.branch or "", "reason": reason or "kept elsewhere"}
                log.record(Event(type=kind, run=run, data=data))
    return outcome


def verify_log(project: Project) -> dict[str, Any]:
    """The verification of contract 5, without its envelope."""
    from devassist.domain.errors import NotFound
    from devassist.store.heads import Anchor, read_heads
    from devassist.store.verify import verify

    heads = read_heads(project.heads_file)
    if not project.audit_path.exists() and not heads:
        raise NotFound("there is no audit log yet", hint="start a run with 'devassist run GOAL'")
    commits = [
        Anchor(
            seq=one.seq, hash=bytes.fromhex(one.hash), source=f"commit {one.commit}", database_id=one.database
        )
        for one in project.repository.history_anchors()
    ]
    return verify(project.audit_path, heads=heads, commit_heads=commits).as_json()
