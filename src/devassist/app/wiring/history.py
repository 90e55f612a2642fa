"""Refuses to guess in a shallow clone, which has little history; CI jobs often use one."""

from __future__ import annotations

from devassist.domain.errors import NotFound, Refused
from devassist.git.repository import Repository

_HINT = "git fetch --unshallow, or fetch-depth: 0 in CI"


def require_history(repository: Repository) -> None:
    """Raises Refused if the clone is shallow."""
    if repository.is_shallow:
        raise Refused("the clone is shallow: without history no merge base is certain", hint=_HINT)


def resolved(repository: Repository, revision: str) -> str:
    """The commit of a revision. Raises NotFound, or Refused if a shallow clone may be the reason that it is missing."""
    try:
        return repository.resolve(revision)
    except NotFound as error:
        if not repository.is_shallow:
            raise
        raise Refused(f"{revision!r} is not here, and the clone is shallow", hint=_HINT) from error
