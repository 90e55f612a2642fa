"""Conflicts between names that one branch broke and new uses on another: by resolution, else by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from devassist.conflicts.names.namespaces import EXTERNAL, Hop, Resolution, Target
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.branch_facts import Branch, Use
from devassist.conflicts.symbols.breaks import Break, Reason
from devassist.conflicts.symbols.findings import Evidence, break_conflict
from devassist.conflicts.symbols.merged_uses import Exposure
from devassist.conflicts.symbols.merging import again, lost, rebound, torn, unbound
from devassist.conflicts.symbols.signatures import Effect, effect, fits, opaque
from devassist.conflicts.syntax.languages import LanguageFamily, family_of, grammar_for
from devassist.conflicts.syntax.tables import CALLABLES, Definition, Flag, Reference, SymbolKind
from devassist.domain.conflicts import Conflict, Severity

_COMMON = frozenset(
    "get set add pop append extend insert remove update keys values items copy clear close open read "
    "write run start stop join split strip format encode decode index count sort reverse find replace "
    "send next push shift map filter reduce then catch finally foreach includes slice concat tostring "
    "equals hashcode size length isempty contains put name value data type id text path new len iter "
    "collect unwrap clone into from as_ref to_string string error less swap save delete create load setup "
    "teardown".split()
)
"""Names, in small letters, that libraries' types have as well: a use on an unknown receiver says nothing."""

_TWO_WORDS = re.compile(r"_|[a-z0-9][A-Z]")
"""A name of several words is hardly a stranger's by chance."""
_DISTINCTIVE = 8
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs")
_MANY = 4


def uses_against_breaks(breaker: Branch, user: Branch) -> list[Conflict]:
    """One conflict for each name that `breaker` broke and `user` newly uses."""
    evidence_by_hop: dict[Hop, list[Evidence]] = defaultdict(list)
    exposure = Exposure(breaker, user)
    suspects = [
        use for hop in breaker.breaks_by_hop if hop in exposure.by_hop for use in exposure.by_hop[hop]
    ]
    for use in dict.fromkeys(suspects):
        blamed = _blamed(exposure, use)
        if blamed is not None:
            evidence_by_hop[blamed[0]].append(Evidence(use, blamed[1]))
    for change, evidence in _by_name(exposure):
        evidence_by_hop[change.hop].append(evidence)
    reported = {
        (evidence.use.path, hop[1].rpartition(".")[2])
        for hop in evidence_by_hop
        for evidence in evidence_by_hop[hop]
    }
    breaks = dict(breaker.breaks_by_hop)
    for change, evidence in exposure.undefined():
        if (evidence.use.path, change.name.rpartition(".")[2]) not in reported:
            breaks.setdefault(change.hop, change)
            evidence_by_hop[change.hop].append(evidence)
    return [break_conflict(breaker, user, breaks[hop], each) for hop, each in evidence_by_hop.items()]


def _blamed(exposure: Exposure, use: Use) -> tuple[Hop, Severity] | None:
    """The break that makes this use fail on the merged tree, with the severity; None if none does."""
    breaker, user = exposure.breaker, exposure.user
    if breaker.changes.get(use.path, "") is None and use.path not in exposure.merged:
        return None  # The file itself went: the text level tells.
    breaks = breaker.breaks_by_hop
    now = again(use, exposure)
    other = rebound(breaker, user, use)
    if other is not None and other.target == EXTERNAL:
        return None  # The breaker has the whole file take the name from outside of the tree.
    if use.path not in exposure.merged and now.target in (None, EXTERNAL) and other is not None:
        now = other
    gone = [hop for hop in use.meaning.hops if hop in breaks and breaks[hop].reason is not Reason.SIGNATURE]
    on_the_way = use.meaning.target in (None, EXTERNAL) and any(
        unbound(exposure.resolver, hop) for hop in gone
    )
    missing = on_the_way or lost(use.meaning.target, now.target)
    here = [hop for hop in now.hops if torn(exposure, hop, use)]
    if here or (missing and gone):
        modules = [
            hop for hop in gone if not hop[1]
        ]  # A removed module is reported once, not for each of its names.
        end = now.hops[-1] if now.hops and now.hops[-1] in gone else gone[-1] if gone else None
        if (
            end is not None and not breaks[end].olds
        ):  # A name that was only passed on: what became of the thing?
            end = next((step for step in reversed(gone) if breaks[step].olds), end)
        hop = here[-1] if here else modules[0] if modules else end
        if hop is None:
            return None
        if missing and not here and breaks[hop].path not in exposure.merged and user.keeps(hop):
            return None
        return hop, _severity(breaker, use, breaks[hop])
    return _misfit(breaker, use, now)


def _severity(breaker: Branch, use: Use, change: Break) -> Severity:
    if use.guarded or _open_ended(breaker.own, change):
        return Severity.WARNING
    return Severity.ERROR


def _open_ended(own: Resolver, change: Break) -> bool:
    """Whether names may come from where resolution cannot look: `__getattr__`, a star import of a foreign module."""
    owner = change.name.rpartition(".")[0]
    if owner:
        holder = own.lookup(change.key, owner, [], outside=False)
        target = None if holder is None else own.member(holder, "__getattr__", [])
        return target is not None and target != EXTERNAL
    if "__getattr__" in own.namespace(change.key):
        return True
    stars = [
        brought
        for path in own.modules.paths(change.key)
        for brought in own.files.table(path).imports
        if brought.name == "*"
        and path.endswith((".py", ".pyi"))
        and own.modules.find(path, brought.module) is None
    ]
    computed = any(
        path.endswith(_SCRIPTS) and own.files.table(path).dynamic for path in own.modules.paths(change.key)
    )
    return bool(stars) or computed


def _misfit(breaker: Branch, use: Use, now: Resolution) -> tuple[Hop, Severity] | None:
    """The break of a call that still resolves and no longer fits."""
    reference = use.reference
    if reference is None:
        return None
    changed = [
        breaker.breaks_by_hop[hop]
        for hop in use.meaning.hops
        if hop in breaker.breaks_by_hop and breaker.breaks_by_hop[hop].reason is Reason.SIGNATURE
    ]
    target = use.meaning.target
    for change in reversed(changed):
        if target is None or not _meant(change, target, use):
            value_used = (
                change.olds[-1].kind is SymbolKind.PROPERTY
                and change.news[-1].kind is SymbolKind.METHOD
                and reference.receiver
            )
            if value_used and not opaque(change.news[-1]):
                return change.hop, Severity.ERROR  # Its value was used, and is a method now.
            continue
        worst = call_effect(change, reference, bound=use.meaning.bound)
        if worst is Effect.BREAKS:
            return change.hop, Severity.WARNING if use.guarded else Severity.ERROR
        if worst is Effect.DOUBTFUL:
            return change.hop, Severity.WARNING
    return _moved_misfit(breaker, use, now)


def _meant(change: Break, target: Target, use: Use) -> bool:
    """The break is of the very thing that is called, not of something on the way there."""
    if (target.key, target.name) == change.hop:
        return True
    came = change.olds and change.olds[-1].last in ("__init__", "constructor")
    return bool(came) and bool(use.meaning.hops) and use.meaning.hops[-1] == change.hop


def _moved_misfit(breaker: Branch, use: Use, now: Resolution) -> tuple[Hop, Severity] | None:
    """Moved, still reachable under the old name, and not with the old signature."""
    before, after = use.meaning.target, now.target
    moved = [hop for hop in use.meaning.hops if hop in breaker.breaks_by_hop]
    if before is None or after is None or not moved or before[:2] == after[:2] or use.reference is None:
        return None
    if before.definition is None or after.definition is None or not use.reference.call:
        return None
    if (
        _effect((before.definition,), (after.definition,), use.reference, use.path, bound=use.meaning.bound)
        is Effect.BREAKS
    ):
        return moved[-1], Severity.ERROR
    return None


def call_effect(change: Break, reference: Reference, *, bound: bool) -> Effect:
    """The effect of a changed definition on a use of it."""
    old, new = change.olds[-1], change.news[-1]
    if {old.kind, new.kind} == {SymbolKind.PROPERTY, SymbolKind.METHOD}:
        if reference.call != (old.kind is SymbolKind.METHOD):
            return Effect.NONE
        # A decorator that nobody knows may make a value of a method, as `reify` does.
        return Effect.DOUBTFUL if opaque(old) or opaque(new) else Effect.BREAKS
    conversion = old.kind is SymbolKind.STRUCT and change.path.endswith(".go") and not reference.literal
    if not reference.call or conversion:
        return Effect.NONE
    return _effect(change.olds, change.news, reference, change.path, bound=bound)


def _effect(
    olds: Sequence[Definition], news: Sequence[Definition], reference: Reference, path: str, *, bound: bool
) -> Effect:
    grammar = grammar_for(path)
    language = "" if grammar is None else grammar.name
    if language == "python":  # `overload` is for checkers; the last definition is what runs.
        olds, news = olds[-1:], news[-1:]
    effects = [
        [effect(old, new, reference, bound=bound, language=language) for new in news]
        for old in olds
        if fits(old, reference, bound=bound)
    ]
    order = list(Effect)
    return max((min(row, key=order.index) for row in effects if row), key=order.index, default=Effect.NONE)


def _by_name(exposure: Exposure) -> list[tuple[Break, Evidence]]:
    """Members used on receivers of unknown type: the rarer the name, the surer."""
    breaker, user = exposure.breaker, exposure.user
    members = [
        change
        for change in breaker.breaks
        if "." in change.name
        and change.olds
        and not {Flag.PRIVATE, Flag.ENTRY} & set(change.olds[-1].flags)
        and change.olds[-1].last in exposure.by_name
        and change.olds[-1].last.lower() not in _COMMON
    ]
    if not members:
        return []
    guesses = []
    by_family: Mapping[LanguageFamily | None, list[Break]] = _grouped(members)
    for family, breaks in by_family.items():
        names = frozenset(change.olds[-1].last for change in breaks)
        before, after = breaker.definers(names, family)
        for change in breaks:
            name = change.olds[-1].last
            for use in exposure.by_name[name]:
                same = grammar_for(use.path)
                severity = _guess(change, use, (before[name], after[name]), near=_near(user, use, change))
                if severity is not None and same is not None and same.family == family:
                    guesses.append((change, Evidence(use, severity)))
    return guesses


def _grouped(breaks: Sequence[Break]) -> dict[LanguageFamily | None, list[Break]]:
    by_family: dict[LanguageFamily | None, list[Break]] = defaultdict(list)
    for change in breaks:
        by_family[family_of(change.path)].append(change)
    return by_family


def _near(user: Branch, use: Use, change: Break) -> bool:
    """Whether the file of the use imports from the module of the break or is in it, in languages without types."""
    if family_of(use.path) not in (LanguageFamily.PYTHON, LanguageFamily.SCRIPT):
        return False
    if user.own.modules.key(use.path) == change.key:
        return True
    for brought in user.own.files.table(use.path).imports:
        hops: list[Hop] = []
        user.own.follow(use.path, brought, hops)
        if any(key == change.key for key, _name in hops):
            return True
    return False


def _guess(change: Break, use: Use, count: tuple[int, int], *, near: bool) -> Severity | None:
    """The severity of a match by name only; None for a use that does not break."""
    before, after = count
    reference = use.reference
    if reference is None or use.guarded:
        return None
    sure = before == 1
    if change.reason is Reason.SIGNATURE:
        worst = call_effect(change, reference, bound=True)
        if worst is not Effect.BREAKS:
            return None
    elif after > 0:
        sure = False
    if change.olds[-1].kind not in CALLABLES and not sure:
        return None
    last = change.olds[-1].last
    distinctive = len(last) >= _DISTINCTIVE and _TWO_WORDS.search(last.strip("_")) is not None
    if sure:
        return (
            Severity.ERROR
            if (distinctive or near) and change.olds[-1].kind is not SymbolKind.FIELD
            else Severity.WARNING
        )
    return Severity.WARNING if before <= _MANY else Severity.NOTE
