"""`devassist doctor --fix` on damage made by hand: found, put right, recorded, and no work lost."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.repos import git
from support.world import World


@pytest.fixture
def crashed(world: World) -> World:
    """A run whose supervisor was killed while its agents were at work."""
    done = world.run("objects.write:1:kill")
    assert done.code == -9, done
    return world


def doctor(world: World, *options: str) -> Any:
    done = world.call("doctor", *options, "--format", "json")
    assert done.out, done
    return done.json


def fixed(world: World) -> dict[str, dict[str, Any]]:
    """Every repair by what it was; all done, each an event, and nothing left to do afterwards."""
    ((last,),) = world.query("SELECT MAX(seq) FROM events")
    found = doctor(world, "--fix")["repairs"]
    assert not [one for one in found if one["error"]], found
    recorded = world.query(
        "SELECT json_extract(data, '$.what') FROM events WHERE type = 'recovery.completed' AND seq > ?", last
    )
    assert {one["what"] for one in found if one["done"]} == {what for (what,) in recorded}
    again = [one for one in doctor(world, "--fix")["repairs"] if one["done"]]
    assert again == []
    assert world.call("audit", "verify").code == 0
    assert world.belongings() == world.persons
    return {one["what"]: one for one in found}


def worktree(world: World, task: str = "t2") -> Path:
    (found,) = world.state.glob(f"*/{world.run_id}/{task}/*")
    return found


def admin(world: World, task: str = "t2") -> Path:
    (found,) = (world.repo / ".git/worktrees").glob(f"da-{world.run_id}-{task}-*")
    return found


def ref_file(world: World, name: str) -> Path:
    return world.repo / ".git" / "refs" / "heads" / "devassist" / world.run_id / name


def goes_on(world: World) -> None:
    done = world.finish()
    assert done.code == 0, done


def test_a_healthy_repository_has_nothing_to_repair(landed: World) -> None:
    assert fixed(landed) == {}
    assert [one for one in doctor(landed)["checks"] if one["hint"] == "devassist doctor --fix"] == []


def test_a_dead_run_is_ended_as_stopped_with_its_work_under_a_rescue_ref(crashed: World) -> None:
    # Either task may have been the first to commit, and the worktree of the other one need not be open by then.
    ((task,), *_) = crashed.query("SELECT task FROM events WHERE type = 'agent.started' ORDER BY seq")
    (worktree(crashed, task) / "pkg" / "half.py").write_text("HALF = 1\n")
    shown = [one for one in doctor(crashed)["checks"] if one["check"] == "dead run"]
    assert shown and shown[0]["hint"] == "devassist doctor --fix"
    assert "dead run" in fixed(crashed)
    assert crashed.status() == "stopped"
    rescued = git(crashed.repo, "for-each-ref", "--format=%(refname)", "refs/devassist/rescue").split()
    shown_files = [git(crashed.repo, "ls-tree", "-r", "--name-only", one) for one in rescued]
    assert any("pkg/half.py" in one for one in shown_files)
    goes_on(crashed)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"\0\1\2 what is this")


def _gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [_empty, _garbage, _gone])
def test_mangled_pointers_of_a_worktree_are_written_as_they_were(
    waiting: World, harm: Callable[[Path], None]
) -> None:
    (worktree(waiting) / "docs" / "more.md").write_text("more\n")
    paths = [admin(waiting) / name for name in ("commondir", "HEAD", "gitdir")] + [worktree(waiting) / ".git"]
    for path in paths:
        before = path.read_bytes()
        harm(path)
        assert f"mangled {path.name}" in fixed(waiting)
        assert path.read_bytes() == before
    assert (worktree(waiting) / "docs" / "more.md").exists()
    assert git(worktree(waiting), "status", "--porcelain") == "?? docs/more.md"


def test_a_worktree_whose_pointers_are_all_gone_is_whole_again(waiting: World) -> None:
    paths = [admin(waiting) / name for name in ("commondir", "HEAD", "gitdir")] + [worktree(waiting) / ".git"]
    before = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    assert {f"mangled {path.name}" for path in paths} <= set(fixed(waiting))
    assert [path.read_bytes() for path in paths] == before


def test_a_torn_index_of_a_worktree_is_built_anew(waiting: World) -> None:
    _garbage(admin(waiting) / "index")
    assert "mangled index" in fixed(waiting)
    assert git(worktree(waiting), "status", "--porcelain") == ""


def test_a_worktree_that_lost_its_lock_is_locked_again(waiting: World) -> None:
    (admin(waiting) / "locked").unlink()
    assert "mangled locked" in fixed(waiting)
    assert waiting.run_id in (admin(waiting) / "locked").read_text()


def test_a_worktree_whose_directory_is_gone_is_forgotten_and_its_branch_kept(waiting: World) -> None:
    shutil.rmtree(worktree(waiting))
    assert "worktree without directory" in fixed(waiting)
    assert git(waiting.repo, "worktree", "list").count("\n") == 0
    assert git(waiting.repo, "rev-parse", f"devassist/{waiting.run_id}/t2/documenter")
    goes_on(waiting)


def test_a_worktree_that_git_forgot_is_registered_again_with_its_files(waiting: World) -> None:
    (worktree(waiting) / "docs" / "more.md").write_text("more\n")
    shutil.rmtree(admin(waiting))
    assert "forgotten worktree" in fixed(waiting)
    assert git(worktree(waiting), "status", "--porcelain") == "?? docs/more.md"
    assert git(worktree(waiting), "branch", "--show-current").endswith("t2/documenter")


def test_a_worktree_that_was_being_opened_is_taken_back(world: World) -> None:
    assert world.run("worktree.add:1:kill").code == -9
    found = fixed(world)
    assert "dead run" in found and {"half-registered worktree", "worktree without directory"} & set(found)
    assert git(world.repo, "worktree", "list").count("\n") == 0
    goes_on(world)


def test_locks_in_our_namespace_that_nobody_holds_are_removed(waiting: World) -> None:
    locks = [
        admin(waiting) / "index.lock",
        admin(waiting) / "HEAD.lock",
        ref_file(waiting, "result.lock"),
        waiting.repo / ".git/refs/devassist/rescue" / waiting.run_id / "x.lock",
    ]
    for lock in locks:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    found = doctor(waiting, "--fix")["repairs"]
    assert [one["what"] for one in found if one["done"]] == ["stale lock"] * len(locks)
    assert not [lock for lock in locks if lock.exists()]


def test_a_lock_that_a_process_has_open_is_left_alone(waiting: World) -> None:
    lock = admin(waiting) / "index.lock"
    with lock.open("w"):
        (found,) = [one for one in doctor(waiting, "--fix")["repairs"] if one["what"] == "stale lock"]
        assert not found["done"] and "held by a process" in found["before"]
        assert lock.exists()


def test_a_lock_of_the_persons_own_is_reported_and_left_alone(waiting: World) -> None:
    lock = waiting.repo / ".git" / "config.lock"
    lock.touch()
    (found,) = [one for one in doctor(waiting, "--fix")["repairs"] if one["what"] == "foreign lock"]
    assert not found["done"] and lock.exists() and str(lock) in found["hint"]


@pytest.mark.parametrize("harm", [_empty, _garbage])
def test_a_torn_ref_is_restored_from_its_reflog(waiting: World, harm: Callable[[Path], None]) -> None:
    path = ref_file(waiting, "result")
    before = path.read_text()
    harm(path)
    assert "broken ref" in fixed(waiting)
    assert path.read_text() == before
    goes_on(waiting)


def test_a_torn_ref_without_a_reflog_is_restored_from_the_log(waiting: World) -> None:
    path = waiting.repo / ".git/refs/devassist/base" / waiting.run_id
    before = path.read_text()
    _empty(path)
    assert "broken ref" in fixed(waiting)
    assert path.read_text() == before
    goes_on(waiting)


def test_a_ref_whose_object_was_torn_goes_back_and_its_bad_reflog_line_goes(waiting: World) -> None:
    path, run = ref_file(waiting, "t2/documenter"), waiting.run_id
    good = path.read_text().strip()
    bad = git(worktree(waiting), "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "torn")
    git(waiting.repo, "update-ref", f"refs/heads/devassist/{run}/t2/documenter", bad)
    torn = waiting.repo / ".git/objects" / bad[:2] / bad[2:]
    torn.chmod(0o600)
    _empty(torn)
    assert "broken ref" in fixed(waiting)
    assert path.read_text().strip() == good
    git(waiting.repo, "fsck", "--no-dangling")


def test_a_branch_that_was_deleted_under_its_worktree_is_there_again(waiting: World) -> None:
    ref = f"refs/heads/devassist/{waiting.run_id}/t2/documenter"
    before = git(waiting.repo, "rev-parse", ref)
    git(waiting.repo, "update-ref", "-d", ref)
    assert "deleted branch" in fixed(waiting)
    assert git(waiting.repo, "rev-parse", ref) == before


def test_an_object_that_is_missing_is_reported_with_the_ref_that_needs_it(waiting: World) -> None:
    ref = f"devassist/{waiting.run_id}/t2/documenter"
    blob = git(waiting.repo, "rev-parse", f"{ref}:docs/guide.md")
    (waiting.repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    found = [one for one in doctor(waiting, "--fix")["repairs"] if one["what"] == "missing object"]
    assert any(blob in one["before"] and ref in one["path"] for one in found)


def test_a_gc_pid_of_a_dead_supervisor_is_removed_and_anybody_elses_is_not(crashed: World) -> None:
    path = crashed.repo / ".git" / "gc.pid"
    assert path.exists(), "the supervisor was killed while it held git's garbage collection off"
    assert "stale gc.pid" in fixed(crashed)
    assert not path.exists()
    child = subprocess.Popen(["true"])
    child.wait()
    path.write_text(f"{child.pid} {socket.gethostname()}")
    assert not [one for one in doctor(crashed, "--fix")["repairs"] if one["done"]]
    assert path.exists()


def test_a_moved_repository_has_its_worktrees_again(waiting: World) -> None:
    moved = waiting.root / "elsewhere"
    waiting.repo.rename(moved)
    waiting.repo = moved
    assert "mangled .git" in fixed(waiting)
    assert git(worktree(waiting), "status", "--porcelain") == ""
    goes_on(waiting)


def test_a_directory_that_was_moved_aside_is_kept_under_a_rescue_ref(waiting: World) -> None:
    left = worktree(waiting).with_name("documenter.left-1")
    left.mkdir()
    (left / "idea.md").write_text("an idea\n")
    (left / "link").symlink_to("idea.md")
    assert "directory moved aside" in fixed(waiting)
    assert not left.exists()
    refs = git(
        waiting.repo, "for-each-ref", "--format=%(refname)", f"refs/devassist/rescue/{waiting.run_id}/left"
    )
    assert git(waiting.repo, "show", f"{refs}:idea.md") == "an idea"


def test_the_directory_of_a_discarded_run_goes(waiting: World) -> None:
    assert waiting.call("discard", waiting.run_id).code == 0
    (directory,) = waiting.state.glob(f"*/{waiting.run_id}")
    assert "directory of a discarded run" in fixed(waiting)
    assert not directory.exists()


def test_a_process_of_a_run_without_a_supervisor_is_killed(waiting: World) -> None:
    child = subprocess.Popen(
        ["sleep", "600"], env={"DEVASSIST_RUN": waiting.run_id, "PATH": os.environ["PATH"]}
    )
    other = subprocess.Popen(
        ["sleep", "600"], env={"DEVASSIST_RUN": "some-other-0000", "PATH": os.environ["PATH"]}
    )
    try:
        assert "orphan processes" in fixed(waiting)
        assert child.wait(10) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for one in (child, other):
            one.kill()
            one.wait()


def test_the_worktree_of_checks_that_a_crash_left_is_removed(world: World) -> None:
    assert world.run("merge.intent:1:kill").code == -9
    assert "worktree of checks" in fixed(world)
    goes_on(world)


def test_what_was_begun_and_never_ended_is_reported_with_the_next_command(crashed: World) -> None:
    found = [one for one in doctor(crashed)["checks"] if one["check"] == "open intent"]
    assert found and all("devassist resume" in one["hint"] for one in found)


def test_a_worktree_of_no_known_run_is_reported_and_left_alone(waiting: World) -> None:
    place = waiting.root / "theirs"
    git(waiting.repo, "worktree", "add", "-q", "-b", "theirs", str(place))
    (waiting.repo / ".git/worktrees/theirs").rename(waiting.repo / ".git/worktrees/da-odd-name-1")
    found = [one for one in doctor(waiting, "--fix")["repairs"] if one["what"] == "unknown worktree"]
    assert [one["path"] for one in found] == ["da-odd-name-1"] and not found[0]["done"]
    assert place.exists()


def test_a_run_that_is_at_work_is_not_touched(world: World) -> None:
    world.script.write_text(world.script.read_text().replace('"tools"', '"sleep_s": 600, "tools"', 1))
    child = world.start("-q", "run", "--plan", str(world.plan), "--model", f"scripted/{world.script}")
    try:
        while not list(world.state.glob("*/*/t1/coder/.git")):
            assert child.poll() is None, "it ended before its agent began"
            time.sleep(0.02)
        assert [one for one in doctor(world, "--fix")["repairs"] if one["done"]] == []
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_gc_removes_nothing_of_a_crashed_run_and_says_why(crashed: World) -> None:
    done = crashed.call("worktrees", "gc", "--format", "json")
    assert done.code == 0 and done.json["worktrees"]
    assert all("supervisor is gone" in one["reason"] for one in done.json["worktrees"])
    kept = crashed.query("SELECT COUNT(*) FROM events WHERE type = 'worktree.kept'")
    assert kept[0][0] == len(done.json["worktrees"])


def test_gc_goes_on_past_a_worktree_that_it_cannot_read(waiting: World) -> None:
    _garbage(admin(waiting) / "HEAD")
    done = waiting.call("worktrees", "gc", "--format", "json")
    assert done.code == 0 and "doctor --fix" in done.json["worktrees"][0]["reason"], done
