"""Names that Go code binds, and the types of its expressions."""

from __future__ import annotations

import re

from tree_sitter import Node

from devassist.conflicts.syntax.tables import (
    Definition,
    Parameter,
    ParameterKind,
    SymbolKind,
    TypeRef,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, first, plain_type

_GENERIC = re.compile(r"\*?[\w.]+\[[^\]]*\]")


class GoNames(Extractor):
    """Packages, imports, constants, variables, and the types of expressions."""

    attribute = {  # noqa: RUF012 - a table
        "selector_expression": ("operand", "field"),
        "qualified_type": ("package", "name"),
    }
    names = frozenset({"identifier", "package_identifier", "type_identifier"})

    def on_package_clause(self, node: Node) -> None:
        self.package = self.text(first(node))

    def on_import_spec(self, node: Node) -> None:
        module = self.text(node.child_by_field_name("path")).strip('"`')
        name = self.text(node.child_by_field_name("name"))
        last = module.rstrip("/").rpartition("/")[2]
        if last.startswith("v") and last[1:].isdigit():
            last = module.rpartition("/")[0].rpartition("/")[2]
        if name not in ("_", "."):
            self.bring(node, name or last.rpartition(".")[2].removeprefix("go-"), module, "")
        elif name == ".":
            self.bring(node, "", module, "*")

    def _bind_typed(self, parameter: Parameter) -> None:
        """Binds a parameter. Of a list or map, the type of the elements is recorded, for loops over it."""
        if parameter.kind is ParameterKind.ARGS or parameter.type.startswith(("[", "map[")):
            self.bind(parameter.name)
            self.frame.elements[parameter.name] = plain_type(parameter.type.rpartition("]")[2])
        else:
            plain = "[" not in parameter.type or _GENERIC.fullmatch(parameter.type) is not None
            self.bind(parameter.name, type_named(plain_type(parameter.type)) if plain else None)

    def on_const_spec(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        value = node.child_by_field_name("value")
        self.walk(value)
        head = first(value) if value is not None else None
        type_ = type_named(plain_type(self.text(kind))) if kind else self.type_of(head)
        for name in node.children_by_field_name("name"):
            text = self.text(name)
            if self.in_function:
                self.bind(text, type_)
            elif text == "_" and kind is not None:  # `var _ I = (*T)(nil)` says that T implements I.
                self._assertion(node, self.text(kind), self.text(value))
            else:
                self.define(
                    node,
                    text,
                    SymbolKind.VARIABLE,
                    facts=Definition("", SymbolKind.VARIABLE, 0, 0, type=type_),
                )

    on_var_spec = on_const_spec

    def _assertion(self, node: Node, interface: str, value: str) -> None:
        self.refer(node, plain_type(value), "implements " + plain_type(interface))

    def on_short_var_declaration(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self.walk(right)
        names = [] if left is None else left.named_children
        values = [] if right is None else right.named_children
        for number, name in enumerate(names):
            value = values[number] if number < len(values) else None
            self.bind(self.text(name), self.type_of(value))

    def on_range_clause(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        names = [] if left is None else left.named_children
        for number, name in enumerate(names):
            self.bind(self.text(name), self.element(self.text(right)) if number == 1 else None)
        self.walk(right)

    def type_of(self, node: Node | None) -> TypeRef | None:
        if node is None:
            return None
        if node.type == "unary_expression":
            return self.type_of(node.child_by_field_name("operand"))
        if node.type in ("composite_literal", "type_assertion_expression"):
            kind = node.child_by_field_name("type")
            plain = kind is not None and kind.type in (
                "type_identifier",
                "qualified_type",
                "pointer_type",
                "generic_type",
            )
            return type_named(plain_type(self.text(kind))) if plain else None
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "call_expression":
            callee = self.dotted(node.child_by_field_name("function"))
            if callee == "new":
                arguments = node.child_by_field_name("arguments")
                return type_named(plain_type(self.text(arguments)))
            unknown = callee in (UNKNOWN, "make", "append", "len")
            return None if unknown else TypeRef(callee, called=True)
        return None
