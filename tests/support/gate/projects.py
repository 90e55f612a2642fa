"""The small projects of the tables: a shop with pytest, with unittest, and behind scripts; and how to break it."""

from __future__ import annotations

from support.gate.bench import PYTEST, PYTHON, Project

SHOP = """def add(a, b):
    return a + b


def half(a):
    return a / 2


def total(items):
    return sum(items)
"""
BROKEN = SHOP.replace("a + b", "a - b")
TESTS = """import pytest
import shop
from helpers import close


def test_add():
    assert shop.add(1, 2) == 3


@pytest.mark.parametrize("number", [2, 4, 6])
def test_half(number):
    assert shop.half(number) * 2 == number


def test_total(basket):
    assert close(shop.total(basket), 6)
"""
HELPERS = "def close(a, b):\n    return abs(a - b) < 0.01\n"
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef basket():\n    return [1, 2, 3]\n"
RED_TEST = "def test_red():\n    assert False\n"
UNIT_TESTS = """import unittest

import shop


class ShopTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(shop.add(1, 2), 3)

    def test_half(self):
        self.assertEqual(shop.half(4), 2)


if __name__ == "__main__":
    unittest.main()
"""
GREEN = Project(
    files={
        "shop.py": SHOP,
        "README.md": "# Shop\n",
        "tests/test_shop.py": TESTS,
        "tests/helpers.py": HELPERS,
        "tests/conftest.py": CONFTEST,
    },
    commands=(f"{PYTEST} tests",),
)
"""Everything passes; the folder of the tests is named on the command line."""
RED = GREEN.with_({"tests/test_red.py": RED_TEST}, PYTEST)
"""One test fails before anybody has changed anything; pytest finds the tests itself."""
UNIT = Project(
    files={"shop.py": SHOP, "tests/__init__.py": "", "tests/test_shop.py": UNIT_TESTS},
    commands=(f"{PYTHON} -m unittest discover",),
)
SCRIPT = GREEN.with_(
    {
        "check.sh": "set -e\nsh scripts/inner.sh\n",
        "scripts/inner.sh": f"{PYTEST} tests\n",
        "Makefile": "include test.mk\n",
        "test.mk": f"test:\n\t@{PYTEST} tests\n",
        "run_tests.py": "import sys\n\nimport pytest\n\nsys.exit(pytest.main(['-q', 'tests']))\n",
    },
    "sh check.sh",
)
MAKE = SCRIPT.with_({}, "make -s test")
OWN_RUNNER = SCRIPT.with_({}, f"{PYTHON} run_tests.py")
LINTED = GREEN.with_(
    {"old.py": "import os\n", "ruff.toml": "line-length = 100\n"},
    f"{PYTHON} -m ruff check --no-cache --select F --output-format concise .",
    f"{PYTEST} tests",
)
"""Linted as well, with one finding that was there before."""
GOLDEN = GREEN.with_(
    {
        "golden/add.json": '{"1 + 2": 3}\n',
        "tests/test_golden.py": "import json\nimport pathlib\n\nimport shop\n\n\ndef test_golden():\n"
        "    for sum_, result in json.loads(pathlib.Path('golden/add.json').read_text()).items():\n"
        "        assert shop.add(*map(int, sum_.split(' + '))) == result\n",
        "tests/test_shop.py": "import shop\n\n\ndef test_half():\n    assert shop.half(4) == 2\n",
    }
)
"""What is expected of the code is in a folder of its own."""
RANDOM = GREEN.with_(
    {
        "tests/test_random.py": "from uuid import uuid4\n\nimport pytest\nimport shop\n\n\n"
        "@pytest.mark.parametrize('name', [str(uuid4()), str(uuid4())])\ndef test_add(name):\n"
        "    assert shop.add(name, '') == name\n\n\nclass Base:\n"
        "    @pytest.mark.parametrize('name', [str(uuid4())])\n    def test_inherited(self, name):\n"
        "        assert shop.add(name, '') == name\n\n\nclass TestDerived(Base):\n    pass\n",
    }
)
"""Some tests have other ids in each run."""
UNCHECKED = Project(files=GREEN.files, commands=())
"""Nobody configured a check."""
