"""
What a run costs beside its models: wall time against the critical path, CPU per call, memory per worker.

    python benchmarks/bench_run.py [--tasks 8] [--latency 1.0] [--rounds 1]

Eight independent tasks of three model calls each, no checks, on a model that answers after a fixed time, through
the real litellm path. The references are measured in the same run: the critical path is calls x latency, and a bare
litellm.completion loop makes the run's own requests, after some to warm it up. CPU is that of all processes of the run.
The cold run has a state directory of its own; the warm one follows it there, and takes its forkserver. With more rounds,
each figure is the smallest of them: what else this machine does only ever adds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from devassist.crew.standby import find_waiting
from support.openai_server import OpenAIServer, calls, last_evidence, tool_results

SOURCE = Path(__file__).resolve().parents[1] / "src"

BARE = """
import itertools, json, os, sys, time
from devassist.llm.silence import environment
os.environ.update(environment())
import litellm
requests = json.load(open(sys.argv[1]))
def ask(request):
    litellm.completion(model="openai/bench", messages=request["messages"], tools=request["tools"], num_retries=0)
for request in requests[:3]: ask(request)
n = 30
before = time.process_time()
for request in itertools.islice(itertools.cycle(requests), n): ask(request)
print((time.process_time() - before) / n * 1000)
"""


def script(body: dict, n: int):
    done = len(tool_results(body))
    if done == 0:
        name = re.search(r"file-\d+", json.dumps(body["messages"])).group()
        return calls(("write_file", {"path": f"{name}.txt", "content": "made by a bench\n"}))
    if done == 1:
        return calls(("list_files", {}))
    return calls(
        (
            "submit_work",
            {
                "summary": "made",
                "confidence": 0.9,
                "claims": [{"statement": "made", "evidence": last_evidence(body)}],
            },
        )
    )


def repository(at: Path, tasks: int) -> Path:
    at.mkdir(parents=True)
    (at / "README.md").write_text("bench\n")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run(["git", "-c", "user.name=b", "-c", "user.email=b@b", *command], cwd=at, check=True)
    plan = {
        "schema": "devassist.plan/1",
        "tasks": [
            {
                "id": f"t{k}",
                "title": f"task {k}",
                "role": "coder",
                "instructions": f"write file-{k} now",
                "review": False,
            }
            for k in range(tasks)
        ],
    }
    (at.parent / "plan.json").write_text(json.dumps(plan))
    return at


def proportional_kib(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("Pss:")).split()[1])


def watch_workers(run: subprocess.Popen, found: dict[int, int], over: threading.Event) -> None:
    """Highest proportional set size of each forked worker (grandchildren of the run), sampled."""
    while not over.wait(1.0):
        try:
            server = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
            for one in server:
                for pid in Path(f"/proc/{one}/task/{one}/children").read_text().split():
                    found[int(pid)] = max(found.get(int(pid), 0), proportional_kib(int(pid)))
        except (OSError, StopIteration):
            continue


@dataclass(frozen=True)
class Ended:
    """A run that has ended: what it printed, and what it took."""

    lines: list[dict]
    wall_s: float
    cpu_s: float
    first_request_s: float
    """From Enter to the first HTTP request."""
    pss_kib: list[int]
    requests: list[dict]
    """The bodies that the model's server got."""


@dataclass
class Lane:
    """Runs one after the other: with one state directory, one model server and one environment."""

    scratch: Path
    latency: float
    asked: list[float] = field(default_factory=list)
    """When requests came in."""

    def __enter__(self) -> Self:
        self.server = OpenAIServer(self._reply, delay=self.latency)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "PYTHONPATH": str(SOURCE),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_API_BASE": self.server.url,
            "DEVASSIST_STATE_DIR": f"{self.scratch}/state",
            "DEVASSIST_APPROVALS_UNVERIFIED": "auto",
        }
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        if waiting := self._waiting():
            os.kill(waiting, signal.SIGTERM)

    def run(self, tasks: int) -> Ended:
        """One run in a repository of its own, from the start of the command to its end."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as scratch:
            root = repository(Path(scratch) / "repo", tasks)
            options = ["--plan", f"{scratch}/plan.json", "--model", "openai/bench"]
            parallel = ["--max-parallel", str(tasks), "--format", "ndjson"]
            command = [sys.executable, "-P", "-m", "devassist", "-q", "run", *options, *parallel]
            self.asked.clear()
            self.server.requests.clear()
            before, enter = self._cpu_s(), time.monotonic()
            process = subprocess.Popen(
                command, cwd=root, env=self.environment, stdout=subprocess.PIPE, text=True
            )
            sizes: dict[int, int] = {}
            over = threading.Event()
            watcher = threading.Thread(target=watch_workers, args=(process, sizes, over))
            watcher.start()
            output, _ = process.communicate(timeout=300)
            wall = time.monotonic() - enter
            over.set()
            watcher.join()
            cpu = self._cpu_s() - before
        lines = [json.loads(line) for line in output.splitlines()]
        assert lines[-1]["status"] == "succeeded", lines[-1]["tasks"][0]["error"]
        requests = list(self.server.requests)
        return Ended(lines, wall, cpu, self.asked[0] - enter, sorted(sizes.values()), requests)

    def _reply(self, body: dict, n: int):
        self.asked.append(time.monotonic())
        return script(body, n)

    def _waiting(self) -> int:
        """The process that waits for the next run; 0 if none does."""
        waiting = find_waiting(self.scratch / "state" / "standby")
        return waiting.pid if waiting else 0

    def _cpu_s(self) -> float:
        """CPU of all processes that have ended, and of the one that waits, with its own that have ended."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = used.ru_utime + used.ru_stime
        if waiting := self._waiting():
            fields = Path(f"/proc/{waiting}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        return total


def bare_ms(environment: Mapping[str, str], requests: list[dict], scratch: Path) -> float:
    """CPU of one call of a bare litellm.completion loop that makes `requests`."""
    file = scratch / "requests.json"
    file.write_text(json.dumps(requests))
    with OpenAIServer(lambda _body, _n: "ok") as server:
        done = subprocess.run(
            [sys.executable, "-c", BARE, str(file)],
            env={**environment, "OPENAI_API_BASE": server.url},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    return float(done.stdout)


def measure(tasks: int, latency: float) -> dict:
    """A cold run and a warm one after it, a smaller one for the difference, and the bare loop."""
    with tempfile.TemporaryDirectory() as scratch, Lane(Path(scratch), latency) as lane:
        cold, warm, small = lane.run(tasks), lane.run(tasks), lane.run(2)
        bare = bare_ms(lane.environment, cold.requests, Path(scratch))
    further = (warm.cpu_s - small.cpu_s) / (len(warm.requests) - len(small.requests)) * 1000
    return {
        "tasks": tasks,
        "model_calls": len(cold.requests),
        "critical_path_s": 3 * latency,
        **figures_of(cold, tasks, latency),
        "warm_wall_s": round(warm.wall_s, 2),
        "warm_first_request_s": round(warm.first_request_s, 2),
        "warm_cpu_s_of_run": round(warm.cpu_s, 2),
        "bare_litellm_ms_cpu_per_call": round(bare, 1),
        "warm_run_ms_cpu_per_call": round(warm.cpu_s / len(warm.requests) * 1000, 1),
        "further_call_ms_cpu": round(further, 1),
        "further_call_ratio": round(further / bare, 1),
    }


def figures_of(ended: Ended, tasks: int, latency: float) -> dict:
    """The figures of one run, by its events."""
    events = ended.lines[:-1]
    times = {
        kind: [datetime.fromisoformat(e["at"]) for e in events if e["type"] == kind]
        for kind in {e["type"] for e in events}
    }
    working = (max(times["task.delivered"]) - min(times["agent.started"])).total_seconds()
    # From the moment the last worker is ready: before it, workers of one machine start after each other.
    ready = (max(times["task.delivered"]) - max(times["agent.started"])).total_seconds()
    whole = (max(times["run.finished"]) - min(times["run.started"])).total_seconds()
    started = sorted(times["worker.started"])
    pss = ended.pss_kib
    return {
        "wall_s": round(ended.wall_s, 2),
        "first_request_s": round(ended.first_request_s, 2),
        "cpu_s_of_run": round(ended.cpu_s, 2),
        "working_s": round(working, 2),
        "working_ratio": round(working / (3 * latency), 3),
        "workers_ready_ratio": round(ready / (3 * latency), 3),
        "worker_pss_mib_median": round(pss[len(pss) // 2] / 1024, 1) if pss else None,
        "worker_start_ms_after_first": round(
            (started[-1] - started[0]).total_seconds() * 1000 / max(1, len(started) - 1), 1
        ),
        "events": len(events),
        "journal_share_per_worker": round(
            next(e for e in events if e["type"] == "run.finished")["data"]["journal_s"] / tasks / whole, 4
        ),
    }


def least(rounds: list[dict]) -> dict:
    """Each figure's smallest value."""
    return {
        name: min(values) if (values := [r[name] for r in rounds if r[name] is not None]) else None
        for name in rounds[0]
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(least([measure(given.tasks, given.latency) for _ in range(given.rounds)]), indent=2))
