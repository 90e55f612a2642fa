"""Read-only git on one worktree, for tools: bounded output, and no program that the repository names is run."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devassist.domain.errors import RepositoryError
from devassist.git.hardened import HardenedGit, located

_SETTINGS: Final[Mapping[str, str]] = {
    "core.quotePath": "false",
    "core.pager": "cat",
    "color.ui": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
    "log.follow": "false",
    "log.decorate": "false",
    "blame.coloring": "none",
    "blame.showEmail": "false",
    "blame.showRoot": "true",
    "blame.blankBoundary": "false",
    "diff.ignoreSubmodules": "all",
    "diff.submodule": "short",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "diff.orderFile": os.devnull,
    "grep.column": "false",
    "grep.fullName": "false",
    "submodule.recurse": "false",
}
"""Over the repository's own: it would run programs by some of these keys, and print differently by the others."""
_CHUNK: Final = 1 << 16
_LONGEST_ERROR: Final = 2_000


@dataclass(frozen=True, slots=True)
class BoundedAnswer:
    """The beginning of a git command's output, and how it ended; -9 if it was stopped because that was enough."""

    code: int
    output: bytes
    error: str
    cut: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class ReadingGit:
    """
    Reads one worktree and its repository by git, without a lock, a hook, a filter, a pager or a textconv program.

    Commands that print diffs are given `--no-ext-diff --no-textconv` by their callers.
    """

    program: str
    git_dir: Path
    work_tree: Path
    environment: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    """Pathspecs of what is in no diff and counts in no log of the whole repository."""

    @classmethod
    def open(cls, program: str, git_dir: Path, work_tree: Path) -> ReadingGit:
        """Git for the worktree at `work_tree`; raises RepositoryError when its configuration cannot be read."""
        hardened = HardenedGit.open(program, git_dir, work_tree)
        first = int(hardened.environment["GIT_CONFIG_COUNT"])
        more: dict[str, str] = {"GIT_CONFIG_COUNT": str(first + len(_SETTINGS))}
        for number, (key, value) in enumerate(_SETTINGS.items(), start=first):
            more |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        # Regular expressions and the case of letters beyond ASCII; without such a locale git falls back to bytes.
        spoken = {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
        return cls(program, git_dir, work_tree, {**hardened.environment, **more, **spoken})

    def run(self, *arguments: str, most: int, timeout_s: float) -> BoundedAnswer:
        """Run one command until it ends, has printed `most` bytes, or `timeout_s` seconds are over."""
        limited = [*arguments, *self._left_out(arguments)]
        command = [*located(self.program, self.git_dir, self.work_tree), "--no-pager", *limited]
        return run_bounded(command, self.work_tree, self.environment, most=most, timeout_s=timeout_s)

    def _left_out(self, arguments: Sequence[str]) -> Sequence[str]:
        """The pathspecs for a command that would show what is left out. A log of one path has no diff."""
        shows = arguments[0] == "show" and "--no-patch" not in arguments
        if not self.left_out or not (shows or (arguments[0] == "log" and "--" not in arguments)):
            return ()
        return self.left_out if "--" in arguments else ("--", *self.left_out)

    def run_outside(self, directory: Path, *arguments: str, most: int, timeout_s: float) -> BoundedAnswer:
        """Run a command that needs no repository, such as `grep --no-index`, in another directory."""
        command = [self.program, f"--git-dir={os.devnull}", "--no-pager", *arguments]
        return run_bounded(command, directory, self.environment, most=most, timeout_s=timeout_s)


def run_bounded(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], *, most: int, timeout_s: float
) -> BoundedAnswer:
    """As `ReadingGit.run`, for any git command. RepositoryError when it does not start."""
    if any("\0" in word for word in command):
        raise RepositoryError("git did not run: no argument can hold a NUL character")
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                list(command),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise RepositoryError(f"git did not run: {error}") from error
        try:
            output, ended, timed_out = _read(process, most, deadline=time.monotonic() + timeout_s)
        finally:
            _end(process)
        errors.seek(0)
        said = errors.read(_LONGEST_ERROR).decode("utf-8", "replace").strip()
    return BoundedAnswer(
        process.returncode, output[:most], said, cut=not ended and not timed_out, timed_out=timed_out
    )


def _read(process: subprocess.Popen[bytes], most: int, *, deadline: float) -> tuple[bytes, bool, bool]:
    """The output up to a little over `most` bytes, whether that was all, and whether time ran out."""
    assert process.stdout is not None  # noqa: S101  asked for above
    descriptor, parts, size = process.stdout.fileno(), list[bytes](), 0
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while size <= most:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return b"".join(parts), False, True
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=max(0.1, deadline - time.monotonic()))
                return b"".join(parts), True, False
            parts.append(chunk)
            size += len(chunk)
    return b"".join(parts), False, False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
