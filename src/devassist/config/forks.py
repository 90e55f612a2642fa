"""
A pull request from a fork may not choose what its own job is allowed to do.

Whoever opens one writes the checked-out `.devassist.toml`, so on such a job the file of the base commit counts instead.
Where that cannot be read, of the fork's file only what makes the job stricter counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devassist.domain.settings import Settings

_STRICTER_LAST: Mapping[str, tuple[str, ...]] = {
    "approvals.mode": ("auto", "ask"),
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
    """`.devassist.toml` at the base commit: where, and its text, which is empty where that commit has no such file."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The keys of a fork's file that count, and those that do not."""

    values: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def find_fork(environment: Mapping[str, str]) -> ForkPullRequest | None:
    """
    The pull request from a fork that this job runs for; None for anything else.

    An event that cannot be read counts as a fork's: what is not known is not trusted.
    """
    if not environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return None
    named = environment.get("GITHUB_BASE_REF", "")
    branch = (f"refs/remotes/origin/{named}",) if named else ()
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        pull = event["pull_request"]
        base, head = pull["base"], pull["head"].get("repo")
        own = str(base["repo"]["full_name"])
        commit = str(base.get("sha") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ForkPullRequest(head="an unknown repository", base=branch)
    if isinstance(head, Mapping) and head.get("full_name") == own and not head.get("fork"):
        return None
    name = str(head.get("full_name", "")) if isinstance(head, Mapping) else ""
    return ForkPullRequest(head=name or "a deleted repository", base=((commit,) if commit else ()) + branch)


def narrowed(values: Mapping[str, Any], settings: Settings) -> Narrowed:
    """Of a fork's keys those that are stricter than `settings`, which are in force without them."""
    kept = {key: value for key, value in values.items() if _is_stricter(key, value, _now(settings, key))}
    return Narrowed(kept, tuple(key for key in values if key not in kept))


def _now(settings: Settings, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def _is_stricter(key: str, value: Any, now: Any) -> bool:
    if key in _STRICTER_LAST:
        order = _STRICTER_LAST[key]
        return value in order and now in order and order.index(value) > order.index(now)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key in _LOWER:  # 0 is no limit
        return bool(number and value > 0 and (now == 0 or value < now))
    if key == "approvals.confidence_threshold":
        return bool(number and value > now)
    if key == "approvals.require":
        return isinstance(value, list) and set(now) <= {one for one in value if isinstance(one, str)}
    return key == "sandbox.network" and value is False
