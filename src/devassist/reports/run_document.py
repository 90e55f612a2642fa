"""A run as the JSON document `devassist.run/1` (contract 5), and its tasks as parts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import msgspec

from devassist.domain.events import Usage
from devassist.domain.handoffs import Verdict
from devassist.domain.ids import result_branch
from devassist.domain.state.approvals import ApprovalState
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import AgentState, TaskState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.domain.verdicts import JudgedCheck, Verification

Json = dict[str, object]
"""A JSON object that is printed or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDocument:
    role: str
    branch: str
    commit: str
    worktree: str
    turns: int
    """Model calls that were answered."""
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    usd: float
    model_s: float
    seconds: float

    @classmethod
    def of(cls, agent: AgentState) -> AgentDocument:
        return cls(
            role=agent.role,
            branch=agent.branch,
            commit=agent.commit,
            worktree=agent.worktree,
            turns=agent.turns,
            input_tokens=agent.input_tokens,
            cached_input_tokens=agent.cached_input_tokens,
            output_tokens=agent.output_tokens,
            usd=round(agent.usd, 6),
            model_s=round(agent.model_s, 3),
            seconds=round(agent.seconds, 3),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument:
    """`own` and `base_exit_code` are null for a check of a log that does not say them."""

    command: str
    exit_code: int
    own: bool | None = None
    base_exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDocument:
    """What the task's landing made of the tests, over all checks whose runners report them."""

    passed: int = 0
    added: int = 0
    new_failures: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()
    skipped_newly: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, checks: Iterable[JudgedCheck]) -> LedgerDocument:
        judged = list(checks)

        def all_of(cases: Callable[[JudgedCheck], tuple[str, ...]]) -> tuple[str, ...]:
            return tuple(dict.fromkeys(case for check in judged for case in cases(check)))

        return cls(
            passed=max((check.passed for check in judged), default=0),
            added=max((check.added for check in judged), default=0),
            new_failures=all_of(lambda check: check.new_failures),
            fixed=all_of(lambda check: check.fixed),
            known_failures=all_of(lambda check: check.known_failures),
            skipped_newly=all_of(lambda check: check.skipped_newly),
            vanished=all_of(lambda check: check.vanished),
            flaky=all_of(lambda check: check.flaky),
            held_out=all_of(lambda check: check.held_out),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDocument:
    id: str
    title: str
    role: str
    status: TaskStatus
    rounds: int
    confidence: float | None
    agents: tuple[AgentDocument, ...]
    checks: tuple[CheckDocument, ...]
    tests: LedgerDocument
    verification: Verification
    claims: dict[Verdict, int]
    error: str | None

    @classmethod
    def of(cls, task: TaskState) -> TaskDocument:
        return cls(
            id=task.id,
            title=task.title,
            role=task.role,
            status=task.status,
            rounds=task.rounds,
            confidence=task.confidence,
            agents=tuple(AgentDocument.of(agent) for agent in task.agents.values()),
            checks=_checks(task),
            tests=LedgerDocument.of(task.judged.checks if task.judged is not None else ()),
            verification=task.judged.verification if task.judged is not None else Verification.NONE,
            claims=task.claims(),
            error=task.error,
        )


def _checks(task: TaskState) -> tuple[CheckDocument, ...]:
    judged = {check.command: check for check in (task.judged.checks if task.judged is not None else ())}
    return tuple(
        CheckDocument(
            command=command,
            exit_code=judged[command].exit_code if command in judged else code,
            own=judged[command].own if command in judged else None,
            base_exit_code=judged[command].base_exit_code if command in judged else None,
        )
        for command, code in {**task.checks, **dict.fromkeys(judged, 0)}.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDocument:
    """A request to a person, as `waiting` and the inbox list it."""

    id: str
    kind: str
    task: str
    question: str
    options: tuple[str, ...]
    binds_to: str
    urgency: str

    @classmethod
    def of(cls, request: ApprovalState) -> RequestDocument:
        return cls(
            id=request.id,
            kind=request.kind,
            task=request.task,
            question=request.question,
            options=request.options,
            binds_to=request.binds_to,
            urgency=request.urgency,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    schema: str = "devassist.run/1"
    run: str
    status: RunStatus
    exit_code: int | None
    """None while the run goes on: a document that a crash leaves behind never reads as success."""
    goal: str
    base: str
    result_branch: str
    result_commit: str | None
    tasks: tuple[TaskDocument, ...]
    conflicts: tuple[str, ...]
    waiting: tuple[RequestDocument, ...]
    usage: Usage
    wall_s: float
    report: str
    error: str | None
    hint: str | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, state: RunState) -> RunDocument:
        used = state.usage
        return cls(
            run=state.run,
            status=state.status,
            exit_code=None if state.status is RunStatus.RUNNING else state.exit_code,
            goal=state.goal,
            base=state.base,
            result_branch=result_branch(state.run),
            result_commit=state.result_commit,
            tasks=tuple(TaskDocument.of(task) for task in state.work()),
            conflicts=tuple(state.conflicts),
            waiting=tuple(RequestDocument.of(request) for request in state.waiting),
            usage=replace(used, usd=round(used.usd, 6)),
            wall_s=round(state.wall_s, 3),
            report=state.report,
            error=state.error or None,
            hint=state.hint or None,
            warnings=tuple(state.warnings),
        )


def builtins(document: object) -> Json:
    """A document as JSON-shaped builtins."""
    shaped: Json = msgspec.to_builtins(document)
    return shaped


def indented(document: object) -> str:
    """A document as JSON text, two spaces a level, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
