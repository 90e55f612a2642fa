"""Pushes one commit to one branch of a remote with git itself, as the person would, never with force."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devassist.domain.errors import Unfinished
from devassist.git.command import run_git
from devassist.git.repository import Repository

_HOSTED = re.compile(
    r"^(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[:/](?P<path>[\w./~-]+?)(?:\.git)?/?$"
)
_SECRET = re.compile(r"(?<=://)[^/\s@]+@")
_ELSEWHERE = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"}
)
"""Variables that a hook or a job may have left, and that would lead git to another repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A remote by name. `web` is its address for a browser, empty if the URL does not show one."""

    name: str
    url: str
    web: str


def find_remote(repository: Repository, name: str) -> Remote | None:
    url = repository.setting(f"remote.{name}.pushurl") or repository.setting(f"remote.{name}.url")
    if not url:
        return None
    hosted = _HOSTED.match(url)
    web = f"https://{hosted['host']}/{hosted['path']}" if hosted and "/" in hosted["path"] else ""
    return Remote(name=name, url=url, web=web)


def push(
    repository: Repository, remote: Remote, *, commit: str, branch: str, environment: Mapping[str, str]
) -> None:
    """
    Push `commit` to `branch` of the remote. Raises Unfinished with git's own message when it is refused.

    No hook of the repository runs and nothing prompts: a credential that git cannot find is a refusal.
    """
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}
    inherited = {name: value for name, value in environment.items() if name not in _ELSEWHERE}
    options = ["-c", "core.hooksPath=/dev/null", "-c", "push.followTags=false"]
    refspec = f"{commit}:refs/heads/{branch}"
    answer = run_git(
        ["git", *options, "push", "--no-verify", "--porcelain", "--", remote.name, refspec],
        repository.workdir,
        {**inherited, **quiet},
    )
    if answer.code == 0:
        return
    reason = "\n".join(
        part for part in (answer.error, answer.output.decode("utf-8", "replace")) if part
    ).strip()
    raise Unfinished(
        f"the push to {remote.name} was refused: {reason or f'git ended with {answer.code}'}",
        hint=f"git push {remote.name} {branch} shows it; nothing is ever pushed with force",
    )
