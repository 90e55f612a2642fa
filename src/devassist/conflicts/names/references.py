"""Resolves uses: to the definition behind each, and the names on the way there."""

from __future__ import annotations

from devassist.conflicts.names.name_resolution import Chains
from devassist.conflicts.names.namespaces import CONSTRUCTORS, EXTERNAL, TYPES, Hop, Resolution, Target
from devassist.conflicts.syntax.tables import Reference
from devassist.conflicts.syntax.walker import UNKNOWN

_COMMON = (".js", ".cjs", ".ts", ".cts")


class Resolver(Chains):
    """Answers for one tree."""

    def bases(self, owner: Target) -> list[Target]:
        """The types that a type names as its bases, as far as they are in this tree."""
        definition = owner.definition
        targets = []
        for base in () if definition is None else definition.bases:
            above = self.chain(owner.path, definition.owner if definition else "", base, [])
            if above is not None and above != EXTERNAL and above[:2] != owner[:2]:
                targets.append(above)
        return targets

    def meaning(self, path: str, name: str, scope: str = "") -> Target | None:
        """The target of a name in a file; None if it is not found or comes from outside the tree."""
        target = self.chain(path, scope, name, [])
        return None if target == EXTERNAL else target

    def _called(self, target: Target | None, hops: list[Hop]) -> Target | None:
        """CommonJS: a module that is called is what it was made to be as a whole."""
        if target is None or target.name or target.definition is not None or not target.key.endswith(_COMMON):
            return target
        return self.lookup(target.key, "default", hops) or target

    def resolve(self, path: str, use: Reference) -> Resolution:
        """The meaning of a use in the file at `path`."""
        hops: list[Hop] = []
        if use.type is not None:
            owner = self.instance(path, use.scope, use.type, hops)
        elif use.receiver and (use.local or use.receiver == UNKNOWN):
            return Resolution(None, (), unknown=True)
        elif use.local:
            return Resolution(None, ())
        elif not use.receiver:
            target = self.root(path, use.scope, use.name, hops)
            return Resolution(self._called(target, hops) if use.call else target, tuple(hops))
        else:
            owner = self.chain(path, use.scope, use.receiver, hops)
        target = None if owner is None else self.member(owner, use.name, hops)
        value = owner is not None and owner.definition is not None and owner.definition.kind not in TYPES
        bound = use.type is not None or value or (owner is not None and owner.instance)
        # In Rust a method may come from any trait that the type implements.
        open_ended = owner is None or value or (path.endswith(".rs") and owner.instance)
        return Resolution(target, tuple(hops), bound, target is None and open_ended)

    def constructor(self, owner: Target, hops: list[Hop]) -> Target | None:
        """The constructor that a call of a class runs. The hops contain its name even if there is none."""
        unsure: Target | None = None
        for name in CONSTRUCTORS:
            target = self.member(owner, name, hops)
            if target is not None and target != EXTERNAL:
                return target
            unsure = unsure or target
        return unsure
