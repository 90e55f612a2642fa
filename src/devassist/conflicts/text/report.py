"""Describes a conflict that git reports: its kind, the lines on both sides, a sentence and a suggestion."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from devassist.conflicts.text.hunks import HunkIndex, meeting
from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity
from devassist.git.differences import Hunk, merge_attribute
from devassist.git.merging.report import PathConflict, StageEntry
from devassist.git.objects.trees import EXECUTABLE, FILE

_TEXT = frozenset((ConflictKind.CONTENT, ConflictKind.ADD_ADD, ConflictKind.BINARY))
_MOST_LOCATIONS = 20
"""On each side."""
_SUGGESTIONS = {
    ConflictKind.CONTENT: "Merge one branch first, then rebase the other and keep what both meant in these lines",
    ConflictKind.ADD_ADD: "Agree on one file, or rename one of the two",
    ConflictKind.MODIFY_DELETE: "Decide whether the file goes; if so, carry the edit over to where its content went",
    ConflictKind.RENAME_DELETE: "Decide whether the file goes or stays under its new name",
    ConflictKind.RENAME_RENAME: "Agree on one new name",
    ConflictKind.DIRECTORY_FILE: "Move one of the two out of the way",
    ConflictKind.BINARY: "Choose one of the two versions; binary files do not merge",
    ConflictKind.SUBMODULE: "Choose the commit of the submodule that holds the work of both",
    ConflictKind.MODE: "Agree on what the path is, file, executable or link",
}


_SENTENCES = {
    ConflictKind.CONTENT: "{left} and {right} change the same part of {path}",
    ConflictKind.ADD_ADD: "{left} and {right} both add {path} with different content",
    ConflictKind.MODIFY_DELETE: "{remover} deletes {path}, which {keeper} changes",
    ConflictKind.RENAME_DELETE: "{remover} deletes {path}, which {keeper} renames",
    ConflictKind.RENAME_RENAME: "{left} and {right} rename {path}, or something to it, in different ways",
    ConflictKind.DIRECTORY_FILE: "{left} and {right} disagree on the directory of {path}, or on whether it is one",
    ConflictKind.BINARY: "{ours} and {theirs} both change the binary file {path}",
    ConflictKind.SUBMODULE: "{ours} and {theirs} move the submodule {path} to different commits",
    ConflictKind.MODE: "{ours} and {theirs} give {path} different types or modes",
}


def described(
    conflict: PathConflict, ours: str, theirs: str, *, hunks: HunkIndex, drivers: Collection[str]
) -> Conflict:
    """The conflict between the branches `ours` and `theirs`, as git names them."""
    locations = _locations(conflict, ours, theirs, hunks)
    driver = (
        merge_attribute(hunks.repository, conflict.path)
        if drivers and conflict.kind is ConflictKind.CONTENT
        else ""
    )
    explanation = _explanation(conflict, ours, theirs, locations)
    severity = Severity.ERROR
    if driver in drivers:
        # It may well merge what git alone does not.
        severity = Severity.WARNING
        explanation += f"; the merge driver {driver!r} of the configuration was not run"
    return Conflict(
        level=Level.TEXT if conflict.kind in _TEXT else Level.TREE,
        kind=conflict.kind,
        severity=severity,
        branches=(ours, theirs),
        path=conflict.path,
        locations=locations,
        explanation=explanation,
        suggestion=_SUGGESTIONS[conflict.kind],
    )


def _locations(conflict: PathConflict, branch: str, other: str, hunks: HunkIndex) -> tuple[Location, ...]:
    base, ours, theirs = (_blob(conflict.at(stage)) for stage in (1, 2, 3))
    mine = _changed(hunks, base, ours)
    others = _changed(hunks, base, theirs)
    if base and ours and theirs:
        left, right = meeting(mine, others)
        # Both did the same in some places; these are no conflict.
        mine = [hunk for hunk in left if not _same(hunks, hunk, ours, right, theirs)]
        others = [hunk for hunk in right if not _same(hunks, hunk, theirs, left, ours)]
    elif ours and theirs:
        pairs = hunks.between(ours.id, theirs.id) or ()
        mine = [Hunk(0, 0, hunk.old, hunk.old_count) for hunk in pairs]
        others = list(pairs)
    return (*_placed(branch, ours, mine), *_placed(other, theirs, others))


def _blob(entry: StageEntry | None) -> StageEntry | None:
    return entry if entry is not None and entry.mode in (FILE, EXECUTABLE) else None


def _changed(hunks: HunkIndex, base: StageEntry | None, side: StageEntry | None) -> list[Hunk]:
    if side is None:
        return []
    if base is not None:
        return list(hunks.between(base.id, side.id) or ())
    lines = hunks.lines(side.id)
    return [Hunk(0, 0, 0, len(lines))] if lines else []


def _same(hunks: HunkIndex, hunk: Hunk, side: StageEntry, others: Sequence[Hunk], other: StageEntry) -> bool:
    own, foreign = hunks.lines(side.id) or [], hunks.lines(other.id) or []
    text = own[hunk.new : hunk.new + hunk.new_count]
    return any(
        hunk[:2] == match[:2] and text == foreign[match.new : match.new + match.new_count] for match in others
    )


def _placed(branch: str, entry: StageEntry | None, hunks: Sequence[Hunk]) -> tuple[Location, ...]:
    if entry is None:
        return ()
    # Lines that are only removed are shown by the line after the gap.
    spans = dict.fromkeys((hunk.new + 1, max(hunk.new + 1, hunk.new + hunk.new_count)) for hunk in hunks)
    return tuple(
        Location(branch=branch, path=entry.path, start_line=start, end_line=end)
        for start, end in sorted(spans)[:_MOST_LOCATIONS]
    )


def _explanation(conflict: PathConflict, ours: str, theirs: str, locations: Sequence[Location]) -> str:
    mine = _lines_in_words([place for place in locations if place.branch == ours])
    others = _lines_in_words([place for place in locations if place.branch == theirs])
    left, right = f"{ours}{mine}", f"{theirs}{others}"
    remover, keeper = (ours, right) if conflict.at(2) is None else (theirs, left)
    return _SENTENCES[conflict.kind].format(
        left=left, right=right, path=conflict.path, ours=ours, theirs=theirs, remover=remover, keeper=keeper
    )


def _lines_in_words(places: Sequence[Location]) -> str:
    if not places:
        return ""
    first = places[0]
    lines = (
        f"line {first.start_line}"
        if first.start_line == first.end_line
        else (f"lines {first.start_line}-{first.end_line}")
    )
    more = f" and {len(places) - 1} more places" if len(places) > 1 else ""
    return f" ({lines}{more})"
