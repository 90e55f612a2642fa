"""Modules: which files make up one namespace, and which module an import means."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from devassist.conflicts.index import Files
from devassist.conflicts.languages import grammar_for
from devassist.conflicts.rust_paths import crate_of, find_rust
from devassist.conflicts.script_paths import aliased

_SCRIPT_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_SCRIPT_OUTPUTS = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_PACKAGE = re.compile(rb"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_GO_MODULE = re.compile(rb"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)
_SOURCE_ROOTS = ("src/", "lib/", "python/", "app/")


@dataclass
class Modules:
    """
    Module keys of one tree: a path for Python, scripts and Rust, `dir/` for Go, `java:package` for Java.

    Names are looked up by suffix where a language has roots that only its build file knows.
    """

    files: Files
    python: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    members: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    packages: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    crates: dict[str, str] = field(default_factory=dict)
    go_roots: tuple[tuple[str, str], ...] = ()

    @classmethod
    def over(cls, files: Files) -> Self:
        found = cls(files, go_roots=_go_roots(files))
        for path in files.blobs:
            found.enter(path)
        return found

    def derived(self, files: Files, changes: Iterable[str]) -> Self:
        """The modules of files of which only `changes` differ; what stays is shared, not made again."""
        found = type(self)(files, self.python, self.members, self.packages, self.crates, self.go_roots)
        moved = [path for path in changes if self.place(path) != found.place(path)]
        if any(path.endswith("__init__.py") for path in moved):
            return type(self).over(files)  # The names of everything below it may differ.
        if moved:
            found.python = _copied(self.python)
            found.members = _copied(self.members)
            found.packages = defaultdict(set, {name: set(keys) for name, keys in self.packages.items()})
            found.crates = dict(self.crates)
        for path in moved:
            if path in self.files.blobs:
                self.leave(path, found)
            if path in files.blobs:
                found.enter(path)
        return found

    def place(self, path: str) -> str | None:
        return self.key(path) if path in self.files.blobs else None

    def leave(self, path: str, found: Modules) -> None:
        crate = crate_of(self.files, path)
        if crate is not None:
            found.crates.pop(crate[0], None)
        for name in self.names_of(path) if path.endswith((".py", ".pyi")) else ():
            found.python[name].remove(path)
        key = self.key(path)
        if path in found.members.get(key, ()):
            found.members[key].remove(path)
            if not found.members[key]:
                del found.members[key]
                found.packages[posixpath.basename(posixpath.dirname(path))].discard(key)

    def enter(self, path: str) -> None:
        grammar = grammar_for(path)
        family = "" if grammar is None else grammar.family
        if family == "python":
            for name in self.names_of(path):
                self.python[name].append(path)
        elif family in ("go", "java"):
            self.members[self.key(path)].append(path)
            if family == "go":
                self.packages[posixpath.basename(posixpath.dirname(path))].add(self.key(path))
        elif family == "rust" and (crate := crate_of(self.files, path)) is not None:
            self.crates[crate[0]] = crate[1]

    def names_of(self, path: str) -> Iterable[str]:
        stem = path.rpartition(".")[0].removesuffix("/__init__")
        names = {stem.replace("/", ".")}
        folder = posixpath.dirname(stem if path.endswith("__init__.py") else path)
        while folder and f"{folder}/__init__.py" in self.files.blobs:
            folder = posixpath.dirname(folder)
        names.add(stem[len(folder) :].lstrip("/").replace("/", "."))
        names |= {stem.removeprefix(one).replace("/", ".") for one in _SOURCE_ROOTS}
        return names

    def key(self, path: str) -> str:
        """The module that the file at `path` belongs to."""
        if path.endswith(".go"):
            folder = posixpath.dirname(path) + "/"
            # An external test package sees only what is exported, and has a namespace of its own.
            apart = path.endswith("_test.go") and self.files.table(path).package.endswith("_test")
            return folder + "_test" if apart else folder
        if path.endswith(".java"):
            declared = _PACKAGE.search(self.files.source(path))
            return "java:" + ("" if declared is None else declared.group(1).decode())
        return path

    def paths(self, key: str) -> list[str]:
        """The files of a module."""
        return self.members.get(key, []) or ([key] if key in self.files.blobs else [])

    def title(self, key: str) -> str:
        """The module as its users write it, for messages and symbols."""
        if key.startswith("java:"):
            return key[5:]
        if key.endswith("/"):
            return key.rstrip("/")
        stem = key
        for root in _SOURCE_ROOTS:
            stem = stem.removeprefix(root)
        stem = stem.rpartition(".")[0] or stem
        if key.endswith((".py", ".pyi")):
            return stem.removesuffix("/__init__").replace("/", ".")
        return stem.removesuffix("/mod" if key.endswith(".rs") else "/index")

    def find(self, path: str, module: str) -> str | None:
        """The key of `module` as imported in `path`; None for one that is not in this tree."""
        grammar = grammar_for(path)
        match "" if grammar is None else grammar.family:
            case "python":
                return self._find_python(path, module)
            case "script":
                return self._find_script(path, module)
            case "go":
                return self._find_go(module)
            case "java":
                return "java:" + module if "java:" + module in self.members else None
            case "rust":
                return find_rust(self.files, self.crates, path, module)
            case _:
                return None

    def _find_python(self, path: str, module: str) -> str | None:
        name = module.lstrip(".")
        dots = len(module) - len(name)
        if dots:
            folder = posixpath.dirname(path)
            for _ in range(dots - 1):
                folder = posixpath.dirname(folder)
            stem = posixpath.join(folder, name.replace(".", "/")).rstrip("/")
            options = (f"{stem}.py", f"{stem}/__init__.py", f"{stem}.pyi")
            return next((one for one in options if one in self.files.blobs), None)
        found = self.python.get(name, [])
        if len(found) > 1:
            sibling = posixpath.join(posixpath.dirname(path), name.replace(".", "/") + ".py")
            if sibling in found:
                return sibling
            found = sorted(found, key=lambda one: (not one.endswith(".py"), -_shared(one, path), len(one)))
        return found[0] if found else self._python_sibling(path, name)

    def _python_sibling(self, path: str, name: str) -> str | None:
        """A script's neighbour: the folder of a script is on its path."""
        stem = posixpath.join(posixpath.dirname(path), name.replace(".", "/"))
        return next((one for one in (f"{stem}.py", f"{stem}/__init__.py") if one in self.files.blobs), None)

    def _find_script(self, path: str, module: str) -> str | None:
        if module.startswith("."):
            stems = [posixpath.normpath(posixpath.join(posixpath.dirname(path), module))]
        else:
            bare = module.removeprefix("@/").removeprefix("~/")
            stems = list(aliased(self.files, path, module))
            stems += [bare, "src/" + bare] if bare != module or "/" in module else []
        for stem in stems:
            if stem in self.files.blobs:
                return stem
            head, ending = posixpath.splitext(stem)
            options = [head + one for one in _SCRIPT_OUTPUTS.get(ending, ())]
            options += [stem + one for one in _SCRIPT_ENDINGS]
            options += [f"{stem}/index{one}" for one in _SCRIPT_ENDINGS]
            for option in options:
                if option in self.files.blobs:
                    return option
        return None

    def _find_go(self, module: str) -> str | None:
        for name, folder in self.go_roots:
            if module == name or module.startswith(name + "/"):
                key = posixpath.join(folder, module[len(name) + 1 :]).rstrip("/") + "/"
                return key if key in self.members else None
        if self.go_roots:
            return None
        found = [
            key
            for key in self.packages.get(posixpath.basename(module), ())
            if not key.endswith("_test") and ("/" + module).endswith("/" + key.rstrip("/"))
        ]
        return max(found, key=len, default=None)


def _go_roots(files: Files) -> tuple[tuple[str, str], ...]:
    """(module path, folder) of every go.mod, the longest path first."""
    found = []
    for path, blob in files.settings.items():
        named = _GO_MODULE.search(files.tables.view.blob(blob)) if path.endswith("go.mod") else None
        if named is not None:
            found.append((named[1].decode("utf-8", "replace"), posixpath.dirname(path)))
    return tuple(sorted(found, key=lambda one: -len(one[0])))


def _copied(lists: dict[str, list[str]]) -> dict[str, list[str]]:
    return defaultdict(list, {name: list(paths) for name, paths in lists.items()})


def _shared(one: str, other: str) -> int:
    return len(posixpath.commonprefix([one, other]))
