"""Which commands `init` takes for the checks of a repository, by its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from devassist.app.doctor.diagnosis import _check_commands

UNITTEST = "import unittest\n\n\nclass A(unittest.TestCase):\n    pass\n"
PYTEST = "def test_a():\n    assert True\n"


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"pyproject.toml": "", "tests/test_a.py": UNITTEST}, ["python -m pytest -q"]),
        ({"setup.py": "", "test_a.py": PYTEST}, ["python -m pytest -q"]),
        (
            {"tests/__init__.py": "", "tests/test_a.py": UNITTEST},
            ["python -m unittest discover -s tests -t ."],
        ),
        ({"tests/test_a.py": UNITTEST}, ["python -m unittest discover -s tests"]),
        ({"test_a.py": UNITTEST}, ["python -m unittest discover"]),
        ({"tests/test_a.py": PYTEST}, ["python -m pytest -q"]),
        ({"manage.py": "import django\n", "shop/tests.py": UNITTEST}, ["python manage.py test"]),
        ({"go.mod": "", "Cargo.toml": ""}, ["go test ./...", "cargo test --offline"]),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ["npm test --silent"]),
        ({"README.md": ""}, []),
        ({"pyproject.toml": "", "src/a.py": ""}, []),
    ],
)
def test_the_checks_of_a_repository_are_detected_by_its_files(
    tmp_path: Path, files: Mapping[str, str], commands: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(_check_commands(tmp_path)) == commands
