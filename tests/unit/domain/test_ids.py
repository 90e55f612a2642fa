"""Names of runs, agents, branches and evidence: readable, valid everywhere, and unique."""

from __future__ import annotations

import re
import secrets
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from devassist.domain import ids

_TASK = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,12}", fullmatch=True)


@given(st.integers(min_value=0, max_value=2**32))
def test_a_run_id_is_two_words_and_four_hex_digits(seed: int) -> None:
    run = ids.make_run_id(lambda below: seed % below)
    assert re.fullmatch(r"[a-z]+-[a-z]+-[0-9a-f]{4}", run)


def test_chance_comes_in_as_a_parameter() -> None:
    assert ids.make_run_id(lambda _: 0) == "amber-badger-0000"
    assert ids.make_run_id(lambda below: below - 1) == "witty-zebra-ffff"
    assert len({ids.make_run_id(secrets.randbelow) for _ in range(200)}) == 200


@given(_TASK, st.sampled_from(["coder", "tester", "reviewer"]))
def test_an_agent_names_its_task_and_its_role(task: str, role: str) -> None:
    agent = ids.agent_id(task, role)
    assert agent == f"{task}/{role}"
    assert ids.role_of(agent) == role


def test_every_ref_is_one_that_git_takes() -> None:
    run = "brisk-heron-3f2a"
    names = [
        f"refs/heads/{ids.branch_name(run, 't.1_a-b', 'coder')}",
        f"refs/heads/{ids.result_branch(run)}",
        ids.base_ref(run),
        ids.rescue_ref(run, "t1/coder"),
    ]
    for name in names:
        subprocess.run(["git", "check-ref-format", name], check=True, timeout=30)


def test_a_tasks_branch_is_never_the_result_branch() -> None:
    # Plans may not name a task `result`: a ref cannot be a file and a directory at once.
    assert ids.result_branch("r").count("/") == 2
    assert ids.branch_name("r", "t", "coder").count("/") == 3


@given(_TASK, st.text(min_size=1, max_size=20))
def test_worktree_and_evidence_ids_hold_only_safe_characters(run: str, task: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]+", ids.worktree_name(run, f"{task}/coder"))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", ids.evidence_id(run, task, "coder", 1, 2))


def test_evidence_ids_differ_by_call_and_are_the_same_in_a_replay_but_for_the_run() -> None:
    first = [ids.evidence_id("run-a", "t1", "coder", 1, n) for n in range(3)]
    again = [ids.evidence_id("run-b", "t1", "coder", 1, n) for n in range(3)]
    assert len(set(first)) == 3
    assert [one.removeprefix("run-a") for one in first] == [one.removeprefix("run-b") for one in again]
