"""One small repository with a two-task run, and everything that must hold of it after any fault."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.command_line import SOURCE
from support.repos import EMAIL, NAME, git, make_repository
from support.zygote import Child, Command, Zygote

SECRET = "tok-5f0e2d7c91ab4e63b8d0"  # pragma: allowlist secret
FILES = {
    "README.md": "# pkg\n",
    "pkg/__init__.py": "",
    "pkg/calc.py": "def add(a, b):\n    return a + b\n",
}
PLAN = {
    "schema": "devassist.plan/1",
    "goal": f"subtract; never say {SECRET}",
    "tasks": [
        {
            "id": "t1", "title": "sub", "role": "coder", "instructions": "add sub", "scope": ["pkg/**"],
            "checks": ["grep -q once pkg/trace.txt"], "review": False,
        },
        {"id": "t2", "title": "docs", "role": "documenter", "instructions": "write docs", "scope": ["docs/**"], "review": False},
    ],
}  # fmt: skip


def _submit(summary: str, confidence: float, evidence: int) -> dict[str, Any]:
    """Cites a write, not a command: the outcome of a command may be unknown after a crash."""
    claim = {"statement": "done", "evidence": f"{{{{evidence:{evidence}}}}}"}
    return {"tools": [{"submit_work": {"summary": summary, "confidence": confidence, "claims": [claim]}}]}


_T1: list[dict[str, Any]] = [
    {"tools": [{"write_file": {"path": "pkg/sub.py", "content": "def sub(a, b):\n    return a - b\n"}}]},
    {"tools": [{"run_command": {"command": "echo once >> pkg/trace.txt"}}]},
    _submit("added sub", 0.9, -2),
]
_PATCH = "*** Begin Patch\n*** Add File: docs/annex.md\n+# Annex\n*** Add File: docs/last.md\n+# Last\n*** End Patch"
_T2: list[dict[str, Any]] = [
    {"tools": [{"write_file": {"path": "docs/guide.md", "content": "# Guide\n"}}]},
    {"tools": [{"apply_patch": {"patch": _PATCH}}]},
    _submit("docs", 0.5, -2),  # under the threshold of 0.75: its merge waits for a person
]


def script(model_fault: str = "") -> dict[str, Any]:
    """The model's words; a fault of the model comes before the first of them."""
    told = {
        "kind": {"429": "rate_limit", "500": "server"}.get(model_fault, model_fault),
        "retryable": True,
        "times": 1,
    }
    t1, t2 = list(_T1), list(_T2)
    if model_fault in ("429", "500", "timeout"):
        t1[0] = {**t1[0], "error": told}
    elif model_fault == "truncated":
        t1.insert(0, {"say": "I will now write the fi"})
    elif model_fault == "insists":
        # An agent that is told of a failed write or command does it again.
        again = {
            "tools": [
                {"run_command": {"command": "grep -q once pkg/trace.txt || echo once >> pkg/trace.txt"}}
            ]
        }
        t1 = [t1[0], t1[0], t1[1], again, _submit("sub", 0.9, -3)]
        t2 = [t2[0], t2[0], t2[1], t2[1], _submit("docs", 0.5, -3)]
    elif model_fault == "garbage":
        t1.insert(0, {"tools": [{"write_file": '{"path": "pkg/sub.py", "content": "de'}]})
    return {"usd_per_call": 0.01, "agents": {"t1/coder": t1, "t2/documenter": t2}}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"devassist {' '.join(self.args)} -> {self.code}\n{self.out[-3000:]}\n--- stderr\n{self.err[-3000:]}"


@dataclass
class World:
    """
    A repository, a state directory and a person with work of their own.

    `zygote` None: CrewAI's real workers, whose imports are done already where `warm` is.
    """

    root: Path
    zygote: Zygote | None
    model_fault: str = ""
    history: list[Done] = field(default_factory=list)
    more_env: dict[str, str] = field(default_factory=dict)
    warm: Path | None = None

    def __post_init__(self) -> None:
        self.repo, self.state, self.home = self.root / "repo", self.root / "state", self.root / "home"
        self.fired, self.log = self.root / "fired", self.root / "log"
        for one in (self.home, self.fired, self.log):
            one.mkdir(parents=True)
        (self.home / ".gitconfig").write_text(f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n")
        make_repository(self.repo, FILES)
        # The person's own work: staged, unstaged and untracked.
        (self.repo / "notes.txt").write_text("staged\n")
        git(self.repo, "add", "notes.txt")
        (self.repo / "notes.txt").write_text("staged, then changed\n")
        (self.repo / "untracked.txt").write_text("mine\n")
        self.plan, self.script = self.root / "plan.json", self.root / "script.yaml"
        self.plan.write_text(json.dumps(PLAN))
        self.script.write_text(json.dumps(script(self.model_fault)))
        self.persons = self.belongings()

    @property
    def env(self) -> dict[str, str]:
        return {
            "DEVASSIST_APPROVALS_UNVERIFIED": "auto",
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "DEVASSIST_STATE_DIR": str(self.state),
            "PYTHONPATH": os.pathsep.join([*([str(self.warm)] if self.warm else []), SOURCE]),
            "LC_ALL": "C.UTF-8",
            "CI": "true",
            "NO_COLOR": "1",
            "SERVICE_TOKEN": SECRET,
            "TMPDIR": str(self.root),
            **self.more_env,
        }

    def call(self, *args: str, fault: str = "", timeout: float = 60, clock_s: float = 0) -> Done:
        """Run a command to its end, with a fault armed."""
        env = self.armed(fault)
        if self.zygote is not None:
            child = self.zygote.start(self._command(args, env, clock_s=clock_s), self.log)
            try:
                code = child.wait(timeout)
            except BaseException:
                child.kill()
                raise
            done = Done(
                args, code, child.out.read_text("utf-8", "replace"), child.err.read_text("utf-8", "replace")
            )
        else:
            ran = subprocess.run(
                [sys.executable, "-P", "-m", "devassist", *args], cwd=self.repo, env=env, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=timeout * 3, check=False, text=True, encoding="utf-8", errors="replace",
            )  # fmt: skip
            done = Done(args, ran.returncode, ran.stdout, ran.stderr)
        self.history.append(done)
        return done

    def start(self, *args: str) -> Child:
        """Start a command and leave it running."""
        assert self.zygote is not None
        return self.zygote.start(self._command(args, self.env), self.log)

    def _command(self, args: tuple[str, ...], env: dict[str, str], *, clock_s: float = 0) -> Command:
        return Command(args=args, cwd=str(self.repo), env=env, plain=True, clock_s=clock_s)

    def armed(self, fault: str) -> dict[str, str]:
        if not fault:
            return self.env
        return {
            **self.env,
            "DEVASSIST_TEST_FAILPOINTS_ENABLED": "1",
            "DEVASSIST_FAILPOINTS": fault,
            "DEVASSIST_FAILPOINTS_FIRED": str(self.fired),
        }

    # What a person does ----------------------------------------------------------------------------------

    def run(self, fault: str = "", **more: Any) -> Done:
        model = f"scripted/{self.script}"
        return self.call(
            "-q", "run", "--plan", str(self.plan), "--model", model, "--format", "json", fault=fault, **more
        )

    def resume(self, fault: str = "", **more: Any) -> Done:
        return self.call("-q", "resume", self.run_id, "--format", "json", fault=fault, **more)

    def approve_all(self, fault: str = "") -> bool:
        """Say yes to what is asked; False when nothing is."""
        items = self.call("inbox", "--format", "json").json["items"]
        if items:
            self.call("approve", *[one["id"] for one in items], fault=fault)
        return bool(items)

    def finish(self, *, rounds: int = 6, **more: Any) -> Done:
        """Approve, retry and resume as a person would, until the run has succeeded or nothing helps."""
        done, resumed = self.history[-1], False
        for _ in range(rounds):
            if not self.database.exists() or not self.run_id:
                done = self.run()  # it died before anything was recorded: the person types it again
                continue
            if self.status() == "succeeded":
                return done
            if not self.approve_all() and resumed:
                for task in self.failed_tasks():  # resuming alone did not help
                    self.call("retry", self.run_id, task)
            done, resumed = self.resume(**more), True
            more = {}
        return done

    def status(self) -> str:
        return str(self.call("show", self.run_id, "--format", "json").json["status"])

    def failed_tasks(self) -> list[str]:
        shown = self.call("show", self.run_id, "--format", "json").json
        return [one["id"] for one in shown["tasks"] if one["status"] == "failed"]

    # What there is ---------------------------------------------------------------------------------------

    @property
    def database(self) -> Path:
        return self.repo / ".git" / "devassist" / "audit.db"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, values).fetchall()

    @property
    def run_id(self) -> str:
        with contextlib.suppress(sqlite3.Error):
            found = self.query("SELECT run FROM events WHERE type = 'run.started' ORDER BY seq DESC LIMIT 1")
            return str(found[0][0]) if found else ""
        return ""

    def tree(self, rev: str = "") -> str:
        return git(
            self.repo, "rev-parse", f"{rev or f'devassist/{self.run_id}/result'}^{{tree}}", check=False
        )

    def listing(self, rev: str = "") -> str:
        """What a commit's tree holds, so that two repositories can be compared."""
        return git(self.repo, "ls-tree", "-r", rev or f"devassist/{self.run_id}/result", check=False)

    def belongings(self) -> dict[str, str]:
        """Digests of the person's refs, index and files."""
        own = "\n".join(
            line for line in git(self.repo, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
            if not line.startswith(("refs/heads/devassist/", "refs/devassist/"))
        )  # fmt: skip
        found = {"refs": own, "HEAD": (self.repo / ".git" / "HEAD").read_text()}
        found["index"] = hashlib.sha256((self.repo / ".git" / "index").read_bytes()).hexdigest()
        for path in sorted(self.repo.rglob("*")):
            name = path.relative_to(self.repo)
            if path.is_file() and name.parts[0] != ".git":
                found[str(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def broken(world: World, *, listing: str, acknowledged: Mapping[int, str]) -> list[str]:
    """Every invariant that does not hold of a world whose run has come to its end; none is what is wanted."""
    found: list[str] = []
    verify = world.call("audit", "verify", "--format", "json")
    if verify.code != 0:
        found.append(f"1 audit verify: {verify}")
    now = dict(world.query("SELECT seq, hex(hash) FROM events"))
    if lost := [seq for seq, link in acknowledged.items() if now.get(seq) != link]:
        found.append(f"1 acknowledged events are gone or changed: {lost[:5]}")
    fsck = subprocess.run(
        ["git", "fsck", "--no-dangling", "--no-progress"],
        cwd=world.repo,
        capture_output=True,
        text=True,
        check=False,
    )
    if fsck.returncode != 0:
        found.append(f"2 git fsck: {fsck.stdout}{fsck.stderr}")
    if (belongings := world.belongings()) != world.persons:
        differs = [
            key for key in {*belongings, *world.persons} if belongings.get(key) != world.persons.get(key)
        ]
        found.append(f"3 the person's {differs} changed")
    run = world.run_id
    for approval, count in world.query(
        "SELECT json_extract(data, '$.approval'), COUNT(*) FROM events WHERE run = ? AND type = 'approval.decided'"
        " AND json_extract(data, '$.choice') != 'withdraw' GROUP BY 1 HAVING COUNT(*) > 1", run,
    ):  # fmt: skip
        found.append(f"4 {approval} was decided {count} times")
    for task, count in world.query(
        "SELECT task, COUNT(*) FROM events WHERE run = ? AND type = 'merge.completed' AND task != '' GROUP BY 1 HAVING COUNT(*) > 1",
        run,
    ):
        found.append(f"4 {task} was merged {count} times")
    unasked = world.query(
        "SELECT task FROM events m WHERE run = ? AND type = 'merge.completed' AND task != '' AND NOT EXISTS"
        " (SELECT 1 FROM events a WHERE a.run = m.run AND a.task = m.task AND a.type = 'merge.approved' AND a.seq < m.seq)",
        run,
    )
    if unasked:
        found.append(f"4 merged without approval: {unasked}")
    found += _orphans(world, run)
    if (differs := _differing(world.listing(), listing)) and not (
        differs == {"pkg/trace.txt"} and (_begun_anew(world, run) or _told_unknown(world, run))
    ):
        found.append(f"6 the tree differs in {sorted(differs)}; status {world.status()}")
    found += _twice(world, run)
    usd = world.query(
        "SELECT TOTAL(json_extract(data, '$.usd')) FROM events WHERE run = ? AND type = 'model.called'", run
    )
    limit = 2.0
    if usd[0][0] > limit:
        found.append(f"8 {usd[0][0]} USD were spent")
    found += _secrets(world)
    found += [f"internal error: {one}" for one in world.history if "internal error" in one.err]
    return found


def _orphans(world: World, run: str) -> list[str]:
    found: list[str] = []
    if world.zygote is not None and (alive := world.zygote.orphans()):
        found.append(f"5 processes: {alive}")
    if marked := [pid for pid in _environments() if f"DEVASSIST_RUN={run}".encode() in _environ(pid)]:
        found.append(f"5 processes with the run's mark: {marked}")
    listed = git(world.repo, "worktree", "list", "--porcelain").split("\n\n")
    extra = [one.splitlines()[0] for one in listed[1:] if not Path(one.split()[1], "stray.txt").exists()]
    if extra:
        found.append(f"5 worktrees: {extra}")
    common = world.repo / ".git"
    if locks := [
        str(one) for one in common.rglob("*.lock") if "devassist" not in one.relative_to(common).parts[:1]
    ]:
        found.append(f"5 locks: {locks}")
    runs = [one for (one,) in world.query("SELECT run FROM events WHERE type = 'run.started'")]
    kept = {f"devassist/{one}/{name}" for one in runs for name in ("result", "t1/coder", "t2/documenter")}
    branches = set(
        git(world.repo, "for-each-ref", "--format=%(refname:short)", "refs/heads/devassist").split()
    )
    if branches - kept:
        found.append(f"5 branches: {branches - kept}")
    return found


def _environments() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _twice(world: World, run: str) -> list[str]:
    found = [
        f"7 paid {count} times: {where}"
        for *where, count in world.query(
            "SELECT task, json_extract(data, '$.role'), json_extract(data, '$.round'), json_extract(data, '$.turn'), COUNT(*)"
            " FROM events WHERE run = ? AND type = 'model.called' AND json_extract(data, '$.status') = 'ok'"
            " GROUP BY 1, 2, 3, 4 HAVING COUNT(*) > 1", run,
        )
    ]  # fmt: skip
    trace = git(world.repo, "show", f"devassist/{run}/result:pkg/trace.txt", check=False).splitlines()
    unknown = world.query("SELECT 1 FROM events WHERE run = ? AND type = 'recovery.unknown'", run)
    if len(trace) > 1 and not unknown and not _begun_anew(world, run):
        found.append(f"7 the command ran {len(trace)} times, and nobody was told")
    return found


def _begun_anew(world: World, run: str) -> bool:
    """Whether t1 was begun anew, by a person's retry or because its worktree was gone: then its command ran anew."""
    return bool(
        world.query("SELECT 1 FROM events WHERE run = ? AND type = 'task.retried' AND task = 't1'", run)
    )


def _told_unknown(world: World, run: str) -> bool:
    """Whether the agent was told that nobody knows whether its command ran. A script does not look and do it again."""
    unknown = "SELECT 1 FROM events WHERE run = ? AND type = 'recovery.unknown' AND json_extract(data, '$.what') = 'command'"
    return bool(world.query(unknown, run))


def _differing(one: str, other: str) -> set[str]:
    return {line.partition("\t")[2] for line in set(one.splitlines()) ^ set(other.splitlines())}


def _secrets(world: World) -> list[str]:
    places = [world.repo / ".git" / "devassist", world.state]
    files = [one for place in places for one in place.rglob("*") if one.is_file()]
    return [f"9 the secret is in {one}" for one in files if SECRET.encode() in one.read_bytes()]
