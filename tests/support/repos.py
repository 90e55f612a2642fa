"""Real git repositories, made with the git command line and read back with it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME, EMAIL = "Ada Lovelace", "ada@example.org"

CALCULATOR = {
    "README.md": "# calc\n\nA small calculator.\n",
    ".gitignore": "*.log\n",
    "calc/__init__.py": '"""A calculator."""\n',
    "calc/add.py": "def add(a, b):\n    return a + b\n",
    "calc/sub.py": "def sub(a, b):\n    return a - b\n",
    "calc/old_name.py": "".join(f"CONSTANT_{n} = {n}\n" for n in range(12)),
    "calc/unused.py": "UNUSED = True\n",
    "tests/test_add.py": "from calc.add import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    "docs/guide.md": "# Guide\n\nUse add and sub.\n",
}
"""A small package with tests, for most runs."""


def git(directory: Path, *args: str, check: bool = True, stdin: bytes | None = None) -> str:
    """What git answers, without the last line feed."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_OPTIONAL_LOCKS": "0",
        "GIT_AUTHOR_NAME": NAME, "GIT_AUTHOR_EMAIL": EMAIL,
        "GIT_COMMITTER_NAME": NAME, "GIT_COMMITTER_EMAIL": EMAIL,
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "maintenance.auto=false", *args],
        cwd=directory, env=environment, input=stdin, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def put(directory: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def make_repository(directory: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """A repository with one commit on `main`."""
    directory.mkdir(parents=True)
    git(directory, "init", "-q", "-b", "main")
    put(directory, CALCULATOR if files is None else files)
    commit_all(directory, "First")
    return directory


def commit_all(directory: Path, message: str) -> str:
    git(directory, "add", "-A", "--force")
    git(directory, "commit", "-q", "--no-verify", "--allow-empty", "-m", message)
    return git(directory, "rev-parse", "HEAD")


@dataclass(frozen=True, slots=True)
class Untouched:
    """What a run must leave as it is: the branch, HEAD, the index and every file of the checkout, byte by byte."""

    head: str
    branch: str
    index: str
    files: tuple[tuple[str, str], ...]
    status: str
    stash: str

    @classmethod
    def of(cls, root: Path) -> Untouched:
        files = []
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if name.split("/")[0] == ".git" or path.is_dir() and not path.is_symlink():
                continue
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            files.append((name, hashlib.sha256(content).hexdigest()))
        index = root / ".git" / "index"
        return cls(
            head=git(root, "rev-parse", "HEAD"),
            branch=git(root, "symbolic-ref", "-q", "HEAD", check=False),
            index=hashlib.sha256(index.read_bytes()).hexdigest(),
            files=tuple(files),
            status=git(root, "status", "--porcelain"),
            stash=git(root, "stash", "list"),
        )


def tree_files(root: Path, commit: str) -> dict[str, str]:
    """Path -> blob id of a commit's tree. Names come as they are, line feeds too."""
    listed = git(root, "ls-tree", "-r", "-z", commit)
    rows = [row.partition("\t") for row in listed.split("\0") if row]
    return {name: head.split()[2] for head, _, name in rows}


def content(root: Path, commit: str, path: str) -> str:
    return git(root, "show", f"{commit}:{path}")


def commits(root: Path, span: str, *options: str) -> list[str]:
    return git(root, "rev-list", *options, span).split()


def trailers(root: Path, commit: str) -> dict[str, str]:
    text = git(root, "log", "-1", "--format=%(trailers:only,unfold)", commit)
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
