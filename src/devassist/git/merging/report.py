"""Parses git's report of one merge: the stages of each path and the kind of each conflict."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from devassist.domain.conflicts import ConflictKind
from devassist.git.objects.trees import GITLINK

_KINDS: dict[str, ConflictKind] = {
    "CONFLICT (contents)": ConflictKind.CONTENT,
    "CONFLICT (binary)": ConflictKind.BINARY,
    "CONFLICT (file/directory)": ConflictKind.DIRECTORY_FILE,
    "CONFLICT (distinct modes)": ConflictKind.MODE,
    "CONFLICT (modify/delete)": ConflictKind.MODIFY_DELETE,
    "CONFLICT (rename/rename)": ConflictKind.RENAME_RENAME,
    "CONFLICT (rename involved in collision)": ConflictKind.RENAME_RENAME,
    "CONFLICT (rename/delete)": ConflictKind.RENAME_DELETE,
    # A file that one side added to a directory which the other renamed, and its relatives.
    "CONFLICT (directory rename suggested)": ConflictKind.DIRECTORY_FILE,
    "CONFLICT (file in way of directory rename)": ConflictKind.DIRECTORY_FILE,
    "CONFLICT(directory rename collision)": ConflictKind.DIRECTORY_FILE,
    "CONFLICT(directory rename unclear split)": ConflictKind.DIRECTORY_FILE,
}
_OWN_NAME = re.compile(r"~[0-9a-f]{40,64}(_\d+)?\Z")


class StageEntry(NamedTuple):
    """One side of an unmerged path: 1 is the base, 2 ours, 3 theirs."""

    mode: int
    id: str
    stage: int
    path: str


class Message(NamedTuple):
    """One remark of git about a merge: the paths it is about, a short stable type, and the sentence."""

    paths: tuple[str, ...]
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class PathConflict:
    """One path that git could not merge, and why; `stages` are those of all paths the message names."""

    path: str
    kind: ConflictKind
    stages: tuple[StageEntry, ...]
    message: str

    def at(self, stage: int) -> StageEntry | None:
        """The entry of a stage, that of the path itself first."""
        entries = [entry for entry in self.stages if entry.stage == stage]
        return next((entry for entry in entries if entry.path == self.path), entries[0] if entries else None)


@dataclass(frozen=True, slots=True)
class PairResult:
    """How a merge of two went. The tree is there in either case; with conflicts it has markers in it."""

    clean: bool
    tree: str
    conflicts: tuple[PathConflict, ...] = ()


def parsed(fields: Iterator[bytes], *, clean: bool | None = None) -> PairResult:
    """One record of `merge-tree -z`; without `clean` its first field says that."""
    is_clean = next(fields) == b"1" if clean is None else clean
    tree = next(fields).decode()
    stages = tuple(_stage(field) for field in iter(fields.__next__, b""))
    messages: list[Message] = []
    # After the last message there is nothing, or advice on submodules, which no count precedes.
    while (count := next(fields)).isdigit():
        messages.append(_message(count, fields))
    return PairResult(is_clean, tree, () if is_clean else _conflicts(stages, messages))


def _stage(field: bytes) -> StageEntry:
    facts, _, path = field.partition(b"\t")
    mode, oid, stage = facts.split(b" ")
    return StageEntry(int(mode, 8), oid.decode(), int(stage), os.fsdecode(path))


def _message(count: bytes, fields: Iterator[bytes]) -> Message:
    paths = tuple(os.fsdecode(next(fields)) for _ in range(int(count)))
    return Message(paths, next(fields).decode(), os.fsdecode(next(fields)).rstrip("\n"))


def _conflicts(stages: Sequence[StageEntry], messages: Sequence[Message]) -> tuple[PathConflict, ...]:
    by_path: dict[str, list[StageEntry]] = {}
    for entry in stages:
        by_path.setdefault(_plain(entry.path), []).append(entry)
    conflicts: dict[tuple[ConflictKind, str], PathConflict] = {}
    reported: set[str] = set()
    for message in messages:
        if not message.type.startswith(("CONFLICT", "ERROR")):
            continue
        paths = dict.fromkeys(_plain(path) for path in message.paths)
        reported.update(paths)
        path = next(iter(paths), "")
        own = tuple(entry for name in paths for entry in by_path.get(name, ()))
        kind = _kind(message, own)
        conflicts.setdefault((kind, path), PathConflict(path, kind, own, message.text))
    for path in sorted(by_path.keys() - reported):
        own = tuple(by_path[path])
        kind = _kind_of_stages(own)
        conflicts.setdefault((kind, path), PathConflict(path, kind, own, f"{path} did not merge"))
    if not conflicts:
        conflicts[ConflictKind.CONTENT, ""] = PathConflict(
            "", ConflictKind.CONTENT, (), "The merge did not come out clean"
        )
    return tuple(
        conflict
        for (kind, path), conflict in sorted(conflicts.items(), key=lambda item: (item[0][1], item[0][0]))
        # Git says of a binary file also that its content conflicts.
        if kind is not ConflictKind.CONTENT or (ConflictKind.BINARY, path) not in conflicts
    )


def _plain(path: str) -> str:
    """The path without the side's name that git appends if a directory is in the way."""
    return _OWN_NAME.sub("", path)


def _kind(message: Message, stages: Sequence[StageEntry]) -> ConflictKind:
    if ConflictKind.SUBMODULE in message.type.lower():
        return ConflictKind.SUBMODULE
    kind = _KINDS.get(message.type)
    if kind is None:
        return _kind_of_stages(stages)
    if kind is not ConflictKind.CONTENT:
        return kind
    if message.text.startswith("CONFLICT (add/add)"):
        return ConflictKind.ADD_ADD
    return ConflictKind.SUBMODULE if message.text.startswith("CONFLICT (submodule)") else ConflictKind.CONTENT


def _kind_of_stages(stages: Sequence[StageEntry]) -> ConflictKind:
    present = {entry.stage for entry in stages}
    if any(entry.mode == GITLINK for entry in stages):
        return ConflictKind.SUBMODULE
    if {2, 3} <= present:
        return ConflictKind.CONTENT if 1 in present else ConflictKind.ADD_ADD
    return ConflictKind.MODIFY_DELETE if 1 in present else ConflictKind.DIRECTORY_FILE
