"""Repositories in which something is unfinished or in the way: said at once, with the command that helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, plan, submit, task, write
from support.repos import commit_all, put

PLAN = plan(task("one", "ALPHA", role="documenter", review=False), goal="Write it")


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    script = CrewScript().on("ALPHA", "documenter", write("made.txt", "made\n"), submit())
    return make_machine(script=script, files={"a.txt": "a\n"})


def conflicted(machine: Machine) -> None:
    """`main` and `side` have changed the same line, and main is checked out."""
    machine.git("checkout", "-q", "-b", "side")
    put(machine.repo, {"a.txt": "side\n"})
    commit_all(machine.repo, "Side")
    machine.git("checkout", "-q", "main")
    put(machine.repo, {"a.txt": "main\n"})
    commit_all(machine.repo, "Main")


def test_a_branch_with_the_name_of_the_folder_of_runs_is_refused_before_a_model_is_paid(
    machine: Machine,
) -> None:
    machine.git("branch", "devassist")
    done = machine.run(PLAN)
    assert done.code == 2, done
    assert "devassist is a branch here" in done.out + done.err
    assert "git branch -m devassist" in done.out + done.err
    machine.git("branch", "-m", "devassist", "mine")
    assert machine.run(PLAN).code == 0


def test_a_result_is_merged_into_no_branch_that_is_rebased_and_not_during_a_merge(machine: Machine) -> None:
    conflicted(machine)
    assert machine.run(PLAN).code == 0
    machine.git("worktree", "add", "-q", str(machine.root / "other"), "side")
    machine.git("-C", str(machine.root / "other"), "rebase", "main", check=False)
    refused = machine.devassist("merge", "--into", "side")
    assert refused.code == 2, refused
    assert "side is in a rebase in" in refused.err
    assert "git rebase --abort" in refused.err
    machine.git("merge", "side", check=False)
    before = machine.git("status", "--porcelain")
    for command in ("merge", "apply"):
        refused = machine.devassist(command)
        assert refused.code == 2, refused
        assert "merge is in progress" in refused.err
        assert "git merge --abort" in refused.err
    assert machine.git("status", "--porcelain") == before
    included = machine.run(PLAN, "--include-dirty")
    assert included.code == 2
    assert "a.txt has conflicts" in included.out + included.err
    left_out = machine.run(PLAN)
    assert left_out.code == 0, left_out
    assert any("merge is in progress" in warning for warning in left_out.json["warnings"])
    machine.git("merge", "--abort")
    assert machine.devassist("merge", "@last").code == 0


def test_unrelated_histories_are_said(machine: Machine) -> None:
    machine.git("checkout", "-q", "--orphan", "island")
    put(machine.repo, {"a.txt": "island\n"})
    commit_all(machine.repo, "Island")
    machine.git("checkout", "-q", "main")
    compared = machine.devassist("conflicts", "main", "island", "--fail-on", "never", "--format", "json")
    assert any("main and island share no history" in note for note in compared.json["stats"]["notes"])
    shown = machine.devassist("conflicts", "main", "island", "--fail-on", "never")
    assert "share no history" in shown.out + shown.err
    assert machine.run(PLAN).code == 0
    tip = machine.git("rev-parse", "island")
    refused = machine.devassist("merge", "--into", "island")
    assert refused.code == 2
    assert "share no history" in refused.err
    assert machine.git("rev-parse", "island") == tip
