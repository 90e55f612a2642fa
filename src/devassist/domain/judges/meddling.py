"""
Which new test files may change what other tests come to: they share a process, and a tree, with them.

Decision: a file is only suspected here. Suspicion costs one more run, without the file, and only a difference there is
what a person is asked about; so in doubt a file is suspected.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_SAME_PROCESS = (".rb", ".php", ".exs", ".pl", ".t")
"""Languages whose test files share a process and can redefine anything there; they are not read here."""
_GO_HOOK = re.compile(r"^func (?:TestMain|init)\(", re.MULTILINE)
_REFLECTION = frozenset("setattr delattr exec eval globals vars __import__ load_tests".split())
_INTERNALS = frozenset(
    "modules _exit reload __dict__ __code__ MonkeyPatch settrace setprofile pluginmanager start".split()
)
_INTERNAL_MODULES = frozenset("_pytest builtins ctypes gc atexit signal runpy".split())
_WRITERS = frozenset(
    "open write_text write_bytes unlink rename replace rmtree copy copyfile copytree move remove symlink_to run Popen"
    " call check_call check_output system fork kill".split()
)


def meddles(path: str, source: str) -> bool:
    """Whether a new test file may change what the tests of other files come to."""
    if not path.endswith(".py"):
        return path.endswith(_SAME_PROCESS) or bool(path.endswith(".go") and _GO_HOOK.search(source))
    module = parsed(source)
    return module is None or _Meddling(module).any()


class _Meddling:
    """What one Python module may do to others while its tests are collected and run."""

    def __init__(self, module: ast.Module) -> None:
        self._module = module
        self._nodes = list(ast.walk(module))
        self._borrowed = borrowed(self._nodes)

    def any(self) -> bool:
        return (
            any(_reaches_inside(node) or self._assigns_into(node) for node in self._nodes)
            or self._writes_when_imported()
            or (
                "__file__" in {node.id for node in self._nodes if isinstance(node, ast.Name)}
                and self._writes()
            )
        )

    def _assigns_into(self, node: ast.AST) -> bool:
        """Whether it sets an attribute or an item of something that another module owns."""
        stored = isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load)
        return stored and root_of(node) in self._borrowed

    def _writes(self) -> bool:
        return any(called(node) in _WRITERS for node in self._nodes)

    def _writes_when_imported(self) -> bool:
        local = {
            node.name
            for node in self._module.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        calls = {called(node) for node in _run_by_import(self._module.body)}
        return bool(calls & _WRITERS) or (bool(calls & local) and self._writes())


def _reaches_inside(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name in _REFLECTION
        case ast.Attribute(attr=name):
            return name in _INTERNALS
        case ast.FunctionDef(name=name):
            return name in _REFLECTION
        case ast.Import(names=names):
            return any(alias.name.partition(".")[0] in _INTERNAL_MODULES for alias in names)
        case ast.ImportFrom(module=module, names=names):
            inside = (module or "").partition(".")[0] in _INTERNAL_MODULES
            return inside or any(alias.name in _INTERNALS for alias in names)
        case _:
            return False


def borrowed(nodes: list[ast.AST]) -> frozenset[str]:
    """Names that stand for something of another module: imported, or another name for what is."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Assign) and root_of(node.value) in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def root_of(node: ast.AST) -> str:
    """The name that a chain of attributes and items begins with; empty if it is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def called(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return ""


def _run_by_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: all but the bodies of functions."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += [*node.decorator_list, node.args]
        elif not isinstance(node, ast.Lambda):
            pending += ast.iter_child_nodes(node)


def parsed(source: str) -> ast.Module | None:
    """None if it is not Python that this Python reads."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
