"""What package.json, Cargo.toml and go.mod require."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from devassist.conflicts.manifests.facts import Fact, Family, basename
from devassist.conflicts.manifests.text import TomlLine, json_line, toml_line, toml_lines

_NPM = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "overrides",
    "resolutions",
)
_CARGO = ("dependencies", "dev-dependencies", "build-dependencies")
_GO_LINE = re.compile(
    r"(?P<old>\S+)(?:\s+(?P<version>v\S+))?\s*(?:=>\s*(?P<new>\S+)(?:\s+(?P<pinned>v\S+))?)?\s*$"
)
_MAJOR = re.compile(r"(/v\d+|\.v\d+)$")


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


def load_json(text: str) -> Mapping[str, Any]:
    """The object in a JSON file; nothing when it is malformed or something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _npm(path: str, text: str) -> Iterator[Fact]:
    document = load_json(text)
    for section in _NPM:
        table = document.get(section)
        for name, asked in _flat(table if isinstance(table, dict) else {}):
            line = json_line(text, section, *name.split(">"))
            yield Fact(
                family=Family.NPM,
                key=name,
                value=asked,
                path=path,
                line=line,
                detail={"section": section},
            )


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Overrides may be nested: `a>b` is the b below a."""
    for name, asked in table.items():
        inner = above if name == "." else f"{above}>{name}" if above else str(name)
        if isinstance(asked, str):
            yield inner, asked
        elif isinstance(asked, dict) and inner.count(">") < 5:  # noqa: PLR2004  deep enough
            yield from _flat(asked, inner)


def _cargo(path: str, text: str) -> Iterator[Fact]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    lines = list(toml_lines(text))
    yield from _crates(path, lines, "", document)
    workspace = document.get("workspace")
    if isinstance(workspace, dict):
        yield from _crates(path, lines, "workspace.", workspace)
    targets = document.get("target")
    for target, tables in targets.items() if isinstance(targets, dict) else ():
        if isinstance(tables, dict):
            yield from _crates(path, lines, f"target.{target}.", tables)


def _crates(path: str, lines: list[TomlLine], above: str, tables: Mapping[str, Any]) -> Iterator[Fact]:
    for section in _CARGO:
        table = tables.get(section)
        for name, asked in table.items() if isinstance(table, dict) else ():
            detail = _crate(asked)
            if detail is not None:
                yield Fact(
                    family=Family.CARGO,
                    key=f"{above}{name}" if above.startswith("workspace") else str(name),
                    value=", ".join(f"{part} {stated}" for part, stated in detail.items() if stated) or "any",
                    path=path,
                    line=toml_line(lines, f"{above}{section}.{name}"),
                    detail={**detail, "name": name, "section": f"{above}{section}"},
                )


def _crate(asked: Any) -> dict[str, str] | None:
    if isinstance(asked, str):
        asked = {"version": asked}
    if not isinstance(asked, dict) or asked.get("workspace") is True:
        return None
    features = asked.get("features")
    source = [
        f"{key}={asked[key]}" for key in ("git", "path", "registry", "rev", "tag", "branch") if key in asked
    ]
    return {
        "version": str(asked.get("version", "")),
        "package": str(asked.get("package", "")),
        "source": " ".join(source),
        "features": " ".join(sorted(map(str, features))) if isinstance(features, list) else "",
        "default-features": str(asked.get("default-features", asked.get("default_features", ""))),
    }


def _go(path: str, text: str) -> Iterator[Fact]:
    block = ""
    for number, line in enumerate(text.split("\n"), 1):
        stated = line.split("//")[0].strip()
        opened = re.fullmatch(r"(\w+)\s*\(", stated)
        if opened or stated == ")":
            block = opened[1] if opened else ""
            continue
        verb, _, rest = (block, "", stated) if block else stated.partition(" ")
        found = _GO_LINE.fullmatch(rest.strip())
        if found is None or verb not in {"require", "replace", "exclude"}:
            continue
        parts = found.groupdict(default="")
        target = f"{parts['new']} {parts['pinned']}".strip()
        yield Fact(
            family=Family.GO,
            key=_MAJOR.sub("", parts["old"]),
            value=f"{verb} {parts['old']} {target or parts['version']}",
            path=path,
            line=number,
            detail={"verb": verb, "module": parts["old"], "version": parts["version"], "target": target},
        )
