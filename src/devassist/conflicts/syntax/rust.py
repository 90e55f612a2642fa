"""Symbols of Rust files."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from devassist.conflicts.syntax.rust_macros import RustMacros
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
from devassist.conflicts.syntax.walker import UNKNOWN, ScopeKind, plain_type

_KINDS = {
    "struct_item": SymbolKind.STRUCT,
    "enum_item": SymbolKind.ENUM,
    "trait_item": SymbolKind.TRAIT,
    "union_item": SymbolKind.STRUCT,
}


class RustExtractor(RustMacros):
    _trait = ""

    def on_mod_item(self, node: Node) -> None:
        name, body = self.text(node.child_by_field_name("name")), node.child_by_field_name("body")
        if body is None:
            self.bring(node, name, "self." + name, "", exported=True)
            return
        qualified = self.define(node, name, SymbolKind.MODULE).name
        with self.scope(ScopeKind.MODULE, qualified):
            self.walk(body)

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        parameters = []
        for child in [] if node is None else node.named_children:
            if child.type == "self_parameter":
                parameters.append(Parameter("self", ParameterKind.POSITIONAL))
            elif child.type == "parameter":
                kind, pattern = child.child_by_field_name("type"), child.child_by_field_name("pattern")
                self.walk(kind)
                name = self.text(pattern).removeprefix("mut ")
                parameters.append(
                    Parameter(name, ParameterKind.POSITIONAL, optional=False, type=self.text(kind))
                )
        return tuple(parameters)

    def on_function_item(self, node: Node) -> None:
        name, body = self.text(node.child_by_field_name("name")), node.child_by_field_name("body")
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result = node.child_by_field_name("return_type")
        self.walk(result)
        result_text = self.text(result)
        flags = [Flag.CHECKED, *self._visibility(node)]
        if node.type == "function_signature_item" and self.frame.kind is ScopeKind.CLASS:
            flags.append(Flag.ABSTRACT)
        if "async" in self.text(node)[:60].partition("fn ")[0]:
            flags.append(Flag.ASYNC)
        method = self.owner and self.frame.kind is ScopeKind.CLASS
        kind = SymbolKind.METHOD if method else SymbolKind.FUNCTION
        facts = Definition(
            "",
            kind,
            0,
            0,
            parameters,
            tuple(flags),
            type=type_named(_inner(result_text)),
            result=result_text,
            trait=self._trait,
            conditions=self._conditions(node),
        )
        qualified = self.define(node, name, kind, facts=facts).name
        trait, self._trait = self._trait, ""
        with self.scope(ScopeKind.FUNCTION, qualified):
            for parameter in parameters:
                if parameter.name != "self":
                    self.bind(parameter.name, type_named(plain_type(parameter.type)))
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
            name = self.text(trait)
            facts = Definition(
                "", SymbolKind.IMPL, 0, 0, None, (Flag.CHECKED,), (plain_type(name),), trait=name
            )
            self.define(node, f"{owner}.<{plain_type(name)}>", SymbolKind.IMPL, facts=facts)
        before, self._trait = self._trait, "" if trait is None else self.text(trait)
        with self.scope(ScopeKind.CLASS, self.qualified(owner)):
            self.walk(node.child_by_field_name("body"))
        self._trait = before

    def on_struct_item(self, node: Node) -> None:
        kind = _KINDS[node.type]
        name = self.text(node.child_by_field_name("name"))
        bases: tuple[str, ...] = ()
        if kind is SymbolKind.TRAIT:
            bounds = node.child_by_field_name("bounds")
            bases = tuple(
                plain_type(self.text(bound)) for bound in ([] if bounds is None else bounds.named_children)
            )
        parameters = self._made_of(node.child_by_field_name("body")) if kind is SymbolKind.STRUCT else None
        facts = Definition(
            "",
            kind,
            0,
            0,
            parameters,
            (Flag.CHECKED, *self._visibility(node)),
            bases,
            conditions=self._conditions(node),
        )
        qualified = self.define(node, name, kind, facts=facts).name
        with self.scope(ScopeKind.CLASS, qualified):
            self.walk(node.child_by_field_name("body"))

    def _made_of(self, body: Node | None) -> tuple[Parameter, ...] | None:
        """The parameters of a literal of a struct or variant: every field by name, or every value in order."""
        if body is None:
            return None
        if body.type == "field_declaration_list":
            fields = [child for child in body.named_children if child.type == "field_declaration"]
            return tuple(
                Parameter(self.text(field.child_by_field_name("name")), ParameterKind.KEYWORD)
                for field in fields
            )
        kinds = [self.text(child) for child in body.children_by_field_name("type")]
        return tuple(
            Parameter(f"_{at}", ParameterKind.POSITIONAL, type=kind) for at, kind in enumerate(kinds)
        )

    def _visibility(self, node: Node) -> list[Flag]:
        """The visibility of an item. Empty for items of a trait, which are as visible as the trait."""
        shown = next(
            (self.text(child) for child in node.children if child.type == "visibility_modifier"), None
        )
        around = node.parent.parent if node.parent is not None else None
        if self._trait or (around is not None and around.type == "trait_item"):
            return []
        if shown is None:
            return [Flag.VISIBLE_IN_MODULE]
        return [Flag.PUBLIC if shown == "pub" else Flag.VISIBLE_IN_CRATE]

    def _conditions(self, node: Node) -> tuple[str, ...]:
        """The contents of `#[cfg(...)]` in front of an item: with them, a file may have two of one name."""
        conditions = []
        before = node.prev_named_sibling
        while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
            text = self.text(before)
            if text.startswith("#[cfg("):
                conditions.append(text[6:-2])
            before = before.prev_named_sibling
        return tuple(conditions)

    on_enum_item = on_struct_item
    on_trait_item = on_struct_item
    on_union_item = on_struct_item

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        facts = Definition("", SymbolKind.FIELD, 0, 0, type=type_named(plain_type(self.text(kind))))
        self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.FIELD, facts=facts)

    def on_enum_variant(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        facts = Definition("", SymbolKind.FIELD, 0, 0, self._made_of(body))
        self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.FIELD, facts=facts)
        for child in [] if body is None else body.named_children:
            self.walk(child.child_by_field_name("type") or child)

    def on_const_item(self, node: Node) -> None:
        kind, name = node.child_by_field_name("type"), self.text(node.child_by_field_name("name"))
        self.walk(kind)
        self.walk(node.child_by_field_name("value"))
        facts = Definition(
            "",
            SymbolKind.VARIABLE,
            0,
            0,
            flags=(Flag.CHECKED, *self._visibility(node)),
            type=type_named(plain_type(self.text(kind))),
        )
        self.define(node, name, SymbolKind.VARIABLE, facts=facts)

    on_static_item = on_const_item

    def on_type_item(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        same = kind is not None and kind.type in ("type_identifier", "scoped_type_identifier", "generic_type")
        facts = Definition(
            "", SymbolKind.TYPE, 0, 0, None, (), (plain_type(self.text(kind)),) if same else ()
        )
        self.define(node, self.text(node.child_by_field_name("name")), SymbolKind.TYPE, facts=facts)
        self.walk(kind)

    def on_macro_definition(self, node: Node) -> None:
        self.define(node, self.text(node.child_by_field_name("name")) + "!", SymbolKind.FUNCTION)

    def on_call_expression(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is not None and function.type == "generic_function":
            function = function.child_by_field_name("function")
        values = (
            []
            if arguments is None
            else [child for child in arguments.named_children if "comment" not in child.type]
        )
        alone = node.parent is not None and node.parent.type == "expression_statement"
        call = Reference("", "", 0, "", len(values), statement=alone)
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
        initializers = [] if body is None else body.named_children
        self._literal(kind, initializers)
        owner = self.dotted(kind)
        for initializer in initializers:
            name = initializer.child_by_field_name("field") or (
                initializer if initializer.type == "shorthand_field_initializer" else None
            )
            if name is not None and owner != UNKNOWN:
                self.refer(name, self.text(name), UNKNOWN, call=Reference("", "", 0, "", type=TypeRef(owner)))
            self.walk(initializer.child_by_field_name("value"))

    def _literal(self, kind: Node | None, initializers: Sequence[Node]) -> None:
        """`T { a, b: x }` calls T with the fields it names; `..rest` gives the others."""
        names = [
            part.child_by_field_name("field") or part
            for part in initializers
            if part.type.endswith("initializer")
        ]
        rest = any(part.type == "base_field_initializer" for part in initializers)
        fields = tuple(self.text(part) for part in names if part.type != "base_field_initializer")
        call = Reference("", "", 0, "", 0, fields, starred=rest)
        if kind is not None and kind.type == "type_identifier":
            self.refer(kind, self.text(kind), call=call)
        elif kind is not None and kind.type in self.attribute:
            self.refer_member(kind, call)
        else:
            self.walk(kind)

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier


def _inner(text: str) -> str:
    """`Result<T, E>`, `Option<T>` and `Box<T>` are followed to T: `?` and `unwrap` lead there."""
    for wrapper in ("Result<", "Option<", "Box<", "Arc<", "Rc<"):
        if text.startswith(wrapper):
            return _inner(text[len(wrapper) :])
    return plain_type(text)
