"""Reading history: log, differences, blame, and the anchors of the audit log that merges carry."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pygit2
from pygit2.enums import BlameFlag, DiffOption, DiffStatsFormat, SortMode

from devassist.domain.errors import NotFound
from devassist.git.objects.errors import translated
from devassist.git.objects.trailers import trailers_of
from devassist.git.objects.trees import GITLINK, TREE, Entry, Trees, tree_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """Author, time, message, parents and tree of a commit."""

    id: str
    parents: tuple[str, ...]
    tree: str
    author: str
    email: str
    when: datetime
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]

    @property
    def trailers(self) -> dict[str, str]:
        return trailers_of(self.message)


@dataclass(frozen=True, slots=True)
class HistoryAnchor:
    """A point of the audit log whose hash a commit message carries."""

    commit: str
    seq: int
    hash: str
    database: str = ""


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """The commit a line came from, and its number and path there."""

    commit: str
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class PathChange:
    """A path that differs between two trees; `before` and `after` are "<octal mode> <blob id>", or '' for none."""

    path: str
    before: str
    after: str


def changes_between(repo: pygit2.Repository, old: str, new: str) -> tuple[PathChange, ...]:
    """Each path that differs between two trees or commits, in the order of paths."""

    def shown(entry: Entry | None) -> str:
        return "" if entry is None else f"{entry.mode:o} {entry.id}"

    with translated("compare two trees"):
        return tuple(
            PathChange(path, shown(before), shown(after))
            for path, before, after in Trees(repo).difference(tree_id(repo, old), tree_id(repo, new))
        )


def log(
    repo: pygit2.Repository, start: str, *, hide: Sequence[str] = (), limit: int = 0
) -> Iterator[CommitFacts]:
    """Commits reachable from `start` but from none of `hide`, newest first."""
    with translated("read the history"):
        walker = repo.walk(pygit2.Oid(hex=start), SortMode.TOPOLOGICAL | SortMode.TIME)
        for commit in hide:
            walker.hide(pygit2.Oid(hex=commit))
        for count, commit_object in enumerate(walker, start=1):
            yield facts(commit_object)
            if count == limit:
                return


def facts(commit: pygit2.Commit) -> CommitFacts:
    return CommitFacts(
        id=str(commit.id),
        parents=tuple(str(parent) for parent in commit.parent_ids),
        tree=str(commit.tree_id),
        author=commit.author.name,
        email=commit.author.email,
        when=datetime.fromtimestamp(commit.commit_time, UTC),
        message=commit.message,
    )


def anchors(repo: pygit2.Repository) -> Iterator[HistoryAnchor]:
    """Each commit under refs/heads and refs/devassist that carries `Audit-Head: <seq>:<hash>`."""
    with translated("read the history"):
        walker = repo.walk(None, SortMode.TOPOLOGICAL)
        for name in repo.references:
            if name.startswith(("refs/heads/", "refs/devassist/")):
                commit = _commit_of(repo, name)
                if commit is not None:
                    walker.push(commit)
        for ancestor in walker:
            # Parsing every message of a long history would cost more than the walk.
            if "Audit-Head:" in ancestor.message and (anchor := _anchor(ancestor)) is not None:
                yield anchor


def _commit_of(repo: pygit2.Repository, name: str) -> pygit2.Oid | None:
    try:
        return repo.references[name].peel(pygit2.Commit).id
    except (pygit2.GitError, KeyError, ValueError):
        return None  # a ref to a tree, or a broken ref, carries no anchor


def _anchor(commit: pygit2.Commit) -> HistoryAnchor | None:
    trailers = trailers_of(commit.message)
    seq, _, digest = trailers.get("Audit-Head", "").partition(":")
    if not seq.isdigit() or not digest:
        return None
    return HistoryAnchor(str(commit.id), int(seq), digest, trailers.get("Audit-Database", ""))


def read_file(repo: pygit2.Repository, commit: str, path: str) -> bytes:
    entry = Trees(repo).find(tree_id(repo, commit), path)
    if entry is None or entry.mode == TREE:
        raise NotFound(f"{path} is not a file in {commit[:12]}", hint=f"See 'git ls-tree -r {commit[:12]}'")
    with translated(f"read {path}"):
        return repo.read(pygit2.Oid(hex=entry.id))[1]


def diff(
    repo: pygit2.Repository,
    old: str,
    new: str,
    *,
    stat: bool = False,
    context: int = 3,
    paths: Collection[str] | None = None,
) -> str:
    """
    A unified patch between two trees or commits, renames found; with `stat` the summary of it.

    `paths` limits the patch to files of these names, before or after.
    """
    with translated("compare two commits"):
        if paths is not None and not stat:
            # A tree of 80,000 files takes 10 ms to compare, and agents wait for the news of each other.
            patch = _edited_in_place(repo, old, new, paths, context)
            if patch is not None:
                return patch
        before, after = (repo[pygit2.Oid(hex=id_)].peel(pygit2.Tree) for id_ in (old, new))
        flags = DiffOption.NORMAL if stat else DiffOption.SHOW_BINARY | DiffOption.INDENT_HEURISTIC
        difference = before.diff_to_tree(after, flags=flags, context_lines=context)
        difference.find_similar()
        if stat:
            return difference.stats.format(DiffStatsFormat.FULL, 80)
        return "".join(
            _text(patch)
            for patch in difference
            if patch is not None and (paths is None or not _names(patch.delta).isdisjoint(paths))
        )


def _names(delta: pygit2.DiffDelta) -> set[str]:
    """A file's names before and after, with bytes that are not UTF-8 as surrogates and as the log escapes them."""
    names = {file.raw_path.decode("utf-8", "surrogateescape") for file in (delta.old_file, delta.new_file)}
    return names | {file.encode("utf-8", "backslashreplace").decode() for file in names}


def _edited_in_place(
    repo: pygit2.Repository, old: str, new: str, paths: Collection[str], context: int
) -> str | None:
    """The patch of files that exist before and after, and so are not renamed; None if one of them does not."""
    trees, before, after = Trees(repo), tree_id(repo, old), tree_id(repo, new)
    patches: list[str] = []
    for path in sorted(set(paths)):
        was, now = (_blob(repo, trees.find(tree, path)) for tree in (before, after))
        if was is None or now is None:
            return None
        if was.id != now.id:
            patch = pygit2.Patch.create_from(
                was, now, path, path, DiffOption.SHOW_BINARY | DiffOption.INDENT_HEURISTIC, context
            )
            patches.append(_text(patch))
    return "".join(patches)


def _blob(repo: pygit2.Repository, entry: Entry | None) -> pygit2.Blob | None:
    blob = None if entry is None or entry.mode in (TREE, GITLINK) else repo[pygit2.Oid(hex=entry.id)]
    return blob if isinstance(blob, pygit2.Blob) else None


def _text(patch: pygit2.Patch) -> str:
    return patch.data.decode("utf-8", "surrogateescape")


def changed_paths(repo: pygit2.Repository, old: str, new: str) -> tuple[str, ...]:
    """Every path that differs between two trees or commits, both sides of a rename."""
    with translated("compare two commits"):
        before, after = (str(repo[pygit2.Oid(hex=id_)].peel(pygit2.Tree).id) for id_ in (old, new))
        return tuple(path for path, _old, _new in Trees(repo).difference(before, after))


def blame_line(repo: pygit2.Repository, path: str, line: int, rev: str) -> BlamedLine:
    with translated(f"blame {path}"):
        try:
            hunk = repo.blame(
                path, newest_commit=pygit2.Oid(hex=rev), min_line=line, max_line=line, flags=BlameFlag.NORMAL
            ).for_line(line)
        except (KeyError, IndexError, ValueError) as error:
            raise NotFound(
                f"{path} has no line {line} in {rev[:12]}", hint="Lines are counted from 1"
            ) from error
    origin = hunk.orig_start_line_number + line - hunk.final_start_line_number
    return BlamedLine(str(hunk.orig_commit_id), origin, hunk.orig_path or path)
