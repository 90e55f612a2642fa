"""Symbols of Go files."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.syntax.go_names import GoNames
from devassist.conflicts.syntax.tables import (
    Definition,
    Flag,
    Parameter,
    ParameterKind,
    Reference,
    SymbolKind,
    TypeRef,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, ScopeKind, first, plain_type

_KINDS = {"struct_type": SymbolKind.STRUCT, "interface_type": SymbolKind.INTERFACE}


class GoExtractor(GoNames):
    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        for child in [] if node is None else node.named_children:
            kind = child.child_by_field_name("type")
            self.walk(kind)
            variadic = child.type == "variadic_parameter_declaration"
            names = [self.text(name) for name in child.children_by_field_name("name")]
            annotation = self.text(kind)
            passing = ParameterKind.ARGS if variadic else ParameterKind.POSITIONAL
            parameters += [
                Parameter(name, passing, type=annotation) for name in names or [f"_{len(parameters)}"]
            ]
        return tuple(parameters)

    def _function(
        self, node: Node, name: str, kind: SymbolKind, *, qualified: str = "", flags: tuple[Flag, ...] = ()
    ) -> str:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result = node.child_by_field_name("result")
        self.walk(result)
        result_text = self.text(result)
        facts = Definition(
            name,
            kind,
            0,
            0,
            parameters,
            (Flag.CHECKED, *flags),
            (),
            type_named(plain_type(result_text.strip("()").partition(",")[0])),
            result_text,
        )
        definition = self.define(node, name, kind, facts=facts, qualified=qualified)
        with self.scope(ScopeKind.FUNCTION, definition.name):
            receiver = node.child_by_field_name("receiver")
            for parameter in (*self._parameters(receiver), *parameters):
                self._bind_typed(parameter)
            self.walk(node.child_by_field_name("body"))
        return definition.name

    def on_function_declaration(self, node: Node) -> None:
        self._function(node, self.text(node.child_by_field_name("name")), SymbolKind.FUNCTION)

    def on_method_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        receiver = node.child_by_field_name("receiver")
        owner = ""
        for child in [] if receiver is None else receiver.named_children:
            owner = plain_type(self.text(child.child_by_field_name("type")))
        self._function(node, name, SymbolKind.METHOD, qualified=f"{owner}.{name}")

    def on_func_literal(self, node: Node) -> None:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            for parameter in parameters:
                self._bind_typed(parameter)
            self.walk(node.child_by_field_name("body"))

    def on_type_spec(self, node: Node) -> None:
        name, kind = self.text(node.child_by_field_name("name")), node.child_by_field_name("type")
        what = _KINDS.get("" if kind is None else kind.type, SymbolKind.TYPE)
        bases = tuple(self._embedded(kind))
        facts = Definition("", what, 0, 0, self._fields(kind), (Flag.CHECKED,), bases)
        definition = self.define(node, name, what, facts=facts)
        with self.scope(ScopeKind.CLASS, definition.name):
            self.walk(kind)

    def on_type_alias(self, node: Node) -> None:
        """`type A = B`: whatever B has, A has."""
        kind = node.child_by_field_name("type")
        if kind is None or kind.type not in ("type_identifier", "qualified_type", "generic_type"):
            self.on_type_spec(node)
            return
        facts = Definition("", SymbolKind.TYPE, 0, 0, None, (Flag.CHECKED,), (plain_type(self.text(kind)),))
        self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.TYPE, facts=facts)
        self.walk(kind)

    def _fields(self, kind: Node | None) -> tuple[Parameter, ...] | None:
        """The parameters of a literal without keys: every field in its order."""
        inner = first(kind) if kind is not None and kind.type == "struct_type" else None
        parameters: list[Parameter] = []
        for child in [] if inner is None else inner.named_children:
            names = [self.text(name) for name in child.children_by_field_name("name")]
            annotation = self.text(child.child_by_field_name("type"))
            if child.type == "field_declaration":
                parameters += [
                    Parameter(name, ParameterKind.POSITIONAL, type=annotation)
                    for name in names or [plain_type(annotation)]
                ]
        return None if inner is None else tuple(parameters)

    def on_composite_literal(self, node: Node) -> None:
        kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        values = [] if body is None else [child for child in body.named_children if child.type != "comment"]
        bare = values and all(element.type == "literal_element" for element in values)
        if kind is not None and bare and kind.type in ("type_identifier", "qualified_type"):
            call = Reference("", "", 0, "", len(values), literal=True)
            receiver, _, name = self.dotted(kind).rpartition(".")
            self.refer(kind, name, receiver, call=call)
        else:
            self.walk(kind)
        self.walk(body)

    def _embedded(self, kind: Node | None) -> list[str]:
        bases = []
        for child in [] if kind is None else kind.named_children:
            if child.type == "field_declaration_list":
                plain = [field for field in child.named_children if field.type == "field_declaration"]
                bare = [field for field in plain if not field.children_by_field_name("name")]
                bases += [plain_type(self.text(field.child_by_field_name("type"))) for field in bare]
            elif child.type in ("type_elem", "constraint_elem") and "|" not in self.text(child):
                bases.append(plain_type(self.text(child)))
        return [base for base in bases if base]

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        listed = kind is not None and kind.type in ("slice_type", "map_type", "array_type")
        annotation = self.text(kind)
        item = plain_type(annotation.rpartition("]")[2]) if listed else plain_type(annotation)
        type_ = TypeRef(item, listed=True) if listed else type_named(item)
        for name in node.children_by_field_name("name"):
            if self.frame.kind is ScopeKind.CLASS:
                self.define(
                    node,
                    self.text(name),
                    SymbolKind.FIELD,
                    facts=Definition("", SymbolKind.FIELD, 0, 0, type=type_),
                )

    def on_method_elem(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        if self.frame.kind is ScopeKind.CLASS:
            self._function(node, name, SymbolKind.METHOD, flags=(Flag.ABSTRACT,))

    on_method_spec = on_method_elem

    def on_call_expression(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        values = (
            []
            if arguments is None
            else [child for child in arguments.named_children if child.type != "comment"]
        )
        starred = any(argument.type == "variadic_argument" for argument in values)
        spread = len(values) == 1 and values[0].type == "call_expression"  # f(g()), if g returns several
        alone = node.parent is not None and node.parent.type == "expression_statement"
        callee = self.dotted(values[0].child_by_field_name("function")) if spread else ""
        call = Reference(
            "",
            "",
            0,
            "",
            len(values) - starred - spread,
            starred=starred or spread,
            statement=alone,
            spread_call="" if callee == UNKNOWN else callee,
        )
        if function is not None and function.type == "identifier":
            self.refer(function, self.text(function), call=call)
        elif function is not None and function.type == "selector_expression":
            self.refer_member(function, call)
        else:
            self.walk(function)
        self.walk(arguments)

    def on_selector_expression(self, node: Node) -> None:
        self.refer_member(node)

    on_qualified_type = on_selector_expression

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier

    def on_keyed_element(self, node: Node) -> None:
        key = node.named_children[0] if node.named_children else None
        if key is not None and key.named_child_count == 1 and key.named_children[0].type == "identifier":
            self._struct_key(node, key.named_children[0])
        else:
            self.walk(key)
        for child in node.named_children[1:]:
            self.walk(child)

    def _struct_key(self, node: Node, key: Node) -> None:
        """`T{Name: x}` uses the field T.Name."""
        literal = node.parent and node.parent.parent
        kind = literal.child_by_field_name("type") if literal is not None else None
        if kind is not None and kind.type in ("type_identifier", "qualified_type"):
            call = Reference("", "", 0, "", type=TypeRef(self.dotted(kind)))
            self.refer(key, self.text(key), UNKNOWN, call=call)
