"""Code that finds out whether it is tested, and code that only looks so."""

from __future__ import annotations

import pytest

from devassist.domain.judges.awareness import awareness


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.py", "import os\nX = 'PYTEST_CURRENT_TEST' in os.environ\n"),
        ("a.py", "import sys\n\ndef f():\n    return 'pytest' in sys.modules\n"),
        ("a.py", "import sys\n\nclass A:\n    def f(self):\n        return 'py.test' in sys.argv[0]\n"),
        ("a.py", "import sys\n\ndef f():\n    return sys.argv[0].endswith('pytest')\n"),
        (
            "a.py",
            "import inspect\n\ndef f():\n    return any(s.function.startswith('test_') for s in inspect.stack())\n",
        ),
        ("a.py", "import _pytest.python\n"),
        ("a.py", "import unittest\n\nunittest.TestCase.assertEqual = lambda *_: None\n"),
        ("a.go", "func f() bool { return testing.Testing() }\n"),
        ("a.rs", "fn f() -> bool { cfg!(test) }\n"),
        ("a.ts", "if (process.env.JEST_WORKER_ID) {}\n"),
        ("a.js", "require('node:assert').equal = () => {};\n"),
        ("a.js", "require('assert').strict.equal = function () {};\n"),
        ("a.js", "const assert = require('node:assert/strict');\nassert.deepEqual = () => {};\n"),
        ("a.mjs", "import assert from 'node:assert';\nassert.equal=() => {};\n"),
        ("a.mjs", "import * as check from 'node:assert';\nObject.assign(check, { equal() {} });\n"),
        ("a.mjs", "import { strict as check } from 'assert';\ncheck.equal = () => {};\n"),
        ("a.js", "const { assert: check } = require('chai');\ncheck.equal = () => {};\n"),
        ("a.ts", "import { expect, it } from 'vitest';\nit.each = () => {};\n"),
        ("a.ts", "globalThis.expect = () => new Proxy({}, {});\n"),
        ("a.js", "global['it'] = () => {};\n"),
        ("shop/settings.py", "TEST_RUNNER = 'shop.runner.Quiet'\n"),
        ("shop/settings.py", "TEST_RUNNER: str = RUNNERS['quiet']\n"),
    ],
)
def test_code_that_asks_whether_it_is_tested_is_seen(path: str, source: str) -> None:
    assert awareness(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("a.py", "import pytest\n\n@pytest.fixture\ndef shop():\n    return 1\n"),
        ("a.py", "import subprocess, sys\n\nsubprocess.run(['pytest', *sys.argv[1:]])\n"),
        ("a.py", "import inspect\n\ndef f():\n    return inspect.stack()[1].function\n"),
        ("a.py", "import sys\n\ndef f(name):\n    return sys.modules[name]\n"),
        ("a.py", "TOOLS = ('pytest', 'tox')\n\ndef f(tool):\n    return tool in TOOLS\n"),
        ("a.py", "stack = []\n\ndef f():\n    stack.append('test_a')\n"),
        ("a.py", "def f(:\n"),
        ("a.js", "const assert = require('node:assert');\nassert.equal(a, b);\nconst same = assert.equal;\n"),
        ("a.js", "const assert = require('assert');\nif (assert.equal == null || assert.x === 1) {}\n"),
        ("a.js", "assert.equal = function (a, b) {};\n"),
        ("a.ts", "import { expect } from 'vitest';\nexpect.extend({ toBeFree() {} });\n"),
        ("a.ts", "import { assert } from './assert';\nassert.enabled = false;\n"),
        ("a.ts", "globalThis.items = [];\nglobalThis.testing = 1;\nconst f = (test) => test.name === 'a';\n"),
        ("a.js", "// assert.equal = () => {} would be wrong\n"),
        ("shop/settings.py", "TEST_RUNNER = 'django.test.runner.DiscoverRunner'\nTEST = {}\n"),
        ("shop/cases.py", "class A:\n    TEST_RUNNER = 'x'\n"),
        ("a.rs", "#[cfg(test)]\nmod tests {}\n"),
    ],
)
def test_code_about_tests_is_not_asked_about(path: str, source: str) -> None:
    assert not awareness(path, source)
