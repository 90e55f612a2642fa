"""The checks of a run as JUnit XML: a suite per task, a case per check, an error where a task did not land. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from devassist.domain.markup import line
from devassist.domain.state.tasks import TaskState
from devassist.domain.statuses import RunStatus, TaskStatus
from devassist.reports.facts import SAYS, seconds_between
from devassist.reports.parts import CheckRan, Evidence
from devassist.reports.story import Story

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DONE = frozenset({TaskStatus.MERGED})


def junit(story: Story) -> str:
    """The document. Whatever a command printed, it is well-formed XML 1.0."""
    root = ET.Element("testsuites", {"name": f"devassist {story.state.run}"})
    root.append(_whole(story))
    for task in story.state.work():
        root.append(_suite(task, story))
    _counted(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _whole(story: Story) -> ET.Element:
    """The run itself: a run that never got to its tasks must not read as one where nothing failed."""
    state = story.state
    suite = ET.Element("testsuite", {"name": "run"})
    case = ET.SubElement(
        suite, "testcase", {"classname": "run", "name": "ends as asked", "time": f"{state.wall_s:.3f}"}
    )
    if state.status not in (RunStatus.SUCCEEDED, RunStatus.RUNNING):
        said = _clean(f"{state.status}, exit code {state.exit_code}. {state.error}".strip())
        ET.SubElement(case, "error", {"message": line(said)[:300], "type": str(state.status)}).text = said
    _counted(suite)
    return suite


def _suite(task: TaskState, story: Story) -> ET.Element:
    suite = ET.Element("testsuite", {"name": _clean(f"{task.id}: {line(task.title)}")})
    if task.started_at:
        suite.set("timestamp", task.started_at.partition(".")[0])
    evidence = story.tasks.get(task.id, Evidence())
    for command, code in task.checks.items():
        ran = evidence.checks.get(command) or CheckRan(command=command, exit_code=code, seconds=0.0, tail="")
        suite.append(_check(task, ran, known=command in story.fails_on_base))
    suite.append(_landing(task, story))
    _counted(suite)
    return suite


def _case(task: TaskState, name: str, seconds: float) -> ET.Element:
    attributes = {"classname": _clean(task.id), "name": _clean(line(name)), "time": f"{seconds:.3f}"}
    return ET.Element("testcase", attributes)


def _check(task: TaskState, ran: CheckRan, *, known: bool) -> ET.Element:
    case = _case(task, ran.command, ran.seconds)
    if ran.exit_code == 0:
        return case
    said = "timed out" if ran.timed_out else f"exit code {ran.exit_code}"
    if known:  # the task is not to blame for it, and the run did not fail by it
        ET.SubElement(case, "skipped", {"message": f"{said}, on the base as well"})
    else:
        failure = ET.SubElement(case, "failure", {"message": said, "type": "check"})
        failure.text = _clean(ran.tail)
    return case


def _landing(task: TaskState, story: Story) -> ET.Element:
    case = _case(task, "lands on the result branch", seconds_between(task.started_at, task.finished_at))
    delivered = task.status is TaskStatus.DELIVERED and not task.error
    going_on = story.state.status is RunStatus.RUNNING
    if task.status in _DONE or (delivered and not going_on):
        return case
    if going_on or story.state.status is RunStatus.SUCCEEDED:  # at work, or a plan that was only asked for
        ET.SubElement(case, "skipped", {"message": SAYS[task.status]})
        return case
    said = _clean(task.error or SAYS[task.status])
    error = ET.SubElement(case, "error", {"message": line(said)[:300], "type": str(task.status)})
    error.text = said
    return case


def _counted(element: ET.Element) -> None:
    """Set the totals that readers of JUnit expect."""
    cases = list(element.iter("testcase"))
    counts: dict[str, Any] = {
        "tests": len(cases),
        "failures": sum(one.find("failure") is not None for one in cases),
        "errors": sum(one.find("error") is not None for one in cases),
        "skipped": sum(one.find("skipped") is not None for one in cases),
        "time": f"{sum(float(one.get('time', '0')) for one in cases):.3f}",
    }
    for name, value in counts.items():
        element.set(name, str(value))


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
