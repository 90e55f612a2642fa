"""History: revisions, patches, and the audit log's anchors in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.errors import NotFound
from devassist.git.objects.trailers import with_trailers
from unit.git.test_support import ME, Lab, new_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


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
