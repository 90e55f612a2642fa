"""Symbols of Java files."""

from __future__ import annotations

from msgspec.structs import replace
from tree_sitter import Node

from devassist.conflicts.syntax.java_names import JavaNames
from devassist.conflicts.syntax.tables import (
    Definition,
    Flag,
    Parameter,
    ParameterKind,
    Reference,
    SymbolKind,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, ScopeKind, first, plain_type

_KINDS = {
    "class_declaration": SymbolKind.CLASS,
    "record_declaration": SymbolKind.CLASS,
    "interface_declaration": SymbolKind.INTERFACE,
    "annotation_type_declaration": SymbolKind.INTERFACE,
    "enum_declaration": SymbolKind.ENUM,
}

_MODIFIERS = frozenset((Flag.ABSTRACT, Flag.FINAL, Flag.PRIVATE, Flag.PROTECTED, Flag.PUBLIC, Flag.STATIC))
"""The modifiers that others depend on; `synchronized` and the like are left out."""


class JavaExtractor(JavaNames):
    def _modifiers(self, node: Node) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
        """The modifiers of a declaration, and the names of its annotations."""
        flags: list[Flag] = []
        annotations: list[str] = []
        modifiers = (child for part in node.children if part.type == "modifiers" for child in part.children)
        for modifier in modifiers:
            if "annotation" in modifier.type:
                annotations.append(self.text(modifier.child_by_field_name("name")))
                self.walk(modifier.child_by_field_name("arguments"))
            elif modifier.type in _MODIFIERS:
                flags.append(Flag(modifier.type))
        return tuple(flags), tuple(annotations)

    def on_class_declaration(self, node: Node) -> None:
        kind = _KINDS[node.type]
        bases: list[str] = []
        for child in node.named_children:
            if child.type in ("superclass", "super_interfaces", "extends_interfaces"):
                self.walk(child)
                named = child.named_children
                types = named[0].named_children if named and named[0].type == "type_list" else named
                bases += [plain_type(self.text(base)) for base in types]
        flags, annotations = self._modifiers(node)
        parameters = None
        if node.type == "record_declaration":
            parameters = self._parameters(node.child_by_field_name("parameters"))
        facts = Definition(
            "", kind, 0, 0, parameters, (*flags, Flag.CHECKED), tuple(bases), decorators=annotations
        )
        name = self.text(node.child_by_field_name("name"))
        qualified = self.define(node, name, kind, facts=facts, qualified=self.qualified(name)).name
        with self.scope(ScopeKind.CLASS, qualified):
            for parameter in parameters or ():
                self._component(node, parameter)
            self.walk(node.child_by_field_name("body"))

    def _component(self, node: Node, component: Parameter) -> None:
        """A record's component brings a method of its name."""
        flags = (Flag.PUBLIC, Flag.CHECKED, Flag.OVERLOADABLE)
        facts = Definition(
            "", SymbolKind.METHOD, 0, 0, (), flags, (), type_named(plain_type(component.type)), component.type
        )
        self.define(
            node, component.name, SymbolKind.METHOD, facts=facts, qualified=self.qualified(component.name)
        )

    on_record_declaration = on_class_declaration
    on_interface_declaration = on_class_declaration
    on_annotation_type_declaration = on_class_declaration
    on_enum_declaration = on_class_declaration

    def on_enum_constant(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.define(
            node,
            name,
            SymbolKind.FIELD,
            facts=Definition("", SymbolKind.FIELD, 0, 0, type=type_named(self.owner)),
        )
        self.walk(node.child_by_field_name("arguments"))
        self.walk(node.child_by_field_name("body"))

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        parameters = []
        for child in [] if node is None else node.named_children:
            kind = child.child_by_field_name("type")
            name = self.text(child.child_by_field_name("name"))
            if child.type == "spread_parameter":
                parameters.append(
                    Parameter(
                        self.text(child.named_children[-1] if child.named_children else None),
                        ParameterKind.ARGS,
                        optional=False,
                        type=self.text(child),
                    )
                )
            elif child.type == "formal_parameter":
                self.walk(kind)
                parameters.append(
                    Parameter(name, ParameterKind.POSITIONAL, optional=False, type=self.text(kind))
                )
        return tuple(parameters)

    def on_method_declaration(self, node: Node) -> None:
        self._callable(node, self.text(node.child_by_field_name("name")))

    def on_constructor_declaration(self, node: Node) -> None:
        self._callable(node, "constructor")

    def _callable(self, node: Node, name: str) -> None:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        self.walk(result)
        modifiers, annotations = self._modifiers(node)
        flags = [*modifiers, Flag.CHECKED, Flag.OVERLOADABLE]
        inside = node.parent.type if node.parent is not None else ""
        if body is None and inside == "interface_body" and Flag.ABSTRACT not in flags:
            flags.append(Flag.ABSTRACT)
        result_text = self.text(result)
        facts = Definition(
            "",
            SymbolKind.METHOD,
            0,
            0,
            parameters,
            tuple(flags),
            type=type_named(plain_type(result_text)),
            result=result_text,
            decorators=annotations,
        )
        qualified = self.define(
            node, name, SymbolKind.METHOD, facts=facts, qualified=self.qualified(name)
        ).name
        with self.scope(ScopeKind.FUNCTION, qualified):
            for parameter in parameters:
                self.bind(parameter.name, type_named(plain_type(parameter.type)))
            self.walk(body)

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        flags, annotations = self._modifiers(node)
        type_ = type_named(plain_type(self.text(kind)))
        for declarator in node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("value")
            self.walk(value)
            facts = Definition("", SymbolKind.FIELD, 0, 0, None, flags, type=type_, decorators=annotations)
            name = self.text(declarator.child_by_field_name("name"))
            self.define(node, name, SymbolKind.FIELD, facts=facts, qualified=self.qualified(name))

    on_constant_declaration = on_field_declaration

    def on_method_invocation(self, node: Node) -> None:
        receiver, name = node.child_by_field_name("object"), node.child_by_field_name("name")
        call = self._arguments(node.child_by_field_name("arguments"), node)
        chain = "" if receiver is None else self.dotted(receiver)
        if chain == UNKNOWN:
            call = replace(call, type=self.type_of(receiver))
            self.walk(receiver)
        self.refer(name or node, self.text(name), chain, call=call)
        self.walk(node.child_by_field_name("arguments"))

    def on_object_creation_expression(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        call = self._arguments(node.child_by_field_name("arguments"), node)
        if any(part.type == "class_body" for part in node.named_children):
            call = replace(call, literal=True)
        receiver, _, name = plain_type(self.text(kind)).rpartition(".")
        self.refer(node, name, receiver, call=call)
        for child in node.named_children:
            if child.type == "argument_list":
                self.walk(child)
            elif child.type == "class_body":
                self._anonymous(child, plain_type(self.text(kind)))

    def _anonymous(self, body: Node, base: str) -> None:
        """`new T() { ... }` is a class of its own that implements T."""
        facts = Definition("", SymbolKind.CLASS, 0, 0, None, (Flag.CHECKED,), (base,))
        name = f"<new {base}>"
        qualified = self.define(
            body, name, SymbolKind.CLASS, facts=facts, qualified=self.qualified(name)
        ).name
        with self.scope(ScopeKind.CLASS, qualified):
            self.walk(body)

    def on_switch_expression(self, node: Node) -> None:
        """`case NAME` uses a constant of the type that the switch is over."""
        subject = node.child_by_field_name("condition")
        self.walk(subject)
        receiver = self.dotted(first(subject)) if subject is not None else UNKNOWN
        body = node.child_by_field_name("body")
        for group in [] if body is None else body.named_children:
            for child in group.named_children:
                names = child.named_children if child.type == "switch_label" else ()
                for label in names:
                    if label.type == "identifier" and receiver != UNKNOWN:
                        self.refer(label, self.text(label), receiver)
                    else:
                        self.walk(label)
                if child.type != "switch_label":
                    self.walk(child)

    def on_explicit_constructor_invocation(self, node: Node) -> None:
        which = self.text(node.child_by_field_name("constructor"))
        call = self._arguments(node.child_by_field_name("arguments"), node)
        self.refer(node, "constructor", which, call=call)
        self.walk(node.child_by_field_name("arguments"))

    def _arguments(self, node: Node | None, whole: Node) -> Reference:
        values = (
            [] if node is None else [child for child in node.named_children if "comment" not in child.type]
        )
        alone = whole.parent is not None and whole.parent.type == "expression_statement"
        return Reference("", "", 0, "", len(values), statement=alone)

    def on_method_reference(self, node: Node) -> None:
        children = node.named_children
        if len(children) == 2:  # noqa: PLR2004 - Type::name
            self.refer(children[1], self.text(children[1]), self.dotted(children[0]))
        self.walk(children[0] if children else None)

    def on_field_access(self, node: Node) -> None:
        self.refer_member(node)

    def on_scoped_identifier(self, node: Node) -> None:
        self.refer_member(node)

    def on_scoped_type_identifier(self, node: Node) -> None:
        receiver, _, name = self.text(node).rpartition(".")
        self.refer(node, name, receiver)

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier

    def on_marker_annotation(self, node: Node) -> None:
        self.refer(node, self.text(node.child_by_field_name("name")))
