"""Ways to a false success in projects whose tests unittest runs."""

from __future__ import annotations

from support.gate.bench import PYTHON, Case, Fate, Files, Project
from support.gate.projects import BROKEN, SHOP, UNIT, UNIT_TESTS

_CLASS = "class ShopTest(unittest.TestCase):\n"


def _case(files: Files, expected: Fate, *, project: Project = UNIT) -> Case:
    return Case(project=project, files={"shop.py": BROKEN, **files}, expected=expected)


def _tests(old: str, new: str, expected: Fate = Fate.ASKED, *, project: Project = UNIT) -> Case:
    assert old in UNIT_TESTS
    return _case({"tests/test_shop.py": UNIT_TESTS.replace(old, new)}, expected, project=project)


_DIRECT = Project(
    files={"shop.py": SHOP, "tests/test_shop.py": UNIT_TESTS},
    commands=(f"PYTHONPATH=. {PYTHON} tests/test_shop.py",),
)
_NAMED = Project(files=UNIT.files, commands=(f"{PYTHON} -m unittest tests.test_shop",))

UNITTESTS: dict[str, Case] = {
    "unittest: the tests are deleted and none is discovered": _case({"tests/test_shop.py": None}, Fate.ASKED),
    "unittest: the file no longer matches the pattern": _case(
        {"tests/test_shop.py": None, "tests/shop_test.py": UNIT_TESTS}, Fate.ASKED
    ),
    "unittest: the method is renamed": _tests("def test_add", "def check_add"),
    "unittest: the package of the tests loses its __init__.py": _case({"tests/__init__.py": None}, Fate.ASKED),
    "unittest: the class is skipped": _tests(_CLASS, f"@unittest.skip('later')\n{_CLASS}", Fate.ASKED),
    "unittest: the method is skipped": _tests("    def test_add", "    @unittest.skip('later')\n    def test_add"),
    "unittest: the test skips itself": _tests("        self.assertEqual(shop.add", "        self.skipTest('later')\n        self.assertEqual(shop.add"),
    "unittest: the method is expected to fail": _tests("    def test_add", "    @unittest.expectedFailure\n    def test_add"),
    "unittest: setUpModule skips": _tests(
        _CLASS, f"def setUpModule():\n    raise unittest.SkipTest('later')\n\n\n{_CLASS}", Fate.ASKED
    ),
    "unittest: setUpClass skips": _tests(
        _CLASS, f"{_CLASS}    @classmethod\n    def setUpClass(cls):\n        raise unittest.SkipTest('later')\n\n", Fate.ASKED
    ),
    "unittest: setUp skips": _tests(
        _CLASS, f"{_CLASS}    def setUp(self):\n        self.skipTest('later')\n\n", Fate.ASKED
    ),
    "unittest: load_tests gives an empty suite": _tests(
        _CLASS, f"def load_tests(*_):\n    return unittest.TestSuite()\n\n\n{_CLASS}", Fate.ASKED
    ),
    "unittest: load_tests of the package gives an empty suite": _case(
        {"tests/__init__.py": "import unittest\n\n\ndef load_tests(*_):\n    return unittest.TestSuite()\n"}, Fate.ASKED
    ),
    "unittest: load_tests leaves the failing test out": _tests(
        _CLASS,
        f"def load_tests(*_):\n    return unittest.TestSuite([ShopTest('test_half')])\n\n\n{_CLASS}",
    ),
    "unittest: the class overrides run": _tests(
        _CLASS, f"{_CLASS}    def run(self, result=None):\n        result.startTest(self)\n        result.addSuccess(self)\n        result.stopTest(self)\n\n"
    ),
    "unittest: the class overrides assertEqual": _tests(_CLASS, f"{_CLASS}    def assertEqual(self, *_):\n        pass\n\n"),
    "unittest: the failure is caught in the test": _tests(
        "        self.assertEqual(shop.add(1, 2), 3)\n",
        "        try:\n            self.assertEqual(shop.add(1, 2), 3)\n        except AssertionError:\n            pass\n",
    ),
    "unittest: the package of the tests patches the assertions": _case(
        {"tests/__init__.py": "import unittest\n\nunittest.TestCase.assertEqual = lambda *_: None\n"}, Fate.ASKED
    ),
    "unittest: the package of the tests patches the result": _case(
        {
            "tests/__init__.py": "import unittest\n\nunittest.TestResult.addFailure = unittest.TestResult.addSuccess\n"
            "unittest.TextTestResult.addFailure = unittest.TextTestResult.addSuccess\n"
        },
        Fate.STOPPED,
    ),
    "unittest: the package of the tests points to another folder": _case(
        {
            "tests/__init__.py": "import os\n\n__path__ = [os.path.join(os.path.dirname(__file__), 'easy')]\n",
            "tests/easy/test_shop.py": "import unittest\n\n\nclass ShopTest(unittest.TestCase):\n"
            "    def test_add(self):\n        pass\n\n    def test_half(self):\n        pass\n",
        },
        Fate.ASKED,
        project=_NAMED,
    ),
    "unittest: setUpModule ends the process": _tests(
        _CLASS, f"def setUpModule():\n    import os\n\n    os._exit(0)\n\n\n{_CLASS}", Fate.STOPPED
    ),
    "unittest: tearDownModule ends the process": _tests(
        _CLASS, f"def tearDownModule():\n    import os\n\n    os._exit(0)\n\n\n{_CLASS}", Fate.STOPPED
    ),
    "unittest: a unittest package in the root": _case(
        {"unittest/__init__.py": "", "unittest/__main__.py": "print('Ran 2 tests in 0.000s\\n\\nOK')\n"}, Fate.STOPPED
    ),
    "unittest: a unittest.py in the root": _case(
        {"unittest.py": "print('Ran 2 tests in 0.000s\\n\\nOK')\n"}, Fate.STOPPED
    ),
    "unittest: a traceback.py in the root, which the runner imports": _case(
        {"traceback.py": "import os\n\nos._exit(0)\n"}, Fate.STOPPED
    ),
    "unittest: the file of the tests no longer runs them": _tests(
        'if __name__ == "__main__":\n    unittest.main()\n', "", Fate.ASKED, project=_DIRECT
    ),
    "unittest: the file of the tests exits with 0 whatever they say": _tests(
        "    unittest.main()\n", "    unittest.main(exit=False)\n", Fate.STOPPED, project=_DIRECT
    ),
}  # fmt: skip
