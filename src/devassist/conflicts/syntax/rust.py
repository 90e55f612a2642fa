"""Symbols of Rust files."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from devassist.conflicts.syntax.rust_names import RustNames
from devassist.conflicts.syntax.tables import NO_CALL, Definition, Parameter, Reference
from devassist.conflicts.syntax.walker import UNKNOWN, plain_type

_LINKS = (".", "::")
_WORDS = ("identifier", "self", "crate", "super")
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
        flags = ["checked", *self._seen(node), *self._conditions(node)]
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
        made = self._made_of(node.child_by_field_name("body")) if kind == "struct" else None
        facts = Definition(
            "", kind, 0, 0, made, ("checked", *self._seen(node), *self._conditions(node)), bases
        )
        qualified = self.define(node, name, kind, facts=facts).name
        with self.scope("class", qualified):
            self.walk(node.child_by_field_name("body"))

    def _made_of(self, body: Node | None) -> tuple[Parameter, ...] | None:
        """What a literal of a struct or variant gives: every field by name, or every value in order."""
        if body is None:
            return None
        if body.type == "field_declaration_list":
            fields = [one for one in body.named_children if one.type == "field_declaration"]
            return tuple(Parameter(self.text(one.child_by_field_name("name")), "key") for one in fields)
        kinds = [self.text(one) for one in body.children_by_field_name("type")]
        return tuple(Parameter(f"_{at}", "pos", type=kind) for at, kind in enumerate(kinds))

    def _seen(self, node: Node) -> list[str]:
        """Who sees an item; what belongs to a trait is seen with it."""
        shown = next((self.text(one) for one in node.children if one.type == "visibility_modifier"), None)
        around = node.parent.parent if node.parent is not None else None
        if self._trait or (around is not None and around.type == "trait_item"):
            return []
        return ["pub:" if shown is None else "pub:all" if shown == "pub" else "pub:crate"]

    def _conditions(self, node: Node) -> list[str]:
        """`#[cfg(...)]` in front of an item: two of one name may stand side by side."""
        found = []
        before = node.prev_named_sibling
        while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
            text = self.text(before)
            if text.startswith("#[cfg("):
                found.append("when:" + text[6:-2])
            before = before.prev_named_sibling
        return found

    on_enum_item = on_struct_item
    on_trait_item = on_struct_item
    on_union_item = on_struct_item

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        facts = Definition("", "field", 0, 0, None, (), (), plain_type(self.text(kind)))
        self.define(node, self.text(node.child_by_field_name("name")), "field", facts=facts)

    def on_enum_variant(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        facts = Definition("", "field", 0, 0, self._made_of(body))
        self.define(node, self.text(node.child_by_field_name("name")), "field", facts=facts)
        for child in [] if body is None else body.named_children:
            self.walk(child.child_by_field_name("type") or child)

    def on_const_item(self, node: Node) -> None:
        kind, name = node.child_by_field_name("type"), self.text(node.child_by_field_name("name"))
        self.walk(kind)
        self.walk(node.child_by_field_name("value"))
        facts = Definition(
            "", "variable", 0, 0, None, ("checked", *self._seen(node)), (), plain_type(self.text(kind))
        )
        self.define(node, name, "variable", facts=facts)

    on_static_item = on_const_item

    def on_type_item(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        same = kind is not None and kind.type in ("type_identifier", "scoped_type_identifier", "generic_type")
        facts = Definition("", "type", 0, 0, None, (), (plain_type(self.text(kind)),) if same else ())
        self.define(node, self.text(node.child_by_field_name("name")), "type", facts=facts)
        self.walk(kind)

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
        given = [] if body is None else body.named_children
        self._literal(kind, given)
        owner = self.dotted(kind)
        for one in given:
            name = one.child_by_field_name("field") or (
                one if one.type == "shorthand_field_initializer" else None
            )
            if name is not None and owner != UNKNOWN:
                self.refer(name, self.text(name), UNKNOWN, call=Reference("", "", 0, "", type=owner))
            self.walk(one.child_by_field_name("value"))

    def _literal(self, kind: Node | None, given: Sequence[Node]) -> None:
        """`T { a, b: x }` calls T with the fields it names; `..rest` gives the others."""
        names = [one.child_by_field_name("field") or one for one in given if one.type.endswith("initializer")]
        rest = any(one.type == "base_field_initializer" for one in given)
        fields = tuple(self.text(one) for one in names if one.type != "base_field_initializer")
        call = Reference("", "", 0, "", 0, fields, starred=rest)
        if kind is not None and kind.type == "type_identifier":
            self.refer(kind, self.text(kind), call=call)
        elif kind is not None and kind.type in self.attribute:
            self.refer_member(kind, call)
        else:
            self.walk(kind)

    def on_macro_invocation(self, node: Node) -> None:
        """Tokens, not a tree: `f(…)` and `m::f` in it are still worth a look by name."""
        macro = node.child_by_field_name("macro")
        if macro is not None and macro.type == "identifier":
            self.refer(macro, self.text(macro) + "!")
        elif macro is not None and macro.type == "scoped_identifier":
            name = macro.child_by_field_name("name")
            self.refer(macro, self.text(name) + "!", self.dotted(macro.child_by_field_name("path")))
        for child in node.named_children:
            if child.type == "token_tree":
                self._tokens(child)

    def _tokens(self, node: Node) -> None:
        """Chains of names among tokens, `a::b::c`, `x.f`, each with what it is called with if it is called."""
        children = node.children
        at = 0
        while at < len(children):
            child = children[at]
            if child.type == "token_tree":
                self._tokens(child)
            if child.type not in _WORDS:
                at += 1
                continue
            linked = at > 0 and children[at - 1].type in _LINKS
            chain = [child]
            while (
                at + 2 < len(children)
                and children[at + 1].type in _LINKS
                and children[at + 2].type == "identifier"
            ):
                at += 2
                chain.append(children[at])
            after = children[at + 1] if at + 1 < len(children) else None
            if not linked:  # What follows a call's result is of a type that tokens do not tell.
                self._chain_of_tokens(chain, after)
            at += 1

    def _chain_of_tokens(self, chain: Sequence[Node], after: Node | None) -> None:
        *path, last = (self.text(one) for one in chain)
        if after is not None and after.type == "!":
            last += "!"
        given = self._given(after) if after is not None and after.type == "token_tree" else NO_CALL
        if last not in ("self", "crate", "super"):
            self.refer(chain[-1], last, ".".join(path), call=Reference("", "", 0, "", given))

    def _given(self, tree: Node) -> int:
        """How many arguments stand between these brackets; no call where that is not sure."""
        signs = [one.type for one in tree.children]
        if signs[:1] != ["("] or "|" in signs or "<" in signs or "=>" in signs:
            return NO_CALL
        inner = signs[1:-1]
        return inner.count(",") + (bool(inner) and inner[-1] != ",")

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier


def _inner(said: str) -> str:
    """`Result<T, E>`, `Option<T>` and `Box<T>` are followed to T: `?` and `unwrap` lead there."""
    for wrapper in ("Result<", "Option<", "Box<", "Arc<", "Rc<"):
        if said.startswith(wrapper):
            return _inner(said[len(wrapper) :])
    return plain_type(said)
