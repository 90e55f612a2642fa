"""Names that Java code binds, and the types of its expressions."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.syntax.tables import (
    TypeRef,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, ScopeKind, first, plain_type


class JavaNames(Extractor):
    """Packages, imports, local variables, and the types of expressions."""

    attribute = {  # noqa: RUF012 - a table
        "field_access": ("object", "field"),
        "scoped_identifier": ("scope", "name"),
    }
    names = frozenset({"identifier", "this", "super", "type_identifier"})

    def on_package_declaration(self, node: Node) -> None:
        self.package = self.dotted(node.named_children[-1]) if node.named_children else ""

    def on_import_declaration(self, node: Node) -> None:
        path = next((self.text(child) for child in node.named_children if "identifier" in child.type), "")
        star = any(child.type == "asterisk" for child in node.named_children)
        module, _, name = path.rpartition(".")
        if star:
            self.bring(node, "", path, "*")
        else:
            self.bring(node, name, module, name)

    def on_local_variable_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        for declarator in node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("value")
            self.walk(value)
            annotation = self.text(kind)
            type_ = self.type_of(value) if annotation == "var" else type_named(plain_type(annotation))
            self.bind(self.text(declarator.child_by_field_name("name")), type_)

    def on_enhanced_for_statement(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        self.bind(self.text(node.child_by_field_name("name")), type_named(plain_type(self.text(kind))))
        self.walk(node.child_by_field_name("value"))
        self.walk(node.child_by_field_name("body"))

    def on_catch_formal_parameter(self, node: Node) -> None:
        self.bind(self.text(node.child_by_field_name("name")))
        for child in node.named_children[:-1]:
            self.walk(child)

    def on_resource(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        self.bind(self.text(node.child_by_field_name("name")), type_named(plain_type(self.text(kind))))
        self.walk(node.child_by_field_name("value"))

    def on_lambda_expression(self, node: Node) -> None:
        parameters = node.child_by_field_name("parameters")
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            for child in [] if parameters is None else parameters.named_children or [parameters]:
                name = child.child_by_field_name("name")
                self.bind(self.text(name or child))
            self.walk(node.child_by_field_name("body"))

    def on_type_parameter(self, node: Node) -> None:
        self.bind(self.text(first(node)))

    def type_of(self, node: Node | None) -> TypeRef | None:
        if node is None:
            return None
        if node.type in ("object_creation_expression", "cast_expression"):
            return type_named(plain_type(self.text(node.child_by_field_name("type"))))
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "method_invocation":
            receiver = node.child_by_field_name("object")
            chain = "" if receiver is None else self.dotted(receiver) + "."
            name = self.text(node.child_by_field_name("name"))
            return None if UNKNOWN in chain else TypeRef(chain + name, called=True)
        return None
