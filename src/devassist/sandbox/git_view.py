"""The git that a sandboxed command sees, and its `.git` file put back if a command has touched it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from devassist.domain.errors import DevassistError
from devassist.git.worktree.admin import delete_directory
from devassist.git.worktree.private_git import PrivateGit, private_git
from devassist.ports import CommandResult

_PROGRAMS: Final = ("/usr/bin/git", "/usr/local/bin/git", "/bin/git")
_LARGEST_POINTER: Final = 8_192
_RESTORED: Final = (
    "\n[the command removed or replaced the worktree's .git: devassist has put it back, "
    "and counts the command as failed]\n"
)


def git_of(worktree: Path, masked: tuple[Path, ...], private: Path) -> PrivateGit | None:
    """The private git directory for a worktree of a masked repository; None for any other directory."""
    try:
        return private_git(worktree, masked, private)
    except (DevassistError, OSError):
        return None


# Where no mount can be put over the worktree's .git: a program before git on the PATH says where its directory is,
# for commands on the worktree only. Tests that make repositories of their own get git as it is.
_WRAPPER: Final = """#!/bin/sh
tree={tree}
real={real}
git={git}
export GIT_CONFIG_NOSYSTEM=1
before=
for word; do
  shift
  case $before:$word in
    *":--git-dir=$tree/.git") word=--git-dir=$git ;;
    "--git-dir:$tree/.git") word=$git ;;
    *":--git-dir=.git") [ "$(pwd -P)" = "$tree" ] && word=--git-dir=$git ;;
  esac
  before=$word
  set -- "$@" "$word"
done
[ -n "${{GIT_DIR+set}}" ] && exec "$real" "$@"
here=$PWD
wait= init=
for word; do
  case $wait in
    C) case $word in /*) here=$word ;; *) here=$here/$word ;; esac; wait=; continue ;;
    x) wait=; continue ;;
  esac
  case $word in
    -C) wait=C ;;
    -c|--exec-path|--namespace|--super-prefix|--config-env) wait=x ;;
    --git-dir*|--work-tree*|--bare) exec "$real" "$@" ;;
    -*) ;;
    clone) exec "$real" "$@" ;;
    init) init=1 ;;
    *) [ -n "$init" ] && exec "$real" "$@"; break ;;
  esac
done
here=$(cd "$here" 2>/dev/null && pwd -P) || exec "$real" "$@"
while :; do
  if [ "$here" = "$tree" ]; then
    GIT_DIR=$git GIT_WORK_TREE=$tree exec "$real" "$@"
  fi
  if [ -e "$here/.git" ] || [ -z "$here" ] || [ -n "$init" ]; then exec "$real" "$@"; fi
  here=${{here%/*}}
done
"""


def with_wrapper(environment: Mapping[str, str], git: PrivateGit, worktree: Path) -> Mapping[str, str]:
    """`environment` with a git before all others that uses the private directory; as it is without git."""
    real = next((path for path in _PROGRAMS if os.access(path, os.X_OK)), None)
    directory = git.directory / "bin"
    if real is None or any("'" in str(path) for path in (worktree, git.directory)):
        return environment
    program = directory / "git"
    if not os.path.lexists(
        directory
    ):  # as it is made with a new git directory, nothing of the agent's is in the way
        text = _WRAPPER.format(tree=f"'{worktree}'", real=real, git=f"'{git.directory}'")
        directory.mkdir(mode=0o700)
        descriptor = os.open(program, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o700)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    return {**environment, "PATH": f"{directory}:{environment.get('PATH', os.defpath)}"}


@dataclass(slots=True)
class Guarded:
    """The end of a command, as it counts once the worktree's `.git` was looked at."""

    restored: bool = False

    def judged(self, result: CommandResult) -> CommandResult:
        """The result, failed if the command had touched `.git`."""
        if not self.restored:
            return result
        return replace(result, exit_code=result.exit_code or 1, output=result.output.rstrip("\n") + _RESTORED)


@contextlib.contextmanager
def guarded_pointer(worktree: Path, private: Path) -> Iterator[Guarded]:
    """Put the worktree's `.git` file back as it was before; for commands that can write it."""
    pointer, guarded = worktree / ".git", Guarded()
    before = _plain_content(pointer)
    try:
        yield guarded
    finally:
        if before is not None and _plain_content(pointer) != before:
            guarded.restored = True
            _restore(pointer, before, private)


def _restore(pointer: Path, content: bytes, private: Path) -> None:
    token = secrets.token_hex(8)
    if os.path.lexists(pointer):
        try:
            pointer.rename(private / f"replaced-git-{token}")  # whatever it is, it may be somebody's work
        except OSError:  # on another file system
            delete_directory(pointer)
    temporary = pointer.with_name(f".git.{token}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(pointer)


def _plain_content(path: Path) -> bytes | None:
    """The content of a regular file; None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, _LARGEST_POINTER) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)
