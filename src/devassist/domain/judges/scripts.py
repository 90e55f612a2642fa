"""Which files the checks run: scripts that they name, those that these call, and what Python scripts import."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from devassist.domain.judges.meddling import parsed

Read = Callable[[str], str | None]
"""Path -> the text of that file in a tree, or None if there is none."""

_SCRIPT = re.compile(r"\.(?:sh|bash|mk|just|py)$|(?:^|/)[^./]+$")
"""A file that a shell, make or Python reads, by its name."""
_WORD = re.compile(r"(?:[\w.-]+/)*[\w-]+\.?[\w-]+")
_MOST_SCRIPTS, _LONGEST_SCRIPT = 20, 100_000
_PRODUCT_FOLDERS = ("", "src", "lib")
_DATA = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Expr)


@dataclass(frozen=True, slots=True)
class Scripts:
    """What checks run of a tree. `named` counts only if it is there; `imported` is what Python would look for."""

    named: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()


def scripts_of(commands: Iterable[str], read: Read) -> Scripts:
    """What the commands may name as files of the tree, and what these run and import in turn."""
    words: list[str] = []
    for command in commands:
        try:
            words += shlex.split(command, comments=True)
        except ValueError:
            words += command.split()
    named = {posixpath.normpath(word.strip(";&|()")) for word in words if not word.startswith("-")}
    imported: set[str] = set()
    pending, texts = [(path, posixpath.dirname(path)) for path in named], 0
    while pending and texts < _MOST_SCRIPTS:
        path, folder = pending.pop()
        text = read(path) if _SCRIPT.search(path) else None
        if text is None or len(text) > _LONGEST_SCRIPT:
            continue
        texts += 1
        if path.endswith(".py"):
            modules = _modules(text, path, folder, read) - imported
            imported |= modules
            pending += [(module, folder) for module in modules]
        else:
            more = {posixpath.normpath(word) for word in _WORD.findall(text)} - named
            named |= more
            pending += [(script, posixpath.dirname(script)) for script in more]
    return Scripts(frozenset(named), frozenset(imported))


def _modules(text: str, path: str, folder: str, read: Read) -> set[str]:
    """
    Where Python looks in `folder`, that of the script it started, for what the module at `path` imports.

    Beside the product's own code it is only what holds data: the rest is what the script checks.
    """
    module = parsed(text)
    if module is None:
        return set()
    places = set(_places(module, posixpath.dirname(path), folder))
    if folder in _PRODUCT_FOLDERS or read(posixpath.join(folder, "__init__.py")) is not None:
        return {place for place in places if _holds_data(read(place))}
    return places


def _places(module: ast.Module, package: str, folder: str) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names, base = [alias.name for alias in node.names], folder
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            names = [start, *(f"{start}.{alias.name}".strip(".") for alias in node.names)]
            base = posixpath.join(package, *[".."] * (node.level - 1)) if node.level else folder
        else:
            continue
        for name in filter(None, names):
            place = posixpath.normpath(posixpath.join(base, name.replace(".", "/")))
            yield from (f"{place}.py", f"{place}/__init__.py")


def _holds_data(text: str | None) -> bool:
    module = parsed(text) if text else None
    return module is not None and all(isinstance(node, _DATA) for node in module.body)
