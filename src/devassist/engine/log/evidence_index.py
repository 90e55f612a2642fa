"""The run's tool calls, and the checks among them, as evidence that claims cite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from devassist.domain.claims.cases import CaseCounts
from devassist.domain.claims.checking import Evidence
from devassist.domain.claims.runs import CommandRun
from devassist.domain.events import CommandRan, Record, ToolCalled
from devassist.domain.statuses import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """Lines of a file that an agent was shown, counted from 1, both included."""

    agent: str
    round: int
    path: str
    first: int
    last: int


@dataclass
class EvidenceIndex:
    """Filled record by record, in order. A call's commands are recorded before the call itself."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    _calls: dict[str, list[Evidence]] = field(default_factory=dict)
    _reads: dict[str, list[FileRead]] = field(default_factory=dict)
    _runs: dict[str, dict[str, tuple[str, CommandRun]]] = field(default_factory=dict)
    """Tool call -> command -> the id and the last run of it, while the call has no result."""

    def reads(self, task: str) -> Sequence[FileRead]:
        """What the agents of one task have read of files, in order."""
        return list(self._reads.get(task, ()))

    def calls(self, task: str) -> Sequence[Evidence]:
        """The tool calls of one task, in order."""
        return list(self._calls.get(task, ()))

    def take(self, record: Record) -> None:
        """Take in a record of the run."""
        match record.body:
            case CommandRan() as ran if record.event.agent and record.event.parent:
                runs = self._runs.setdefault(record.event.parent, {})
                runs[ran.command] = (record.id, _run(ran))
            case ToolCalled() as call:
                self._take_call(record, call)
            case _:
                return

    def _take_call(self, record: Record, call: ToolCalled) -> None:
        runs = self._runs.pop(record.id, {})
        evidence = Evidence(
            id=record.id,
            task=record.event.task,
            number=record.seq,
            tool=call.name,
            ok=call.ok,
            reads=call.read,
            wrote=call.wrote,
            summary=call.summary,
            runs=tuple(run for _, run in runs.values()),
        )
        self.evidence[record.id] = evidence
        if call.ok and call.lines is not None and call.read:
            first, last = call.lines
            read = FileRead(
                agent=record.event.agent, round=call.round, path=call.read[0], first=first, last=last
            )
            self._reads.setdefault(record.event.task, []).append(read)
        self._calls.setdefault(record.event.task, []).append(evidence)
        for id_, run in runs.values():
            if run.check:
                self.evidence[id_] = replace(
                    evidence, id=id_, ok=run.succeeded, summary=_summary(run), wrote=(), runs=(run,)
                )


def _run(ran: CommandRan) -> CommandRun:
    return CommandRun(
        command=ran.command,
        exit_code=ran.exit_code,
        check=ran.purpose is Purpose.CHECK,
        timed_out=ran.timed_out,
        cases=ran.cases or CaseCounts(),
    )


def _summary(run: CommandRun) -> str:
    ended = "timed out" if run.timed_out else f"exit code {run.exit_code}"
    return f"`{run.command}`: {ended}" + (f", {run.cases.text}" if run.cases.text else "")
