"""Names that Python code binds: assignments, patterns, loops and imports."""

from __future__ import annotations

import re

from tree_sitter import Node

from devassist.conflicts.syntax.tables import SUPER, Definition, Flag, SymbolKind, TypeRef, type_named
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, ScopeKind, first, plain_type

_QUOTED = re.compile(r"[\w.\[\], |]+")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_VALUE_FORMS = ("Literal", "Annotated")
"""Strings in these are values, no names."""


def single_type(annotation: str) -> str:
    """The only type that an annotation names besides None; empty if there are more."""
    text = annotation.strip("\"' ")
    parts = [part.strip() for part in text.split("|") if part.strip() not in ("None", "")]
    return plain_type(parts[0]) if len(parts) == 1 else ""


class PythonNames(Extractor):
    """Everything that binds a name and is no function or class."""

    attribute = {"attribute": ("object", "attribute")}  # noqa: RUF012 - a table

    def on_assignment(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        annotation = node.child_by_field_name("type")
        self.annotated(annotation)
        self.walk(right)
        type_ = type_named(single_type(self.text(annotation))) if annotation else self.type_of(right)
        if left is None:
            return
        if left.type == "identifier":
            self._assign(node, self.text(left), type_, right)
        elif left.type == "attribute" and self.dotted(left).count(".") == 1:
            self._assign_attribute(left, node, type_)
        else:
            self._bind_targets(left)

    def on_type_alias_statement(self, node: Node) -> None:
        """`type Alias[T] = list[T]`: T is known on its right alone."""
        name, _, variables = self.text(node.child_by_field_name("left")).partition("[")
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            for variable in _DOTTED.findall(variables):
                self.bind(variable)
            self.annotated(node.child_by_field_name("right"))
        self._assign(node, name, None, None)

    def _assign(self, node: Node, name: str, type_: TypeRef | None, right: Node | None) -> None:
        if self.frame.kind is ScopeKind.FUNCTION:
            self.bind(name, type_)
            return
        if name == "__all__" and right is not None and self.frame.kind is ScopeKind.MODULE:
            strings = [child for child in right.named_children if child.type == "string"]
            self.exports = tuple(self.text(string).strip("\"'") for string in strings)
            return
        kind = SymbolKind.FIELD if self.frame.kind is ScopeKind.CLASS else SymbolKind.VARIABLE
        flags = (Flag.OPTIONAL,) if right is not None else ()
        alias = self.dotted(right) if right is not None else UNKNOWN
        bases = () if alias == UNKNOWN else (alias,)
        annotated = node.type == "assignment" and node.child_by_field_name("type") is not None
        result = (
            self.text(node)[len(name) :].lstrip(": ")[:200] if annotated and kind is SymbolKind.FIELD else ""
        )
        facts = Definition("", kind, 0, 0, None, flags, bases, type_, result)
        self.define(node, name, kind, facts=facts)

    def _assign_attribute(self, left: Node, node: Node, type_: TypeRef | None) -> None:
        receiver, name = self.dotted(left).split(".")
        owner = self.owner
        if receiver == "self" and owner:
            known = any(definition.name == f"{owner}.{name}" for definition in reversed(self.definitions))
            if not known:
                facts = Definition("", SymbolKind.FIELD, 0, 0, None, (Flag.INSTANCE,), (), type_)
                self.define(node, "self." + name, SymbolKind.FIELD, facts=facts, qualified=f"{owner}.{name}")
        else:
            self.walk(left)

    def _bind_targets(self, node: Node) -> None:
        """Names that a pattern binds; subscripts and attributes in it are uses."""
        if node.type == "identifier":
            self._assign(node, self.text(node), None, None)
        elif node.type in ("attribute", "subscript"):
            self.walk(node)
        else:
            for child in node.named_children:
                self._bind_targets(child)

    def on_augmented_assignment(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if self.text(left) == "__all__":
            self.dynamic = self.dynamic or right is None or right.type != "list"
            strings = (
                [] if right is None else [child for child in right.named_children if child.type == "string"]
            )
            self.exports = (*(self.exports or ()), *(self.text(string).strip("\"'") for string in strings))
            return
        self.walk(right)
        if left is not None and left.type == "identifier" and self.frame.kind is ScopeKind.FUNCTION:
            self.bind(self.text(left))
        else:
            self.walk(left)

    def on_named_expression(self, node: Node) -> None:
        value = node.child_by_field_name("value")
        self.walk(value)
        self.bind(self.text(node.child_by_field_name("name")), self.type_of(value))

    def on_for_statement(self, node: Node) -> None:
        left = node.child_by_field_name("left")
        if left is not None:
            self._bind_targets(left)
        for child in node.named_children:
            if child != left:
                self.walk(child)

    def on_list_comprehension(self, node: Node) -> None:
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            for child in node.named_children[1:]:
                self.walk(child)
            self.walk(node.named_children[0] if node.named_children else None)

    on_set_comprehension = on_list_comprehension
    on_dictionary_comprehension = on_list_comprehension
    on_generator_expression = on_list_comprehension

    def on_for_in_clause(self, node: Node) -> None:
        left = node.child_by_field_name("left")
        if left is not None:
            for target in [left] if left.type == "identifier" else left.named_children:
                self.bind(self.text(target))
        for child in node.named_children:
            if child != left:
                self.walk(child)

    def on_as_pattern(self, node: Node) -> None:
        value = first(node)
        alias = node.child_by_field_name("alias")
        self.walk(value)
        if alias is not None:
            type_ = self.type_of(value)
            for child in alias.named_children or [alias]:
                if self.frame.kind is ScopeKind.FUNCTION and child.type == "identifier":
                    self.bind(self.text(child), type_)
                else:
                    self._bind_targets(child)

    def on_global_statement(self, node: Node) -> None:
        self.frame.free |= {self.text(child) for child in node.named_children}

    on_nonlocal_statement = on_global_statement

    def on_import_statement(self, node: Node) -> None:
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                module = self.text(child.child_by_field_name("name"))
                self.bring(child, self.text(child.child_by_field_name("alias")), module, "")
            else:
                module = self.text(child)
                # `import a.b` binds `a`; the resolver steps on from there.
                self.bring(child, module.partition(".")[0], module.partition(".")[0], "")
                if "." in module:
                    self.bring(child, "", module, "")

    def on_import_from_statement(self, node: Node) -> None:
        module = self.text(node.child_by_field_name("module_name"))
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name = self.text(child.child_by_field_name("name"))
                alias = self.text(child.child_by_field_name("alias"))
                self.bring(child, alias, module, name, exported=alias == name)
            else:
                self.bring(child, self.text(child), module, self.text(child))
        if any(child.type == "wildcard_import" for child in node.named_children):
            self.bring(node, "", module, "*")

    def on_future_import_statement(self, node: Node) -> None:
        """Binds nothing that anybody uses."""

    def annotated(self, node: Node | None) -> None:
        """An annotation: names in quotes are uses as well."""
        self.walk(node)
        stack = [] if node is None else [node]
        while stack:
            current = stack.pop()
            if current.type == "string":
                self._quoted(current, self.text(current).strip("\"'"))
            elif current.type not in ("subscript", "generic_type") or not self.text(first(current)).endswith(
                _VALUE_FORMS
            ):
                stack += current.named_children

    def _quoted(self, node: Node, text: str) -> None:
        if _QUOTED.fullmatch(text) is None or any(word in text for word in _VALUE_FORMS):
            return
        for match in _DOTTED.finditer(text):
            receiver, _, name = match.group().rpartition(".")
            if name not in ("None", "True", "False"):
                self.refer(node, name, receiver)

    def _known(self, node: Node) -> TypeRef | None:
        """The type of a chain of names whose first is a variable of a known type."""
        root, _, rest = self.dotted(node).partition(".")
        for frame in reversed(self.frames):
            if frame.kind is ScopeKind.FUNCTION and root in frame.bound:
                known = frame.types.get(root)
                if known is None or not rest:
                    return known
                return None if known.path else known.member(rest)
        return None

    def type_of(self, node: Node | None) -> TypeRef | None:
        if node is not None and node.type in ("identifier", "attribute"):
            return self._known(node)
        if node is None or node.type != "call":
            return None
        callee = self.dotted(node.child_by_field_name("function"))
        if callee == UNKNOWN:
            return TypeRef(SUPER) if self.text(node.child_by_field_name("function")) == SUPER else None
        return TypeRef(callee, called=callee != SUPER)
