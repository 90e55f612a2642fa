"""Parts of Python files."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from devassist.conflicts.checks.names_python import (
    COMPREHENSIONS,
    FUNCTIONS,
    SILENCE,
    Spoken,
    bound_in,
    face_of,
    imports_of,
    plain_words,
    registers,
    spoken,
)
from devassist.conflicts.checks.parts import LOADING, Part, Parts, combined, unreadable
from devassist.domain.hashing import digest

_LONGEST_TEXT = 200
_QUIET = frozenset(
    "property staticmethod classmethod abstractmethod overload override final contextmanager asynccontextmanager"
    " cached_property cache lru_cache wraps dataclass total_ordering deprecated setter getter deleter skip skipif"
    " parametrize xfail usefixtures given settings mark".split()
)
"""Decorators that put what they are given nowhere else."""
_IMPORTING = frozenset(
    "import_module __import__ import_string find_spec spec_from_file_location exec eval exec_module SourceFileLoader"
    " import_by_path load_module entry_points".split()
)
_CALLED = ("test", "Test", "pytest_", "setup", "teardown", "setUp", "tearDown", "visit_", "do_", "handle")
"""How names begin that a framework calls."""
_TYPES = (
    str,
    dict,
    list,
    set,
    int,
    io.StringIO,
    io.BytesIO,
    collections.abc.Generator,
    collections.abc.Coroutine,
)
_OF_BUILTINS = frozenset(
    {name for one in _TYPES for name in dir(one)}
    | {"emit", "run", "filter", "default", "format", *dir(builtins)}
)
"""Names that code outside of the tree calls on what it is given."""


def parts_of_python(source: str) -> Parts:
    """The parts of a file; one that does not parse here may do anything when it is loaded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parts(ast.parse(source), source.split("\n"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return unreadable(source)


def _parts(module: ast.Module, lines: list[str]) -> Parts:
    every = list(ast.walk(module))
    imports = [one for one in every if isinstance(one, (ast.Import, ast.ImportFrom))]
    modules = {(one.asname or one.name).partition(".")[0] for node in imports for one in node.names}
    reader = _Reader(lines, frozenset(modules))
    reader.block(module.body, "", within=None)
    loaded = tuple(dict.fromkeys(reader.imports))
    reader.found.append(_part(LOADING, reader.said, "\n".join(reader.loading), unasked=True, imports=loaded))
    texts: set[str] = set()
    dynamic = False
    for node in every:
        match node:
            case ast.Constant(value=str(text)) if 0 < len(text) <= _LONGEST_TEXT and " " not in text:
                texts.add(text)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                dynamic = dynamic or name in _IMPORTING
            case _:
                pass
    return Parts(combined(reader.found), tuple(sorted(texts)), dynamic)


@dataclass
class _Reader:
    """Goes through the statements that run when a file is loaded, and takes out what runs later."""

    lines: list[str]
    brought_in: frozenset[str]
    found: list[Part] = field(default_factory=list[Part])
    loading: list[str] = field(default_factory=list[str])
    said: Spoken = SILENCE
    imports: list[str] = field(default_factory=list[str])

    def block(self, body: Sequence[ast.stmt], owner: str, within: ast.ClassDef | None) -> None:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.found.append(self.function(node, owner, within))
                case ast.ClassDef():
                    self.type(node, owner)
                case ast.Import() | ast.ImportFrom() if within is None:
                    self.brought(node)
                case ast.Assign() | ast.AnnAssign() if within is None and _plain(node):
                    self.constant(node)
                case ast.If() | ast.Try() | ast.With() if within is None:
                    self.nested(node)
                case ast.Expr(value=ast.Constant(value=str())):
                    pass
                case _ if within is None:
                    self.loading.append(self.text(node))
                    self.said |= self.spoken(node)
                    self.imports += imports_of(node)
                case _:
                    pass

    def nested(self, node: ast.If | ast.Try | ast.With) -> None:
        """What is defined under a condition is defined; the condition is what runs."""
        if isinstance(node, ast.If) and plain_words(node.test) & {"TYPE_CHECKING", "__main__"}:
            self.aside(node)
            return
        for name in ("body", "orelse", "finalbody"):
            self.block(getattr(node, name, []), "", None)
        for handler in getattr(node, "handlers", []):
            self.block(handler.body, "", None)
        heads: list[ast.AST] = []
        if isinstance(node, ast.If):
            heads = [node.test]
        elif isinstance(node, ast.With):
            heads = list(node.items)
        for head in heads:
            self.loading.append(ast.dump(head))
            self.said |= self.spoken(head)

    def aside(self, node: ast.If) -> None:
        """What is run for checkers of types alone, or as a program alone: its names count, and it is not run."""
        inner = _Reader(self.lines, self.brought_in)
        inner.block(node.body, "", None)
        self.found += inner.found
        self.block(node.orelse, "", None)
        if inner.loading:
            self.found.append(
                _part("__main__", inner.said, "\n".join(inner.loading), imports=tuple(inner.imports))
            )

    def function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str, within: ast.ClassDef | None
    ) -> Part:
        bound = bound_in(node)
        names = self.spoken(node, bound=bound)
        handed, unasked = self.decorators(node.decorator_list)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if node.decorator_list or node.name.startswith("test"):
            # A fixture is asked for by the name of a parameter.
            names |= Spoken(frozenset(), frozenset(one.arg for one in arguments))
        special = node.name.startswith("__") and node.name.endswith("__")
        called = special or node.name in _OF_BUILTINS or node.name.startswith(_CALLED)
        return _part(
            f"{owner}.{node.name}" if owner else node.name,
            names,
            self.text(node),
            unasked=unasked or (within is None and (special or node.name.startswith(_CALLED))),
            follows=within is not None and called,
            decorators=handed,
            registers=registers(node, bound),
            imports=tuple(imports_of(node)),
            face=face_of(node),
        )

    def type(self, node: ast.ClassDef, owner: str) -> None:
        name = f"{owner}.{node.name}" if owner else node.name
        heads: list[ast.AST] = [*node.bases, *node.keywords, *node.decorator_list]
        fields = [
            one for one in node.body if not isinstance(one, (*FUNCTIONS, ast.ClassDef)) and not _is_text(one)
        ]
        handed, unasked = self.decorators(node.decorator_list)
        content = [ast.dump(one) for one in heads] + [self.text(one) for one in fields]
        self.found.append(
            _part(
                name,
                self.spoken(*heads, *fields),
                "\n".join(content),
                unasked=unasked or bool(node.keywords),
                bases=_names(node.bases),
                decorators=handed,
            )
        )
        for one in fields:
            for target in ast.walk(one):
                if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store):
                    self.found.append(_part(f"{name}.{target.id}", self.spoken(one), self.text(one)))
        self.block(node.body, name, node)

    def brought(self, node: ast.Import | ast.ImportFrom) -> None:
        """An import is a part of its own: who does not say the name does not notice it."""
        self.imports += imports_of(node)
        for one in node.names:
            if one.name == "*":
                self.loading.append(self.text(node))
                continue
            module = "" if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
            name = (one.asname or one.name).partition(".")[0]
            taken = () if isinstance(node, ast.Import) else (one.name,)
            origin = one.name if isinstance(node, ast.Import) else module
            self.found.append(Part(name, (), taken, digest([module, one.name]), origin))

    def constant(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if [one.id for one in targets if isinstance(one, ast.Name)] == ["__all__"]:
            # Who is listed there is seen elsewhere: a matter of each name by itself.
            listed = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
            self.found.extend(Part(one, (), (), "listed") for one in listed if isinstance(one, str))
            return
        names = self.spoken(node)
        for target in targets:
            if isinstance(target, ast.Name):
                self.found.append(_part(target.id, names, self.text(node)))

    def decorators(self, nodes: Sequence[ast.expr]) -> tuple[tuple[str, ...], bool]:
        """Names of functions that get what is decorated, and whether an object of some kind gets it."""
        handed: list[str] = []
        for node in nodes:
            called = node.func if isinstance(node, ast.Call) else node
            match called:
                case ast.Name(id="fixture") | ast.Attribute(attr="fixture") if not getattr(
                    node, "keywords", ()
                ):
                    pass  # asked for by name
                case ast.Name(id=name):
                    handed.append(name)
                case ast.Attribute(attr=name) if name in _QUIET:
                    pass
                case ast.Attribute(attr=name, value=ast.Name(id=root)) if root in self.brought_in:
                    handed.append(name)
                case _:
                    return (), True
        return tuple(one for one in handed if one not in _QUIET), False

    def spoken(self, *nodes: ast.AST, bound: frozenset[str] = frozenset()) -> Spoken:
        return spoken(nodes, self.brought_in, bound)

    def text(self, node: ast.stmt) -> str:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def _part(name: str, names: Spoken, text: str, **more: Any) -> Part:
    return Part(name, tuple(sorted(names.said)), tuple(sorted(names.asked)), digest(text), **more)


def _plain(node: ast.Assign | ast.AnnAssign) -> bool:
    """Names that are given a value, with nothing called on the way."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    calls = (ast.Call, ast.Await, *COMPREHENSIONS)
    return all(isinstance(one, ast.Name) for one in targets) and not any(
        isinstance(one, calls) for one in ast.walk(node)
    )


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _names(nodes: Sequence[ast.expr]) -> tuple[str, ...]:
    """The last names of bases; "?" for one that is worked out."""
    found = []
    for node in nodes:
        plain = node.value if isinstance(node, ast.Subscript) else node
        match plain:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.append(name)
            case _:
                found.append("?")
    return tuple(found)
