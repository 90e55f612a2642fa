"""The symbols of one file: definitions, imports and references as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec.structs import replace

TABLE_VERSION = 11
"""Raise it when a table of the same content would come out differently: stored tables are then rebuilt."""

NO_CALL = -1
"""Argument count of a reference that is no call."""


SUPER = "super"
"""The name of the type that comes after the class around, in the order of its bases."""
_TOO_FAR = "?"
"""The member of a type that stands for one that is not followed."""


class ParameterKind(StrEnum):
    POSITIONAL = "positional"
    """By position only."""
    ANY = "any"
    KEYWORD = "keyword"
    """By name only."""
    ARGS = "args"
    KWARGS = "kwargs"


class SymbolKind(StrEnum):
    FUNCTION = "function"
    METHOD = "method"
    PROPERTY = "property"
    CLASS = "class"
    INTERFACE = "interface"
    ENUM = "enum"
    STRUCT = "struct"
    TRAIT = "trait"
    TYPE = "type"
    NAMESPACE = "namespace"
    MODULE = "module"
    IMPL = "impl"
    VARIABLE = "variable"
    FIELD = "field"
    LOCAL = "local"
    """Defined inside a function, and private to it."""


CALLABLES = frozenset((SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.PROPERTY))


class Flag(StrEnum):
    """Properties of a definition besides its signature."""

    ABSTRACT = "abstract"
    ASYNC = "async"
    CHECKED = "checked"
    """A compiler checks its types."""
    DELETER = "deleter"
    ENTRY = "entry"
    """A key of an object literal."""
    EXPORTED = "exported"
    FINAL = "final"
    GETTER = "get"
    INSTANCE = "instance"
    """An attribute that a method assigns."""
    OBJECT = "object"
    """An object literal of which every key is known."""
    OPTIONAL = "optional"
    OVERLOAD = "overload"
    OVERLOADABLE = "overloadable"
    """Definitions of one name are distinguished by the types of their parameters."""
    OVERRIDE = "override"
    PRIVATE = "private"
    PROPERTY = "property"
    CACHED_PROPERTY = "cached_property"
    PROTECTED = "protected"
    PUBLIC = "public"
    SETTER = "setter"
    SET = "set"
    STATIC = "static"
    UNIMPLEMENTED = "unimplemented"
    """Its body says that a subclass must have it."""
    VISIBLE_IN_CRATE = "pub(crate)"
    VISIBLE_IN_MODULE = "no pub"


class TypeRef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """
    The type of a value as far as the source shows it: `name` is a dotted name.

    `called`: the type of what calling `name` returns. `path`: the type of the member that dotted names lead to from
    there. `element`: the type of what the list there holds. `listed`: a list of it.
    """

    name: str
    called: bool = False
    path: str = ""
    element: bool = False
    listed: bool = False

    @property
    def root(self) -> TypeRef:
        """The type at which `path` begins."""
        return replace(self, path="", element=False)

    def member(self, path: str) -> TypeRef:
        """The type of a member. Members of what is a member itself are not followed."""
        return replace(self, path=_TOO_FAR if self.path else path, element=False)


def type_named(name: str) -> TypeRef | None:
    """The type of a name, or None for an empty one."""
    return TypeRef(name) if name else None


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`type` is the annotation as it is written."""

    name: str
    kind: ParameterKind = ParameterKind.ANY
    optional: bool = False
    type: str = ""


class Definition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """
    A named thing. `name` is qualified within its module; `parameters` is None if it cannot be called as such.

    `type` is that of a value, or of what a function returns; `result` is what the source says of the result, word for
    word. `decorators` are names of decorators or annotations, `keywords` the keyword arguments of a Python class,
    `trait` the trait that a Rust item implements, `conditions` its `cfg` attributes.
    """

    name: str
    kind: SymbolKind
    start: int
    end: int
    parameters: tuple[Parameter, ...] | None = None
    flags: tuple[Flag, ...] = ()
    bases: tuple[str, ...] = ()
    type: TypeRef | None = None
    result: str = ""
    decorators: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    trait: str = ""
    conditions: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`local` is the name bound here; `name` what is taken from `module`: empty for the module, `*` for all."""

    local: str
    module: str
    name: str
    line: int
    scope: str = ""
    guarded: bool = False
    exported: bool = False


class Reference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A use of `receiver.name`; `args` is -1 for no call. `type` is that of the receiver, if it is known."""

    name: str
    receiver: str
    line: int
    scope: str
    args: int = NO_CALL
    keywords: tuple[str, ...] = ()
    starred: bool = False
    local: bool = False
    type: TypeRef | None = None
    guarded: bool = False
    statement: bool = False
    spread_call: str = ""
    """For Go's `f(g())`, the `g` whose results may be several arguments."""
    literal: bool = False
    """Not a call of a function: a literal with braces, or the base of an anonymous class."""

    @property
    def call(self) -> bool:
        return self.args >= 0

    @property
    def shape(self) -> tuple[object, ...]:
        """The parts that make two uses the same use, wherever they are."""
        return (self.name, self.receiver, self.args, self.keywords, self.starred)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The symbols of one blob. `exports` is `__all__` if there is one; with `dynamic`, code may add names."""

    package: str = ""
    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...] = ()
    references: tuple[Reference, ...] = ()
    exports: tuple[str, ...] | None = None
    dynamic: bool = False
