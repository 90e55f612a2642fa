"""
Which code finds out whether a test runs it, or changes how a test runner works.

Such code cannot be held out, so a person is asked about it at once; hence the rules are narrow.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from devassist.domain.judges.meddling import borrowed, called, parsed, root_of
from devassist.domain.judges.script_tampering import SUFFIXES, tampering

_ASKS = re.compile(
    r"\b(?:PYTEST_CURRENT_TEST|PYTEST_VERSION|PYTEST_XDIST_WORKER|DEVASSIST_RESULTS|JEST_WORKER_ID|VITEST_WORKER_ID"
    r"|NODE_TEST_CONTEXT|testing\.Testing\(\)|flag\.Lookup\(\"test\.|cfg!\(test\)|process\.env\.VITEST\b)"
)
_SUFFIXES = frozenset({".py", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".go", ".rs"})
_RUNNER = re.compile(r"_?(?:pytest|py\.test|unittest|nose|doctest)\b")
_TEST = re.compile(r"_?(?:pytest|unittest|nose|test_)")
_FRAMES = frozenset("stack currentframe _getframe extract_stack walk_stack".split())
_ARGUMENTS = frozenset("argv orig_argv".split())
_MATCHES = frozenset("startswith endswith find match search".split())
_DJANGOS_RUNNER = "django.test.runner.DiscoverRunner"
_RUNNERS = frozenset("unittest pytest _pytest builtins".split())


def is_code(path: str) -> bool:
    """Whether the file is source of a language that is read here."""
    return posixpath.splitext(path)[1] in _SUFFIXES


def awareness(path: str, source: str) -> Counter[str]:
    """What of the file asks whether it is tested, as text, each as often as it is there."""
    places = Counter(match.group(0) for match in _ASKS.finditer(source))
    if path.endswith(SUFFIXES):
        places.update(tampering(source))
    module = parsed(source) if path.endswith(".py") else None
    if module is not None:
        nodes = list(ast.walk(module))
        places.update(_tampering(nodes))
        places.update(_test_runner(module))
        for scope in _scopes(module):
            places.update(_looks(list(scope)))
    return places


def _looks(nodes: list[ast.AST]) -> Iterator[str]:
    """A look at what is loaded, called or on the command line, beside the name of a runner or of a test."""
    if any(isinstance(node, ast.Attribute) and node.attr == "modules" for node in nodes):
        yield from (f"sys.modules {name}" for name in _constants(nodes, _RUNNER))
    if any(called(node) in _FRAMES for node in nodes):
        yield from (f"the stack {name}" for name in _constants(nodes, _TEST))
    for node in nodes:
        if isinstance(node, ast.Compare) or called(node) in _MATCHES:
            inner = list(ast.walk(node))
            if any(isinstance(each, ast.Attribute) and each.attr in _ARGUMENTS for each in inner):
                yield from (f"sys.argv {name}" for name in _constants(inner, _RUNNER))


def _constants(nodes: Iterable[ast.AST], pattern: re.Pattern[str]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.match(node.value):
            yield node.value


def _tampering(nodes: list[ast.AST]) -> Iterator[str]:
    """Imports of pytest's inside, and what is put in place of a runner's attributes."""
    runners = {name for name in borrowed(nodes) if name in _RUNNERS}
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name.partition(".")[0] == "_pytest")
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "_pytest":
                yield module
            case ast.Attribute(attr=name, ctx=ast.Store()) if root_of(node) in runners:
                yield f"{root_of(node)}.{name}"
            case _:
                pass


def _test_runner(module: ast.Module) -> Iterator[str]:
    """The class that Django's settings name to run the tests, if it is not Django's own."""
    for node in module.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="TEST_RUNNER")], value=value)
                | ast.AnnAssign(target=ast.Name(id="TEST_RUNNER"), value=ast.expr() as value)
            ) if not (isinstance(value, ast.Constant) and value.value == _DJANGOS_RUNNER):
                yield f"TEST_RUNNER = {ast.unparse(value)}"
            case _:
                pass


def _scopes(module: ast.Module) -> Iterator[Iterator[ast.AST]]:
    """Each function on its own, and what of the module is outside of functions."""
    outside: list[ast.AST] = []
    pending: list[ast.AST] = list(module.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.walk(node)
        else:
            outside.append(node)
            pending += ast.iter_child_nodes(node)
    yield iter(outside)
