"""Branches of one run are held against each other while agents work: provisional, open, gone, and never in the way."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from devassist.cli.view.live_screen import LiveScreen, Screen
from devassist.cli.view.narration import NARRATED, narrate
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus, Level, Severity
from devassist.domain.events import ConflictFound, EventType, Record
from devassist.engine.starts import rebase_of, start_of
from devassist.engine.watch.notices import is_known
from support.facts import data_of
from support.repos import commit_all, git, make_repository, put
from support.watching import RUN, Site, plan_of

FOUND, RESOLVED, NOTE = EventType.CONFLICT_FOUND, EventType.CONFLICT_RESOLVED, EventType.NOTE_POSTED
FILES = {
    "notes.txt": "one\ntwo\nthree\n",
    "pkg/__init__.py": "",
    "pkg/io.py": "def load(path):\n    return open(path).read()\n",
    ".gitignore": "*.log\n",
}
RENAMED = FILES["pkg/io.py"].replace("def load", "def read_text")
USES = "from pkg.io import load\n\n\ndef show(path):\n    print(load(path))\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def make_site(tmp_path: Path, *tasks: str) -> Site:
    repo = make_repository(tmp_path / "repo", FILES)
    return Site(repo, plan_of(*(tasks or ("a", "b", "c"))), tmp_path / "worktrees")


def notes(site: Site) -> list[Record]:
    return site.of(NOTE)


def test_a_conflict_of_saves_is_provisional_of_commits_open_and_gone_when_it_is_mended(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        site.save("b", {"notes.txt": "one\nB\nthree\n"})
        site.wait_for(("conflict.found", "provisional"))
        site.commit("a")
        site.commit("b")
        site.wait_for(("conflict.found", "open"))
        site.save("b", {"notes.txt": "one\ntwo\nthree\n"})
        site.wait_for(("conflict.resolved", "gone"))
    assert site.lives() == {("content", "notes.txt"): ["provisional", "open", "gone", "open"]}


def test_what_was_never_committed_is_no_conflict_once_the_run_is_over(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        site.save("b", {"notes.txt": "one\nB\nthree\n"})
        site.wait_for(("conflict.found", "provisional"))
        site.commit("a")
    assert site.lives() == {("content", "notes.txt"): ["provisional", "gone"]}


def test_both_tasks_are_told_once_with_the_other_sides_intent_and_change(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        site.save("b", {"notes.txt": "one\nB\nthree\n"})
        site.wait_for(("note.posted", "provisional"))
        site.save("b", {"notes.txt": "one\nB\nthree\n", "other.txt": "x\n"})
        site.commit("a")
        site.commit("b")
    told = {(data_of(one)["to"], data_of(one)["status"]): data_of(one) for one in notes(site)}
    assert len(told) == len(notes(site))
    assert {to for to, _status in told} == {"a", "b"}
    to_a = told["a", "provisional"]
    assert to_a["sender"] == "conflicts" and to_a["paths"] == ["notes.txt"]
    assert "title of b" in to_a["text"] and "+B" in to_a["text"] and "-two" in to_a["text"]
    (found,) = {data_of(one)["conflict"] for one in site.of(FOUND)}
    assert to_a["conflict"] == found
    assert {one.event.task for one in site.of(FOUND)} == {"b"}, "the later task"
    assert [note.posted.to for note in site.journal.state.notes] == [
        data_of(one)["to"] for one in notes(site)
    ]


def test_a_long_change_is_cut_in_the_note(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "".join(f"A{n}\n" for n in range(500))})
        site.save("b", {"notes.txt": "B\n"})
        site.wait_for(("note.posted", "provisional"))
    (to_b,) = [data_of(one)["text"] for one in notes(site) if data_of(one)["to"] == "b"]
    assert "more lines]" in to_b and len(to_b.splitlines()) < 70


def test_a_branch_that_merges_and_then_breaks_is_found_with_the_line_that_breaks(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"pkg/io.py": RENAMED})
        site.save("b", {"pkg/cli.py": USES})
        records = site.wait_for(("conflict.found", "provisional"))
    (found,) = {data_of(one)["kind"]: data_of(one) for one in records if one.type is FOUND}.values()
    assert (found["kind"], found["level"], found["severity"]) == ("renamed-symbol-used", "symbol", "error")


def test_other_live_branches_count_and_those_of_the_base_do_not(site: Site) -> None:
    git(site.repo, "checkout", "-q", "-b", "mine")
    put(site.repo, {"notes.txt": "one\nMINE\nthree\n"})
    commit_all(site.repo, "mine")
    git(site.repo, "checkout", "-q", "main")
    git(site.repo, "branch", "merged", "main")
    with site:
        site.begin("a")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        records = site.wait_for(("conflict.found", "provisional"))
    (found,) = [one for one in records if one.type is FOUND]
    assert sorted(data_of(found)["branches"]) == [f"devassist/{RUN}/a/coder", "mine"]
    assert found.event.task == "a"
    assert [data_of(one)["to"] for one in notes(site)] == ["a"]


def test_a_task_that_builds_on_another_has_no_conflict_with_it_and_inherits_none(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("c")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        first = site.commit("a")
        site.save("c", {"notes.txt": "one\nC\nthree\n"})
        site.commit("c")
        site.wait_for(("conflict.found", "open"))
        site.begin("b", commit=first)
        site.save("b", {"notes.txt": "one\nA\nthree\nfour\n"})
        site.commit("b")
    assert {frozenset(data_of(one)["branches"]) for one in site.of(FOUND)} == {
        frozenset((f"devassist/{RUN}/a/coder", f"devassist/{RUN}/c/coder"))
    }


def test_the_next_agent_of_a_task_carries_the_conflict_on_under_the_same_id(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"pkg/io.py": RENAMED})
        site.commit("a")
        site.save("b", {"pkg/cli.py": USES})
        tip = site.commit("b")
        site.wait_for(("conflict.found", "open"))
        site.begin("b", "tester", commit=tip)
        site.save("b", {"made.txt": "x\n"}, "tester")
        site.commit("b", "tester")
    (life,) = site.lives().values()
    assert life[-1] == "open" and "gone" not in life


def test_files_that_git_ignores_or_nobody_said_were_written_do_not_count(site: Site) -> None:
    with site:
        for task in ("a", "b"):
            path = site.begin(task)
            put(path, {"product.bin": task})
            site.save(task, {"build.log": task, f"{task}.txt": "x\n"})
    assert site.of(FOUND) == []
    assert git(site.worktrees / "a" / "coder", "status", "--porcelain").splitlines() == [
        "?? a.txt", "?? product.bin",
    ]  # fmt: skip


def test_a_landing_tells_the_open_task_that_changes_the_same_paths(site: Site) -> None:
    with site:
        site.begin("a")
        site.begin("b")
        site.begin("c")
        site.save("a", {"notes.txt": "one\ntwo\nthree\nA\n"})
        landed = site.commit("a")
        site.save("b", {"notes.txt": "B\none\ntwo\nthree\n"})
        site.save("c", {"c.txt": "x\n"})
        site.land("a", site.base, landed)
    (staled,) = site.of(EventType.BRANCH_STALED)
    assert data_of(staled)["branch"] == f"devassist/{RUN}/b/coder"
    assert (staled.event.task, data_of(staled)["by"], data_of(staled)["paths"]) == ("b", "a", ["notes.txt"])
    (note,) = [data_of(one) for one in notes(site) if not data_of(one)["conflict"]]
    assert note["to"] == "b" and "title of a" in note["text"]


def test_a_backlog_is_looked_at_in_its_newest_state_only(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    gate = threading.Event()
    site.watch.on_look = lambda: gate.wait(60) and site._looked()
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "one\nA\nthree\n"})
        for number in range(30):
            site.save("b", {"notes.txt": f"one\nB{number}\nthree\n"})
        gate.set()
        site.wait_for(("conflict.found", "provisional"))
    assert len(site.of(FOUND)) == 1
    assert site.rounds < 20


def test_a_crash_of_the_watch_is_a_warning_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(tmp_path)

    def break_down() -> None:
        raise ZeroDivisionError("on purpose")

    site.watch.on_look = break_down
    with site:
        site.begin("a")
        site.save("a", {"notes.txt": "A\n"})
        site.commit("a")
    (warning,) = site.of(EventType.WARNING_RAISED)
    assert "on purpose" in warning.body.text


def test_nothing_is_left_running_and_no_scratch_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    site = make_site(tmp_path)
    objects = set(git(site.repo, "count-objects", "-v").splitlines())
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "A\n"})
        site.save("b", {"notes.txt": "B\n"})
        site.wait_for(("conflict.found", "provisional"))
    assert os.listdir(scratch) == []
    assert not [one for one in threading.enumerate() if one.name == "neighbours"]
    assert set(git(site.repo, "count-objects", "-v").splitlines()) == objects, "saves leave no objects"


def test_a_run_that_is_taken_up_again_does_not_repeat_what_its_log_has(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", {"notes.txt": "A\n"})
        site.save("b", {"notes.txt": "B\n"})
        site.commit("a")
        site.commit("b")
    before = len(site.of(FOUND, NOTE))
    again = Site.__new__(Site)
    again.__dict__.update(site.__dict__)
    again.watch = type(site.watch)(site.context, site.plan, on_look=site._looked)
    with again:
        site.save("b", {"more.txt": "x\n"})
        site.commit("b")
    assert len(site.of(FOUND, NOTE)) == before
    assert site.lives()["content", "notes.txt"][-1] == "open"


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        ("open", "open", True), ("open", "provisional", True), ("provisional", "open", False),
        ("provisional", "provisional", True), ("waived", "open", True), (None, "open", False),
    ],
)  # fmt: skip
def test_a_conflict_is_recorded_again_only_when_it_is_surer(
    site: Site, known: str | None, now: str, expected: bool
) -> None:
    if known:
        site.say(FOUND, "a", conflict="c-1", status=known, branches=["x", "y"])
    assert is_known(ConflictFound(conflict="c-1", status=ConflictStatus(now)), site.journal.state) is expected


def test_the_id_is_the_same_for_all_agents_of_a_task() -> None:
    def found(role: str) -> str:
        pair = (f"devassist/{RUN}/a/{role}", f"devassist/{RUN}/b/coder")
        return Conflict(
            level=Level.TEXT, kind=ConflictKind.CONTENT, severity=Severity.ERROR, branches=pair, path="p"
        ).id

    assert found("coder") == found("tester") == found("reviewer")
    assert found("coder") != Conflict(
        level=Level.TEXT, kind=ConflictKind.CONTENT, severity=Severity.ERROR, path="p",
        branches=(f"devassist/{RUN}/c/coder", f"devassist/{RUN}/b/coder"),
    ).id  # fmt: skip


def test_events_of_meeting_branches_read_as_sentences(site: Site) -> None:
    pair = {"kind": "content", "path": "p", "level": "text", "severity": "error", "branches": ["x", "y"]}
    site.say(FOUND, "a", conflict="c-1", status="provisional", explanation="x and y meet", **pair)
    site.say(RESOLVED, "a", conflict="c-1", status="gone", reason="it was not found again")
    site.say(EventType.BRANCH_STALED, "a", branch="x", by="t1", paths=["p", "q"])
    site.say(EventType.BRANCH_REBASED, "a", branch="x", onto="t1")
    said = [narrate(one) for one in site.log.records[-4:]]
    assert "provisional, content: x and y meet" in said[0]
    assert "c-1 is gone: it was not found again" in said[1]
    assert "x builds on an older version of p, q than t1" in said[2]
    assert "x goes on from a merge with t1" in said[3]
    assert all(one.type in NARRATED for one in site.log.records[-4:])
    site.say(FOUND, "a", conflict="c-2", status="provisional", explanation="x and z meet", **pair)
    console = Console(width=100, record=True, file=io.StringIO())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    console.print(LiveScreen(site.journal.state, Screen(), now=now, begun=now))
    assert "conflict (provisional): x and z meet" in console.export_text()


# Where tasks start and go on ------------------------------------------------------------------------------


def in_conflict(site: Site, first: dict[str, str], second: dict[str, str]) -> tuple[str, str]:
    """Task a has delivered, and its conflict with b is in the log; the tips of both."""
    with site:
        site.begin("a")
        site.begin("b")
        site.save("a", first)
        site.save("b", second)
        tips = site.commit("a"), site.commit("b")
        site.wait_for(("conflict.found", "open"))
    site.say(EventType.TASK_DELIVERED, "a", commit=tips[0], confidence=0.9)
    return tips


def test_the_next_agent_goes_on_from_a_merge_with_what_was_delivered(site: Site) -> None:
    first, second = in_conflict(site, {"pkg/io.py": RENAMED}, {"pkg/cli.py": USES})
    found = rebase_of(site.context, site.plan, "b", start=site.base, tip=second)
    assert found is not None
    assert (found.onto, found.start) == ("a", first)
    assert found.conflict in site.journal.state.conflicts
    assert git(site.repo, "rev-list", "--parents", "-n1", found.tip).split()[1:] == [second, first]
    assert git(site.repo, "diff", "--name-only", found.start, found.tip) == "pkg/cli.py"
    assert rebase_of(site.context, site.plan, "b", start=found.start, tip=found.tip) is None
    assert rebase_of(site.context, site.plan, "a", start=site.base, tip=first) is None, "a comes first"


def test_nothing_changes_where_there_is_no_clean_merge(site: Site) -> None:
    _first, second = in_conflict(site, {"notes.txt": "A\n"}, {"notes.txt": "B\n"})
    assert rebase_of(site.context, site.plan, "b", start=site.base, tip=second) is None


def test_nothing_changes_onto_a_task_that_was_kept_from_landing(site: Site) -> None:
    _first, second = in_conflict(site, {"pkg/io.py": RENAMED}, {"pkg/cli.py": USES})
    site.say(EventType.TASK_FINISHED, "a", status="delivered", error="not merged: unsure")
    assert rebase_of(site.context, site.plan, "b", start=site.base, tip=second) is None


@pytest.fixture
def commits(site: Site) -> Callable[[dict[str, str]], str]:
    def make(files: dict[str, str]) -> str:
        git(site.repo, "checkout", "-q", "--detach", site.base)
        put(site.repo, files)
        return commit_all(site.repo, "work")

    return make


def test_a_task_starts_from_all_that_it_waited_for_and_that_was_delivered(
    tmp_path: Path, commits: Callable[[dict[str, str]], str], site: Site
) -> None:
    from devassist.domain.plan import parse_plan

    rows = [
        {"id": "a", "title": "a", "scope": ["x/**"]},
        {"id": "b", "title": "b", "scope": ["y/**"]},
        {"id": "c", "title": "c", "scope": ["x/one.txt", "y/two.txt"]},
    ]
    plan = parse_plan({"goal": "g", "tasks": rows})
    assert plan.sequenced() == {"c": ("a", "b")}
    tips = {"a": commits({"x/one.txt": "1\n"}), "b": commits({"y/two.txt": "2\n"})}
    nothing = start_of(site.context, plan, plan.task("c"), {})
    assert (nothing.commit, nothing.built_on) == (site.base, ())
    one = start_of(site.context, plan, plan.task("c"), {"b": tips["b"]})
    assert (one.commit, one.built_on) == (tips["b"], ("b",))
    both = start_of(site.context, plan, plan.task("c"), tips)
    assert both.built_on == ("a", "b")
    assert git(site.repo, "diff", "--name-only", site.base, both.commit).split() == ["x/one.txt", "y/two.txt"]
    clash = {**tips, "b": commits({"x/one.txt": "other\n"})}
    some = start_of(site.context, plan, plan.task("c"), clash)
    assert (some.commit, some.built_on) == (tips["a"], ("a",))
    assert any("does not merge" in text for text in site.journal.state.warnings)
