"""Defaults of settings and environment variables that differ between two branches."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    Files,
    Workshop,
)


def code(text: str, path: str = "a.py") -> dict[str, str | None]:
    return {path: f"import os\n{text}\n"}


PORT = ["warning default-differs PORT"]


DEFAULTS = {
    "environment": (
        {},
        code("x = os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        PORT,
    ),
    "number and text": (
        {},
        code("x = os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', 80)", "b.py"),
        [],
    ),
    "no default": ({}, code("x = os.environ.get('PORT')"), code("y = os.getenv('PORT', '81')", "b.py"), []),
    "computed": (
        {},
        code("x = os.environ.get('PORT', port)"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "commented": (
        {},
        code("# os.environ.get('PORT', '80')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "tests": (
        {},
        code("x = os.environ.get('PORT', '80')", "tests/a.py"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "one side says both": (
        {},
        code("x = os.environ.get('PORT', '80'), os.getenv('PORT', '81')"),
        code("y = os.getenv('PORT', '81')", "b.py"),
        [],
    ),
    "used and changed": (
        code("x = os.environ.get('PORT', '80')"),
        code("x = os.environ.get('PORT', '90')"),
        code("y = os.getenv('PORT', '80')", "b.py"),
        PORT,
    ),
    "decouple": (
        {},
        code("x = config('PORT', default=80)"),
        code("x = config('PORT', default=81, cast=int)", "b.py"),
        PORT,
    ),
    "javascript": (
        {},
        {"a.js": "const p = process.env.PORT || 3000;\n"},
        {"b.ts": "const p = process.env['PORT'] ?? '4000';\n"},
        PORT,
    ),
    "shell": ({}, {"a.sh": "run ${PORT:-80}\n"}, {"compose.yaml": 'a: "${PORT:-81}"\n'}, PORT),
    "example file": ({}, {".env.example": "PORT=80\n"}, {".env.example": "PORT=81 # why\n"}, PORT),
    "example file same": ({}, {".env.example": "PORT=80\n"}, {".env.example": "PORT='80' # why\n"}, []),
    "two deployments": ({}, {".env.staging": "PORT=80\n"}, {".env.production": "PORT=81\n"}, []),
    "example and code": (
        {},
        {".env.example": "PORT=80\n"},
        code("os.getenv('PORT', '81')"),
        ["note default-differs PORT"],
    ),
    "settings": (
        code("", "shop/settings.py"),
        code("PAGE = 10", "shop/settings.py"),
        code("PAGE: int = 20", "shop/settings.py"),
        ["warning default-differs shop/settings.py:PAGE"],
    ),
    "settings same": (
        code("", "shop/settings.py"),
        code("PAGE = 10", "shop/settings.py"),
        code("OTHER = 1\nPAGE = 10", "shop/settings.py"),
        [],
    ),
    "not settings": (
        code("", "shop/a.py"),
        code("PAGE = 10", "shop/a.py"),
        code("PAGE = 20", "shop/a.py"),
        [],
    ),
    "toml": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 1\nb = 1\n"},
        {"a.toml": "[x]\nb = 2\na = 1\n"},
        ["error default-differs a.toml:x.b"],
    ),
    "toml changed": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 2\n"},
        {"a.toml": "[x]\na = 3\n"},
        ["warning default-differs a.toml:x.a"],
    ),
    "toml same key, other table": (
        {"a.toml": "[x]\na = 1\n"},
        {"a.toml": "[x]\na = 1\nb = 1\n"},
        {"a.toml": "[x]\na = 1\n[y]\nb = 2\n"},
        [],
    ),
    "yaml": (
        {"a.yaml": "x:\n  a: 1\n"},
        {"a.yaml": "x:\n  a: 1\n  b: 1\n"},
        {"a.yaml": "x:\n  b: '2' # two\n  a: 1\n"},
        ["warning default-differs a.yaml:x.b"],
    ),
    "yaml lists and texts": (
        {"a.yaml": "x:\n  - a: 1\n    b: 1\nt: |\n  k: 1\n"},
        {"a.yaml": "x:\n  - a: 2\n    b: 2\nt: |\n  k: 2\n"},
        {"a.yaml": "x:\n  - a: 3\n    b: 3\nt: |\n  k: 3\n"},
        [],
    ),
    "yaml same": ({"a.yml": "a: 1\n"}, {"a.yml": "a: 1\nb: 2\n"}, {"a.yml": 'a: 1\nb: "2"\n'}, []),
    "ini": (
        {"a.ini": "[x]\n"},
        {"a.ini": "[x]\na = 1\n"},
        {"a.ini": "[x]\na: 2\n"},
        ["warning default-differs a.ini:x.a"],
    ),
    "ini sections": ({"a.ini": "[x]\n"}, {"a.ini": "[x]\na = 1\n"}, {"a.ini": "[x]\n[y]\na = 2\n"}, []),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), DEFAULTS.values(), ids=DEFAULTS)
def test_defaults(workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
    workshop.check(base, ours, theirs, expected)
