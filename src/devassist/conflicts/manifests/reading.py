"""All facts of a file, by the kind of file. Pure; a malformed file has fewer facts and never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from devassist.conflicts.manifests.commands import (
    entry_points,
    make_targets,
    python_commands,
    script_commands,
)
from devassist.conflicts.manifests.facts import DroppedModule, Fact, Family, ModuleUse, basename, is_test
from devassist.conflicts.manifests.go import go_facts
from devassist.conflicts.manifests.locks import is_generated, is_lock
from devassist.conflicts.manifests.module import parse_module
from devassist.conflicts.manifests.packages import package_requirements
from devassist.conflicts.manifests.proto import proto_fields
from devassist.conflicts.manifests.python import is_python_manifest, python_requirements
from devassist.conflicts.manifests.routes import python_routes
from devassist.conflicts.manifests.script import script_routes
from devassist.conflicts.manifests.settings import (
    config_values,
    is_dotenv,
    is_settings,
    python_defaults,
    text_defaults,
)
from devassist.conflicts.manifests.spring import spring_routes
from devassist.conflicts.manifests.text import Lines

_PACKAGES = {"package.json", "Cargo.toml", "go.mod"}
_SCRIPT = re.compile(r"\.(?:[cm]?[jt]s|[jt]sx)$")
_CONFIG = re.compile(r"\.(?:toml|ya?ml|ini|cfg|properties)$")
_TEXT_DEFAULTS = re.compile(
    r"\.(?:[cm]?[jt]s|[jt]sx|sh|bash)$|(^|/)((docker-)?compose[\w.-]*\.ya?ml|Dockerfile[\w.-]*)$"
)
_MAKEFILE = re.compile(r"(^|/)(GNUm|[Mm])akefile$|\.mk$")
_PYTHON_HINT = re.compile(
    r"^\s*@[\w.]+\.(?:route|api_route|websocket\w*|get|post|put|delete|patch|head|options|trace|command|group)\b"
    r"|\.(?:add_\w+|register)\(|environ|getenv|\b(?:env|config)(?:\.\w+)?\(",
    re.MULTILINE,
)
_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+(?P<names>[\w.][\w., \t]*)|from[ \t]+(?P<origin>[A-Za-z_][\w.]*)[ \t]+import\b)",
    re.MULTILINE,
)
_READ = re.compile(
    r"\.(?:py|[cm]?[jt]s|[jt]sx|go|java|kt|proto|toml|ya?ml|ini|cfg|properties|sh|bash|mk)$"
    r"|(^|/)(?:(?:GNUm|[Mm])akefile|Dockerfile[\w.-]*|package\.json|go\.mod)$"
)
_VENDORED = re.compile(r"(^|/)(node_modules|vendor|third_party|\.venv|site-packages|dist|build)/|\.min\.js$")

MODULE_NAMES = {
    "pyyaml": "yaml",
    "pillow": "PIL",
    "beautifulsoup4": "bs4",
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "opencv-python": "cv2",
    "python-dateutil": "dateutil",
    "python-dotenv": "dotenv",
    "attrs": "attr",
    "psycopg2-binary": "psycopg2",
    "pyjwt": "jwt",
    "protobuf": "google.protobuf",
    "gitpython": "git",
    "pyserial": "serial",
    "mysqlclient": "MySQLdb",
    "setuptools": "pkg_resources",
    "djangorestframework": "rest_framework",
    "msgpack-python": "msgpack",
    "pycryptodome": "Crypto",
}
"""Distributions whose module has another name."""


@lru_cache(maxsize=65_536)
def is_read(path: str) -> bool:
    """Whether a file of this name may have facts; others need not be opened."""
    if _VENDORED.search(path) or is_lock(path):
        return False
    return bool(_READ.search(path)) or is_python_manifest(path) or is_dotenv(path)


def facts_of(path: str, text: str) -> Iterator[Fact]:
    """The facts of a file, except those of lock files and migrations."""
    if not is_read(path):
        return
    name = basename(path)
    if is_python_manifest(path) and not is_generated(path, text):
        yield from python_requirements(path, text)
    if name == "pyproject.toml":
        yield from entry_points(path, text)
    if name in _PACKAGES:
        yield from package_requirements(path, text)
    if name == "package.json":
        yield from script_commands(path, text)
    if path.endswith(".proto"):
        yield from proto_fields(path, text)
    if _MAKEFILE.search(path):
        yield from make_targets(path, text)
    if not is_test(path):
        yield from _of_the_product(path, text)


def _of_the_product(path: str, text: str) -> Iterator[Fact]:
    if path.endswith(".py"):
        yield from _imports(path, text)
        # Parsing is most of the work, and most modules have no facts.
        hinted = _PYTHON_HINT.search(text) or is_settings(path) or basename(path).startswith("urls")
        module = parse_module(path, text) if hinted else None
        if module is not None:
            yield from python_routes(module)
            yield from python_commands(module)
            yield from python_defaults(module)
    if _SCRIPT.search(path):
        yield from script_routes(path, text)
    if path.endswith((".java", ".kt")):
        yield from spring_routes(path, text)
    if path.endswith(".go"):
        yield from go_facts(path, text)
    if _TEXT_DEFAULTS.search(path) or is_dotenv(path):
        yield from text_defaults(path, text)
    if _CONFIG.search(path):
        yield from config_values(path, text)


def _imports(path: str, text: str) -> Iterator[Fact]:
    """Lines that look like imports; they are verified if another branch drops the requirement."""
    lines = Lines(text)
    for statement in _IMPORT.finditer(text):
        stated = statement["origin"] or statement["names"]
        names = [part.split()[0] for part in stated.split(",") if part.strip()]
        for key in {key for name in names for key in (name.partition(".")[0], ".".join(name.split(".")[:2]))}:
            line = lines.at(statement.start(statement.lastgroup or 0))
            yield Fact(family=Family.MODULE, key=key, value=ModuleUse.IMPORTED, path=path, line=line)


def dropped(requirement: Fact) -> DroppedModule:
    """The fact that a branch no longer has a requirement of the base."""
    name = requirement.key
    return DroppedModule(
        key=MODULE_NAMES.get(name, name.replace("-", "_")),
        path=requirement.path,
        line=requirement.line,
        requirement=name,
    )
