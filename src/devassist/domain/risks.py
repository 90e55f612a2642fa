"""What in a change set a person should know of, and which paths nobody's agent may commit. Pure."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator

from devassist.domain.changes import GITLINK_MODE, SYMLINK_MODE, Change, ChangeSet

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_NAME_MAX = 255
_SENSITIVE = (
    (re.compile(r"\.github/(workflows|actions)/.*|\.gitlab-ci\.yml|\.circleci/.*|Jenkinsfile"), "runs in CI"),
    (re.compile(r"(.*/)?CODEOWNERS"), "says who must review"),
    (re.compile(r"\.husky/.*|(.*/)?\.?git-?hooks/.*|\.pre-commit-config\.yaml"), "runs as a git hook"),
    (re.compile(r"(.*/)?(Dockerfile.*|docker-compose.*\.ya?ml)"), "builds or starts containers"),
    (re.compile(r"\.devassist.*|(.*/)?(AGENTS|CLAUDE)\.md|\.cursor/.*|\.claude/.*"), "instructs agents"),
    (re.compile(r"\.vscode/.*|\.idea/.*|(.*/)?\.mcp\.json|\.envrc"), "is run by editors and tools"),
    (re.compile(r"(.*/)?\.gitattributes"), "chooses filters and merge drivers"),
    (
        re.compile(r"(.*/)?((package-lock|npm-shrinkwrap)\.json|pnpm-lock\.yaml|.+\.lock|go\.sum)"),
        "pins dependencies",
    ),
)


def forbidden_path(path: str) -> str | None:
    """Why `path` may not be committed by anybody's agent, or None."""
    for name in path.split("/"):
        plain = _INVISIBLE.sub("", name).casefold()
        if name in {"", ".", ".."}:
            return "it is not a plain relative path"
        if plain.rstrip(". ").split(":")[0] == ".git" or re.fullmatch(r"git~\d+", plain):
            return "some systems read one of its names as .git"
        if "\\" in name or "\0" in name:
            return "it holds a backslash or NUL"
        if _DEVICE.fullmatch(plain):
            return "one of its names is a device on Windows"
        if len(name.encode("utf-8", "surrogateescape")) > _NAME_MAX:
            return "one of its names is longer than 255 bytes"
    return None


def sensitive(path: str) -> str | None:
    """What a change of `path` may set off outside the repository's own code, or None: said, not forbidden."""
    return next((reason for pattern, reason in _SENSITIVE if pattern.fullmatch(path)), None)


def unfit_to_land(path: str, *, tracked: bool) -> str:
    """Why a file that an agent writes at `path` would be left out of its commit; empty if it would not."""
    change = Change(path=path, kind="modified" if tracked else "added")
    known = sensitive(path)
    return next((reason for reason in _risks(change) if reason != known), "")


def risky_paths(changes: ChangeSet) -> tuple[tuple[str, str], ...]:
    """What a person should look at before this change set is merged, each with the reason."""
    found = [
        (path, "is a repository of its own; its hooks and config would come along")
        for path in changes.embedded
    ]
    folded = Counter(change.path.casefold() for change in changes if change.kind != "deleted")
    for change in changes:
        found += [(change.path, reason) for reason in _risks(change)]
        if folded[change.path.casefold()] > 1 and change.kind != "deleted":
            found.append((change.path, "differs from another path only in case"))
    return tuple(found)


def _risks(change: Change) -> Iterator[str]:
    if reason := forbidden_path(change.path):
        yield reason
    odd = _INVISIBLE.search(change.path) or any(ord(sign) < ord(" ") for sign in change.path)
    if odd and change.kind != "modified":
        yield "its name holds invisible characters"
    if change.path == ".gitmodules" or GITLINK_MODE in {change.mode, change.old_mode}:
        yield "changes submodules"
    if change.mode == SYMLINK_MODE and leaves_tree(change.path, change.target):
        yield f"is a symbolic link out of the tree, to {change.target}"
    for path in change.paths:
        yield from (reason for pattern, reason in _SENSITIVE if pattern.fullmatch(path))


def leaves_tree(path: str, target: str) -> bool:
    """Does a symbolic link at `path` with `target` point outside the tree, or into .git."""
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return target.startswith("/") or end == ".." or end.startswith("../") or ".git" in end.split("/")
