"""Resolves Rust paths to files: modules of a crate, other crates of the workspace, names that Cargo.toml gives them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from devassist.conflicts.names.blob_tables import Files
from devassist.conflicts.syntax.documents import parse_toml, table

_ROOTS = ("lib.rs", "main.rs")
_HERE = ("crate", "self", "super")


class _Cargo(NamedTuple):
    """`name` of the library; `aliases` are names of dependencies here -> their own."""

    name: str = ""
    library: str = ""
    aliases: Mapping[str, str] = {}


def crate_of(files: Files, path: str) -> tuple[str, str] | None:
    """(name in code, root folder) of the library whose root `path` is; None for any other file."""
    if not path.endswith("lib.rs"):
        return None
    root = posixpath.dirname(path)
    home = _home(root)
    cargo = _cargo(files, home)
    if posixpath.basename(path) != "lib.rs" and cargo.library != path.removeprefix(f"{home}/"):
        return None
    name = cargo.name or posixpath.basename(home)
    return (name.replace("-", "_"), root) if name else None


def find_rust(files: Files, crates: Mapping[str, str], path: str, module: str) -> str | None:
    """The file of `module` (dotted: crate.a.b, super.x, self.y, or names of a crate), if this tree has it."""
    parts = module.split(".")
    root = _root(path, files.blobs)
    own = _folder(path, root)
    if parts[0] in _HERE:
        folder = root if parts[0] == "crate" else own
        while parts and parts[0] in _HERE:
            folder = posixpath.dirname(folder) if parts[0] == "super" else folder
            parts = parts[1:]
        return _file(files, folder, parts)
    submodule = _file(files, own, parts)
    if submodule is not None:
        return submodule
    name = _cargo(files, _home(root)).aliases.get(parts[0], parts[0])
    other = crates.get(name)
    if other is not None:
        return _file(files, other, parts[1:])
    nameless = not posixpath.dirname(root) and not _cargo(files, "").name
    if nameless and f"{root}/lib.rs" in files.blobs and path != f"{root}/lib.rs":
        return _file(files, root, parts[1:]) if len(parts) > 1 or not path.startswith(root + "/") else None
    return None


def _file(files: Files, folder: str, parts: list[str]) -> str | None:
    stem = posixpath.join(folder, *parts)
    candidates = [f"{stem}.rs", f"{stem}/mod.rs"]
    if not parts:
        candidates += [f"{stem}/{root}" for root in _ROOTS]
    return next((path for path in candidates if path in files.blobs), None)


def _home(root: str) -> str:
    """The folder of a crate's Cargo.toml, from the folder of its lib.rs."""
    return posixpath.dirname(root) if posixpath.basename(root) == "src" else root


def _root(path: str, blobs: Mapping[str, str]) -> str:
    """The folder of the crate's lib.rs or main.rs."""
    folder = posixpath.dirname(path)
    while True:
        for candidate in (folder, posixpath.join(folder, "src")):
            for name in _ROOTS:
                if posixpath.join(candidate, name) in blobs:
                    return candidate
        if not folder:
            return "src"
        folder = posixpath.dirname(folder)


def _folder(path: str, root: str) -> str:
    """The folder of the submodules of the module in `path`."""
    name = posixpath.basename(path)
    if name in ("mod.rs", *_ROOTS):
        return posixpath.dirname(path)
    return path.removesuffix(".rs") if path.startswith(root) else posixpath.dirname(path)


def _cargo(files: Files, home: str) -> _Cargo:
    blob = files.settings.get(posixpath.join(home, "Cargo.toml"))
    return _Cargo() if blob is None else _read(files.tables.view.text(blob))


@lru_cache(maxsize=512)
def _read(text: str) -> _Cargo:
    document = parse_toml(text)
    package, library = table(document, "package"), table(document, "lib")
    aliases = {
        alias.replace("-", "_"): str(wanted["package"]).replace("-", "_")
        for section in ("dependencies", "dev-dependencies", "build-dependencies")
        for alias, wanted in table(document, section).items()
        if isinstance(wanted, dict) and "package" in wanted
    }
    name = library.get("name") or package.get("name") or ""
    return _Cargo(str(name), str(library.get("path", "")), aliases)
