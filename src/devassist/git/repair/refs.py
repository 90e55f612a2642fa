"""Finds our refs that a crash left empty, torn or at a missing object, and restores them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2

from devassist.git.handles import promisor_of
from devassist.git.objects.errors import translated
from devassist.git.repository import Repository

_PLACES = ("refs/heads/devassist", "refs/devassist")
_ID = re.compile(r"[0-9a-f]{40}")
_NONE = "0" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRef:
    """A loose ref that names no readable commit. `after` is what it is set to; '' if no commit is recorded."""

    ref: str
    before: str
    after: str
    bad_lines: int
    """Lines of its reflog that name missing objects."""


def broken_refs(repository: Repository, known: Mapping[str, str]) -> Iterator[BrokenRef]:
    """Our refs that cannot be read. `known` maps a ref to the newest commit that the audit log records for it."""
    common = repository.common_dir
    for place in _PLACES:
        for path in sorted((common / place).rglob("*")):
            if not path.is_file() or path.is_symlink() or path.suffix == ".lock":
                continue
            ref = path.relative_to(common).as_posix()
            before = path.read_text("ascii", "replace").strip()
            if readable(repository, before):
                continue
            lines = _reflog(repository, ref)
            good = [line for line in lines if _good(repository, line)]
            after = next((line.split()[1] for line in reversed(good)), "")
            if not after and readable(repository, known.get(ref, "")):
                after = known[ref]
            yield BrokenRef(ref=ref, before=before, after=after, bad_lines=len(lines) - len(good))


def restore(repository: Repository, broken: BrokenRef) -> None:
    """Set the ref to `after`, and drop the lines of its reflog that name missing objects."""
    common = repository.common_dir
    with translated(f"restore {broken.ref}"):
        log = common / "logs" / broken.ref
        if broken.bad_lines:
            good = [line for line in _reflog(repository, broken.ref) if _good(repository, line)]
            _write(log, "".join(f"{line}\n" for line in good))
        if _ID.fullmatch(broken.before):
            _drop_empty_object(common, broken.before)
        _write(common / broken.ref, f"{broken.after}\n")


def readable(repository: Repository, commit: str) -> bool:
    """Whether a commit and its top tree can be read."""
    if not _ID.fullmatch(commit):
        return False
    try:
        tree = repository.handle[pygit2.Oid(hex=commit)].peel(pygit2.Tree)
    except (KeyError, ValueError, pygit2.GitError):
        return False
    return tree is not None


@dataclass(frozen=True, slots=True)
class MissingObject:
    """The first object (id in hex) that one of our refs needs and that does not exist."""

    ref: str
    id: str


def missing_objects(repository: Repository) -> Iterator[MissingObject]:
    """For each of our refs that lacks objects, the first missing one."""
    handle = repository.handle
    if promisor_of(repository.common_dir) is not None:
        return  # in a partial clone most objects are missing, and none of those is lost
    seen: set[str] = set()
    for place in _PLACES:
        for ref in repository.ref_names(place + "/"):
            tip = repository.ref_tip(ref)
            if tip is not None and readable(repository, tip) and (lost := _lost(handle, tip, seen)):
                yield MissingObject(ref, lost)


def _lost(handle: pygit2.Repository, tip: str, seen: set[str]) -> str:
    """The first missing object of the tip's tree, '' for none: a crash can only have lost the newest objects."""
    waiting: list[pygit2.Object] = [handle[pygit2.Oid(hex=tip)].peel(pygit2.Tree)]
    while waiting:
        tree = waiting.pop()
        if str(tree.id) in seen or not isinstance(tree, pygit2.Tree):
            continue
        seen.add(str(tree.id))
        for entry in tree:
            if entry.filemode == pygit2.enums.FileMode.COMMIT or str(entry.id) in seen:
                continue
            try:
                if entry.filemode == pygit2.enums.FileMode.TREE:
                    waiting.append(handle[entry.id])
                elif entry.id not in handle:
                    return str(entry.id)
                else:
                    seen.add(str(entry.id))
            except (KeyError, pygit2.GitError):
                return str(entry.id)
    return ""


def _reflog(repository: Repository, ref: str) -> list[str]:
    try:
        return (repository.common_dir / "logs" / ref).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []


def _good(repository: Repository, line: str) -> bool:
    ids = line.split()[:2]
    return (
        len(ids) == 2  # noqa: PLR2004  from and to
        and (ids[0] == _NONE or readable(repository, ids[0]))
        and readable(repository, ids[1])
    )


def _drop_empty_object(common: Path, name: str) -> None:
    """Delete a loose object of zero bytes, which makes fsck fail."""
    path = common / "objects" / name[:2] / name[2:]
    if path.is_file() and path.stat().st_size == 0:
        path.unlink()


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.devassist")
    fresh.write_text(text, "utf-8", "surrogateescape")
    fresh.replace(path)
