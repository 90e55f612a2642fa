"""
Signs a person's merge commit as their configuration says. Agents' commits are never signed.

Whether to sign, and with which key, is read from every configuration scope; which program runs only from the
person's own scopes, because a repository could name any program.
The program gets no terminal and a time limit: a passphrase prompt that nobody sees must not hang a merge.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from devassist.domain.errors import RepositoryError
from devassist.git.objects.errors import translated
from devassist.git.objects.identity import Signature, as_pygit2
from devassist.git.repository import Repository

_TIMEOUT_S = 60.0
_OWN_LEVELS = (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM, ConfigLevel.APP)


def wants_signature(repository: Repository) -> bool:
    """Whether the configuration asks for signed commits."""
    return repository.setting("commit.gpgsign").lower() in ("true", "yes", "on", "1")


def signed_commit(
    repository: Repository,
    *,
    tree: str,
    parents: Sequence[str],
    message: str,
    who: Signature,
    environment: Mapping[str, str],
) -> str:
    """A signed commit object that no ref names yet. Raises RepositoryError when the signing program fails."""
    handle = repository.handle
    with translated("write the commit"):
        author = as_pygit2(who)
        # It is a text, whatever pygit2's types say.
        content = str(
            handle.create_commit_string(
                author, author, message, pygit2.Oid(hex=tree), [pygit2.Oid(hex=parent) for parent in parents]
            )
        )
    signature = _sign(repository, content, environment, who)
    with translated("store the signed commit"):
        return str(handle.create_commit_with_signature(content, signature))


def _sign(repository: Repository, content: str, environment: Mapping[str, str], who: Signature) -> str:
    kind = repository.setting("gpg.format") or "openpgp"
    key = repository.setting("user.signingkey")
    if kind == "ssh":
        program = _own(repository, "gpg.ssh.program") or "ssh-keygen"
        command = [program, "-Y", "sign", "-n", "git", "-f", str(Path(key).expanduser())]
    else:
        program = _own(repository, "gpg.program") or ("gpgsm" if kind == "x509" else "gpg")
        command = [program, "-bsau", key or f"{who.name} <{who.email}>"]
    hint = "devassist merge --no-sign merges without a signature"
    try:
        process = subprocess.run(
            command,
            input=content.encode(),
            capture_output=True,
            env=dict(environment),
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise RepositoryError(f"commit.gpgsign is set, and {program} is not there", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise RepositoryError(f"{program} did not sign within {_TIMEOUT_S:.0f} s", hint=hint) from error
    if process.returncode != 0 or not process.stdout:
        messages = process.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RepositoryError(
            f"{program} did not sign: {messages[-1] if messages else 'no reason given'}", hint=hint
        )
    return process.stdout.decode("ascii", "replace")


def _own(repository: Repository, key: str) -> str:
    """A setting from the person's own configuration files only."""
    for entry in repository.handle.config:
        if entry.name == key and entry.level in _OWN_LEVELS:
            return str(entry.value)
    return ""
