"""Merging in memory, and the only writes to a person's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import RepositoryChanged, RepositoryError
from devassist.git.merging.merge import commit_merge, merge_in_memory
from devassist.git.worktree.checkout import apply_to_workdir, checkout_branch_to, dirty_overlap
from devassist.git.worktree.snapshot import snapshot_dirty
from devassist.git.worktree.uncommitted import dirty_paths
from unit.git.test_support import ME, Lab, new_lab, tree_bytes

FIVE = "one\ntwo\nthree\nfour\nfive\n"
LONG = "".join(f"line {n}\n" for n in range(40))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def branches(
    lab: Lab, base: dict[str, str | None], ours: dict[str, str | None], theirs: dict[str, str | None]
) -> tuple[str, str]:
    """Two commits from one base; main ends where it was."""
    if base:
        lab.commit(base)
    start = lab.git("rev-parse", "HEAD")
    made = []
    for files in (ours, theirs):
        lab.git("checkout", "-q", "--detach", start)
        for name, text in files.items():
            if text is not None and text.startswith("RENAME "):
                (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
                lab.git("mv", text.removeprefix("RENAME "), name)
        made.append(
            lab.commit({n: t for n, t in files.items() if not (t or "").startswith("RENAME ")})
            if any(not (t or "").startswith("RENAME ") for t in files.values())
            else commit_all(lab)
        )
    lab.git("checkout", "-q", "main")
    return made[0], made[1]


def without_objects(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not name.startswith(".git/objects/")}


def commit_all(lab: Lab) -> str:
    lab.git("commit", "-qam", "renamed")
    return lab.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "path"),
    [
        ({"src/a.py": FIVE.replace("two", "2")}, {"src/a.py": FIVE.replace("two", "zwei")}, "content", "src/a.py"),
        ({"n.txt": "a\n"}, {"n.txt": "b\n"}, "add-add", "n.txt"),
        ({"src/a.py": "changed\n"}, {"src/a.py": None}, "modify-delete", "src/a.py"),
        ({"src/a.py": None}, {"src/a.py": "changed\n"}, "modify-delete", "src/a.py"),
        ({"long2": "RENAME long"}, {"long": None}, "rename-delete", "long2"),
        ({"long2": "RENAME long"}, {"long3": "RENAME long"}, "rename-rename", "long"),
        ({"dir": "a file\n"}, {"dir/inner": "below\n"}, "directory-file", "dir"),
        ({"bin": "a\0b1"}, {"bin": "a\0b2"}, "binary", "bin"),
    ],
)  # fmt: skip
def test_conflicts_are_named_by_kind(
    lab: Lab, ours: dict[str, str | None], theirs: dict[str, str | None], kind: str, path: str
) -> None:
    one, two = branches(lab, {"long": LONG, "bin": "a\0b0"}, ours, theirs)
    before = tree_bytes(lab.root, skip="nothing")
    result = merge_in_memory(lab.repository, one, two, environment=lab.env)
    assert result.tree is None
    assert (kind, path) in {(c.kind, c.path) for c in result.conflicts}, result
    if kind == "rename-rename":
        assert {c.kind for c in result.conflicts} == {"rename-rename"}
    after = tree_bytes(lab.root, skip="nothing")
    assert without_objects(after) == without_objects(before)


def test_mode_conflicts_and_clean_merges(lab: Lab) -> None:
    one, two = branches(
        lab, {}, {"src/a.py": FIVE.replace("one", "1")}, {"src/a.py": FIVE.replace("five", "5")}
    )
    result = merge_in_memory(lab.repository, one, two, environment=lab.env)
    assert result.tree == lab.git("merge-tree", "--write-tree", one, two)
    made = commit_merge(
        lab.repository, tree=result.tree or "", parents=[one, two], message="merge\n", author=ME, committer=ME
    )
    assert lab.git("log", "-1", "--format=%P", made) == f"{one} {two}"
    lab.check_sound(lab.root)


def test_a_merge_with_a_base_of_its_own_takes_a_commit_back(lab: Lab) -> None:
    before = lab.git("rev-parse", "HEAD")
    wrong = lab.commit({"src/a.py": FIVE.replace("two", "2")})
    later = lab.commit({"src/a.py": FIVE.replace("two", "2").replace("five", "5"), "new": "n\n"})
    result = merge_in_memory(lab.repository, later, before, base=wrong, environment=lab.env)
    assert lab.git("show", f"{result.tree}:src/a.py") == FIVE.replace("five", "5").rstrip()
    assert lab.git("ls-tree", "--name-only", str(result.tree), "new") == "new"


def test_a_merge_is_what_git_says_where_directories_move_and_drivers_are_named(lab: Lab) -> None:
    """libgit2 would leave the new file in the old directory, and merge a file whose driver it does not have."""
    moved = {f"lib/{name}.py": f"RENAME src/{name}.py" for name in ("a", "b")}
    one, two = branches(lab, {}, moved, {"src/new.py": "n\n"})
    assert {one.kind for one in merge_in_memory(lab.repository, one, two, environment=lab.env).conflicts} == {
        "directory-file"
    }
    lab.git("config", "merge.directoryRenames", "true")
    tree = str(merge_in_memory(lab.repository, one, two, environment=lab.env).tree)
    files = lab.git("ls-tree", "-r", "--name-only", tree).split()
    assert ("lib/new.py" in files, "src/new.py" in files) == (True, False)
    lab.git("config", "merge.mine.driver", "touch ran; true")
    one, two = branches(lab, {"locked": FIVE, ".gitattributes": "locked merge=mine\n"},
                        {"locked": "1\n" + FIVE}, {"locked": FIVE + "6\n"})  # fmt: skip
    found = merge_in_memory(lab.repository, one, two, environment=lab.env)
    assert [(conflict.path, conflict.kind) for conflict in found.conflicts] == [("locked", "content")]
    assert not (lab.root / "ran").exists()


def test_dirty_snapshot_changes_nothing_the_person_has(lab: Lab) -> None:
    lab.write({"stashed": "s"})
    lab.git("stash", "-u", "-q")
    lab.write({"src/a.py": "staged\n", "staged-new": "sn\n"})
    lab.git("add", "-A")
    lab.write({"src/a.py": "unstaged\n", "untracked ü": "u\n", "x.log": "ignored", "README.md": None})
    before = tree_bytes(lab.root, skip="nothing")
    made = snapshot_dirty(lab.repository, "snapshot\n", ME).commit
    after = tree_bytes(lab.root, skip="nothing")
    assert without_objects(after) == without_objects(before)
    assert lab.git("show", f"{made}:src/a.py") == "unstaged"
    assert lab.git("ls-tree", "-r", "--name-only", "-z", made).split("\0")[:-1] == [
        ".gitignore",
        "src/a.py",
        "src/b.py",
        "staged-new",
        "untracked ü",
    ]
    dirty = dirty_paths(lab.repository)
    assert dirty.staged == ("src/a.py", "staged-new")
    assert dirty.unstaged == ("README.md", "src/a.py")
    assert dirty.untracked == ("untracked ü",)
    lab.check_sound()


def result_commit(lab: Lab, files: dict[str, str | None]) -> str:
    """A descendant of main, made without main moving."""
    lab.git("checkout", "-q", "--detach")
    made = lab.commit(files)
    lab.git("checkout", "-q", "main")
    return made


def test_merge_onto_the_checked_out_branch_leaves_other_work(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n", "added/ü\n": "x\n", "README.md": None})
    lab.write({"src/b.py": "mine\n", "untracked": "u\n", "staged": "s\n"})
    lab.git("add", "staged")
    done = checkout_branch_to(lab.repository, "main", new, old=old)
    assert done.written == ("README.md", "added/ü\n", "src/a.py")
    assert lab.git("rev-parse", "main") == new
    assert (lab.root / "src/a.py").read_text() == "new\n"
    assert not (lab.root / "README.md").exists()
    assert sorted(lab.git("status", "--porcelain").split("\n")) == [
        " M src/b.py",
        "?? untracked",
        "A  staged",
    ]
    lab.check_sound()


@pytest.mark.parametrize(
    "how", ["unstaged", "staged", "untracked", "ignored", "below-file", "below-dir", "deleted"]
)
def test_merge_refuses_on_overlap_and_touches_nothing(lab: Lab, how: str) -> None:
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n", "added": "x\n", "y.log.d/z": "z\n", "deep/er/f": "f\n"})
    overlap = "src/a.py"
    match how:
        case "unstaged":
            lab.write({"src/a.py": "mine\n"})
        case "staged":
            lab.write({"src/a.py": "mine\n"})
            lab.git("add", "-A")
            lab.write({"src/a.py": FIVE})
        case "untracked":
            lab.write({"added": "mine\n"})
            overlap = "added"
        case "ignored":
            (lab.root / ".git/info/exclude").write_text("added\n")
            lab.write({"added": "mine\n"})
            overlap = "added"
        case "below-file":
            lab.write({"deep": "mine\n"})
            overlap = "deep"
        case "below-dir":
            lab.write({"added/mine": "mine\n"})
            overlap = "added/mine"
        case "deleted":
            lab.write({"src/a.py": None})
    before = tree_bytes(lab.root)
    index = (lab.root / ".git/index").read_bytes()
    repository = lab.repository
    assert dirty_overlap(repository, repository.tree_of(new)) == (overlap,)
    with pytest.raises(RepositoryError, match=overlap):
        checkout_branch_to(repository, "main", new, old=old)
    with pytest.raises(RepositoryError, match=overlap):
        apply_to_workdir(repository, repository.tree_of(old), repository.tree_of(new))
    assert tree_bytes(lab.root) == before
    assert (lab.root / ".git/index").read_bytes() == index
    assert lab.git("rev-parse", "main") == old
    assert not list((lab.root / ".git").rglob("*.lock"))


def test_merge_onto_a_branch_nobody_is_on_moves_only_the_ref(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    lab.git("branch", "other")
    new = result_commit(lab, {"src/a.py": "new\n"})
    lab.write({"src/a.py": "mine\n"})
    checkout_branch_to(lab.repository, "other", new, old=old)
    assert lab.git("rev-parse", "other") == new
    assert (lab.root / "src/a.py").read_text() == "mine\n"
    with pytest.raises(RepositoryChanged):
        checkout_branch_to(lab.repository, "other", new, old=old)
    lab.git("worktree", "add", "-q", str(lab.base / "elsewhere"), "other")
    with pytest.raises(RepositoryError, match="elsewhere"):
        checkout_branch_to(lab.repository, "other", old, old=new)


def test_a_merge_that_died_between_files_and_ref_is_finished_by_doing_it_again(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n", "more": "m\n"})
    repository = lab.repository
    apply_to_workdir(repository, repository.tree_of(old), repository.tree_of(new))
    checkout_branch_to(repository, "main", new, old=old)
    lab.check_sound(lab.root)


def test_a_failed_write_puts_the_files_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from devassist.git.worktree.files import Files

    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n", "z": "z\n", "README.md": None})
    before, write = tree_bytes(lab.root), Files.write

    def failing(self: Files, path: str, entry: object) -> object:
        if path == "z":
            raise RepositoryError("disk full")
        return write(self, path, entry)  # type: ignore[arg-type]

    monkeypatch.setattr(Files, "write", failing)
    with pytest.raises(RepositoryError, match="disk full"):
        checkout_branch_to(lab.repository, "main", new, old=old)
    assert tree_bytes(lab.root) == before
    assert lab.git("rev-parse", "main") == old
    lab.check_sound(lab.root)


def test_apply_stages_the_net_change_and_commits_nothing(lab: Lab) -> None:
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n", "added": "x\n", "README.md": None})
    lab.write({"untracked": "u\n"})
    repository = lab.repository
    assert apply_to_workdir(repository, repository.tree_of(old), repository.tree_of(new)) == (
        "README.md",
        "added",
        "src/a.py",
    )
    assert lab.git("rev-parse", "HEAD") == old
    assert lab.git("status", "--porcelain").split("\n") == [
        "D  README.md",
        "A  added",
        "M  src/a.py",
        "?? untracked",
    ]
    lab.check_sound()


def test_merge_in_a_sparse_checkout_writes_only_what_is_checked_out(lab: Lab) -> None:
    lab.commit({"web/z.js": "z\n", "web/y.js": "y\n"})
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"web/z.js": "z2\n", "src/a.py": "a2\n", "web/new.js": "n\n", "web/y.js": None})
    lab.git("sparse-checkout", "set", "--cone", "src")
    assert not (lab.root / "web").exists()
    checkout_branch_to(lab.repository, "main", new, old=old)
    assert not (lab.root / "web").exists()
    assert (lab.root / "src/a.py").read_text() == "a2\n"
    lab.check_sound(lab.root)


def test_a_held_index_lock_is_waited_for_and_never_removed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devassist.git.worktree.index_file.patiently", lambda action: action())
    old = lab.git("rev-parse", "HEAD")
    new = result_commit(lab, {"src/a.py": "new\n"})
    lock = lab.root / ".git/index.lock"
    lock.write_text("")
    with pytest.raises(RepositoryError, match="lock"):
        checkout_branch_to(lab.repository, "main", new, old=old)
    assert lock.exists()
    lock.unlink()
    lab.check_sound(lab.root)
