"""Exports of JavaScript and TypeScript modules: `export` statements and CommonJS `exports`."""

from __future__ import annotations

from msgspec.structs import replace
from tree_sitter import Node

from devassist.conflicts.syntax.script_names import ScriptNames
from devassist.conflicts.syntax.tables import Flag, SymbolKind
from devassist.conflicts.syntax.walker import first


class ScriptExports(ScriptNames):
    """A name exported under its own name keeps its definition; any other export is an import of it."""

    def on_export_statement(self, node: Node) -> None:
        source = node.child_by_field_name("source")
        module = self.text(source).strip("\"'`") if source else ""
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        default = any(child.type == "default" for child in node.children)
        if declaration is not None:
            before, self._exporting = self._exporting, True
            self.walk(declaration)
            self._exporting = before
            if default:
                name = self.text(declaration.child_by_field_name("name"))
                self.bring(node, "default", "", name, exported=True)
        elif default and value is not None:
            if value.type == "identifier":
                self.bring(node, "default", "", self.text(value), exported=True)
            else:
                self._named_function(node, "default", value, flags=(Flag.EXPORTED,))
        for child in node.named_children:
            if child.type == "export_clause":
                self._export_clause(child, module)
            elif child.type == "namespace_export":
                self.bring(node, self.text(first(child)), module, "", exported=True)
        if module and any(child.type == "*" for child in node.children):
            self.bring(node, "", module, "*", exported=True)

    def _export_clause(self, clause: Node, module: str) -> None:
        for specifier in clause.named_children:
            if specifier.type == "export_specifier":
                name = self.text(specifier.child_by_field_name("name"))
                alias = self.text(specifier.child_by_field_name("alias")) or name
                if alias == name and not module:
                    # `export { load }` shows a name that is bound here anyhow.
                    self._show(name)
                else:
                    self.bring(specifier, alias, module, name, exported=True)

    def _show(self, name: str) -> None:
        self._shown = {*getattr(self, "_shown", set()), name}

    def on_program(self, node: Node) -> None:
        self.walk_children(node)
        shown: set[str] = getattr(self, "_shown", set())
        if shown:
            self.definitions = [
                replace(definition, flags=(*definition.flags, Flag.EXPORTED))
                if definition.name in shown
                else definition
                for definition in self.definitions
            ]
            self.imports = [
                replace(imported, exported=True) if imported.local in shown else imported
                for imported in self.imports
            ]

    def on_assignment_expression(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        target = self.text(left)
        if left is None or right is None:
            return
        if target == "module.exports" or (target.startswith(("module.exports.", "exports."))):
            self._common_exports(node, target, right)
        else:
            self.walk(left)
            self.walk(right)

    def _common_exports(self, node: Node, target: str, right: Node) -> None:
        name = "" if target == "module.exports" else target.rpartition(".")[2]
        if name:
            self._export_as(node, name, right)
        elif right.type == "object":
            for entry in right.named_children:
                self._export_property(entry)
        elif required := self._required(right):
            self.bring(node, "", required, "*", exported=True)
        elif right.type == "identifier":
            self.bring(node, "default", "", self.text(right), exported=True)
        else:
            self._named_function(node, "default", right, flags=(Flag.EXPORTED,))

    def _export_as(self, node: Node, name: str, value: Node) -> None:
        required = self._required(value)
        if required:
            self.bring(node, name, required, "", exported=True)
        elif value.type != "identifier":
            self._named_function(node, name, value, flags=(Flag.EXPORTED,))
        elif self.text(value) == name:
            self._show(name)
        else:
            self.bring(node, name, "", self.text(value), exported=True)

    def _export_property(self, entry: Node) -> None:
        """An entry of `module.exports = { ... }`."""
        if entry.type == "shorthand_property_identifier":
            self._show(self.text(entry))
        elif entry.type == "pair" and (value := entry.child_by_field_name("value")) is not None:
            self._export_as(entry, self.text(entry.child_by_field_name("key")).strip("\"'"), value)
        elif entry.type == "method_definition":
            facts = self._function_of(entry, "", Flag.EXPORTED)
            name = self.text(entry.child_by_field_name("name"))
            self._body(
                entry, self.define(entry, name, SymbolKind.FUNCTION, facts=facts).name, facts.parameters or ()
            )
        elif entry.type == "spread_element":
            self._export_spread(entry, first(entry))

    def _export_spread(self, node: Node, value: Node | None) -> None:
        """`...require("./x")`, or a name bound to that, passes on all that the module has."""
        whole = (
            imported.module
            for imported in self.imports
            if imported.local == self.text(value) and not imported.name
        )
        module = self._required(value) or next(whole, "")
        if module:
            self.bring(node, "", module, "*", exported=True)
        else:
            self.dynamic = True
            self.walk(value)
