"""The requirements of Python projects: pyproject.toml (PEP 621, groups, Poetry), Pipfile, requirements files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from devassist.conflicts.manifests.facts import Fact, Family, basename
from devassist.conflicts.manifests.text import TomlLine, toml_line, toml_lines
from devassist.conflicts.syntax.documents import Document, as_table, parse_toml, table

_REQUIREMENTS = re.compile(
    r"((dev|test|tests|doc|docs|prod|base|lint|ci)[-_])?(requirements|constraints)([-_.].*)?\.(txt|in)|requires\.txt"
)
_IN_DIRECTORY = re.compile(r"(^|/)(requirements|reqs|constraints)/[^/]+\.(txt|in)$")
_INCLUDE = re.compile(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonRequirement(Fact):
    """`source` is where it comes from if not from an index; `group` the extra or group that it belongs to."""

    family: Family = Family.PYTHON
    specifier: str = field(compare=False)
    marker: str = field(compare=False)
    source: str = field(compare=False)
    group: str = field(compare=False)


def is_requirements(path: str) -> bool:
    return bool(_REQUIREMENTS.fullmatch(basename(path)) or _IN_DIRECTORY.search(path))


def is_python_manifest(path: str) -> bool:
    return basename(path) in {"pyproject.toml", "Pipfile"} or is_requirements(path)


def python_requirements(path: str, text: str) -> Iterator[Fact]:
    """Every requirement of a manifest; `value` is its specifier and marker."""
    name = basename(path)
    if is_requirements(path):
        yield from _requirement_lines(path, text)
    elif name in {"pyproject.toml", "Pipfile"}:
        document = parse_toml(text)
        source = _Toml(path, list(toml_lines(text)))
        yield from source.pipfile(document) if name == "Pipfile" else source.pyproject(document)


def includes(text: str) -> list[str]:
    """The files that a requirements file includes with -r or -c."""
    return [include[1] for include in map(_INCLUDE.match, text.split("\n")) if include]


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
        requirement = _pep508(path, stated, start, "") if stated and not stated.startswith("-") else None
        if requirement is not None:
            yield requirement


def _pep508(path: str, text: str, line: int, group: str) -> PythonRequirement | None:
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

    def fact(self, path: str, name: str, line: int) -> PythonRequirement:
        return PythonRequirement(
            key=str(canonicalize_name(name)),
            value=" ; ".join(filter(None, [self.specifier or self.source or "any version", self.marker])),
            path=path,
            line=line,
            specifier=self.specifier,
            marker=self.marker,
            source=self.source,
            group=self.group,
        )


@dataclass(frozen=True, slots=True)
class _Toml:
    path: str
    lines: list[TomlLine]

    def pyproject(self, document: Document) -> Iterator[Fact]:
        project = table(document, "project")
        version = project.get("requires-python")
        if isinstance(version, str):
            line = toml_line(self.lines, "project.requires-python")
            yield _Stated(version, "", "", "").fact(self.path, "python", line)
        yield from self._listed("project.dependencies", project.get("dependencies"), "")
        for section, groups in (
            ("project.optional-dependencies", table(project, "optional-dependencies")),
            ("dependency-groups", table(document, "dependency-groups")),
        ):
            for group, listed in groups.items():
                yield from self._listed(f"{section}.{group}", listed, group)
        yield from self._listed(
            "build-system.requires", table(document, "build-system").get("requires"), "build"
        )
        yield from self._poetry(table(table(document, "tool"), "poetry"))

    def pipfile(self, document: Document) -> Iterator[Fact]:
        yield from self._keyed("packages", document.get("packages"), "")
        yield from self._keyed("dev-packages", document.get("dev-packages"), "dev")

    def _poetry(self, poetry: Document) -> Iterator[Fact]:
        yield from self._keyed("tool.poetry.dependencies", poetry.get("dependencies"), "")
        yield from self._keyed("tool.poetry.dev-dependencies", poetry.get("dev-dependencies"), "dev")
        for group in table(poetry, "group"):
            below = table(table(poetry, "group"), group).get("dependencies")
            yield from self._keyed(f"tool.poetry.group.{group}.dependencies", below, group)

    def _listed(self, where: str, listed: object, group: str) -> Iterator[Fact]:
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, str):
                requirement = _pep508(self.path, item, toml_line(self.lines, where, item), group)
                if requirement is not None:
                    yield requirement

    def _keyed(self, where: str, keyed: object, group: str) -> Iterator[Fact]:
        for name, value in as_table(keyed).items():
            line = toml_line(self.lines, f"{where}.{name}")
            for entry in value if isinstance(value, list) else [value]:
                stated = _poetry_value(entry, group)
                if stated is not None:
                    yield stated.fact(self.path, name, line)


def _poetry_value(value: object, group: str) -> _Stated | None:
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
