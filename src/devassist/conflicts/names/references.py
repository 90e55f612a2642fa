"""What a use means: the definition behind it, and the names that it went through on the way."""

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
        found = []
        for base in () if definition is None else definition.bases:
            above = self.chain(owner.path, definition.owner if definition else "", base, [])
            if above is not None and above != EXTERNAL and above[:2] != owner[:2]:
                found.append(above)
        return found

    def meaning(self, path: str, name: str, scope: str = "") -> Target | None:
        """What a name written in a file stands for; None where it is not found, or from outside."""
        found = self.chain(path, scope, name, [])
        return None if found == EXTERNAL else found

    def _called(self, found: Target | None, hops: list[Hop]) -> Target | None:
        """CommonJS: a module that is called is what it was made to be as a whole."""
        if found is None or found.name or found.definition is not None or not found.key.endswith(_COMMON):
            return found
        return self.lookup(found.key, "default", hops) or found

    def resolve(self, path: str, use: Reference) -> Resolution:
        """What a use means in the file at `path`."""
        hops: list[Hop] = []
        if use.type is not None:
            owner = self.instance(path, use.scope, use.type, hops)
        elif use.receiver and (use.local or use.receiver == UNKNOWN):
            return Resolution(None, (), unknown=True)
        elif use.local:
            return Resolution(None, ())
        elif not use.receiver:
            found = self.root(path, use.scope, use.name, hops)
            return Resolution(self._called(found, hops) if use.call else found, tuple(hops))
        else:
            owner = self.chain(path, use.scope, use.receiver, hops)
        found = None if owner is None else self.member(owner, use.name, hops)
        value = owner is not None and owner.definition is not None and owner.definition.kind not in TYPES
        bound = use.type is not None or value or (owner is not None and owner.instance)
        # In Rust a method may come from any trait that the type implements.
        open_ended = owner is None or value or (path.endswith(".rs") and owner.instance)
        return Resolution(found, tuple(hops), bound, found is None and open_ended)

    def constructor(self, owner: Target, hops: list[Hop]) -> Target | None:
        """The constructor that calling a class runs; the hops name it even where there is none."""
        unsure: Target | None = None
        for name in CONSTRUCTORS:
            found = self.member(owner, name, hops)
            if found is not None and found != EXTERNAL:
                return found
            unsure = unsure or found
        return unsure
