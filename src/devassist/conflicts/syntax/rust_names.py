"""Names that Rust code binds: `use`, `let` and patterns."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.syntax.tables import TypeRef, type_named
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, ScopeKind, first, plain_type


class RustNames(Extractor):
    """Everything that binds a name and is no item."""

    attribute = {  # noqa: RUF012 - a table
        "field_expression": ("value", "field"),
        "scoped_identifier": ("path", "name"),
        "scoped_type_identifier": ("path", "name"),
    }
    names = frozenset({"identifier", "self", "super", "crate", "type_identifier"})

    def on_use_declaration(self, node: Node) -> None:
        exported = any(child.type == "visibility_modifier" for child in node.named_children)
        self._use(node.child_by_field_name("argument"), "", exported=exported)

    def _use(self, node: Node | None, prefix: str, *, exported: bool) -> None:
        if node is None:
            return
        if node.type == "use_list":
            for child in node.named_children:
                self._use(child, prefix, exported=exported)
        elif node.type == "scoped_use_list":
            path = self._path(node.child_by_field_name("path"))
            self._use(
                node.child_by_field_name("list"), ".".join(filter(None, [prefix, path])), exported=exported
            )
        elif node.type == "use_wildcard":
            path = self._path(first(node))
            path = self._from_file(".".join(filter(None, [prefix, path])))
            if path:
                self.bring(node, "", path, "*", exported=exported)
        elif node.type == "use_as_clause":
            path = ".".join(filter(None, [prefix, self._path(node.child_by_field_name("path"))]))
            self._used(node, path, self.text(node.child_by_field_name("alias")), exported=exported)
        else:
            path = ".".join(filter(None, [prefix, self._path(node)]))
            self._used(node, path, "", exported=exported)

    def _used(self, node: Node, path: str, alias: str, *, exported: bool) -> None:
        path = self._from_file(path)
        module, _, name = path.rpartition(".")
        if not path or (not module and (alias or name) == name):
            return
        if name == "self":
            module, _, name = module.rpartition(".")
        inline = next(
            (frame.name for frame in reversed(self.frames[1:]) if frame.kind is ScopeKind.MODULE), ""
        )
        local = f"{inline}.{alias or name}" if inline else alias or name
        if alias != "_":
            self.bring(node, local, module or name, name if module else "", exported=exported)

    def _from_file(self, path: str) -> str:
        """The path as the file's own module would write it: an inline module's `super` is the file."""
        for frame in self.frames[1:]:
            if frame.kind is ScopeKind.MODULE and path.partition(".")[0] == "super":
                path = path.partition(".")[2]
        return path

    def _path(self, node: Node | None) -> str:
        return self.text(node).replace("::", ".").replace(" ", "")

    def on_let_declaration(self, node: Node) -> None:
        kind, value = node.child_by_field_name("type"), node.child_by_field_name("value")
        self.walk(kind)
        self.walk(value)
        pattern = node.child_by_field_name("pattern")
        if pattern is not None and pattern.type in ("identifier", "mut_pattern"):
            name = self.text(pattern).removeprefix("mut ")
            self.bind(name, type_named(plain_type(self.text(kind))) if kind else self.type_of(value))
        elif pattern is not None:
            self._bind_pattern(pattern)
        self.walk(node.child_by_field_name("alternative"))

    def _bind_pattern(self, node: Node) -> None:
        if node.type in ("identifier", "shorthand_field_identifier"):
            self.bind(self.text(node))
        elif node.type in ("scoped_identifier", "scoped_type_identifier"):
            self.refer_member(node)
        elif node.type == "type_identifier":
            self.refer(node, self.text(node))
        else:
            head = node.child_by_field_name("type")
            if head is not None:
                self.walk(head)
            for child in node.named_children:
                if child != head:
                    self._bind_pattern(child)

    def on_match_pattern(self, node: Node) -> None:
        for child in node.named_children:
            if child.type == "identifier" and self.text(child)[:1].isupper():
                self.refer(child, self.text(child))
            else:
                self._bind_pattern(child)

    def on_let_condition(self, node: Node) -> None:
        self.walk(node.child_by_field_name("value"))
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            self._bind_pattern(pattern)

    def on_for_expression(self, node: Node) -> None:
        pattern = node.child_by_field_name("pattern")
        if pattern is not None:
            self._bind_pattern(pattern)
        self.walk(node.child_by_field_name("value"))
        self.walk(node.child_by_field_name("body"))

    def on_closure_expression(self, node: Node) -> None:
        parameters = node.child_by_field_name("parameters")
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            for child in [] if parameters is None else parameters.named_children:
                kind = child.child_by_field_name("type")
                pattern = child.child_by_field_name("pattern") or child
                if pattern.type == "identifier":
                    self.bind(self.text(pattern), type_named(plain_type(self.text(kind))))
                else:
                    self._bind_pattern(pattern)
            self.walk(node.child_by_field_name("body"))

    def on_type_parameters(self, node: Node) -> None:
        for child in node.named_children:
            name = child.child_by_field_name("name")
            self.bind(self.text(name or child))

    def type_of(self, node: Node | None) -> TypeRef | None:
        if node is None:
            return None
        if node.type == "struct_expression":
            return type_named(plain_type(self._path(node.child_by_field_name("name"))))
        if node.type in (
            "reference_expression",
            "try_expression",
            "await_expression",
            "parenthesized_expression",
        ):
            return self.type_of(node.named_children[-1] if node.named_children else None)
        if node.type == "call_expression":
            callee = self.dotted(node.child_by_field_name("function"))
            return None if callee == UNKNOWN else TypeRef(callee, called=True)
        return None
