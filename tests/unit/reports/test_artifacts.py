"""The files of a run: whole at any moment, true at any moment, and readable whatever was printed."""

from __future__ import annotations

import json
import os
import threading
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from devassist.app.wiring.host import Host, utc_now
from devassist.cli.artifacts import artifacts_directory
from devassist.domain.errors import UsageError
from devassist.domain.events import EventType, Record
from devassist.reports.files import Artifacts, RunFile
from devassist.reports.junit import junit
from devassist.reports.latest import LatestFile, write_whole
from devassist.reports.story import Story
from devassist.store.audit_log import AuditLog
from support.facts import event as event_of
from support.tale import HOSTILE, RUN, Tale, whole_tale


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """The artifacts of the whole tale."""
    sink = Artifacts(tmp_path / "out")
    for record in whole_tale():
        sink.write(record)
    return tmp_path / "out"


def test_run_json_is_there_from_the_first_record_and_never_reads_as_success_before_the_end(
    tmp_path: Path,
) -> None:
    sink = RunFile(runs=tmp_path / "runs", reports=tmp_path / "reports")
    seen: list[tuple[str, object]] = []
    for record in whole_tale():
        sink.write(record)
        sink.settle()
        found = json.loads((tmp_path / "runs" / RUN / "run.json").read_text())
        assert found["schema"] == "devassist.run/1"
        seen.append((found["status"], found["exit_code"]))
    assert seen[0] == ("running", None)
    assert set(seen[:-5]) == {("running", None)}
    assert seen[-1] == ("waiting", 3)
    assert (tmp_path / "reports" / f"{RUN}.md").read_text().startswith(f"# Run {RUN}: waiting")


def test_run_json_follows_every_change_of_a_tasks_status(tmp_path: Path) -> None:
    sink = Artifacts(tmp_path)
    state = Story()
    for record in whole_tale():
        sink.write(record)
        sink.settle()
        state.apply(record)
        told = {one["id"]: one["status"] for one in json.loads((tmp_path / "run.json").read_text())["tasks"]}
        assert told == {one.id: str(one.status) for one in state.state.work()}


def test_a_write_that_is_cut_short_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(tmp_path / "run.json", "old")

    def cut(_old: object, _new: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "run.json", "new")
    assert (tmp_path / "run.json").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]


def test_nobody_waits_for_the_disk_and_the_newest_text_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, written = threading.Event(), []

    def patient(path: Path, text: str) -> None:
        assert slow.wait(60)
        written.append(text)
        write_whole(path, text)

    monkeypatch.setattr("devassist.reports.latest.write_whole", patient)
    file = LatestFile(tmp_path / "run.json")
    for number in range(100):
        file.put(str(number))
    slow.set()
    file.settle()
    assert (tmp_path / "run.json").read_text() == "99"
    assert len(written) <= 2


def test_a_disk_that_refused_is_said_at_the_next_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = LatestFile(tmp_path / "file" / "run.json")
    file.put("one")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        file.settle()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        file.put("two")


def test_all_files_of_a_job_are_there_at_the_end(ended: Path) -> None:
    names = {one.name for one in ended.iterdir()}
    assert names == {"run.json", "events.ndjson", "junit.xml", "report.md", "report.html", "conflicts.sarif"}
    events = [json.loads(one) for one in (ended / "events.ndjson").read_text("utf-8").splitlines()]
    assert [one["seq"] for one in events] == [one.seq for one in whole_tale()]
    assert json.loads((ended / "conflicts.sarif").read_text())["version"] == "2.1.0"


def test_what_an_earlier_run_left_is_gone_before_this_one_says_anything(tmp_path: Path) -> None:
    for name in ("run.json", "junit.xml", "conflicts.sarif", "events.ndjson", "report.html", "kept.txt"):
        (tmp_path / name).write_text("old")
    Artifacts(tmp_path).write(whole_tale()[0])
    assert {one.name for one in tmp_path.iterdir()} == {"run.json", "events.ndjson", "kept.txt"}
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "running"
    assert len((tmp_path / "events.ndjson").read_text().splitlines()) == 1


def test_a_process_that_goes_on_with_a_run_goes_on_with_its_files(tmp_path: Path) -> None:
    records = whole_tale()
    Artifacts(tmp_path).write(records[0])
    later = Artifacts(tmp_path)
    later.catch_up(records[:20])
    later.write(records[20])
    later.settle()
    assert len((tmp_path / "events.ndjson").read_text().splitlines()) == 2
    assert json.loads((tmp_path / "run.json").read_text())["goal"].startswith("Make it better")


def test_an_answer_that_another_process_recorded_is_taken_in_once(tmp_path: Path) -> None:
    records = whole_tale()
    asked = next(one for one in records if one.type is EventType.APPROVAL_REQUESTED)
    decided = event_of(
        EventType.APPROVAL_DECIDED, run=RUN, task="asks", data={"approval": "q-1", "choice": "approve"}
    )
    answer = Record(seq=asked.seq + 1, at=asked.at, event=decided)
    later = [replace(one, seq=one.seq + 1) for one in records if one.seq > asked.seq]
    sink = Artifacts(tmp_path, heard=lambda run, seq: [answer] if run == RUN and seq < answer.seq else [])
    for record in [one for one in records if one.seq <= asked.seq] + later:
        sink.write(record)
    sink.settle()
    assert json.loads((tmp_path / "run.json").read_text())["waiting"] == []
    seqs = [json.loads(one)["seq"] for one in (tmp_path / "events.ndjson").read_text("utf-8").splitlines()]
    assert seqs.count(answer.seq) == 1
    assert len(seqs) == len(records) + 1


def test_junit_has_a_suite_per_task_and_a_case_per_check(ended: Path) -> None:
    root = ET.fromstring((ended / "junit.xml").read_bytes())
    suites = {str(one.get("name")).partition(":")[0]: one for one in root}
    assert list(suites) == ["run", "good", "bad", "clash", "asks"]
    good = {one.get("name"): one for one in suites["good"]}
    assert list(good) == ["pytest", "rotten", "lands on the result branch"]
    assert list(good["pytest"]) == []
    assert good["pytest"].get("time") == "1.5"
    (skipped,) = good["rotten"]
    assert (skipped.tag, skipped.get("message")) == ("skipped", "exit code 1, on the base as well")


def test_junit_counts_failed_checks_as_failures_and_what_did_not_land_as_errors(ended: Path) -> None:
    root = ET.fromstring((ended / "junit.xml").read_bytes())
    (failure,) = root.iter("failure")
    assert failure.get("message") == "exit code 3"
    assert "1 failed" in (failure.text or "")
    errors = [one.get("type") for one in root.iter("error")]
    assert errors == ["waiting", "failed", "delivered", "waiting"]
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("1", "4", "1")
    assert root.get("tests") == str(len(list(root.iter("testcase"))))


def test_a_run_that_never_got_to_its_tasks_is_an_error_in_junit() -> None:
    tale = Tale()
    tale.tell(EventType.RUN_STARTED, goal="g", base="b" * 40)
    tale.tell(EventType.RUN_FINISHED, status="failed", exit_code=5, error="no model answers")
    root = ET.fromstring(junit(Story.of(tale.records)).encode())
    (error,) = root.iter("error")
    assert error.get("message") == "failed, exit code 5. no model answers"


@pytest.mark.parametrize(
    "printed", [HOSTILE, "\x00\x01\x08\x0b\x1f\x7f\x85", "\ufffe\uffff\ud800\udfff", "]]>", "\r\n"]
)
def test_whatever_a_command_prints_the_xml_is_well_formed(printed: str) -> None:
    tale = Tale()
    tale.tell(EventType.RUN_STARTED, goal=printed, base="b" * 40)
    plan = {"goal": "g", "tasks": [{"id": "t", "title": printed, "role": "coder"}]}
    tale.tell(EventType.PLAN_SUBMITTED, plan=plan)
    tale.check("t", f"echo {printed}", 1, printed * 3)
    tale.end("t", "failed", printed)
    tale.tell(EventType.RUN_FINISHED, status="failed", exit_code=1, error=printed)
    root = ET.fromstring(junit(Story.of(tale.records)).encode("utf-8"))
    assert len(list(root.iter("failure"))) == 1


def test_a_plan_that_was_only_asked_for_has_nothing_red() -> None:
    records: list[Record] = [one for one in whole_tale() if one.type in ("run.started", "plan.submitted")]
    tale = Tale()
    tale.records = records
    tale.tell(EventType.RUN_FINISHED, status="succeeded", exit_code=0)
    root = ET.fromstring(junit(Story.of(tale.records)).encode())
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("0", "0", "4")


def test_the_directory_is_named_by_option_or_environment_and_must_be_one(tmp_path: Path) -> None:
    host = Host(environment={"DEVASSIST_ARTIFACTS": "from-env"}, directory=tmp_path)
    assert artifacts_directory(host, None) == tmp_path / "from-env"
    assert artifacts_directory(host, Path("given")) == tmp_path / "given"
    assert artifacts_directory(Host(environment={}, directory=tmp_path), None) is None
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="not a directory"):
        artifacts_directory(host, Path("file"))


def test_files_that_cannot_be_written_are_a_warning_and_the_log_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sinks = [
        Artifacts(tmp_path / "file" / "below"),
        RunFile(runs=tmp_path / "runs", reports=tmp_path / "reports"),
    ]
    heads = tmp_path / "heads.log"
    with AuditLog.open(
        tmp_path / "audit.db", heads_file=heads, now=utc_now, root_commit="", sinks=sinks
    ) as log:
        for record in whole_tale():
            log.record(replace(record.event, id=""))
    found = json.loads((tmp_path / "runs" / RUN / "run.json").read_text())
    assert found["status"] == "waiting"
    assert any(
        one.startswith("Artifacts no longer gets events: NotADirectoryError") for one in found["warnings"]
    )
