"""
A pull request from a fork may not choose what its own job is allowed to do.

Whoever opens one writes the checked-out `.devassist.toml`, so on such a job the file of the base commit counts instead.
If that cannot be read, only those keys of the fork's file count that make the job stricter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from devassist.config.values import value_of
from devassist.domain.settings import Settings

_STRICTER_LAST: Mapping[str, tuple[str, ...]] = {
    "approvals.mode": ("auto", "ask"),
    "approvals.tests": ("auto", "ask"),
    "approvals.unverified": ("auto", "ask"),
    "conflicts.fail_on": ("never", "error", "warning", "note"),
}
_LOWER = frozenset(
    f"limits.{name}"
    for name in ("max_parallel", "max_usd", "max_tokens", "max_turns_per_agent", "max_rounds", "max_minutes")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkPullRequest:
    """The pull request that a job is for. `base` are revisions to try in order; `head` names the fork."""

    head: str
    base: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseFile:
    """`.devassist.toml` at the base commit: its place, and its text, which is empty if that commit has no such file."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The keys of a fork's file that count, and those that do not."""

    values: Mapping[str, object] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Repository:
    full_name: str = ""
    fork: bool = False


@dataclass(frozen=True, slots=True)
class _Base:
    repo: _Repository
    sha: str = ""


@dataclass(frozen=True, slots=True)
class _Head:
    repo: _Repository | None = None
    """None for a repository that is deleted."""


@dataclass(frozen=True, slots=True)
class _PullRequest:
    base: _Base
    head: _Head


@dataclass(frozen=True, slots=True)
class _Event:
    """The part that is read here of the event in the file GITHUB_EVENT_PATH."""

    pull_request: _PullRequest


def find_fork(environment: Mapping[str, str]) -> ForkPullRequest | None:
    """
    The pull request from a fork that this job runs for; None for anything else.

    An event that cannot be read counts as a fork's: what is unknown is not trusted.
    """
    if not environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return None
    name = environment.get("GITHUB_BASE_REF", "")
    branch = (f"refs/remotes/origin/{name}",) if name else ()
    try:
        document = Path(environment.get("GITHUB_EVENT_PATH", "")).read_bytes()
        pull = msgspec.json.decode(document, type=_Event).pull_request
    except (OSError, ValueError, msgspec.DecodeError, RecursionError):
        return ForkPullRequest(head="an unknown repository", base=branch)
    head = pull.head.repo or _Repository()
    if head.full_name and head.full_name == pull.base.repo.full_name and not head.fork:
        return None
    commit = (pull.base.sha,) if pull.base.sha else ()
    return ForkPullRequest(head=head.full_name or "a deleted repository", base=commit + branch)


def narrowed(values: Mapping[str, object], settings: Settings) -> Narrowed:
    """Of a fork's keys those that are stricter than `settings`, which are in force without them."""
    stricter = {
        key: value for key, value in values.items() if _is_stricter(key, value, value_of(settings, key))
    }
    return Narrowed(stricter, tuple(key for key in values if key not in stricter))


def _is_stricter(key: str, value: object, now: object) -> bool:
    if key in _STRICTER_LAST:
        order = _STRICTER_LAST[key]
        return value in order and now in order and order.index(str(value)) > order.index(str(now))
    if isinstance(now, tuple):
        grows = isinstance(value, list) and all(item in value for item in now)
        return key in ("approvals.require", "privacy.paths") and grows
    if isinstance(now, bool):
        return key == "sandbox.network" and value is False
    if not isinstance(now, int | float) or not isinstance(value, int | float) or isinstance(value, bool):
        return False
    if key in _LOWER:  # 0 is no limit
        return value > 0 and (now == 0 or value < now)
    return key == "approvals.confidence_threshold" and value > now
