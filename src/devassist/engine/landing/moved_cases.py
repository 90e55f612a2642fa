"""Which test cases only have another name now: moved to another file, or renamed with the same body."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping

from devassist.domain.judges import file_of, parts_of

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
        self._files: dict[str, Mapping[str, str]] = {}

    def of(self, case: str) -> str | None:
        path = file_of(case)
        if not path.endswith(".py"):
            return None
        if path not in self._files:
            self._files[path] = _functions(self._read(path) or "")
        return self._files[path].get(case.partition("::")[2].partition("[")[0])


def _functions(source: str) -> Mapping[str, str]:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    pending: list[tuple[str, ast.stmt]] = [("", node) for node in module.body]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [node.args, *node.decorator_list, *node.body]
            found[prefix + node.name] = "\n".join(ast.dump(part) for part in parts)
        elif isinstance(node, ast.ClassDef):
            pending += [(f"{prefix}{node.name}::", child) for child in node.body]
    return found
