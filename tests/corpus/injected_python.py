"""Injected cases for Python."""

from __future__ import annotations

from corpus.injected_types import Case

MOD = """import os

LIMIT = 10


def load(path, mode="r"):
    with open(path, mode) as stream:
        return stream.read()


def store(path, text):
    with open(path, "w") as stream:
        stream.write(text)


class Engine:
    def __init__(self, name):
        self.name = name

    def ignite_all(self, force):
        return (self.name, force)

    def halt_engine(self):
        return None


def _private(x):
    return x
"""
BASE = {
    "pkg/__init__.py": "",
    "pkg/mod.py": MOD,
    "pkg/cli.py": "import sys\n\n\ndef main():\n    return sys.argv\n",
}
NO_LOAD = MOD.replace(MOD[MOD.index("def load") : MOD.index("def store")], "")
RENAMED = MOD.replace("def load(", "def read_file(")
USE = "from pkg.mod import load\n\n\ndef run():\n    return load('x')\n"
USE_MODULE = "from pkg import mod\n\n\ndef run():\n    return mod.load('x')\n"
REQUIRED = MOD.replace('def load(path, mode="r")', "def load(path, mode, encoding)")


def py(name, a, b, *expected, base=None, unique=True):
    return Case("python", name, BASE if base is None else {**BASE, **base}, a, b, expected, unique)


REMOVED = ("removed-symbol-used", "error")
REN = ("renamed-symbol-used", "error")
MOVED = ("moved-symbol-used", "error")
SIGNATURE = ("signature-changed-called", "error")
ABSTRACT = """from abc import ABC, abstractmethod


class Shape(ABC):
    @abstractmethod
    def area(self):
        ...

    def describe(self, depth):
        return depth
"""
BIG = """def {name}(rows, key, limit):
    grouped = {{}}
    for row in rows:
        value = row[key]
        if value not in grouped:
            grouped[value] = []
        grouped[value].append(row)
    ranked = sorted(grouped.items(), key=lambda item: len(item[1]), reverse=True)
    return [value for value, members in ranked[:limit] if len(members) > 1]
"""

PYTHON = (
    # Removed.
    py("removed, from-import", {"pkg/mod.py": NO_LOAD}, {"pkg/new.py": USE}, REMOVED),
    py("removed, module attribute", {"pkg/mod.py": NO_LOAD}, {"pkg/new.py": USE_MODULE}, REMOVED),
    py(
        "removed, dotted import",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "import pkg.mod\nx = pkg.mod.load('x')\n"},
        REMOVED,
    ),
    py(
        "removed, module alias",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "import pkg.mod as m\nx = m.load('x')\n"},
        REMOVED,
    ),
    py(
        "removed, relative import",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from .mod import load as l\nx = l('x')\n"},
        REMOVED,
    ),
    py(
        "removed, local import",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/cli.py": "import sys\n\n\ndef main():\n    from .mod import load\n    return load(sys.argv)\n"},
        REMOVED,
    ),
    py(
        "removed, same file",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": MOD + "\n\ndef again(p):\n    return load(p)\n"},
        REMOVED,
    ),
    py(
        "removed, star import",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg.mod import *\nx = load('x')\n"},
        REMOVED,
    ),
    py(
        "removed, constant",
        {"pkg/mod.py": MOD.replace("LIMIT = 10\n", "")},
        {"pkg/new.py": "from pkg.mod import LIMIT\nprint(LIMIT)\n"},
        REMOVED,
    ),
    py(
        "removed, class",
        {"pkg/mod.py": MOD[: MOD.index("class Engine")]},
        {"pkg/new.py": "from pkg.mod import Engine\nx = Engine('a')\n"},
        REMOVED,
    ),
    py(
        "removed, used as base",
        {"pkg/mod.py": MOD[: MOD.index("class Engine")]},
        {"pkg/new.py": "from pkg import mod\n\n\nclass Fast(mod.Engine):\n    pass\n"},
        REMOVED,
    ),
    py(
        "removed, passed as value",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg import mod\nx = list(map(mod.load, []))\n"},
        REMOVED,
    ),
    py(
        "removed, as decorator",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg import mod\n\n\n@mod.load\ndef f():\n    pass\n"},
        REMOVED,
    ),
    py(
        "removed, in f-string",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg import mod\nx = f'{mod.load(1)}'\n"},
        REMOVED,
    ),
    py(
        "removed, through re-export",
        {"pkg/__init__.py": ""},
        {"app.py": "from pkg import load\nload('x')\n"},
        REMOVED,
        base={"pkg/__init__.py": "from pkg.mod import load\n"},
    ),
    py(
        "removed behind re-export",
        {"pkg/mod.py": NO_LOAD, "pkg/__init__.py": ""},
        {"app.py": "import pkg\npkg.load('x')\n"},
        REMOVED,
        base={"pkg/__init__.py": "from .mod import load\n"},
    ),
    py(
        "removed import that new code needs",
        {"pkg/cli.py": "def main():\n    return []\n"},
        {"pkg/cli.py": BASE["pkg/cli.py"] + "\n\ndef stop():\n    sys.exit(1)\n"},
        REMOVED,
    ),
    py(
        "removed method on self",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/mod.py": MOD.replace(
                "        self.name = name\n", "        self.name = name\n        self.halt_engine()\n"
            )
        },
        REMOVED,
    ),
    py(
        "removed method, constructed",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\ndef f():\n    e = Engine('a')\n    e.halt_engine()\n"
        },
        REMOVED,
    ),
    py(
        "removed method, annotated",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {"pkg/new.py": "from pkg.mod import Engine\n\n\ndef f(e: Engine | None):\n    e.halt_engine()\n"},
        REMOVED,
    ),
    py(
        "removed method, subclass",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\nclass Fast(Engine):\n    def go(self):\n        self.halt_engine()\n"
        },
        REMOVED,
    ),
    py(
        "removed method, super",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\nclass Fast(Engine):\n    def go(self):\n        super().halt_engine()\n"
        },
        REMOVED,
    ),
    py(
        "removed method, unknown receiver",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {"pkg/new.py": "def f(e):\n    e.halt_engine()\n"},
        REMOVED,
    ),
    py(
        "removed method, attribute of self",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\nclass Car:\n    def __init__(self):\n        self.engine = Engine('a')\n\n    def go(self):\n        self.engine.halt_engine()\n"
        },
        REMOVED,
    ),
    py(
        "removed method, ambiguous name",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {"pkg/new.py": "def f(e):\n    e.halt_engine()\n"},
        ("removed-symbol-used", "warning"),
        base={"pkg/other.py": "class Boat:\n    def halt_engine(self):\n        return 1\n"},
        unique=False,
    ),
    py(
        "removed, guarded import",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "try:\n    from pkg.mod import load\nexcept ImportError:\n    load = None\n"},
        ("removed-symbol-used", "warning"),
        unique=False,
    ),
    py(
        "removed, module has __getattr__",
        {"pkg/mod.py": NO_LOAD + "\n\ndef __getattr__(name):\n    return 1\n"},
        {"pkg/new.py": USE},
        ("removed-symbol-used", "warning"),
        unique=False,
    ),
    py("removed module", {"pkg/mod.py": None}, {"pkg/new.py": "import pkg.mod\n"}, REMOVED),
    py(
        "removed module, name imported",
        {"pkg/mod.py": None},
        {"pkg/new.py": "from pkg.mod import store\nstore(1, 2)\n"},
        REMOVED,
    ),
    py(
        "removed, src layout",
        {"src/lib/a.py": "def g():\n    pass\n"},
        {"tests/test_a.py": "from lib.a import f\nf()\n"},
        REMOVED,
        base={
            "src/lib/__init__.py": "",
            "src/lib/a.py": "def f():\n    return [1, 2]\n\n\ndef g():\n    pass\n",
        },
    ),
    py(
        "removed, broken file still tells",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": USE + "\n\ndef half(:\n"},
        REMOVED,
    ),
    # Renamed and moved.
    py("renamed", {"pkg/mod.py": RENAMED}, {"pkg/new.py": USE}, REN),
    py(
        "renamed class",
        {"pkg/mod.py": MOD.replace("class Engine", "class Motor")},
        {"pkg/new.py": "from pkg.mod import Engine\nEngine('a').ignite_all(1)\n"},
        REN,
    ),
    py(
        "renamed method",
        {"pkg/mod.py": MOD.replace("ignite_all", "start_all")},
        {"pkg/new.py": "from pkg.mod import Engine\ne = Engine('a')\ne.ignite_all(1)\n"},
        REN,
    ),
    py(
        "moved",
        {
            "pkg/mod.py": NO_LOAD,
            "pkg/io.py": "def load(path, mode='r'):\n    with open(path, mode) as stream:\n        return stream.read()\n",
        },
        {"pkg/new.py": USE},
        MOVED,
    ),
    py(
        "moved module",
        {"pkg/mod.py": None, "pkg/core.py": MOD},
        {"pkg/new.py": "from pkg import mod\nmod.load('x')\n"},
        MOVED,
    ),
    py(
        "moved module, name imported",
        {"pkg/mod.py": None, "pkg/core.py": MOD},
        {"pkg/new.py": "from pkg.mod import Engine\n"},
        MOVED,
    ),
    # Signatures.
    py("required parameter added", {"pkg/mod.py": REQUIRED}, {"pkg/new.py": USE}, SIGNATURE),
    py(
        "parameter removed, keyword used",
        {"pkg/mod.py": MOD.replace('load(path, mode="r")', "load(path)")},
        {"pkg/new.py": "from pkg.mod import load\nload('x', mode='rb')\n"},
        SIGNATURE,
    ),
    py(
        "parameter renamed, keyword used",
        {"pkg/mod.py": MOD.replace("mode", "how")},
        {"pkg/new.py": "from pkg.mod import load\nload('x', mode='rb')\n"},
        SIGNATURE,
    ),
    py(
        "keyword-only now",
        {"pkg/mod.py": MOD.replace('load(path, mode="r")', 'load(path, *, mode="r")')},
        {"pkg/new.py": "from pkg.mod import load\nload('x', 'rb')\n"},
        SIGNATURE,
    ),
    py(
        "positional reorder",
        {"pkg/mod.py": MOD.replace("store(path, text)", "store(text, path)")},
        {"pkg/new.py": "from pkg.mod import store\nstore('p', 't')\n"},
        SIGNATURE,
    ),
    py(
        "constructor",
        {"pkg/mod.py": MOD.replace("__init__(self, name)", "__init__(self, name, power)")},
        {"pkg/new.py": "from pkg.mod import Engine\nEngine('a')\n"},
        SIGNATURE,
    ),
    py(
        "constructor through subclass",
        {"pkg/mod.py": MOD.replace("__init__(self, name)", "__init__(self, name, power)")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\nclass Fast(Engine):\n    def __init__(self):\n        super().__init__('a')\n"
        },
        SIGNATURE,
    ),
    py(
        "method on self",
        {"pkg/mod.py": MOD.replace("ignite_all(self, force)", "ignite_all(self, force, slow)")},
        {
            "pkg/mod.py": MOD.replace(
                "        self.name = name\n", "        self.name = name\n        self.ignite_all(True)\n"
            )
        },
        SIGNATURE,
    ),
    py(
        "method, unknown receiver",
        {"pkg/mod.py": MOD.replace("ignite_all(self, force)", "ignite_all(self, force, slow)")},
        {"pkg/new.py": "def f(e):\n    e.ignite_all(1)\n"},
        SIGNATURE,
    ),
    py(
        "through re-export under another name",
        {"pkg/mod.py": REQUIRED},
        {"app.py": "import pkg\npkg.slurp('x')\n"},
        SIGNATURE,
        base={"pkg/__init__.py": "from .mod import load as slurp\n"},
    ),
    py(
        "dataclass field added",
        {
            "pkg/d.py": "from dataclasses import dataclass\n\n\n@dataclass\nclass P:\n    x: int\n    y: int\n    z: int\n"
        },
        {"pkg/new.py": "from pkg.d import P\nP(1, 2)\n"},
        SIGNATURE,
        base={
            "pkg/d.py": "from dataclasses import dataclass\n\n\n@dataclass\nclass P:\n    x: int\n    y: int\n"
        },
    ),
    py(
        "property becomes method",
        {"pkg/d.py": "class P:\n    def width(self):\n        return 1\n"},
        {"pkg/new.py": "from pkg.d import P\n\n\ndef f(p: P):\n    return p.width + 1\n"},
        SIGNATURE,
        base={"pkg/d.py": "class P:\n    @property\n    def width(self):\n        return 1\n"},
    ),
    py(
        "unknown decorator",
        {"pkg/d.py": "import x\n\n\n@x.magic\ndef f(a, b):\n    return a\n"},
        {"pkg/new.py": "from pkg.d import f\nf(1)\n"},
        ("signature-changed-called", "warning"),
        base={"pkg/d.py": "import x\n\n\n@x.magic\ndef f(a):\n    return a\n"},
        unique=False,
    ),
    py(
        "now async",
        {"pkg/mod.py": MOD.replace("def store", "async def store")},
        {"pkg/new.py": "from pkg.mod import store\nstore(1, 2)\n"},
        ("signature-changed-called", "warning"),
        unique=False,
    ),
    # Duplicates and double edits.
    py(
        "duplicate definition",
        {"pkg/mod.py": MOD.replace("def store", "def extra(a):\n    return a\n\n\ndef store")},
        {"pkg/mod.py": MOD + "\n\ndef extra(b, c):\n    return b + c\n"},
        ("duplicate-definition", "error"),
    ),
    py(
        "duplicate method",
        {
            "pkg/mod.py": MOD.replace(
                "    def halt_engine", "    def spin(self):\n        return 1\n\n    def halt_engine"
            )
        },
        {
            "pkg/mod.py": MOD.replace(
                "def _private", "    def spin(self, n):\n        return n\n\n\ndef _private"
            )
        },
        ("duplicate-definition", "error"),
    ),
    py(
        "same function edited",
        {"pkg/d.py": "def f(a):\n    x = 1\n    y = 2\n    z = 3\n    w = 4\n    return a\n"},
        {"pkg/d.py": "def f(a):\n    x = 0\n    y = 2\n    z = 3\n    w = 5\n    return a\n"},
        ("same-symbol-edited", "warning"),
        base={"pkg/d.py": "def f(a):\n    x = 0\n    y = 2\n    z = 3\n    w = 4\n    return a\n"},
    ),
    py(
        "duplicate work",
        {"pkg/a.py": BIG.format(name="top_groups")},
        {"pkg/b.py": BIG.format(name="most_common_groups").replace("limit", "count", 0)},
        ("duplicate-work", "warning"),
    ),
    # Overrides.
    py(
        "new abstract method",
        {"pkg/s.py": ABSTRACT + "\n    @abstractmethod\n    def perimeter(self):\n        ...\n"},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Square(Shape):\n    def area(self):\n        return 1\n"
        },
        ("override-mismatch", "error"),
        base={"pkg/s.py": ABSTRACT},
    ),
    py(
        "renamed abstract method",
        {"pkg/s.py": ABSTRACT.replace("def area", "def surface")},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Square(Shape):\n    def area(self):\n        return 1\n"
        },
        ("override-mismatch", "error"),
        base={"pkg/s.py": ABSTRACT},
    ),
    py(
        "new abstract method, two levels",
        {"pkg/s.py": ABSTRACT + "\n    @abstractmethod\n    def perimeter(self):\n        ...\n"},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Flat(Shape):\n    flat = True\n\n    def area(self):\n        return 0\n\n\nclass Square(Flat):\n    pass\n"
        },
        ("override-mismatch", "error"),
        base={"pkg/s.py": ABSTRACT},
    ),
    py(
        "base signature, new override",
        {"pkg/s.py": ABSTRACT.replace("describe(self, depth)", "describe(self, depth, width)")},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Square(Shape):\n    def area(self):\n        return 1\n\n    def describe(self, depth):\n        return 2\n"
        },
        ("override-mismatch", "warning"),
        base={"pkg/s.py": ABSTRACT},
    ),
    # Hard negatives.
    py("ok: unrelated", {"pkg/mod.py": NO_LOAD}, {"pkg/new.py": "from pkg.mod import store\nstore(1, 2)\n"}),
    py(
        "ok: optional parameter added",
        {"pkg/mod.py": MOD.replace('mode="r")', 'mode="r", encoding=None)')},
        {"pkg/new.py": USE},
    ),
    py(
        "ok: keyword-only optional added",
        {"pkg/mod.py": MOD.replace('mode="r")', 'mode="r", *, encoding=None)')},
        {"pkg/new.py": USE},
    ),
    py(
        "ok: **kwargs added",
        {"pkg/mod.py": MOD.replace('mode="r")', 'mode="r", **more)')},
        {"pkg/new.py": USE},
    ),
    py(
        "ok: keyword-compatible reorder",
        {"pkg/mod.py": MOD.replace("store(path, text)", "store(text, path)")},
        {"pkg/new.py": "from pkg.mod import store\nstore(path='p', text='t')\n"},
    ),
    py(
        "ok: positional parameter renamed",
        {
            "pkg/mod.py": MOD.replace("store(path, text)", "store(place, text)").replace(
                'open(path, "w")', 'open(place, "w")'
            )
        },
        {"pkg/new.py": "from pkg.mod import store\nstore('p', 't')\n"},
    ),
    py("ok: alias kept", {"pkg/mod.py": RENAMED + "\n\nload = read_file\n"}, {"pkg/new.py": USE}),
    py(
        "ok: moved and re-exported",
        {
            "pkg/mod.py": "from pkg.io import load\n" + NO_LOAD,
            "pkg/io.py": "def load(path, mode='r'):\n    with open(path, mode) as stream:\n        return stream.read()\n",
        },
        {"pkg/new.py": USE},
    ),
    py(
        "ok: moved, star re-export",
        {
            "pkg/mod.py": "from pkg.io import *\n" + NO_LOAD,
            "pkg/io.py": "def load(path, mode='r'):\n    return 1\n",
        },
        {"pkg/new.py": USE_MODULE},
    ),
    py("ok: module becomes package", {"pkg/mod.py": None, "pkg/mod/__init__.py": MOD}, {"pkg/new.py": USE}),
    py(
        "ok: re-export follows the move",
        {
            "pkg/__init__.py": "from .io import load\n",
            "pkg/mod.py": NO_LOAD,
            "pkg/io.py": "def load(path, mode='r'):\n    return 1\n",
        },
        {"app.py": "from pkg import load\nload('x')\n"},
        base={"pkg/__init__.py": "from .mod import load\n"},
    ),
    py(
        "ok: same name elsewhere",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg.other import load\nload('x')\n"},
        base={"pkg/other.py": "def load(p):\n    return p\n"},
    ),
    py(
        "ok: own definition",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "def load(p):\n    return p\n\n\nload('x')\n"},
    ),
    py("ok: external module", {"pkg/mod.py": NO_LOAD}, {"pkg/new.py": "import json\njson.load(1)\n"}),
    py(
        "ok: only in comment and string",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "# load and mod.load\nx = 'from pkg.mod import load'\n"},
    ),
    py(
        "ok: local variable of that name",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": MOD + "\n\ndef other():\n    load = 1\n    return load\n"},
    ),
    py(
        "ok: parameter of that name",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": MOD + "\n\ndef other(load):\n    return load()\n"},
    ),
    py("ok: private unused removal", {"pkg/mod.py": MOD[: MOD.index("def _private")]}, {"pkg/new.py": USE}),
    py(
        "ok: removed on both sides",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": NO_LOAD.replace("LIMIT = 10", "LIMIT = 11")},
    ),
    py(
        "ok: old use stays",
        {"pkg/mod.py": NO_LOAD, "pkg/old.py": "x = 1\n"},
        {"pkg/new.py": "y = 1\n"},
        base={"pkg/old.py": USE},
    ),
    py(
        "ok: dict method of that name",
        {"pkg/d.py": "class P:\n    pass\n"},
        {"pkg/new.py": "def f(d):\n    return d.get('x')\n"},
        base={"pkg/d.py": "class P:\n    def get(self, k):\n        return 1\n"},
    ),
    py(
        "ok: method moved to base",
        {
            "pkg/mod.py": MOD.replace(
                "class Engine:",
                "class Machine:\n    def halt_engine(self):\n        return None\n\n\nclass Engine(Machine):",
            ).replace("    def halt_engine(self):\n        return None\n\n\ndef _private", "\n\ndef _private")
        },
        {"pkg/new.py": "from pkg.mod import Engine\ne = Engine('a')\ne.halt_engine()\n"},
    ),
    py(
        "ok: import moved within file",
        {"pkg/cli.py": "import os\nimport sys\n\n\ndef main():\n    return sys.argv\n"},
        {"pkg/cli.py": BASE["pkg/cli.py"] + "\n\ndef stop():\n    sys.exit(1)\n"},
    ),
    py(
        "ok: other side imports it again",
        {"pkg/cli.py": "def main():\n    return []\n"},
        {"pkg/cli.py": BASE["pkg/cli.py"] + "\n\ndef stop():\n    import sys\n    sys.exit(1)\n"},
    ),
    py(
        "ok: overloads added",
        {
            "pkg/d.py": "from typing import overload\n\n\n@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str, b: int) -> str: ...\ndef f(a, b=None):\n    return a\n"
        },
        {"pkg/new.py": "from pkg.d import f\nf(1)\n"},
        base={"pkg/d.py": "def f(a):\n    return a\n"},
    ),
    py(
        "ok: both add the same",
        {"pkg/mod.py": MOD + "\n\ndef extra(a):\n    return a\n"},
        {"pkg/mod.py": MOD + "\n\ndef extra(a):\n    return a\n"},
    ),
    py(
        "ok: comment edited in same function",
        {"pkg/mod.py": MOD.replace("        stream.write(text)\n", "        stream.write(text)  # now\n")},
        {"pkg/mod.py": MOD.replace('"w"', '"wb"')},
    ),
    py(
        "ok: property and its setter",
        {
            "pkg/d.py": "class P:\n    @property\n    def w(self):\n        return 1\n\n    @w.setter\n    def w(self, v):\n        pass\n"
        },
        {"pkg/e.py": "x = 1\n"},
        base={"pkg/d.py": "class P:\n    pass\n"},
    ),
    py(
        "ok: implementer has the new method",
        {"pkg/s.py": ABSTRACT + "\n    @abstractmethod\n    def perimeter(self):\n        ...\n"},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Square(Shape):\n    def area(self):\n        return 1\n\n    def perimeter(self):\n        return 4\n"
        },
        base={"pkg/s.py": ABSTRACT},
    ),
    py(
        "ok: new method has a body",
        {"pkg/s.py": ABSTRACT + "\n    def perimeter(self):\n        return 0\n"},
        {
            "pkg/new.py": "from pkg.s import Shape\n\n\nclass Square(Shape):\n    def area(self):\n        return 1\n"
        },
        base={"pkg/s.py": ABSTRACT},
    ),
    py(
        "ok: starred call",
        {"pkg/mod.py": REQUIRED},
        {"pkg/new.py": "from pkg.mod import load\n\n\ndef f(*args, **kw):\n    return load(*args, **kw)\n"},
    ),
    py(
        "ok: small functions alike",
        {"pkg/a.py": "def one(a):\n    return a\n"},
        {"pkg/b.py": "def two(a):\n    return a\n"},
    ),
    py(
        "ok: removed by both, getattr",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "import pkg.mod\nx = getattr(pkg.mod, 'load', None)\n"},
    ),
    py(
        "ok: use moved within a file",
        {"pkg/mod.py": NO_LOAD, "pkg/old.py": "def a():\n    return 1\n\n\ndef b():\n    return 2\n"},
        {"pkg/old.py": "def aa():\n    return load('x')\n\n\ndef b():\n    return 2\n"},
        base={"pkg/old.py": "def a():\n    return load('x')\n\n\ndef b():\n    return 2\n"},
    ),
    # What looks simple and is not.
    py(
        "removed method, with",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {
            "pkg/new.py": "from pkg.mod import Engine\n\n\ndef f():\n    with Engine('a') as e:\n        e.halt_engine()\n"
        },
        REMOVED,
    ),
    py(
        "removed method, result of a function",
        {"pkg/mod.py": MOD.replace("    def halt_engine(self):\n        return None\n", "")},
        {"pkg/new.py": "from pkg.make import make\n\n\ndef f():\n    make().halt_engine()\n"},
        REMOVED,
        base={
            "pkg/make.py": "from pkg.mod import Engine\n\n\ndef make() -> Engine:\n    return Engine('a')\n"
        },
    ),
    py(
        "removed exception",
        {"pkg/e.py": "class Other(Exception):\n    pass\n"},
        {"pkg/new.py": "from pkg import e\n\ntry:\n    print(1)\nexcept e.Broken:\n    pass\n"},
        REMOVED,
        base={"pkg/e.py": "class Broken(ValueError):\n    code = 1\n\n\nclass Other(Exception):\n    pass\n"},
    ),
    py(
        "removed enum member",
        {"pkg/e.py": "import enum\n\n\nclass Color(enum.Enum):\n    RED = 1\n"},
        {"pkg/new.py": "from pkg.e import Color\nx = Color.GREEN\n"},
        REMOVED,
        base={"pkg/e.py": "import enum\n\n\nclass Color(enum.Enum):\n    RED = 1\n    GREEN = 2\n"},
    ),
    py(
        "removed class, annotation only",
        {"pkg/mod.py": MOD[: MOD.index("class Engine")]},
        {"pkg/new.py": "from pkg import mod\n\n\ndef f(x: mod.Engine) -> None:\n    pass\n"},
        REMOVED,
    ),
    py(
        "short unique method, file imports its module",
        {"pkg/d.py": "class P:\n    pass\n"},
        {"pkg/new.py": "import pkg.d\n\n\ndef f(p):\n    p.spin()\n"},
        REMOVED,
        base={"pkg/d.py": "class P:\n    def spin(self):\n        return 1\n"},
    ),
    py(
        "short unique method, nothing imported",
        {"pkg/d.py": "class P:\n    pass\n"},
        {"pkg/new.py": "def f(p):\n    p.spin()\n"},
        ("removed-symbol-used", "warning"),
        base={"pkg/d.py": "class P:\n    def spin(self):\n        return 1\n"},
    ),
    py(
        "keyword argument of a method removed",
        {
            "pkg/mod.py": MOD.replace("ignite_all(self, force)", "ignite_all(self)").replace(
                "(self.name, force)", "self.name"
            )
        },
        {"pkg/new.py": "from pkg.mod import Engine\nEngine('a').ignite_all(force=True)\n"},
        SIGNATURE,
    ),
    py(
        "star export withdrawn",
        {"pkg/s.py": "__all__ = ['b']\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n"},
        {"pkg/new.py": "from pkg.s import *\na()\n"},
        REMOVED,
        base={"pkg/s.py": "__all__ = ['a', 'b']\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n"},
    ),
    py(
        "class attribute through cls",
        {"pkg/d.py": "class P:\n    @classmethod\n    def make(cls):\n        return 1\n"},
        {
            "pkg/d.py": "class P:\n    size = 3\n\n    @classmethod\n    def make(cls):\n        return 1\n\n    @classmethod\n    def more(cls):\n        return cls.size\n"
        },
        REMOVED,
        base={
            "pkg/d.py": "class P:\n    size = 3\n\n    @classmethod\n    def make(cls):\n        return 1\n"
        },
    ),
    py(
        "ok: withdrawn from __all__, imported by name",
        {"pkg/s.py": "__all__ = ['b']\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n"},
        {"pkg/new.py": "from pkg.s import a\na()\n"},
        base={"pkg/s.py": "__all__ = ['a', 'b']\n\n\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n"},
    ),
    py(
        "ok: static method made a class method",
        {"pkg/d.py": "class P:\n    @classmethod\n    def make(cls, a):\n        return a\n"},
        {"pkg/new.py": "from pkg.d import P\nP.make(1)\n"},
        base={"pkg/d.py": "class P:\n    @staticmethod\n    def make(a):\n        return a\n"},
    ),
    py(
        "ok: conditional definition kept",
        {
            "pkg/d.py": "import sys\n\nif sys.platform == 'win32':\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\n"
        },
        {"pkg/new.py": "from pkg.d import f\nf()\n"},
        base={"pkg/d.py": "def f():\n    return 2\n"},
    ),
    py(
        "ok: becomes a class with the same call",
        {"pkg/d.py": "class f:\n    def __init__(self, a):\n        self.a = a\n"},
        {"pkg/new.py": "from pkg.d import f\nf(1)\n"},
        base={"pkg/d.py": "def f(a):\n    return a\n"},
    ),
    py(
        "ok: lambda parameter of that name",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": MOD + "\n\nx = lambda load: load()\n"},
    ),
    py(
        "ok: comprehension variable of that name",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/mod.py": MOD + "\n\nx = [load for load in [1]]\n"},
    ),
    py(
        "ok: attribute of a foreign module's object",
        {"pkg/mod.py": MOD.replace("halt_engine", "stop_engine")},
        {"pkg/new.py": "import cars\n\n\ndef f():\n    e = cars.Engine()\n    e.halt_engine()\n"},
    ),
    py(
        "ok: file deleted that the other edits",
        {"pkg/cli.py": None},
        {"pkg/cli.py": BASE["pkg/cli.py"] + "\n\ndef more():\n    return main()\n"},
    ),
    py(
        "ok: dataclass field with default added",
        {
            "pkg/d.py": "from dataclasses import dataclass, field\n\n\n@dataclass(frozen=True)\nclass P:\n    x: int\n    y: int\n    z: list = field(default_factory=list)\n"
        },
        {"pkg/new.py": "from pkg.d import P\nP(1, 2)\n"},
        base={
            "pkg/d.py": "from dataclasses import dataclass\n\n\n@dataclass(frozen=True)\nclass P:\n    x: int\n    y: int\n"
        },
    ),
    py(
        "removed, getattr",
        {"pkg/mod.py": NO_LOAD},
        {"pkg/new.py": "from pkg import mod\nx = getattr(mod, 'load')\n"},
        ("removed-symbol-used", "warning"),
        unique=False,
    ),
    py(
        "removed, patched in a test",
        {"pkg/mod.py": NO_LOAD},
        {
            "tests/test_new.py": "from unittest.mock import patch\n\n\n@patch('pkg.mod.load')\ndef test(load):\n    pass\n"
        },
        ("removed-symbol-used", "warning"),
        unique=False,
    ),
    py(
        "removed, monkeypatched",
        {"pkg/mod.py": NO_LOAD},
        {
            "tests/test_new.py": "from pkg import mod\n\n\ndef test(monkeypatch):\n    monkeypatch.setattr(mod, 'load', None)\n"
        },
        ("removed-symbol-used", "warning"),
        unique=False,
    ),
)
