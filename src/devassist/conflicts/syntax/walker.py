"""The walk over a syntax tree that all languages share. It returns a table; scopes decide which names are local."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import ClassVar

from msgspec.structs import replace
from tree_sitter import Language, Node, Parser

from devassist.conflicts.syntax.tables import (
    Definition,
    Import,
    Parameter,
    Reference,
    SymbolKind,
    Table,
    TypeRef,
    type_named,
)

UNKNOWN = "?"
"""The receiver of a use on an expression that is no chain of names."""

_TYPE_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)*")
_TYPE_NOISE = frozenset("mut dyn impl const readonly final Optional ref in out async unsafe pub".split())


def first(node: Node) -> Node | None:
    """The first named child; broken code may have none."""
    return node.named_children[0] if node.named_child_count else None


def plain_type(text: str) -> str:
    """The first name of a type expression: `*store.Store` -> store.Store, `Optional[T]` and `T | None` -> T."""
    for match in _TYPE_NAME.finditer(text):
        name = match.group().replace("::", ".")
        before = text[match.start() - 1 : match.start()]
        if name not in _TYPE_NOISE and before != "'":
            return "" if name == "None" else name.removeprefix("typing.")
    return ""


class ScopeKind(Enum):
    MODULE = auto()
    CLASS = auto()
    FUNCTION = auto()


@dataclass(slots=True)
class Frame:
    """A scope during the walk: the names it binds, their types, and the references that may mean those names."""

    kind: ScopeKind
    name: str
    bound: set[str] = field(default_factory=set)
    free: set[str] = field(default_factory=set)
    types: dict[str, TypeRef] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    """For a list, the name of the type of what it holds."""
    references: list[int] = field(default_factory=list)


@cache
def _dispatch(names: frozenset[str], language: Language) -> dict[int, str]:
    handlers = {}
    for name in names:
        if name.startswith("on_"):
            number = language.id_for_node_kind(name[3:], True)  # noqa: FBT003 - positional only
            if number is not None:
                handlers[number] = name
    return handlers


class Extractor:
    """Methods `on_<node type>` handle a node and decide what below it is walked; other nodes are walked through."""

    attribute: ClassVar[dict[str, tuple[str, str]]] = {}
    """Node types of `receiver.name`, with the fields of receiver and name."""
    names: ClassVar[frozenset[str]] = frozenset({"identifier"})

    def __init__(self, grammar: Language, source: bytes) -> None:
        self.source = source
        self.root = Parser(grammar).parse(source).root_node
        self.frames = [Frame(ScopeKind.MODULE, "")]
        self.definitions: list[Definition] = []
        self.imports: list[Import] = []
        self.references: list[Reference] = []
        self.exports: tuple[str, ...] | None = None
        self.package = ""
        self.dynamic = False
        self.guards = 0
        self._own: set[int] = set()
        self._handlers: dict[int, Callable[[Node], None]] = {
            number: getattr(self, name) for number, name in _dispatch(frozenset(dir(self)), grammar).items()
        }

    def table(self) -> Table:
        try:
            self.walk(self.root)
        except RecursionError:  # Generated code nests deeper than Python's stack: what was seen counts.
            self.dynamic = True
            del self.frames[1:]
        self._close(self.frames[0], None)
        return Table(
            package=self.package,
            definitions=tuple(self.definitions),
            imports=tuple(self.imports),
            references=tuple(
                reference for at, reference in enumerate(self.references) if at not in self._own
            ),
            exports=self.exports,
            dynamic=self.dynamic,
        )

    def text(self, node: Node | None) -> str:
        return "" if node is None else self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def walk(self, node: Node | None) -> None:
        if node is None:
            return
        handlers, stack = self._handlers, [node]
        while stack:
            current = stack.pop()
            handler = handlers.get(current.kind_id)
            if handler is not None:
                handler(current)
            elif current.named_child_count:
                stack.extend(reversed(current.named_children))

    def walk_children(self, node: Node | None) -> None:
        for child in [] if node is None else node.named_children:
            self.walk(child)

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @contextmanager
    def scope(self, kind: ScopeKind, name: str) -> Generator[Frame]:
        """A scope for the time of the walk below it; `name` is qualified."""
        frame = Frame(kind, name)
        self.frames.append(frame)
        yield frame
        self.frames.pop()
        self._close(frame, self.frames[-1])

    @contextmanager
    def guarded(self) -> Generator[None]:
        """A failing name is expected here: `try` around an import, say."""
        self.guards += 1
        yield
        self.guards -= 1

    def qualified(self, name: str) -> str:
        return f"{self.frame.name}.{name}" if self.frame.name else name

    @property
    def in_function(self) -> bool:
        return any(frame.kind is ScopeKind.FUNCTION for frame in self.frames)

    @property
    def owner(self) -> str:
        """The qualified name of the innermost class around, or nothing."""
        return next((frame.name for frame in reversed(self.frames) if frame.kind is ScopeKind.CLASS), "")

    def bind(self, name: str, type_: TypeRef | None = None) -> None:
        self.frame.bound.add(name)
        if type_ is not None:
            self.frame.types[name] = type_

    def element(self, name: str) -> TypeRef | None:
        """The type of what a local list holds, as far as the source states it."""
        head, _, rest = name.partition(".")
        frame = next((frame for frame in reversed(self.frames) if head in frame.bound), None)
        if frame is None:
            return None
        if not rest:
            return type_named(frame.elements.get(name, ""))
        known = frame.types.get(head)
        return None if known is None else replace(known.member(rest), element=True)

    def define(
        self, node: Node, name: str, kind: SymbolKind, *, facts: Definition | None = None, qualified: str = ""
    ) -> Definition:
        """Records a definition over `node`; `facts` carries parameters, flags, bases and types."""
        base = facts or Definition("", kind, 0, 0)
        definition = replace(
            base,
            name=qualified or self.qualified(name),
            kind=SymbolKind.LOCAL if self.in_function and not qualified else kind,
            start=node.start_point[0] + 1,
            end=node.end_point[0] + 1,
        )
        self.definitions.append(definition)
        self.bind(name, base.type if base.parameters is None else None)
        return definition

    def bring(self, node: Node, local: str, module: str, name: str, *, exported: bool = False) -> None:
        """Records an import. A name bound inside a function is an import of that scope, not a local variable."""
        scope = next((frame.name for frame in reversed(self.frames) if frame.kind is ScopeKind.FUNCTION), "")
        line = node.start_point[0] + 1
        self.imports.append(Import(local, module, name, line, scope, self.guards > 0, exported))

    def refer(self, node: Node, name: str, receiver: str = "", *, call: Reference | None = None) -> None:
        """Records a use; `call` carries the arguments."""
        line, scope = node.start_point[0] + 1, self.frame.name
        guarded = self.guards > 0
        if call is None:
            reference = Reference(name, receiver, line, scope, guarded=guarded)
        else:
            reference = replace(call, name=name, receiver=receiver, line=line, scope=scope, guarded=guarded)
        self.frame.references.append(len(self.references))
        self.references.append(reference)

    def dotted(self, node: Node | None) -> str:
        """`a.b.c` as text for a chain of names, else UNKNOWN."""
        parts: list[str] = []
        while node is not None:
            fields = self.attribute.get(node.type)
            if fields is not None:
                parts.append(self.text(node.child_by_field_name(fields[1])))
                node = node.child_by_field_name(fields[0])
            elif node.type in self.names:
                return ".".join([self.text(node), *reversed(parts)])
            else:
                return UNKNOWN
        return UNKNOWN

    def refer_member(self, node: Node, call: Reference | None = None) -> None:
        """A use `receiver.name`, called or not; a receiver that is an expression is walked for uses of its own."""
        object_field, name_field = self.attribute[node.type]
        receiver, name = node.child_by_field_name(object_field), node.child_by_field_name(name_field)
        chain = self.dotted(receiver)
        base = call or Reference("", "", 0, "")
        if chain == UNKNOWN:
            base = replace(base, type=self.type_of(receiver))
            self.walk(receiver)
        self.refer(name or node, self.text(name), chain, call=base)

    def type_of(self, node: Node | None) -> TypeRef | None:  # noqa: ARG002 - languages say
        """The type of an expression as far as the source shows it: of a cast, or of a call's result."""
        return None

    def _close(self, frame: Frame, parent: Frame | None) -> None:
        names = frame.bound - frame.free if frame.kind is not ScopeKind.CLASS else set()
        for index in frame.references:
            reference = self.references[index]
            root, _, rest = (reference.receiver or reference.name).partition(".")
            bound = root in names
            known = frame.types.get(root) if bound and reference.receiver and reference.type is None else None
            if known is not None:
                reference = self.references[index] = replace(
                    reference, type=known.member(rest) if rest else known
                )
            if bound and frame.kind is ScopeKind.FUNCTION:
                if reference.receiver or reference.type:
                    self.references[index] = replace(reference, local=True)
                else:
                    self._own.add(index)  # A local variable is private to its function.
            elif parent is not None:
                parent.references.append(index)

    def simple_parameters(self, nodes: Sequence[Node]) -> tuple[Parameter, ...]:
        return tuple(Parameter(self.text(node)) for node in nodes)
