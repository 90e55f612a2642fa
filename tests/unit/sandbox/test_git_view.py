"""git as a sandboxed command has it: everything works, nothing of the repository can be written or told."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from tests.support.sandboxes import sandbox_or_skip
from tests.support.tool_session import git

from devassist.git.worktree.private_git import private_git
from devassist.ports import CommandResult, Sandbox, SandboxSpec
from devassist.sandbox.unsafe import UnsafeSandbox

SECRET = "s3cr3t-t0ken-1234567890"


class Place:
    """A repository with secrets in its git directory, and a worktree at a merge commit."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        self.root, self.sandbox = root, sandbox
        self.repository, self.tree, self.private = root / "repository", root / "tree", root / "private"
        self.repository.mkdir()
        self.private.mkdir()
        git(self.repository, "init", "-q", "-b", "main")
        self._history()
        self._secrets()
        git(self.repository, "worktree", "add", "-q", "-b", "agent/coder", str(self.tree))
        self.before = self.snapshot()

    def _history(self) -> None:
        (self.repository / "a.txt").write_text("one\n")
        (self.repository / ".gitignore").write_text("*.log\n")
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-qm", "first")
        git(self.repository, "tag", "-a", "-m", "v1", "v1.0")
        git(self.repository, "checkout", "-q", "-b", "side")
        (self.repository / "side.txt").write_text("side\n")
        git(self.repository, "add", "-A")
        git(self.repository, "commit", "-qm", "side")
        git(self.repository, "checkout", "-q", "main")
        git(self.repository, "merge", "-q", "--no-ff", "-m", "Merge side", "side")
        git(self.repository, "pack-refs", "--all")

    def _secrets(self) -> None:
        git(self.repository, "remote", "add", "origin", f"https://user:{SECRET}@example.org/x.git")
        git(self.repository, "config", "http.extraHeader", f"Authorization: {SECRET}")
        git(self.repository, "config", "credential.helper", f"!echo {SECRET}")
        (self.repository / "a.txt").write_text(f"{SECRET}\n")
        git(self.repository, "stash")
        hook = self.repository / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {SECRET}\n")
        hook.chmod(0o755)
        (self.repository / ".git" / "info" / "exclude").write_text("*.tmp\n")

    def snapshot(self) -> dict[str, bytes]:
        common = self.repository / ".git"
        return {str(path): path.read_bytes() for path in sorted(common.rglob("*")) if path.is_file()} | {
            "pointer": (self.tree / ".git").read_bytes()
        }

    def run(self, command: str, **environment: str) -> CommandResult:
        spec = SandboxSpec(
            worktree=self.tree,
            private=self.private,
            masked=[self.repository, self.repository / ".git"],
            environment={
                "PATH": "/usr/bin:/bin", "HOME": str(self.private / "home"), "TMPDIR": str(self.private / "tmp"), **environment,
            },
        )  # fmt: skip
        return self.sandbox.run(command, spec, timeout_s=60)

    def output(self, command: str) -> str:
        result = self.run(command)
        assert result.exit_code == 0, result.output
        return result.output

    def unharmed(self) -> bool:
        return self.snapshot() == self.before


@pytest.fixture(params=["bubblewrap", "landlock", "none"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    sandbox = (
        UnsafeSandbox() if request.param == "none" else sandbox_or_skip(request.param, tmp_path / "probe")
    )
    return Place(tmp_path, sandbox)


def test_git_tells_of_the_worktree_and_its_history(place: Place) -> None:
    assert place.output("git status") == "On branch agent/coder\nnothing to commit, working tree clean\n"
    assert place.output("git ls-files").split() == [".gitignore", "a.txt", "side.txt"]
    assert place.output("git log --format=%s").splitlines()[0] == "Merge side"
    assert place.output("git log --format=%s main..HEAD; git rev-parse main^2 HEAD^2").split()[0] != ""
    assert place.output("git describe").startswith("v1.0-2-g")
    assert place.output("git branch --format='%(refname:short)'").split() == ["agent/coder", "main", "side"]
    assert place.output("cd / && git -C " + str(place.tree) + " rev-parse --show-toplevel").strip() == str(
        place.tree
    )
    (place.tree / "a.txt").write_text("two\n")
    (place.tree / "x.log").write_text("")
    (place.tree / "x.tmp").write_text("")
    (place.tree / "new.txt").write_text("new\n")
    assert place.output("git status --porcelain") == " M a.txt\n?? new.txt\n"
    assert "-one\n+two\n" in place.output("git diff")
    assert place.output("git stash list; git reflog; git remote") == ""
    assert place.unharmed()


def test_what_the_agents_git_writes_stays_its_own(place: Place) -> None:
    (place.tree / "a.txt").write_text("two\n")
    place.output("git add -A && git commit -qm mine && git tag mine && git checkout -q -b other && git gc -q")
    assert place.output("git log -1 --format=%s").strip() == "mine"
    place.output("git checkout -q agent/coder && git reset -q --hard HEAD~1 && git stash list")
    assert (place.tree / "a.txt").read_text() == "one\n"
    (place.tree / "a.txt").write_text("three\n")
    place.output("git stash -q && git stash pop -q && git config user.name me && git init -q")
    assert (place.tree / "a.txt").read_text() == "three\n"
    assert place.unharmed()


def test_nothing_secret_is_told(place: Place) -> None:
    listing = "git config --list --show-origin; git remote -v; git stash list; git reflog --all; cat .git; "
    files = f"cat {place.private}/git/config {place.private}/git/packed-refs; ls {place.private}/git/hooks; "
    said = place.run(listing + files + "git for-each-ref; true").output
    assert SECRET not in said
    assert "refs/stash" not in said
    if not isinstance(place.sandbox, UnsafeSandbox):
        common = place.repository / ".git"
        leak = place.run(
            f"cat {common}/config {common}/logs/HEAD {common}/hooks/* {common}/packed-refs; ls {common}"
        )
        assert SECRET not in leak.output
        assert "refs/tags" not in leak.output


def test_the_repositorys_objects_cannot_be_written(place: Place) -> None:
    if isinstance(place.sandbox, UnsafeSandbox):
        pytest.skip("this tier confines nothing")
    objects = place.repository / ".git" / "objects"
    place.run(f"rm -rf {objects}/*; echo x > {objects}/info/alternates; touch {objects}/x")
    assert place.unharmed()
    assert place.output("git fsck") is not None


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf .git",
        "rm -f .git; git init -q; git add -A; git commit -qm x",
        "mv .git old; ln -s /etc .git",
        "echo gitdir: /x > .git",
    ],
)
def test_a_command_that_replaces_git_has_failed_and_nothing_is_lost(place: Place, command: str) -> None:
    result = place.run(f"{command}; ls -d .git")
    assert place.unharmed()
    if "has put it back" in result.output:
        assert result.exit_code != 0
    else:  # nothing could be done to it
        assert "cannot" in result.output or "Read-only" in result.output or "busy" in result.output
    assert place.output("git status --porcelain | grep -v old || true") == ""


def test_a_git_directory_that_the_agent_turned_into_a_link_is_made_anew(place: Place) -> None:
    outside = place.root / "outside"
    outside.mkdir()
    (outside / "devassist-stamp").write_text("x")
    place.output("git status")
    place.run(f"rm -rf {place.private}/git && ln -s {outside} {place.private}/git")
    assert "nothing to commit" in place.output("git status")
    assert [path.name for path in outside.iterdir()] == ["devassist-stamp"]


def test_a_git_directory_of_any_depth_does_not_stop_the_next_one(place: Place) -> None:
    place.output("git status")
    deep = "import os\nos.chdir(os.environ['HOME'] + '/../git')\nfor _ in range(1500):\n    os.mkdir('d'); os.chdir('d')\n"
    place.run(f'python3 -c "{deep}"')
    git(place.tree, "commit", "-q", "--allow-empty", "-m", "of the harness")
    assert place.output("git log -1 --format=%s") == "of the harness\n"
    # pytest, which removes the directories of earlier sessions, gives up at such a depth.
    subprocess.run(["rm", "-rf", *place.private.glob(".git-*")], check=True)


def test_tests_that_make_repositories_of_their_own_still_do(place: Place) -> None:
    command = (
        "mkdir -p $TMPDIR/r && cd $TMPDIR/r && git init -q -b trunk . && git commit -q --allow-empty -m x "
        "&& git branch --show-current && git clone -q . ../c && git -C ../c log --format=%s && rm -rf ../r ../c"
    )
    assert (
        place.output(f"git config --global user.email t@t; git config --global user.name t; {command}")
        == "trunk\nx\n"
    )
    inside = "mkdir sub && git init -q -b inner sub && git -C sub branch --show-current && rm -rf sub"
    assert place.output(inside) == "inner\n"
    assert (
        place.output(
            "mkdir sub && cd sub && git init -q -b inner && git branch --show-current && rm -rf ../sub"
        )
        == "inner\n"
    )
    assert place.unharmed()


def test_it_is_kept_until_head_moves(place: Place) -> None:
    place.output("git commit -q --allow-empty -m private")
    assert place.output("git log -1 --format=%s") == "private\n"
    git(place.tree, "commit", "-q", "--allow-empty", "-m", "of the harness")
    assert place.output("git log -1 --format=%s") == "of the harness\n"


def test_it_borrows_from_what_the_repository_borrows_from(place: Place, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--shared", str(place.repository), str(clone))
    git(clone, "worktree", "add", "-q", "-b", "borrower", str(tmp_path / "tree2"))
    place.repository, place.tree = clone, tmp_path / "tree2"
    assert place.output("git log --format=%s -1") == "Merge side\n"
    assert place.output("git symbolic-ref refs/remotes/origin/HEAD") == "refs/remotes/origin/main\n"


def test_a_sparse_checkout_and_a_shallow_clone_stay_what_they_are(place: Place, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{place.repository}", str(clone))
    git(clone, "worktree", "add", "-q", "-b", "sparse", str(tmp_path / "tree2"))
    git(tmp_path / "tree2", "sparse-checkout", "set", "--no-cone", "/a.txt")
    place.repository, place.tree = clone, tmp_path / "tree2"
    assert place.output("git status --porcelain; git log --format=%s; git fsck") == "Merge side\n"
    assert place.output("ls") == "a.txt\n"


def test_a_checkout_with_crlf_line_ends_is_clean(place: Place, tmp_path: Path) -> None:
    git(place.repository, "config", "core.autocrlf", "true")
    git(place.repository, "worktree", "add", "-q", "-b", "dos", str(tmp_path / "tree2"))
    place.tree = tmp_path / "tree2"
    assert (place.tree / "side.txt").read_bytes() == b"side\r\n"
    (place.tree / "side.txt").touch()
    assert place.output("git status --porcelain") == ""


def test_a_pointer_that_leads_elsewhere_gives_no_git(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "worktrees" / "x").mkdir(parents=True)
    (other / "worktrees" / "x" / "gitdir").write_text(f"{place.tree}/.git\n")
    (place.tree / ".git").write_text(f"gitdir: {other}/worktrees/x\n")
    place.run("git status")
    assert not (place.private / "git").exists()


def test_the_versions_of_go_and_setuptools_scm_can_be_told(place: Place) -> None:
    asked = "git rev-parse --show-toplevel && git status --porcelain && git -c log.showsignature=false show -s --format=%H:%ct HEAD"
    assert len(place.output(asked).splitlines()) == 2
    assert place.output("git describe --dirty --tags --long --match '*[0-9]*'").startswith("v1.0-2-g")
    named = f"git --git-dir {place.tree}/.git describe && git --git-dir={place.tree}/.git describe && git --git-dir=.git describe"
    assert len(set(place.output(named).split())) == 1
    assert place.output("git rev-parse --is-shallow-repository --git-dir").split()[0] == "false"


def test_it_costs_a_command_next_to_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, UnsafeSandbox())
    place.output("true")
    began = time.process_time()
    for _ in range(20):
        private_git(place.tree, (place.repository / ".git",), place.private)
    assert (time.process_time() - began) / 20 < 0.015
