"""A Python module, parsed once: the objects of its names, its functions and its calls."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from enum import StrEnum

from devassist.conflicts.manifests.facts import Fact, Family
from devassist.domain.hashing import digest

_APPS = frozenset("Flask FastAPI Starlette Sanic Quart Litestar Bottle Typer APIFlask OpenAPI".split())
_ROUTERS = {"Blueprint": "url_prefix", "APIRouter": "prefix", "APIBlueprint": "url_prefix"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Assignment = ast.Assign | ast.AnnAssign


class Holder(StrEnum):
    """The kinds of object that hold routes or commands."""

    APP = "app"
    ROUTER = "router"
    LOCAL = "local"
    IMPORTED = "imported"
    FILE = "file"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Receiver:
    """The object that a route or command is added to."""

    scope: str
    kind: Holder
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Fact):
    """A route or command of an object: `scope` names the object, and `prefix` is what it puts before its routes."""

    scope: str = field(compare=False)
    kind: Holder = field(compare=False)
    prefix: str = field(default="", compare=False)
    sure: bool = field(default=True, compare=False)
    """Nothing but the object decides whether it is there."""

    @property
    def receiver(self) -> Receiver:
        return Receiver(self.scope, self.kind, self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFact(Registration):
    """A method and path with its handler; `shown` is the path without the names of its parameters."""

    family: Family = Family.ROUTE
    method: str = field(compare=False)
    url: str = field(compare=False)
    shown: str = field(compare=False)
    handler: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFact(Registration):
    """A command by its name; `what` says in words what it runs."""

    family: Family = Family.COMMAND
    name: str = field(compare=False)
    what: str = field(compare=False)


@dataclass(slots=True)
class Module:
    """The result of `parse_module`."""

    path: str
    body: list[ast.stmt]
    functions: list[Function] = field(default_factory=list[Function])
    calls: list[ast.Call] = field(default_factory=list[ast.Call])
    assigned: list[Assignment] = field(default_factory=list[Assignment])
    bound: dict[str, Receiver] = field(default_factory=dict[str, Receiver])

    @property
    def name(self) -> str:
        dotted = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return dotted.removeprefix("src.")

    def receiver(self, node: ast.expr) -> Receiver:
        text = dotted_name(node)
        return self.bound.get(text) or Receiver(f"?{self.path}:{text}", Holder.UNKNOWN)

    def of_module(self, node: ast.expr) -> Receiver:
        """As `receiver`, but `users.router` of an imported module `users` is that module's router."""
        text = dotted_name(node)
        head, _, name = text.rpartition(".")
        holder = self.bound.get(head)
        if text in self.bound or not head or (holder is not None and holder.kind != Holder.IMPORTED):
            return self.receiver(node)
        origin = head if holder is None else holder.scope.replace(":", ".").strip(".")
        return Receiver(f"{origin}:{name}", Holder.IMPORTED)


def parse_module(path: str, text: str) -> Module | None:
    """The module in a file; None if it is not valid Python."""
    try:
        tree = ast.parse(text)
        module = Module(path, tree.body)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                module.calls.append(node)
            elif isinstance(node, ast.stmt):
                _note(module, node)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return module


def _note(module: Module, node: ast.stmt) -> None:
    if isinstance(node, ast.ImportFrom):
        _bind_imports(module, node)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        module.assigned.append(node)
        for target in targets_of(node) if isinstance(node.value, ast.Call) else ():
            name = dotted_name(target)
            if name and isinstance(node.value, ast.Call):
                module.bound[name] = _receiver_of(f"{module.name}:{name}", node.value)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        module.functions.append(node)
        if node.decorator_list:
            module.bound.setdefault(node.name, Receiver(f"{module.name}:{node.name}", Holder.LOCAL))


def targets_of(node: Assignment) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _bind_imports(module: Module, node: ast.ImportFrom) -> None:
    above = node.module or ""
    if node.level:
        package = module.name.split(".")
        if not module.path.endswith("__init__.py"):
            package = package[:-1]
        package_parts = package[: len(package) - node.level + 1]
        above = ".".join([*package_parts, above] if above else package_parts)
    for alias in node.names:
        module.bound.setdefault(
            alias.asname or alias.name, Receiver(f"{above}:{alias.name}", Holder.IMPORTED)
        )


def _receiver_of(scope: str, call: ast.Call) -> Receiver:
    maker = dotted_name(call.func).rpartition(".")[2]
    if maker in _ROUTERS:
        return Receiver(scope, Holder.ROUTER, text_of(keyword(call, _ROUTERS[maker])) or "")
    if maker == "Namespace" or maker.endswith("Router"):
        return Receiver(scope, Holder.ROUTER, text_of(keyword(call, "path")) or "")
    return Receiver(scope, Holder.APP if maker in _APPS else Holder.LOCAL)


def same_scope(left: Receiver, right: Receiver) -> bool:
    """Whether two receivers are one object; an import may name it from a directory above its package."""
    if left.scope == right.scope:
        return True
    if Holder.IMPORTED not in {left.kind, right.kind} or Holder.UNKNOWN in {left.kind, right.kind}:
        return False
    scope, _, name = left.scope.rpartition(":")
    other, _, named = right.scope.rpartition(":")
    # JavaScript's default export has the name its importer gives it.
    if name != named and "*" not in {name, named}:
        return False
    return scope == other or scope.endswith(f".{other}") or other.endswith(f".{scope}")


def dotted_name(node: ast.expr | None) -> str:
    """`a.b.c` as text; nothing for anything but names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        above = dotted_name(node.value)
        return f"{above}.{node.attr}" if above else ""
    return ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((argument.value for argument in call.keywords if argument.arg == name), None)


def argument(call: ast.Call, index: int, *names: str) -> ast.expr | None:
    """The positional argument at `index`, or the first keyword of `names`."""
    if len(call.args) > index:
        return call.args[index]
    return next((value for value in (keyword(call, name) for name in names) if value is not None), None)


def text_of(node: ast.expr | None) -> str | None:
    """The value of a string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_of(node: ast.expr | None) -> list[str] | None:
    """The strings of a literal list, tuple or set; None when some are not literal."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return None
    texts = [text_of(item) for item in node.elts]
    return [text for text in texts if text is not None] if None not in texts else None


def print_of(node: ast.AST) -> str:
    """A digest of code that does not depend on its layout and comments."""
    return digest(ast.dump(node))[:16]
