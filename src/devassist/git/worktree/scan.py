"""Compares a working tree with a commit's tree, without touching its index."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2
from pygit2.enums import FileStatus

from devassist.domain.changes import Change, ChangeSet, Kind, is_product_directory
from devassist.git.objects.drivers import driver_of
from devassist.git.objects.errors import patiently, translated
from devassist.git.objects.trees import GITLINK, SYMLINK, TREE, Entry, Trees
from devassist.git.submodules.record import filled_submodules, submodule_above
from devassist.git.worktree.files import Files, Seen
from devassist.git.worktree.index_file import IndexFile
from devassist.git.worktree.sparse import hidden_in

_SIMILAR = 0.5
_RENAME_PAIRS_MAX = 2500
_RENAME_SIZE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Scan:
    """A change set, and the file at each of its paths, None for a deleted one."""

    changes: ChangeSet
    seen: Mapping[str, Seen | None]

    @property
    def driven(self) -> Mapping[str, str]:
        """Each path whose content would have to go through a filter driver, which is not run, with the driver."""
        return {path: state.driver for path, state in self.seen.items() if state is not None and state.driver}

    def edits(self, paths: Iterable[str] | None = None) -> dict[str, Entry | None]:
        """The edits that turn the base tree into the files, for all or some paths."""
        chosen = self.seen if paths is None else [path for path in paths if path in self.seen]
        return {path: None if (state := self.seen[path]) is None else state.entry for path in chosen}


def scan(
    repo: pygit2.Repository,
    root: Path,
    tree: str,
    *,
    store: bool,
    named: Collection[str] = (),
    keeps_driven: bool = True,
) -> Scan:
    """
    Compare the files below `root` with `tree`; with `store` their blobs are put into the object store.

    `named` are paths that count even if git ignores them. Without `keeps_driven` nothing is stored that a filter driver
    would have to turn into something else.

    libgit2's status names the candidates; the tree is then compared with the file itself, so an index that a
    crash left behind the ref changes nothing.
    """
    trees, files = Trees(repo), Files(repo, root, keeps_driven=keeps_driven)
    candidates, embedded = _candidates(repo, root)
    candidates |= {path for path in named if not any(path.startswith(f"{top}/") for top in embedded)}
    differing: dict[str, tuple[Entry | None, Seen | None]] = {}
    for path in sorted(candidates):
        old = trees.find(tree, path)
        if (old is not None and old.mode == GITLINK) or submodule_above(trees, tree, path):
            continue
        old = None if old is not None and old.mode == TREE else old
        seen = files.see(path, store=store, known=old)
        if (seen.entry if seen else None) != old:
            differing[path] = (old, seen)
    inside = _bare_repositories(root, [path for path, (old, _seen) in differing.items() if old is None])
    embedded |= inside
    for path in [path for path in differing if any(path.startswith(f"{top}/") for top in inside)]:
        del differing[path]
    seen_at = {path: seen for path, (_old, seen) in differing.items()}
    changes = _with_renames(repo, root, [_change(path, old, seen) for path, (old, seen) in differing.items()])
    for at, change in enumerate(changes):
        moved = seen_at[change.path]
        # What is stored may move to where the same filter driver applies: it has gone through it.
        if moved is not None and _is_stored(repo, change):
            changes[at] = replace(change, driver="")
            seen_at[change.path] = replace(moved, driver="")
    return Scan(ChangeSet(tuple(changes), tuple(sorted(embedded))), seen_at)


def _is_stored(repo: pygit2.Repository, change: Change) -> bool:
    moved = bool(change.driver and change.old_path) and change.blob == change.old_blob
    return moved and driver_of(repo, change.old_path) == change.driver


def _candidates(repo: pygit2.Repository, root: Path) -> tuple[set[str], set[str]]:
    with translated("compare the files with the commit"):
        status = patiently(lambda: repo.status(untracked_files="all", ignored=False))
    paths: set[str] = set()
    embedded: set[str] = set()
    for path, flags in status.items():
        if flags in {FileStatus.CURRENT, FileStatus.IGNORED}:
            continue
        (embedded if path.endswith("/") else paths).add(path.rstrip("/"))
    index = _sparse_index(repo)
    if index is not None:
        # A file outside the sparse checkout is not deleted; a file that an agent created there is a change.
        skipped = index.skipped
        paths -= {path for path in skipped if not os.path.lexists(root / path)}
        paths |= _present(root, skipped)
    # In the person's own checkout nested repositories are allowed, and walking it can take long.
    if (Path(repo.path) / "commondir").exists():
        filled = set(filled_submodules(Path(repo.path)))
        embedded -= filled
        embedded |= (_grown_submodules(repo, root) - filled) | set(_nested_git(root, ""))
    return paths, embedded


def _sparse_index(repo: pygit2.Repository) -> IndexFile | None:
    config = repo.config
    sparse = "core.sparsecheckout" in config and config.get_bool("core.sparsecheckout")
    if not sparse and not hidden_in(Path(repo.path)):
        return None
    return IndexFile.load(Path(repo.path) / "index")


def _present(root: Path, skipped: Iterable[str]) -> set[str]:
    """The skipped paths that exist on disk nevertheless; a missing directory is looked up once."""
    there: dict[str, bool] = {}
    present: set[str] = set()
    for path in skipped:
        above = posixpath.dirname(path)
        if above not in there:
            there[above] = (root / above).is_dir()
        if there[above] and os.path.lexists(root / path):
            present.add(path)
    return present


def _grown_submodules(repo: pygit2.Repository, root: Path) -> set[str]:
    """Submodule directories with content. Those that were not filled here an agent has initialised."""
    if ".gitmodules" not in repo.index:
        return set()
    links = [entry.path for entry in repo.index if entry.mode == GITLINK]
    return {path for path in links if (root / path).is_dir() and any((root / path).iterdir())}


def _nested_git(root: Path, below: str) -> Iterator[str]:
    """Directories with a `.git` of their own; libgit2 does not report empty ones and those that hold tracked files."""
    directories: list[str] = []
    with translated("look for embedded repositories"), os.scandir(root / below) as items:
        for item in items:
            if below and item.name.casefold() == ".git":
                yield below
            elif item.is_dir(follow_symlinks=False) and not is_product_directory(item.name):
                directories.append(f"{below}/{item.name}" if below else item.name)
    for directory in directories:
        if os.access(root / directory, os.R_OK | os.X_OK):
            yield from _nested_git(root, directory)


def _bare_repositories(root: Path, added: Iterable[str]) -> set[str]:
    """Directories that git would take for a bare repository, with config and hooks of an agent's choice."""
    tops = {posixpath.dirname(path) for path in added if posixpath.basename(path) == "HEAD"}
    return {top for top in tops if top and all((root / top / part).is_dir() for part in ("objects", "refs"))}


def _change(path: str, old: Entry | None, seen: Seen | None) -> Change:
    new = seen.entry if seen else None
    return Change(
        path=path,
        kind=_kind(old, new),
        mode=new.mode if new else 0,
        old_mode=old.mode if old else 0,
        blob=new.id if new else "",
        old_blob=old.id if old else "",
        size=seen.stat.st_size if seen else 0,
        target=seen.target if seen else "",
        driver=seen.driver if seen else "",
    )


def _kind(old: Entry | None, new: Entry | None) -> Kind:
    if new is None:
        return "deleted"
    if old is None:
        return "symlink" if new.mode == SYMLINK else "added"
    if (old.mode == SYMLINK) != (new.mode == SYMLINK):
        return "typechange"
    if new.mode == SYMLINK:
        return "symlink"
    return "mode" if old.id == new.id else "modified"


def _with_renames(repo: pygit2.Repository, root: Path, changes: list[Change]) -> list[Change]:
    """Pair deletions with additions: the same content first, then the most alike above one half."""
    gone = {
        change.path: change for change in changes if change.kind == "deleted" and change.old_mode != SYMLINK
    }
    fresh = {change.path: change for change in changes if change.kind == "added" and change.size}
    pairs: dict[str, str] = {}
    by_blob: dict[str, list[str]] = {}
    for path, change in gone.items():
        by_blob.setdefault(change.old_blob, []).append(path)
    for path, change in fresh.items():
        olds = by_blob.get(change.blob)
        if olds:
            pairs[path] = olds.pop(0)
    rest_old = [path for path in gone if path not in pairs.values()]
    rest_new = [path for path in fresh if path not in pairs]
    if rest_old and rest_new and len(rest_old) * len(rest_new) <= _RENAME_PAIRS_MAX:
        pairs |= _alike(repo, root, {p: gone[p] for p in rest_old}, {p: fresh[p] for p in rest_new})
    renamed = set(pairs.values())
    return [_renamed(change, gone, pairs) for change in changes if change.path not in renamed]


def _renamed(change: Change, gone: Mapping[str, Change], pairs: Mapping[str, str]) -> Change:
    old_path = pairs.get(change.path)
    if old_path is None or change.kind != "added":
        return change
    old = gone[old_path]
    return replace(change, kind="renamed", old_path=old_path, old_mode=old.old_mode, old_blob=old.old_blob)


def _alike(
    repo: pygit2.Repository, root: Path, gone: Mapping[str, Change], fresh: Mapping[str, Change]
) -> dict[str, str]:
    files = Files(repo, root)
    before = {path: _lines(repo.read(pygit2.Oid(hex=change.old_blob))[1]) for path, change in gone.items()}
    after = {
        path: _lines(files.raw(path)) for path, change in fresh.items() if change.size <= _RENAME_SIZE_MAX
    }
    scored = sorted(
        (
            (_likeness(old, new), old_path, path)
            for old_path, old in before.items()
            for path, new in after.items()
        ),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    pairs: dict[str, str] = {}
    for score, old_path, path in scored:
        if score < _SIMILAR:
            break
        if path not in pairs and old_path not in pairs.values():
            pairs[path] = old_path
    return pairs


def _lines(data: bytes) -> Counter[bytes]:
    return Counter(data[:_RENAME_SIZE_MAX].splitlines(keepends=True))


def _likeness(old: Counter[bytes], new: Counter[bytes]) -> float:
    larger = max(_weight(old), _weight(new))
    return _weight(old & new) / larger if larger else 0.0


def _weight(lines: Counter[bytes]) -> int:
    return sum(len(line) * count for line, count in lines.items())
