"""Symbols of Go files."""

from __future__ import annotations

import re

from tree_sitter import Node

from devassist.conflicts.syntax.tables import Definition, Parameter, Reference
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, first, plain_type

_GENERIC = re.compile(r"\*?[\w.]+\[[^\]]*\]")


class GoExtractor(Extractor):
    language = "go"
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

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for child in [] if node is None else node.named_children:
            kind = child.child_by_field_name("type")
            self.walk(kind)
            variadic = "args" if child.type == "variadic_parameter_declaration" else "pos"
            names = [self.text(name) for name in child.children_by_field_name("name")]
            said = self.text(kind)
            found += [Parameter(name, variadic, type=said) for name in names or [f"_{len(found)}"]]
        return tuple(found)

    def _function(
        self, node: Node, name: str, kind: str, *, qualified: str = "", flags: tuple[str, ...] = ()
    ) -> str:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result = node.child_by_field_name("result")
        self.walk(result)
        said = self.text(result)
        facts = Definition(
            name,
            kind,
            0,
            0,
            parameters,
            ("checked", *flags),
            (),
            plain_type(said.strip("()").partition(",")[0]),
            said,
        )
        found = self.define(node, name, kind, facts=facts, qualified=qualified)
        with self.scope("function", found.name):
            receiver = node.child_by_field_name("receiver")
            for one in (*self._parameters(receiver), *parameters):
                self._bind_typed(one)
            self.walk(node.child_by_field_name("body"))
        return found.name

    def on_function_declaration(self, node: Node) -> None:
        self._function(node, self.text(node.child_by_field_name("name")), "function")

    def on_method_declaration(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        receiver = node.child_by_field_name("receiver")
        owner = ""
        for child in [] if receiver is None else receiver.named_children:
            owner = plain_type(self.text(child.child_by_field_name("type")))
        self._function(node, name, "method", qualified=f"{owner}.{name}")

    def on_func_literal(self, node: Node) -> None:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        with self.scope("function", self.frame.name):
            for one in parameters:
                self._bind_typed(one)
            self.walk(node.child_by_field_name("body"))

    def _bind_typed(self, one: Parameter) -> None:
        """A list or map has no type of its own here; what it is made of is known when it is walked through."""
        if one.kind == "args" or one.type.startswith(("[", "map[")):
            self.bind(one.name)
            self.frame.elements[one.name] = plain_type(one.type.rpartition("]")[2])
        else:
            plain = "[" not in one.type or _GENERIC.fullmatch(one.type) is not None
            self.bind(one.name, plain_type(one.type) if plain else "")

    def on_type_spec(self, node: Node) -> None:
        name, kind = self.text(node.child_by_field_name("name")), node.child_by_field_name("type")
        what = {"struct_type": "struct", "interface_type": "interface"}.get(
            "" if kind is None else kind.type, "type"
        )
        bases = tuple(self._embedded(kind))
        facts = Definition("", what, 0, 0, self._fields(kind), ("checked",), bases)
        found = self.define(node, name, what, facts=facts)
        with self.scope("class", found.name):
            self.walk(kind)

    def on_type_alias(self, node: Node) -> None:
        """`type A = B`: whatever B has, A has."""
        kind = node.child_by_field_name("type")
        if kind is None or kind.type not in ("type_identifier", "qualified_type", "generic_type"):
            self.on_type_spec(node)
            return
        facts = Definition("", "type", 0, 0, None, ("checked",), (plain_type(self.text(kind)),))
        self.define(node, self.text(node.child_by_field_name("name")), "type", facts=facts)
        self.walk(kind)

    def _fields(self, kind: Node | None) -> tuple[Parameter, ...] | None:
        """What a literal without keys gives: every field in its order."""
        inner = first(kind) if kind is not None and kind.type == "struct_type" else None
        found: list[Parameter] = []
        for child in [] if inner is None else inner.named_children:
            names = [self.text(one) for one in child.children_by_field_name("name")]
            said = self.text(child.child_by_field_name("type"))
            if child.type == "field_declaration":
                found += [Parameter(name, "pos", type=said) for name in names or [plain_type(said)]]
        return None if inner is None else tuple(found)

    def on_composite_literal(self, node: Node) -> None:
        kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        given = [] if body is None else [one for one in body.named_children if one.type != "comment"]
        bare = given and all(one.type == "literal_element" for one in given)
        if kind is not None and bare and kind.type in ("type_identifier", "qualified_type"):
            call = Reference("", "", 0, "", len(given), given="{}")
            receiver, _, name = self.dotted(kind).rpartition(".")
            self.refer(kind, name, receiver, call=call)
        else:
            self.walk(kind)
        self.walk(body)

    def _embedded(self, kind: Node | None) -> list[str]:
        found = []
        for child in [] if kind is None else kind.named_children:
            if child.type == "field_declaration_list":
                plain = [one for one in child.named_children if one.type == "field_declaration"]
                bare = [one for one in plain if not one.children_by_field_name("name")]
                found += [plain_type(self.text(one.child_by_field_name("type"))) for one in bare]
            elif child.type in ("type_elem", "constraint_elem") and "|" not in self.text(child):
                found.append(plain_type(self.text(child)))
        return [one for one in found if one]

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        listed = kind is not None and kind.type in ("slice_type", "map_type", "array_type")
        said = self.text(kind)
        plain = "[]" + plain_type(said.rpartition("]")[2]) if listed else plain_type(said)
        for name in node.children_by_field_name("name"):
            if self.frame.kind == "class":
                self.define(
                    node, self.text(name), "field", facts=Definition("", "field", 0, 0, None, (), (), plain)
                )

    def on_method_elem(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        if self.frame.kind == "class":
            self._function(node, name, "method", flags=("abstract",))

    on_method_spec = on_method_elem

    def on_const_spec(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        value = node.child_by_field_name("value")
        self.walk(value)
        head = first(value) if value is not None else None
        type_name = plain_type(self.text(kind)) if kind else self.type_of(head)
        for name in node.children_by_field_name("name"):
            text = self.text(name)
            if self.in_function:
                self.bind(text, type_name)
            elif text == "_" and kind is not None:  # `var _ I = (*T)(nil)` says that T implements I.
                self._assertion(node, self.text(kind), self.text(value))
            else:
                self.define(
                    node, text, "variable", facts=Definition("", "variable", 0, 0, None, (), (), type_name)
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
            self.bind(self.text(name), self.element(self.text(right)) if number == 1 else "")
        self.walk(right)

    def on_call_expression(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        given = (
            [] if arguments is None else [one for one in arguments.named_children if one.type != "comment"]
        )
        starred = any(one.type == "variadic_argument" for one in given)
        spread = len(given) == 1 and given[0].type == "call_expression"  # f(g()) where g gives many.
        alone = node.parent is not None and node.parent.type == "expression_statement"
        inner = f"{self.dotted(given[0].child_by_field_name('function'))}()" if spread else ""
        call = Reference("", "", 0, "", len(given) - starred - spread, (), starred or spread, statement=alone)
        call = call._replace(given=inner if UNKNOWN not in inner else "")
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
            call = Reference("", "", 0, "", type=self.dotted(kind))
            self.refer(key, self.text(key), UNKNOWN, call=call)

    def type_of(self, node: Node | None) -> str:
        if node is None:
            return ""
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
            return plain_type(self.text(kind)) if plain else ""
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "call_expression":
            callee = self.dotted(node.child_by_field_name("function"))
            if callee == "new":
                arguments = node.child_by_field_name("arguments")
                return plain_type(self.text(arguments))
            return "" if callee in (UNKNOWN, "make", "append", "len") else callee + "()"
        return ""
