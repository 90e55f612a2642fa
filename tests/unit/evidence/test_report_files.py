"""The results directory is written by whatever the command runs: only what is plainly ours is read, and not for ever."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path, PurePosixPath

from devassist.domain.ledger import CaseStatus
from devassist.evidence import python_events
from devassist.evidence.observation import observe
from devassist.evidence.report_files import reports
from devassist.ports import CommandResult

SESSION = b'{"event":"session","runner":"pytest","root":""}\n'
DONE = b'{"event":"done"}\n'
OK = CommandResult(exit_code=0, output="", seconds=0.0)


def case(name: str, status: str = "passed") -> bytes:
    return json.dumps({"event": "case", "id": name, "status": status}).encode() + b"\n"


def test_links_fifos_directories_and_foreign_names_are_not_read(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "python-1.jsonl").write_bytes(b"ours")
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (results / "python-2.jsonl").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(results / "python-3.jsonl")
    (results / "python-4.jsonl").mkdir()
    (results / "other.jsonl").write_bytes(b"not ours")
    assert list(reports(results, prefix="python-", suffix=".jsonl")) == [b"ours"]


def test_a_results_directory_that_is_gone_or_a_link_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "python-1.jsonl").write_bytes(b"not ours")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert not list(reports(tmp_path / "link", suffix=".jsonl"))
    assert not list(reports(tmp_path / "gone", suffix=".jsonl"))


def test_a_file_of_gigabytes_is_read_up_to_a_limit(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as stream:
        stream.truncate(8 << 30)  # sparse
    (content,) = reports(tmp_path, suffix=".jsonl")
    assert len(content) <= 256 << 20


def test_a_line_that_a_kill_cut_off_is_ignored_and_the_session_has_no_end() -> None:
    report = SESSION + case("a") + b'\xff\n{"event":"unheard"}\n[]\n' + case("b")[:-10]
    told = python_events.testimony(report, tree=PurePosixPath("/tree"), started=0)
    assert told.cases == {"a": CaseStatus.PASSED}
    assert not told.complete


def test_a_suite_of_fifty_thousand_cases_is_read_in_a_moment(tmp_path: Path) -> None:
    seen = observe("pytest", read=lambda _: None, environment={}, results=tmp_path / "results")
    lines = [case(f"tests/test_a.py::test_a[{number}]") for number in range(50_000)]
    (seen.results / "python-1.jsonl").write_bytes(SESSION + b"".join(lines) + DONE)
    before = time.process_time()
    ledger = seen.ledger(OK, tree=tmp_path)
    assert time.process_time() - before < 5
    assert len(ledger.cases) == 50_000
    assert ledger.complete


def test_a_results_directory_that_cannot_be_made_leaves_the_command_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seen = observe("pytest", read=lambda _: None, environment={}, results=tmp_path / "file" / "results")
    assert (seen.run, seen.environment, seen.read_only) == ("pytest", {}, ())
    assert seen.ledger(OK, tree=tmp_path).runner == ""


def test_what_was_on_the_module_path_stays_there(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": "src:lib"}
    seen = observe("make test", read=lambda _: None, environment=environment, results=tmp_path)
    assert seen.environment["PYTHONPATH"] == f"{seen.read_only[0]}:src:lib"
