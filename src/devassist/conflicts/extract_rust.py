"""Symbols of Rust files."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.extract_rust_names import RustNames
from devassist.conflicts.extractor import UNKNOWN, plain_type
from devassist.conflicts.tables import Definition, Parameter, Reference

_LINKS = (".", "::")
_KINDS = {"struct_item": "struct", "enum_item": "enum", "trait_item": "trait", "union_item": "struct"}


class RustExtractor(RustNames):
    _trait = ""

    def on_mod_item(self, node: Node) -> None:
        name, body = self.text(node.child_by_field_name("name")), node.child_by_field_name("body")
        if body is None:
            self.bring(node, name, "self." + name, "", exported=True)
            return
        qualified = self.define(node, name, "module").name
        with self.scope("module", qualified):
            self.walk(body)

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found = []
        for child in [] if node is None else node.named_children:
            if child.type == "self_parameter":
                found.append(Parameter("self", "pos"))
            elif child.type == "parameter":
                kind, pattern = child.child_by_field_name("type"), child.child_by_field_name("pattern")
                self.walk(kind)
                name = self.text(pattern).removeprefix("mut ")
                found.append(Parameter(name, "pos", optional=False, type=self.text(kind)))
        return tuple(found)

    def on_function_item(self, node: Node) -> None:
        name, body = self.text(node.child_by_field_name("name")), node.child_by_field_name("body")
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result = node.child_by_field_name("return_type")
        self.walk(result)
        said = self.text(result)
        flags = ["checked"]
        if self._trait:
            flags.append("impl:" + self._trait)
        if node.type == "function_signature_item" and self.frame.kind == "class":
            flags.append("abstract")
        if "async" in self.text(node)[:60].partition("fn ")[0]:
            flags.append("async")
        kind = "method" if self.owner and self.frame.kind == "class" else "function"
        facts = Definition("", kind, 0, 0, parameters, tuple(flags), (), _inner(said), said)
        qualified = self.define(node, name, kind, facts=facts).name
        trait, self._trait = self._trait, ""
        with self.scope("function", qualified):
            for one in parameters:
                if one.name != "self":
                    self.bind(one.name, plain_type(one.type))
            self.walk(body)
        self._trait = trait

    on_function_signature_item = on_function_item

    def on_impl_item(self, node: Node) -> None:
        kind = self._path(node.child_by_field_name("type"))
        owner = plain_type(kind).rpartition(".")[2]
        trait = node.child_by_field_name("trait")
        self.walk(trait)
        self.walk(node.child_by_field_name("type"))
        if trait is not None:
            flags = ("checked", "impl:" + self.text(trait))
            facts = Definition("", "impl", 0, 0, None, flags, (plain_type(self.text(trait)),))
            self.define(node, f"{owner}.<{plain_type(self.text(trait))}>", "impl", facts=facts)
        before, self._trait = self._trait, "" if trait is None else self.text(trait)
        with self.scope("class", self.qualified(owner)):
            self.walk(node.child_by_field_name("body"))
        self._trait = before

    def on_struct_item(self, node: Node) -> None:
        kind = _KINDS[node.type]
        name = self.text(node.child_by_field_name("name"))
        bases: tuple[str, ...] = ()
        if kind == "trait":
            bounds = node.child_by_field_name("bounds")
            bases = tuple(
                plain_type(self.text(one)) for one in ([] if bounds is None else bounds.named_children)
            )
        qualified = self.define(
            node, name, kind, facts=Definition("", kind, 0, 0, None, ("checked",), bases)
        ).name
        with self.scope("class", qualified):
            self.walk(node.child_by_field_name("body"))

    on_enum_item = on_struct_item
    on_trait_item = on_struct_item
    on_union_item = on_struct_item

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        facts = Definition("", "field", 0, 0, None, (), (), plain_type(self.text(kind)))
        self.define(node, self.text(node.child_by_field_name("name")), "field", facts=facts)

    def on_enum_variant(self, node: Node) -> None:
        self.define(node, self.text(node.child_by_field_name("name")), "field")
        body = node.child_by_field_name("body")
        for child in [] if body is None else body.named_children:
            self.walk(child.child_by_field_name("type") or child)

    def on_const_item(self, node: Node) -> None:
        kind, name = node.child_by_field_name("type"), self.text(node.child_by_field_name("name"))
        self.walk(kind)
        self.walk(node.child_by_field_name("value"))
        facts = Definition("", "variable", 0, 0, None, ("checked",), (), plain_type(self.text(kind)))
        self.define(node, name, "variable", facts=facts)

    on_static_item = on_const_item

    def on_type_item(self, node: Node) -> None:
        self.define(node, self.text(node.child_by_field_name("name")), "type")
        self.walk(node.child_by_field_name("type"))

    def on_macro_definition(self, node: Node) -> None:
        self.define(node, self.text(node.child_by_field_name("name")) + "!", "function")

    def on_call_expression(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is not None and function.type == "generic_function":
            function = function.child_by_field_name("function")
        given = (
            []
            if arguments is None
            else [one for one in arguments.named_children if "comment" not in one.type]
        )
        alone = node.parent is not None and node.parent.type == "expression_statement"
        call = Reference("", "", 0, "", len(given), statement=alone)
        if function is not None and function.type == "identifier":
            self.refer(function, self.text(function), call=call)
        elif function is not None and function.type in self.attribute:
            self.refer_member(function, call)
        else:
            self.walk(function)
        self.walk(arguments)

    def on_field_expression(self, node: Node) -> None:
        self.refer_member(node)

    on_scoped_identifier = on_field_expression
    on_scoped_type_identifier = on_field_expression

    def on_struct_expression(self, node: Node) -> None:
        kind, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        self.walk(kind)
        owner = self.dotted(kind)
        for one in [] if body is None else body.named_children:
            name = one.child_by_field_name("field") or (
                one if one.type == "shorthand_field_initializer" else None
            )
            if name is not None and owner != UNKNOWN:
                self.refer(name, self.text(name), UNKNOWN, call=Reference("", "", 0, "", type=owner))
            self.walk(one.child_by_field_name("value"))

    def on_macro_invocation(self, node: Node) -> None:
        """Tokens, not a tree: `f(…)` and `m::f` in it are still worth a look by name."""
        macro = node.child_by_field_name("macro")
        if macro is not None and macro.type == "identifier":
            self.refer(macro, self.text(macro) + "!")
        for child in node.named_children:
            if child.type == "token_tree":
                self._tokens(child)

    def _tokens(self, node: Node) -> None:
        children = node.children
        for number, child in enumerate(children):
            after = children[number + 1] if number + 1 < len(children) else None
            before = children[number - 1].type if number else ""
            if child.type == "token_tree":
                self._tokens(child)
            elif (
                child.type == "identifier"
                and before not in _LINKS
                and (after is None or after.type not in _LINKS)
            ):
                self.refer(child, self.text(child))

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier


def _inner(said: str) -> str:
    """`Result<T, E>`, `Option<T>` and `Box<T>` are followed to T: `?` and `unwrap` lead there."""
    for wrapper in ("Result<", "Option<", "Box<", "Arc<", "Rc<"):
        if said.startswith(wrapper):
            return _inner(said[len(wrapper) :])
    return plain_type(said)
