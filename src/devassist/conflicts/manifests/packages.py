"""The requirements of package.json, Cargo.toml and go.mod."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from devassist.conflicts.manifests.facts import Fact, Family, basename
from devassist.conflicts.manifests.text import TomlLine, json_line, toml_line, toml_lines
from devassist.conflicts.syntax.documents import Document, as_table, parse_json, parse_toml, table

_NPM = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "overrides",
    "resolutions",
)
_CARGO = ("dependencies", "dev-dependencies", "build-dependencies")
_CARGO_SOURCES = ("git", "path", "registry", "rev", "tag", "branch")
_GO_LINE = re.compile(
    r"(?P<old>\S+)(?:\s+(?P<version>v\S+))?\s*(?:=>\s*(?P<new>\S+)(?:\s+(?P<pinned>v\S+))?)?\s*$"
)
_MAJOR = re.compile(r"(/v\d+|\.v\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class NpmRequirement(Fact):
    family: Family = Family.NPM
    section: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CargoRequirement(Fact):
    """`section` is the whole name of its table; `package` its own name if it is called another here."""

    family: Family = Family.CARGO
    name: str = field(compare=False)
    section: str = field(compare=False)
    version: str = field(compare=False)
    package: str = field(compare=False)
    source: str = field(compare=False)
    default_features: str = field(compare=False)


class GoVerb(StrEnum):
    REQUIRE = "require"
    REPLACE = "replace"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoRequirement(Fact):
    """A directive of go.mod about `module`."""

    family: Family = Family.GO
    verb: GoVerb = field(compare=False)
    module: str = field(compare=False)
    version: str = field(compare=False)


_GO_VERBS = frozenset(GoVerb)


def package_requirements(path: str, text: str) -> Iterator[Fact]:
    match basename(path):
        case "package.json":
            yield from _npm(path, text)
        case "Cargo.toml":
            yield from _cargo(path, text)
        case "go.mod":
            yield from _go(path, text)
        case _:
            return


def _npm(path: str, text: str) -> Iterator[NpmRequirement]:
    document = parse_json(text)
    for section in _NPM:
        for name, version in _flat(table(document, section)):
            line = json_line(text, section, *name.split(">"))
            yield NpmRequirement(key=name, value=version, path=path, line=line, section=section)


def _flat(required: Document, above: str = "") -> Iterator[tuple[str, str]]:
    """Packages with their versions. Overrides may be nested: `a>b` is the b below a."""
    for name, version in required.items():
        inner = above if name == "." else f"{above}>{name}" if above else name
        if isinstance(version, str):
            yield inner, version
        elif inner.count(">") < 5:  # noqa: PLR2004  deep enough
            yield from _flat(as_table(version), inner)


def _cargo(path: str, text: str) -> Iterator[CargoRequirement]:
    document = parse_toml(text)
    lines = list(toml_lines(text))
    yield from _crates(path, lines, "", document)
    yield from _crates(path, lines, "workspace.", table(document, "workspace"))
    for target, tables in table(document, "target").items():
        yield from _crates(path, lines, f"target.{target}.", as_table(tables))


def _crates(path: str, lines: list[TomlLine], above: str, tables: Document) -> Iterator[CargoRequirement]:
    for section in _CARGO:
        for name, value in table(tables, section).items():
            crate = {"version": value} if isinstance(value, str) else as_table(value)
            if not isinstance(value, str | dict) or crate.get("workspace") is True:
                continue
            parts = _crate_parts(crate)
            yield CargoRequirement(
                key=f"{above}{name}" if above.startswith("workspace") else name,
                value=", ".join(f"{part} {stated}" for part, stated in parts.items() if stated) or "any",
                path=path,
                line=toml_line(lines, f"{above}{section}.{name}"),
                name=name,
                section=f"{above}{section}",
                version=parts["version"],
                package=parts["package"],
                source=parts["source"],
                default_features=parts["default-features"],
            )


def _crate_parts(crate: Document) -> dict[str, str]:
    """The parts of a requirement as text; those that it does not state are empty."""
    features = crate.get("features")
    return {
        "version": str(crate.get("version", "")),
        "package": str(crate.get("package", "")),
        "source": " ".join(f"{key}={crate[key]}" for key in _CARGO_SOURCES if key in crate),
        "features": " ".join(sorted(map(str, features))) if isinstance(features, list) else "",
        "default-features": str(crate.get("default-features", crate.get("default_features", ""))),
    }


def _go(path: str, text: str) -> Iterator[GoRequirement]:
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        stated = line.split("//")[0].strip()
        opened = re.fullmatch(r"(\w+)\s*\(", stated)
        if opened or stated == ")":
            block = opened[1] if opened else ""
            continue
        verb, _, rest = (block, "", stated) if block else stated.partition(" ")
        directive = _GO_LINE.fullmatch(rest.strip())
        if directive is None or verb not in _GO_VERBS:
            continue
        parts = directive.groupdict(default="")
        target = f"{parts['new']} {parts['pinned']}".strip()
        yield GoRequirement(
            key=_MAJOR.sub("", parts["old"]),
            value=f"{verb} {parts['old']} {target or parts['version']}",
            path=path,
            line=number,
            verb=GoVerb(verb),
            module=parts["old"],
            version=parts["version"],
        )
