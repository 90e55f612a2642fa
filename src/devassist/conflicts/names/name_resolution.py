"""Names followed hop by hop: through imports, re-exports, classes and their bases to a definition."""

from __future__ import annotations

import re

from msgspec.structs import replace

from devassist.conflicts.names.namespaces import (
    BARE_BASES,
    DEEPEST,
    EXTERNAL,
    SELVES,
    TYPES,
    Binding,
    Hop,
    Namespaces,
    Target,
    principal,
)
from devassist.conflicts.syntax.languages import grammar_for
from devassist.conflicts.syntax.tables import SUPER, Definition, Import, SymbolKind, TypeRef, type_named

_CLASS = re.compile(r"[A-Z]\w*[a-z]\w*")

_OWN_TYPES = frozenset(map(TypeRef, SELVES))


class Chains(Namespaces):
    """Names of a module, members of what is found, and `a.b.c` from one to the next."""

    def lookup(self, key: str, name: str, hops: list[Hop], *, outside: bool = True) -> Target | None:
        """A name of a module, as others see it (`outside`) or as the module itself does."""
        if len(hops) > DEEPEST * 2:
            return None
        hops.append((key, name))
        bindings = [one for one in self.namespace(key).get(name, ()) if not outside or self.visible(one)]
        if bindings:
            return self._bound(key, name, principal(bindings), hops)
        found = self._through_stars(key, name, hops, outside=outside)
        return found or self._submodule(key, name, hops)

    def _bound(self, key: str, name: str, one: Binding, hops: list[Hop]) -> Target | None:
        if one.brought is not None:
            return self.follow(one.path, one.brought, hops)
        definition = one.definition
        if (
            definition is not None
            and definition.kind in (SymbolKind.VARIABLE, SymbolKind.TYPE)
            and definition.bases
        ):
            alias = self.chain(one.path, "", definition.bases[0], hops)
            if alias is not None and alias != EXTERNAL and alias.definition != definition:
                return alias
        return Target(key, name, definition, one.path)

    def _through_stars(self, key: str, name: str, hops: list[Hop], *, outside: bool) -> Target | None:
        for path in self.modules.paths(key):
            for one in self.files.table(path).imports:
                if one.name != "*" or (outside and not one.exported and not path.endswith((".py", ".pyi"))):
                    continue
                other = self.modules.find(path, one.module)
                if other is None and path.endswith(".rs"):
                    inline = self._follow_parts(path, one, [])
                    known = inline not in (None, EXTERNAL) and self.member(inline, name, []) is not None
                    if inline is not None and known:
                        return self.member(inline, name, hops)
                if other is None or other == key or (other, name) in hops:
                    continue
                exports = self.files.table(other).exports if other.endswith((".py", ".pyi")) else None
                if (exports is None and name.startswith("_")) or (
                    exports is not None and name not in exports
                ):
                    continue
                found = self.lookup(other, name, hops)
                if found is not None:
                    return found
        return None

    def _submodule(self, key: str, name: str, hops: list[Hop]) -> Target | None:
        if key.endswith("__init__.py"):
            other = self.modules.find(key, "." + name)
        elif key.endswith(".rs"):
            other = self.modules.find(key, "self." + name)
        else:
            return None
        if other is None or other == key:
            return None
        hops.append((other, ""))
        return Target(other, "")

    def follow(self, path: str, one: Import, hops: list[Hop]) -> Target | None:
        """What an import brings in; EXTERNAL where its module is not in this tree."""
        if len(hops) > DEEPEST * 2:
            return None
        if not one.module and one.name:
            return self.lookup(self.modules.key(path), one.name, hops, outside=False)
        key = self.modules.find(path, one.module)
        if key is None:
            return self._follow_parts(path, one, hops)
        if not one.name or one.name == "*":
            hops.append((key, ""))
            return Target(key, "")
        if key == path and one.name == one.local:  # A package's file that brings in its own submodule.
            return self._submodule(key, one.name, hops)
        found = self.lookup(key, one.name, hops)
        if found is None and one.name == "default" and b"exports." in self.files.source(key):
            hops.append((key, ""))
            return Target(key, "")
        return found

    def _follow_parts(self, path: str, one: Import, hops: list[Hop]) -> Target | None:
        """A submodule of a package without a file, or a member of a type that is named as if it were a module."""
        if one.name and grammar_for(path) is not None and path.endswith((".py", ".pyi")):
            key = self.modules.find(
                path,
                f"{one.module.rstrip('.')}.{one.name}" if one.module.strip(".") else one.module + one.name,
            )
            if key is not None:
                hops.append((key, ""))
                return Target(key, "")
        head, _, last = one.module.rpartition(".")
        key = self.modules.find(path, head) if head else None
        if key is None or not path.endswith((".java", ".rs")):
            return EXTERNAL
        owner = self.lookup(key, last, hops)
        if owner is None or not one.name or one.name == "*":
            return owner or EXTERNAL
        return self.member(owner, one.name, hops)

    def member(self, owner: Target, name: str, hops: list[Hop]) -> Target | None:
        """A member of a module, a type (also of its bases), or a value whose type is known."""
        if owner == EXTERNAL or len(hops) > DEEPEST * 2:
            return EXTERNAL if owner == EXTERNAL else None
        if owner.definition is None:
            return self.lookup(owner.key, name, hops)
        if owner.definition.kind is SymbolKind.MODULE:  # Rust: `mod a { ... }`
            return self.lookup(owner.key, f"{owner.name}.{name}", hops)
        entry = f"{owner.name}.{name}"
        if owner.definition.kind is SymbolKind.VARIABLE:
            written = self.namespace(owner.key).get(entry)
            if written and written[-1].definition is not None:
                hops.append((owner.key, entry))
                return Target(owner.key, entry, written[-1].definition, written[-1].path)
        if owner.definition.kind not in TYPES:
            inner = self.instance(owner.path, owner.definition.owner, owner.definition.type, hops)
            return None if inner is None else self.member(inner, name, hops)
        qualified = f"{owner.name}.{name}"
        hops.append((owner.key, qualified))
        bindings = self.namespace(owner.key).get(qualified)
        if bindings:
            one = principal(bindings)
            return Target(owner.key, qualified, one.definition, one.path, owner.instance)
        for path, key, beside in self.beside(owner, name):
            meant = self.chain(path, "", owner.definition.last, [])
            if meant is not None and meant[:2] == owner[:2]:
                hops.append((key, beside.name))
                return Target(key, beside.name, beside, path, owner.instance)
        return self._inherited(owner, owner.definition, name, hops)

    def _inherited(self, owner: Target, own: Definition, name: str, hops: list[Hop]) -> Target | None:
        unsure = False
        for base in own.bases:
            # What a class has as bases was written elsewhere: it is no part of this use, and neither are types.
            above = self.chain(owner.path, own.owner, base, list(hops))
            if above is None or above == EXTERNAL:
                unsure = unsure or base.rpartition(".")[2] not in BARE_BASES
            elif above[:2] != owner[:2]:
                found = self.member(above._replace(instance=owner.instance), name, hops)
                if found is not None and found != EXTERNAL:
                    return found
                unsure = unsure or found == EXTERNAL
        return EXTERNAL if unsure else None

    def instance(self, path: str, scope: str, type_: TypeRef | None, hops: list[Hop]) -> Target | None:
        """The type of a value that is used in `scope` of a file, as an instance."""
        if type_ is None or not type_.name or type_.listed or len(hops) > DEEPEST * 2:
            return None
        if type_.path:  # The members on the way are part of the use, the type at its beginning is not.
            target = self.instance(path, scope, type_.root, list(hops))
            for part in type_.path.split("."):
                target = None if target is None else self.member(target, part, hops)
            return self._element(target, hops) if type_.element else target
        hops = list(hops)
        if type_.name == SUPER and not type_.called:
            return self._above(path, scope, hops)
        target = self.chain(path, scope, type_.name, hops)
        if target is None or target == EXTERNAL or target.definition is None:
            return target
        if target.definition.kind in TYPES:
            return target._replace(instance=True)
        result = target.definition.type if type_.called else None
        if result in _OWN_TYPES:
            return self.instance(target.path, "", type_named(target.definition.owner), hops)
        return self.instance(target.path, target.definition.owner, result, hops)

    def _element(self, field: Target | None, hops: list[Hop]) -> Target | None:
        """The type of what a list holds that is a field."""
        definition = None if field is None else field.definition
        if field is None or definition is None or definition.type is None or not definition.type.listed:
            return None
        item = replace(definition.type, listed=False)
        return self.instance(field.path, definition.owner, item, hops)

    def _above(self, path: str, scope: str, hops: list[Hop]) -> Target | None:
        own = self.enclosing(path, scope)
        if own is None or own.definition is None or not own.definition.bases:
            return None
        found = self.chain(path, "", own.definition.bases[0], list(hops))
        return found if found is None or found == EXTERNAL else found._replace(instance=True)

    def chain(self, path: str, scope: str, dotted: str, hops: list[Hop]) -> Target | None:
        root, *rest = dotted.split(".")
        found = (
            None
            if root in ("crate", "super") and path.endswith(".rs")
            else self.root(path, scope, root, hops)
        )
        if found is None and path.endswith(".rs"):
            return self._crate_path(path, dotted, hops)
        if found is None and path.endswith(".java") and _CLASS.fullmatch(root):
            return EXTERNAL  # What is neither imported nor of this package is of java.lang.
        for part in rest:
            if found is None or found == EXTERNAL:
                return found
            found = self.member(found, part, hops)
        return found

    def _crate_path(self, path: str, dotted: str, hops: list[Hop]) -> Target | None:
        """Rust: `crate::a::b::T::new` written out; the longest module in it, and on from there."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            key = self.modules.find(path, ".".join(parts[:length]))
            if key is not None:
                hops.append((key, ""))
                found: Target | None = Target(key, "")
                for part in parts[length:]:
                    found = None if found is None else self.member(found, part, hops)
                return found
        return None

    def root(self, path: str, scope: str, name: str, hops: list[Hop]) -> Target | None:
        if name in SELVES:
            return self.enclosing(path, scope)
        if name in ("super", "base"):
            return self._above(path, scope, hops)
        if path.endswith(".java"):
            found = self._around(path, scope, name, hops)
            if found is not None:
                return found
        imports = [one for one in self.files.table(path).imports if one.local == name]
        for one in imports:
            if one.scope and (scope + ".").startswith(one.scope + "."):
                return self.follow(path, one, hops)
        key = self.modules.key(path)
        if key != path and imports:
            hops.append((path, name))
            return self.follow(path, imports[0], hops)
        nested = scope
        while nested:  # Names of an outer inline module or of the class body come before the file's.
            if f"{nested}.{name}" in self.namespace(key) and self._scoped(key, nested):
                return self.lookup(key, f"{nested}.{name}", hops, outside=False)
            nested = nested.rpartition(".")[0]
        found = self.lookup(key, name, hops, outside=False)
        return found if found is not None or key == path else self._wildcards(path, name, hops)

    def _scoped(self, key: str, nested: str) -> bool:
        kinds = [one.definition.kind for one in self.namespace(key).get(nested, ()) if one.definition]
        return SymbolKind.MODULE in kinds

    def _around(self, path: str, scope: str, name: str, hops: list[Hop]) -> Target | None:
        """Java: a bare name is a member of the class around, or of the one around that."""
        own = self.enclosing(path, scope)
        while own is not None:
            trail: list[Hop] = []
            found = self.member(own, name, trail)
            if found is not None and found != EXTERNAL:
                hops += trail
                return found
            own = self.enclosing(path, own.name.rpartition(".")[0])
        return None

    def _wildcards(self, path: str, name: str, hops: list[Hop]) -> Target | None:
        for one in self.files.table(path).imports:
            key = self.modules.find(path, one.module) if one.name == "*" else None
            if key is not None and name in self.namespace(key):
                return self.lookup(key, name, hops)
            if one.name == "*" and key is None:
                found = self._follow_parts(path, replace(one, name=name), [])
                if found is not None and found != EXTERNAL:
                    return self._follow_parts(path, replace(one, name=name), hops)
        return None
