"""The answers that people gave to hunks in a repository's own merges, history by replaying these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from devassist.conflicts.resolution.rerere import settled_hunks
from devassist.conflicts.resolution.three_way_merge import read_files
from devassist.domain.events import LearnedMerge
from devassist.domain.events.decisions import SettledHunk
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.report import PairResult
from devassist.git.merging.tree_view import TreeView
from devassist.git.objects.history import CommitFacts
from devassist.git.repository import Repository

_OWN = frozenset({"Devassist-Run", "Devassist-Conflict"})
"""Trailers of merges that devassist made: what people decided about those is in the log."""
_BATCH = 32
_PARENTS = 2
_LONGEST = 20_000
"""Characters; longer answers are not kept."""
_MOST = 5_000
"""Hunks; of more, the newest are kept."""


@dataclass(slots=True)
class HistoryAnswers:
    """Counts of what was replayed, and the answers of each merge, newest first."""

    head: str
    merges: int = 0
    own: int = 0
    conflicting: int = 0
    hunks: int = 0
    answers: list[LearnedMerge] = field(default_factory=list)

    @property
    def learned(self) -> int:
        return sum(len(merge.hunks) for merge in self.answers)


def answers_in_history(
    repository: Repository,
    environment: Mapping[str, str],
    *,
    limit: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> HistoryAnswers:
    """
    Replays up to `limit` two-parent merges of HEAD's history, newest first (0: all).

    `progress` is called with the number of merges done and of all.
    """
    merges = [commit for commit in repository.log(repository.head_commit) if len(commit.parents) == _PARENTS]
    foreign = [commit for commit in merges if not _OWN & commit.trailers.keys()]
    chosen = foreign[:limit] if limit else foreign
    history = HistoryAnswers(head=repository.head_commit, own=len(merges) - len(foreign))
    with MergeTree(repository, environment=environment, with_base=True) as referee:
        view = TreeView(referee.view)
        for start in range(0, len(chosen), _BATCH):
            batch = chosen[start : start + _BATCH]
            results = referee.merge_all([(commit.parents[0], commit.parents[1]) for commit in batch])
            for commit, result in zip(batch, results, strict=True):
                history.merges += 1
                if not result.clean:
                    _learn(history, view, result, commit)
            progress(min(start + _BATCH, len(chosen)), len(chosen))
    return history


def _learn(history: HistoryAnswers, view: TreeView, result: PairResult, commit: CommitFacts) -> None:
    history.conflicting += 1
    hunks = tuple(_answers(history, view, result, commit))[: max(0, _MOST - history.learned)]
    if hunks:
        merge = LearnedMerge(commit=commit.id, who=f"person {commit.author}", hunks=hunks)
        history.answers.append(merge)


def _answers(
    history: HistoryAnswers, view: TreeView, result: PairResult, commit: CommitFacts
) -> Iterator[SettledHunk]:
    for file in read_files(result, view, (commit.parents[0], commit.parents[1])):
        if file.marked is None:
            continue
        history.hunks += len(file.marked.hunks)
        entry = view.find(commit.tree, file.path)
        text = "" if entry is None else view.blob(entry.id).decode("utf-8", "surrogateescape")
        for hunk in settled_hunks(file.path, file.marked, text):
            if len(hunk.text) <= _LONGEST:
                yield hunk
