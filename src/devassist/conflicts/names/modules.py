"""Modules: which files make up one namespace, and which module an import means."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from devassist.conflicts.names.blob_tables import Files
from devassist.conflicts.names.overlay_map import Groups
from devassist.conflicts.names.rust_paths import crate_of, find_rust
from devassist.conflicts.names.script_paths import aliased
from devassist.conflicts.syntax.languages import LanguageFamily, family_of

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
    python: Groups = field(default_factory=Groups)
    """Dotted names -> paths."""
    members: Groups = field(default_factory=Groups)
    """Keys of modules that may have many files -> these."""
    packages: Groups = field(default_factory=Groups)
    """Last part of a Go package's path -> keys."""
    crates: dict[str, str] = field(default_factory=dict)
    """Names of Rust libraries in code -> their root folders."""
    go_roots: tuple[tuple[str, str], ...] = ()
    """(module path, folder) of every go.mod, the longest path first."""
    _folders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def over(cls, files: Files) -> Self:
        modules = cls(files, go_roots=_go_roots(files))
        for path in files.blobs:
            modules.enter(path)
        return modules

    def derived(self, files: Files, changes: Iterable[str]) -> Self:
        """The modules of `files`, of which only `changes` differ. Unchanged ones are shared."""
        modules = type(self)(files, self.python, self.members, self.packages, self.crates, self.go_roots)
        moved = {path for path in changes if self.place(path) != modules.place(path)}
        for path in [path for path in moved if path.endswith("__init__.py")]:
            below = posixpath.dirname(path) + "/"  # The names of everything below it may differ.
            for blobs in (self.files.blobs, files.blobs):
                moved |= {other for other in blobs if below == "/" or other.startswith(below)}
        if moved:
            modules.python, modules.members = self.python.layer(), self.members.layer()
            modules.packages, modules.crates = self.packages.layer(), dict(self.crates)
        for path in sorted(moved):
            if path in self.files.blobs:
                self.leave(path, modules)
            if path in files.blobs:
                modules.enter(path)
        return modules

    def place(self, path: str) -> str | None:
        return self.key(path) if path in self.files.blobs else None

    def leave(self, path: str, modules: Modules) -> None:
        family = family_of(path)
        if family is LanguageFamily.PYTHON:
            for name in self.names_of(path):
                modules.python.drop(name, path)
        elif family in (LanguageFamily.GO, LanguageFamily.JAVA):
            key = self.key(path)
            modules.members.drop(key, path)
            if family is LanguageFamily.GO and not modules.members.of(key):
                modules.packages.drop(posixpath.basename(posixpath.dirname(path)), key)
        elif family is LanguageFamily.RUST and (crate := crate_of(self.files, path)) is not None:
            modules.crates.pop(crate[0], None)

    def enter(self, path: str) -> None:
        family = family_of(path)
        if family is LanguageFamily.PYTHON:
            for name in self.names_of(path):
                self.python.add(name, path)
        elif family in (LanguageFamily.GO, LanguageFamily.JAVA):
            key = self.key(path)
            if family is LanguageFamily.GO and not self.members.of(key):
                self.packages.add(posixpath.basename(posixpath.dirname(path)), key)
            self.members.add(key, path)
        elif family is LanguageFamily.RUST and (crate := crate_of(self.files, path)) is not None:
            self.crates[crate[0]] = crate[1]

    def names_of(self, path: str) -> Iterable[str]:
        stem = path.rpartition(".")[0].removesuffix("/__init__")
        names = {stem.replace("/", ".")}
        folder = self._outside(posixpath.dirname(stem if path.endswith("__init__.py") else path))
        names.add(stem[len(folder) :].lstrip("/").replace("/", "."))
        names |= {stem.removeprefix(root).replace("/", ".") for root in _SOURCE_ROOTS}
        return names

    def _outside(self, folder: str) -> str:
        """The nearest folder that is no package."""
        outside = self._folders.get(folder)
        if outside is None:
            inside = folder and f"{folder}/__init__.py" in self.files.blobs
            outside = self._outside(posixpath.dirname(folder)) if inside else folder
            self._folders[folder] = outside
        return outside

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
        return list(self.members.of(key)) or ([key] if key in self.files.blobs else [])

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
        match family_of(path):
            case LanguageFamily.PYTHON:
                return self._find_python(path, module)
            case LanguageFamily.SCRIPT:
                return self._find_script(path, module)
            case LanguageFamily.GO:
                return self._find_go(module)
            case LanguageFamily.JAVA:
                return "java:" + module if self.members.of("java:" + module) else None
            case LanguageFamily.RUST:
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
            return next((candidate for candidate in options if candidate in self.files.blobs), None)
        candidates = self.python.of(name)
        if len(candidates) > 1:
            sibling = posixpath.join(posixpath.dirname(path), name.replace(".", "/") + ".py")
            if sibling in candidates:
                return sibling
            candidates = sorted(
                candidates,
                key=lambda candidate: (
                    not candidate.endswith(".py"),
                    -_shared(candidate, path),
                    len(candidate),
                ),
            )
        return candidates[0] if candidates else self._python_sibling(path, name)

    def _python_sibling(self, path: str, name: str) -> str | None:
        """A script's neighbour: the folder of a script is on its path."""
        stem = posixpath.join(posixpath.dirname(path), name.replace(".", "/"))
        return next(
            (
                candidate
                for candidate in (f"{stem}.py", f"{stem}/__init__.py")
                if candidate in self.files.blobs
            ),
            None,
        )

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
            options = [head + suffix for suffix in _SCRIPT_OUTPUTS.get(ending, ())]
            options += [stem + suffix for suffix in _SCRIPT_ENDINGS]
            options += [f"{stem}/index{suffix}" for suffix in _SCRIPT_ENDINGS]
            for option in options:
                if option in self.files.blobs:
                    return option
        return None

    def _find_go(self, module: str) -> str | None:
        for name, folder in self.go_roots:
            if module == name or module.startswith(name + "/"):
                key = posixpath.join(folder, module[len(name) + 1 :]).rstrip("/") + "/"
                return key if self.members.of(key) else None
        if self.go_roots:
            return None
        keys = [
            key
            for key in self.packages.of(posixpath.basename(module))
            if not key.endswith("_test") and ("/" + module).endswith("/" + key.rstrip("/"))
        ]
        return max(keys, key=len, default=None)


def _go_roots(files: Files) -> tuple[tuple[str, str], ...]:
    """(module path, folder) of every go.mod, the longest path first."""
    roots = []
    for path, blob in files.settings.items():
        named = _GO_MODULE.search(files.tables.view.blob(blob)) if path.endswith("go.mod") else None
        if named is not None:
            roots.append((named[1].decode("utf-8", "replace"), posixpath.dirname(path)))
    return tuple(sorted(roots, key=lambda root: -len(root[0])))


def _shared(path: str, other: str) -> int:
    return len(posixpath.commonprefix([path, other]))
