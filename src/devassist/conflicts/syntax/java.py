"""Symbols of Java files."""

from __future__ import annotations

from tree_sitter import Node

from devassist.conflicts.syntax.tables import Definition, Parameter, Reference
from devassist.conflicts.syntax.walker import UNKNOWN, Extractor, first, plain_type

_KINDS = {
    "class_declaration": "class",
    "record_declaration": "class",
    "interface_declaration": "interface",
    "annotation_type_declaration": "interface",
    "enum_declaration": "enum",
}


class JavaExtractor(Extractor):
    language = "java"
    attribute = {  # noqa: RUF012 - a table
        "field_access": ("object", "field"),
        "scoped_identifier": ("scope", "name"),
    }
    names = frozenset({"identifier", "this", "super", "type_identifier"})

    def on_package_declaration(self, node: Node) -> None:
        self.package = self.dotted(node.named_children[-1]) if node.named_children else ""

    def on_import_declaration(self, node: Node) -> None:
        path = next((self.text(one) for one in node.named_children if "identifier" in one.type), "")
        star = any(one.type == "asterisk" for one in node.named_children)
        module, _, name = path.rpartition(".")
        if star:
            self.bring(node, "", path, "*")
        else:
            self.bring(node, name, module, name)

    def _modifiers(self, node: Node) -> list[str]:
        found = []
        for child in node.children:
            if child.type == "modifiers":
                for one in child.children:
                    if "annotation" in one.type:
                        found.append("@" + self.text(one.child_by_field_name("name")))
                        self.walk(one.child_by_field_name("arguments"))
                    else:
                        found.append(one.type)
        return found

    def on_class_declaration(self, node: Node) -> None:
        kind = _KINDS[node.type]
        bases: list[str] = []
        for child in node.named_children:
            if child.type in ("superclass", "super_interfaces", "extends_interfaces"):
                self.walk(child)
                found = child.named_children
                types = found[0].named_children if found and found[0].type == "type_list" else found
                bases += [plain_type(self.text(one)) for one in types]
        flags = (*self._modifiers(node), "checked")
        parameters = None
        if node.type == "record_declaration":
            parameters = self._parameters(node.child_by_field_name("parameters"))
        facts = Definition("", kind, 0, 0, parameters, flags, tuple(bases))
        name = self.text(node.child_by_field_name("name"))
        qualified = self.define(node, name, kind, facts=facts, qualified=self.qualified(name)).name
        with self.scope("class", qualified):
            for one in parameters or ():
                self._component(node, one)
            self.walk(node.child_by_field_name("body"))

    def _component(self, node: Node, one: Parameter) -> None:
        """A record's component brings a method of its name."""
        flags = ("public", "checked", "overloadable")
        facts = Definition("", "method", 0, 0, (), flags, (), plain_type(one.type), one.type)
        self.define(node, one.name, "method", facts=facts, qualified=self.qualified(one.name))

    on_record_declaration = on_class_declaration
    on_interface_declaration = on_class_declaration
    on_annotation_type_declaration = on_class_declaration
    on_enum_declaration = on_class_declaration

    def on_enum_constant(self, node: Node) -> None:
        name = self.text(node.child_by_field_name("name"))
        self.define(node, name, "field", facts=Definition("", "field", 0, 0, None, (), (), self.owner))
        self.walk(node.child_by_field_name("arguments"))
        self.walk(node.child_by_field_name("body"))

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        found = []
        for child in [] if node is None else node.named_children:
            kind = child.child_by_field_name("type")
            name = self.text(child.child_by_field_name("name"))
            if child.type == "spread_parameter":
                found.append(
                    Parameter(
                        self.text(child.named_children[-1] if child.named_children else None),
                        "args",
                        optional=False,
                        type=self.text(child),
                    )
                )
            elif child.type == "formal_parameter":
                self.walk(kind)
                found.append(Parameter(name, "pos", optional=False, type=self.text(kind)))
        return tuple(found)

    def on_method_declaration(self, node: Node) -> None:
        self._callable(node, self.text(node.child_by_field_name("name")), "method")

    def on_constructor_declaration(self, node: Node) -> None:
        self._callable(node, "constructor", "method")

    def _callable(self, node: Node, name: str, kind: str) -> None:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        self.walk(result)
        flags = [*self._modifiers(node), "checked", "overloadable"]
        inside = node.parent.type if node.parent is not None else ""
        if body is None and inside == "interface_body" and "abstract" not in flags:
            flags.append("abstract")
        said = self.text(result)
        facts = Definition("", kind, 0, 0, parameters, tuple(flags), (), plain_type(said), said)
        qualified = self.define(node, name, kind, facts=facts, qualified=self.qualified(name)).name
        with self.scope("function", qualified):
            for one in parameters:
                self.bind(one.name, plain_type(one.type))
            self.walk(body)

    def on_field_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        flags = tuple(self._modifiers(node))
        for one in node.children_by_field_name("declarator"):
            value = one.child_by_field_name("value")
            self.walk(value)
            facts = Definition("", "field", 0, 0, None, flags, (), plain_type(self.text(kind)))
            name = self.text(one.child_by_field_name("name"))
            self.define(node, name, "field", facts=facts, qualified=self.qualified(name))

    on_constant_declaration = on_field_declaration

    def on_local_variable_declaration(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        for one in node.children_by_field_name("declarator"):
            value = one.child_by_field_name("value")
            self.walk(value)
            said = self.text(kind)
            type_name = self.type_of(value) if said == "var" else plain_type(said)
            self.bind(self.text(one.child_by_field_name("name")), type_name)

    def on_enhanced_for_statement(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        self.bind(self.text(node.child_by_field_name("name")), plain_type(self.text(kind)))
        self.walk(node.child_by_field_name("value"))
        self.walk(node.child_by_field_name("body"))

    def on_catch_formal_parameter(self, node: Node) -> None:
        self.bind(self.text(node.child_by_field_name("name")))
        for child in node.named_children[:-1]:
            self.walk(child)

    def on_resource(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        self.walk(kind)
        self.bind(self.text(node.child_by_field_name("name")), plain_type(self.text(kind)))
        self.walk(node.child_by_field_name("value"))

    def on_lambda_expression(self, node: Node) -> None:
        given = node.child_by_field_name("parameters")
        with self.scope("function", self.frame.name):
            for one in [] if given is None else given.named_children or [given]:
                name = one.child_by_field_name("name")
                self.bind(self.text(name or one))
            self.walk(node.child_by_field_name("body"))

    def on_method_invocation(self, node: Node) -> None:
        receiver, name = node.child_by_field_name("object"), node.child_by_field_name("name")
        call = self._arguments(node.child_by_field_name("arguments"), node)
        chain = "" if receiver is None else self.dotted(receiver)
        if chain == UNKNOWN:
            call = call._replace(type=self.type_of(receiver))
            self.walk(receiver)
        self.refer(name or node, self.text(name), chain, call=call)
        self.walk(node.child_by_field_name("arguments"))

    def on_object_creation_expression(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        call = self._arguments(node.child_by_field_name("arguments"), node)
        if any(one.type == "class_body" for one in node.named_children):
            call = call._replace(given="{}")
        receiver, _, name = plain_type(self.text(kind)).rpartition(".")
        self.refer(node, name, receiver, call=call)
        for child in node.named_children:
            if child.type == "argument_list":
                self.walk(child)
            elif child.type == "class_body":
                self._anonymous(child, plain_type(self.text(kind)))

    def _anonymous(self, body: Node, base: str) -> None:
        """`new T() { ... }` is a class of its own that implements T."""
        facts = Definition("", "class", 0, 0, None, ("checked",), (base,))
        name = f"<new {base}>"
        qualified = self.define(body, name, "class", facts=facts, qualified=self.qualified(name)).name
        with self.scope("class", qualified):
            self.walk(body)

    def on_switch_expression(self, node: Node) -> None:
        """`case NAME` stands for a constant of what the switch is over."""
        subject = node.child_by_field_name("condition")
        self.walk(subject)
        receiver = self.dotted(first(subject)) if subject is not None else UNKNOWN
        body = node.child_by_field_name("body")
        for group in [] if body is None else body.named_children:
            for child in group.named_children:
                names = child.named_children if child.type == "switch_label" else ()
                for one in names:
                    if one.type == "identifier" and receiver != UNKNOWN:
                        self.refer(one, self.text(one), receiver)
                    else:
                        self.walk(one)
                if child.type != "switch_label":
                    self.walk(child)

    def on_explicit_constructor_invocation(self, node: Node) -> None:
        which = self.text(node.child_by_field_name("constructor"))
        call = self._arguments(node.child_by_field_name("arguments"), node)
        self.refer(node, "constructor", which, call=call)
        self.walk(node.child_by_field_name("arguments"))

    def _arguments(self, node: Node | None, whole: Node) -> Reference:
        given = [] if node is None else [one for one in node.named_children if "comment" not in one.type]
        alone = whole.parent is not None and whole.parent.type == "expression_statement"
        return Reference("", "", 0, "", len(given), statement=alone)

    def on_method_reference(self, node: Node) -> None:
        children = node.named_children
        if len(children) == 2:  # noqa: PLR2004 - Type::name
            self.refer(children[1], self.text(children[1]), self.dotted(children[0]))
        self.walk(children[0] if children else None)

    def on_field_access(self, node: Node) -> None:
        self.refer_member(node)

    def on_scoped_identifier(self, node: Node) -> None:
        self.refer_member(node)

    def on_scoped_type_identifier(self, node: Node) -> None:
        receiver, _, name = self.text(node).rpartition(".")
        self.refer(node, name, receiver)

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))

    on_type_identifier = on_identifier

    def on_marker_annotation(self, node: Node) -> None:
        self.refer(node, self.text(node.child_by_field_name("name")))

    def on_type_parameter(self, node: Node) -> None:
        self.bind(self.text(first(node)))

    def type_of(self, node: Node | None) -> str:
        if node is None:
            return ""
        if node.type in ("object_creation_expression", "cast_expression"):
            return plain_type(self.text(node.child_by_field_name("type")))
        if node.type == "parenthesized_expression":
            return self.type_of(first(node))
        if node.type == "method_invocation":
            receiver = node.child_by_field_name("object")
            chain = "" if receiver is None else self.dotted(receiver) + "."
            return "" if UNKNOWN in chain else chain + self.text(node.child_by_field_name("name")) + "()"
        return ""
