"""Which tests a merge can break, which pairs can break each other's types, and which commands are understood."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.injected_symbols import MemoryView
from devassist.conflicts.checks.grouping import connected, groups
from devassist.conflicts.checks.parties import Party, Versions
from devassist.conflicts.checks.runners import runner_of
from devassist.conflicts.checks.selection import Selection, is_prose
from devassist.conflicts.checks.type_reach import TypeReach
from devassist.conflicts.names.blob_tables import Tables

Files = Mapping[str, str | None]


def versions(base: Files, *changes: Files, family: str = "python") -> Versions:
    """A base tree and what parties named 0, 1, ... made of it."""
    view = MemoryView()
    view.add("base", dict(base))
    for number, change in enumerate(changes):
        view.add(str(number), {**base, **change})
    parties = [Party(str(number), "base", str(number)) for number in range(len(changes))]
    return Versions(Tables(view, None), "base", parties, family)  # type: ignore[arg-type]


def chosen(base: Files, *changes: Files) -> list[str]:
    """The test files that these changes of two or more branches can break together."""
    merge = versions(base, *changes)
    tests = [path for path in merge.blobs if path.rpartition("/")[2].startswith("test_")]
    return Selection(merge).between(tests, [str(number) for number in range(len(changes))])


# Selection ------------------------------------------------------------------------------------------------

SHOP = {
    "shop/__init__.py": "",
    "shop/prices.py": "TAX = 2\n\n\ndef price(cents):\n    return cents + TAX\n",
    "shop/stock.py": "class Shelf:\n    size = 3\n\n    def room(self):\n        return self.size\n",
    "shop/cart.py": "from shop.prices import price\nfrom shop.stock import Shelf\n\n\ndef total():\n    return price(Shelf().room())\n",
    "tests/test_prices.py": "from shop.prices import price\n\n\ndef test_price():\n    assert price(1) == 3\n",
    "tests/test_stock.py": "from shop import stock\n\n\ndef test_room():\n    assert stock.Shelf().room() == 3\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total() == 5\n",
    "README.md": "words\n",
    "pyproject.toml": "[project]\n",
}
PRICE = {"shop/prices.py": SHOP["shop/prices.py"].replace("TAX = 2", "TAX = 4")}
ROOM = {"shop/stock.py": SHOP["shop/stock.py"].replace("return self.size", "return self.size + 1")}
SIZE = {"shop/stock.py": SHOP["shop/stock.py"].replace("size = 3", "size = 4")}


@pytest.mark.parametrize("stock", [ROOM, SIZE])
def test_a_test_is_chosen_that_reaches_what_two_branches_changed(stock: Files) -> None:
    assert chosen(SHOP, PRICE, stock) == ["tests/test_cart.py"]


def test_what_one_branch_changed_alone_is_no_matter_of_a_merge() -> None:
    assert chosen(SHOP, PRICE) == []
    assert chosen(SHOP, PRICE, {"shop/new.py": "def unused():\n    return 1\n"}) == []


def test_a_new_test_meets_the_change_of_another_branch() -> None:
    new = {
        "tests/test_new.py": "from shop.prices import price\n\n\ndef test_new():\n    assert price(2) == 4\n"
    }
    assert chosen(SHOP, PRICE, new) == ["tests/test_new.py"]


def test_comments_and_neighbours_in_a_file_are_no_change_of_its_functions() -> None:
    more = {
        "shop/stock.py": "# About shelves.\n\n" + SHOP["shop/stock.py"] + "\n\ndef other():\n    return 7\n"
    }
    assert chosen(SHOP, PRICE, more) == []


def test_settings_may_matter_to_every_test_and_prose_to_who_speaks_of_it() -> None:
    settings = {"pyproject.toml": "[project]\nname = 'shop'\n"}
    every = ["tests/test_cart.py", "tests/test_prices.py", "tests/test_stock.py"]
    assert chosen(SHOP, settings, {"data/table.json": "[]\n"}) == every
    assert chosen(SHOP, settings, PRICE) == ["tests/test_cart.py", "tests/test_prices.py"]
    assert chosen(SHOP, PRICE, {"README.md": "other words\n"}) == []
    reads = {**SHOP, "tests/test_prices.py": SHOP["tests/test_prices.py"] + "    open('README.md')\n"}
    assert chosen(reads, PRICE, {"README.md": "other words\n"}) == ["tests/test_prices.py"]


def test_what_a_conftest_does_for_all_tests_matters_to_all_below_it() -> None:
    base = {
        **SHOP,
        "tests/conftest.py": "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef all_():\n    yield\n",
    }
    changed = {"tests/conftest.py": base["tests/conftest.py"].replace("yield", "yield 1")}
    assert chosen(base, PRICE, changed) == ["tests/test_cart.py", "tests/test_prices.py"]


ROADS = {
    "a fixture, by the name of a parameter": {
        "tests/conftest.py": "import pytest\nfrom shop.prices import price\n\n\n@pytest.fixture\ndef paid():\n    return price(1)\n",
        "tests/test_it.py": "def test_it(paid):\n    assert paid\n",
    },
    "a module named in a text": {
        "tests/test_it.py": "import importlib\n\n\ndef test_it():\n    importlib.import_module('shop.prices').price(1)\n",
    },
    "a module by a name that is put together": {
        "shop/load.py": "import importlib\n\n\ndef load(name):\n    return importlib.import_module('shop.' + name)\n",
        "tests/test_it.py": "from shop.load import load\n\n\ndef test_it():\n    load('prices').price(1)\n",
    },
    "an attribute by its name": {
        "tests/test_it.py": "import shop.prices as p\n\n\ndef test_it():\n    getattr(p, 'price')(1)\n",
    },
    "a star": {
        "shop/all.py": "from shop.prices import *\n",
        "tests/test_it.py": "from shop.all import *\n\n\ndef test_it():\n    assert price(1)\n",
    },
    "a name under which a package shows it": {
        "shop/api.py": "from shop.prices import price as cost\n",
        "tests/test_it.py": "from shop import api\n\n\ndef test_it():\n    assert api.cost(1)\n",
    },
    "an operator": {
        "shop/money.py": "from shop.prices import price\n\n\nclass Money:\n    def __add__(self, other):\n        return price(other)\n",
        "tests/test_it.py": "from shop.money import Money\n\n\ndef test_it():\n    assert Money() + 1\n",
    },
    "what runs when a module is loaded": {
        "shop/ready.py": "from shop.prices import price\n\nREADY = [price(1)]\n",
        "tests/test_it.py": "import shop.ready\n\n\ndef test_it():\n    assert shop.ready\n",
    },
    "an inherited method": {
        "shop/base.py": "from shop.prices import price\n\n\nclass Base:\n    def cost(self):\n        return price(1)\n",
        "shop/own.py": "from shop.base import Base\n\n\nclass Own(Base):\n    pass\n",
        "tests/test_it.py": "from shop.own import Own\n\n\ndef test_it():\n    assert Own().cost()\n",
    },
    "something registered by a decorator": {
        "shop/registry.py": "EVERY = {}\n\n\ndef register(function):\n    EVERY[function.__name__[0]] = function\n    return function\n",
        "shop/plugins.py": "from shop.prices import price\nfrom shop.registry import register\n\n\n@register\ndef zebra():\n    return price(1)\n",
        "tests/test_it.py": "import shop.plugins\nfrom shop.registry import EVERY\n\n\ndef test_it():\n    assert EVERY['z']()\n",
    },
    "a process of its own": {
        "tests/test_it.py": "import subprocess, sys\n\n\ndef test_it():\n    subprocess.run([sys.executable, '-c', 'import shop'])\n",
    },
    "an import in a function": {
        "shop/late.py": "def late():\n    from shop.prices import price\n    return price(1)\n",
        "tests/test_it.py": "from shop.late import late\n\n\ndef test_it():\n    assert late()\n",
    },
    "a class from outside that calls back": {
        "shop/job.py": "import threading\nfrom shop.prices import price\n\n\nclass Job(threading.Thread):\n    def run(self):\n        price(1)\n",
        "tests/test_it.py": "from shop.job import Job\n\n\ndef test_it():\n    Job().start()\n",
    },
}


@pytest.mark.parametrize("road", ROADS)
def test_a_test_gets_to_a_change_by_many_roads(road: str) -> None:
    base: dict[str, str | None] = {**SHOP, **ROADS[road]}
    own = {"tests/test_it.py": f"{base['tests/test_it.py']}    assert 1 + 1\n"}
    assert "tests/test_it.py" in chosen(base, PRICE, own)
    assert "tests/test_it.py" not in chosen(base, {"shop/far.py": "def far():\n    return 1\n"}), (
        "only one branch"
    )


# Programs of random functions in random modules, run for real ----------------------------------------------

COUNT = 8
CALLS = st.lists(st.integers(0, COUNT - 1), max_size=2)


def program(calls: list[list[int]], ways: list[int]) -> dict[str, str]:
    """Functions that add up numbers of others, each in a module of its own, called in one of four ways."""
    files = {}
    for number, others in enumerate(calls):
        lines, terms = [], [f"value_{number}()"]
        for other in others:
            if other <= number:
                continue
            way = ways[(number + other) % len(ways)]
            name = f"part_{other}"
            if way == 0:
                lines.append(f"from {name} import total_{other}")
                terms.append(f"total_{other}()")
            elif way == 1:
                lines.append(f"import {name} as m{other}")
                terms.append(f"m{other}.total_{other}()")
            elif way == 2:
                lines.append(f"from {name} import Box{other}")
                terms.append(f"Box{other}().held()")
            else:
                lines.append(f"import {name} as m{other}")
                terms.append(f"getattr(m{other}, 'total_{other}')()")
        body = "\n".join(lines)
        files[f"part_{number}.py"] = (
            f"{body}\n\n\ndef value_{number}():\n    return RAN({number}, 0)\n\n\n"
            f"def total_{number}():\n    return sum([{', '.join(terms)}])\n\n\n"
            f"class Box{number}:\n    def held(self):\n        return total_{number}()\n"
        )
        files[f"test_{number}.py"] = (
            f"import part_{number}\n\n\ndef test():\n    part_{number}.total_{number}()\n"
        )
    return files


def run(files: Mapping[str, str], number: int) -> set[int]:
    """The functions that really ran in the test of one module."""
    ran: set[int] = set()
    loaded: dict[str, ModuleType] = {}

    def imported(name: str, *_rest: object) -> ModuleType:
        if name not in loaded:
            module = loaded[name] = ModuleType(name)
            own = {**vars(__import__("builtins")), "__import__": imported}
            module.__dict__.update(__builtins__=own, RAN=lambda which, value: ran.add(which) or value)
            exec(compile(files[f"{name}.py"], name, "exec"), module.__dict__)
        return loaded[name]

    imported(f"test_{number}").test()
    return ran


@given(
    st.lists(CALLS, min_size=COUNT, max_size=COUNT),
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
)
def test_no_test_is_left_out_that_runs_what_two_branches_changed(
    calls: list[list[int]], ways: list[int], changed: tuple[int, int]
) -> None:
    base = program(calls, ways)
    sides = [
        {f"part_{n}.py": base[f"part_{n}.py"].replace(f"{n}, 0", f"{n}, {1 + i}")}
        for i, n in enumerate(changed)
    ]
    selected = chosen(base, *sides)
    for number in range(COUNT):
        if set(changed) <= run(base, number):
            assert f"test_{number}.py" in selected
    if not any(calls):
        assert set(selected) <= ({f"test_{changed[0]}.py"} if changed[0] == changed[1] else set())


def test_a_change_that_does_not_parse_matters_to_all_that_load_it() -> None:
    broken = {"shop/stock.py": "def room[[:\n    pass\n"}
    assert chosen(SHOP, PRICE, broken) == ["tests/test_cart.py"]


# Commands -------------------------------------------------------------------------------------------------

PATHS = {
    "pkg/a.py",
    "tests/test_a.py",
    "tests/deep/test_b.py",
    "more/test_c.py",
    "tests/conftest.py",
    "x_test.py",
}
NO_FILES: Mapping[str, str] = {}


def files_of(command: str, files: Mapping[str, str] = NO_FILES) -> list[str] | None:
    paths = PATHS | files.keys()
    runner = runner_of(command, paths, files.get)
    return None if runner is None else runner.files(paths)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest", ["more/test_c.py", "tests/deep/test_b.py", "tests/test_a.py", "x_test.py"]),
        ("python -m pytest -q -p no:cacheprovider tests", ["tests/deep/test_b.py", "tests/test_a.py"]),
        ("PYTHONPATH=pkg python3 -m pytest -k 'not slow' ./more/", ["more/test_c.py"]),
        ("uv run pytest --maxfail 3 tests/test_a.py", ["tests/test_a.py"]),
        ("coverage run -m pytest -x --tb=no tests/deep", ["tests/deep/test_b.py"]),
        ("cd tests && pytest", None),
        ("pytest tests/test_a.py::test_one", None),
        ("pytest nowhere", None),
        ("pytest --cov pkg", None),
        ("pytest --doctest-modules", None),
        ("pytest $WHAT", None),
        ("pytest 'unclosed", None),
        ("make test", None),
        ("./run.sh pytest", None),
        ("OPTIONS='a b' pytest", None),
    ],
)
def test_only_commands_that_are_understood_are_taken_apart(command: str, expected: list[str] | None) -> None:
    assert files_of(command) == expected


def test_settings_say_what_a_test_file_is() -> None:
    own = {
        "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\npython_files = ["x_*.py", "test_b.py"]\n'
    }
    assert files_of("pytest", own) == ["tests/deep/test_b.py"]
    assert files_of("pytest", {"setup.cfg": "[tool:pytest]\naddopts = --doctest-modules\n"}) is None
    assert files_of("pytest", {"tests/conftest.py": "def pytest_collect_file(): ...\n"}) is None
    assert files_of("pytest", {"pyproject.toml": "[tool.coverage.report]\nfail_under = 90\n"}) is None


def test_the_same_command_is_made_for_some_files() -> None:
    runner = runner_of("python -m pytest -k 'a b' -q tests", PATHS, NO_FILES.get)
    assert runner is not None
    assert runner.command(["tests/test_a.py"]) == "python -m pytest -k 'a b' -q tests/test_a.py"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("CHANGES.rst", True), ("docs/a.png", True), (".github/workflows/x.yml", True), ("LICENSE", True),
     ("requirements/dev.txt", False), ("constraints.txt", False), ("data.json", False), ("uv.lock", False)],
)  # fmt: skip
def test_what_is_for_people_is_told_from_what_tests_may_read(path: str, expected: bool) -> None:
    assert is_prose(path) is expected


# Groups ---------------------------------------------------------------------------------------------------

REACHED = st.lists(st.frozensets(st.integers(0, 9), max_size=4), min_size=2, max_size=9)


@given(REACHED, st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8))))
def test_every_pair_that_can_matter_is_looked_at_where_no_third_hides_it(
    reached: list[frozenset[int]], apart: set[tuple[int, int]]
) -> None:
    places = {str(number): found for number, found in enumerate(reached)}
    names = list(places)
    merging = [pair for pair in combinations(names, 2) if (int(pair[0]), int(pair[1])) not in apart]
    found = [*groups(places, names, merging)]
    looked = {pair for group in found for pair in combinations(group, 2)}
    assert looked <= set(merging)
    assert set(connected(places, names)) & set(merging) <= looked
    for group in found:
        assert all(len([name for name in group if one in places[name]]) <= 2 for one in range(10))


def type_reach(base: Files, *changes: Files, family: str = "python") -> TypeReach:
    return TypeReach(versions(base, *changes, family=family))


TYPED = {
    "make.py": "from shelf import Shelf\n\n\ndef make() -> Shelf:\n    return Shelf()\n",
    "shelf.py": "class Shelf:\n    def room(self) -> int:\n        return 3\n\n    def name(self) -> str:\n        return 'a'\n",
    "use.py": "from make import make\n\n\ndef use() -> int:\n    return make().room()\n",
    "far.py": "def far() -> int:\n    return 1\n\n\ndef farther() -> int:\n    return far()\n",
}


def test_types_meet_where_one_says_the_name_that_another_gave_a_new_type() -> None:
    reach = type_reach(
        TYPED,
        {"shelf.py": TYPED["shelf.py"].replace("room(self) -> int", "room(self) -> str")},
        {"new.py": "from make import make\n\nROOM: int = make().room() + 1\n"},
        {"far.py": TYPED["far.py"].replace("return 1", "return 2")},
        {"far.py": TYPED["far.py"].replace("far() -> int:\n    return 1", "far() -> str:\n    return 'a'")},
    )
    assert connected(reach.reached, list("0123")) == [("0", "1"), ("2", "3")]


def test_a_body_alone_changes_the_types_of_nobody_else_where_all_types_are_said() -> None:
    body = {"far.py": TYPED["far.py"].replace("return 1", "return 2")}
    reach = type_reach(TYPED, body, {"new.py": "from far import far\n\nFAR = far()\n"})
    assert connected(reach.reached, ["0", "1"]) == []
    untyped = {**TYPED, "far.py": "def far():\n    return 1\n"}
    changed = {"far.py": "def far():\n    return 'a'\n"}
    reach = type_reach(untyped, changed, {"new.py": "from far import far\n\nFAR = far()\n"})
    assert connected(reach.reached, ["0", "1"]) == [("0", "1")]


def test_types_of_scripts_meet_the_same_way() -> None:
    base = {
        "a.ts": "export function price(n: number): number {\n  return n\n}\n",
        "b.ts": "export const one: number = 1\n",
    }
    reach = type_reach(
        base,
        {"a.ts": base["a.ts"].replace("): number", "): string").replace("return n", "return 'n'")},
        {"c.ts": "import { price } from './a'\nexport const paid: number = price(1)\n"},
        {"b.ts": "export const one: string = '1'\n"},
        {"a.ts": base["a.ts"].replace("return n", "return n + 1")},
        family="script",
    )
    assert connected(reach.reached, list("012")) == [("0", "1")]
    assert connected(reach.reached, ["1", "3"]) == []
