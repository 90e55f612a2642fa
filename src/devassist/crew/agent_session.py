"""One agent at work in one round: its tools, each call checked, made, recorded and numbered as evidence."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devassist.assignments import AgentPlace, Assignment, Leg
from devassist.crew.crew_stop import CrewStop
from devassist.crew.loop_guard import LoopGuard
from devassist.crew.private_files import VisibleFiles, told_incomplete
from devassist.crew.replay import recorded_outcome, resumed_outcome
from devassist.crew.tools.arguments import ARGUMENTS, BadArguments, parse_arguments, submitted_work
from devassist.crew.tools.intents import intent_of
from devassist.crew.tools.repository import open_git
from devassist.crew.tools.shapes import Arguments, RequestScope
from devassist.crew.tools.tool_context import AgentFact, OutOfScope, ToolOutcome, ToolRefused, plain_error
from devassist.crew.tools.toolbox import TOOLS
from devassist.domain.choice.privacy import PrivatePaths
from devassist.domain.errors import DevassistError
from devassist.domain.events import DecisionMade, Event, JsonObject, ToolCalled
from devassist.domain.failpoints import reach
from devassist.domain.ids import agent_id, evidence_id
from devassist.domain.roles import COMMAND_TOOLS, SUBMIT_TOOL, TOOLS_OF, Role
from devassist.domain.secrets.redaction import Redactor
from devassist.domain.statuses import Outcome
from devassist.git.reading import ReadingGit
from devassist.messages import RecalledTool
from devassist.ports import CrewLink, Files, Sandbox, SandboxSpec, ToolCall

_WARN_IDENTICAL_CALLS = 4
_RESULT_LIMIT = 40_000


@dataclass
class AgentSession:
    """
    The tools of one agent, bound to its worktree.

    `open_files` makes the confined file access for a worktree. Not shared between agents or rounds.
    """

    assignment: Assignment
    role: Role
    round: int
    link: CrewLink
    sandbox: Sandbox | None
    open_files: Callable[[Path], Files]
    granted: list[str] = field(default_factory=list)
    turn: int = 0
    calls: int = 0
    done: bool = False
    then: Leg | None = None
    """Who goes on after this agent, by the supervisor's reply to its submit."""
    results: dict[str, str] = field(default_factory=dict)
    """What the model was told its calls came to, by the call's id."""
    _place: AgentPlace | None = None
    _files: Files | None = None
    _git: ReadingGit | None = None
    _pending: dict[str, deque[str]] = field(default_factory=dict)
    recalling: bool = False

    def __post_init__(self) -> None:
        self.recalling = self.assignment.recalls
        self._loop_guard = LoopGuard(self._decide)
        self.redactor = Redactor(self.assignment.secrets, self.assignment.redact)

    @property
    def place(self) -> AgentPlace:
        """Where the agent works. Opened when first needed, so that an agent starts from its predecessor's commit."""
        if self._place is None:
            opened = self.link.begin(self.role, self.round)
            self._place = replace(
                opened, brief=self.redactor.text(opened.brief), shared=self.redactor.text(opened.shared)
            )
            self._files = VisibleFiles.of(self.open_files(Path(self._place.worktree)), self.hidden)
        return self._place

    @property
    def files(self) -> Files:
        _ = self.place
        assert self._files is not None  # noqa: S101  place opens it
        return self._files

    @property
    def models(self) -> Sequence[str]:
        """The models that the agent asks, the primary first; known once it has begun."""
        return self.place.models or self.assignment.models[self.role]

    @property
    def hidden(self) -> PrivatePaths:
        """What this agent does not see."""
        return PrivatePaths(self.place.hidden)

    @property
    def scratch(self) -> Files:
        return self.open_files(Path(self.place.private))

    @property
    def git(self) -> ReadingGit:
        if self._git is None:
            self._git = replace(open_git(self.spec()), left_out=tuple(self.hidden.pathspecs()))
        return self._git

    @property
    def known_failures(self) -> Mapping[str, Sequence[str]]:
        return self.place.known_failures

    @property
    def agent(self) -> str:
        return agent_id(self.assignment.task, self.role)

    @property
    def submit_tool(self) -> str:
        return SUBMIT_TOOL[self.role]

    def offered(self) -> Sequence[str]:
        """The names of the tools this agent sees."""
        names = [
            name
            for name in TOOLS_OF[self.role]
            if self.assignment.commands_offered or name not in COMMAND_TOOLS
        ]
        return [*names, self.submit_tool]

    def expect(self, calls: Sequence[ToolCall]) -> None:
        """Remember the ids of a reply's tool calls: CrewAI does not pass them on to the tool."""
        self._pending = {}
        for call in calls:
            self._pending.setdefault(call.name, deque()).append(call.id)

    def event(self, fact: AgentFact, *, id_: str = "", parent: str = "") -> Event:
        """The event of a fact about this agent; its role and round are set here."""
        return Event(
            replace(fact, role=str(self.role), round=self.round),
            run=self.assignment.run,
            task=self.assignment.task,
            agent=self.agent,
            id=id_,
            parent=parent,
        )

    def next_evidence(self) -> str:
        self.calls += 1
        return evidence_id(self.assignment.run, self.assignment.task, self.role, self.round, self.calls)

    def reject(self, name: str, arguments: str, reason: str) -> str:
        """Record a call of an unknown tool, or with arguments that are not JSON, and return the text of its result."""
        self._loop_guard.count_call(name, arguments)
        refused = ToolCalled(name=name, arguments=arguments, result=reason, ok=False)
        evidence = self.next_evidence()
        self.link.record(self.event(refused, id_=evidence))
        return f"{reason}\nevidence: {evidence}"

    def call(self, name: str, raw: JsonObject) -> ToolOutcome:
        """Make a tool call. The outcome's text ends with its evidence line."""
        pending = self._pending.get(name)
        call_id = pending.popleft() if pending else ""
        outcome = self._made(name, raw, call_id)
        self.results[call_id] = outcome.text
        return outcome

    def _made(self, name: str, raw: JsonObject, call_id: str) -> ToolOutcome:
        evidence = self.next_evidence()
        shown = json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
        repeated = self._loop_guard.count_call(name, shown)
        started = time.monotonic()
        recalled = self._recall(evidence)
        if recalled.called is not None:
            return self._replayed(name, raw, recalled.called, evidence)
        outcome = self._attempt(name, raw, evidence, recalled)
        told = told_incomplete(name, outcome.text, self.hidden)
        outcome = replace(outcome, text=self.redactor.text(told))  # no model reads a secret
        if repeated >= _WARN_IDENTICAL_CALLS:
            outcome = replace(
                outcome, text=f"{outcome.text}\nnote: this is the same call {repeated} times in a row"
            )
        called = ToolCalled(
            name=name,
            arguments=dict(raw),
            subject=outcome.subject,
            result=outcome.text,
            ok=outcome.ok,
            wrote=outcome.wrote,
            read=outcome.read,
            lines=outcome.lines,
            summary=outcome.summary,
            seconds=round(time.monotonic() - started, 3),
            tool_call_id=call_id,
            blob=outcome.blob,
            exit_code=outcome.exit_code,
            checks=outcome.checks,
            truncated=outcome.truncated,
            out_of_scope=outcome.out_of_scope,
            outcome="unknown" if outcome.unknown else "",
        )
        reach("tool.result")
        self.link.record(self.event(called, id_=evidence))
        if outcome.out_of_scope:
            self._loop_guard.count_refusal(outcome.summary)
        if outcome.truncated:
            self._loop_guard.count_flood(name)
        return replace(outcome, text=f"{_cut(outcome.text)}\nevidence: {evidence}")

    def spec(self) -> SandboxSpec:
        """The sandbox in which a command of this agent runs."""
        place = self.place
        worktree = Path(place.worktree)
        return SandboxSpec(
            worktree=worktree,
            private=Path(place.private),
            read_only=[Path(path) for path in place.read_only],
            masked=[Path(path) for path in self.assignment.masked],
            environment=place.environment,
            cwd=worktree / place.prefix if place.prefix else worktree,
            network=self.assignment.network,
        )

    def _recall(self, evidence: str) -> RecalledTool:
        """The log's record of this call. After the first call that the log does not have, every call is new."""
        if not self.recalling:
            return RecalledTool()
        recalled = self.link.recall_tool(evidence)
        self.recalling = recalled.called is not None
        return recalled

    def _replayed(self, name: str, raw: JsonObject, called: ToolCalled, evidence: str) -> ToolOutcome:
        """Answer a call that was made before from its record, and repeat what it changed in this session."""
        outcome = recorded_outcome(called)
        if outcome.ok and name == "request_scope":
            arguments = parse_arguments(name, raw)
            assert isinstance(arguments, RequestScope)  # noqa: S101  the tool's shape
            self.granted.extend(arguments.paths)
        if name == self.submit_tool:
            self._attempt(name, raw, evidence, RecalledTool())
        return replace(outcome, text=f"{_cut(outcome.text)}\nevidence: {evidence}")

    def _attempt(self, name: str, raw: JsonObject, evidence: str, recalled: RecalledTool) -> ToolOutcome:
        try:
            arguments = parse_arguments(name, raw)
        except BadArguments as error:
            return ToolOutcome(text=f"error: {error}", ok=False, summary="bad arguments")
        if name == self.submit_tool:
            return self._submit(arguments)
        try:
            if recalled.begun:
                return resumed_outcome(self, name, arguments, evidence, recalled)
            if (intent := intent_of(self, name, raw, arguments)) is not None:
                self.link.record(self.event(intent, parent=evidence))
                reach("tool.intent")
            return TOOLS[name](self, arguments, evidence)
        except (ToolRefused, DevassistError) as error:
            out_of_scope = isinstance(error, OutOfScope)
            return ToolOutcome(
                text=f"error: {error}", ok=False, summary=str(error), out_of_scope=out_of_scope
            )
        except (OSError, UnicodeError) as error:
            return ToolOutcome(text=f"error: {plain_error(error)}", ok=False, summary=plain_error(error))

    def _decide(self, question: str, reason: str) -> None:
        decision = DecisionMade(
            who="policy",
            question=question,
            options=("go on", "stop"),
            choice="stop",
            reason=reason,
            confidence=1.0,
        )
        self.link.record(self.event(decision))

    def _submit(self, arguments: Arguments) -> ToolOutcome:
        work = submitted_work(arguments, self.redactor.value)
        answer = self.link.submit(self.role, self.round, work, turns=self.turn)
        if answer.failed:
            raise CrewStop(Outcome.FAILED, answer.text)
        if answer.accepted:
            self.done = True
            self.then = answer.then
        return ToolOutcome(text=answer.text, ok=answer.accepted, summary=answer.text)


def known_tool(name: str) -> bool:
    return name in ARGUMENTS


def _cut(text: str) -> str:
    if len(text) <= _RESULT_LIMIT:
        return text
    half = _RESULT_LIMIT // 2
    return f"{text[:half]}\n[... {len(text) - _RESULT_LIMIT} characters left out ...]\n{text[-half:]}"
