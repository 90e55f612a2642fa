"""Every error a person can meet, each with its next move and its exit code."""

from __future__ import annotations


class DevassistError(Exception):
    """Base of the drawn tree. `str(error)` is the fact; `hint` is the next command; `exit_code` is contract 1."""

    exit_code = 70

    def __init__(self, fact: str, *, hint: str = "") -> None:
        super().__init__(fact)
        self.hint = hint


class Unfinished(DevassistError):
    """Finished, but not everything asked for was delivered (exit 1)."""

    exit_code = 1


class UsageError(DevassistError):
    """A usage or configuration error: the file, the key and the known keys are named (exit 2)."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file or value that cannot be used."""


class PlanError(UsageError):
    """A plan that cannot be run: not JSON, a cycle, an unknown role, a duplicate id, a scope outside."""


class RepositoryError(UsageError):
    """The repository cannot be used as it is: none here, bare, without commits, a name already there."""


class NotFound(UsageError):
    """A run, task, event or branch that was named is not there."""


class WaitingForPerson(DevassistError):
    """An approval or an answer is needed and this invocation may not wait (exit 3)."""

    exit_code = 3


class LimitReached(DevassistError):
    """Money, tokens, turns or time ran out; partial work is kept (exit 4)."""

    exit_code = 4

    def __init__(self, fact: str, *, limit: str = "", hint: str = "") -> None:
        super().__init__(fact, hint=hint)
        self.limit = limit


class ModelError(DevassistError):
    """
    A model or provider error (exit 5).

    `kind` is one of: config, auth, not_found, no_tools, rate_limit, server, timeout, connection,
    bad_reply, context_window, content_filter, bad_request, or adjusted: sent again, the request takes another form
    that this server may take. `retryable` says whether the same request may be
    sent again; `retry_after_s` is the provider's own wish in seconds, when it gave one.
    """

    exit_code = 5

    def __init__(
        self,
        fact: str,
        *,
        kind: str = "server",
        retryable: bool = False,
        retry_after_s: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(fact, hint=hint)
        self.kind = kind
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class Refused(DevassistError):
    """Refused: no sandbox, a shallow clone where history is needed, denied by policy (exit 6)."""

    exit_code = 6


class SandboxUnavailable(Refused):
    """No sandbox tier passed its probe, and nobody said to go without."""


class AuditError(DevassistError):
    """The audit log could not be written or read; nothing further may happen (exit 70)."""


class AuditTampered(DevassistError):
    """The audit log does not verify (exit 7)."""

    exit_code = 7


class Interrupted(DevassistError):
    """Interrupted or stopped by a person (exit 130)."""

    exit_code = 130


class RepositoryChanged(DevassistError):
    """A ref moved under us, a worktree is not what was recorded: somebody else acted (exit 1)."""

    exit_code = 1
