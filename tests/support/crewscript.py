"""
What the scripted model says, per task, role and round.

A script knows only what a provider sees: the role in the system message, the words of the task's instructions in
the messages, the tools offered, and the results so far. `script.on("MARKER", "coder", step, step, ...)` lists the
replies of one agent; a step is a reply of `openai_server` or a function of the `Turn`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.openai_server import Reply, calls, role_of, text_of, tool_names, tool_results

_ROUND = re.compile(r"This is round (\d+)")
_EVIDENCE = re.compile(r"^evidence: ([A-Za-z0-9_-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Turn:
    """One request as the script sees it. `step` counts what the assistant said before."""

    body: dict[str, Any]
    n: int
    round: int = 1

    @property
    def role(self) -> str:
        return role_of(self.body)

    @property
    def tools(self) -> list[str]:
        return tool_names(self.body)

    @property
    def results(self) -> list[str]:
        return tool_results({"messages": self.body["messages"][self._begins :]})

    @property
    def step(self) -> int:
        own = self.body["messages"][self._begins :]
        return sum(1 for message in own if message.get("role") == "assistant")

    @property
    def _begins(self) -> int:
        """Where this round begins in the transcript: an agent goes on in that of the round before."""
        rounds = [
            at
            for at, message in enumerate(self.body["messages"])
            if message.get("role") == "user" and _ROUND.search(text_of(message))
        ]
        return rounds[-1] if rounds else 0

    @property
    def told_round(self) -> int:
        """The round that the newest brief names; 0 if it names none."""
        told = _ROUND.search(text_of(self.body["messages"][self._begins]))
        return int(told.group(1)) if told else 0

    @property
    def words(self) -> str:
        """Everything the harness said to the agent before it did anything."""
        return "\n".join(
            text_of(one) for one in self.body["messages"] if one.get("role") in ("system", "user")
        )

    def evidence(self, at: int = -1) -> str:
        """The id in the tool result number `at`."""
        return self.all_evidence(at)[-1]

    def all_evidence(self, at: int = -1) -> list[str]:
        """Every id in the tool result number `at`; the last is the call's own."""
        return _EVIDENCE.findall(self.results[at])


Step = Reply | Callable[[Turn], Reply]


@dataclass
class CrewScript:
    """The script of a whole run, to be given to an OpenAIServer. Agents nobody scripted do the least that is due."""

    steps: dict[tuple[str, str, int], Sequence[Step]] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    _at: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, marker: str, role: str, *steps: Step, round: int = 0) -> CrewScript:  # noqa: A002
        """What `role` says in the task whose instructions hold `marker`; in `round`, or in any that has no own steps."""
        self.steps[marker, role, round] = steps
        return self

    def of(self, marker: str, role: str) -> list[Turn]:
        """The requests of one agent."""
        return [turn for turn in self.turns if turn.role == role and marker in turn.words]

    def __call__(self, body: dict[str, Any], n: int) -> Reply:
        turn = self._place(body, n)
        steps = self._steps(turn)
        step = steps[min(turn.step, len(steps) - 1)] if steps and _endless(steps) else None
        if step is None:
            if turn.step >= len(steps):
                self.missing.append(f"{turn.role} {self._marker(turn, turn.role)} step {turn.step}")
                return "I have nothing further to say."
            step = steps[turn.step]
        return step(turn) if callable(step) else step

    def _place(self, body: dict[str, Any], n: int) -> Turn:
        """Which round this is: a transcript that starts anew after one that had got further is a new round."""
        turn = Turn(body, n)
        key = (self._marker(turn, turn.role), turn.role)
        with self._lock:
            number, last = self._at.get(key, (1, 0))
            if turn.step == 0 and last > 0:
                number += 1
            number = turn.told_round or number
            self._at[key] = (number, turn.step)
            turn = Turn(body, n, number)
            self.turns.append(turn)
        return turn

    def _marker(self, turn: Turn, role: str) -> str:
        words = turn.words
        found = [marker for marker, _, _ in self.steps if marker in words]
        own = [marker for marker, who, _ in self.steps if marker in words and who == role]
        return (own or found or [""])[0]

    def _steps(self, turn: Turn) -> Sequence[Step]:
        marker = self._marker(turn, turn.role)
        for number in (turn.round, 0):
            if (marker, turn.role, number) in self.steps:
                return self.steps[marker, turn.role, number]
        return _DEFAULT[turn.role]


class Forever:
    """A last step that is said again and again."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def __call__(self, turn: Turn) -> Reply:
        return self.step(turn) if callable(self.step) else self.step


def _endless(steps: Sequence[Step]) -> bool:
    return isinstance(steps[-1], Forever)


class Failing:
    """Faults in order, one per request at this step, then the reply."""

    def __init__(self, *faults: Reply, then: Step) -> None:
        self.faults = list(faults)
        self.then = then

    def __call__(self, turn: Turn) -> Reply:
        if self.faults:
            return self.faults.pop(0)
        return self.then(turn) if callable(self.then) else self.then


def tool(name: str, **arguments: Any) -> Reply:
    """One tool call."""
    return calls((name, arguments))


def write(path: str, content: str) -> Reply:
    return tool("write_file", path=path, content=content)


def edit(path: str, old: str, new: str) -> Reply:
    return tool("replace_in_file", path=path, old=old, new=new)


def sh(command: str) -> Reply:
    return tool("run_command", command=command)


def submit(
    summary: str = "done", *, confidence: float = 0.9, proves: Sequence[int | str] = (), **more: Any
) -> Step:
    """`submit_work` whose claims cite the results of these numbers, or these very ids."""

    def step(turn: Turn) -> Reply:
        claims = [
            {"statement": f"claim {one}", "evidence": turn.evidence(one) if isinstance(one, int) else one}
            for one in proves
        ]
        return tool("submit_work", summary=summary, confidence=confidence, claims=claims, **more)

    return step


def brief(summary: str = "found it", *, confidence: float = 0.9, findings: Sequence[Any] = ()) -> Reply:
    return tool("submit_brief", summary=summary, findings=list(findings), confidence=confidence)


def approve(
    summary: str = "it is right", *, confidence: float = 0.9, findings: Sequence[dict[str, Any]] = ()
) -> Reply:
    return tool(
        "submit_review", verdict="approve", summary=summary, confidence=confidence, findings=list(findings)
    )


def request_changes(summary: str, *findings: dict[str, Any]) -> Reply:
    return tool(
        "submit_review", verdict="request_changes", summary=summary, confidence=0.9, findings=list(findings)
    )


def hand_in_plan(tasks: Sequence[dict[str, Any]], *, confidence: float = 0.9) -> Reply:
    return tool("submit_plan", tasks=list(tasks), rationale="small and clear", confidence=confidence)


def task(id_: str, marker: str, *, role: str = "coder", **more: Any) -> dict[str, Any]:
    """A task of a plan whose instructions hold the marker."""
    return {"id": id_, "title": f"title of {id_}", "role": role, "instructions": f"{marker}: do it", **more}


def plan(*tasks: dict[str, Any], goal: str = "make it better") -> dict[str, Any]:
    return {"schema": "devassist.plan/1", "goal": goal, "tasks": list(tasks)}


_DEFAULT: dict[str, Sequence[Step]] = {
    "coder": (),
    "documenter": (),
    "orchestrator": (),
    "tester": (tool("show_diff"), submit("tested")),
    "reviewer": (tool("show_diff"), approve()),
    # Gives up: what conflicts stays unmerged, as long as nobody scripts a resolution.
    "integrator": (Forever(tool("submit_resolution", summary="no resolution is scripted", confidence=0.0)),),
    "researcher": (tool("list_files"), brief()),
}
