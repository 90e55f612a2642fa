"""What happens between delivery and the result branch: conflicts, checks on the merged tree, and the approval policy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Step, Turn, approve, edit, plan, submit, task, tool, write
from support.openai_server import Reply
from support.repos import CALCULATOR, content, tree_files

NEVER_BOTH = "! { test -e a.flag && test -e b.flag; }"
ROTTEN = "test -e no-such-file"


@dataclass
class Landed:
    machine: Machine
    done: Done

    def task(self, name: str) -> dict[str, Any]:
        return self.done.task(name)

    @property
    def files(self) -> dict[str, str]:
        return tree_files(self.machine.repo, self.done.json["result_commit"])

    def branch(self, name: str) -> dict[str, str]:
        return tree_files(self.machine.repo, f"devassist/{self.done.json['run']}/{name}/coder")


@pytest.fixture(scope="module")
def landed(make_shared_machine: Callable[..., Machine]) -> Landed:
    script = CrewScript()

    def coder(name: str, *steps: Step) -> None:
        script.on(f"CASE-{name}.", "coder", *steps, submit(proves=[0]))

    coder("guide-one", edit("docs/guide.md", "Use add and sub.", "Use add."))
    coder("guide-two", edit("docs/guide.md", "Use add and sub.", "Use sub."))
    coder("drop-sub", tool("delete_file", path="calc/sub.py"))
    coder("edit-sub", edit("calc/sub.py", "return a - b", "return a - b - 0"))
    coder("rotten", write("made/rotten.txt", "x\n"))
    coder("flag-a", write("a.flag", "a\n"))
    coder("flag-b", write("b.flag", "b\n"))
    coder("on-guide-two", write("made/late.txt", "x\n"))
    coder("on-guide-one", write("made/fine.txt", "x\n"))
    machine = make_shared_machine(script=script)
    names = ("guide-one", "guide-two", "drop-sub", "edit-sub")
    done = machine.run(
        plan(
            *[task(name, f"CASE-{name}.", review=False) for name in names],
            task("rotten", "CASE-rotten.", review=False, checks=[ROTTEN]),
            task("flag-a", "CASE-flag-a.", review=False, checks=[NEVER_BOTH]),
            task("flag-b", "CASE-flag-b.", review=False, checks=[NEVER_BOTH]),
            task("on-guide-two", "CASE-on-guide-two.", review=False, depends_on=["guide-two"]),
            task("on-guide-one", "CASE-on-guide-one.", review=False, depends_on=["guide-one"]),
        ),
        "--max-parallel", "8",
    )  # fmt: skip
    assert script.missing == []
    return Landed(machine, done)


def test_a_textual_conflict_makes_the_run_partial_and_exits_with_one(landed: Landed) -> None:
    assert landed.done.code == 1, landed.done
    assert landed.done.json["status"] == "partial"


def test_the_first_of_two_conflicting_tasks_lands_and_the_other_is_kept_unmerged(landed: Landed) -> None:
    assert landed.task("guide-one")["status"] == "merged"
    assert landed.task("guide-two")["status"] == "delivered"
    assert "docs/guide.md" in landed.task("guide-two")["error"]
    root, run = landed.machine.repo, landed.done.json["run"]
    assert content(root, landed.done.json["result_commit"], "docs/guide.md").endswith("Use add.")
    assert content(root, f"devassist/{run}/guide-two/coder", "docs/guide.md").endswith("Use sub.")


def test_an_edit_against_a_deletion_is_a_conflict_too(landed: Landed) -> None:
    assert landed.task("drop-sub")["status"] == "merged"
    assert landed.task("edit-sub")["status"] == "delivered"
    assert "calc/sub.py" not in landed.files


def test_conflicts_are_listed_by_id_and_described_in_the_log(landed: Landed) -> None:
    listed = landed.done.json["conflicts"]
    assert len(listed) == len(set(listed)) == 2
    assert all(one.startswith("c-") for one in listed)
    rows = landed.machine.query("SELECT conflict, kind, severity, path, status FROM conflicts")
    assert {row[0] for row in rows} == set(listed)
    assert {(kind, severity, path, status) for _, kind, severity, path, status in rows} == {
        ("content", "error", "docs/guide.md", "open"), ("modify-delete", "error", "calc/sub.py", "open"),
    }  # fmt: skip


def test_conflict_markers_never_reach_the_result(landed: Landed) -> None:
    for path in landed.files:
        assert "<<<<<<<" not in content(landed.machine.repo, landed.done.json["result_commit"], path)


def test_a_tasks_own_check_must_pass_though_it_fails_on_the_base_as_well(landed: Landed) -> None:
    found = landed.task("rotten")
    assert found["status"] == "failed"
    (check,) = [one for one in found["checks"] if one["command"] == ROTTEN]
    assert (check["exit_code"], check["own"]) == (1, True)
    assert ROTTEN in found["error"]


def test_tasks_that_break_a_check_only_together_do_not_both_land(landed: Landed) -> None:
    assert landed.task("flag-a")["status"] == "merged"
    found = landed.task("flag-b")
    assert found["status"] == "failed"
    assert NEVER_BOTH in found["error"]
    assert "a.flag" in landed.files
    assert "b.flag" not in landed.files
    assert "b.flag" in landed.branch("flag-b")


def test_what_builds_on_unlanded_work_does_not_smuggle_it_in(landed: Landed) -> None:
    found = landed.task("on-guide-two")
    assert found["status"] == "delivered"
    assert "guide-two" in found["error"]
    assert "made/late.txt" not in landed.files
    assert "made/late.txt" in landed.branch("on-guide-two")


def test_the_rest_still_lands(landed: Landed) -> None:
    assert landed.task("on-guide-one")["status"] == "merged"
    assert "made/fine.txt" in landed.files


def test_the_newest_run_can_be_named_as_last(landed: Landed) -> None:
    shown = landed.machine.devassist("show", "@last", "--format", "json")
    assert shown.json == landed.done.json
    assert landed.machine.devassist("show", "flag-b", "--format", "json").json["id"] == "flag-b"


def _unsure() -> CrewScript:
    script = CrewScript()
    script.on("CASE-sure.", "documenter", write("made/sure.txt", "x\n"), submit(confidence=0.9))
    script.on("CASE-unsure.", "documenter", write("made/unsure.txt", "x\n"), submit(confidence=0.5))
    script.on("CASE-unsure-review.", "documenter", write("made/reviewed.txt", "x\n"), submit(confidence=0.95))
    script.on("CASE-unsure-review.", "reviewer", tool("show_diff"), approve(confidence=0.6))
    question = tool("ask_human", question="which colour?", options=["red", "blue"])
    script.on("CASE-asks.", "documenter", write("made/asks.txt", "x\n"), question, submit(confidence=0.9))
    return script


UNSURE = plan(
    task("sure", "CASE-sure.", role="documenter", review=False),
    task("unsure", "CASE-unsure.", role="documenter", review=False),
    task("unsure-review", "CASE-unsure-review.", role="documenter"),
    task("asks", "CASE-asks.", role="documenter", review=False),
)


def test_auto_lands_what_is_sure_and_waits_with_the_rest(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=_unsure())
    done = machine.run(UNSURE)
    assert done.code == 3, done
    document = done.json
    assert (document["status"], document["exit_code"]) == ("waiting", 3)
    assert {one["id"]: one["status"] for one in document["tasks"]} == {
        "sure": "merged", "unsure": "waiting", "unsure-review": "waiting", "asks": "waiting",
    }  # fmt: skip
    assert done.task("unsure-review")["confidence"] == 0.6
    assert sorted(one["kind"] for one in document["waiting"]) == ["merge", "merge", "question"]
    assert all({"id", "kind", "question"} <= set(one) for one in document["waiting"])
    assert any(one["question"] == "which colour?" for one in document["waiting"])
    landed = [
        path for path in tree_files(machine.repo, document["result_commit"]) if path.startswith("made/")
    ]
    assert landed == ["made/sure.txt"]
    status = machine.devassist("status", "--format", "json").json["runs"][0]
    assert (status["status"], status["waiting"]) == ("waiting", 3)
    rows = machine.query("SELECT approval, choice FROM approvals ORDER BY approval")
    assert sorted(rows) == sorted((one["id"], None) for one in document["waiting"])


def test_never_asks_nobody_and_leaves_what_is_unsure_unmerged(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(script=_unsure())
    done = machine.run(UNSURE, "--approve", "never")
    assert done.code == 1, done
    assert (done.json["status"], done.json["waiting"]) == ("partial", [])
    assert {one["id"]: one["status"] for one in done.json["tasks"]} == {
        "sure": "merged", "unsure": "delivered", "unsure-review": "delivered", "asks": "merged",
    }  # fmt: skip
    answered = machine.script.of("CASE-asks.", "documenter")[-1].results[-1]
    assert "nobody" in answered


def test_ask_asks_about_every_landing(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript().on("ALPHA", "documenter", write("made/a.txt", "x\n"), submit(confidence=1.0))
    machine = make_machine(script=script)
    done = machine.run(plan(task("one", "ALPHA", role="documenter", review=False)), "--approve", "ask")
    assert done.code == 3, done
    assert done.json["status"] == "waiting"
    assert [one["kind"] for one in done.json["waiting"]] == ["merge"]
    assert done.json["result_commit"] is None


@pytest.mark.parametrize("act", ["moved", "deleted"])
def test_a_result_branch_that_somebody_else_moved_is_never_overwritten(
    make_machine: Callable[..., Machine], act: str
) -> None:
    script = CrewScript()
    machine = make_machine(script=script, files={**CALCULATOR, "extra.txt": "x\n"})
    base = machine.git("rev-parse", "HEAD")
    machine.git("commit", "-q", "--allow-empty", "-m", "mine")
    mine = machine.git("rev-parse", "HEAD")
    refs: list[str] = []

    def interfere(_turn: Turn) -> Reply:
        deadline = time.monotonic() + 60
        while not refs and time.monotonic() < deadline:
            refs.extend(
                machine.git("for-each-ref", "--format=%(refname)", "refs/heads/devassist/*/result").split()
            )
            time.sleep(0.05)
        time.sleep(0.3)
        machine.git("update-ref", refs[0], base) if act == "moved" else machine.git(
            "update-ref", "-d", refs[0]
        )
        return write("made/two.txt", "x\n")

    script.on("ALPHA", "documenter", write("made/one.txt", "x\n"), submit())
    script.on("BRAVO", "documenter", interfere, submit())
    done = machine.run(
        plan(
            *[
                # With scopes that do not meet, so that the first lands while the second is at work.
                task(name, marker, role="documenter", review=False, scope=[f"made/{name}.txt"])
                for name, marker in (("one", "ALPHA"), ("two", "BRAVO"))
            ]
        )
    )
    assert done.code == 1, done
    assert done.json["status"] in ("partial", "failed")
    assert done.task("two")["status"] != "merged"
    after = machine.git("rev-parse", "-q", "--verify", refs[0], check=False)
    assert after == (base if act == "moved" else "")
    assert machine.git("rev-parse", "HEAD") == mine
    assert "result" in str(done.json) + done.err
    assert machine.devassist("audit", "verify").code == 0
