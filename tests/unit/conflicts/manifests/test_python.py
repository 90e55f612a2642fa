"""Requirements of Python projects on two branches."""

from __future__ import annotations

import pytest

from unit.conflicts.manifests.workshop import (
    ERROR,
    NOTE,
    WARNING,
    Files,
    Workshop,
    pyproject,
)


def requirements(text: str, name: str = "requirements.txt") -> dict[str, str | None]:
    return {name: text}


def poetry(text: str) -> dict[str, str | None]:
    return {"pyproject.toml": f"[tool.poetry.dependencies]\n{text}"}


HASHED = "lib==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"


PYTHON = {
    "empty intersection": (pyproject(), pyproject("lib>=3"), pyproject("lib<3"), ERROR),
    "different pins": (pyproject("lib"), pyproject("lib==1.0"), pyproject("lib==2.0"), ERROR),
    "name is normalised": (
        pyproject(),
        pyproject("My_Lib>=3"),
        pyproject("my.lib<3"),
        ["error dependency-clash my-lib"],
    ),
    "compatible": (pyproject("lib"), pyproject("lib>=1"), pyproject("lib<3"), NOTE),
    "same on both": (pyproject("lib"), pyproject("lib>=1"), pyproject("lib>=1"), []),
    "same, order of clauses": (pyproject("lib"), pyproject("lib>=1,<2"), pyproject("lib<2, >=1"), []),
    "base has it": (pyproject("lib>=3"), pyproject("lib>=3", "a"), pyproject("lib<3"), []),
    "other package": (pyproject(), pyproject("lib>=3"), pyproject("lib2<3"), []),
    "disjoint markers": (
        pyproject(),
        pyproject("lib>=3; python_version >= '3.12'"),
        pyproject("lib<3; python_version < '3.12'"),
        [],
    ),
    "disjoint platforms": (
        pyproject(),
        pyproject("lib>=3; sys_platform == 'win32'"),
        pyproject("lib<3; os_name == 'posix'"),
        [],
    ),
    "meeting markers": (
        pyproject(),
        pyproject("lib>=3; python_version >= '3.11'"),
        pyproject("lib<3; python_version < '3.12'"),
        ERROR,
    ),
    "extras and markers": (
        pyproject(),
        pyproject("lib[fast]>=3"),
        pyproject("lib<3; sys_platform != 'win32'"),
        ERROR,
    ),
    "optional against main": (
        pyproject(),
        pyproject("lib>=3"),
        pyproject(more="[project.optional-dependencies]\ndev = ['lib<3']\n"),
        ERROR,
    ),
    "two extras": (
        pyproject(),
        pyproject(more="[project.optional-dependencies]\none = ['lib>=3']\n"),
        pyproject(more="[project.optional-dependencies]\ntwo = ['lib<3']\n"),
        WARNING,
    ),
    "dependency group": (
        pyproject(),
        pyproject(more="[dependency-groups]\ndev = ['lib>=3', {include-group = 'x'}]\n"),
        pyproject(more="[dependency-groups]\ndev = ['lib~=2.1']\n"),
        ERROR,
    ),
    "what builds is apart": (
        pyproject(),
        pyproject(more="[build-system]\nrequires = ['lib>=3']\n"),
        pyproject("lib<3"),
        [],
    ),
    "requires-python": (
        pyproject(),
        {"pyproject.toml": "[project]\nrequires-python = '>=3.12'\n"},
        {"pyproject.toml": "[project]\nrequires-python = '<3.12'\n"},
        ["error dependency-clash python"],
    ),
    "url against url": (
        pyproject(),
        pyproject("lib @ https://a/x.whl"),
        pyproject("lib @ https://b/x.whl"),
        WARNING,
    ),
    "poetry caret": (poetry("a = '1'\n"), poetry("lib = '^2.1'\n"), poetry("lib = '~1.4'\n"), ERROR),
    "poetry compatible": (poetry("a = '1'\n"), poetry("lib = '^2.1'\n"), poetry("lib = '2.*'\n"), NOTE),
    "poetry union": (poetry("a = '1'\n"), poetry("lib = '^1 || ^3'\n"), poetry("lib = '^3.2'\n"), NOTE),
    "poetry zero caret": (poetry("a = '1'\n"), poetry("lib = '^0.2'\n"), poetry("lib = '^0.3'\n"), ERROR),
    "poetry python": (
        poetry("a = '1'\n"),
        poetry("lib = {version = '^2', python = '<3.10'}\n"),
        poetry("lib = {version = '^3', python = '>=3.10'}\n"),
        [],
    ),
    "poetry group": (
        poetry("a = '1'\n"),
        poetry("lib = '^2'\n"),
        poetry("a = '1'\n[tool.poetry.group.dev.dependencies]\nlib = '^3'\n"),
        ERROR,
    ),
    "requirements": (requirements(""), requirements("lib>=3  # why\n"), requirements("lib<3\n"), ERROR),
    "only a comment": (requirements(""), requirements("# lib>=3\n"), requirements("lib<3\n"), []),
    "hashes": (requirements(""), requirements(HASHED), requirements(HASHED.replace("1.0", "1.1")), ERROR),
    "options": (
        requirements(""),
        requirements("--index-url https://x\n-e .\nlib>=3\n"),
        requirements("lib<3\n"),
        ERROR,
    ),
    "included file": (
        {"requirements.txt": "a\n", "dev.txt": "", "requirements-dev.txt": "-r requirements.txt\n"},
        {"requirements.txt": "a\nlib>=3\n"},
        {"requirements-dev.txt": "-r requirements.txt\nlib<3\n"},
        ERROR,
    ),
    "constraint above": (
        {"constraints.txt": "", "requirements/dev.txt": "-c ../constraints.txt\n"},
        {"constraints.txt": "lib<3\n"},
        {"requirements/dev.txt": "-c ../constraints.txt\nlib>=3\n"},
        ERROR,
    ),
    "two files, one project": (
        {},
        requirements("lib>=3\n"),
        requirements("lib<3\n", "requirements-docs.txt"),
        WARNING,
    ),
    "two projects": (
        {},
        requirements("lib>=3\n", "a/requirements.txt"),
        requirements("lib<3\n", "b/requirements.txt"),
        [],
    ),
    "Pipfile": ({}, {"Pipfile": "[packages]\nlib = '>=3'\n"}, {"Pipfile": "[packages]\nlib = '<3'\n"}, ERROR),
    "dropped and imported": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": "import yaml\nx = 1\n"},
        ["warning dependency-clash pyyaml"],
    ),
    "dropped, import is old": (
        {**pyproject("pyyaml"), "a.py": "import yaml\n"},
        pyproject(),
        {"a.py": "import yaml\nx = 1\n"},
        [],
    ),
    "dropped, import is a text": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": 'x = """\nimport yaml\n"""\n'},
        [],
    ),
    "dropped, one of several imports": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        pyproject(),
        {"a.py": "def f():\n    import os, yaml.nodes as n\n"},
        ["warning dependency-clash pyyaml"],
    ),
    "moved to another file": (
        {**pyproject("pyyaml"), "a.py": "x = 1\n"},
        {**pyproject(), "requirements.txt": "PyYAML\n"},
        {"a.py": "import yaml\nx = 1\n"},
        [],
    ),
    "malformed": (
        pyproject(),
        {"pyproject.toml": "[project\ndependencies = ['lib>=3']"},
        pyproject("lib<3"),
        [],
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), PYTHON.values(), ids=PYTHON)
def test_python_requirements(
    workshop: Workshop, base: Files, ours: Files, theirs: Files, expected: list[str]
) -> None:
    workshop.check(base, ours, theirs, expected)
