"""The checks of a run as JUnit XML: a suite per task, a case per check, an error if a task did not land. Pure."""

from __future__ import annotations

import re
from io import BytesIO

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from devassist.domain.findings import case_lines, check_line, verification_line
from devassist.domain.markup import line
from devassist.domain.state.run import RunState
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.domain.verdicts import JudgedCheck, Verification
from devassist.reports.facts import SAYS, seconds_between
from devassist.reports.parts import CheckRan, Evidence
from devassist.reports.story import Story

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(story: Story) -> str:
    """The document. Whatever a command printed, it is well-formed XML 1.0."""
    document = JUnitXml(f"devassist {story.state.run}")
    document.append(_run_suite(story.state))
    for task in story.state.work():
        document.append(_task_suite(task, story))
    document.update_statistics()
    text = BytesIO()
    document.write(text, pretty=True)
    return text.getvalue().decode()


def _run_suite(state: RunState) -> TestSuite:
    """The run itself: a run that never got to its tasks must not read as one in which nothing failed."""
    case = TestCase("ends as asked", "run", round(state.wall_s, 3))
    if state.status not in (RunStatus.SUCCEEDED, RunStatus.RUNNING):
        reason = f"{state.status}, exit code {state.exit_code}. {state.error}".strip()
        case.append(_error(reason, str(state.status)))
    suite = TestSuite("run")
    suite.append(case)
    return suite


def _task_suite(task: TaskState, story: Story) -> TestSuite:
    suite = TestSuite(_clean(f"{task.id}: {line(task.title)}"))
    if task.started_at:
        suite.timestamp = task.started_at.partition(".")[0]
    evidence = story.tasks.get(task.id, Evidence())
    judged = {check.command: check for check in (task.judged.checks if task.judged is not None else ())}
    for verdict in judged.values():
        suite.append(_judged(task, verdict, evidence.checks.get(verdict.command)))
    for command, code in task.checks.items():
        if command in judged:
            continue
        check = evidence.checks.get(command) or CheckRan(
            command=command, exit_code=code, seconds=0.0, tail=""
        )
        suite.append(_check(task, check, fails_on_base=command in story.fails_on_base))
    if task.judged is not None and task.judged.verification is Verification.NONE:
        unverified = _case(task, "is verified", 0.0)
        unverified.append(Skipped(verification_line(Verification.NONE)))
        suite.append(unverified)
    suite.append(_landing(task, story.state.status))
    return suite


def _case(task: TaskState, name: str, seconds: float) -> TestCase:
    return TestCase(_clean(line(name)), _clean(task.id), round(seconds, 3))


def _judged(task: TaskState, check: JudgedCheck, ran: CheckRan | None) -> TestCase:
    """A check by its verdict: a red base is no failure of the task, and nothing that was looked at is skipped."""
    case = _case(task, check.command, ran.seconds if ran is not None else 0.0)
    doubts = (
        () if task.status is TaskStatus.MERGED else check.doubts
    )  # a person or the policy decided otherwise
    if check.problem or doubts:
        reason = check.problem or "; ".join(doubts)
        failure = Failure(
            _clean(line(reason if check.exit_code == 0 else f"exit code {check.exit_code}"))[:300], "check"
        )
        failure.text = _clean(f"{reason}\n{ran.tail if ran is not None else ''}")
        case.append(failure)
    case.system_out = _clean("\n".join([check_line(check), *case_lines(check)]))
    return case


def _check(task: TaskState, check: CheckRan, *, fails_on_base: bool) -> TestCase:
    case = _case(task, check.command, check.seconds)
    if check.exit_code == 0:
        return case
    reason = "timed out" if check.timed_out else f"exit code {check.exit_code}"
    if fails_on_base:  # the task is not to blame for it, and the run did not fail by it
        case.append(Skipped(f"{reason}, on the base as well"))
    else:
        failure = Failure(reason, "check")
        failure.text = _clean(check.tail)
        case.append(failure)
    return case


def _landing(task: TaskState, run: RunStatus) -> TestCase:
    case = _case(task, "lands on the result branch", seconds_between(task.started_at, task.finished_at))
    delivered = task.status is TaskStatus.DELIVERED and not task.error
    if task.status is TaskStatus.MERGED or (delivered and run is not RunStatus.RUNNING):
        return case
    if run in (RunStatus.RUNNING, RunStatus.SUCCEEDED):  # at work, or a plan that was only asked for
        case.append(Skipped(SAYS[task.status]))
    else:
        case.append(_error(task.error or SAYS[task.status], str(task.status)))
    return case


def _error(reason: str, kind: str) -> Error:
    error = Error(_clean(line(reason))[:300], kind)
    error.text = _clean(reason)
    return error


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
