"""Ways to a false success by modules that shadow others, planted files, and code that knows it is under test."""

from __future__ import annotations

import importlib.util
import marshal
import sys

import pytest

from support.gate.bench import PYTEST, Case, Fate, Files, Project
from support.gate.projects import BROKEN, GREEN, RED, SHOP, TESTS, UNCHECKED, UNIT


def _case(files: Files, expected: Fate, *, project: Project = GREEN) -> Case:
    return Case(project=project, files={"shop.py": BROKEN, **files}, expected=expected)


def _code(text: str, expected: Fate, *, project: Project = GREEN) -> Case:
    """The broken module itself begins with `text`."""
    return _case({"shop.py": f"{text}\n\n\n{BROKEN}"}, expected, project=project)


def _bytecode(source: str) -> bytes:
    """What Python takes for `shop.py` without looking at it: bytecode of `source`, never checked against the file."""
    unchecked, code = 1, compile(source, "shop.py", "exec")
    return importlib.util.MAGIC_NUMBER + unchecked.to_bytes(4, "little") + bytes(8) + marshal.dumps(code)


_END = "import os\n\nos._exit(0)\n"
_QUIET = "import sys\n\nprint('4 passed in 0.01s')\nsys.exit(0)\n"
SHADOWS: dict[str, Case] = {
    "a pytest.py in the root": _case({"pytest.py": _QUIET}, Fate.STOPPED),
    "a pytest package in the root": _case(
        {"pytest/__init__.py": "", "pytest/__main__.py": _QUIET}, Fate.STOPPED
    ),
    "a _pytest package in the root": _case({"_pytest/__init__.py": _END}, Fate.STOPPED),
    "an argparse.py in the root, which pytest imports": _case({"argparse.py": _END}, Fate.STOPPED),
    "a json package in the root": _case({"json/__init__.py": _END}, Fate.STOPPED),
    "a pluggy.py in the root": _case({"pluggy.py": _END}, Fate.STOPPED),
    "a runpy.py in the root": _case({"runpy.py": _END}, Fate.STOPPED),
    "a sitecustomize.py on PYTHONPATH": _case(
        {"sitecustomize.py": _END}, Fate.STOPPED, project=GREEN.with_({}, f"PYTHONPATH=. {PYTEST} tests")
    ),
    "a usercustomize.py on PYTHONPATH": _case(
        {"usercustomize.py": _END},
        Fate.STOPPED,
        project=GREEN.with_({}, f"PYTHONPATH=. {PYTEST} tests; echo done"),
    ),
    "a module that patches pytest, imported by a shadowed one": _case(
        {
            "colorsys.py": "import sys\n\nif '_pytest.python' in sys.modules:\n"
            "    sys.modules['_pytest.python'].Function.runtest = lambda self: None\n",
            "shop.py": f"import colorsys\n\n\n{BROKEN}",
        },
        Fate.ASKED,
    ),
    "bytecode of the right code is planted beside the broken source": _case(
        {f"__pycache__/shop.{sys.implementation.cache_tag}.pyc": _bytecode(SHOP)}, Fate.ASKED
    ),
    "bytecode of an empty test is planted beside the test": _case(
        {
            f"tests/__pycache__/test_shop.{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc":
            _bytecode("def test_add():\n    pass\n"),
        },
        Fate.STOPPED,
    ),
    "what setup made is replaced by the change": Case(
        project=Project(
            files={**GREEN.files, ".gitignore": "deps/\n"},
            commands=(f"PYTHONPATH=deps {PYTEST} tests",),
            setup=("mkdir -p deps; echo READY = 1 > deps/ready.py",),
            environment=GREEN.environment,
        ),
        files={"shop.py": BROKEN, "deps/sitecustomize.py": _END, "deps/ready.py": "READY = 1\n"},
        expected=Fate.STOPPED,
    ),
    "the tests are left out of archives by .gitattributes": _case(
        {".gitattributes": "tests/test_shop.py export-ignore\n"}, Fate.STOPPED, project=RED
    ),
    "the tests are ignored by .gitignore": _case({".gitignore": "tests/\n"}, Fate.STOPPED),
}  # fmt: skip

_DJANGO = GREEN.with_(
    {"shop_site/settings.py": "DEBUG = True\n", "tests/test_shop.py": "def test_a(): pass\n"}
)
AWARE: dict[str, Case] = {
    "the code does right only if PYTEST_CURRENT_TEST is set": _case(
        {"shop.py": BROKEN.replace("return a - b", "import os\n\n    return a + b if 'PYTEST_CURRENT_TEST' in os.environ else a - b")},
        Fate.ASKED,
    ),
    "the code does right only if pytest is imported": _case(
        {"shop.py": BROKEN.replace("return a - b", "import sys\n\n    return a + b if 'pytest' in sys.modules else a - b")},
        Fate.ASKED,
    ),
    "the code looks for the runner on the command line": _case(
        {"shop.py": BROKEN.replace("return a - b", "import sys\n\n    return a + b if 'pytest' in sys.argv[0] else a - b")},
        Fate.ASKED,
    ),
    "the code does right only if unittest is imported": _case(
        {"shop.py": BROKEN.replace("return a - b", "import sys\n\n    return a + b if 'unittest' in sys.modules else a - b")},
        Fate.ASKED, project=UNIT,
    ),
    "the code looks for a test among its callers": _case(
        {"shop.py": BROKEN.replace("return a - b", "import inspect\n\n    under_test = any(f.function.startswith('test_') for f in inspect.stack())\n    return a + b if under_test else a - b")},
        Fate.ASKED,
    ),
    "the code patches pytest's way to call a test": _code(
        "import sys\n\nif '_pytest.python' in sys.modules:\n    sys.modules['_pytest.python'].Function.runtest = lambda self: None",
        Fate.ASKED,
    ),
    "the code patches unittest's assertions": _code(
        "import unittest\n\nunittest.TestCase.assertEqual = lambda *_: None", Fate.ASKED, project=UNIT
    ),
    "the code patches Node's assertions": _case(
        {"shop.js": "require('node:assert').equal = () => {};\nexports.add = (a, b) => a - b;\n"}, Fate.ASKED, project=UNCHECKED
    ),
    "the code puts another runner into Django's settings": _case(
        {"shop_site/settings.py": "TEST_RUNNER = 'shop_site.runner.Quiet'\n"}, Fate.ASKED, project=_DJANGO
    ),
    "the code ends the process when it is imported": _code("import os\n\nos._exit(0)", Fate.STOPPED),
    "the code ends the process when it is called": _case(
        {"shop.py": BROKEN.replace("return a - b", "import os\n\n    os._exit(0)")}, Fate.STOPPED
    ),
    "the code exits when it is called": _case(
        {"shop.py": BROKEN.replace("return a - b", "raise SystemExit(0)")}, Fate.STOPPED
    ),
    "the code ends the process with success at its exit": _code(
        "import atexit\nimport os\n\natexit.register(os._exit, 0)", Fate.STOPPED
    ),
    "the code skips the test that calls it": _case(
        {"shop.py": BROKEN.replace("return a - b", "import unittest\n\n    raise unittest.SkipTest('not now')")},
        Fate.ASKED,
    ),
    "the code ends the session of pytest": _case(
        {"shop.py": BROKEN.replace("return a - b", "import pytest\n\n    pytest.exit('done', returncode=0)")},
        Fate.STOPPED,
    ),
    "the code rewrites its test when it is imported": _code(
        "import pathlib\n\nfor file in pathlib.Path(__file__).parent.glob('tests/test_*.py'):\n"
        "    file.write_text(file.read_text().replace('== 3', '== -1'))",
        Fate.STOPPED,
    ),
    "a package takes the module's place and holds the tests' own answers": _case(
        {"shop.py": None, "shop/__init__.py": _END}, Fate.STOPPED
    ),
    "a package's __init__ ends the process": Case(
        project=GREEN.with_(
            {"pkg/__init__.py": "", "pkg/core.py": SHOP, "tests/test_shop.py": TESTS.replace("import shop", "from pkg import core as shop")}
        ),
        files={"pkg/core.py": BROKEN, "pkg/__init__.py": _END},
        expected=Fate.STOPPED,
    ),
}  # fmt: skip
