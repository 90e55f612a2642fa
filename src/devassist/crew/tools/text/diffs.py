"""Diffs as tools show them: whole files of it as far as they fit, and the others by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from devassist.crew.tools.text.texts import fitting
from devassist.crew.tools.text.unified import git_names, unquoted


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The part of a diff that is about one file; `path` is its new path, or its old one if it is gone."""

    path: str
    old_path: str
    text: str

    @property
    def counts(self) -> str:
        """`+3 -1`."""
        lines = self.text.split("\n")
        first = next((number for number, line in enumerate(lines) if line.startswith("@@")), len(lines))
        added, removed = (sum(line.startswith(sign) for line in lines[first:]) for sign in "+-")
        return f"+{added} -{removed}"


def files_of(patch: str) -> Sequence[FileDiff]:
    """The files of a diff as git prints it, in order."""
    starts = [match.start() for match in re.finditer(r"^diff --(?:git|cc|combined) ", patch, re.MULTILINE)]
    return [_file(patch[start:end].rstrip("\n")) for start, end in pairwise([*starts, len(patch)])]


def _file(text: str) -> FileDiff:
    head = text.split("\n@@", 1)[0].split("\n")
    command, _, names = head[0].removeprefix("diff --").partition(" ")
    pair = git_names(names) if command == "git" else (unquoted(names),) * 2
    old, new = pair if pair is not None else ("", "")
    for line in head[1:]:
        for prefix in ("rename from ", "--- a/"):
            old = line.removeprefix(prefix).rstrip("\t") if line.startswith(prefix) else old
        for prefix in ("rename to ", "+++ b/"):
            new = line.removeprefix(prefix).rstrip("\t") if line.startswith(prefix) else new
    return FileDiff(path=new or old, old_path=old or new, text=text)


def is_about(file: FileDiff, path: str) -> bool:
    """Whether it is about `path` or what is below it, before or after."""
    return any(name == path or name.startswith(f"{path}/") for name in (file.path, file.old_path))


def shown_diff(files: Iterable[FileDiff], most: int, *, may_show: Callable[[str], bool], more: str) -> str:
    """
    At most about `most` bytes of the files that `may_show` allows.

    `more` says how to see one that is not shown.
    """
    parts, left, room = list[str](), list[str](), most
    for file in files:
        if not (may_show(file.path) and may_show(file.old_path)):
            parts.append(f"(the diff of {file.path} is not shown: it commonly holds credentials)")
            continue
        size = len(file.text.encode("utf-8", "replace"))
        if size <= room:
            parts.append(file.text)
            room -= size
        elif not parts:
            lines = file.text.split("\n")
            fit = fitting(lines, room)
            parts.append("\n".join([*fit, f"[... {len(lines) - len(fit):,} more lines of {file.path} ...]"]))
            room = 0
        else:
            left.append(f"- {file.path} ({file.counts})")
    if left:
        parts.append(f"[... not shown; {more}:]\n" + "\n".join(left[:200]))
    return "\n".join(parts)
