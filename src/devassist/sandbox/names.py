"""The names in a worktree that no tool may touch, in any spelling. Pure."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from typing import Final

from devassist.domain.errors import Refused


class PathRefused(Refused):
    """A path that leads out of the worktree, into git's own files, or to a secret."""


_SECRET: Final = (
    ".env*", "*.pem", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".npmrc",
    ".pypirc", "*.tfstate", "*.tfstate.*", ".git-credentials",
)  # fmt: skip
_NOT_SECRET: Final = (".env.example", ".env.sample", ".env.template", ".envrc.example", "id_*.pub")
_SHORT_NAME: Final = re.compile(r"git~[0-9]+")


def components(path: str) -> tuple[str, ...]:
    """The names of a relative `path`, `.` and doubled slashes gone; PathRefused if a tool may not name it."""
    if "\0" in path:
        # openat2 would silently stop at it.
        raise PathRefused(f"The path {path!r} holds a NUL byte")
    if path.startswith("/"):
        raise PathRefused(f"The path {path} is absolute", hint="Name it relative to the worktree")
    names: list[str] = []
    for name in path.split("/"):
        if name in ("", "."):
            continue
        if name == "..":
            if not names:
                raise PathRefused(f"The path {path} leaves the worktree")
            # A link before '..' would make the kernel's parent another one; dropping the text cannot leave.
            names.pop()
            continue
        if is_git(name):
            raise PathRefused(f"The path {path} is one of git's own files")
        names.append(name)
    return tuple(names)


def is_git(name: str) -> bool:
    """Whether some file system or git itself would take `name` for `.git`."""
    return any(_is_git_part(part) for part in name.split("\\"))


def _is_git_part(part: str) -> bool:
    # As git's own checks for HFS+ and NTFS: invisible characters, streams, trailing dots and blanks.
    visible = "".join(char for char in unicodedata.normalize("NFKC", part) if _is_visible(char))
    plain = visible.split(":")[0].rstrip(" .").casefold()
    return plain == ".git" or _SHORT_NAME.fullmatch(plain) is not None


def _is_visible(char: str) -> bool:
    # Cf: format; Cc: control; Mn with no width: variation selectors and the like.
    return unicodedata.category(char) not in ("Cf", "Cc", "Mn", "Me")


def is_secret(name: str) -> bool:
    """Whether a file of this name commonly holds credentials."""
    lowered = name.lower()
    if any(fnmatch.fnmatchcase(lowered, pattern) for pattern in _NOT_SECRET):
        return False
    return any(fnmatch.fnmatchcase(lowered, pattern) for pattern in _SECRET)


def refuse_secret(path: str, name: str) -> None:
    """PathRefused if `name` commonly holds credentials."""
    if is_secret(name):
        raise PathRefused(
            f"{path} commonly holds credentials and is neither read nor written",
            hint="Use an example file such as .env.example",
        )


def glob_pattern(glob: str) -> re.Pattern[str]:
    """`glob` for whole relative paths: `**` spans directories, `*` and `?` do not."""
    out: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith("**/", at):
            out.append("(?:[^/]+/)*")
            at += 3
        elif glob.startswith("**", at):
            out.append(".*")
            at += 2
        elif glob[at] == "*":
            out.append("[^/]*")
            at += 1
        elif glob[at] == "?":
            out.append("[^/]")
            at += 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inside = glob[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"(?!/)[{'^' + inside[1:] if inside[0] == '!' else inside}]")
            at = end + 1
        else:
            out.append(re.escape(glob[at]))
            at += 1
    return _compiled("".join(out), glob)


def _compiled(expression: str, glob: str) -> re.Pattern[str]:
    try:
        return re.compile(expression, re.DOTALL)
    except re.error:
        return re.compile(re.escape(glob))
