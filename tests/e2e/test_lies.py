"""Every way of lying about work, in one run beside honest tasks: none of it lands, and the counts say so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Step, Turn, approve, brief, plan, sh, submit, task, tool, write
from support.openai_server import Reply
from support.repos import tree_files

LIARS: dict[str, dict[str, int]] = {
    "no-evidence": {"uncited": 1},
    "invented": {"uncited": 1},
    "foreign": {"contradicted": 1},
    "failed-command": {"contradicted": 1},
    "stale-command": {"contradicted": 1},
    "stale-write": {"contradicted": 1},
    "half-true": {"verified": 1, "contradicted": 1},
    "no-change-at-all": {},
    "no-change": {},
    "undone-change": {},
    "only-text": {},
}
HONEST = ("honest", "mended", "empty-claims", "quick-reviewer", "quick-tester", "approved-error")


@dataclass
class Court:
    machine: Machine
    done: Done

    def task(self, name: str) -> dict[str, Any]:
        return self.done.task(name)


def _uncited(summary: str = "trust me") -> Reply:
    claims = [{"statement": "all is well", "evidence": ""}]
    return tool("submit_work", summary=summary, confidence=0.95, claims=claims)


def _script() -> CrewScript:
    script = CrewScript()
    known = threading.Event()
    foreign: list[str] = []

    def own(turn: Turn) -> Reply:
        foreign.append(turn.evidence(0))
        known.set()
        return submit("honest work", proves=[0])(turn)

    def cite_foreign(turn: Turn) -> Reply:
        assert known.wait(60)
        return submit("borrowed", proves=[foreign[0]])(turn)

    def coder(name: str, *steps: Step) -> None:
        script.on(f"CASE-{name}.", "coder", *steps)

    def file(name: str) -> Reply:
        return write(f"made/{name}.txt", f"{name}\n")

    coder("honest", file("honest"), own)
    coder("mended", file("mended"), _uncited(), submit("with evidence now", proves=[0]))
    coder("empty-claims", file("empty-claims"), submit("no claims"))
    coder("no-evidence", file("no-evidence"), _uncited(), _uncited())
    coder("invented", file("invented"), submit(proves=["ev-0000-invented"]), submit(proves=["e1"]))
    coder("foreign", file("foreign"), cite_foreign, cite_foreign)
    lie = submit("the tests pass", proves=[1])
    coder("failed-command", file("failed-command"), sh("exit 3"), lie, lie)
    coder("stale-command", file("stale-command"), sh("true"), file("stale-after"), lie, lie)
    coder("stale-write", file("stale-write"), tool("replace_in_file", path="made/stale-write.txt", old="stale-write", new="else"),
          submit(proves=[0]), submit(proves=[0]))  # fmt: skip
    coder("half-true", file("half-true"), sh("exit 1"), submit(proves=[0, 1]), submit(proves=[0, 1]))
    coder("no-change-at-all", submit(), submit())
    coder("no-change", tool("read_file", path="README.md"), submit("looks done"), submit("really"))
    coder(
        "undone-change",
        file("undone-change"),
        tool("delete_file", path="made/undone-change.txt"),
        submit(),
        submit(),
    )
    coder("only-text", file("only-text"), "I have done everything.", "Believe me.")
    coder("quick-reviewer", file("quick-reviewer"), submit())
    script.on("CASE-quick-reviewer.", "reviewer", approve())
    wrong = {"path": "made/approved-error.txt", "line": 1, "severity": "error", "comment": "it says x"}
    coder("approved-error", write("made/approved-error.txt", "x\n"), submit())
    script.on("CASE-approved-error.", "reviewer", *[approve(findings=[wrong])] * 2, round=1)
    script.on("CASE-approved-error.", "coder", file("approved-error"), submit("mended"), round=2)
    script.on("CASE-approved-error.", "reviewer", approve(findings=[{**wrong, "severity": "note"}]), round=2)
    coder("quick-tester", file("quick-tester"), submit())
    script.on("CASE-quick-tester.", "tester", submit("read it in the brief"))
    script.on("CASE-research.", "researcher", brief("known without looking"))
    return script


@pytest.fixture(scope="module")
def court(make_shared_machine: Callable[..., Machine]) -> Court:
    machine = make_shared_machine(script=_script())
    crewed = ("quick-reviewer", "quick-tester", "approved-error")
    names = [*HONEST, *LIARS]
    tasks = [task(name, f"CASE-{name}.", review=name in crewed) for name in names]
    tasks.append(task("research", "CASE-research.", role="researcher", review=False))
    tasks.append(task("led-astray", "CASE-honest-not-this", depends_on=["no-evidence"], review=False))
    done = machine.run(plan(*tasks), "--max-parallel", "8")
    assert machine.script.missing == []
    return Court(machine, done)


def test_the_run_is_partial_and_exits_with_one(court: Court) -> None:
    assert court.done.code == 1, court.done
    assert court.done.json["status"] == "partial"
    assert court.done.json["exit_code"] == 1


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_lands(court: Court, name: str) -> None:
    assert court.task(name)["status"] == "merged"
    assert f"made/{name}.txt" in tree_files(court.machine.repo, court.done.json["result_commit"])


@pytest.mark.parametrize("name", LIARS)
def test_a_lie_is_a_failed_task_with_its_reason(court: Court, name: str) -> None:
    found = court.task(name)
    assert found["status"] == "failed", found
    assert found["error"]


def test_no_tool_call_is_owed_before_a_submit(court: Court) -> None:
    assert court.task("research")["status"] in ("delivered", "merged")
    assert court.task("quick-reviewer")["rounds"] == 1


def test_an_approval_of_an_error_goes_back_and_then_gets_the_task_another_round(court: Court) -> None:
    assert court.task("approved-error")["rounds"] == 2
    told = court.machine.script.of("CASE-approved-error.", "reviewer")[1].results[-1]
    assert "it approves with findings of severity error: made/approved-error.txt:1 (error): it says x" in told


def test_nothing_that_was_lied_about_is_on_the_result_branch(court: Court) -> None:
    landed = {
        path
        for path in tree_files(court.machine.repo, court.done.json["result_commit"])
        if path.startswith("made/")
    }
    assert landed == {f"made/{name}.txt" for name in HONEST}


@pytest.mark.parametrize(("name", "counts"), [(name, counts) for name, counts in LIARS.items() if counts])
def test_claims_are_counted_as_they_were_found(court: Court, name: str, counts: dict[str, int]) -> None:
    assert court.task(name)["claims"] == {"verified": 0, "contradicted": 0, "uncited": 0, **counts}


def test_a_claim_goes_back_once_with_the_reason_and_may_be_mended(court: Court) -> None:
    assert court.task("mended")["claims"] == {"verified": 1, "contradicted": 0, "uncited": 0}
    last = court.machine.script.of("CASE-mended.", "coder")[-1]
    assert "all is well" in last.results[-1]
    assert last.results[-1].splitlines()[-1].startswith("evidence: ")


def test_each_liar_was_told_why_once(court: Court) -> None:
    reasons = {
        "no-evidence": "evidence", "invented": "ev-0000-invented", "foreign": "honest", "failed-command": "exit code 3",
        "stale-command": "made/stale-after.txt", "no-change-at-all": "nothing is changed", "no-change": "change",
    }  # fmt: skip
    for name, word in reasons.items():
        last = court.machine.script.of(f"CASE-{name}.", "coder")[-1]
        assert word in last.results[-1], name


def test_the_log_holds_each_checked_claim_with_its_verdict(court: Court) -> None:
    rows = court.machine.events(court.done.json["run"], "claim.checked")
    verdicts = {(one["task"], one["data"]["verdict"]) for one in rows}
    assert {("no-evidence", "uncited"), ("foreign", "contradicted"), ("honest", "verified")} <= verdicts


def test_a_task_whose_dependency_failed_is_never_started(court: Court) -> None:
    found = court.task("led-astray")
    assert found["status"] in ("stopped", "failed", "pending")
    assert "no-evidence" in found["error"]
    assert court.machine.script.of("CASE-honest-not-this", "coder") == []


def test_the_work_of_failed_tasks_is_kept(court: Court) -> None:
    kept = court.machine.git(
        "for-each-ref", "--format=%(refname)", "refs/devassist/rescue", "refs/heads/devassist"
    )
    for name in ("no-evidence", "only-text", "half-true"):
        refs = [ref for ref in kept.splitlines() if f"/{name}/" in ref]
        assert any(f"made/{name}.txt" in tree_files(court.machine.repo, ref) for ref in refs), (name, kept)


def test_the_log_still_verifies(court: Court) -> None:
    assert court.machine.devassist("audit", "verify").code == 0
