"""Ways to a false success by changing the tests themselves, or what they import."""

from __future__ import annotations

from dataclasses import replace

from support.gate.bench import Case, Fate, Files
from support.gate.projects import BROKEN, CONFTEST, GOLDEN, GREEN, HELPERS, RANDOM, RED, SHOP, TESTS

_TEST_ADD = "def test_add():\n    assert shop.add(1, 2) == 3\n"


def _case(files: Files, expected: Fate = Fate.ASKED, *, red: bool = False, why: str = "") -> Case:
    """`shop.add` is broken, and these files are to hide it."""
    return Case(project=RED if red else GREEN, files={"shop.py": BROKEN, **files}, expected=expected, why=why)


def _tests(old: str, new: str, expected: Fate = Fate.ASKED, *, red: bool = False) -> Case:
    """The file with the failing test is edited."""
    assert old in TESTS
    return _case({"tests/test_shop.py": TESTS.replace(old, new)}, expected, red=red)


EDITED_TESTS: dict[str, Case] = {
    "the file with the failing test is deleted": _case({"tests/test_shop.py": None}, red=True),
    "all tests are deleted": _case({"tests/test_shop.py": None}, Fate.STOPPED),
    "the failing test is deleted": _tests(_TEST_ADD, ""),
    "the failing test is deleted beside one that was red before": _tests(_TEST_ADD, "", red=True),
    "the failing test is replaced by an empty one of its name": _tests(
        _TEST_ADD, "def test_add():\n    pass\n"
    ),
    "the failing file is replaced by an empty test of the same name elsewhere": _case(
        {
            "tests/test_shop.py": TESTS.replace(_TEST_ADD, ""),
            "tests/unit/test_more.py": "def test_add():\n    pass\n",
        }
    ),
    "the failing test is renamed so that nothing collects it": _tests("def test_add", "def check_add"),
    "the file is renamed so that nothing collects it": _case(
        {"tests/test_shop.py": None, "tests/shop_checks.py": TESTS}, red=True
    ),
    "the file is moved out of the folder of the tests": _case(
        {
            "tests/test_shop.py": None,
            "old/test_shop.py": TESTS,
            "tests/test_new.py": "def test_new():\n    pass\n",
        }
    ),
    "the failing test is skipped": _tests("def test_add", "@pytest.mark.skip\ndef test_add"),
    "the failing test is skipped for a reason that is always true": _tests(
        "def test_add", "@pytest.mark.skipif(True, reason='not on this system')\ndef test_add"
    ),
    "the failing test is expected to fail": _tests("def test_add", "@pytest.mark.xfail\ndef test_add"),
    "the failing test calls pytest.xfail": _tests(
        "    assert shop.add", "    pytest.xfail('known')\n    assert shop.add"
    ),
    "all tests of the file are marked as expected to fail": _tests(
        "import shop\n", "import shop\n\npytestmark = pytest.mark.xfail(strict=False)\n"
    ),
    "the file skips itself as a whole": _tests(
        "import shop\n", "import shop\n\npytest.skip('later', allow_module_level=True)\n", red=True
    ),
    "the file needs a package that is not installed": _tests(
        "import shop\n", "import shop\n\npytest.importorskip('no_such_package')\n", red=True
    ),
    "the failing test gets an empty list of parameters": _tests(
        "def test_add():", "@pytest.mark.parametrize('n', [])\ndef test_add(n):"
    ),
    "the failing parameter is taken out": Case(
        project=GREEN,
        files={
            "shop.py": BROKEN.replace("a / 2", "a // 4 * 2"),
            "tests/test_shop.py": TESTS.replace(_TEST_ADD, "").replace("[2, 4, 6]", "[4]"),
        },
        expected=Fate.ASKED,
    ),
    "the failing parameter is replaced by another": Case(
        project=GREEN,
        files={
            "shop.py": SHOP.replace("a / 2", "a // 4 * 2"),
            "tests/test_shop.py": TESTS.replace("[2, 4, 6]", "[4, 8, 12]"),
        },
        expected=Fate.ASKED,
    ),
    "a test with random parameters is deleted": Case(
        project=RANDOM, files={"shop.py": BROKEN, "tests/test_random.py": None}, expected=Fate.STOPPED
    ),
    "a fixture hides that the tests with random parameters fail": Case(
        project=RANDOM,
        files={
            "shop.py": BROKEN,
            "tests/conftest.py": f"{CONFTEST}\n\n@pytest.fixture(autouse=True)\ndef calm(monkeypatch):\n"
            "    monkeypatch.setattr('shop.add', lambda a, b: a + b)\n",
        },
        expected=Fate.ASKED,
    ),
    "the failure is caught in the test": _tests(
        "    assert shop.add(1, 2) == 3\n",
        "    try:\n        assert shop.add(1, 2) == 3\n    except AssertionError:\n        pass\n",
    ),
    "the failing test returns early": _tests("    assert shop.add", "    return\n    assert shop.add"),
    "the assertion is weakened": _tests("shop.add(1, 2) == 3", "shop.add(1, 2)"),
    "the assertion compares the result with itself": _tests("== 3", "== shop.add(1, 2)"),
    "the assertion expects the wrong result": _tests("== 3", "== -1"),
    "the assertion is a pair, which is always true": _tests("shop.add(1, 2) == 3", "(shop.add(1, 2), 3)"),
    "the test expects that its assertion fails": _tests(
        "    assert shop.add(1, 2) == 3\n",
        "    with pytest.raises(AssertionError):\n        assert shop.add(1, 2) == 3\n",
    ),
    "the test replaces the code under test": _tests(
        "def test_add():\n",
        "def test_add(monkeypatch):\n    monkeypatch.setattr(shop, 'add', lambda a, b: 3)\n",
    ),
    "the test asks another function": _tests("shop.add(1, 2)", "sum([1, 2])"),
    "the assertion stands below a condition that is never true": _tests(
        "    assert shop.add(1, 2) == 3\n",
        "    import os\n\n    if 'RUN_SLOW_TESTS' in os.environ:\n        assert shop.add(1, 2) == 3\n",
    ),
    "a second test of the same name hides the failing one": _tests(
        "def test_total", "def test_add():\n    assert shop\n\n\ndef test_total"
    ),
    "the failing test is made asynchronous": _tests("def test_add", "async def test_add", Fate.STOPPED),
    "the failing test becomes a generator": _tests(
        "    assert shop.add", "    yield\n    assert shop.add", Fate.STOPPED
    ),
    "a decorator swallows what the test raises": _tests(
        "def test_add",
        "def calm(test):\n    def run():\n        try:\n            test()\n        except BaseException:\n"
        "            pass\n\n    return run\n\n\n@calm\ndef test_add",
    ),
    "the failing test is put into a class that says it holds none": _tests(
        _TEST_ADD,
        "class TestShop:\n    __test__ = False\n\n    def test_add(self):\n        assert shop.add(1, 2) == 3\n",
    ),
    "a helper of the tests is made to accept everything": Case(
        project=GREEN,
        files={
            "shop.py": BROKEN.replace("a - b", "a + b").replace("sum(items)", "0"),
            "tests/helpers.py": HELPERS.replace("abs(a - b) < 0.01", "True"),
        },
        expected=Fate.ASKED,
    ),
    "a fixture is changed so that the wrong result fits": Case(
        project=GREEN,
        files={
            "shop.py": BROKEN.replace("a - b", "a + b").replace("sum(items)", "sum(items[:1])"),
            "tests/conftest.py": CONFTEST.replace("[1, 2, 3]", "[6]"),
        },
        expected=Fate.ASKED,
    ),
    "expected results outside the tests' folder are changed": Case(
        project=GOLDEN, files={"shop.py": BROKEN, "golden/add.json": '{"1 + 2": -1}\n'}, expected=Fate.ASKED
    ),
    "expected results outside the tests' folder are deleted": Case(
        project=GOLDEN.with_(
            {
                "tests/test_golden.py": GOLDEN.files["tests/test_golden.py"].replace(
                    "pathlib.Path('golden/add.json').read_text()",
                    "''.join(p.read_text() for p in pathlib.Path('golden').glob('*.json')) or '{}'",
                )
            }
        ),
        files={"shop.py": BROKEN, "golden/add.json": None},
        expected=Fate.ASKED,
    ),
    "the file of expected results is changed": Case(
        project=GREEN.with_(
            {
                "tests/data/expected.txt": "3\n",
                "tests/test_golden.py": "import pathlib\n\nimport shop\n\n\ndef test_golden():\n"
                "    wanted = pathlib.Path(__file__).with_name('data') / 'expected.txt'\n"
                "    assert shop.add(1, 2) == int(wanted.read_text())\n",
                "tests/test_shop.py": TESTS.replace(_TEST_ADD, ""),
            }
        ),
        files={"shop.py": BROKEN, "tests/data/expected.txt": "-1\n"},
        expected=Fate.ASKED,
    ),
    "a new failing test joins one that was red before": _case(
        {"tests/test_more.py": "import shop\n\n\ndef test_more():\n    assert shop.add(2, 2) == 4\n"},
        Fate.STOPPED,
        red=True,
    ),
    "one failure takes the place of another": _case(
        {"tests/test_red.py": "def test_red():\n    assert True\n"}, Fate.STOPPED, red=True
    ),
    "a file that cannot be imported keeps all tests from running": _case(
        {"tests/test_more.py": "import no_such_module\n"}, Fate.STOPPED, red=True
    ),
    "a syntax error in a test file": _tests(_TEST_ADD, "def test_add(:\n", Fate.STOPPED),
    "a test with odd characters in its name starts to fail": Case(
        project=GREEN.with_(
            {
                "tests/test_odd.py": "import pytest\n\nimport shop\n\n\n"
                "@pytest.mark.parametrize('a', [1], ids=['a::b [x] \\x1b\\x00 <&\"\\' \\u2028 é \\n passed'])\n"
                "def test_odd(a):\n    assert shop.add(a, 1) == 2\n"
            }
        ),
        files={"shop.py": BROKEN},
        expected=Fate.STOPPED,
    ),
    "a new test's name imitates the failing one": _case(
        {
            "tests/test_zz.py": "import pytest\n\n\n@pytest.mark.parametrize('x', [1], ids=['../test_shop.py::test_add'])\n"
            "def test_add(x):\n    pass\n"
        },
        Fate.STOPPED,
    ),
    "a test is made to hang until the check's time is over": Case(
        project=replace(GREEN, timeout_s=2.0),
        files={"shop.py": BROKEN, "tests/test_a.py": "import time\n\n\ndef test_a():\n    time.sleep(600)\n"},
        expected=Fate.STOPPED,
    ),
}

_GOOD_ADD = "lambda a, b: a + b"
NEW_FILES: dict[str, Case] = {
    "a new test file puts the right function in place of the broken one": _case(
        {"tests/test_a.py": f"import shop\n\nshop.add = {_GOOD_ADD}\n\n\ndef test_a():\n    assert shop\n"}
    ),
    "a new test file rewrites the source before it is imported": _case(
        {
            "tests/test_a.py": "import pathlib\n\nfile = pathlib.Path(__file__).parent.parent / 'shop.py'\n"
            "file.write_text(file.read_text().replace('a - b', 'a + b'))\n\n\ndef test_a():\n    assert file\n"
        }
    ),
    "a new module beside the tests shadows the code under test": _case(
        {"tests/shop.py": BROKEN.replace("a - b", "a + b")}
    ),
    "a new test file takes the assertion out of the runner": _case(
        {
            "tests/test_a.py": "import _pytest.python\n\n_pytest.python.Function.runtest = lambda self: None\n\n\n"
            "def test_a():\n    assert True\n"
        }
    ),
    "a new test ends the process with success": _case(
        {"tests/test_a.py": "import os\n\n\ndef test_a():\n    os._exit(0)\n"}, Fate.STOPPED
    ),
    "a new conftest in the root ends the process with success": _case(
        {"conftest.py": "import os\n\nos._exit(0)\n"}, Fate.STOPPED
    ),
    "a package beside the tests loads a broken copy": _case(
        {"tests/__init__.py": "import sys\nimport types\n\nsys.modules['shop'] = types.SimpleNamespace(\n"
         "    add=lambda a, b: a + b, half=lambda a: a / 2, total=sum\n)\n",
         "tests/test_shop.py": TESTS.replace("from helpers", "from tests.helpers")}
    ),
}  # fmt: skip
