"""The report of a run in Markdown: what a reviewer wants to know before merging. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.domain.ids import result_branch
from devassist.domain.run import RunState
from devassist.domain.tasks import TaskState, TaskStatus

_SAYS = {
    TaskStatus.MERGED: "merged",
    TaskStatus.DELIVERED: "delivered, not merged",
    TaskStatus.FAILED: "failed",
    TaskStatus.WAITING: "waits for a person",
    TaskStatus.STOPPED: "stopped",
    TaskStatus.PENDING: "not started",
    TaskStatus.RUNNING: "cut off",
}


def markdown(state: RunState) -> str:
    """Goal, what landed, evidence per task, conflicts, what waits, costs, and how to go on or undo."""
    tasks = state.work()
    merged = [task for task in tasks if task.status is TaskStatus.MERGED]
    parts = [
        f"# Run {state.run}: {state.status}",
        f"**Goal.** {state.goal or '(the plan was given)'}",
        f"{len(merged)} of {len(tasks)} tasks landed on `{result_branch(state.run)}`"
        + (f" at `{state.result_commit[:12]}`" if state.result_commit else "")
        + f". Base `{state.base[:12]}`.",
    ]
    if state.error:
        parts.append(f"**Why it ended.** {state.error}")
    parts += ["## Tasks", *(_task(task) for task in tasks)]
    if state.conflicts:
        lines = [
            f"- `{one['path']}` ({one['kind']}, {one.get('status', 'open')}): {one['explanation']}"
            for one in state.conflicts.values()
        ]
        parts += ["## Conflicts", "\n".join(lines)]
    if state.waiting:
        parts += [
            "## Waits for a person",
            "\n".join(f"- {one['question']}" for one in state.waiting.values()),
        ]
    if state.rescued:
        lines = [f"- {agent}: `{ref}`" for agent, ref in state.rescued.items()]
        parts += ["## Uncommitted work that was kept", "\n".join(lines)]
    if state.warnings:
        parts += ["## Noted", "\n".join(f"- {one}" for one in state.warnings)]
    parts += ["## Cost", _cost(state), "## Next", _next(state)]
    return "\n\n".join(parts) + "\n"


def _task(task: TaskState) -> str:
    claims = task.claims()
    lines = [f"### {task.id}: {task.title}", f"{_SAYS[task.status]}; {task.role}; rounds: {task.rounds}"]
    if task.confidence is not None:
        lines[-1] += f"; confidence {task.confidence:g}"
    if task.error:
        lines.append(f"> {task.error.splitlines()[0]}")
    lines.append(
        f"Claims: {claims['verified']} verified, {claims['contradicted']} contradicted, {claims['uncited']} uncited."
    )
    lines += [f"- check `{command}`: exit code {code}" for command, code in task.checks.items()]
    lines += [f"- {agent.role}: `{agent.branch}` at `{agent.commit[:12]}`" for agent in task.agents.values()]
    return "\n".join(_paragraphs(lines))


def _paragraphs(lines: Sequence[str]) -> Sequence[str]:
    out: list[str] = []
    for line in lines:
        if out and not (line.startswith("- ") and out[-1].startswith("- ")):
            out.append("")
        out.append(line)
    return out


def _cost(state: RunState) -> str:
    usage = f"{state.model_calls} model calls, {state.input_tokens} tokens in, {state.output_tokens} out"
    unknown = f"; the price of {state.unpriced} calls is unknown and counted as 0" if state.unpriced else ""
    return f"{usage}, {state.usd:.4f} USD{unknown}. Wall time {state.wall_s:.1f} s."


def _next(state: RunState) -> str:
    if state.result_commit is None:
        return f"Nothing landed. `devassist logs {state.run}` shows what happened; all branches are kept."
    return "\n".join(
        [
            f"- look: `devassist diff {state.run}`",
            f"- take it over: `devassist merge {state.run}` (or `devassist apply {state.run}` for your own commit)",
            f"- leave it: `devassist discard {state.run}`",
        ]
    )
