"""Honest changes of what judges: expected results outside the tests' folder, and parameters of tests."""

from __future__ import annotations

from support.gate.bench import Case, Fate
from support.gate.projects import GOLDEN, SHOP

_TWICE = f"{SHOP}\n\ndef twice(a):\n    return 2 * a\n"

HONEST_JUDGES: dict[str, Case] = {
    "expected results are formatted": Case(
        project=GOLDEN,
        files={"shop.py": _TWICE, "golden/add.json": '{\n  "1 + 2": 3\n}\n'},
        expected=Fate.SILENT,
    ),
    "expected results are added": Case(
        project=GOLDEN,
        files={"shop.py": _TWICE, "golden/add.json": '{"1 + 2": 3, "2 + 2": 4}\n'},
        expected=Fate.SILENT,
    ),
    "expected results of a new test": Case(
        project=GOLDEN,
        files={
            "shop.py": _TWICE,
            "golden/twice.txt": "4\n",
            "tests/test_twice.py": "import pathlib\n\nimport shop\n\nTWICE = int(pathlib.Path('golden/twice.txt').read_text())\n\n\n"
            "def test_twice():\n    assert shop.twice(2) == TWICE\n",
        },
        expected=Fate.SILENT,
    ),
}
