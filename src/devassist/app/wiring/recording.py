"""Opens the audit log for writing, with the secrets that must not reach it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from devassist.app.wiring.host import utc_now
from devassist.app.wiring.project import Project
from devassist.domain.errors import RepositoryError
from devassist.domain.secrets.names import credential_secrets, dotenv_secrets, known_secrets
from devassist.domain.secrets.redaction import Redactor
from devassist.ports import EventSink
from devassist.store.audit_log import AuditLog

_CREDENTIALS = (
    ".netrc",
    ".git-credentials",
    ".config/git/credentials",
    ".config/gh/hosts.yml",
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    ".npmrc",
    ".pypirc",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".config/gcloud/application_default_credentials.json",
)
"""Files below HOME in which tools keep what lets them in."""
_MOST_READ = 200_000


def secrets_of(project: Project) -> frozenset[str]:
    """
    The secret values of the environment, of `.env` files and of the person's own files of credentials.

    They must reach no log, no prompt and no screen.
    """
    secrets = known_secrets(project.host.environment)
    for path in sorted(project.repository.root.glob(".env*")):
        secrets |= dotenv_secrets(_beginning(path))
    for name in _CREDENTIALS:
        secrets |= credential_secrets(_beginning(project.host.home / name))
    return secrets


def _beginning(path: Path) -> str:
    """The text of a file, as much of it as anybody keeps credentials in; nothing if it is none or cannot be read."""
    try:
        if not path.is_file():  # a pipe would be waited for
            return ""
        with path.open("rb") as file:
            return file.read(_MOST_READ).decode("utf-8", "replace")
    except OSError:
        return ""


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
