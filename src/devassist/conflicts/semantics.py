"""What two branches both did: defined one name, edited one function, wrote one thing twice; and who goes first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from devassist.conflicts.branches import Branch
from devassist.conflicts.breakage import Added, variant
from devassist.conflicts.findings import at, symbol_of
from devassist.conflicts.languages import family_of, language_of
from devassist.conflicts.namespaces import Hop
from devassist.conflicts.similarity import likeness, shingles, tokens
from devassist.conflicts.tables import Definition
from devassist.domain.conflicts import Conflict, Level, Severity

DIRECTED = frozenset(
    "removed-symbol-used renamed-symbol-used moved-symbol-used signature-changed-called override-mismatch".split()
)
"""Kinds where one branch breaks what the other uses: the first of `branches` is who breaks."""

_ALIKE = 0.85
_SMALLEST = 40
"""Fewer tokens than this are alike by chance."""
_LAX = ("python", "javascript")


def symmetric_conflicts(one: Branch, other: Branch) -> Iterator[Conflict]:
    """Definitions added twice, functions edited twice, work done twice."""
    yield from _duplicates(one, other)
    yield from _edited_twice(one, other)
    yield from _done_twice(one, other)


def _words(branch: Branch, path: str, definition: Definition) -> tuple[str, ...]:
    return tokens(branch.own.files.lines(path, definition), family_of(path))


def _repeatable(one: Definition) -> bool:
    """Definitions that may stand there twice."""
    return bool({"overload", "instance"} & set(one.flags)) or one.last in ("_", "init", "__all__")


def _duplicates(one: Branch, other: Branch) -> Iterator[Conflict]:
    mine = {(added.key, added.definition.name, variant(added.definition)): added for added in one.added}
    both = {
        (added.key, added.definition.name, variant(added.definition)): added
        for added in other.added
        if (added.key, added.definition.name, variant(added.definition)) in mine
    }
    for (key, name, _variant), theirs in both.items():
        ours = mine[key, name, _variant]
        owner = name.rpartition(".")[0]
        if any(known[:2] == (key, owner) for known in both) or _repeatable(ours.definition):
            continue
        same = _words(one, ours.path, ours.definition) == _words(other, theirs.path, theirs.definition)
        if same and ours.path == theirs.path:
            continue  # Git merges equal additions into one, or a person sees both at one place.
        value = ours.definition.kind in ("variable", "field") and language_of(ours.path) in _LAX
        symbol = symbol_of(one, key, name)
        yield Conflict(
            level=Level.SYMBOL,
            kind="duplicate-definition",
            severity=Severity.WARNING if value else Severity.ERROR,
            branches=(one.side.name, other.side.name),
            path=ours.path,
            symbol=symbol,
            locations=(at(one, ours.path, ours.definition), at(other, theirs.path, theirs.definition)),
            explanation=(
                f"`{one.side.name}` ({ours.path}:{ours.definition.start}) and `{other.side.name}` "
                f"({theirs.path}:{theirs.definition.start}) both add {symbol}, differently"
            ),
            suggestion=f"Keep one {symbol}, or give one of them another name",
        )


def _edited_twice(one: Branch, other: Branch) -> Iterator[Conflict]:
    for (path, name), (before, mine) in one.edited.items():
        if (path, name) not in other.edited:
            continue
        theirs = other.edited[path, name][1]
        texts = {
            one.base.files.lines(path, before),
            one.own.files.lines(path, mine),
            other.own.files.lines(path, theirs),
        }
        if len(texts) < 3:  # noqa: PLR2004 - base and both sides, each its own
            continue
        was = tokens(one.base.files.lines(path, before), family_of(path))
        ours, others = _words(one, path, mine), _words(other, path, theirs)
        if was in (ours, others) or ours == others:
            continue
        symbol = symbol_of(one, one.base.modules.key(path), name)
        yield Conflict(
            level=Level.SYMBOL,
            kind="same-symbol-edited",
            severity=Severity.WARNING,
            branches=(one.side.name, other.side.name),
            path=path,
            symbol=symbol,
            locations=(at(one, path, mine), at(other, path, theirs)),
            explanation=(
                f"`{one.side.name}` and `{other.side.name}` both edit {symbol} "
                f"({path}:{mine.start} and {path}:{theirs.start})"
            ),
            suggestion=f"Read both edits of {symbol} together and run its tests on the merged result",
        )


def _substantial(branch: Branch) -> dict[Hop, tuple[Added, frozenset[int], int]]:
    found = {}
    for added in branch.added:
        if added.definition.kind in ("function", "method"):
            words = _words(branch, added.path, added.definition)
            if len(words) >= _SMALLEST:
                found[added.key, added.definition.name] = (
                    added,
                    shingles(words, added.definition.last),
                    len(words),
                )
    return found


def _done_twice(one: Branch, other: Branch) -> Iterator[Conflict]:
    mine, theirs = _substantial(one), _substantial(other)
    holders: dict[int, list[Hop]] = defaultdict(list)
    for hop, (_added, marks, _size) in theirs.items():
        for mark in sorted(marks)[:: max(1, len(marks) // 16)]:
            holders[mark].append(hop)
    for hop, (ours, marks, size) in mine.items():
        near = {match for mark in marks & holders.keys() for match in holders[mark]}
        for match in sorted(near):
            also, other_marks, other_size = theirs[match]
            sized = min(size, other_size) >= _ALIKE * max(size, other_size)
            twin = match == hop or (ours.path == also.path and ours.definition.name == also.definition.name)
            if twin or not sized or family_of(ours.path) != family_of(also.path):
                continue
            score = likeness(marks, other_marks)
            if score >= _ALIKE:
                yield _duplicate_work(one, other, ours, also, score)


def _duplicate_work(one: Branch, other: Branch, ours: Added, also: Added, score: float) -> Conflict:
    symbol, second = symbol_of(one, *ours.hop), symbol_of(other, *also.hop)
    return Conflict(
        level=Level.SYMBOL,
        kind="duplicate-work",
        severity=Severity.WARNING,
        branches=(one.side.name, other.side.name),
        path=ours.path,
        symbol=symbol,
        locations=(at(one, ours.path, ours.definition), at(other, also.path, also.definition)),
        explanation=(
            f"`{one.side.name}` adds {symbol} ({ours.path}:{ours.definition.start}) and `{other.side.name}` adds "
            f"{second} ({also.path}:{also.definition.start}), which is {score:.0%} the same code"
        ),
        suggestion=f"Keep one of {symbol} and {second} and use it in both places",
    )


def edges(conflicts: Sequence[Conflict]) -> list[tuple[str, str]]:
    """
    (before, after): who breaks a name lands before who uses it, so that the user is rebased on what is there.

    Where two branches break each other, the one that breaks more goes first; a draw gives no edge.
    """
    weight: Counter[tuple[str, str]] = Counter()
    for one in conflicts:
        if one.kind in DIRECTED and one.status == "open" and one.severity is not Severity.NOTE:
            weight[one.branches] += 1
    return sorted(pair for pair, count in weight.items() if count > weight.get((pair[1], pair[0]), 0))
