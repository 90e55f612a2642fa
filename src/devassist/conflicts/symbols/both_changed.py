"""Conflicts over the same work: one name defined twice, one function edited twice, the same code written twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from devassist.conflicts.names.namespaces import Hop
from devassist.conflicts.symbols.branch_facts import Branch
from devassist.conflicts.symbols.breakage import variant
from devassist.conflicts.symbols.breaks import Added
from devassist.conflicts.symbols.findings import at, symbol_of
from devassist.conflicts.symbols.go_builds import build_of
from devassist.conflicts.symbols.similarity import likeness, shape, shingles, tokens
from devassist.conflicts.syntax.languages import LanguageFamily, family_of, language_of
from devassist.conflicts.syntax.tables import Definition, Flag, SymbolKind
from devassist.domain.conflicts import Conflict, ConflictKind, ConflictStatus, Level, Severity

DIRECTED = frozenset(
    (
        ConflictKind.REMOVED_SYMBOL_USED,
        ConflictKind.RENAMED_SYMBOL_USED,
        ConflictKind.MOVED_SYMBOL_USED,
        ConflictKind.SIGNATURE_CHANGED_CALLED,
        ConflictKind.OVERRIDE_MISMATCH,
    )
)
"""Kinds in which one branch breaks a name that the other uses. The first of `branches` is the breaker."""

_ALIKE = 0.85
_SMALLEST = 40
"""Fewer tokens than this are alike by chance."""
_LAX = ("python", "javascript")
_TYPES_ONLY = frozenset((SymbolKind.INTERFACE, SymbolKind.TYPE))
"""TypeScript: kinds that are no values, so that a value may have their name; interfaces of one name become one."""


def symmetric_conflicts(branch: Branch, other: Branch) -> Iterator[Conflict]:
    """Definitions added twice, functions edited twice, work done twice."""
    yield from _duplicates(branch, other)
    yield from _edited_twice(branch, other)
    yield from _done_twice(branch, other)


def _words(branch: Branch, path: str, definition: Definition) -> tuple[str, ...]:
    return tokens(branch.own.files.lines(path, definition), family_of(path))


def _repeatable(definition: Definition) -> bool:
    """Whether a definition may be there twice."""
    return bool({Flag.OVERLOAD, Flag.INSTANCE} & set(definition.flags)) or definition.last in (
        "_",
        "init",
        "__all__",
    )


def _duplicates(branch: Branch, other: Branch) -> Iterator[Conflict]:
    mine = {(*_home(branch, added), variant(added.definition)): added for added in branch.added}
    both = {
        mark: added
        for added in other.added
        if (mark := (*_home(other, added), variant(added.definition))) in mine
    }
    for (key, name, _variant), theirs in both.items():
        ours = mine[key, name, _variant]
        owner = name.rpartition(".")[0]
        if any(known[:2] == (key, owner) for known in both) or _repeatable(ours.definition):
            continue
        if _side_by_side((branch, ours), (other, theirs)):
            continue
        same = _words(branch, ours.path, ours.definition) == _words(other, theirs.path, theirs.definition)
        if same and ours.path == theirs.path:
            continue  # Git merges equal additions into one, or a person sees both at one place.
        value = (
            ours.definition.kind in (SymbolKind.VARIABLE, SymbolKind.FIELD) and language_of(ours.path) in _LAX
        )
        symbol = symbol_of(branch, key, name)
        yield Conflict(
            level=Level.SYMBOL,
            kind=ConflictKind.DUPLICATE_DEFINITION,
            severity=Severity.WARNING if value or _conditional(branch, ours) else Severity.ERROR,
            branches=(branch.side.name, other.side.name),
            path=ours.path,
            symbol=symbol,
            locations=(at(branch, ours.path, ours.definition), at(other, theirs.path, theirs.definition)),
            explanation=(
                f"`{branch.side.name}` ({ours.path}:{ours.definition.start}) and `{other.side.name}` "
                f"({theirs.path}:{theirs.definition.start}) both add {symbol}, differently"
            ),
            suggestion=f"Keep one {symbol}, or give one of them another name",
        )


def _home(branch: Branch, added: Added) -> Hop:
    """The module and name of a definition. A Rust method belongs to its type, wherever its `impl` block is."""
    owner = added.definition.owner
    here = branch.own.namespace(added.key).get(owner, ())
    if not added.path.endswith(".rs") or not owner or any(binding.definition is not None for binding in here):
        return added.hop
    meant = branch.own.meaning(added.path, owner)
    return added.hop if meant is None else (meant[0], f"{meant[1]}.{added.definition.last}")


def _side_by_side(mine: tuple[Branch, Added], other: tuple[Branch, Added]) -> bool:
    """Whether two definitions of one name may coexist: a type and a value, or files of different builds."""
    (here, ours), (there, theirs) = mine, other
    family = family_of(ours.path)
    if family is LanguageFamily.GO:
        built = build_of(ours.path, here.own.files.source(ours.path))
        return bool(built) and built != build_of(theirs.path, there.own.files.source(theirs.path)) != ""
    if family is not LanguageFamily.SCRIPT:
        return False
    kinds = {ours.definition.kind, theirs.definition.kind}
    return len(kinds & _TYPES_ONLY) == 1 or kinds == {SymbolKind.INTERFACE} or SymbolKind.NAMESPACE in kinds


def _conditional(branch: Branch, added: Added) -> bool:
    """Whether a definition of a Python module is below an `if` or `try`, and therefore one of several."""
    definition = added.definition
    text = branch.own.files.lines(added.path, definition)
    return added.path.endswith(".py") and not definition.owner and text[:1].isspace()


def _edited_twice(branch: Branch, other: Branch) -> Iterator[Conflict]:
    for (path, name), (before, mine) in branch.edited.items():
        if (path, name) not in other.edited:
            continue
        theirs = other.edited[path, name][1]
        texts = {
            branch.base.files.lines(path, before),
            branch.own.files.lines(path, mine),
            other.own.files.lines(path, theirs),
        }
        if len(texts) < 3:  # noqa: PLR2004 - base and both sides, each its own
            continue
        was = tokens(branch.base.files.lines(path, before), family_of(path))
        ours, others = _words(branch, path, mine), _words(other, path, theirs)
        if was in (ours, others) or ours == others:
            continue
        symbol = symbol_of(branch, branch.base.modules.key(path), name)
        yield Conflict(
            level=Level.SYMBOL,
            kind=ConflictKind.SAME_SYMBOL_EDITED,
            severity=Severity.WARNING,
            branches=(branch.side.name, other.side.name),
            path=path,
            symbol=symbol,
            locations=(at(branch, path, mine), at(other, path, theirs)),
            explanation=(
                f"`{branch.side.name}` and `{other.side.name}` both edit {symbol} "
                f"({path}:{mine.start} and {path}:{theirs.start})"
            ),
            suggestion=f"Read both edits of {symbol} together and run its tests on the merged result",
        )


class _Work(NamedTuple):
    """An added function, its words in threes as they are and with its own names as numbers, and how many words."""

    added: Added
    plain: frozenset[int]
    renamed: frozenset[int]
    size: int


def _substantial(branch: Branch) -> dict[Hop, _Work]:
    works = {}
    for added in branch.added:
        if added.definition.kind in (SymbolKind.FUNCTION, SymbolKind.METHOD):
            words = _words(branch, added.path, added.definition)
            if len(words) >= _SMALLEST:
                name = added.definition.last
                own = [parameter.name for parameter in added.definition.parameters or ()]
                works[added.key, added.definition.name] = _Work(
                    added, shingles(words, name), shingles(shape(words, own), name), len(words)
                )
    return works


def _done_twice(branch: Branch, other: Branch) -> Iterator[Conflict]:
    mine, theirs = _substantial(branch), _substantial(other)
    holders: dict[int, list[Hop]] = defaultdict(list)
    for hop, work in theirs.items():
        for mark in sorted(work.renamed)[:: max(1, len(work.renamed) // 16)]:
            holders[mark].append(hop)
    for hop, ours in mine.items():
        near = {match for mark in ours.renamed & holders.keys() for match in holders[mark]}
        for match in sorted(near):
            score = 0.0 if match == hop else _sameness(ours, theirs[match])
            if score >= _ALIKE:
                yield _duplicate_work(branch, other, ours.added, theirs[match].added, score)


def _sameness(work: _Work, other: _Work) -> float:
    """The likeness of two functions, 0.0 to 1.0; 0.0 for different sizes and for one function in one file."""
    ours, also = work.added, other.added
    twin = ours.path == also.path and ours.definition.name == also.definition.name
    sized = min(work.size, other.size) >= _ALIKE * max(work.size, other.size)
    if twin or not sized or family_of(ours.path) != family_of(also.path):
        return 0.0
    return max(likeness(work.plain, other.plain), likeness(work.renamed, other.renamed))


def _duplicate_work(branch: Branch, other: Branch, ours: Added, also: Added, score: float) -> Conflict:
    symbol, second = symbol_of(branch, *ours.hop), symbol_of(other, *also.hop)
    return Conflict(
        level=Level.SYMBOL,
        kind=ConflictKind.DUPLICATE_WORK,
        severity=Severity.WARNING,
        branches=(branch.side.name, other.side.name),
        path=ours.path,
        symbol=symbol,
        locations=(at(branch, ours.path, ours.definition), at(other, also.path, also.definition)),
        explanation=(
            f"`{branch.side.name}` adds {symbol} ({ours.path}:{ours.definition.start}) and `{other.side.name}` adds "
            f"{second} ({also.path}:{also.definition.start}), which is {score:.0%} the same code"
        ),
        suggestion=f"Keep one of {symbol} and {second} and use it in both places",
    )


def edges(conflicts: Sequence[Conflict]) -> list[tuple[str, str]]:
    """
    (before, after): a branch that breaks a name lands before those that use it, which can then be rebased on it.

    Where two branches break each other, the one that breaks more goes first; a draw gives no edge.
    """
    weight: Counter[tuple[str, str]] = Counter()
    for conflict in conflicts:
        if (
            conflict.kind in DIRECTED
            and conflict.status is ConflictStatus.OPEN
            and conflict.severity is not Severity.NOTE
        ):
            weight[conflict.branches] += 1
    return sorted(pair for pair, count in weight.items() if count > weight.get((pair[1], pair[0]), 0))
