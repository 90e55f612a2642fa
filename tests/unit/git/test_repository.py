"""The repository: found, read, its refs moved by compare-and-swap, its locks held."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devassist.domain.errors import NotFound, RepositoryChanged, RepositoryError
from devassist.git.objects.identity import Signature
from devassist.git.objects.trailers import trailers_of, with_trailers
from devassist.git.objects.trees import Entry, Trees
from devassist.git.repository import Repository
from unit.git.test_support import ME, Lab, isolate, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def test_what_cannot_be_used_is_said_with_a_hint(tmp_path: Path) -> None:
    lab = Lab(tmp_path, isolate(tmp_path / "home"))
    for name, args in (("none", ()), ("bare", ("init", "-q", "--bare")), ("empty", ("init", "-q"))):
        place = tmp_path / name
        place.mkdir()
        if args:
            lab.git(*args, cwd=place)
        with pytest.raises(RepositoryError) as caught:
            Repository.discover(place)
        assert caught.value.hint
        assert caught.value.exit_code == 2


def test_subdirectories_linked_worktrees_and_detached_heads_are_fine(lab: Lab) -> None:
    here = Repository.discover(lab.root / "src")
    assert (here.prefix, here.root, here.workdir) == ("src/", lab.root, lab.root)
    assert (here.head_branch, here.head_commit) == ("main", lab.git("rev-parse", "HEAD"))
    lab.git("worktree", "add", "-q", "-b", "side", str(lab.base / "side"))
    side = Repository.discover(lab.base / "side/src")
    assert (side.common_dir, side.root, side.workdir, side.head_branch) == (
        lab.root / ".git",
        lab.root,
        lab.base / "side",
        "side",
    )
    assert side.state_name == here.state_name
    assert here.state_name.startswith("repo-")
    lab.git("checkout", "-q", "--detach")
    assert lab.repository.head_branch is None


def test_a_bare_repository_with_worktrees_works_from_one_of_them(lab: Lab) -> None:
    lab.git("clone", "-q", "--bare", str(lab.root), str(lab.base / "bare.git"))
    lab.git("worktree", "add", "-q", str(lab.base / "w"), "main", cwd=lab.base / "bare.git")
    found = Repository.discover(lab.base / "w")
    assert found.root == found.workdir == lab.base / "w"
    assert found.common_dir == lab.base / "bare.git"


def test_revisions_files_and_history(lab: Lab) -> None:
    first = lab.git("rev-parse", "HEAD")
    second = lab.commit({"src/a.py": "one\nTWO\nthree\n"}, "second")
    repository = lab.repository
    assert repository.resolve("HEAD~1") == repository.resolve(first[:10]) == first
    with pytest.raises(NotFound):
        repository.resolve("no-such")
    assert repository.read_file(first, "README.md") == b"hello\n"
    with pytest.raises(NotFound):
        repository.read_file(first, "src")
    assert [c.subject for c in repository.log(second)] == ["second", "work"]
    assert [c.id for c in repository.log(second, hide=[first])] == [second]
    assert repository.changed_paths(first, second) == ("src/a.py",)
    assert "+TWO" in repository.diff(first, second)
    assert "src/a.py" in repository.diff(first, second, stat=True)
    assert repository.blame_line("src/a.py", 2, second).commit == second
    assert repository.blame_line("src/a.py", 1, second).commit == first
    assert repository.is_ancestor(first, second)
    assert not repository.is_shallow and not repository.is_sparse and not repository.has_lfs
    lab.commit({"assets/.gitattributes": "*.bin filter=lfs diff=lfs\n"})
    assert lab.repository.has_lfs


def test_a_patch_of_ours_is_one_git_applies(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    lab.git("mv", "src/b.py", "src/ü b.py")
    (lab.root / "blob").write_bytes(bytes(range(256)) * 10)
    new = lab.commit({"src/a.py": "no newline at end", "README.md": None})
    patch = lab.base / "p.patch"
    patch.write_bytes(lab.repository.diff(old, new).encode("utf-8", "surrogateescape"))
    lab.git("checkout", "-q", old)
    lab.git("apply", "--index", str(patch))
    assert lab.git("write-tree") == lab.git("rev-parse", f"{new}^{{tree}}")


def test_moving_a_ref_is_compare_and_swap(lab: Lab) -> None:
    first = lab.git("rev-parse", "HEAD")
    second = lab.commit({"n": "1"})
    repository = lab.repository
    repository.create_ref("refs/heads/devassist/x", first)
    with pytest.raises(RepositoryError, match="already exists"):
        repository.create_ref("refs/heads/devassist/x", second)
    repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m\nn")
    with pytest.raises(RepositoryChanged):
        repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m")
    with pytest.raises(RepositoryChanged):
        repository.delete_ref("refs/heads/devassist/x", old=first)
    lab.git("pack-refs", "--all")
    assert repository.branch_tip("devassist/x") == second
    repository.delete_ref("refs/heads/devassist/x", old=second)
    assert repository.branch_tip("devassist/x") is None
    repository.delete_ref("refs/heads/devassist/x", old=second)
    with pytest.raises(RepositoryChanged):
        repository.move_ref("refs/heads/devassist/x", old=first, new=second, message="m")
    lab.check_sound(lab.root)


def test_eight_writers_on_one_ref_lose_nothing_while_git_packs_refs(lab: Lab) -> None:
    start = lab.git("rev-parse", "HEAD")
    lab.repository.create_ref("refs/heads/devassist/race", start)
    stop, errors = threading.Event(), []

    def pack() -> None:
        while not stop.is_set():
            subprocess.run(
                ["git", "pack-refs", "--all"], cwd=lab.root, env=lab.env, capture_output=True, check=False
            )

    def writer(number: int) -> None:
        repository = lab.repository
        done = 0
        while done < 10:
            old = repository.branch_tip("devassist/race") or ""
            new = repository.commit_tree(repository.tree_of(old), (old,), f"{number}-{done}\n", ME, ME)
            try:
                repository.move_ref("refs/heads/devassist/race", old=old, new=new, message="race")
            except RepositoryChanged:
                continue
            except BaseException as error:
                errors.append(error)
                return
            done += 1

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(8)]
    packer = threading.Thread(target=pack)
    packer.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    packer.join()
    assert errors == []
    assert lab.git("rev-list", "--count", f"{start}..devassist/race") == "80"
    lab.check_sound(lab.root)


def test_a_signature_is_always_found(lab: Lab) -> None:
    assert lab.repository.signature({}) == Signature("devassist", "devassist@localhost")
    assert lab.repository.signature({"GIT_AUTHOR_NAME": "Au", "GIT_COMMITTER_NAME": " <> "}).name == "Au"
    (lab.base / "home/.gitconfig").write_text("[user]\n\tname = Global\n\temail = g@x\n")
    assert lab.repository.signature({}).name == "Global"
    lab.git("config", "user.name", "Local\nName")
    found = lab.repository.signature({"GIT_COMMITTER_EMAIL": "c@x"})
    assert (found.name, found.email) == ("Local Name", "c@x")
    assert lab.repository.commit_tree(
        lab.repository.tree_of(lab.repository.head_commit), (), "m", found, found
    )


def test_anchors_are_read_from_branches_and_our_refs(lab: Lab) -> None:
    trailers = {"Devassist-Run": "r1", "Audit-Head": "42:abcdef", "Audit-Database": "db1"}
    lab.commit({"n": "1"}, with_trailers("merge", "body", trailers))
    lab.commit({"n": "2"}, "mentions Audit-Head: 1:2 in its subject")
    side = lab.repository.commit_tree(
        lab.repository.tree_of(lab.repository.head_commit),
        (),
        with_trailers("s", "", {"Audit-Head": "7:ff"}),
        ME,
        ME,
    )
    lab.repository.create_ref("refs/devassist/keep/x", side)
    assert {(a.seq, a.hash, a.database) for a in lab.repository.history_anchors()} == {
        (42, "abcdef", "db1"),
        (7, "ff", ""),
    }


@given(
    subject=st.text(),
    body=st.text(),
    values=st.dictionaries(
        st.sampled_from(["Devassist-Run", "Devassist-Task", "Audit-Head"]), st.text(), min_size=1
    ),
)
def test_trailers_come_back_and_no_value_forges_one(subject: str, body: str, values: dict[str, str]) -> None:
    found = trailers_of(with_trailers(subject, body, values))
    assert set(found) == set(values)
    assert all("\n" not in value for value in found.values())


def test_a_newline_in_a_title_forges_nothing() -> None:
    message = with_trailers("t\n\nAudit-Head: 1:x", "b", {"Devassist-Task": "a\nAudit-Head: 9:evil"})
    assert trailers_of(message) == {"Devassist-Task": "a Audit-Head: 9:evil"}
    assert trailers_of("fix: a thing") == {}


def test_gc_is_held_off_and_given_back(lab: Lab) -> None:
    path = lab.root / ".git/gc.pid"
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert ours
        assert path.read_text() == f"{os.getpid()} {socket.gethostname()}"
        lab.commit({"n": "1"})
        done = subprocess.run(
            ["git", "gc", "--prune=now"], cwd=lab.root, env=lab.env, capture_output=True, check=False
        )
        assert b"already running" in done.stderr
        with lab.repository.hold_gc(os.getpid()) as again:
            assert not again
        assert path.exists()
    assert not path.exists()
    path.write_text(f"999999999 {socket.gethostname()}")
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert ours
    path.write_text("1 another-host")
    with lab.repository.hold_gc(os.getpid()) as ours:
        assert not ours
    assert path.read_text() == "1 another-host"


def test_the_lock_excludes_another_process(lab: Lab) -> None:
    code = (
        "import fcntl,os,sys\n"
        f"d=os.open({str(lab.root / '.git/devassist/lock')!r},os.O_RDWR)\n"
        "fcntl.flock(d,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()\n"
    )
    with lab.repository.lock():
        pass
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    holder.stdout.readline()
    with pytest.raises(RepositoryError, match="Another devassist"), lab.repository.lock(timeout_s=0.2):
        pass
    holder.stdin.close()
    holder.wait()
    holder.stdout.close()
    with lab.repository.lock(timeout_s=1):
        pass


names = st.sampled_from(["a", "b", "a.b", "a-b", "a0", "ü", "z"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@settings(
    max_examples=settings.default.max_examples * 4 // 5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=st.lists(st.tuples(paths, st.booleans()), max_size=12))
def test_edited_trees_are_the_ones_git_would_write(lab: Lab, edits: list[tuple[str, bool]]) -> None:
    """The same edits, one at a time through `git update-index --replace`, give the same tree."""
    trees = Trees(lab.repository.handle)
    base = tree = lab.git("rev-parse", "HEAD^{tree}")
    blob = str(lab.repository.handle.create_blob(b"x"))
    env = lab.env | {"GIT_INDEX_FILE": str(lab.base / "scratch-index")}
    subprocess.run(["git", "read-tree", base], cwd=lab.root, env=env, check=True)
    for path, present in edits:
        tree = trees.edited(tree, {path: Entry(0o100644, blob) if present else None}, write=True)
        args = (
            ["--replace", "--add", "--cacheinfo", f"100644,{blob},{path}"]
            if present
            else ["--force-remove", path]
        )
        subprocess.run(["git", "update-index", *args], cwd=lab.root, env=env, check=True)
    wanted = subprocess.run(["git", "write-tree"], cwd=lab.root, env=env, check=True, capture_output=True)
    assert tree == wanted.stdout.decode().strip()


def test_the_patch_of_some_paths_is_their_part_of_the_whole_patch(lab: Lab) -> None:
    before = lab.commit(
        {"a.txt": "1\n2\n3\n", "d/b.txt": "x\n" * 9, "gone": "g\n", "old-name": "line\n" * 20}
    )
    lab.git("mv", "old-name", "new-name")
    after = lab.commit({"a.txt": "1\nzwei\n3\n", "d/b.txt": "x\n" * 8 + "y\n", "gone": None, "fresh": "f\n"})
    repository = lab.repository
    whole = repository.diff(before, after)
    parts = {
        part.split()[1].removeprefix("b/"): f"diff --git {part}" for part in whole.split("diff --git ")[1:]
    }
    assert set(parts) == {"a.txt", "d/b.txt", "gone", "fresh", "new-name"}
    for path, part in parts.items():
        assert repository.diff(before, after, paths=[path]) == part
    assert repository.diff(before, after, paths=["old-name"]) == parts["new-name"]
    assert repository.diff(before, after, paths=["d/b.txt", "a.txt"]) == parts["a.txt"] + parts["d/b.txt"]
    assert repository.diff(before, after, paths=["README.md", "nowhere"]) == ""
