"""Every way of lying about work, in one run beside honest tasks: no empty work lands, and the counts say the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Step, Turn, approve, brief, plan, sh, submit, task, tool, write
from support.openai_server import Reply
from support.repos import CALCULATOR, tree_files

FILES = {
    **CALCULATOR,
    "tests/test_sub.py": "from calc.sub import sub\n\n\ndef test_sub():\n    assert sub(1, 2) == 3\n",
}
PYTEST = "python -m pytest -q -p no:cacheprovider"
CHECK = f"{PYTEST} tests/test_add.py"

CLAIMS: dict[str, dict[str, int]] = {
    "no-evidence": {"uncited": 1},
    "invented": {"uncited": 1},
    "foreign": {"contradicted": 1},
    "failed-command": {"contradicted": 1},
    "stale-command": {"stale": 1},
    "stale-write": {"stale": 1},
    "half-true": {"verified": 1, "contradicted": 1},
    "piped": {"contradicted": 1},
    "hidden": {"contradicted": 1},
    "listing": {"uncited": 1},
    "miscounted": {"contradicted": 1},
    "none-ran": {"contradicted": 1},
    "true-failure": {"verified": 2},
    "prose-after": {"verified": 1},
    "checks": {"verified": 3, "contradicted": 1},
    "mended": {"verified": 1},
}
LIARS = ("no-change-at-all", "no-change", "undone-change", "only-text")
HONEST = ("honest", "empty-claims", "quick-reviewer", "quick-tester", "approved-error")


@dataclass
class Court:
    machine: Machine
    done: Done

    def task(self, name: str) -> dict[str, Any]:
        return self.done.task(name)

    def reasons(self, name: str) -> list[Any]:
        """What was found of the claims of one task."""
        rows = self.machine.events(self.done.json["run"], "claim.checked")
        return [row["data"] for row in rows if row["task"] == name]


def _claims(*claims: tuple[str, int | str]) -> Step:
    """`submit_work` with these statements, each with the result that it cites by its number, or an id."""

    def step(turn: Turn) -> Reply:
        cited = [
            {"statement": statement, "evidence": turn.evidence(cites) if isinstance(cites, int) else cites}
            for statement, cites in claims
        ]
        return tool("submit_work", summary="trust me", confidence=0.95, claims=cited)

    return step


def _of_checks(turn: Turn) -> Reply:
    """Each check cited by its own id, and all of them by the id of the call."""
    first, second, whole = turn.all_evidence(1)
    claims = [("test_add passes", first), ("only test_sub fails", second), ("1 test failed", whole)]
    return _claims(*claims, ("all tests pass", second))(turn)


def _file(name: str) -> Reply:
    return write(f"made/{name}.txt", f"{name}\n")


def _claim_cases(coder: Callable[..., None]) -> None:
    """The cases of CLAIMS. `coder` takes a case's name and its steps."""

    def lies(name: str, *before: Step, claim: tuple[str, int | str]) -> None:
        """A file, these steps, and the same claim as often as it is sent back."""
        again = 2 if "contradicted" in CLAIMS[name] else 1
        coder(name, _file(name), *before, *[_claims(claim)] * again)

    coder(
        "mended", _file("mended"), sh("exit 1"), submit(proves=[1]), submit("with evidence now", proves=[0])
    )
    coder("empty-claims", _file("empty-claims"), submit("no claims"))
    lies("no-evidence", claim=("all is well", ""))
    lies("invented", claim=("all is well", "ev-0000-invented"))
    lies("failed-command", sh("exit 3"), claim=("it works", 1))
    lies("stale-command", sh("true"), _file("stale-after"), claim=("it works", 1))
    edit = tool("replace_in_file", path="made/stale-write.txt", old="stale-write", new="else")
    lies("stale-write", edit, claim=("it is written", 0))
    coder("half-true", _file("half-true"), sh("exit 1"), submit(proves=[0, 1]), submit(proves=[0, 1]))
    lies("piped", sh(f"{PYTEST} tests | tail -1"), claim=("all tests pass", 1))
    lies("hidden", sh(f"{PYTEST} tests; echo done"), claim=("all tests pass", 1))
    lies("listing", tool("list_files"), claim=("all 300 tests pass", 1))
    lies("miscounted", sh(CHECK), claim=("all 300 tests pass", 1))
    lies("none-ran", sh(f"{PYTEST} tests -k nothing; true"), claim=("all tests pass", 1))
    only = _claims(("only test_sub fails", 1), ("the command fails with exit code 1", 1))
    coder("true-failure", _file("true-failure"), sh(f"{PYTEST} tests"), only)
    prose = write("docs/guide.md", "# Guide\n")
    coder("prose-after", _file("prose-after"), sh(CHECK), prose, _claims(("test_add passes", 1)))
    coder("checks", _file("checks"), tool("run_checks"), _of_checks, _of_checks)


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

    file = _file
    _claim_cases(coder)
    coder("honest", file("honest"), own)
    coder("foreign", file("foreign"), cite_foreign, cite_foreign)
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
    machine = make_shared_machine(script=_script(), files=FILES)
    crewed = ("quick-reviewer", "quick-tester", "approved-error")
    names = [*HONEST, *CLAIMS, *LIARS]
    checks = {"checks": [CHECK, f"{PYTEST} tests/test_sub.py"]}
    tasks = [
        task(name, f"CASE-{name}.", review=name in crewed, checks=checks.get(name, [])) for name in names
    ]
    tasks.append(task("research", "CASE-research.", role="researcher", review=False))
    tasks.append(task("led-astray", "CASE-honest-not-this", depends_on=["only-text"], review=False))
    done = machine.run(plan(*tasks), "--max-parallel", "8")
    assert machine.script.missing == []
    return Court(machine, done)


def test_the_run_is_partial_and_exits_with_one(court: Court) -> None:
    assert court.done.code == 1, court.done
    assert court.done.json["status"] == "partial"
    assert court.done.json["exit_code"] == 1


@pytest.mark.parametrize("name", [*HONEST, *(name for name in CLAIMS if name != "checks")])
def test_work_lands_whatever_is_claimed_about_it(court: Court, name: str) -> None:
    assert court.task(name)["status"] == "merged"
    assert f"made/{name}.txt" in tree_files(court.machine.repo, court.done.json["result_commit"])


@pytest.mark.parametrize("name", LIARS)
def test_work_that_is_none_is_a_failed_task_with_its_reason(court: Court, name: str) -> None:
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


def test_no_work_that_is_none_is_on_the_result_branch(court: Court) -> None:
    landed = tree_files(court.machine.repo, court.done.json["result_commit"])
    assert [name for name in LIARS if f"made/{name}.txt" in landed] == []


@pytest.mark.parametrize(("name", "counts"), CLAIMS.items())
def test_claims_are_counted_as_they_were_found(court: Court, name: str, counts: dict[str, int]) -> None:
    none = {"verified": 0, "contradicted": 0, "stale": 0, "uncited": 0}
    assert court.task(name)["claims"] == {**none, **counts}, court.reasons(name)


def test_a_contradicted_claim_goes_back_once_with_the_reason_and_may_be_mended(court: Court) -> None:
    last = court.machine.script.of("CASE-mended.", "coder")[-1]
    assert "the log contradicts 1 claim: 'claim 1'" in last.results[-1]
    assert last.results[-1].splitlines()[-1].startswith("evidence: ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("foreign", "belongs to task 'honest'"),
        ("failed-command", "exit code 3"),
        ("piped", "not all tests passed: "),
        ("piped", "1 passed, 1 failed: tests/test_sub.py::test_sub"),
        ("hidden", "1 passed, 1 failed: tests/test_sub.py::test_sub"),
        ("miscounted", "not 300 tests passed: "),
        ("miscounted", "1 passed"),
        ("none-ran", "no test ran"),
        ("no-change-at-all", "nothing is changed"),
        ("no-change", "nothing is changed"),
    ],
)
def test_whoever_is_sent_back_is_told_why(court: Court, name: str, reason: str) -> None:
    assert reason in court.machine.script.of(f"CASE-{name}.", "coder")[-1].results[-1]


def test_the_log_holds_each_checked_claim_with_its_verdict(court: Court) -> None:
    rows = court.machine.events(court.done.json["run"], "claim.checked")
    verdicts = {(one["task"], one["data"]["verdict"]) for one in rows}
    assert {("no-evidence", "uncited"), ("foreign", "contradicted"), ("honest", "verified")} <= verdicts


def test_each_check_is_evidence_that_is_found_in_the_log(court: Court) -> None:
    text = court.machine.script.of("CASE-checks.", "coder")[-1].results[1]
    first, second, whole = court.machine.script.of("CASE-checks.", "coder")[-1].all_evidence(1)
    assert f"[exit code 0]\n[tests: 1 passed]\nevidence: {first}\n" in text
    assert f"[tests: 1 failed: tests/test_sub.py::test_sub]\nevidence: {second}\n" in text
    assert text.endswith(f"1 of 2 checks passed\nevidence: {whole}")
    shown = court.machine.devassist("audit", "show", second, "--format", "json").json
    assert "tests/test_sub.py::test_sub" in str(shown)


def test_a_task_whose_dependency_failed_is_never_started(court: Court) -> None:
    found = court.task("led-astray")
    assert found["status"] in ("stopped", "failed", "pending")
    assert "only-text" in found["error"]
    assert court.machine.script.of("CASE-honest-not-this", "coder") == []


def test_the_work_of_failed_tasks_is_kept(court: Court) -> None:
    kept = court.machine.git(
        "for-each-ref", "--format=%(refname)", "refs/devassist/rescue", "refs/heads/devassist"
    )
    for name in ("only-text",):
        refs = [ref for ref in kept.splitlines() if f"/{name}/" in ref]
        assert any(f"made/{name}.txt" in tree_files(court.machine.repo, ref) for ref in refs), (name, kept)


def test_the_log_still_verifies(court: Court) -> None:
    assert court.machine.devassist("audit", "verify").code == 0
