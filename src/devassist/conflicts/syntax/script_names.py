"""Imports and bindings of JavaScript and TypeScript modules."""

from __future__ import annotations

import re

from tree_sitter import Language, Node

from devassist.conflicts.syntax.tables import (
    Definition,
    Flag,
    Parameter,
    ParameterKind,
    SymbolKind,
    TypeRef,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, ScopeKind, first, plain_type

_LIST = re.compile(r"(?:readonly\s+)?([\w.]+)\[\]|(?:Readonly)?(?:Array|Set)<([\w.]+)>|\w+\[\].*")
_KEYS = ("property_identifier", "shorthand_property_identifier")
_MARKS = frozenset((Flag.ASYNC, Flag.STATIC, Flag.GETTER, Flag.SET))
FUNCTIONS = ("arrow_function", "function_expression", "generator_function")


class ScriptNames(Extractor):
    """Modules, patterns, and the values that names get."""

    attribute = {  # noqa: RUF012 - a table
        "member_expression": ("object", "property"),
        "nested_identifier": ("object", "property"),
        "nested_type_identifier": ("module", "name"),
    }
    names = frozenset({"identifier", "this", "super", "type_identifier"})
    _exporting = False

    def __init__(self, grammar: Language, source: bytes) -> None:
        super().__init__(grammar, source)
        self.elements_of_callbacks: dict[int, str] = {}
        """For a function that is passed to a list's `map`, by its node: the name of the element's type."""

    def _flags(self, *more: Flag | None) -> tuple[Flag, ...]:
        exported = (Flag.EXPORTED,) if self._exporting and self.frame.kind is ScopeKind.MODULE else ()
        return (*exported, *(flag for flag in more if flag is not None))

    def on_import_statement(self, node: Node) -> None:
        module = self.text(node.child_by_field_name("source")).strip("\"'`")
        clause = next((child for child in node.named_children if child.type == "import_clause"), None)
        for binding in [] if clause is None else clause.named_children:
            if binding.type == "identifier":
                self.bring(node, self.text(binding), module, "default")
            elif binding.type == "namespace_import":
                self.bring(node, self.text(first(binding)), module, "")
            else:
                for each in binding.named_children:
                    name = self.text(each.child_by_field_name("name"))
                    self.bring(each, self.text(each.child_by_field_name("alias")) or name, module, name)
        if clause is None:
            self.bring(node, "", module, "")

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        for child in [] if node is None else node.named_children:
            if child.type == "comment":
                continue
            pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            value = child.child_by_field_name("value") or child.child_by_field_name("right")
            kind = child.child_by_field_name("type")
            self.walk(kind)
            self.walk(value)
            optional = value is not None or child.type == "optional_parameter"
            name = self.text(pattern)
            if pattern.type == "rest_pattern":
                parameters.append(Parameter(name.lstrip("."), ParameterKind.ARGS))
            elif name != "this":
                plain = pattern.type == "identifier"
                parameters.append(
                    Parameter(
                        name if plain else f"{{{len(parameters)}}}",
                        ParameterKind.POSITIONAL,
                        optional,
                        self.text(kind).lstrip(": "),
                    )
                )
        return tuple(parameters)

    def _function_of(self, node: Node, name: str, *flags: Flag | None) -> Definition:
        """The signature of a function; the defaults and types of its parameters are walked."""
        parameter_list = node.child_by_field_name("parameters")
        single = node.child_by_field_name("parameter")
        parameters = (
            self._parameters(parameter_list)
            if single is None
            else (Parameter(self.text(single), ParameterKind.POSITIONAL),)
        )
        result = node.child_by_field_name("return_type")
        self.walk(result)
        result_text = self.text(result).lstrip(": ")
        marks = [Flag(child.type) for child in node.children if child.type in _MARKS]
        overridden = any(child.type == "override_modifier" for child in node.children)
        plain = plain_type(
            result_text.removeprefix("Promise<") if result_text.startswith("Promise<") else result_text
        )
        return Definition(
            name,
            SymbolKind.FUNCTION,
            0,
            0,
            parameters,
            self._flags(*flags, *marks, Flag.OVERRIDE if overridden else None),
            (),
            type_named(plain),
            result_text,
        )

    def _body(self, node: Node, qualified: str, parameters: tuple[Parameter, ...]) -> None:
        with self.scope(ScopeKind.FUNCTION, qualified):
            for parameter in parameters:
                self._bind_typed(parameter.name, parameter.type)
            parameter_list = node.child_by_field_name("parameters")
            for child in [] if parameter_list is None else parameter_list.named_children:
                pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
                if pattern.type not in ("identifier", "comment"):
                    self._bind_pattern(pattern)
                    self._type_pattern(pattern, child.child_by_field_name("type"))
            self.walk(node.child_by_field_name("body"))

    def _bind_typed(self, name: str, annotation: str) -> None:
        """Binds a local variable by its type as it is written; for a list, the type of its elements is kept."""
        match = _LIST.fullmatch(annotation.strip())
        if match is None:
            self.bind(name, type_named(plain_type(annotation)))
        else:
            self.bind(name)
            self.frame.elements[name] = plain_type(match[1] or match[2] or "")

    def _type_pattern(self, pattern: Node, kind: Node | None) -> None:
        """`{ place }: { place: Place }` and `{ place }: Props`: what the parts of a parameter are."""
        inner = None if kind is None else first(kind)
        if pattern.type != "object_pattern" or inner is None:
            return
        names = [self.text(child) for child in pattern.named_children if child.type.startswith("shorthand")]
        if inner.type in ("type_identifier", "nested_type_identifier"):
            for name in names:
                self.bind(name, TypeRef(self.text(inner), path=name))
        for member in inner.named_children if inner.type == "object_type" else ():
            name = self.text(member.child_by_field_name("name"))
            if name in names:
                self._bind_typed(name, self.text(member.child_by_field_name("type")).lstrip(": "))

    def _named_function(self, whole: Node, name: str, value: Node, flags: tuple[Flag, ...] = ()) -> None:
        if name in ("exports", "module"):
            self.walk(value)  # CommonJS: every file has one of its own.
        elif value.type in FUNCTIONS:
            facts = self._function_of(value, name, *flags)
            definition = self.define(whole, name, SymbolKind.FUNCTION, facts=facts)
            self._body(value, definition.name, facts.parameters or ())
        else:
            self.walk(value)
            kind = SymbolKind.VARIABLE if self.frame.kind is not ScopeKind.CLASS else SymbolKind.FIELD
            alias = self.dotted(value)
            bases = () if alias == UNKNOWN else (alias,)
            entries, written = (
                self._entries(value) if kind is SymbolKind.VARIABLE and not self.in_function else ([], None)
            )
            shown = self._flags(*flags, written)
            facts = Definition(name, kind, 0, 0, None, shown, bases, self.type_of(value))
            self.define(whole, name, kind, facts=facts)
            for entry_node, key in entries:
                entry = Definition("", SymbolKind.FIELD, 0, 0, None, (Flag.ENTRY,))
                self.define(
                    entry_node, key, SymbolKind.FIELD, facts=entry, qualified=self.qualified(f"{name}.{key}")
                )

    def _entries(self, value: Node) -> tuple[list[tuple[Node, str]], Flag | None]:
        """The keys of an object literal, which others use as `routes.about`; `OBJECT` if these are all."""
        inner = first(value)
        while value.type in ("as_expression", "satisfies_expression", "parenthesized_expression") and inner:
            value, inner = inner, first(inner)
        if value.type != "object":
            return [], None
        entries = [child for child in value.named_children if child.type != "comment"]
        keys = [
            entry.child_by_field_name("key") or entry.child_by_field_name("name") or entry
            for entry in entries
        ]
        named = [
            (entry, self.text(key)) for entry, key in zip(entries, keys, strict=True) if key.type in _KEYS
        ]
        return named, Flag.OBJECT if len(named) == len(entries) else None

    def _required(self, value: Node | None) -> str:
        if value is not None and value.type == "await_expression":
            value, wanted = first(value), "import"
        else:
            wanted = "require"
        if value is None or value.type != "call_expression":
            return ""
        arguments = value.child_by_field_name("arguments")
        if self.text(value.child_by_field_name("function")) != wanted or arguments is None:
            return ""
        return self.text(first(arguments)).strip("\"'`") if arguments.named_child_count == 1 else ""

    def _require(self, node: Node, name: Node, module: str) -> None:
        if name.type == "identifier":
            self.bring(node, self.text(name), module, "")
        for pair in name.named_children if name.type == "object_pattern" else []:
            key = pair.child_by_field_name("key") or pair
            local = pair.child_by_field_name("value") or pair
            self.bring(pair, self.text(local), module, self.text(key))

    def _bind_pattern(self, node: Node) -> None:
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            self.bind(self.text(node))
        elif node.type == "pair_pattern":
            self._bind_pattern(node.child_by_field_name("value") or node)
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            self.walk(node.child_by_field_name("right"))
            self._bind_pattern(node.child_by_field_name("left") or node)
        else:
            for child in node.named_children:
                self._bind_pattern(child)

    def on_for_in_statement(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and left.type == "identifier":
            of = self.text(node.child_by_field_name("operator")) == "of"
            self.bind(self.text(left), self.element(self.text(right)) if of else None)
        elif left is not None:
            self._bind_pattern(left)
        self.walk(right)
        self.walk(node.child_by_field_name("body"))

    def on_catch_clause(self, node: Node) -> None:
        parameter = node.child_by_field_name("parameter")
        if parameter is not None:
            self._bind_pattern(parameter)
        self.walk(node.child_by_field_name("body"))

    def type_of(self, node: Node | None) -> TypeRef | None:
        if node is None:
            return None
        if node.type == "new_expression":
            callee = self.dotted(node.child_by_field_name("constructor"))
            return None if callee == UNKNOWN else TypeRef(callee, called=True)
        if node.type == "await_expression":
            return self.type_of(first(node))
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "call_expression":
            callee = self.dotted(node.child_by_field_name("function"))
            return None if callee == UNKNOWN else TypeRef(callee, called=True)
        return None
