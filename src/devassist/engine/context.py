"""What a run is made of: its request, its settings and its collaborators, wired once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devassist.domain.choice.models import Candidate, Measures
from devassist.domain.choice.privacy import OPEN, PrivatePaths, Secrecy
from devassist.domain.errors import Interrupted, LimitReached
from devassist.domain.events import LedgerRecorded, Owner, Record, RecoveryDone, ResolutionAsked
from devassist.domain.guidance import Guidance
from devassist.domain.hashing import digest
from devassist.domain.plan import Plan, PlanTask
from devassist.domain.roles import CrewSize, Role
from devassist.domain.settings import Settings
from devassist.domain.statuses import Outcome, SandboxTier
from devassist.engine.log.journal import Journal
from devassist.engine.stop import StopSwitch
from devassist.git.repository import Repository
from devassist.ports import Executor, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """What there is to choose from: `candidates` for the roles of `chosen`; `local` are all models that are local."""

    candidates: tuple[Candidate, ...] = ()
    chosen: frozenset[Role] = frozenset()
    """The roles whose model the configuration does not name."""
    fallbacks: tuple[str, ...] = ()
    local: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a person wants of a run, with everything resolved to ids and values."""

    run: str
    goal: str
    base: str
    settings: Settings
    models: Mapping[str, Sequence[str]]
    """Role -> model strings, the primary first. Of a role whose model is chosen, what it would get at the start."""
    choice: ModelChoice = field(default_factory=ModelChoice)
    secrecy: Secrecy = OPEN
    api_base: str = ""
    plan: Plan | None = None
    plan_only: bool = False
    resumed: bool = False
    """Whether the log holds earlier work of this run."""
    waits: bool = False
    """Whether this supervisor may wait for a person once nothing else is left to do."""
    cleared: RecoveryDone | None = None
    """What an earlier supervisor had left behind: processes killed, locks removed."""
    spent_s: float = 0.0
    """Seconds that earlier supervisors of this run have taken."""
    crew: CrewSize = CrewSize.AUTO
    """How many agents the goal gets."""
    prefix: str = ""
    script: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """The files of scripted models that may be chosen, by model."""
    replay: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()
    owner: Owner = field(default_factory=Owner)
    """This process, as run.started and run.resumed record it."""
    model_source: str = ""
    """Where the model was configured or found."""
    resolution: ResolutionAsked | None = None
    """The conflict that the run is for, if it is a resolution run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWorld:
    """The environment and the read-only directories of commands in one worktree."""

    environment: Mapping[str, str]
    read_only: Sequence[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is the same for all agents of a run. `map` describes the repository as far as the goal needs it."""

    goal: str
    guidance: Guidance = field(default_factory=Guidance)
    map: Callable[[], str] = str
    prefix: str = ""
    checks: Sequence[str] = ()
    commands_offered: bool = True


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """
    The collaborators of one run.

    `world(worktree, private)` is what commands see there; `leaks()` names editable installs that would make tests
    import the main checkout; `clock` gives monotonic seconds.
    """

    request: RunRequest
    open_repository: Callable[[], Repository]
    journal: Journal
    executor: Executor
    sandbox: Sandbox | None
    worktrees: Path
    reports: Path
    world: Callable[[Path, Path], CommandWorld]
    leaks: Callable[[], Sequence[str]]
    clock: Callable[[], float]
    environment: Mapping[str, str]
    stop: StopSwitch
    around: Surroundings
    history: Callable[[str], Sequence[Record]] = lambda _task: ()
    """The records of one task of this run, from the log."""
    taught: Callable[[], Sequence[Record]] = lambda: ()
    """The records, of all runs and people, that say how conflicts were settled."""
    ledgers: Callable[[str], Sequence[LedgerRecorded]] = lambda _tree: ()
    """The ledgers of a tree that runs of the last day recorded, oldest first."""
    steering: Callable[[int], Sequence[Record]] = lambda _seq: ()
    """The records after a seq by which other processes steer this run: decisions, notes, retries, stop requests."""
    show: Callable[[Record], None] = lambda _record: None
    """Shows such a record to the views of this process."""
    estimated: Callable[[Plan], str] = lambda _plan: ""
    """What such a plan is likely to cost by the runs before, in words; empty if there were none."""
    share: Callable[[int], int] = lambda limit: limit
    """This run's share of a number of workers, while other runs of the repository are at work."""
    measured: Callable[[], Measures] = Measures
    """What the log says of models, of all runs."""
    calling: dict[int, str] = field(default_factory=dict)
    """Workers whose model call is in flight, with the model."""
    symbols: Path | None = None
    """The directory of the symbol tables, which outlive the run."""
    started: float = 0.0
    pid: int = 0
    _local: threading.local = field(default_factory=threading.local)

    @property
    def repository(self) -> Repository:
        """This thread's own: libgit2 does not promise that one repository object serves two threads."""
        repository: Repository | None = getattr(self._local, "repository", None)
        if repository is None:
            repository = self._local.repository = self.open_repository()
        return repository

    @property
    def run(self) -> str:
        return self.request.run

    @property
    def tier(self) -> SandboxTier:
        """What confines commands."""
        return self.sandbox.tier if self.sandbox is not None else SandboxTier.ABSENT

    @property
    def settings(self) -> Settings:
        return self.request.settings

    @property
    def masked(self) -> Sequence[Path]:
        """What no sandboxed command may see: the main checkout and its git directory."""
        return [self.repository.root, self.repository.common_dir]

    def find_task(self, name: str) -> PlanTask | None:
        """A task of the run's plan."""
        plan = self.journal.state.plan
        return next((task for task in plan.tasks if task.id == name), None) if plan is not None else None

    def hidden_in(self, task: str) -> PrivatePaths:
        """What the agents of a task do not see."""
        return self.request.secrecy.hidden_in(self.find_task(task))

    def elapsed_s(self) -> float:
        """Seconds that the run has taken, those of earlier supervisors included."""
        return self.request.spent_s + self.clock() - self.started

    def models_of(self, roles: Sequence[Role]) -> Mapping[str, tuple[str, ...]]:
        return {str(role): tuple(self.request.models[role]) for role in roles}

    def check_stop(self) -> None:
        """Raises Interrupted or LimitReached when the run is over."""
        if self.stop.pulled:
            if self.stop.outcome is Outcome.LIMITED:
                raise LimitReached(self.stop.reason)
            raise Interrupted(self.stop.reason)


def settings_digest(settings: Settings) -> str:
    """Equal for equal settings."""
    return digest(asdict(settings))
