"""Tests that import an installed copy of the tree's modules say so, and no others do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.observed import run_observed, write_tree

PYTEST = "python -m pytest -q -p no:cacheprovider"
TEST = "import shop\n\ndef test_shop():\n    assert shop.PRICE == 1\n"
UNIT_TEST = (
    "import unittest\nimport shop\n\nclass T(unittest.TestCase):\n    def test_shop(self):\n        pass\n"
)
PACKAGE = {"src/shop/__init__.py": "PRICE = 1\n", "tests/test_shop.py": TEST}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory of installed packages outside the tree, with a copy of `shop`."""
    path = tmp_path / "lib" / "site-packages"
    write_tree(path, {"shop/__init__.py": "PRICE = 1\n"})
    return path


def test_a_package_below_src_that_is_imported_from_elsewhere_is_named(tree: Path, installed: Path) -> None:
    write_tree(tree, PACKAGE)
    result, ledger = run_observed(f"PYTHONPATH={installed} {PYTEST} tests", tree)
    assert result.exit_code == 0
    assert ledger.foreign == (f"shop from {installed / 'shop'}",)


def test_a_module_in_the_root_that_is_imported_from_elsewhere_is_named(tree: Path, installed: Path) -> None:
    write_tree(tree, {"shop.py": "", "tests/test_shop.py": TEST})
    _, ledger = run_observed(f"PYTHONPATH={installed} pytest -q -p no:cacheprovider tests", tree)
    assert ledger.foreign == (f"shop from {installed / 'shop'}",)


def test_a_copy_that_setup_installed_in_the_tree_is_elsewhere_as_well(tree: Path) -> None:
    write_tree(tree, {**PACKAGE, "env/site-packages/shop/__init__.py": "PRICE = 1\n"})
    _, ledger = run_observed(f"PYTHONPATH=env/site-packages {PYTEST} tests", tree)
    assert ledger.foreign == ("shop from env/site-packages/shop",)


@pytest.mark.parametrize("places", ["{installed}", "src:{installed}"])
def test_modules_that_xdists_workers_import_from_elsewhere_are_named(
    tree: Path, installed: Path, places: str
) -> None:
    write_tree(tree, PACKAGE)
    path = places.format(installed=installed)
    result, ledger = run_observed(f"PYTHONPATH={path} {PYTEST} -p xdist -n 1 tests", tree)
    assert result.exit_code == 0, result.output
    assert ledger.foreign == (() if path.startswith("src") else (f"shop from {installed / 'shop'}",))


def test_unittest_says_so_as_well(tree: Path, installed: Path) -> None:
    write_tree(tree, {**PACKAGE, "tests/test_shop.py": UNIT_TEST})
    _, ledger = run_observed(f"PYTHONPATH={installed} python -m unittest discover tests", tree)
    assert ledger.foreign == (f"shop from {installed / 'shop'}",)


def test_a_copy_that_the_command_itself_installs_is_of_this_tree(tree: Path) -> None:
    write_tree(tree, PACKAGE)
    install = "mkdir -p env/site-packages && sleep 0.05 && cp -r src/shop env/site-packages/"
    result, ledger = run_observed(f"{install} && PYTHONPATH=env/site-packages {PYTEST} tests", tree)
    assert result.exit_code == 0
    assert ledger.foreign == ()


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (PACKAGE, f"PYTHONPATH=src {PYTEST} tests"),
        ({"shop.py": "PRICE = 1\n", "tests/test_shop.py": TEST}, PYTEST),
        (
            {"calendar.py": "", "tests/test_a.py": "import calendar\n\ndef test_a(): pass\n"},
            "pytest -q tests",
        ),
        ({"src/google/cloud.py": "", "tests/test_a.py": "def test_a(): pass\n"}, PYTEST),
        ({"pluggy/__init__.py": "", "tests/test_a.py": "def test_a(): pass\n"}, "pytest -q tests"),
        (
            {
                **PACKAGE,
                "vendored/shop.py": "PRICE = 1\n",
                "tests/conftest.py": "import sys\nsys.path.insert(0, 'vendored')\n",
            },
            PYTEST,
        ),
        ({**PACKAGE, "tests/test_shop.py": "def test_shop(): pass\n"}, PYTEST),
    ],
    ids=["PYTHONPATH", "root", "standard library", "namespace", "runner's own", "vendored", "not imported"],
)
def test_what_is_of_the_tree_or_none_of_its_modules_is_not_named(
    tree: Path, files: dict[str, str], command: str
) -> None:
    write_tree(tree, files)
    result, ledger = run_observed(command, tree)
    assert result.exit_code == 0, result.output
    assert ledger.foreign == ()


def test_a_package_that_shares_its_name_with_the_trees_part_is_not_named(tree: Path, installed: Path) -> None:
    extended = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\nPRICE = 1\n"
    write_tree(installed, {"shop/__init__.py": extended})
    write_tree(tree, {**PACKAGE, "src/shop/__init__.py": extended})
    _, ledger = run_observed(f"PYTHONPATH={installed}{os.pathsep}src {PYTEST} tests", tree)
    assert ledger.foreign == ()


def test_a_package_of_which_only_the_compiled_part_is_elsewhere_is_not_named(
    tree: Path, installed: Path
) -> None:
    write_tree(installed, {"shop_speedups.py": ""})
    write_tree(tree, {**PACKAGE, "src/shop/__init__.py": "import shop_speedups\nPRICE = 1\n"})
    _, ledger = run_observed(f"PYTHONPATH=src{os.pathsep}{installed} {PYTEST} tests", tree)
    assert ledger.foreign == ()
