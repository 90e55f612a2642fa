"""New test files that may change what other tests come to, and those that keep to themselves."""

from __future__ import annotations

import pytest

from devassist.domain.judges.meddling import meddles


@pytest.mark.parametrize(
    "source",
    [
        "import shop\n\ndef test_a():\n    assert shop.add(1, 2) == 3\n",
        "import pytest, shop\n\n@pytest.mark.parametrize('a', [1])\ndef test_a(a):\n    assert shop.add(a, 1)\n",
        "from pathlib import Path\n\nDATA = Path(__file__).parent / 'data'\n\ndef test_a():\n    assert DATA.read_text()\n",
        "def test_a(tmp_path):\n    (tmp_path / 'a').write_text('a')\n",
        "import shop\n\ndef test_a(monkeypatch):\n    monkeypatch.setattr(shop, 'add', lambda a, b: 0)\n",
        "import unittest\n\nclass T(unittest.TestCase):\n    def setUp(self):\n        self.a = {}\n        self.a['b'] = 1\n",
        "def test_a():\n    order = {}\n    order['a'] = 1\n    assert order\n",
    ],
)
def test_a_plain_test_keeps_to_itself(source: str) -> None:
    assert not meddles("tests/test_a.py", source)


@pytest.mark.parametrize(
    "source",
    [
        "import shop\nshop.add = lambda a, b: 3\n",
        "import shop\n\ndef test_a():\n    shop.PRICES['a'] = 1\n",
        "import shop as s\nt = s\n\ndef test_a():\n    t.add = None\n",
        "import shop\nsetattr(shop, 'add', None)\n",
        "import sys\nsys.modules['shop'] = None\n",
        "import _pytest.python\n",
        "from unittest.mock import patch\npatch('shop.add').start()\n",
        "import pathlib\npathlib.Path('shop.py').write_text('')\n",
        "import pathlib\n\ndef write():\n    pathlib.Path('shop.py').write_text('')\n\nA = write()\n",
        "from pathlib import Path\n\ndef test_a():\n    (Path(__file__).parent.parent / 'shop.py').write_text('')\n",
        "import os\n\ndef test_a():\n    os._exit(0)\n",
        "def load_tests(*_):\n    return None\n",
        "def test_a(:\n",
    ],
)
def test_one_that_reaches_into_others_is_suspected(source: str) -> None:
    assert meddles("tests/test_a.py", source)


@pytest.mark.parametrize(
    ("path", "source", "suspected"),
    [
        ("a_test.go", "package a\n\nfunc TestA(t *testing.T) {}\n", False),
        ("a_test.go", "package a\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n", True),
        ("a_test.go", "package a\n\nfunc init() { add = nil }\n", True),
        ("a_spec.rb", "", True),
        ("a.test.js", "test('a', () => {})\n", False),
    ],
)
def test_other_languages_are_judged_by_what_their_runners_share(
    path: str, source: str, *, suspected: bool
) -> None:
    assert meddles(path, source) is suspected
