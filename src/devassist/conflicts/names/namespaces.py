"""Namespaces of one tree: the names that a module binds, and the results of lookups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from devassist.conflicts.names.blob_tables import Files
from devassist.conflicts.names.modules import Modules
from devassist.conflicts.syntax.tables import Definition, Flag, Import, SymbolKind

Hop = tuple[str, str]
"""A name that a lookup went through: module key and qualified name; an empty name is the module itself."""

SELVES = ("self", "cls", "this", "Self")
CONSTRUCTORS = ("__init__", "constructor")
TYPES = frozenset(
    (
        SymbolKind.CLASS,
        SymbolKind.INTERFACE,
        SymbolKind.ENUM,
        SymbolKind.STRUCT,
        SymbolKind.TRAIT,
        SymbolKind.TYPE,
        SymbolKind.NAMESPACE,
    )
)
DEEPEST = 12
BARE_BASES = frozenset(
    "ABC object Protocol Generic Exception BaseException ValueError RuntimeError Enum".split()
)
"""Bases from outside that bring no member worth asking for."""


class Target(NamedTuple):
    """A module (empty `name`) or a definition; with `instance`, a value of that type."""

    key: str
    name: str
    definition: Definition | None = None
    path: str = ""
    instance: bool = False


EXTERNAL = Target("", "")
"""The name comes from outside the tree."""


class Binding(NamedTuple):
    """A name of a module, and where it is bound."""

    path: str
    definition: Definition | None
    brought: Import | None


class Resolution(NamedTuple):
    """`target` None: not found. `bound`: used on an instance. `unknown`: its receiver may be anything."""

    target: Target | None
    hops: tuple[Hop, ...]
    bound: bool = False
    unknown: bool = False


@dataclass
class Namespaces:
    """The names of every module, computed on first use. A tree does not change."""

    files: Files
    modules: Modules
    _namespaces: dict[str, dict[str, list[Binding]]] = field(default_factory=dict)

    @classmethod
    def over(cls, files: Files) -> Self:
        return cls(files, Modules.over(files))

    def changed(self, changes: Mapping[str, str | None]) -> Self:
        """The names of the tree with some files replaced, added, or (None) removed."""
        files = self.files.changed(changes)
        return type(self)(files, self.modules.derived(files, changes))

    def namespace(self, key: str) -> dict[str, list[Binding]]:
        """Every qualified name of a module: definitions at any depth, and what its files import by name."""
        names = self._namespaces.get(key)
        if names is None:
            names = defaultdict(list)
            for path in self.modules.paths(key):
                table = self.files.table(path)
                for definition in table.definitions:
                    if definition.kind is not SymbolKind.LOCAL:
                        names[definition.name].append(Binding(path, definition, None))
                if key == path:  # Where a module has many files, each file's imports are its own.
                    for brought in table.imports:
                        if brought.local and not brought.scope:
                            names[brought.local].append(Binding(path, None, brought))
            names = self._namespaces[key] = dict(names)
        return names

    def beside(self, owner: Target, name: str) -> Iterator[tuple[str, str, Definition]]:
        """Rust: path, module and member of `impl` blocks in other files, for a type named like `owner`."""
        last = owner.name.rpartition(".")[2]
        for path in self.files.implementing(last) if owner.path.endswith(".rs") else ():
            key = self.modules.key(path)
            for binding in self.namespace(key).get(f"{last}.{name}", ()) if key != owner.key else ():
                if binding.definition is not None:
                    yield path, key, binding.definition

    def visible(self, binding: Binding) -> bool:
        """Whether other modules see a binding."""
        if not binding.path.endswith((".py", ".pyi", ".go", ".java", ".rs")):
            shown = binding.definition is not None and Flag.EXPORTED in binding.definition.flags
            return shown or (binding.brought is not None and binding.brought.exported)
        return binding.brought is None or not binding.path.endswith(".rs") or binding.brought.exported

    def enclosing(self, path: str, scope: str) -> Target | None:
        """The innermost type around a scope."""
        key = self.modules.key(path)
        while scope:
            for binding in self.namespace(key).get(scope, ()):
                if binding.definition is not None and binding.definition.kind in TYPES:
                    return Target(key, scope, binding.definition, binding.path, instance=True)
            scope = scope.rpartition(".")[0]
        return None


def principal(bindings: list[Binding]) -> Binding:
    """Among several bindings of a name: the last that is no mere overload, and no fallback."""
    real = [
        binding
        for binding in bindings
        if binding.definition is None or Flag.OVERLOAD not in binding.definition.flags
    ]
    sure = [binding for binding in real if binding.brought is None or not binding.brought.guarded]
    return (sure or real or bindings)[-1]
