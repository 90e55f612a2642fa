"""What all tiers share: the parts of the system that a command sees, and a spec with absolute paths."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devassist.domain.errors import Refused, UsageError
from devassist.git.worktree.private_git import PrivateGit
from devassist.ports import SandboxSpec
from devassist.sandbox.git_view import git_of, with_wrapper

SYSTEM: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")

# Named one by one: /etc as a whole holds private keys, shadow and the like, which root could read.
ETC: Final = tuple(
    f"/etc/{name}"
    for name in (
        "alternatives", "ca-certificates", "crypto-policies", "debian_version", "fonts", "gai.conf", "group",
        "host.conf", "hosts", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
        "localtime", "login.defs", "lsb-release", "magic", "mime.types", "nsswitch.conf", "os-release",
        "passwd", "perl", "pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf",
        "profile", "protocols", "python3", "redhat-release", "services", "ssl/cert.pem", "ssl/certs",
        "ssl/openssl.cnf", "terminfo", "timezone",
    )
)  # fmt: skip
ETC_NETWORK: Final = ("/etc/resolv.conf",)

_LONGEST_COMMAND: Final = 120_000
"""Linux refuses a single argument of 128 KiB; a little room is left for the marker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A spec with every path resolved on the host, and its command checked."""

    command: str
    worktree: Path
    private: Path
    cwd: Path
    read_only: tuple[Path, ...]
    masked: tuple[Path, ...]
    environment: Mapping[str, str]
    network: bool
    git: PrivateGit | None
    """The git directory that stands in for the repository's, None if the worktree is none of a masked repository."""


def prepare(command: str, spec: SandboxSpec) -> Prepared:
    """Resolve and check `spec`, and make the private directory's home and tmp."""
    if "\0" in command:
        raise UsageError("The command holds a NUL byte", hint="Write the command as plain text")
    if len(command.encode("utf-8", "surrogateescape")) > _LONGEST_COMMAND:
        raise UsageError(
            f"The command is longer than {_LONGEST_COMMAND} bytes",
            hint="Write it to a script in the worktree and run that",
        )
    worktree = _directory(spec.worktree, "worktree")
    private = _directory(spec.private, "private directory")
    for name in ("home", "tmp"):
        (private / name).mkdir(mode=0o700, exist_ok=True)
    masked = tuple(dict.fromkeys(path.resolve() for path in spec.masked if path.exists()))
    return Prepared(
        command=command,
        worktree=worktree,
        private=private,
        cwd=_working_directory(spec, worktree),
        read_only=tuple(_absolute(path) for path in spec.read_only if path.exists()),
        masked=masked,
        environment=dict(spec.environment),
        network=spec.network,
        git=git_of(worktree, masked, private),
    )


def environment_with_git(prepared: Prepared) -> Mapping[str, str]:
    """The command's environment where no mount can put the private git directory in its place."""
    if prepared.git is None:
        return prepared.environment
    return with_wrapper(prepared.environment, prepared.git, prepared.worktree)


def _working_directory(spec: SandboxSpec, worktree: Path) -> Path:
    if spec.cwd is None:
        return worktree
    cwd = (worktree / spec.cwd).resolve()
    if not cwd.is_relative_to(worktree):
        raise Refused(f"The working directory {spec.cwd} is outside the worktree {spec.worktree}")
    if not cwd.is_dir():
        raise UsageError(f"The working directory {spec.cwd} is not a directory")
    return cwd


def _directory(path: Path, what: str) -> Path:
    if not path.is_dir():
        raise UsageError(f"The {what} {path} is not there", hint="Run 'devassist doctor'")
    return path.resolve()


def _absolute(path: Path) -> Path:
    # Not resolved: PATH names the link, so the link must be there beside its target.
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps '..'
