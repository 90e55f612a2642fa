"""
How long a person waits: to get the terminal back, for an answer to be taken up, for a resume, and for a stop.

    python benchmarks/bench_background.py [RUNS]

Wall milliseconds on this machine, with the reference of the same minute beside each: `git status` in the same
repository for the first, and the bare time that a sandboxed command takes to start for the rest. `detach`: from
the command to its end. `answer`: from the answer on record to the parked task's worker at work again.
`resume`: from `run.resumed` to the first worker at work, CrewAI's import included, with a short log and with 10,000
events more. `kill`: from `stop --now`
to no process with the run's mark, with 16 workers inside sandboxed commands that ignore SIGTERM.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project
from devassist.app.wiring.recording import open_log
from devassist.domain.events import EventType
from support.command_line import Machine
from support.crewscript import CrewScript, plan, sh, submit, task, tool
from support.facts import event as event_of

EVENTS = 10_000
WORKERS = 16


def marked(run: str) -> list[int]:
    wanted = f"DEVASSIST_RUN={run}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def until(what: Callable[[], Any], seconds: float = 180) -> float:
    """Milliseconds until it is so."""
    started = time.perf_counter()
    while not what():
        if time.perf_counter() - started > seconds:
            raise TimeoutError("it did not come to that")
        time.sleep(0.02)
    return (time.perf_counter() - started) * 1000


def begun(machine: Machine, document: Mapping[str, Any], *options: str) -> tuple[str, float]:
    """A detached run: its id, and how long the command took."""
    file = machine.root / "plan.json"
    file.write_text(json.dumps(document))
    started = time.perf_counter()
    done = machine.devassist(
        "run", "--plan", str(file), "--model", "openai/test-model", "--detach", "--format", "json", *options
    )
    took = (time.perf_counter() - started) * 1000
    return str(done.json["run"]), took


def count(machine: Machine, kind: str, run: str) -> int:
    try:
        ((number,),) = machine.query("SELECT count(*) FROM events WHERE type = ? AND run = ?", kind, run)
    except sqlite3.OperationalError:
        return 0
    return int(number)


def git_status(machine: Machine) -> float:
    started = time.perf_counter()
    subprocess.run(["git", "status", "--short"], cwd=machine.repo, check=True, capture_output=True)
    return (time.perf_counter() - started) * 1000


def answer(machine: Machine) -> tuple[float, float]:
    """(detach, answer) of one run that asks a question while another of its tasks goes on."""
    document = plan(task("asks", "ASK", review=False), task("busy", "BUSY", review=False))
    run, detach = begun(machine, document)
    until(lambda: machine.devassist("inbox", "--format", "json").json["items"])
    (item,) = machine.devassist("inbox", "--format", "json").json["items"]
    before = count(machine, "worker.started", run)
    machine.devassist("answer", item["id"], "blue")
    until(lambda: count(machine, "worker.started", run) > before)
    query = (
        "SELECT (julianday(max(iif(type = 'worker.started', at, '')))"
        " - julianday(max(iif(type = 'approval.decided', at, '')))) * 86400000 FROM events WHERE run = ?"
    )
    ((took,),) = machine.query(query, run)
    machine.devassist("stop", run, "--now")
    return detach, float(took)


def kill(machine: Machine) -> float:
    tasks = [task(f"t{number}", "STUBBORN", review=False) for number in range(WORKERS)]
    run, _ = begun(machine, plan(*tasks), "--max-parallel", str(WORKERS))
    until(lambda: count(machine, "command.intended", run) >= WORKERS, 400)
    time.sleep(0.5)
    stopping = subprocess.Popen(
        [sys.executable, "-P", "-m", "devassist", "stop", run, "--now"],
        cwd=machine.repo,
        env=machine.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    took = until(lambda: not marked(run))
    stopping.wait()
    return took


def resume(machine: Machine, events: int) -> float:
    """From `run.resumed` to its first worker, of a stopped run whose log got so many more tool calls."""
    run, _ = begun(machine, plan(task("busy", "BUSY", review=False)))
    until(lambda: count(machine, "command.intended", run) >= 1)
    machine.devassist("stop", run, "--now")
    project = open_project(Host(environment=machine.environment, directory=machine.repo))
    called = {"name": "read_file", "ok": True, "result": "x" * 400, "read": ["a"], "wrote": [], "round": 1}
    with open_log(project) as log:
        for start in range(0, events, 500):
            log.record(
                *(
                    event_of(
                        EventType.TOOL_CALLED,
                        run=run,
                        task="busy",
                        agent="busy/coder",
                        id=f"{run}-busy-coder-1-{1000 + number}",
                        data={"role": "coder", **called},
                    )
                    for number in range(start, min(start + 500, events))
                )
            )
    before = count(machine, "worker.started", run)
    machine.devassist("resume", run, "--detach")
    until(lambda: count(machine, "worker.started", run) > before)
    query = (
        "SELECT (julianday(max(iif(type = 'worker.started', at, '')))"
        " - julianday(max(iif(type = 'run.resumed', at, '')))) * 86400000 FROM events WHERE run = ?"
    )
    ((took,),) = machine.query(query, run)
    machine.devassist("stop", run, "--now")
    return float(took)


def shown(name: str, values: list[float]) -> None:
    ordered = sorted(values)
    print(
        json.dumps(
            {
                "measured": name,
                "n": len(ordered),
                "p50_ms": round(statistics.median(ordered)),
                "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]),
            }
        )
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    script = CrewScript()
    script.on("ASK", "coder", tool("ask_human", question="which?", options=["red", "blue"]), submit())
    script.on("BUSY", "coder", sh("sleep 600"), submit())
    script.on("STUBBORN", "coder", sh("trap '' TERM INT HUP; sleep 600; sleep 600"), submit())
    with tempfile.TemporaryDirectory(prefix="devassist-bench-") as directory:
        machine = Machine(Path(directory), script=script)
        try:
            pairs = [answer(machine) for _ in range(runs)]
            shown("git status", [git_status(machine) for _ in range(runs)])
            shown("detach", [one for one, _ in pairs])
            shown("answer", [other for _, other in pairs])
            shown(f"kill, {WORKERS} workers", [kill(machine) for _ in range(runs)])
            shown("resume, a short log", [resume(machine, 0) for _ in range(runs)])
            shown(f"resume, {EVENTS} events more", [resume(machine, EVENTS) for _ in range(runs)])
        finally:
            machine.close()


if __name__ == "__main__":
    main()
