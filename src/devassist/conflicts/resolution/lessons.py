"""What a repository's own merges teach: how often each class of hunks would have been settled as people did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from devassist.conflicts.resolution.automatic import proposal
from devassist.conflicts.resolution.marked import MarkedText, lines_of
from devassist.conflicts.resolution.three_way_merge import read_files
from devassist.domain.resolutions import Tally
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.report import PairResult
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

_CONTEXT = 3
"""Lines around a hunk that must stand as they merged for its place to be known."""
_OWN = frozenset({"Devassist-Run", "Devassist-Conflict"})
_BATCH = 32
_PARENTS = 2


@dataclass(slots=True)
class HistoryLessons:
    """
    What was looked at, and the tally of each class. A hunk whose place is not found counts as settled otherwise.

    `own` merges were made by devassist: what people said to them is in the log, and is no lesson of history.
    """

    head: str
    merges: int = 0
    own: int = 0
    conflicting: int = 0
    hunks: int = 0
    classes: dict[str, Tally] = field(default_factory=dict)


def learn(
    repository: Repository,
    environment: Mapping[str, str],
    *,
    limit: int,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> HistoryLessons:
    """Replay up to `limit` two-parent merges of HEAD's history, newest first (0: all); `told` hears done and all."""
    head = repository.head_commit
    merges = [one for one in repository.log(head) if len(one.parents) == _PARENTS]
    theirs = [one for one in merges if not _OWN & one.trailers.keys()]
    chosen = theirs[:limit] if limit else theirs
    found = HistoryLessons(head=head, own=len(merges) - len(theirs))
    with MergeTree(repository, environment=environment, with_base=True) as referee:
        view = TreeView(referee.view)
        for start in range(0, len(chosen), _BATCH):
            batch = chosen[start : start + _BATCH]
            results = referee.merge_all([(one.parents[0], one.parents[1]) for one in batch])
            for commit, result in zip(batch, results, strict=True):
                found.merges += 1
                if not result.clean:
                    _count(found, view, result, (commit.parents[0], commit.parents[1]), commit.tree)
            told(min(start + _BATCH, len(chosen)), len(chosen))
    return found


def _count(
    found: HistoryLessons, view: TreeView, result: PairResult, parents: tuple[str, str], tree: str
) -> None:
    found.conflicting += 1
    for one in read_files(result, view, parents):
        if one.marked is None:
            continue
        entry = view.find(tree, one.path)
        committed = "" if entry is None else view.blob(entry.id).decode("utf-8", "surrogateescape")
        for number, hunk in enumerate(one.marked.hunks):
            found.hunks += 1
            proposed = proposal(one.path, hunk)
            if proposed is not None:
                right = stands(one.marked, number, proposed.text, committed)
                before = found.classes.get(proposed.name, Tally())
                found.classes[proposed.name] = before.plus(right=right)


def stands(marked: MarkedText, number: int, answer: str, text: str) -> bool:
    """Whether `text` has `answer` in the place of a hunk, known by the lines around it that merged."""
    at = [index for index, part in enumerate(marked.parts) if not isinstance(part, str)][number]
    above = _clean(marked.parts[:at])
    below = _clean(marked.parts[at + 1 :][:1])
    wanted = "".join([*above[-_CONTEXT:], answer, *below[:_CONTEXT]])
    if at == 0 and not text.startswith(wanted):
        return False
    if at == len(marked.parts) - 1:
        return text.endswith(wanted)
    return wanted in text


def _clean(parts: Sequence[object]) -> list[str]:
    """The lines of the last of these parts, if it merged."""
    last = parts[-1] if parts else ""
    return lines_of(last) if isinstance(last, str) else []
