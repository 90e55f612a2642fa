"""Symbols of Python files."""

from __future__ import annotations

from msgspec.structs import replace
from tree_sitter import Node

from devassist.conflicts.syntax.python_names import PythonNames, single_type
from devassist.conflicts.syntax.tables import (
    Definition,
    Flag,
    Parameter,
    ParameterKind,
    Reference,
    SymbolKind,
    type_named,
)
from devassist.conflicts.syntax.walker import UNKNOWN, ScopeKind, first, plain_type

_GUARDS = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "Exception")
_MARKS = {
    "cached_property": Flag.CACHED_PROPERTY,
    "deleter": Flag.DELETER,
    "overload": Flag.OVERLOAD,
    "property": Flag.PROPERTY,
    "setter": Flag.SETTER,
}
"""Decorators that say what a function is for."""
_SPLATS = {
    "list_splat_pattern": ParameterKind.ARGS,
    "dictionary_splat_pattern": ParameterKind.KWARGS,
}


class PythonExtractor(PythonNames):
    def on_decorated_definition(self, node: Node) -> None:
        decorators = [child for child in node.named_children if child.type == "decorator"]
        for decorator in decorators:
            self.walk_children(decorator)
        inner = node.child_by_field_name("definition")
        names = tuple(
            self.text(first(decorator)).partition("(")[0]
            for decorator in decorators
            if decorator.named_children
        )
        if inner is not None and inner.type == "class_definition":
            self._class(inner, node, names)
        elif inner is not None:
            self._function(inner, node, names)

    def on_function_definition(self, node: Node) -> None:
        self._function(node, node, ())

    def on_class_definition(self, node: Node) -> None:
        self._class(node, node, ())

    def _function(self, node: Node, whole: Node, decorators: tuple[str, ...]) -> None:
        name = self.text(node.child_by_field_name("name"))
        parameters = self._parameters(node.child_by_field_name("parameters"))
        result = self.text(node.child_by_field_name("return_type"))
        body = node.child_by_field_name("body")
        lasts = {decorator.rpartition(".")[2] for decorator in decorators}
        flags = self._function_flags(node, lasts)
        kind = SymbolKind.METHOD if self.frame.kind is ScopeKind.CLASS else SymbolKind.FUNCTION
        if lasts & {"property", "cached_property"}:
            kind = SymbolKind.PROPERTY
        facts = Definition(
            "",
            kind,
            0,
            0,
            parameters,
            tuple(flags),
            type=type_named(plain_type(result.strip("\"'"))),
            result=result,
            decorators=decorators,
        )
        if lasts & {"setter", "deleter", "getter"}:
            qualified = self.qualified(name)
        else:
            qualified = self.define(whole, name, kind, facts=facts).name
        self.annotated(node.child_by_field_name("return_type"))
        owner = self.frame.name if self.frame.kind is ScopeKind.CLASS else ""
        with self.scope(ScopeKind.FUNCTION, qualified):
            self._bind_parameters(parameters, owner)
            self.walk(body)

    def _function_flags(self, node: Node, lasts: set[str]) -> list[Flag]:
        flags = [Flag.ASYNC] if node.children and node.children[0].type == "async" else []
        flags += [flag for name, flag in _MARKS.items() if name in lasts]
        body = node.child_by_field_name("body")
        last = body.named_children[-1] if body is not None and body.named_children else None
        if any(name.startswith("abstract") for name in lasts):
            flags.append(Flag.ABSTRACT)
        elif last is not None and last.type == "raise_statement" and "NotImplementedError" in self.text(last):
            flags.append(Flag.UNIMPLEMENTED)
        return flags

    def _bind_parameters(self, parameters: tuple[Parameter, ...], owner: str) -> None:
        for number, parameter in enumerate(parameters):
            if number == 0 and owner and parameter.name in ("self", "cls"):
                continue  # The resolver knows them by name.
            several = parameter.kind in (ParameterKind.ARGS, ParameterKind.KWARGS)
            self.bind(parameter.name, None if several else type_named(single_type(parameter.type)))

    def _parameters(self, node: Node | None) -> tuple[Parameter, ...]:
        parameters: list[Parameter] = []
        kind = ParameterKind.ANY
        for child in [] if node is None else node.named_children:
            if child.type == "positional_separator":
                parameters = [replace(earlier, kind=ParameterKind.POSITIONAL) for earlier in parameters]
            elif child.type == "keyword_separator":
                kind = ParameterKind.KEYWORD
            else:
                parameter = self._parameter(child, kind)
                kind = (
                    ParameterKind.KEYWORD
                    if parameter is not None and parameter.kind is ParameterKind.ARGS
                    else kind
                )
                parameters += [] if parameter is None else [parameter]
        return tuple(parameters)

    def _parameter(self, node: Node, kind: ParameterKind) -> Parameter | None:
        annotation = node.child_by_field_name("type")
        self.annotated(annotation)
        self.walk(node.child_by_field_name("value"))
        inner = node
        if node.type == "typed_parameter":
            inner = first(node) or node
        elif node.type in ("default_parameter", "typed_default_parameter"):
            inner = node.child_by_field_name("name") or node
        if inner.type in _SPLATS:
            return Parameter(self.text(inner).lstrip("*"), _SPLATS[inner.type])
        if inner.type != "identifier":
            return None
        optional = "default" in node.type
        return Parameter(self.text(inner), kind, optional, self.text(annotation))

    def _class(self, node: Node, whole: Node, decorators: tuple[str, ...]) -> None:
        name = self.text(node.child_by_field_name("name"))
        bases: list[str] = []
        keywords: list[str] = []
        arguments = node.child_by_field_name("superclasses")
        for child in [] if arguments is None else arguments.named_children:
            self.walk(child)
            if child.type == "keyword_argument":
                keywords.append(self.text(child))
            elif child.type in ("identifier", "attribute", "subscript"):
                head = child.child_by_field_name("value") if child.type == "subscript" else child
                bases.append(self.dotted(head))
        facts = Definition(
            "", SymbolKind.CLASS, 0, 0, bases=tuple(bases), decorators=decorators, keywords=tuple(keywords)
        )
        qualified = self.define(whole, name, SymbolKind.CLASS, facts=facts).name
        place = len(self.definitions) - 1
        with self.scope(ScopeKind.CLASS, qualified):
            self.walk(node.child_by_field_name("body"))
        marks = [part for part in whole.named_children if part.type == "decorator"]
        constructor = self._made_constructor(place, self.text(marks[-1]) if marks else "")
        if constructor is not None:
            self.definitions[place] = replace(self.definitions[place], parameters=constructor)

    def _made_constructor(self, place: int, mark: str) -> tuple[Parameter, ...] | None:
        """The constructor parameters of a data class or named tuple, if all its fields are in this file."""
        owner = self.definitions[place]
        named = owner.bases in (("NamedTuple",), ("typing.NamedTuple",))
        if not named and (owner.bases or "dataclass" not in mark or "init=False" in mark):
            return None
        kind = ParameterKind.KEYWORD if "kw_only=True" in mark else ParameterKind.ANY
        parameters = []
        for definition in self.definitions[place + 1 :]:
            if definition.name == f"{owner.name}.__init__":
                return None
            if (
                definition.kind is not SymbolKind.FIELD
                or definition.owner != owner.name
                or not definition.result
            ):
                continue
            if "ClassVar" not in definition.result and "init=False" not in definition.result:
                optional = definition.flags == (Flag.OPTIONAL,)
                bare = optional and "field(" in definition.result and "default" not in definition.result
                parameters.append(Parameter(definition.last, kind, optional and not bare))
        return tuple(parameters)

    def on_lambda(self, node: Node) -> None:
        parameters = self._parameters(node.child_by_field_name("parameters"))
        with self.scope(ScopeKind.FUNCTION, self.frame.name):
            self._bind_parameters(parameters, "")
            self.walk(node.child_by_field_name("body"))

    def on_try_statement(self, node: Node) -> None:
        handlers = [
            self.text(first(clause)) for clause in node.named_children if clause.type == "except_clause"
        ]
        forgiving = any(any(name in text for name in _GUARDS) for text in handlers)
        for child in node.named_children:
            if forgiving:
                with self.guarded():
                    self.walk(child)
            else:
                self.walk(child)

    def _by_string(self, callee: str, arguments: Node | None) -> None:
        """`getattr(mod, "load")` and `patch("pkg.mod.load")` name what they use. Such uses are warnings at most."""
        values = [] if arguments is None else arguments.named_children
        last = callee.rpartition(".")[2]
        if last == "cast" and values:
            self.annotated(values[0] if values[0].type == "string" else None)
        elif last == "patch" and values and values[0].type == "string":
            module, _, name = self.text(values[0]).strip("\"'").rpartition(".")
            if module:
                with self.guarded():
                    self.bring(values[0], "", module, name)
        elif (
            last in ("getattr", "setattr", "object") and len(values) in (2, 3) and values[1].type == "string"
        ):
            forgiving = last == "getattr" and len(values) == 3  # noqa: PLR2004 - the third is a default
            receiver, name = self.dotted(values[0]), self.text(values[1]).strip("\"'")
            if receiver != UNKNOWN and name.isidentifier() and callee != "setattr" and not forgiving:
                with self.guarded():
                    self.refer(values[1], name, receiver)

    def on_call(self, node: Node) -> None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is not None and arguments is not None and arguments.type == "argument_list":
            self._by_string(self.dotted(function), arguments)
        call = self._arguments(arguments)
        if function is not None and function.type == "identifier":
            self.refer(function, self.text(function), call=call)
        elif function is not None and function.type == "attribute":
            self.refer_member(function, call)
        else:
            self.walk(function)
        self.walk(arguments)

    def _arguments(self, node: Node | None) -> Reference:
        count, starred = 0, False
        keywords: list[str] = []
        for child in [] if node is None else node.named_children:
            if child.type == "keyword_argument":
                keywords.append(self.text(child.child_by_field_name("name")))
            elif child.type in ("list_splat", "dictionary_splat"):
                starred = True
            elif child.type != "comment":
                count += 1
        if node is not None and node.type == "generator_expression":
            count = 1
        return Reference("", "", 0, "", count, tuple(sorted(keywords)), starred)

    def on_attribute(self, node: Node) -> None:
        self.refer_member(node)

    def on_keyword_argument(self, node: Node) -> None:
        self.walk(node.child_by_field_name("value"))

    def on_identifier(self, node: Node) -> None:
        self.refer(node, self.text(node))
