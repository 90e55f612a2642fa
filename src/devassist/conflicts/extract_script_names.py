"""What JavaScript and TypeScript modules import, export and bind."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.extractor import UNKNOWN, Extractor, first, plain_type
from devassist.conflicts.tables import Definition, Parameter

FUNCTIONS = ("arrow_function", "function_expression", "generator_function")


class ScriptNames(Extractor):
    """Modules, patterns, and the values that names get."""

    language = "script"
    attribute = {  # noqa: RUF012 - a table
        "member_expression": ("object", "property"),
        "nested_identifier": ("object", "property"),
        "nested_type_identifier": ("module", "name"),
    }
    names = frozenset({"identifier", "this", "super", "type_identifier"})
    _exporting = False

    def _flags(self, *more: str) -> tuple[str, ...]:
        exported = ("exported",) if self._exporting and self.frame.kind == "module" else ()
        return (*exported, *filter(None, more))

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
                self._named_function(node, "default", value, flags=("exported",))
        for child in node.named_children:
            if child.type == "export_clause":
                self._export_clause(child, module)
            elif child.type == "namespace_export":
                self.bring(node, self.text(first(child)), module, "", exported=True)
        if module and any(child.type == "*" for child in node.children):
            self.bring(node, "", module, "*", exported=True)

    def _export_clause(self, clause: Node, module: str) -> None:
        for one in clause.named_children:
            if one.type == "export_specifier":
                name = self.text(one.child_by_field_name("name"))
                alias = self.text(one.child_by_field_name("alias")) or name
                if alias == name and not module:
                    # `export { load }` shows a name that is bound here anyhow.
                    self._show(name)
                else:
                    self.bring(one, alias, module, name, exported=True)

    def _show(self, name: str) -> None:
        self._shown = {*getattr(self, "_shown", set()), name}

    def on_program(self, node: Node) -> None:
        self.walk_children(node)
        shown: set[str] = getattr(self, "_shown", set())
        if shown:
            self.definitions = [
                one._replace(flags=(*one.flags, "exported")) if one.name in shown else one
                for one in self.definitions
            ]
            self.imports = [
                one._replace(exported=True) if one.local in shown else one for one in self.imports
            ]

    def on_import_statement(self, node: Node) -> None:
        module = self.text(node.child_by_field_name("source")).strip("\"'`")
        clause = next((one for one in node.named_children if one.type == "import_clause"), None)
        for one in [] if clause is None else clause.named_children:
            if one.type == "identifier":
                self.bring(node, self.text(one), module, "default")
            elif one.type == "namespace_import":
                self.bring(node, self.text(first(one)), module, "")
            else:
                for each in one.named_children:
                    name = self.text(each.child_by_field_name("name"))
                    self.bring(each, self.text(each.child_by_field_name("alias")) or name, module, name)
        if clause is None:
            self.bring(node, "", module, "")

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
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
                found.append(Parameter(name.lstrip("."), "args"))
            elif name != "this":
                plain = pattern.type == "identifier"
                found.append(
                    Parameter(
                        name if plain else f"{{{len(found)}}}", "pos", optional, self.text(kind).lstrip(": ")
                    )
                )
        return tuple(found)

    def _function_of(self, node: Node, name: str, *flags: str) -> Definition:
        """What a function says of itself; its parameters' defaults and types are walked."""
        given = node.child_by_field_name("parameters")
        single = node.child_by_field_name("parameter")
        parameters = self._parameters(given) if single is None else (Parameter(self.text(single), "pos"),)
        result = node.child_by_field_name("return_type")
        self.walk(result)
        said = self.text(result).lstrip(": ")
        marks = [child.type for child in node.children if child.type in ("async", "static", "get", "set")]
        overridden = any(child.type == "override_modifier" for child in node.children)
        plain = plain_type(said.removeprefix("Promise<") if said.startswith("Promise<") else said)
        return Definition(
            name,
            "function",
            0,
            0,
            parameters,
            self._flags(*flags, *marks, "override" if overridden else ""),
            (),
            plain,
            said,
        )

    def _body(self, node: Node, qualified: str, parameters: tuple[Parameter, ...]) -> None:
        with self.scope("function", qualified):
            for one in parameters:
                self.bind(one.name, plain_type(one.type))
            given = node.child_by_field_name("parameters")
            for child in [] if given is None else given.named_children:
                pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
                if pattern.type not in ("identifier", "comment"):
                    self._bind_pattern(pattern)
            self.walk(node.child_by_field_name("body"))

    def _named_function(self, whole: Node, name: str, value: Node, flags: tuple[str, ...] = ()) -> None:
        if name in ("exports", "module"):
            self.walk(value)  # CommonJS: every file has one of its own.
        elif value.type in FUNCTIONS:
            facts = self._function_of(value, name, *flags)
            found = self.define(whole, name, "function", facts=facts)
            self._body(value, found.name, facts.parameters or ())
        else:
            self.walk(value)
            kind = "variable" if self.frame.kind != "class" else "field"
            alias = self.dotted(value)
            bases = () if alias == UNKNOWN else (alias,)
            facts = Definition(name, kind, 0, 0, None, self._flags(*flags), bases, self.type_of(value))
            self.define(whole, name, kind, facts=facts)

    def _required(self, value: Node | None) -> str:
        if value is None or value.type != "call_expression":
            return ""
        arguments = value.child_by_field_name("arguments")
        if self.text(value.child_by_field_name("function")) != "require" or arguments is None:
            return ""
        return self.text(first(arguments)).strip("\"'`") if arguments.named_child_count == 1 else ""

    def _require(self, node: Node, name: Node, module: str) -> None:
        if name.type == "identifier":
            self.bring(node, self.text(name), module, "")
        for one in name.named_children if name.type == "object_pattern" else []:
            key = one.child_by_field_name("key") or one
            local = one.child_by_field_name("value") or one
            self.bring(one, self.text(local), module, self.text(key))

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
        left = node.child_by_field_name("left")
        if left is not None:
            self._bind_pattern(left)
        self.walk(node.child_by_field_name("right"))
        self.walk(node.child_by_field_name("body"))

    def on_catch_clause(self, node: Node) -> None:
        parameter = node.child_by_field_name("parameter")
        if parameter is not None:
            self._bind_pattern(parameter)
        self.walk(node.child_by_field_name("body"))

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
        if name and right.type == "identifier":
            self.bring(node, name, "", self.text(right), exported=True)
        elif name:
            self._named_function(node, name, right, flags=("exported",))
        elif right.type == "object":
            for one in right.named_children:
                if one.type == "shorthand_property_identifier":
                    self._show(self.text(one))
                elif one.type == "pair":
                    key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
                    if value is not None and value.type == "identifier":
                        self.bring(one, self.text(key), "", self.text(value), exported=True)
                    elif value is not None:
                        self._named_function(one, self.text(key), value, flags=("exported",))
                else:
                    self.dynamic = True
        elif right.type == "identifier":
            self.bring(node, "default", "", self.text(right), exported=True)
        else:
            self._named_function(node, "default", right, flags=("exported",))

    def type_of(self, node: Node | None) -> str:
        if node is None:
            return ""
        if node.type == "new_expression":
            callee = self.dotted(node.child_by_field_name("constructor"))
            return "" if callee == UNKNOWN else callee + "()"
        if node.type == "await_expression":
            return self.type_of(first(node))
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "call_expression":
            callee = self.dotted(node.child_by_field_name("function"))
            return "" if callee == UNKNOWN else callee + "()"
        return ""
