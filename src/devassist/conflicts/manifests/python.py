"""What Python projects require: pyproject.toml (PEP 621, groups, Poetry), Pipfile, requirements and constraints."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from devassist.conflicts.manifests.facts import Fact, Family, basename
from devassist.conflicts.manifests.text import TomlLine, toml_line, toml_lines

_REQUIREMENTS = re.compile(
    r"((dev|test|tests|doc|docs|prod|base|lint|ci)[-_])?(requirements|constraints)([-_.].*)?\.(txt|in)|requires\.txt"
)
_IN_DIRECTORY = re.compile(r"(^|/)(requirements|reqs|constraints)/[^/]+\.(txt|in)$")
_INCLUDE = re.compile(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")


def is_requirements(path: str) -> bool:
    return bool(_REQUIREMENTS.fullmatch(basename(path)) or _IN_DIRECTORY.search(path))


def is_python_manifest(path: str) -> bool:
    return basename(path) in {"pyproject.toml", "Pipfile"} or is_requirements(path)


def python_requirements(path: str, text: str) -> Iterator[Fact]:
    """Every requirement of a manifest; `value` is its specifier and marker, the group is a detail."""
    name = basename(path)
    if is_requirements(path):
        yield from _requirement_lines(path, text)
    elif name in {"pyproject.toml", "Pipfile"}:
        try:
            document = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return
        source = _Toml(path, list(toml_lines(text)))
        yield from source.pipfile(document) if name == "Pipfile" else source.pyproject(document)


def includes(text: str) -> list[str]:
    """The files that a requirements file takes in with -r or -c."""
    return [found[1] for found in map(_INCLUDE.match, text.split("\n")) if found]


def _requirement_lines(path: str, text: str) -> Iterator[Fact]:
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        start = start if pending else number
        pending += re.sub(r"(^|\s+)#.*$", "", line)
        if pending.endswith("\\"):
            pending = pending[:-1] + " "
            continue
        stated = re.sub(r"\s--?[a-z][\w-]*([ =]\S+)?", "", " " + pending).strip()
        pending = ""
        found = _pep508(path, stated, start, "") if stated and not stated.startswith("-") else None
        if found is not None:
            yield found


def _pep508(path: str, text: str, line: int, group: str) -> Fact | None:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return None
    marker = str(wanted.marker or "")
    stated = _Stated(str(wanted.specifier), marker, wanted.url or "", group)
    return stated.fact(path, wanted.name, line)


@dataclass(frozen=True, slots=True)
class _Stated:
    specifier: str
    marker: str
    source: str
    group: str

    def fact(self, path: str, name: str, line: int) -> Fact:
        return Fact(
            family=Family.PYTHON,
            key=str(canonicalize_name(name)),
            value=" ; ".join(filter(None, [self.specifier or self.source or "any version", self.marker])),
            path=path,
            line=line,
            detail={
                "specifier": self.specifier,
                "marker": self.marker,
                "source": self.source,
                "group": self.group,
            },
        )


@dataclass(frozen=True, slots=True)
class _Toml:
    path: str
    lines: list[TomlLine]

    def pyproject(self, document: Mapping[str, Any]) -> Iterator[Fact]:
        project = _table(document, "project")
        asked = project.get("requires-python")
        if isinstance(asked, str):
            line = toml_line(self.lines, "project.requires-python")
            yield _Stated(asked, "", "", "").fact(self.path, "python", line)
        yield from self._listed("project.dependencies", project.get("dependencies"), "")
        for table, groups in (
            ("project.optional-dependencies", _table(project, "optional-dependencies")),
            ("dependency-groups", _table(document, "dependency-groups")),
        ):
            for group, listed in groups.items():
                yield from self._listed(f"{table}.{group}", listed, group)
        yield from self._listed(
            "build-system.requires", _table(document, "build-system").get("requires"), "build"
        )
        yield from self._poetry(_table(_table(document, "tool"), "poetry"))

    def pipfile(self, document: Mapping[str, Any]) -> Iterator[Fact]:
        yield from self._keyed("packages", document.get("packages"), "")
        yield from self._keyed("dev-packages", document.get("dev-packages"), "dev")

    def _poetry(self, poetry: Mapping[str, Any]) -> Iterator[Fact]:
        yield from self._keyed("tool.poetry.dependencies", poetry.get("dependencies"), "")
        yield from self._keyed("tool.poetry.dev-dependencies", poetry.get("dev-dependencies"), "dev")
        for group in _table(poetry, "group"):
            below = _table(_table(poetry, "group"), group).get("dependencies")
            yield from self._keyed(f"tool.poetry.group.{group}.dependencies", below, group)

    def _listed(self, where: str, listed: Any, group: str) -> Iterator[Fact]:
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, str):
                found = _pep508(self.path, item, toml_line(self.lines, where, item), group)
                if found is not None:
                    yield found

    def _keyed(self, where: str, table: Any, group: str) -> Iterator[Fact]:
        for name, value in table.items() if isinstance(table, dict) else ():
            line = toml_line(self.lines, f"{where}.{name}")
            for entry in value if isinstance(value, list) else [value]:
                stated = _poetry_value(entry, group)
                if stated is not None:
                    yield stated.fact(self.path, name, line)


def _poetry_value(value: Any, group: str) -> _Stated | None:
    if isinstance(value, str):
        return _Stated("" if value == "*" else value, "", "", group)
    if not isinstance(value, dict):
        return None
    source = next((f"{key} {value[key]}" for key in ("git", "path", "url", "file") if key in value), "")
    revision = next((f" {value[key]}" for key in ("rev", "tag", "branch", "ref") if key in value), "")
    marker = str(value.get("markers", ""))
    python = str(value.get("python", ""))
    if re.fullmatch(r"\s*(?:[<>=!]=?\s*\d[\d.]*\s*,?\s*)+", python):
        clauses = re.findall(r"([<>=!]=?)\s*(\d[\d.]*)", python)
        inside = " and ".join(
            f"python_version {'==' if op == '=' else op} '{number}'" for op, number in clauses
        )
        marker = f"({marker}) and {inside}" if marker else inside
    version = str(value.get("version", ""))
    return _Stated("" if version == "*" else version, marker, source + revision if source else "", group)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}
