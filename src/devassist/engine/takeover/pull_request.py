"""Proposes a run's result: pushes its branch and opens a pull request, each recorded before and after."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from devassist.domain.errors import DevassistError, Unfinished
from devassist.domain.events import BranchPushed, Event, Fact, PrIntended, PrOpened, PrRefused
from devassist.git.push import Remote, push
from devassist.git.repository import Repository
from devassist.ports import Recorder

_PATIENCE_S = 300.0
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What is to be proposed. `words` are the arguments of `gh`, `known` the URL of one that is open already."""

    run: str
    branch: str
    commit: str
    remote: Remote
    words: Sequence[str]
    known: str = ""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Acts for one run. `find` says where a program is, None where it is not."""

    repository: Repository
    recorder: Recorder
    environment: Mapping[str, str]
    find: Callable[[str], str | None]

    def propose(self, pull: Pull) -> str:
        """The URL of the pull request; empty where there is no `gh`. Raises Unfinished with git's or gh's words."""
        branch, commit, remote = pull.branch, pull.commit, pull.remote.name
        command = shlex.join(["gh", *pull.words])
        self._record(
            pull,
            PrIntended(branch=branch, commit=commit, remote=remote, url=pull.known, command=command),
        )
        try:
            push(
                self.repository,
                pull.remote,
                commit=pull.commit,
                branch=pull.branch,
                environment=self.environment,
            )
            self._record(pull, BranchPushed(branch=branch, commit=commit, remote=remote))
            program = self.find("gh")
            if pull.known or program is None:
                return pull.known
            url = self._open(program, pull)
        except DevassistError as error:
            self._record(
                pull,
                PrRefused(branch=branch, commit=commit, remote=remote, url=pull.known, reason=str(error)),
            )
            raise
        self._record(pull, PrOpened(branch=branch, commit=commit, remote=remote, url=url))
        return url

    def _open(self, program: str, pull: Pull) -> str:
        quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1"}
        hint = shlex.join(["gh", *pull.words])
        try:
            done = subprocess.run(
                [program, *pull.words],
                cwd=self.repository.workdir,
                env={**self.environment, **quiet},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unfinished(f"the branch is pushed, but gh did not run: {error}", hint=hint) from error
        said = done.stdout.decode("utf-8", "replace").strip()
        if done.returncode != 0:
            words = done.stderr.decode("utf-8", "replace").strip() or said
            raise Unfinished(
                f"the branch is pushed, but gh opened no pull request: {words or f'it ended with {done.returncode}'}",
                hint=hint,
            )
        found = _URL.findall(said)
        return found[-1] if found else said

    def _record(self, pull: Pull, fact: Fact) -> None:
        self.recorder.record(Event(fact, run=pull.run))
