"""
What a crew costs beside one agent that does the same: input tokens, model calls one after another, share from cache.

    python benchmarks/bench_crew_cost.py [--goal one|three] [--show]

The model is scripted, but knows only what a model knows: it reads a file if the lines that it needs are not in its
transcript yet, searches if nothing has told it where they are, and then edits, tests, repairs one mistake, and hands on.
The single agent is a plain loop with a short system prompt, the project's AGENTS.md, the goal and the same tools; it
does all tasks in one transcript and nobody reviews it. Tokens are a quarter of the characters of the messages and tools
of every request. What a cache can serve of a request is the longest beginning that it shares with an earlier one.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from crew_cost_goals import GOALS, Goal, Work, make_repository
from devassist.crew.tools.arguments import schema_of
from devassist.domain.roles import TOOLS_OF, Role
from support.openai_server import OpenAIServer, Reply, calls, role_of, text_of, tool_results

SOURCE = Path(__file__).resolve().parents[1] / "src"
Messages = Sequence[Mapping[str, object]]


def size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def tokens(body: Mapping[str, object]) -> int:
    return (size(body["messages"]) + size(body.get("tools") or [])) // 4


def seen(body: Mapping[str, object]) -> str:
    return "\n".join(text_of(message) for message in body["messages"])


def names_called(body: Mapping[str, object]) -> list[str]:
    return [
        call["function"]["name"]
        for message in body["messages"]
        if message["role"] == "assistant"
        for call in message.get("tool_calls") or ()
    ]


def arguments_called(body: Mapping[str, object], name: str) -> list[dict]:
    return [
        json.loads(call["function"]["arguments"])
        for message in body["messages"]
        if message["role"] == "assistant"
        for call in message.get("tool_calls") or ()
        if call["function"]["name"] == name
    ]


def look(body: Mapping[str, object], works: Sequence[Work]) -> Reply | None:
    """What a model does before it writes: it searches if it has no idea where, and reads what it has not seen."""
    text = seen(body)
    missing = [need for work in works for need in work.needs if not all(mark in text for mark in need.marks)]
    if not missing:
        return None
    told = all(need.path in text for need in missing)
    if not told and "search_code" not in names_called(body):
        return calls(("list_files", {}), *(("search_code", {"pattern": work.pattern}) for work in works))
    read = arguments_called(body, "read_file")
    reads = [
        ("read_file", {"path": need.path, "start_line": need.first, "end_line": need.last})
        for need in missing
        if not any(done["path"] == need.path and done["start_line"] == need.first for done in read)
    ]
    return calls(*reads[:3]) if reads else None


def work_on(body: Mapping[str, object], work: Work) -> Reply | None:
    """The next step of one task; None when it is done."""
    if (step := look(body, [work])) is not None:
        return step
    written = [call for name in ("edit_file", "write_file") for call in arguments_called(body, name)]
    done = {json.dumps(call, sort_keys=True) for call in written}
    for name, call in [*work.edits, *([work.mistake] if work.mistake else [])]:
        if json.dumps(call, sort_keys=True) not in done:
            return calls((name, call))
    if work.check:
        runs = [call for call in arguments_called(body, "run_command") if call["command"] == work.check]
        if not runs:
            return calls(("run_command", {"command": work.check}))
        for name, call in work.repair:
            if json.dumps(call, sort_keys=True) not in done:
                return calls((name, call))
        if len(runs) < 2 and work.repair:
            return calls(("run_command", {"command": work.check}))
    return None


@dataclass
class Crew:
    """The model of a whole run: what each role says."""

    goal: Goal
    bodies: list[dict] = field(default_factory=list)
    spans: list[tuple[str, int]] = field(default_factory=list)
    """Agent, and how many replies its transcript had."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, body: dict, n: int) -> Reply:
        with self._lock:
            self.bodies.append(body)
        role = role_of(body)
        works = [work for work in self.goal.works if work.marker in self._own_words(body)]
        return getattr(self, f"_{role}")(body, works or self.goal.works)

    @staticmethod
    def _own_words(body: Mapping[str, object]) -> str:
        found = re.search(r"You work on task (\S+):", seen(body))
        return found.group(1) if found else ""

    def _orchestrator(self, body: dict, _works: Sequence[Work]) -> Reply:
        tasks = [work.as_task() for work in self.goal.works]
        if len(tasks) > 1 and "Handed on by the researcher" not in seen(body):
            return calls(
                ("submit_plan", {"tasks": [], "crew": "plan", "rationale": "three places", "confidence": 0.9})
            )
        size_ = "solo" if len(tasks) == 1 else "plan"
        return calls(
            ("submit_plan", {"tasks": tasks, "crew": size_, "rationale": "clear", "confidence": 0.95})
        )

    def _researcher(self, body: dict, _works: Sequence[Work]) -> Reply:
        step = look(body, self.goal.works)
        findings = [f"{need.path}: {need.why}" for work in self.goal.works for need in work.needs]
        brief = {"summary": "What the goal needs, and where.", "findings": findings, "confidence": 0.9}
        return step or calls(("submit_brief", brief))

    def _coder(self, body: dict, works: Sequence[Work]) -> Reply:
        (work,) = works
        step = work_on(body, work)
        ids = re.findall(r"^evidence: (\S+)$", "\n".join(tool_results(body)), re.MULTILINE)
        claims = (
            [{"statement": "the tests of the change pass", "evidence": ids[-1]}] if work.check and ids else []
        )
        done = {"summary": work.summary, "confidence": 0.95, "claims": claims}
        return step or calls(("submit_work", done))

    _documenter = _coder

    def _tester(self, _body: dict, _works: Sequence[Work]) -> Reply:
        return (
            calls(("run_checks", {}))
            if not tool_results(_body)
            else calls(("submit_work", {"summary": "tested", "confidence": 0.9}))
        )

    def _reviewer(self, body: dict, works: Sequence[Work]) -> Reply:
        text = seen(body)
        if not all(mark in text for work in works for mark in work.diff_marks):
            return calls(("show_diff", {}))
        return calls(
            ("submit_review", {"verdict": "approve", "summary": "as asked, and tested", "confidence": 0.95})
        )


@dataclass
class Single:
    """One agent in a plain loop, with tools of its own that answer as ours do."""

    root: Path
    goal: Goal
    bodies: list[dict] = field(default_factory=list)

    def run(self) -> None:
        tools = [schema_of(name) for name in TOOLS_OF[Role.CODER]]
        system = (
            "You are a coding agent in a git repository. Use the tools to do what the user asks, run the tests that "
            "matter, and say what you did when it is done.\n\n" + (self.root / "AGENTS.md").read_text()
        )
        messages: list[dict] = [
            {"role": "system", "content": system},
            {"role": "user", "content": self.goal.text},
        ]
        while True:
            body = {"messages": list(messages), "tools": tools}
            self.bodies.append(body)
            reply = next(
                (step for work in self.goal.works if (step := work_on(body, work)) is not None), None
            )
            if reply is None:
                return
            made = []
            for number, (name, arguments) in enumerate(reply["tool_calls"]):
                id_ = f"call_{len(messages)}_{number}"
                function = {"name": name, "arguments": json.dumps(arguments)}
                made.append(
                    ({"id": id_, "type": "function", "function": function}, self._tool(name, arguments))
                )
            messages.append({"role": "assistant", "content": None, "tool_calls": [call for call, _ in made]})
            messages += [{"role": "tool", "tool_call_id": call["id"], "content": text} for call, text in made]

    def _tool(self, name: str, given: dict) -> str:
        path = self.root / given.get("path", ".")
        match name:
            case "list_files":
                return subprocess.run(
                    ["git", "ls-files"], cwd=self.root, capture_output=True, text=True, check=True
                ).stdout
            case "search_code":
                found = subprocess.run(
                    ["git", "grep", "-nP", given["pattern"]],
                    cwd=self.root,
                    capture_output=True,
                    text=True,
                    check=True,
                )
                return found.stdout[:12_000]
            case "read_file":
                lines = path.read_text().split("\n")[given["start_line"] - 1 : given["end_line"]]
                return "\n".join(f"{n:>5}  {line}" for n, line in enumerate(lines, start=given["start_line"]))
            case "edit_file":
                text = path.read_text()
                for edit in given["edits"]:
                    assert edit["old"] in text, edit["old"]
                    text = text.replace(edit["old"], edit["new"], 1)
                path.write_text(text)
                return f"edited {given['path']}"
            case "write_file":
                path.write_text(given["content"])
                return f"wrote {given['path']}"
            case "run_command":
                command = given["command"]
                done = subprocess.run(
                    command, shell=True, cwd=self.root, capture_output=True, text=True, check=False
                )
                return f"{done.stdout}{done.stderr}\n[exit code {done.returncode}]"
        raise AssertionError(name)


def cached_share(bodies: Sequence[Mapping[str, object]]) -> float:
    """The share of all input that begins as an earlier request did: tools first, then the messages, as providers read."""
    texts = [json.dumps([body.get("tools"), body["messages"]], ensure_ascii=False) for body in bodies]
    served = 0
    for at, text in enumerate(texts):
        served += max((_shared(text, earlier) for earlier in texts[:at]), default=0)
    return served / sum(map(len, texts))


def _shared(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def longest_path(events: Sequence[Mapping], goal: Goal) -> int:
    """Model calls one after another: those of planning, and of the task with the most on its way."""
    made: dict[str, int] = {}
    for event in events:
        if event["type"] == "model.called":
            made[event["task"]] = made.get(event["task"], 0) + 1
    depends = {work.marker: work.depends_on for work in goal.works}

    def of(task: str) -> int:
        return made.get(task, 0) + max((of(before) for before in depends.get(task, ())), default=0)

    return made.get("plan", 0) + max(of(task) for task in made if task != "plan")


def crew_run(goal: Goal, scratch: Path) -> tuple[Crew, list[dict]]:
    root = make_repository(scratch / "crew")
    crew = Crew(goal)
    with OpenAIServer(crew) as server:
        environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_API_BASE": server.url,
            "DEVASSIST_STATE_DIR": str(scratch / "state"),
            "CI": "true",
        }
        command = [sys.executable, "-P", "-m", "devassist", "-q", "run", goal.text, "--model", "openai/bench"]
        done = subprocess.run(
            [*command, "--format", "ndjson"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr[-2000:]
    assert lines[-1].get("status") == "succeeded", (done.stderr[-2000:], lines[-1])
    return crew, lines[:-1]


def measure(name: str, show: Callable[[str], None]) -> dict[str, object]:
    goal = GOALS[name]
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        single = Single(make_repository(scratch / "single"), goal)
        single.run()
        crew, events = crew_run(goal, scratch)
    for body in crew.bodies:
        show(f"{role_of(body):<13} {tokens(body):>7} tokens  {', '.join(names_called(body)[-4:])}")
    one, many = sum(map(tokens, single.bodies)), sum(map(tokens, crew.bodies))
    path = longest_path(events, goal)
    return {
        "goal": name,
        "single_input_tokens": one,
        "crew_input_tokens": many,
        "input_ratio": round(many / one, 2),
        "single_calls": len(single.bodies),
        "crew_calls": len(crew.bodies),
        "crew_calls_on_critical_path": path,
        "critical_path_ratio": round(path / len(single.bodies), 2),
        "cached_share_of_crew": round(cached_share(crew.bodies), 3),
        "cached_share_of_single": round(cached_share(single.bodies), 3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=inspect.getdoc(sys.modules[__name__]))
    parser.add_argument("--goal", choices=sorted(GOALS))
    parser.add_argument("--show", action="store_true", help="every request of the crew")
    given = parser.parse_args()
    say = (lambda line: print(line, file=sys.stderr)) if given.show else (lambda _line: None)
    chosen = [given.goal] if given.goal else sorted(GOALS)
    print(json.dumps([measure(name, say) for name in chosen], indent=2))
