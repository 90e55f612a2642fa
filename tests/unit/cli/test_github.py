"""A job on GitHub: what is said to the runner is well-formed, and nothing that others wrote is taken for a command."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devassist.app.conflicts.compare import Compared
from devassist.cli.invocation import json_text
from devassist.cli.view.github import conflict_annotations, run_annotations
from devassist.cli.workflow import DisarmedStream, command, disarmed
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus, Level, Location, Severity
from devassist.reports.story import Story
from support.repos import git, make_repository
from support.tale import HOSTILE, whole_tale


def understood(text: str) -> list[str]:
    """The lines that GitHub's runner would take for commands."""
    return [one for one in re.split(r"\r\n|\r|\n", text) if one.strip().startswith("::") or "##[" in one]


def test_a_command_escapes_its_message_and_its_properties() -> None:
    made = command("error", "50 %\r\nnext: a, b", file="a,b:c%.py", line=3, title="")
    assert made == "::error file=a%2Cb%3Ac%25.py,line=3::50 %25%0D%0Anext: a, b"


@pytest.mark.parametrize(
    "said",
    [
        "::error::x", "  \t::warning::x", "\u00a0::stop-commands::x", "a ##[error]b", "##[add-mask]c", "::set-output name=a::b",
        ":::", "::",
    ],
)  # fmt: skip
def test_no_line_of_others_is_understood_as_a_command(said: str) -> None:
    assert understood(said)
    assert understood(disarmed(said)) == []


def test_a_line_that_is_written_in_pieces_is_disarmed_as_a_whole() -> None:
    out = io.StringIO()
    stream = DisarmedStream(out)
    for piece in ("fine\n:", ":error::x\r", "::warning", "::y\n #", "#[group]z\nend"):
        stream.write(piece)
        stream.flush()
    stream.finish()
    assert understood(out.getvalue()) == []
    assert out.getvalue().startswith("fine\n: :error::x")
    assert out.getvalue().endswith("end")


def test_our_own_commands_begin_a_line_of_their_own() -> None:
    out = io.StringIO()
    stream = DisarmedStream(out)
    stream.write("half a line")
    stream.send("::error::ours")
    assert out.getvalue() == "half a line\n::error::ours\n"


def test_json_stays_the_same_document_and_holds_no_command() -> None:
    given = {"goal": "##[error]x\n::error::y"}
    for indent in (None, 2):
        text = json_text(given, indent=indent)
        assert understood(text) == []
        assert json.loads(text) == given


def test_the_annotations_of_a_run_are_one_line_each_and_name_what_went_wrong() -> None:
    made = list(run_annotations(Story.of(whole_tale()).state, "sub/"))
    for one in made:
        assert "\n" not in one
        assert one.startswith(("::error ", "::warning ", "::notice "))
    assert any("file=sub/docs/a b.md" in one and one.startswith("::error") for one in made)
    assert any("title=task bad is failed" in one for one in made)
    assert any("title=waits for a person" in one for one in made)
    levels = [one[2:].partition(" ")[0] for one in made]
    assert levels.index("error") == 0


def conflict(severity: Severity, **more: Any) -> Conflict:
    places = (
        Location(branch="a", path="x.py", start_line=3, end_line=5),
        Location(branch="b", path="y.py", start_line=1, end_line=1),
    )
    given = {"path": "x.py", "locations": places, "explanation": HOSTILE, **more}
    return Conflict(
        level=Level.SYMBOL,
        kind=ConflictKind.REMOVED_SYMBOL_USED,
        severity=severity,
        branches=("a", "b"),
        **given,
    )


def test_a_conflict_is_annotated_at_each_of_its_places_the_worst_first() -> None:
    found = [
        conflict(Severity.NOTE, path="n.py", locations=()), conflict(Severity.ERROR),
        conflict(Severity.WARNING, status=ConflictStatus.WAIVED, path="w.py"),
    ]  # fmt: skip
    made = list(conflict_annotations(Compared(base="b", sides=(), conflicts=found, order=())))
    assert [one.split(" ")[0] for one in made] == ["::error", "::error", "::notice"]
    assert made[0].startswith(
        "::error file=x.py,line=3,endLine=5,title=removed-symbol-used between a and b::on branch a"
    )
    assert all("\n" not in one and "\r" not in one for one in made)


def said_in_a_job(directory: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**_environment(directory), "GITHUB_ACTIONS": "true", "CI": "true", **more}
    return subprocess.run(
        [sys.executable, "-P", "-m", "devassist", *words],
        cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "DEVASSIST_STATE_DIR": str(directory.parent / "state")}


def test_an_error_is_an_annotation_and_the_words_in_it_are_not_a_command(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    done = said_in_a_job(repository, "-C", "x\n::error::injected ##[error]y", "status")
    assert done.returncode == 2
    sent = understood(done.stderr)
    assert len(sent) == 1
    assert sent[0].startswith("::error title=devassist::")
    assert "injected" in done.stderr.partition("\n")[2], "said to people as well"
    assert "%0A::error::injected" in sent[0]


def test_conflicts_annotate_lines_and_write_the_summary_of_the_step(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo", {"a.txt": "one\ntwo\nthree\n"})
    for name in ("left", "right"):
        git(repository, "checkout", "-q", "-b", name, "main")
        (repository / "a.txt").write_text(f"one\n::error::{name} ##[error]\nthree\n")
        git(repository, "commit", "-q", "-am", name)
    git(repository, "checkout", "-q", "main")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    done = said_in_a_job(repository, "conflicts", "left", "right", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1, done.stderr
    sent = understood(done.stderr)
    assert {one.partition(",line")[0] for one in sent} == {"::error file=a.txt"}
    assert summary.read_text().startswith("before\n## 1 conflict between 2 branches")
    shown = said_in_a_job(repository, "conflicts", "show", "c-")
    assert shown.returncode == 0, shown.stderr
    assert "error::left" in shown.stdout
    assert understood(shown.stdout) == []


def test_a_summary_that_cannot_be_written_changes_nothing_but_is_said(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo")
    git(repository, "branch", "other")
    done = said_in_a_job(repository, "conflicts", "other", GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "dir"))
    assert done.returncode == 0
    assert "GITHUB_STEP_SUMMARY could not be written" in done.stderr


def test_what_goes_into_a_file_is_left_as_it_is(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repo", {"a.txt": "one\ntwo\nthree\n"})
    for name in ("left", "right"):
        git(repository, "checkout", "-q", "-b", name, "main")
        (repository / "a.txt").write_text(f"one\n::error::{name}\nthree\n")
        git(repository, "commit", "-q", "-am", name)
    git(repository, "checkout", "-q", "main")
    said_in_a_job(repository, "conflicts", "left", "right")
    with (tmp_path / "shown.txt").open("w") as out:
        subprocess.run(
            [sys.executable, "-P", "-m", "devassist", "conflicts", "show", "c-"], cwd=repository, stdout=out,
            env={**_environment(repository), "GITHUB_ACTIONS": "true"}, timeout=120, check=True,
        )  # fmt: skip
    assert "+::error::left" in (tmp_path / "shown.txt").read_text()
