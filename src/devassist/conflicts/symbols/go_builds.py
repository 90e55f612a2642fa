"""Reads the builds that a Go file belongs to: from its `//go:build` line and the end of its name. Pure."""

from __future__ import annotations

import re

_LINE = re.compile(rb"^//(?:go:build| *\+build)[ \t]+([^\n]*)", re.MULTILINE)
_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows".split()
)
_MACHINES = frozenset(
    "386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm".split()
)


def build_of(path: str, source: bytes) -> str:
    """The build restrictions of a file, as text to compare; empty for a file of every build."""
    head = source.partition(b"\npackage ")[0]
    restrictions = [line.decode("utf-8", "replace").strip() for line in _LINE.findall(head)]
    words = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")[1:]
    restrictions += [word for word in words[-2:] if word in _SYSTEMS or word in _MACHINES]
    return " ".join(restrictions)
