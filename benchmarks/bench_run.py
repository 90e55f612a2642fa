"""
What a run costs beside its models: wall time against the critical path, CPU per call, memory per worker.

    python benchmarks/bench_run.py [--tasks 8] [--latency 1.0]

Eight independent tasks of three model calls each, no checks, on a model that answers after a fixed time, through
the real litellm path. The references are measured in the same run: the critical path is calls x latency, and a bare
litellm.completion loop makes the same number of calls to the same server.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.openai_server import OpenAIServer, calls, last_evidence, tool_results

SOURCE = Path(__file__).resolve().parents[1] / "src"

BARE = """
import os, resource, sys, time
from devassist.llm.silence import environment
os.environ.update(environment())
import litellm
messages = [{"role": "system", "content": "You are coder. " + "x" * 800}, {"role": "user", "content": "y" * 2400}]
def ask():
    litellm.completion(model="openai/bench", messages=messages, tools=[], num_retries=0)
ask(); ask()
before = time.process_time()
n = int(sys.argv[1])
for _ in range(n): ask()
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
                "role": "documenter",
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


def measure(tasks: int, latency: float) -> dict:
    with tempfile.TemporaryDirectory() as scratch, OpenAIServer(script, delay=latency) as server:
        root = repository(Path(scratch) / "repo", tasks)
        environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_API_BASE": server.url,
            "DEVASSIST_STATE_DIR": f"{scratch}/state",
        }
        command = [
            sys.executable,
            "-P",
            "-m",
            "devassist",
            "-q",
            "run",
            "--plan",
            f"{scratch}/plan.json",
            "--model",
            "openai/bench",
            "--max-parallel",
            str(tasks),
            "--format",
            "ndjson",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)
        sizes: dict[int, int] = {}
        over = threading.Event()
        watcher = threading.Thread(target=watch_workers, args=(run, sizes, over))
        watcher.start()
        output, _ = run.communicate(timeout=300)
        over.set()
        watcher.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = [json.loads(line) for line in output.splitlines()]
        bare_server = OpenAIServer(lambda body, n: "ok", delay=0)
        with bare_server as quick:
            bare = subprocess.run(
                [sys.executable, "-c", BARE, "30"],
                env={**environment, "OPENAI_API_BASE": quick.url},
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
    events, answer = lines[:-1], lines[-1]
    assert answer["status"] == "succeeded", answer
    times = {
        kind: [datetime.fromisoformat(e["at"]) for e in events if e["type"] == kind]
        for kind in {e["type"] for e in events}
    }
    working = (max(times["task.delivered"]) - min(times["agent.started"])).total_seconds()
    # From the moment the last worker is ready: before it, workers of one machine start after each other.
    warm = (max(times["task.delivered"]) - max(times["agent.started"])).total_seconds()
    whole = (max(times["run.finished"]) - min(times["run.started"])).total_seconds()
    started = sorted(times["worker.started"])
    user = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    pss = sorted(sizes.values())
    return {
        "tasks": tasks,
        "model_calls": answer["usage"]["model_calls"],
        "critical_path_s": 3 * latency,
        "working_s": round(working, 2),
        "working_ratio": round(working / (3 * latency), 3),
        "warm_ratio": round(warm / (3 * latency), 3),
        "whole_run_s": round(whole, 2),
        "cpu_s_of_run": round(user, 2),
        "bare_litellm_ms_cpu_per_call": round(float(bare.stdout), 1),
        "worker_pss_mib_median": round(pss[len(pss) // 2] / 1024, 1) if pss else None,
        "worker_start_ms_after_first": round(
            (started[-1] - started[0]).total_seconds() * 1000 / max(1, len(started) - 1), 1
        ),
        "events": len(events),
        "journal_share_per_worker": round(
            next(e for e in events if e["type"] == "run.finished")["data"]["journal_s"] / tasks / whole, 4
        ),
    }


def cpu_per_call(latency: float) -> float:
    """CPU of a call of ours: two runs that differ only in their number of tasks."""
    few, many = measure(2, latency), measure(8, latency)
    calls_more = many["model_calls"] - few["model_calls"]
    return (many["cpu_s_of_run"] - few["cpu_s_of_run"]) / calls_more * 1000


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--latency", type=float, default=1.0)
    given = parser.parse_args()
    figures = measure(given.tasks, given.latency)
    figures["our_ms_cpu_per_call"] = round(cpu_per_call(0.05), 1)
    print(json.dumps(figures, indent=2))
