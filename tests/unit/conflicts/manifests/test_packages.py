"""Requirements in package.json, Cargo.toml and go.mod on two branches."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    ERROR,
    NOTE,
    WARNING,
    Files,
    Workshop,
)


def package(**sections: str) -> dict[str, str | None]:
    tables = ",\n".join(f'  "{name}": {{{body}}}' for name, body in sections.items())
    return {"package.json": f"{{\n{tables}\n}}\n"}


def cargo(text: str) -> dict[str, str | None]:
    return {"Cargo.toml": f'[package]\nname = "x"\n{text}'}


def gomod(text: str) -> dict[str, str | None]:
    return {"go.mod": f"module example.org/x\n\ngo 1.22\n\n{text}"}


PACKAGES = {
    "npm empty": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": "^3.0.0"'),
        ERROR,
    ),
    "npm compatible": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": ">=2.4"'),
        NOTE,
    ),
    "npm same": (
        package(),
        package(dependencies='"lib": "^2.0.0"'),
        package(dependencies='"lib": "^2.0.0", "b": "1"'),
        [],
    ),
    "npm sections": (
        package(),
        package(dependencies='"lib": "^2"'),
        package(devDependencies='"lib": "~3.1"'),
        ERROR,
    ),
    "npm peers": (
        package(),
        package(peerDependencies='"lib": "^2"'),
        package(devDependencies='"lib": "3.x"'),
        WARNING,
    ),
    "npm overrides": (
        package(),
        package(overrides='"lib": "2.1.0"'),
        package(dependencies='"lib": "^3"'),
        ERROR,
    ),
    "npm nested override": (
        package(),
        package(overrides='"app": {"lib": "2.1.0"}'),
        package(dependencies='"lib": "^3"'),
        [],
    ),
    "npm alternatives": (
        package(),
        package(dependencies='"lib": "1.x || 3.x"'),
        package(dependencies='"lib": "2.5 - 3.1"'),
        NOTE,
    ),
    "npm tag": (
        package(),
        package(dependencies='"lib": "latest"'),
        package(dependencies='"lib": "^1"'),
        WARNING,
    ),
    "npm other package": (
        {},
        {"a/package.json": '{"dependencies": {"lib": "1"}}'},
        {"b/package.json": '{"dependencies": {"lib": "2"}}'},
        [],
    ),
    "npm malformed": (
        package(),
        {"package.json": '{"dependencies": {"lib": '},
        package(dependencies='"lib": "1"'),
        [],
    ),
    "npm not an object": (
        package(),
        {"package.json": '{"dependencies": ["lib"]}'},
        package(dependencies='"lib": "1"'),
        [],
    ),
    "cargo caret": (
        cargo(""),
        cargo('[dependencies]\nlib = "1.2"\n'),
        cargo('[dependencies]\nlib = { version = "2", features = ["a"] }\n'),
        ERROR,
    ),
    "cargo zero": (
        cargo(""),
        cargo('[dependencies]\nlib = "0.3"\n'),
        cargo('[dependencies]\nlib = "0.4.1"\n'),
        ERROR,
    ),
    "cargo compatible": (
        cargo(""),
        cargo('[dependencies]\nlib = "1.2"\n'),
        cargo('[dependencies]\nlib = "1.4"\n'),
        NOTE,
    ),
    "cargo features": (
        cargo(""),
        cargo('[dependencies]\nlib = { version = "1", features = ["a"] }\n'),
        cargo('[dependencies]\nlib = { version = "1", features = ["b"] }\n'),
        NOTE,
    ),
    "cargo default features": (
        cargo(""),
        cargo('[dependencies]\nlib = { version = "1", default-features = false }\n'),
        cargo('[dependencies]\nlib = "1.1"\n'),
        WARNING,
    ),
    "cargo workspace": (
        cargo(""),
        cargo('[workspace.dependencies]\nlib = "1"\n'),
        cargo('[workspace.dependencies]\nlib = "2"\n'),
        ERROR,
    ),
    "cargo inherits": (
        cargo(""),
        cargo("[dependencies]\nlib = { workspace = true }\n"),
        cargo("[dependencies]\nlib.workspace = true\n"),
        [],
    ),
    "cargo git": (
        cargo(""),
        cargo('[dependencies]\nlib = { git = "https://a" }\n'),
        cargo('[dependencies]\nlib = "2"\n'),
        WARNING,
    ),
    "cargo target": (
        cargo(""),
        cargo("[target.'cfg(unix)'.dependencies]\nlib = \"1\"\n"),
        cargo("[target.'cfg(windows)'.dependencies]\nlib = \"2\"\n"),
        WARNING,
    ),
    "go higher wins": (
        gomod(""),
        gomod("require a.org/lib v1.2.0\n"),
        gomod("require a.org/lib v1.3.0\n"),
        ["note dependency-clash a.org/lib"],
    ),
    "go block and comment": (
        gomod(""),
        gomod("require (\n\ta.org/lib v1.2.0 // indirect\n)\n"),
        gomod("require a.org/lib v1.2.0\n"),
        [],
    ),
    "go majors": (
        gomod(""),
        gomod("require a.org/lib v1.2.0\n"),
        gomod("require a.org/lib/v2 v2.0.0\n"),
        ["warning dependency-clash a.org/lib"],
    ),
    "go replace": (
        gomod(""),
        gomod("replace a.org/lib => ../lib\n"),
        gomod("replace a.org/lib => b.org/fork v1.0.0\n"),
        ["error dependency-clash a.org/lib"],
    ),
    "go replaced versions": (
        gomod(""),
        gomod("replace a.org/lib v1.0.0 => ../lib\n"),
        gomod("replace a.org/lib v1.1.0 => b.org/fork v1.0.0\n"),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), PACKAGES.values(), ids=PACKAGES)
def test_package_requirements(
    workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]
) -> None:
    workshop.check(base, ours, theirs, expected)
