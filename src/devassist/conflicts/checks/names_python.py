"""Names in a piece of Python: those it says, those it asks of something else, and what it imports. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeGuard

from devassist.conflicts.checks.parts import words
from devassist.domain.hashing import digest

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_STORES = frozenset("append add setdefault update register insert extend".split())
_FOREIGN = frozenset("git dot hg svn diff patch ls cat cp mv rm mkdir uname which gcc cc".split())
"""Programs that run nothing of a tree unless it tells them to."""


class Spoken(NamedTuple):
    """Names said and asked for, as in a Part."""

    said: frozenset[str]
    asked: frozenset[str]

    def __or__(self, other: Spoken) -> Spoken:
        return Spoken(self.said | other.said, self.asked | other.asked)


SILENCE = Spoken(frozenset(), frozenset())


def spoken(
    nodes: Iterable[ast.AST], brought_in: frozenset[str], bound: frozenset[str] = frozenset()
) -> Spoken:
    """The names in pieces of code; not its `bound` locals, and not what documents it."""
    said: set[str] = set()
    asked: set[str] = set()
    every = [one for each in nodes for one in ast.walk(each)]
    passed = {id(one) for node in every if _is_foreign_program(node) for one in ast.walk(node.func)}
    for node in every:
        match node:
            case _ if id(node) in passed:
                pass
            case ast.Name(id=name):
                if name not in bound:
                    said.add(name)
            case ast.Attribute(attr=name, value=ast.Name(id=root)) if (
                root in brought_in and root not in bound
            ):
                asked.add(f"{root}.{name}")
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                asked.add(name)
            case ast.Constant(value=str(text)) if " " not in text.strip():
                asked |= words(text)
            case ast.ImportFrom(names=names):
                asked |= {one.name for one in names}
            case _:
                pass
    return Spoken(frozenset(said), frozenset(asked))


def _is_foreign_program(node: ast.AST) -> TypeGuard[ast.Call]:
    """Is a program started by its bare name, and one that runs nothing of this tree by itself."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    first = node.args[0]
    if isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute) and first.func.attr == "split":
        first = first.func.value
    if isinstance(first, (ast.List, ast.Tuple)) and first.elts:
        first = first.elts[0]
    starts = isinstance(node.func, ast.Attribute) and _root(node.func) in ("subprocess", "os")
    if not starts or not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return False
    return bool(first.value) and first.value.split()[0] in _FOREIGN


def bound_in(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """The function's own variables. Those of comprehensions and inner functions count as names: they may be others'."""
    arguments = node.args
    found = {one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    found |= {one.arg for one in (arguments.vararg, arguments.kwarg) if one is not None}
    outside: set[str] = set()
    left: list[ast.AST] = list(node.body)
    while left:
        one = left.pop()
        if isinstance(one, (*FUNCTIONS, *COMPREHENSIONS, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(one, (ast.Global, ast.Nonlocal)):
            outside.update(one.names)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.add(one.id)
        left.extend(ast.iter_child_nodes(one))
    return frozenset(found - outside)


def registers(node: ast.AST, bound: frozenset[str]) -> bool:
    """Does it change something that outlives it and is not its argument."""
    for one in ast.walk(node):
        match one:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                root = _root(one.value)
            case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in _STORES:
                root = _root(value)
            case _:
                continue
        if root and root not in bound:
            return True
    return False


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def plain_words(node: ast.AST) -> set[str]:
    return {
        str(getattr(one, name))
        for one in ast.walk(node)
        for name in ("id", "attr", "value")
        if isinstance(getattr(one, name, None), str)
    }


def imports_of(code: ast.AST) -> Iterator[str]:
    for node in ast.walk(code):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=name, level=level, names=names):
                start = "." * level + (name or "")
                yield start
                yield from (f"{start}.{one.name}" if name else f"{start}{one.name}" for one in names)
            case _:
                pass


def face_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """What callers see of a function that says all of its types; empty for one that leaves some to be inferred."""
    arguments = node.args
    named = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    untyped = [
        one for one in named if one is not None and one.annotation is None and one.arg not in ("self", "cls")
    ]
    if node.returns is None or untyped:
        return ""
    shown = [arguments, node.returns, *node.decorator_list]
    return digest([type(node).__name__, *(ast.dump(one) for one in shown)])
