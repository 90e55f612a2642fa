"""What a run may do and where it must stop: frozen values, each default in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from devassist.domain.roles import Role


class ApprovalMode(StrEnum):
    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class ApprovalClass(StrEnum):
    """What a person may be asked to approve."""

    PLAN = "plan"
    SCOPE = "scope"
    COMMAND = "command"
    MERGE = "merge"
    RESOLUTION = "resolution"
    QUESTION = "question"
    MASS_DELETION = "mass-deletion"
    TESTS = "tests"
    """A change to what judges it: tests that existed, their runner's configuration, the scripts of checks."""
    UNVERIFIED = "unverified"
    """A change that neither a check nor a review has verified."""


class SandboxMode(StrEnum):
    AUTO = "auto"
    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"


class CheckSelection(StrEnum):
    """Run the tests that a merge can break before all others, run only those, or do not choose."""

    FIRST = "first"
    ONLY = "only"
    OFF = "off"


class FailOn(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


class ConflictResolution(StrEnum):
    AGENT = "agent"
    NEVER = "never"


class ModelProtocol(StrEnum):
    """How a model works: by tool calls, or by text for which the harness makes the calls."""

    AUTO = "auto"
    TOOLS = "tools"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """The price of a model in US dollars per million tokens."""

    input: float
    output: float
    cache_read: float | None = None
    """For tokens of the prompt that the provider read from its cache; by default the same as for others."""
    cache_write: float | None = None
    """For tokens of the prompt that the provider wrote to its cache; by default the same as for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelParams:
    """What is asked of a model beside its prompt. What is not set is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """Of a reply; by default as many as the model can give."""
    reasoning_effort: str | None = None
    """How long a model thinks, in its provider's words, such as none, low, medium or high."""
    seed: int | None = None
    context_window: int | None = None
    """Tokens of prompt and reply together, for a model whose server does not tell."""
    extra_headers: Mapping[str, str] = field(default_factory=dict)
    """HTTP headers. A value "$NAME" is that variable of the environment; a secret is given in no other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which models answer. Every string is a litellm model string."""

    default: str = ""
    """The model of every role that names none. Empty: taken from the environment or from loopback."""
    fallbacks: tuple[str, ...] = ()
    """Tried in order when a model stays unreachable after its retries."""
    api_base: str = ""
    """Endpoint for all models; empty leaves it to litellm's own environment variables."""
    timeout_s: float = 600.0
    """Seconds until one attempt counts as hung."""
    max_retries: int = 4
    """Further attempts after a retryable error, per model."""
    protocol: ModelProtocol = ModelProtocol.AUTO
    """auto: text for a model on your own server that makes no tool calls, else tools; or tools, or text, for all."""
    roles: Mapping[Role, str] = field(default_factory=dict)
    """`[model.roles]`: a model for one role."""
    params: ModelParams = field(default_factory=ModelParams)
    """`[model.params]`: temperature, top_p, max_tokens, reasoning_effort, seed, context_window, extra_headers."""
    role_params: Mapping[Role, ModelParams] = field(default_factory=dict)
    """`[model.role_params.<role>]`: the same keys for one role; they win."""
    prices: Mapping[str, ModelPrice] = field(default_factory=dict)
    """`[model.prices]`: US dollars per million tokens, by model: input, output, cache_read, cache_write."""


class Privacy(StrEnum):
    """Where a model runs: in the person's own hands, or at somebody who reads what it is sent."""

    LOCAL = "local"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOffer:
    """A model that a run may choose for an agent: `[models.<name>]`."""

    model: str
    """Its litellm model string."""
    capabilities: tuple[str, ...] = ()
    """Tags of what it is good for, such as code, docs, reasoning; empty: everything."""
    privacy: Privacy = Privacy.CLOUD
    context: int = 0
    """Tokens of prompt and reply together; 0: as its server or litellm's table says."""
    price: ModelPrice | None = None
    """By default that of `[model.prices]` or litellm's table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySettings:
    """What only models on your own machines may see: those that `[models.<name>]` calls `privacy = "local"`."""

    paths: tuple[str, ...] = ()
    """Private paths, as .gitignore names them, in any case. A repository's file can only add to the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a run must stop, whatever the agents think. 0 means no limit."""

    max_parallel: int = 4
    """Crews at work at the same time."""
    max_usd: float = 5.0
    """Model spend for the whole run."""
    max_tokens: int = 0
    """Input and output tokens for the whole run."""
    max_turns_per_agent: int = 60
    """Model calls of one agent in one round."""
    max_rounds: int = 3
    """Deliveries of one task, the first included."""
    max_minutes: float = 120.0
    """Wall time of the whole run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalSettings:
    """When a person is asked."""

    mode: ApprovalMode = ApprovalMode.AUTO
    """auto: ask below the threshold; ask: always ask; never: leave what is below it unmerged."""
    confidence_threshold: float = 0.75
    """Confidence at or over which `auto` approves."""
    require: tuple[ApprovalClass, ...] = ()
    """Classes that are always asked about: plan, scope, command, merge, resolution, question, tests, unverified."""
    commands: tuple[str, ...] = ()
    """Glob patterns of commands that an agent may run only with a person's yes."""
    tests: ApprovalMode = ApprovalMode.ASK
    """For a change to what judges it, such as a test that existed: ask whatever the confidence, auto or never."""
    unverified: ApprovalMode = ApprovalMode.ASK
    """For a change that neither a check nor a review has verified: ask, auto or never."""
    modes: Mapping[ApprovalClass, ApprovalMode] = field(default_factory=dict)
    """`[approvals.modes]`: a mode for a class: plan, scope, command, merge, resolution, question, tests, unverified."""
    thresholds: Mapping[ApprovalClass, float] = field(default_factory=dict)
    """`[approvals.thresholds]`: a confidence threshold for one class."""

    def of(self, kind: str) -> tuple[ApprovalMode, float]:
        """Mode and threshold (0 to 1) for one class of request. Raises ValueError for a class that there is not."""
        name = ApprovalClass(kind)
        return self.modes.get(name, self._usual(name)), self.thresholds.get(name, self.confidence_threshold)

    def _usual(self, name: ApprovalClass) -> ApprovalMode:
        """The mode of a class that `modes` does not name. Where nobody is ever asked, nobody is asked about these."""
        if name not in (ApprovalClass.TESTS, ApprovalClass.UNVERIFIED):
            return self.mode
        mode = self.tests if name is ApprovalClass.TESTS else self.unverified
        return ApprovalMode.NEVER if mode == ApprovalMode.ASK and self.mode == ApprovalMode.NEVER else mode


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What proves that a tree works. Every command is a `/bin/sh -c` string, run in the sandbox."""

    setup: tuple[str, ...] = ()
    """Run once in every new worktree."""
    commands: tuple[str, ...] = ()
    """Run on every merged tree, beside the tasks' own checks."""
    timeout_s: float = 900.0
    """Seconds until one check counts as hung."""
    select: CheckSelection = CheckSelection.FIRST
    """For `conflicts --checks`: tests that merging can break go first, before all; only those ("only"); or "off"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorktreeSettings:
    """Where worktrees live and what untracked files they get."""

    dir: str = ""
    """Parent directory; empty: the state directory. Never inside the repository."""
    copy: tuple[str, ...] = ()
    """Glob patterns of untracked files to copy from the main checkout, beside `.worktreeinclude`."""
    include: bool = True
    """Whether the repository's `.worktreeinclude` counts. Never on a pull request from a fork."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """What a command may reach."""

    mode: SandboxMode = SandboxMode.AUTO
    """auto, bubblewrap or landlock."""
    network: bool = False
    """Whether sandboxed commands may use the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The processes that crews work in."""

    keep_warm: bool = True
    """Whether one of them waits up to 15 minutes for the next run, which then starts at once. Never in CI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """What the log leaves out."""

    redact: tuple[str, ...] = ()
    """Further regular expressions whose matches never reach the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictSettings:
    """When conflicts fail a command, and what a run does about them."""

    fail_on: FailOn = FailOn.ERROR
    """error, warning, note or never."""
    languages: tuple[str, ...] = ()
    """Languages to index; empty: all that are supported."""
    resolve: ConflictResolution = ConflictResolution.AGENT
    """agent: a run repeats what people answered, else asks the integrator, at landing; never: kept for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """Who is told that a run is blocked on you, has failed or is done. Nobody unless set; never by a repository."""

    desktop: bool = False
    """Whether notify-send shows it on this desktop."""
    webhook: str = ""
    """URL that gets one JSON document by POST for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything configurable, merged and validated."""

    model: ModelSettings = ModelSettings()
    models: Mapping[str, ModelOffer] = field(default_factory=dict)
    """`[models.<name>]`: models to choose from for each task, where neither `default` nor `[model.roles]` names one."""
    privacy: PrivacySettings = PrivacySettings()
    limits: Limits = Limits()
    approvals: ApprovalSettings = ApprovalSettings()
    checks: CheckSettings = CheckSettings()
    worktrees: WorktreeSettings = WorktreeSettings()
    sandbox: SandboxSettings = SandboxSettings()
    worker: WorkerSettings = WorkerSettings()
    audit: AuditSettings = AuditSettings()
    conflicts: ConflictSettings = ConflictSettings()
    notify: NotifySettings = NotifySettings()
