"""A plan as `devassist run --plan-only` prints it, with what it is likely to cost and where its tasks may meet."""

from __future__ import annotations

from devassist.app.documents import builtins, plan_document
from devassist.app.runs.plan_estimate import NO_ESTIMATE, PlanForecast, forecast
from devassist.app.wiring.project import Project
from devassist.cli.invocation import Invocation, StreamFormat, print_json, print_line
from devassist.domain.state.run import RunState


def print_plan(invocation: Invocation, project: Project, state: RunState, output: StreamFormat) -> None:
    assert state.plan is not None  # noqa: S101  exit code 0 of --plan-only means there is one
    expected = forecast(project, state.plan, state.base)
    if output is not StreamFormat.text:
        document = {**plan_document(state.plan), **builtins(expected)}
        (print_json if output is StreamFormat.json else print_line)(document)
        return
    for task in state.plan.tasks:
        after = f"  after {', '.join(task.depends_on)}" if task.depends_on else ""
        scope = ", ".join(task.scope) or "the whole repository"
        invocation.answers.print(f"{task.id}  {task.role}  {task.title}{after}", markup=False)
        invocation.answers.print(f"    scope: {scope}", markup=False)
        for check in task.checks:
            invocation.answers.print(f"    check: {check}", markup=False)
    _print_forecast(invocation, expected)
    for warning in state.warnings:
        invocation.say(f"note: {warning}", style="yellow")


def _print_forecast(invocation: Invocation, expected: PlanForecast) -> None:
    for meeting in expected.predicted:
        fact = f"{', '.join(meeting.tasks)}: {meeting.reason}"
        invocation.answers.print(fact, style="yellow", markup=False)
        if meeting.paths:
            invocation.answers.print(f"    in: {', '.join(meeting.paths)}", markup=False)
    invocation.answers.print(expected.estimate.in_words() if expected.estimate else NO_ESTIMATE, markup=False)
