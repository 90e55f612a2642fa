"""Real repositories for the tests of devassist.git, made by the real git, with nobody's configuration."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from devassist.git.objects.identity import Signature
from devassist.git.repository import Repository
from devassist.git.worktree.worktree import Worktree
from devassist.git.worktree.worktrees import open_worktree

ME = Signature("Tester", "tester@example.org")


def isolate(home: Path) -> dict[str, str]:
    """An environment for git, and libgit2's search path, that see no configuration but ours."""
    home.mkdir(parents=True, exist_ok=True)
    # After each commit git starts two processes to see whether it should tidy up.
    (home / "gitconfig").write_text("[maintenance]\n\tauto = false\n")
    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM):
        pygit2.settings.search_path[level] = str(home)
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "LC_ALL": "C.UTF-8",
    }


@dataclass
class Lab:
    """One repository in a temporary directory, and its worktrees."""

    base: Path
    env: dict[str, str] = field(default_factory=dict)
    counter: int = 0

    @property
    def root(self) -> Path:
        return self.base / "repo"

    @property
    def repository(self) -> Repository:
        return Repository.discover(self.root)

    def git(self, *args: str, cwd: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.root, env=self.env, capture_output=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stderr.decode()}")
        return done.stdout.decode("utf-8", "surrogateescape").strip("\n")

    def write(self, files: dict[str, str | None], root: Path | None = None) -> None:
        for name, text in files.items():
            path = (root or self.root) / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str | None], message: str = "work") -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return str(pygit2.Repository(str(self.root)).head.target)

    def open(self, name: str = "da-one", branch: str = "devassist/r1/t1/coder", commit: str = "") -> Worktree:
        repository = self.repository
        return open_worktree(
            repository,
            name=name,
            path=self.base / "state" / name,
            branch=branch,
            commit=commit or repository.head_commit,
            reason="devassist r1",
        )

    def check_sound(self, *clean: Path) -> None:
        """Git itself finds nothing wrong, and the given worktrees clean."""
        done = subprocess.run(
            ["git", "fsck", "--strict"], cwd=self.root, env=self.env, capture_output=True, check=False
        )
        text = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, text
        assert "error" not in text and "missing" not in text and "broken" not in text, text
        for path in clean:
            assert self.git("status", "--porcelain", cwd=path) == "", path


def new_lab(base: Path) -> Lab:
    """A repository with one commit on `main`: a copy of one that git made, which costs less than git's processes."""
    lab = Lab(base.resolve())
    lab.env = isolate(lab.base / "home")
    shutil.copytree(_template(), lab.root)
    return lab


@cache
def _template() -> Path:
    base = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, base)
    lab = Lab(base, isolate(base / "home"))
    lab.root.mkdir()
    lab.git("init", "-q", "-b", "main")
    lab.commit(
        {
            "README.md": "hello\n",
            "src/a.py": "one\ntwo\nthree\nfour\nfive\n",
            "src/b.py": "b\n" * 20,
            ".gitignore": "*.log\ncache/\n",
        }
    )
    return lab.root


def tree_bytes(root: Path, *, skip: str = ".git") -> dict[str, bytes]:
    """Every file below `root` with its bytes; links as their targets."""
    content: dict[str, bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if skip and (name == skip or name.startswith(f"{skip}/")):
            continue
        if path.is_symlink():
            content[name] = b"-> " + os.fsencode(os.readlink(path))
        elif path.is_file():
            content[name] = path.read_bytes()
    return content
