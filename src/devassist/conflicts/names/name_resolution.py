"""Follows names hop by hop to a definition: through imports, re-exports, classes and their bases."""

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
        bindings = [
            binding for binding in self.namespace(key).get(name, ()) if not outside or self.visible(binding)
        ]
        if bindings:
            return self._bound(key, name, principal(bindings), hops)
        target = self._through_stars(key, name, hops, outside=outside)
        return target or self._submodule(key, name, hops)

    def _bound(self, key: str, name: str, binding: Binding, hops: list[Hop]) -> Target | None:
        if binding.brought is not None:
            return self.follow(binding.path, binding.brought, hops)
        definition = binding.definition
        if (
            definition is not None
            and definition.kind in (SymbolKind.VARIABLE, SymbolKind.TYPE)
            and definition.bases
        ):
            alias = self.chain(binding.path, "", definition.bases[0], hops)
            if alias is not None and alias != EXTERNAL and alias.definition != definition:
                return alias
        return Target(key, name, definition, binding.path)

    def _through_stars(self, key: str, name: str, hops: list[Hop], *, outside: bool) -> Target | None:
        for path in self.modules.paths(key):
            for brought in self.files.table(path).imports:
                if brought.name != "*" or (
                    outside and not brought.exported and not path.endswith((".py", ".pyi"))
                ):
                    continue
                other = self.modules.find(path, brought.module)
                if other is None and path.endswith(".rs"):
                    inline = self._follow_parts(path, brought, [])
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
                target = self.lookup(other, name, hops)
                if target is not None:
                    return target
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

    def follow(self, path: str, brought: Import, hops: list[Hop]) -> Target | None:
        """The target of an import; EXTERNAL if its module is not in this tree."""
        if len(hops) > DEEPEST * 2:
            return None
        if not brought.module and brought.name:
            return self.lookup(self.modules.key(path), brought.name, hops, outside=False)
        key = self.modules.find(path, brought.module)
        if key is None:
            return self._follow_parts(path, brought, hops)
        if not brought.name or brought.name == "*":
            hops.append((key, ""))
            return Target(key, "")
        if (
            key == path and brought.name == brought.local
        ):  # A package's file that brings in its own submodule.
            return self._submodule(key, brought.name, hops)
        target = self.lookup(key, brought.name, hops)
        if target is None and brought.name == "default" and b"exports." in self.files.source(key):
            hops.append((key, ""))
            return Target(key, "")
        return target

    def _follow_parts(self, path: str, brought: Import, hops: list[Hop]) -> Target | None:
        """A submodule of a package without a file, or a member of a type that is named as if it were a module."""
        if brought.name and path.endswith((".py", ".pyi")):
            parent = brought.module.rstrip(".") + "." if brought.module.strip(".") else brought.module
            key = self.modules.find(path, parent + brought.name)
            if key is not None:
                hops.append((key, ""))
                return Target(key, "")
        head, _, last = brought.module.rpartition(".")
        key = self.modules.find(path, head) if head else None
        if key is None or not path.endswith((".java", ".rs")):
            return EXTERNAL
        owner = self.lookup(key, last, hops)
        if owner is None or not brought.name or brought.name == "*":
            return owner or EXTERNAL
        return self.member(owner, brought.name, hops)

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
            binding = principal(bindings)
            return Target(owner.key, qualified, binding.definition, binding.path, owner.instance)
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
                target = self.member(above._replace(instance=owner.instance), name, hops)
                if target is not None and target != EXTERNAL:
                    return target
                unsure = unsure or target == EXTERNAL
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
        target = self.chain(path, "", own.definition.bases[0], list(hops))
        return target if target is None or target == EXTERNAL else target._replace(instance=True)

    def chain(self, path: str, scope: str, dotted: str, hops: list[Hop]) -> Target | None:
        root, *rest = dotted.split(".")
        by_crate = root in ("crate", "super") and path.endswith(".rs")
        target = None if by_crate else self.root(path, scope, root, hops)
        if target is None and path.endswith(".rs"):
            return self._crate_path(path, dotted, hops)
        if target is None and path.endswith(".java") and _CLASS.fullmatch(root):
            return EXTERNAL  # What is neither imported nor of this package is of java.lang.
        for part in rest:
            if target is None or target == EXTERNAL:
                return target
            target = self.member(target, part, hops)
        return target

    def _crate_path(self, path: str, dotted: str, hops: list[Hop]) -> Target | None:
        """Rust: `crate::a::b::T::new` written out; the longest module in it, and on from there."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            key = self.modules.find(path, ".".join(parts[:length]))
            if key is not None:
                hops.append((key, ""))
                target: Target | None = Target(key, "")
                for part in parts[length:]:
                    target = None if target is None else self.member(target, part, hops)
                return target
        return None

    def root(self, path: str, scope: str, name: str, hops: list[Hop]) -> Target | None:
        if name in SELVES:
            return self.enclosing(path, scope)
        if name in ("super", "base"):
            return self._above(path, scope, hops)
        if path.endswith(".java"):
            target = self._around(path, scope, name, hops)
            if target is not None:
                return target
        imports = [imported for imported in self.files.table(path).imports if imported.local == name]
        for imported in imports:
            if imported.scope and (scope + ".").startswith(imported.scope + "."):
                return self.follow(path, imported, hops)
        key = self.modules.key(path)
        if key != path and imports:
            hops.append((path, name))
            return self.follow(path, imports[0], hops)
        nested = scope
        while nested:  # Names of an outer inline module or of the class body come before the file's.
            if f"{nested}.{name}" in self.namespace(key) and self._scoped(key, nested):
                return self.lookup(key, f"{nested}.{name}", hops, outside=False)
            nested = nested.rpartition(".")[0]
        target = self.lookup(key, name, hops, outside=False)
        return target if target is not None or key == path else self._wildcards(path, name, hops)

    def _scoped(self, key: str, nested: str) -> bool:
        bindings = self.namespace(key).get(nested, ())
        return any(
            binding.definition and binding.definition.kind is SymbolKind.MODULE for binding in bindings
        )

    def _around(self, path: str, scope: str, name: str, hops: list[Hop]) -> Target | None:
        """Java: a bare name is a member of the class around, or of the one around that."""
        own = self.enclosing(path, scope)
        while own is not None:
            trail: list[Hop] = []
            target = self.member(own, name, trail)
            if target is not None and target != EXTERNAL:
                hops += trail
                return target
            own = self.enclosing(path, own.name.rpartition(".")[0])
        return None

    def _wildcards(self, path: str, name: str, hops: list[Hop]) -> Target | None:
        for imported in self.files.table(path).imports:
            key = self.modules.find(path, imported.module) if imported.name == "*" else None
            if key is not None and name in self.namespace(key):
                return self.lookup(key, name, hops)
            if imported.name == "*" and key is None:
                target = self._follow_parts(path, replace(imported, name=name), [])
                if target is not None and target != EXTERNAL:
                    return self._follow_parts(path, replace(imported, name=name), hops)
        return None
