"""Honest changes of what judges: expected results outside the tests' folder, and parameters of tests."""

from __future__ import annotations

from support.gate.bench import PYTEST, Case, Fate
from support.gate.projects import GOLDEN, GREEN, RANDOM, SHOP, TESTS

_TWICE = f"{SHOP}\n\ndef twice(a):\n    return 2 * a\n"
_RED_RANDOM = (
    "import uuid\n\nimport pytest\n\n\n@pytest.mark.parametrize('name', [str(uuid.uuid4())])\n"
    "def test_red(name):\n    assert False\n"
)

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
    "a test has random parameters": Case(project=RANDOM, files={"shop.py": _TWICE}, expected=Fate.SILENT),
    "a test has random parameters, and another test is changed": Case(
        project=RANDOM,
        files={"shop.py": _TWICE, "tests/test_shop.py": TESTS.replace("add(1, 2)", "add(2, 1)")},
        expected=Fate.SILENT,
    ),
    "a test that fails has random parameters": Case(
        project=RANDOM.with_({"tests/test_red.py": _RED_RANDOM}, PYTEST),
        files={"shop.py": _TWICE, "tests/test_shop.py": TESTS.replace("add(1, 2)", "add(2, 1)")},
        expected=Fate.SILENT,
    ),
    "the parameters of a test get names": Case(
        project=GREEN,
        files={
            "shop.py": _TWICE,
            "tests/test_shop.py": TESTS.replace("[2, 4, 6]", "[2, 4, 6], ids=['two', 'four', 'six']"),
        },
        expected=Fate.SILENT,
    ),
}
