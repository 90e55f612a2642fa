"""What happens to a run as a whole: who owns it, how it ends, and what is done with its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from devassist.domain.events.kinds import EventType
from devassist.domain.plan import Plan
from devassist.domain.roles import CrewSize
from devassist.domain.settings import Settings
from devassist.domain.statuses import RunStatus, SandboxTier


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """
    Model use. An unknown price counts as 0 in `usd` and once in `unpriced_calls`.

    `cached_input_tokens` of the `input_tokens` were read from a provider's cache. The tokens of `estimated_calls` are
    counted by length, since the provider told none.
    """

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced_calls: int = 0
    cached_input_tokens: int = 0
    estimated_calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionAsked:
    """The conflict that a resolution run is for, and what its person asked for. `sides` are the two commits."""

    conflict: str
    sides: tuple[str, ...]
    who: str = ""
    reason: str = ""
    checks: bool = False
    into: str = ""
    overrule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that owns a run. With `pid` and `boot_id`, `process_started` identifies it."""

    argv: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    process_started: int = 0
    """The process's start in clock ticks since boot."""
    boot_id: str = ""
    detached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A supervisor began a run: what was asked for, from which commit, with which settings and versions."""

    type: ClassVar[EventType] = EventType.RUN_STARTED
    goal: str = ""
    base: str = ""
    """Commit id."""
    branch: str = ""
    """What the person had checked out; empty with a detached HEAD."""
    prefix: str = ""
    """The directory below the repository's root that the person stood in."""
    settings: Settings = field(default_factory=Settings)
    settings_digest: str = ""
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Role -> model strings, the primary first."""
    model_source: str = ""
    sandbox: SandboxTier = SandboxTier.ABSENT
    repository: str = ""
    worktrees: str = ""
    plan_only: bool = False
    crew: CrewSize = CrewSize.AUTO
    script: str = ""
    replay: str = ""
    api_base: str = ""
    plan: Plan | None = None
    """The plan that was passed, if one was."""
    resolution: ResolutionAsked | None = None
    argv: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    process_started: int = 0
    """The process's start in clock ticks since boot."""
    boot_id: str = ""
    detached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """Another supervisor took the run over, with the settings that hold from now on."""

    type: ClassVar[EventType] = EventType.RUN_RESUMED
    settings: Settings = field(default_factory=Settings)
    settings_digest: str = ""
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sandbox: SandboxTier = SandboxTier.ABSENT
    spent_s: float = 0.0
    """Seconds that earlier supervisors took."""
    argv: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    process_started: int = 0
    boot_id: str = ""
    detached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBeat:
    """The supervisor lives."""

    type: ClassVar[EventType] = EventType.RUN_BEAT
    pid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run ended, until somebody resumes it."""

    type: ClassVar[EventType] = EventType.RUN_FINISHED
    status: RunStatus
    exit_code: int = 0
    result_commit: str | None = None
    usage: Usage = field(default_factory=Usage)
    wall_s: float = 0.0
    journal_s: float = 0.0
    """Seconds that all threads together waited for records to become durable."""
    report: str = ""
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """Somebody wants the run to end, at once with `now`."""

    type: ClassVar[EventType] = EventType.STOP_REQUESTED
    who: str = ""
    now: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRaised:
    """Something a person should know. `path` is the file it is about, if it is about one."""

    type: ClassVar[EventType] = EventType.WARNING_RAISED
    text: str = ""
    kind: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiscarded:
    """The run's worktrees and branches were removed; `removed` names them."""

    type: ClassVar[EventType] = EventType.DISCARDED
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunApplied:
    """The result's net change was written into the person's files. `base` and `result` are commits."""

    type: ClassVar[EventType] = EventType.APPLIED
    base: str = ""
    result: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoIntended:
    """A landing is about to be undone: `how` is restored, reverted or unapplied; `commit` what the branch ends with."""

    type: ClassVar[EventType] = EventType.UNDO_INTENDED
    how: str = ""
    branch: str | None = None
    old: str | None = None
    commit: str | None = None
    paths: tuple[str, ...] = ()
    stat: str = ""
    tree: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUndone:
    """A landing was undone."""

    type: ClassVar[EventType] = EventType.RUN_UNDONE
    how: str = ""
    branch: str | None = None
    old: str | None = None
    commit: str | None = None
    paths: tuple[str, ...] = ()
    stat: str = ""
    tree: str = ""
