"""merge, apply, discard and worktrees gc: the person's own files first, and nothing becomes unreachable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, edit, plan, submit, task, write
from support.repos import Untouched, commit_all, content, put, trailers, tree_files

PLAN = plan(
    task("guide", "ALPHA", role="documenter", review=False),
    task("made", "BRAVO", role="documenter", review=False),
    task("lies", "CHARLIE", role="documenter", review=False),
    goal="Write the guide",
)


@pytest.fixture(scope="module")
def made(make_shared_machine: Callable[..., Machine]) -> tuple[Machine, str]:
    script = CrewScript()
    script.on("ALPHA", "documenter", edit("docs/guide.md", "Use add", "Please use add"), submit())
    script.on("BRAVO", "documenter", write("made.txt", "made\n"), submit())
    script.on("CHARLIE", "documenter", write("lie.txt", "lie\n"), "It is done.", "Believe me.")
    machine = make_shared_machine(script=script)
    done = machine.run(PLAN)
    assert done.code == 1, done
    assert done.json["status"] == "partial"
    return machine, done.json["run"]


@pytest.fixture
def taken(made: tuple[Machine, str]) -> tuple[Machine, str]:
    """The run's repository as it was after the run."""
    machine, run = made
    machine.git("checkout", "-q", "-f", "main")
    base = machine.git("rev-parse", f"refs/devassist/base/{run}")
    machine.git("reset", "-q", "--hard", base)
    machine.git("clean", "-fdq")
    machine.git("branch", "-f", "other", base)
    return machine, run


def test_merge_brings_the_result_in_and_leaves_other_dirty_files_alone(taken: tuple[Machine, str]) -> None:
    machine, run = taken
    put(machine.repo, {"README.md": "unsaved\n", "scratch.txt": "untracked\n", "staged.txt": "staged\n"})
    machine.git("add", "staged.txt")
    old = machine.git("rev-parse", "main")
    done = machine.devassist("merge", run, "--format", "json")
    assert done.code == 0, done
    assert machine.git("rev-parse", "main") == done.json["commit"]
    assert machine.git("rev-list", "--parents", "-1", "main").split()[1] == old
    assert "Audit-Head" in trailers(machine.repo, "main")
    assert (machine.repo / "made.txt").read_text() == "made\n"
    assert (machine.repo / "docs/guide.md").read_text() == "# Guide\n\nPlease use add and sub.\n"
    assert machine.git("status", "--porcelain").splitlines() == [
        " M README.md",
        "A  staged.txt",
        "?? scratch.txt",
    ]
    assert machine.devassist("audit", "verify").code == 0


@pytest.mark.parametrize("command", ["merge", "apply"])
@pytest.mark.parametrize(
    "mine",
    [{"docs/guide.md": "unsaved\n"}, {"made.txt": "mine, and untracked\n"}],
    ids=["a modified file", "an untracked file"],
)
def test_an_overlap_with_unsaved_work_is_refused_and_nothing_is_touched(
    taken: tuple[Machine, str], command: str, mine: dict[str, str]
) -> None:
    machine, run = taken
    put(machine.repo, mine)
    before = Untouched.of(machine.repo)
    done = machine.devassist(command, run)
    assert done.code not in (0, 70), done
    assert next(iter(mine)) in done.err
    assert Untouched.of(machine.repo) == before


def test_merge_into_another_branch_leaves_the_checkout_alone(taken: tuple[Machine, str]) -> None:
    machine, run = taken
    before = Untouched.of(machine.repo)
    done = machine.devassist("merge", run, "--into", "other")
    assert done.code == 0, done
    assert "made.txt" in tree_files(machine.repo, "other")
    assert Untouched.of(machine.repo) == before
    assert machine.devassist("merge", run, "--into", "other").code != 0
    assert machine.devassist("merge", run, "--into", "no-such-branch").code == 2


def test_squash_makes_one_commit_with_one_parent(taken: tuple[Machine, str]) -> None:
    machine, run = taken
    old = machine.git("rev-parse", "main")
    done = machine.devassist("merge", run, "--squash")
    assert done.code == 0, done
    assert machine.git("rev-list", "--parents", "-1", "main").split()[1:] == [old]
    assert machine.git("log", "-1", "--format=%s", "main") == "Write the guide"
    assert (machine.repo / "made.txt").exists()
    assert machine.git("status", "--porcelain") == ""


def test_a_merge_that_conflicts_with_the_branch_is_refused_with_the_path(taken: tuple[Machine, str]) -> None:
    machine, run = taken
    put(machine.repo, {"docs/guide.md": "# Guide\n\nUse everything.\n"})
    commit_all(machine.repo, "Mine")
    before = Untouched.of(machine.repo)
    done = machine.devassist("merge", run)
    assert done.code == 1, done
    assert "docs/guide.md" in done.err
    assert Untouched.of(machine.repo) == before


def test_apply_puts_the_net_change_into_the_files_for_a_commit_of_ones_own(
    taken: tuple[Machine, str],
) -> None:
    machine, run = taken
    put(machine.repo, {"README.md": "unsaved\n"})
    head = machine.git("rev-parse", "HEAD")
    done = machine.devassist("apply", run, "--format", "json")
    assert done.code == 0, done
    assert sorted(done.json["paths"]) == ["docs/guide.md", "made.txt"]
    assert machine.git("rev-parse", "HEAD") == head
    assert (machine.repo / "made.txt").read_text() == "made\n"
    assert (machine.repo / "README.md").read_text() == "unsaved\n"


def test_worktrees_are_listed_found_and_collected_only_when_nothing_is_lost(
    taken: tuple[Machine, str],
) -> None:
    machine, run = taken
    listed = machine.devassist("worktrees", "list", "--format", "json").json["worktrees"]
    (lies,) = [one for one in listed if "/lies/" in (one["branch"] or "")]
    assert lies["dirty"] is True
    path = machine.devassist("worktrees", "path", f"{run}/lies/documenter")
    assert path.out.strip() == lies["path"]
    for options in (["--dry-run"], []):
        done = machine.devassist("worktrees", "gc", *options, "--format", "json")
        assert done.code == 0, done
    assert content(machine.repo, f"refs/devassist/rescue/{run}/lies/documenter", "lie.txt") == "lie"


def test_discard_removes_branches_and_worktrees_but_keeps_every_commit_reachable(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    script.on("ALPHA", "documenter", edit("docs/guide.md", "Use add", "Please use add"), submit())
    script.on("BRAVO", "documenter", write("made.txt", "made\n"), submit())
    script.on("CHARLIE", "documenter", write("lie.txt", "lie\n"), submit(proves=["x"]), submit(proves=["x"]))
    machine = make_machine(script=script)
    run = machine.run(PLAN).json["run"]
    tips = machine.git("for-each-ref", "--format=%(objectname)", f"refs/heads/devassist/{run}").split()
    tips += machine.git("for-each-ref", "--format=%(objectname)", f"refs/devassist/rescue/{run}").split()
    assert len(tips) >= 4
    before = Untouched.of(machine.repo)
    done = machine.devassist("discard", run)
    assert done.code == 0, done
    assert machine.git("for-each-ref", "refs/heads/devassist") == ""
    assert machine.git("worktree", "list").count("\n") == 0
    assert Untouched.of(machine.repo) == before
    reachable = set(machine.git("rev-list", "--all").split())
    assert set(tips) <= reachable
    assert machine.devassist("audit", "verify").code == 0
    assert all(one["run"] != run for one in machine.devassist("status", "--format", "json").json["runs"])
    refused = machine.devassist("merge", run)
    assert (refused.code, "was discarded" in refused.err) == (1, True), refused
    assert "was discarded" in machine.devassist("note", run, "a", "hello").err


def test_undo_of_a_run_that_never_landed_names_the_one_that_did(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript()
    script.on("ALPHA", "documenter", write("a.txt", "a\n"), submit())
    machine = make_machine(script=script)
    first, second = (
        machine.run(plan(task("one", "ALPHA", role="documenter", review=False))).json["run"] for _ in range(2)
    )
    assert machine.devassist("apply", first).code == 0
    done = machine.devassist("undo")
    assert done.code == 1
    assert f"{second} was not landed anywhere" in done.err
    assert f"devassist undo {first} takes back the newest landing" in done.err
    assert machine.devassist("undo", first).code == 0
    assert "takes back" not in machine.devassist("undo").err
