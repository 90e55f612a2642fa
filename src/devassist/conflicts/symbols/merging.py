"""Resolves uses on the merged tree, and tells whether a use has lost its meaning there."""

from __future__ import annotations

from devassist.conflicts.names.namespaces import EXTERNAL, Hop, Resolution, Target
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.branch_facts import Branch, Use
from devassist.conflicts.symbols.breaks import Reason
from devassist.conflicts.symbols.merged_uses import Exposure


def merged_resolver(breaker: Branch, user: Branch) -> Resolver:
    """The merged tree as far as names go; a file that both changed is the user's."""
    changes = {path: blob for path, blob in breaker.changes.items() if path not in user.changes}
    return user.own.changed(changes)


def again(use: Use, exposure: Exposure) -> Resolution:
    path, merged = exposure.place(use.path), exposure.resolver
    if use.reference is not None:
        return merged.resolve(path, use.reference)
    hops: list[Hop] = []
    target = merged.follow(path, use.brought, hops) if use.brought is not None else None
    return Resolution(target, tuple(hops))


def rebound(breaker: Branch, user: Branch, use: Use) -> Resolution | None:
    """The meaning of a use by imports that only the breaker changed, in a file that both changed."""
    reference = use.reference
    if reference is None or use.path not in breaker.changes or use.path not in user.base.files.blobs:
        return None
    local = (reference.receiver or reference.name).partition(".")[0]
    was, mine, theirs = (
        {(each.module, each.name) for each in side.files.table(use.path).imports if each.local == local}
        for side in (user.base, user.own, breaker.own)
    )
    return breaker.own.resolve(use.path, reference) if theirs and mine == was != theirs else None


def unbound(merged: Resolver, hop: Hop) -> bool:
    """Whether a member on the way of a use, whose target is unknown, is gone."""
    owner, _, last = hop[1].rpartition(".")
    if hop[1] and not owner:
        return merged.modules.paths(hop[0]) != [] and merged.lookup(hop[0], last, [], outside=False) is None
    holder = merged.lookup(hop[0], owner, [], outside=False) if owner else None
    return holder is not None and merged.member(holder, last, []) is None


def lost(before: Target | None, now: Target | None) -> bool:
    if before is None:
        return False
    return now is None or (now == EXTERNAL and before != EXTERNAL)


def torn(exposure: Exposure, hop: Hop, use: Use) -> bool:
    """Whether the merge removes a name: the breaker took it out of a file that the user changed too."""
    breaker, user = exposure.breaker, exposure.user
    change = breaker.breaks_by_hop.get(hop)
    if (
        change is None
        or change.reason is Reason.SIGNATURE
        or change.starred
        or change.path not in user.changes
        or change.path in exposure.merged
        or user.keeps(hop)
    ):
        return False
    if user.changes[change.path] is None:
        return False
    return change.inside or use.path != change.path
