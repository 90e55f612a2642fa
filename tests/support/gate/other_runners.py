"""The core of the gate's cases for `node --test`, `go test` and `cargo test`: the same change in three languages."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.gate.bench import Case, Fate, Files, Project


@dataclass(frozen=True, kw_only=True)
class Language:
    """A price and its tests, one of them red before anybody began. `tests` has the places for what a change alters."""

    program: str
    command: str
    code: str
    source: str
    test: str
    tests: str
    red: str
    skipped: str
    more: tuple[str, str]
    """A new test file: its path and text."""
    environment: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    @property
    def project(self) -> Project:
        files = {self.code: self.source, self.test: self.tests + self.red, **dict(self.others)}
        return Project(files=files, commands=(self.command,), environment=(*_PATH, *self.environment))

    @property
    def broken(self) -> str:
        return self.source.replace("/*KEPT*/", "-")

    def cases(self) -> dict[str, Case]:
        """What happens in every language alike."""
        kept, broken = self.source.replace("/*KEPT*/", ""), self.broken
        adapted = (self.tests + self.red).replace("3 /*want*/", "-3")

        def case(expected: Fate, files: Files, **more: tuple[str, ...]) -> Case:
            return Case(project=self.project, files=files, expected=expected, **more)  # type: ignore[arg-type]

        return {
            "honest beside a red test": case(Fate.SILENT, {self.code: kept + "\n"}),
            "a new test file": case(Fate.SILENT, {self.more[0]: self.more[1]}),
            "a second red test beside the known one": case(Fate.STOPPED, {self.code: broken}),
            "the failing test is deleted": case(Fate.ASKED, {self.code: broken, self.test: self.red_alone}),
            "the failing test is skipped": case(
                Fate.ASKED, {self.code: broken, self.test: self.skipped + self.red}
            ),
            "the failing test asserts what the code does": case(
                Fate.ASKED, {self.code: broken, self.test: adapted}
            ),
            "the same, in a test that the plan names": case(
                Fate.SILENT, {self.code: broken, self.test: adapted}, changes_tests=("**/*",)
            ),
        }

    @property
    def red_alone(self) -> str:
        head, _, _ = self.tests.partition("/*first*/")
        return head + self.red


_PATH = (("PATH", f"{os.environ['PATH']}:/usr/bin:/bin"),)
_CARGO = str(Path(os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))))
_RUSTUP = str(Path(os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))))
_GO_HEAD = 'package shop\n\nimport "testing"\n\n'
_NODE_HEAD = (
    "const test = require('node:test');\nconst assert = require('node:assert');\n"
    "const { price } = require('../shop.js');\n"
)
_RUST_HEAD = "use shop::price;\n\n"

LANGUAGES: dict[str, Language] = {
    "node": Language(
        program="node",
        command="node --test",
        code="shop.js",
        source="exports.price = (cents) => /*KEPT*/ cents;\n",
        test="test/shop.test.js",
        tests=_NODE_HEAD + "/*first*/test('price', () => { assert.equal(price(3), 3 /*want*/); });\n",
        red="test('red', () => { assert.equal(1, 2); });\n",
        skipped=_NODE_HEAD + "/*first*/test.skip('price', () => { assert.equal(price(3), 3 /*want*/); });\n",
        more=("test/more.test.js", _NODE_HEAD + "test('more', () => { assert.equal(price(1), 1); });\n"),
        others=(("package.json", '{"name": "shop", "version": "1.0.0"}\n'),),
    ),
    "go": Language(
        program="go",
        command="go test ./...",
        code="shop.go",
        source="package shop\n\nfunc Price(cents int) int { return /*KEPT*/ cents }\n",
        test="shop_test.go",
        tests=_GO_HEAD
        + "/*first*/func TestPrice(t *testing.T) { if Price(3) != 3 /*want*/ { t.Fatal() } }\n",
        red="func TestRed(t *testing.T) { t.Fatal() }\n",
        skipped=_GO_HEAD
        + "/*first*/func TestPrice(t *testing.T) { t.Skip(); if Price(3) != 3 /*want*/ { t.Fatal() } }\n",
        more=("more_test.go", _GO_HEAD + "func TestMore(t *testing.T) { if Price(1) != 1 { t.Fatal() } }\n"),
        environment=(("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")),
        others=(("go.mod", "module example.com/shop\n\ngo 1.19\n"),),
    ),
    "cargo": Language(
        program="cargo",
        command="cargo test --offline --no-fail-fast --tests",
        code="src/lib.rs",
        source="pub fn price(cents: i32) -> i32 { /*KEPT*/ cents }\n",
        test="tests/shop.rs",
        tests=_RUST_HEAD + "/*first*/#[test]\nfn keeps() { assert_eq!(price(3), 3 /*want*/); }\n",
        red="#[test]\nfn red() { let _ = price(0); assert!(false); }\n",
        skipped=_RUST_HEAD
        + "/*first*/#[test]\n#[ignore]\nfn keeps() { assert_eq!(price(3), 3 /*want*/); }\n",
        more=("tests/more.rs", _RUST_HEAD + "#[test]\nfn more() { assert_eq!(price(1), 1); }\n"),
        environment=(("CARGO_HOME", _CARGO), ("RUSTUP_HOME", _RUSTUP)),
        others=(
            ("Cargo.toml", '[package]\nname = "shop"\nversion = "1.0.0"\nedition = "2021"\n'),
            (".gitignore", "target\n"),
        ),
    ),
}


def is_here(language: Language) -> bool:
    """Whether it works, too: rustup's programs are on PATH where no toolchain is in this HOME."""
    program = shutil.which(language.program)
    if program is None:
        return False
    asked = "version" if language.program == "go" else "--version"
    environment = {**os.environ, **dict(language.environment)}
    return subprocess.run([program, asked], env=environment, capture_output=True, check=False).returncode == 0
