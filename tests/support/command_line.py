"""`devassist` as a person has it: a subprocess with its own home, state directory and model server."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import devassist
from support.crewscript import CrewScript
from support.openai_server import OpenAIServer
from support.repos import EMAIL, NAME, git, make_repository
from support.zygote import Command, Zygote

KEY = "sk-test-0123456789abcdefghij"
SOURCE = str(Path(devassist.__file__).parents[1])
_OWN_PROCESS = ("PYTHON", "LC_", "LANG", "GITHUB_")
"""Variables that an interpreter reads as it starts, or that make a command treat pipes unlike files."""
_PASSED_ON = ("PATH", "TZ", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    args: Sequence[str]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The records of an NDJSON answer."""
        return [json.loads(line) for line in self.out.splitlines()]

    def task(self, name: str) -> dict[str, Any]:
        return next(one for one in self.json["tasks"] if one["id"] == name)

    def __str__(self) -> str:
        return f"devassist {' '.join(self.args)} -> {self.code}\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}"


@dataclass
class Machine:
    """A home directory, a repository and a model server that plays `script`."""

    root: Path
    script: CrewScript = field(default_factory=CrewScript)
    files: Mapping[str, str | bytes] | None = None
    extra: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    """A program, with its arguments, that every devassist is started by."""
    warm: Path | None = None
    """Where a forkserver with its imports done is to be had; None: each run has one of its own."""
    zygote: Zygote | None = None
    """What commands are forked from; None: each has an interpreter of its own."""
    late: Path | None = None
    """A file: an hour more has passed for the commands once it is there."""

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        self.state = self.root / "state"
        self.repo = self.root / "repo"
        self.home.mkdir(parents=True)
        (self.home / ".gitconfig").write_text(f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n")
        if not self.repo.exists():
            make_repository(self.repo, self.files)
        self.server = OpenAIServer(self.script)

    def close(self) -> None:
        self.server.close()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "HOME": str(self.home),
            "DEVASSIST_STATE_DIR": str(self.state),
            "PYTHONPATH": os.pathsep.join([*([str(self.warm)] if self.warm else []), SOURCE]),
            "LC_ALL": "C.UTF-8",
            "CI": "true",
            "DEVASSIST_WORKER_KEEP_WARM": "false",
            "OPENAI_API_KEY": KEY,
            "OPENAI_API_BASE": self.server.url,
            # Most plans here name no check and no review; what becomes of such work is the subject of a few tests alone.
            "DEVASSIST_APPROVALS_UNVERIFIED": "auto",
            **self.extra,
        }

    def devassist(
        self, *args: str, cwd: Path | None = None, timeout: float = 300, stdin: str = "", **env: str | None
    ) -> Done:
        """Run a command to its end. An environment variable given as None is taken away."""
        if (
            self.zygote is None
            or self.wrapper
            or any(name.startswith(_OWN_PROCESS) for name in (*env, *self.extra))
        ):
            done = subprocess.run(
                [*self.wrapper, sys.executable, "-P", "-m", "devassist", *args], cwd=cwd or self.repo, env=self._with(env),
                input=stdin, capture_output=True, timeout=timeout, check=False, text=True, encoding="utf-8",
            )  # fmt: skip
            return Done(args, done.returncode, done.stdout, done.stderr)
        child = self.zygote.start(
            Command(
                args=args,
                cwd=str(cwd or self.repo),
                env=self._with(env),
                stdin=stdin,
                late=str(self.late or ""),
            ),
            self.root / "output",
        )
        try:
            code = child.wait(timeout)
        except BaseException:
            child.kill()
            raise
        return Done(args, code, child.out.read_text("utf-8"), child.err.read_text("utf-8"))

    def start(self, *args: str, cwd: Path | None = None, **env: str | None) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [*self.wrapper, sys.executable, "-P", "-m", "devassist", *args], cwd=cwd or self.repo, env=self._with(env),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", start_new_session=True,
        )  # fmt: skip

    def run(self, plan: Mapping[str, Any], *options: str, format_: str = "json", **more: Any) -> Done:
        """`devassist run --plan` of this plan with the scripted model."""
        file = self.root / "plan.json"
        file.write_text(json.dumps(plan), encoding="utf-8")
        model = () if "--model" in options else ("--model", "openai/test-model")
        done = self.devassist("run", "--plan", str(file), *model, "--format", format_, *options, **more)
        assert not self.server.script_errors, self.server.script_errors
        return done

    def config(self, text: str) -> None:
        """The user's own configuration file."""
        file = self.home / ".config" / "devassist" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    @property
    def database(self) -> Path:
        return self.repo / ".git" / "devassist" / "audit.db"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    def events(self, run: str, *types: str, **filters: str) -> list[dict[str, Any]]:
        """Events in full, as `audit list` gives them."""
        options = [part for one in types for part in ("--type", one)]
        options += [part for name, value in filters.items() for part in (f"--{name}", value)]
        done = self.devassist("audit", "list", "--run", run, *options, "--format", "json")
        assert done.code == 0, done
        events: list[dict[str, Any]] = done.json["events"]
        return events

    def git(self, *args: str, **more: Any) -> str:
        return git(self.repo, *args, **more)

    def _with(self, env: Mapping[str, str | None]) -> dict[str, str]:
        return {name: value for name, value in {**self.environment, **env}.items() if value is not None}
