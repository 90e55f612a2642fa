"""The report of a run in Markdown: what a reviewer wants to know before merging. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from devassist.domain.events import ClaimChecked
from devassist.domain.ids import PLANNING, result_branch
from devassist.domain.markup import block, code, prose, quoted
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import RunStatus
from devassist.reports.facts import (
    SAYS,
    clock,
    endings_of,
    next_steps,
    outcome,
    seconds_between,
    taken_over,
    undo,
)
from devassist.reports.parts import AgentCommit, Cost, Evidence
from devassist.reports.story import Story

_MOST = 200
_MOST_PATHS = 12
"""Rows of a table; a run that made more decisions says so."""


def markdown(story: Story) -> str:
    """Goal, plan, what landed, evidence per task, conflicts, what waits, decisions, costs, how to undo and go on."""
    sections = (
        _head,
        _waits,
        _plan,
        _landed,
        _tasks,
        _conflicts,
        _decisions,
        _kept,
        _noted,
        _costs,
        _afterwards,
        _next,
    )
    return "\n\n".join(part for section in sections for part in section(story)) + "\n"


def _head(story: Story) -> Iterator[str]:
    state = story.state
    yield f"# Run {state.run}: {state.status}"
    yield quoted(state.goal or "(the plan was given without a goal)")
    yield outcome(state, code=code)
    if state.error:
        yield f"**Why it ended.** {prose(state.error)}"
    if state.hint:
        yield f"**Hint.** {prose(state.hint)}"


def _plan(story: Story) -> Iterator[str]:
    if not story.state.plan:
        return
    yield "## Plan"
    rows = []
    for planned in story.state.plan.tasks:
        task = story.state.tasks[planned.id]
        rows.append(
            [
                code(planned.id),
                prose(planned.title),
                str(planned.role),
                ", ".join(code(name) for name in planned.depends_on) or "–",  # noqa: RUF001
                ", ".join(code(pattern) for pattern in planned.scope) or "the whole repository",
                SAYS[task.status],
            ]
        )
    yield _table(["task", "title", "role", "after", "scope", "status"], rows)


def _landed(story: Story) -> Iterator[str]:
    if not story.merges:
        return
    yield f"## What landed on {code(result_branch(story.state.run))}"
    yield "\n".join(
        f"- {code(name)} as merge {code(merge.commit[:12])}, approved by {prose(merge.approver)}"
        for name, merge in story.merges.items()
    )


def _tasks(story: Story) -> Iterator[str]:
    if story.state.work():
        yield "## Evidence"
    for task in story.state.work():
        yield from _task(task, story.tasks.get(task.id, Evidence()), story)


def _task(task: TaskState, evidence: Evidence, story: Story) -> Iterator[str]:
    yield f"### {code(task.id)}: {prose(task.title)}"
    said = f"{SAYS[task.status]}; {task.role}; rounds: {task.rounds}"
    yield said if task.confidence is None else f"{said}; confidence {task.confidence:g}"
    if task.error:
        first, _, rest = task.error.strip().partition("\n")
        yield f"> {prose(first)}"
        if rest:
            yield block(rest)
    yield from _bullets(
        f"**{agent.partition('/')[2]}**: {prose(text)}" for agent, text in evidence.summaries.items()
    )
    claims = task.claims()
    yield f"Claims: {', '.join(f'{count} {verdict}' for verdict, count in claims.items())}."
    yield from _bullets(_claim(one) for found in evidence.claims.values() for one in found)
    yield from _bullets(_check(command, number, story) for command, number in task.checks.items())
    yield from _bullets(_commit(one) for one in evidence.commits)
    for command, number in task.checks.items():
        ran = evidence.checks.get(command)
        if number != 0 and ran is not None and ran.tail.strip():
            yield f"Output of {code(command)}, its end:"
            yield block(ran.tail[-1200:])


def _claim(claim: ClaimChecked) -> str:
    cited = code(claim.evidence) if claim.evidence else "no evidence"
    why = f": {prose(claim.reason)}" if claim.reason else ""
    return f"{claim.verdict}: {prose(claim.statement)} ({cited}{why})"


def _check(command: str, number: int, story: Story) -> str:
    known = " (fails on the base as well)" if number and command in story.fails_on_base else ""
    return f"check {code(command)}: exit code {number}{known}"


def _commit(commit: AgentCommit) -> str:
    created = commit.created
    paths = ", ".join(code(path) for path in created.paths[:_MOST_PATHS])
    left = len(created.paths) - _MOST_PATHS
    more = f" and {left} more" if left > 0 else ""
    role = commit.agent.partition("/")[2]
    return f"commit {code(created.commit[:12])} by {role}, round {created.round or 1}: {paths}{more}"


def _conflicts(story: Story) -> Iterator[str]:
    if not story.state.conflicts:
        return
    yield "## Conflicts"
    for id_, conflict in story.state.conflicts.items():
        ended = endings_of(story).get(id_, "open")
        what = f"{conflict.severity}, {prose(conflict.kind)} in {code(conflict.path)}"
        lines = [f"- {code(id_)} {what}: {prose(conflict.explanation)}. **{prose(ended)}**"]
        lines += [f"  - {code(branch)}" for branch in conflict.branches]
        if conflict.suggestion:
            lines.append(f"  - to do: {prose(conflict.suggestion)}")
        yield "\n".join(lines)


def _waits(story: Story) -> Iterator[str]:
    if not story.state.waiting:
        return
    yield "## Waits for a person"
    yield "\n".join(
        f"- {code(request.id)} ({prose(request.kind)}, task {code(request.task)}): {prose(request.question)}"
        for request in story.state.waiting
    )


def _decisions(story: Story) -> Iterator[str]:
    if not story.decisions:
        return
    yield "## Decisions"
    rows = [
        [
            clock(decision.at),
            prose(decision.made.who),
            prose(decision.made.question),
            f"**{prose(decision.made.choice)}**",
            prose(decision.made.reason),
            "" if decision.made.confidence is None else f"{decision.made.confidence:.2f}",
        ]
        for decision in story.decisions[:_MOST]
    ]
    yield _table(["at", "who", "question", "choice", "reason", "confidence"], rows)
    if len(story.decisions) > _MOST:
        left = len(story.decisions) - _MOST
        yield f"{left} more: `devassist audit list --run {story.state.run} --type decision`"


def _kept(story: Story) -> Iterator[str]:
    if story.state.rescued:
        yield "## Uncommitted work that was kept"
        yield "\n".join(f"- {code(agent)}: {code(ref)}" for agent, ref in story.state.rescued.items())


def _noted(story: Story) -> Iterator[str]:
    if story.state.warnings:
        yield "## Noted"
        yield "\n".join(f"- {prose(one)}" for one in story.state.warnings[:_MOST])


def _costs(story: Story) -> Iterator[str]:
    state = story.state
    yield "## Cost"
    if story.costs:
        for place, name in enumerate(("task", "role", "model")):
            rows = [_cost_row(key, cost) for key, cost in story.totals(place).items()]
            yield _table([name, "calls", "tokens in", "tokens out", "USD"], rows, numbers=4)
    used = state.usage
    usage = f"{used.model_calls} model calls, {used.input_tokens} tokens in, {used.output_tokens} out"
    unpriced = used.unpriced_calls
    unknown = f"; the price of {unpriced} calls is unknown and counted as 0" if unpriced else ""
    seconds = state.wall_s or seconds_between(story.first_at, story.last_at)
    yield f"In all {usage}, {used.usd:.4f} USD{unknown}. Wall time {seconds:.1f} s."


def _cost_row(key: str, cost: Cost) -> list[str]:
    name = "planning" if key == PLANNING else key
    usd = f"{cost.usd:.4f}" + (f" + {cost.unpriced} unpriced" if cost.unpriced else "")
    return [code(name), str(cost.calls), str(cost.input_tokens), str(cost.output_tokens), usd]


def _afterwards(story: Story) -> Iterator[str]:
    if story.taken:
        yield "## Afterwards"
        yield "\n".join(f"- {prose(one)}" for one in taken_over(story))


def _next(story: Story) -> Iterator[str]:
    state = story.state
    if state.status is not RunStatus.RUNNING:
        yield "## Undo"
        yield "\n".join(f"- {what}: `{command}`" for what, command in undo(story))
    yield "## Next"
    yield "\n".join(f"- {what}: `{command}`" for what, command in next_steps(state))


def _bullets(lines: Iterable[str]) -> Iterator[str]:
    found = "\n".join(f"- {one}" for one in lines)
    if found:
        yield found


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> str:
    """A table whose last `numbers` columns are numbers."""
    plain = len(heads) - numbers
    marks = [*["---"] * plain, *["---:"] * numbers]
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(marks)} |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
