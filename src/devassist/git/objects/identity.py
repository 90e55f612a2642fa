"""The author of a commit, from the environment and git's configuration. Never fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pygit2

from devassist.git.objects.trailers import one_line

FALLBACK_NAME, FALLBACK_EMAIL = "devassist", "devassist@localhost"


@dataclass(frozen=True, slots=True)
class Signature:
    """A name, an address and, when given, a time; without one libgit2 takes the present."""

    name: str
    email: str
    when: datetime | None = None


def find_signature(
    repo: pygit2.Repository, env: Mapping[str, str], when: datetime | None = None
) -> Signature:
    def first(keys: tuple[str, ...], setting: str, fallback: str) -> str:
        for value in (*(env.get(key, "") for key in keys), _setting(repo, setting)):
            # libgit2 refuses angle brackets and empty names, as git does.
            if clean := one_line(value).strip("<>,.;:\"'\\ ").replace("<", "").replace(">", ""):
                return clean
        return fallback

    return Signature(
        first(("GIT_COMMITTER_NAME", "GIT_AUTHOR_NAME"), "user.name", FALLBACK_NAME),
        first(("GIT_COMMITTER_EMAIL", "GIT_AUTHOR_EMAIL"), "user.email", FALLBACK_EMAIL),
        when,
    )


def as_pygit2(signature: Signature) -> pygit2.Signature:
    if signature.when is None:
        return pygit2.Signature(signature.name, signature.email)
    offset = signature.when.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    return pygit2.Signature(signature.name, signature.email, int(signature.when.timestamp()), minutes)


def _setting(repo: pygit2.Repository, key: str) -> str:
    try:
        return repo.config[key] or ""
    except (KeyError, pygit2.GitError, ValueError):
        return ""
