"""Which test cases only have another name now: moved, renamed with the same body, or run with other parameters."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from devassist.domain.judges.paths import file_of, parts_of

Read = Callable[[str], str | None]


def moved_cases(
    vanished: Iterable[str], added: Iterable[str], *, before: Read, after: Read
) -> Mapping[str, str]:
    """Old case id -> new one. `before` and `after` read the two trees. No case is matched twice."""
    vanished, moved = list(vanished), dict[str, str]()
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
    left = [case for case in vanished if case not in moved]
    return {**moved, **renamed_parameters(left, free, before=before, after=after)}


def renamed_parameters(
    vanished: Iterable[str], added: Iterable[str], *, before: Read, after: Read
) -> Mapping[str, str]:
    """
    Old case id -> new one, of test functions that only run with other parameters, such as random ones.

    A function that has lost cases is not among them. What it asserts of other parameters is not compared here.
    """
    old_bodies, new_bodies = _Bodies(before), _Bodies(after)
    olds, news = _by_function(vanished), _by_function(added)
    renamed: dict[str, str] = {}
    for function, cases in olds.items():
        if len(cases) > len(news[function]):
            continue
        old, new = old_bodies.bare(function), new_bodies.bare(function)
        path = file_of(function)
        # A function that is inherited is not in the file: then the file as a whole must be as it was.
        same = old == new if old is not None else bool(path) and before(path) == after(path)
        if same:
            renamed |= dict(zip(cases, news[function], strict=False))
    return renamed


def _by_function(cases: Iterable[str]) -> defaultdict[str, list[str]]:
    functions: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        function, parameters, _ = case.partition("[")
        if parameters:
            functions[function].append(case)
    return functions


def _parameters(case: str) -> str:
    return case.partition("[")[2]


def _file_name(case: str) -> str:
    return file_of(case).rpartition("/")[2]


def _name(case: str) -> str:
    """A case's id without the place it is in; of unittest's and go's ids that is the last two parts."""
    file, name = parts_of(case)
    return name if file else ".".join(name.split(".")[-2:])


@dataclass(frozen=True, slots=True)
class _Function:
    """Dumps of a function's parts: `bare` is without its decorators."""

    whole: str
    bare: str


class _Bodies:
    """The functions of Python test files, by case id, without their own names."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._files: dict[str, Mapping[str, _Function] | None] = {}

    def of(self, case: str) -> str | None:
        """The function of a case, with its decorators; None if it is not read here."""
        function = self._function(case)
        return function.whole if function is not None else None

    def bare(self, case: str) -> str | None:
        """The same without its decorators."""
        function = self._function(case)
        return function.bare if function is not None else None

    def _function(self, case: str) -> _Function | None:
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

    def _functions_of(self, path: str) -> Mapping[str, _Function] | None:
        if path not in self._files:
            source = self._read(path)
            self._files[path] = None if source is None else _functions(source)
        return self._files[path]


def _functions(source: str) -> Mapping[str, _Function]:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    bodies: dict[str, _Function] = {}
    pending: list[tuple[str, ast.stmt]] = [("", node) for node in module.body]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parameters = _parameters_of(node)
            bodies[prefix + node.name] = _Function(
                whole=_dumped([*parameters, *node.decorator_list, *node.body]),
                bare=_dumped([*parameters, *node.body]),
            )
        elif isinstance(node, ast.ClassDef):
            pending += [(f"{prefix}{node.name}::", child) for child in node.body]
    return bodies


def _dumped(parts: Iterable[ast.AST]) -> str:
    return "\n".join(ast.dump(part) for part in parts)


def _parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    """Without `self`: a test that moves into a class, or out of it, stays the same."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    rest = [
        part for part in (given.vararg, given.kwarg, *given.defaults, *given.kw_defaults) if part is not None
    ]
    return [*(part for part in named if part.arg != "self"), *rest]
