"""Opens the audit log for writing, with the secrets that must not reach it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project
from devassist.domain.errors import RepositoryError
from devassist.domain.redaction import Redactor, dotenv_secrets, known_secrets
from devassist.ports import EventSink
from devassist.store.audit_log import AuditLog


def secrets_of(project: Project) -> frozenset[str]:
    """The secret values of the environment and of `.env` files. They must reach no log, no prompt and no screen."""
    secrets = known_secrets(project.host.environment)
    for path in sorted(project.repository.root.glob(".env*")):
        try:
            secrets |= dotenv_secrets(path.read_text("utf-8", "replace"))
        except OSError:  # a directory, or not readable
            continue
    return secrets


def is_writable(project: Project) -> bool:
    """Whether the log can be written, as far as permissions and the mount tell."""
    place = project.audit_path.parent
    return os.access(place if place.exists() else project.repository.common_dir, os.W_OK)


def open_log(
    project: Project, *, sinks: Sequence[EventSink] = (), state: EventSink | None = None
) -> AuditLog:
    """
    Open the one writer of this process. It redacts secrets of the environment and of known shapes.

    `sinks` and `state` are as in `AuditLog.open`.
    """
    if not is_writable(project):
        raise RepositoryError(
            f"{project.repository.common_dir} cannot be written, and nothing is done that is not in the log",
            hint="mount it writable, or use a clone",
        )
    redactor = Redactor(secrets_of(project), project.settings.audit.redact)
    project.audit_path.parent.mkdir(parents=True, exist_ok=True)
    return AuditLog.open(
        project.audit_path,
        heads_file=project.heads_file,
        now=utc_now,
        root_commit=project.repository.head_commit,
        sinks=sinks,
        state=state,
        redact=redactor.value,
    )
