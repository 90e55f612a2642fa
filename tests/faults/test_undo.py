"""`devassist undo`: what landed is taken back out, previewed, and never over anybody's work."""

from __future__ import annotations

import pytest

from support.repos import git
from support.world import World


def head(world: World) -> str:
    return git(world.repo, "rev-parse", "main")


def merged(world: World, *options: str) -> str:
    """Merge the run; the tip of main before."""
    before = head(world)
    done = world.call("merge", world.run_id, *options)
    assert done.code == 0, done
    return before


def commit(world: World, path: str, text: str) -> str:
    (world.repo / path).parent.mkdir(exist_ok=True)
    (world.repo / path).write_text(text)
    git(world.repo, "add", path)
    git(world.repo, "commit", "-q", "-m", f"my {path}", "--", path)
    return head(world)


@pytest.mark.parametrize("options", [(), ("--squash",)])
def test_a_merge_that_nobody_built_on_is_put_back_with_the_files_as_they_were(
    landed: World, options: tuple[str, ...]
) -> None:
    before, mine = merged(landed, *options), landed.persons
    shown = landed.call("undo", landed.run_id, "--dry-run", "--format", "json")
    assert shown.json["how"] == "restored" and shown.json["dry_run"] and "pkg/sub.py" in shown.json["paths"]
    assert head(landed) != before and (landed.repo / "pkg/sub.py").exists()

    done = landed.call("undo", landed.run_id, "--format", "json")
    assert done.code == 0 and done.json["how"] == "restored", done
    assert head(landed) == before
    now = landed.belongings()
    assert {key: now.get(key) for key in mine if key != "index"} == {
        key: mine[key] for key in mine if key != "index"
    }
    assert git(landed.repo, "status", "--porcelain").split("\n") == ["AM notes.txt", "?? untracked.txt"]
    assert landed.tree(), "the run's own branch stays"
    assert landed.call("audit", "verify").code == 0
    assert "was not landed" in landed.call("undo", landed.run_id).err


def test_a_merge_that_others_built_on_is_taken_out_by_a_commit_on_top(landed: World) -> None:
    merged(landed)
    mine = commit(landed, "pkg/own.py", "MINE = 1\n")
    done = landed.call("undo", landed.run_id, "--format", "json")
    assert done.code == 0 and done.json["how"] == "reverted", done
    assert git(landed.repo, "rev-parse", "main^") == mine and head(landed) == done.json["commit"]
    assert git(landed.repo, "ls-tree", "-r", "--name-only", "main").split() == [
        "README.md", "pkg/__init__.py", "pkg/calc.py", "pkg/own.py",
    ]  # fmt: skip
    assert not (landed.repo / "pkg/sub.py").exists() and (landed.repo / "pkg/own.py").exists()
    assert landed.call("audit", "verify").code == 0


def test_what_was_changed_on_top_of_the_run_is_refused_and_left_alone(landed: World) -> None:
    merged(landed)
    mine = commit(landed, "pkg/sub.py", "def sub(a, b):\n    return b - a\n")
    done = landed.call("undo", landed.run_id)
    assert done.code == 1 and "pkg/sub.py" in done.err and "nothing was touched" in done.err
    assert head(landed) == mine and not git(landed.repo, "diff", "--name-only", "--", "pkg")


def test_uncommitted_work_in_a_touched_file_is_never_overwritten(landed: World) -> None:
    merged(landed)
    tip = head(landed)
    (landed.repo / "pkg/sub.py").write_text("# mine\n")
    for options in ((), ("--dry-run",)):
        done = landed.call("undo", landed.run_id, *options)
        assert done.code == 1 and "pkg/sub.py" in done.err, done
    assert head(landed) == tip and (landed.repo / "pkg/sub.py").read_text() == "# mine\n"


def test_an_applied_run_is_taken_out_of_the_files_again(landed: World) -> None:
    before = landed.belongings()
    assert landed.call("apply", landed.run_id).code == 0
    assert (landed.repo / "pkg/sub.py").exists()
    done = landed.call("undo", landed.run_id, "--format", "json")
    assert done.json["how"] == "unapplied", done
    now = landed.belongings()
    assert {key for key in {*now, *before} if now.get(key) != before.get(key)} <= {"index"}
    assert git(landed.repo, "status", "--porcelain").split("\n") == ["AM notes.txt", "?? untracked.txt"]


def test_an_applied_file_that_was_changed_since_is_refused(landed: World) -> None:
    assert landed.call("apply", landed.run_id).code == 0
    (landed.repo / "pkg/sub.py").write_text("# mine\n")
    done = landed.call("undo", landed.run_id)
    assert done.code == 1 and "pkg/sub.py" in done.err
    assert (landed.repo / "pkg/sub.py").read_text() == "# mine\n" and (landed.repo / "docs/guide.md").exists()


def test_a_branch_that_is_not_checked_out_moves_without_a_file(landed: World) -> None:
    git(landed.repo, "branch", "other")
    before = git(landed.repo, "rev-parse", "other")
    merged(landed, "--into", "other")
    files = landed.belongings()
    done = landed.call("undo", landed.run_id, "--format", "json")
    assert done.code == 0 and done.json["branch"] == "other"
    assert git(landed.repo, "rev-parse", "other") == before
    assert {k: v for k, v in landed.belongings().items() if k != "refs"} == {
        k: v for k, v in files.items() if k != "refs"
    }


def test_a_run_that_was_undone_can_be_merged_and_undone_again(landed: World) -> None:
    before = merged(landed)
    assert landed.call("undo", landed.run_id).code == 0
    merged(landed)
    assert (landed.repo / "pkg/sub.py").exists()
    assert landed.call("undo", landed.run_id).code == 0
    assert head(landed) == before
    kinds = landed.query("SELECT type FROM events WHERE type LIKE 'run.und%' ORDER BY seq")
    assert [one[0] for one in kinds] == ["run.undo.intended", "run.undone"] * 2


def test_an_undo_that_was_killed_before_it_was_recorded_is_finished_by_the_next(landed: World) -> None:
    before = merged(landed)
    killed = landed.call("undo", landed.run_id, fault="checkout.files:1:kill")
    assert killed.code == -9
    for lock in (landed.repo / ".git/refs/heads").glob("main.lock"):
        lock.unlink()
    done = landed.call("undo", landed.run_id, "--format", "json")
    assert done.code == 0, done
    assert head(landed) == before
    assert git(landed.repo, "status", "--porcelain").split("\n") == ["AM notes.txt", "?? untracked.txt"]


def test_a_run_that_was_never_landed_says_how_to_land_it(landed: World) -> None:
    done = landed.call("undo", landed.run_id)
    assert done.code == 1 and "devassist merge" in done.err
