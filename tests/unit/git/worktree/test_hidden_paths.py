"""Worktrees in which private paths are not on disk, and do not count as deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from devassist.domain.choice.privacy import PrivatePaths
from devassist.domain.errors import RepositoryError
from devassist.git.reading import ReadingGit
from devassist.git.worktree.private_git import private_git
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import find_worktree, open_worktree
from unit.git.test_support import ME, Lab, new_lab

FILES = {
    "secret/key.txt": "PRIVATE\n",
    "Secret.d/odd [x]!#.md": "PRIVATE\n",
    "deep/down/TOKEN": "PRIVATE\n",
    "deep/down/open.txt": "open\n",
}
PATTERNS = ("secret/", "SECRET.D/**", "token")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = new_lab(tmp_path)
    lab.commit(FILES)
    (lab.root / "way").symlink_to("secret/key.txt")
    lab.commit({"more.txt": "more\n"})
    return lab


def opened(lab: Lab, name: str = "da-one") -> Worktree:
    return open_worktree(
        lab.repository,
        name=name,
        path=lab.base / name,
        branch=f"devassist/r1/{name}",
        commit=lab.repository.head_commit,
        reason="devassist r1",
        hidden=PrivatePaths(PATTERNS),
    )


def private_text_below(root: Path) -> list[str]:
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if b"PRIVATE" in path.read_bytes()]


@pytest.mark.parametrize("sparse", [False, True])
def test_private_files_are_not_on_disk_and_not_deleted(lab: Lab, sparse: bool) -> None:
    if sparse:
        lab.git("sparse-checkout", "set", "--cone", "secret", "deep", "Secret.d")
    worktree = opened(lab)
    assert private_text_below(worktree.path) == []
    assert (worktree.path / "deep/down/open.txt").read_text() == "open\n"
    assert not (worktree.path / "way").exists()
    assert worktree.is_clean
    lab.write({"deep/down/open.txt": "changed\n"}, worktree.path)
    made = worktree.commit(["deep/down/open.txt"], "m", author=ME, committer=ME)
    assert made and lab.git("diff", "--name-only", "main", made) == "deep/down/open.txt"
    assert worktree.is_clean
    assert not lab.git("config", "--get", "core.sparsecheckout", check=False) or sparse


def test_they_stay_away_when_the_worktree_goes_on_to_a_commit_that_adds_more(lab: Lab) -> None:
    worktree = opened(lab)
    lab.commit({"secret/new.txt": "PRIVATE\n", "secret/key.txt": "PRIVATE again\n", "open.txt": "o\n"})
    found = find_worktree(lab.repository, name="da-one", path=worktree.path, branch="devassist/r1/da-one")
    found.fast_forward(lab.repository.head_commit)
    assert private_text_below(worktree.path) == []
    assert (worktree.path / "open.txt").exists()
    assert found.is_clean


def test_a_file_that_an_agent_puts_in_the_place_of_a_private_one_is_not_replaced_by_it(lab: Lab) -> None:
    worktree = opened(lab)
    lab.write({"secret/key.txt": "mine\n", "deep/down/TOKEN/x": "mine\n"}, worktree.path)
    assert {change.path for change in worktree.changes()} >= {"secret/key.txt"}
    lab.commit({"secret/key.txt": "PRIVATE v2\n", "open.txt": "o\n"})
    worktree.fast_forward(lab.repository.head_commit, rescue_ref="refs/devassist/rescue/r1/da-one")
    assert private_text_below(worktree.path) == []
    assert not (worktree.path / "secret/key.txt").exists()
    assert (worktree.path / "open.txt").exists()


def test_commands_in_such_a_worktree_get_no_git(lab: Lab) -> None:
    worktree, private = opened(lab), lab.base / "private"
    private.mkdir()
    with pytest.raises(RepositoryError, match="hidden"):
        private_git(worktree.path, (lab.repository.common_dir,), private)


def test_a_commit_is_shown_without_them(lab: Lab) -> None:
    lab.commit({"secret/key.txt": "PRIVATE v2\n", "README.md": "public v2\n"})
    lab.git("mv", "secret/key.txt", "now-public.txt")
    lab.commit({"deep/down/TOKEN": "PRIVATE v3\n"})
    worktree = opened(lab)
    reading = ReadingGit.open("git", worktree.admin.path, worktree.path)
    reading = ReadingGit(
        reading.program,
        reading.git_dir,
        reading.work_tree,
        reading.environment,
        left_out=tuple(PrivatePaths(PATTERNS).pathspecs()),
    )

    def output(*arguments: str) -> str:
        answer = reading.run(*arguments, most=100_000, timeout_s=20)
        assert answer.code == 0, answer.error
        return answer.output.decode()

    shown = output("show", "--format=", "-M", "HEAD~1")
    assert "public v2" in shown
    assert "PRIVATE" not in shown
    assert "PRIVATE v3" not in output("show", "--format=", "-M", "HEAD")
    assert "-PRIVATE" not in output("show", "--format=", "-M", "HEAD", "--", ":(top,literal)deep")
    assert output("show", "--no-patch", "--format=%H", "HEAD").strip() == lab.repository.head_commit
    assert output("log", "--format=%s", "--follow", "HEAD", "--", ":(top,literal)README.md")
