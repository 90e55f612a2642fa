"""Which test cases only have another name now: moved to another file, or renamed with the same body."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping

from devassist.domain.judges.paths import file_of, parts_of

Read = Callable[[str], str | None]


def moved_cases(
    vanished: Iterable[str], added: Iterable[str], *, before: Read, after: Read
) -> Mapping[str, str]:
    """Old case id -> new one. `before` and `after` read the two trees. No case is matched twice."""
    moved: dict[str, str] = {}
    free = dict.fromkeys(added)
    old_bodies, new_bodies = _Bodies(before), _Bodies(after)
    for old in vanished:
        body = old_bodies.of(old)
        same_name = [case for case in free if _name(case) == _name(old)]
        if body is None:  # a language that is not read here: the name has to do
            alike = same_name
        else:
            alike = [
                case
                for case in [*same_name, *free]
                if new_bodies.of(case) == body and _parameters(case) == _parameters(old)
            ]
        if alike:
            moved[old] = min(
                alike, key=lambda case: (case not in same_name, _file_name(case) != _file_name(old))
            )
            del free[moved[old]]
    return moved


def _parameters(case: str) -> str:
    return case.partition("[")[2]


def _file_name(case: str) -> str:
    return file_of(case).rpartition("/")[2]


def _name(case: str) -> str:
    """A case's id without the place it is in; of unittest's and go's ids that is the last two parts."""
    file, name = parts_of(case)
    return name if file else ".".join(name.split(".")[-2:])


class _Bodies:
    """The functions of Python test files, by case id, without their own names."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._files: dict[str, Mapping[str, str] | None] = {}

    def of(self, case: str) -> str | None:
        path, function = parts_of(case)
        if not path:
            path, function = self._place(case)
        functions = self._functions_of(path) if path.endswith(".py") else None
        return functions.get(function.partition("[")[0]) if functions is not None else None

    def _place(self, case: str) -> tuple[str, str]:
        """The file and the function of unittest's `package.module.Class.test`."""
        parts = case.split(".")
        for end in range(len(parts) - 1, 0, -1):
            path = "/".join(parts[:end]) + ".py"
            if self._functions_of(path) is not None:
                return path, "::".join(parts[end:])
        return "", ""

    def _functions_of(self, path: str) -> Mapping[str, str] | None:
        if path not in self._files:
            source = self._read(path)
            self._files[path] = None if source is None else _functions(source)
        return self._files[path]


def _functions(source: str) -> Mapping[str, str]:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    bodies: dict[str, str] = {}
    pending: list[tuple[str, ast.stmt]] = [("", node) for node in module.body]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [*_parameters_of(node), *node.decorator_list, *node.body]
            bodies[prefix + node.name] = "\n".join(ast.dump(part) for part in parts)
        elif isinstance(node, ast.ClassDef):
            pending += [(f"{prefix}{node.name}::", child) for child in node.body]
    return bodies


def _parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    """Without `self`: a test that moves into a class, or out of it, stays the same."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    rest = [
        part for part in (given.vararg, given.kwarg, *given.defaults, *given.kw_defaults) if part is not None
    ]
    return [*(part for part in named if part.arg != "self"), *rest]
