"""Symbols of JavaScript and TypeScript files."""

from __future__ import annotations

import re

from msgspec.structs import replace
from tree_sitter import Node

from devassist.conflicts.syntax.script_exports import ScriptExports
from devassist.conflicts.syntax.script_names import FUNCTIONS
from devassist.conflicts.syntax.tables import Definition, Flag, Reference, SymbolKind, type_named
from devassist.conflicts.syntax.walker import UNKNOWN, ScopeKind, first, plain_type

_EACH = frozenset("map filter forEach find findIndex findLast some every flatMap".split())
_MUST = re.compile(r"(?i)not.?implemented|must (?:be )?(?:implement|overrid)|abstract")


class ScriptExtractor(ScriptExports):
    def on_function_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name")) or "default"
        facts = self._function_of(node, name)
        definition = self.define(node, name, SymbolKind.FUNCTION, facts=facts)
        self._body(node, definition.name, facts.parameters or ())

    on_generator_function_declaration = on_function_declaration

    def on_function_signature(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.define(node, name, SymbolKind.FUNCTION, facts=self._function_of(node, name, Flag.OVERLOAD))

    def on_arrow_function(self, node: Node) -> None:
        facts = self._function_of(node, "")
        parameters = facts.parameters or ()
        element = self.elements_of_callbacks.pop(node.id, "")
        if element and parameters and not parameters[0].type:
            parameters = (replace(parameters[0], type=element), *parameters[1:])
        self._body(node, self.frame.name, parameters)

    on_function_expression = on_arrow_function
    on_generator_function = on_arrow_function

    def on_variable_declarator(self, node: Node) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        kind = node.child_by_field_name("type")
        self.walk(kind)
        if name is None:
            return
        required = self._required(value)
        if required:
            self._require(node, name, required)
        elif name.type != "identifier":
            self.walk(value)
            self._bind_pattern(name)
        elif value is not None and not (self.in_function and value.type not in FUNCTIONS):
            self._named_function(node, self.text(name), value)
        else:
            self.walk(value)
            type_ = type_named(plain_type(self.text(kind).lstrip(": "))) if kind else self.type_of(value)
            facts = Definition("", SymbolKind.VARIABLE, 0, 0, None, self._flags(), type=type_)
            if self.in_function:
                self.bind(self.text(name), type_)
            else:
                self.define(node, self.text(name), SymbolKind.VARIABLE, facts=facts)

    def on_class_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name")) or "default"
        abstract = Flag.ABSTRACT if node.type.startswith("abstract") else None
        self._type(node, name, SymbolKind.CLASS, self._flags(abstract))

    on_abstract_class_declaration = on_class_declaration

    def on_interface_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self._type(node, name, SymbolKind.INTERFACE, self._flags())

    def _bases(self, node: Node) -> tuple[str, ...]:
        bases: list[str] = []
        for child in node.named_children:
            if child.type in ("class_heritage", "extends_type_clause", "extends_clause", "implements_clause"):
                bases += self._bases(child)
                if child.type == "class_heritage" and child.named_child_count and not bases:
                    bases.append(self.dotted(first(child)))
                self.walk_children(child)
            elif node.type != "class_heritage" and node.type.endswith("_clause"):
                head = child.child_by_field_name("name") if child.type == "generic_type" else child
                if child.type != "type_arguments":
                    bases.append(self.dotted(head))
        return tuple(dict.fromkeys(base for base in bases if base != UNKNOWN))

    def _type(self, node: Node, name: str, kind: SymbolKind, flags: tuple[Flag, ...]) -> None:
        bases = self._bases(node)
        qualified = self.define(node, name, kind, facts=Definition("", kind, 0, 0, None, flags, bases)).name
        with self.scope(ScopeKind.CLASS, qualified):
            self.walk(node.child_by_field_name("body"))

    def on_enum_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        qualified = self.define(
            node, name, SymbolKind.ENUM, facts=Definition("", SymbolKind.ENUM, 0, 0, None, self._flags())
        ).name
        body = node.child_by_field_name("body")
        with self.scope(ScopeKind.CLASS, qualified):
            for entry in [] if body is None else body.named_children:
                member = entry.child_by_field_name("name") or entry
                self.define(entry, self.text(member), SymbolKind.FIELD)

    def on_internal_module(self, node: Node) -> None:
        """`namespace N { export const x = 1 }`: N.x."""
        facts = Definition("", SymbolKind.NAMESPACE, 0, 0, None, self._flags())
        name = self.text(node.child_by_field_name("name"))
        with self.scope(ScopeKind.CLASS, self.define(node, name, SymbolKind.NAMESPACE, facts=facts).name):
            self.walk(node.child_by_field_name("body"))

    def on_type_alias_declaration(self, node: Node) -> None:
        facts = Definition("", SymbolKind.TYPE, 0, 0, None, self._flags())
        self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.TYPE, facts=facts)
        self.walk(node.child_by_field_name("value"))

    def on_method_definition(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        private = Flag.PRIVATE if any(self.text(child) == "private" for child in node.children[:2]) else None
        facts = self._function_of(node, name, private, self._demanded(node))
        if self.frame.kind is not ScopeKind.CLASS:  # A method of an object literal.
            self._body(node, self.frame.name, facts.parameters or ())
            return
        self._parameter_fields(node)
        if Flag.SET in facts.flags:
            qualified = self.qualified(name)
        else:
            kind = SymbolKind.PROPERTY if Flag.GETTER in facts.flags else SymbolKind.METHOD
            qualified = self.define(node, name, kind, facts=facts).name
        self._body(node, qualified, facts.parameters or ())

    def _demanded(self, node: Node) -> Flag | None:
        """`UNIMPLEMENTED` if the whole body of a method says that a subclass must have it."""
        body = node.child_by_field_name("body")
        inside = [] if body is None else [child for child in body.named_children if child.type != "comment"]
        thrown = len(inside) == 1 and inside[0].type == "throw_statement"
        return Flag.UNIMPLEMENTED if thrown and _MUST.search(self.text(inside[0])) else None

    def _parameter_fields(self, node: Node) -> None:
        """`constructor(private store: Store)` makes a field."""
        parameters = node.child_by_field_name("parameters")
        for child in [] if parameters is None else parameters.named_children:
            if any(part.type == "accessibility_modifier" for part in child.children):
                kind = plain_type(self.text(child.child_by_field_name("type")).lstrip(": "))
                facts = Definition("", SymbolKind.FIELD, 0, 0, type=type_named(kind))
                self.define(
                    child, self.text(child.child_by_field_name("pattern")), SymbolKind.FIELD, facts=facts
                )

    def on_method_signature(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        optional = any(child.type == "?" for child in node.children)
        overload = node.parent is not None and node.parent.type == "class_body"
        flag = Flag.OVERLOAD if overload else None if optional else Flag.ABSTRACT
        if self.frame.kind is ScopeKind.CLASS:
            self.define(node, name, SymbolKind.METHOD, facts=self._function_of(node, name, flag))

    def on_abstract_method_signature(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.define(node, name, SymbolKind.METHOD, facts=self._function_of(node, name, Flag.ABSTRACT))

    def on_property_signature(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        if self.frame.kind is ScopeKind.CLASS:
            optional = any(child.type == "?" for child in node.children)
            flag = Flag.OPTIONAL if optional else Flag.ABSTRACT
            type_ = type_named(plain_type(self.text(kind).lstrip(": ")))
            facts = Definition("", SymbolKind.FIELD, 0, 0, None, (flag,), type=type_)
            self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.FIELD, facts=facts)

    def on_public_field_definition(self, node: Node) -> None:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        value, kind = node.child_by_field_name("value"), node.child_by_field_name("type")
        self.walk(kind)
        if value is not None and value.type in FUNCTIONS:
            facts = self._function_of(value, "")
            qualified = self.define(node, self.text(name), SymbolKind.METHOD, facts=facts).name
            self._body(value, qualified, facts.parameters or ())
            return
        self.walk(value)
        type_ = type_named(plain_type(self.text(kind).lstrip(": "))) if kind else self.type_of(value)
        self.define(
            node, self.text(name), SymbolKind.FIELD, facts=Definition("", SymbolKind.FIELD, 0, 0, type=type_)
        )

    on_field_definition = on_public_field_definition

    def on_call_expression(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        self._tell_callback(function, arguments)
        if any(
            child.type == "optional_chain" for child in node.children
        ):  # `f?.()` expects that there may be none.
            with self.guarded():
                self._call(function, None)
            self.walk(arguments)
        else:
            self._call(function, arguments)

    def _tell_callback(self, function: Node | None, arguments: Node | None) -> None:
        """`list.map((one) => ...)`: the first parameter is one of what the list holds."""
        callback = None if arguments is None else first(arguments)
        if function is None or function.type != "member_expression" or callback is None:
            return
        if callback.type in FUNCTIONS and self.text(function.child_by_field_name("property")) in _EACH:
            element = self.element(self.text(function.child_by_field_name("object")))
            self.elements_of_callbacks[callback.id] = "" if element is None else element.name

    def on_new_expression(self, node: Node) -> None:
        self._call(node.child_by_field_name("constructor"), node.child_by_field_name("arguments"))

    def _call(self, function: Node | None, arguments: Node | None) -> None:
        values = (
            []
            if arguments is None
            else [child for child in arguments.named_children if child.type != "comment"]
        )
        starred = any(argument.type == "spread_element" for argument in values)
        call = Reference(
            "", "", 0, "", sum(argument.type != "spread_element" for argument in values), (), starred
        )
        if function is not None and function.type == "identifier":
            self.refer(function, self.text(function), call=call)
        elif function is not None and function.type == "super":
            self.refer(function, "constructor", "super", call=call)
        elif function is not None and function.type == "member_expression":
            self.refer_member(function, call)
        else:
            self.walk(function)
        self.walk(arguments)

    def on_member_expression(self, node: Node) -> None:
        self.refer_member(node)

    on_nested_type_identifier = on_member_expression
    on_nested_identifier = on_member_expression

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier
    on_shorthand_property_identifier = on_identifier

    def on_type_parameter(self, node: Node) -> None:
        self.bind(self.text(node.child_by_field_name("name")))
        self.walk(node.child_by_field_name("constraint"))

    def on_labeled_statement(self, node: Node) -> None:
        self.walk(node.child_by_field_name("body"))
