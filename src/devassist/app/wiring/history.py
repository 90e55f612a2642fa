"""Whether the history that is needed is here: a shallow clone, as CI makes them, has little of it."""

from __future__ import annotations

from devassist.domain.errors import NotFound, Refused
from devassist.git.repository import Repository

_HINT = "git fetch --unshallow, or fetch-depth: 0 in CI"


def require_history(repository: Repository) -> None:
    """Raises Refused in a shallow clone."""
    if repository.is_shallow:
        raise Refused("the clone is shallow: without history no merge base is certain", hint=_HINT)


def resolved(repository: Repository, revision: str) -> str:
    """The commit of a revision. Raises Refused where it may be missing because the clone is shallow, else NotFound."""
    try:
        return repository.resolve(revision)
    except NotFound as error:
        if not repository.is_shallow:
            raise
        raise Refused(f"{revision!r} is not here, and the clone is shallow", hint=_HINT) from error
