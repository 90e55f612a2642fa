"""Functions, methods and classes find their place in a file by its syntax tree, or are refused."""

from __future__ import annotations

import pytest

from devassist.crew.text_protocol.splice import NotSpliced, spliced

_SHOP = '''"""A shop."""

from __future__ import annotations

import os

RATE = 2


def price(item):
    return RATE


class Cart:
    """What is bought."""

    def __init__(self):
        self.items = []

    def total(self):
        return 0


if __name__ == "__main__":
    print(price("tea"))
'''


def test_a_function_is_replaced_where_it_stands() -> None:
    after = spliced("shop.py", _SHOP, "def price(item):\n    return RATE * item")
    assert after == _SHOP.replace("    return RATE\n", "    return RATE * item\n")


def test_a_new_function_stands_before_the_statements_that_start_the_program() -> None:
    after = spliced("shop.py", _SHOP, "def double(item):\n    return 2 * price(item)\n")
    assert after.index("class Cart") < after.index("def double") < after.index("if __name__")


def test_methods_of_a_class_that_is_written_in_part_are_replaced_and_added() -> None:
    code = "class Cart:\n    def total(self):\n        return len(self.items)\n\n    def add(self, item):\n        self.items.append(item)\n"
    after = spliced("shop.py", _SHOP, code)
    assert "self.items = []" in after
    assert '"""What is bought."""' in after
    assert "        return len(self.items)\n\n    def add(self, item):\n" in after


def test_a_bare_method_finds_its_class() -> None:
    after = spliced("shop.py", _SHOP, "def total(self):\n    return 7")
    assert "    def total(self):\n        return 7\n" in after
    assert after.count("def total") == 1


def test_an_import_that_is_missing_comes_after_those_that_are_there() -> None:
    after = spliced(
        "shop.py", _SHOP, "import os\nimport math\n\n\ndef price(item):\n    return math.floor(item)\n"
    )
    assert "import os\nimport math\n" in after
    assert after.count("import os") == 1


def test_the_first_import_of_a_file_comes_after_its_docstring() -> None:
    after = spliced(
        "a.py", '"""A."""\n\n\ndef one():\n    return 1\n', "import math\ndef one():\n    return math.pi\n"
    )
    assert after.startswith('"""A."""')
    assert after.index("import math") < after.index("def one")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def price(item:\n    return 1", "syntax error"),
        ("print('hello')", "no function"),
    ],
)
def test_what_does_not_parse_or_has_no_place_is_refused(code: str, why: str) -> None:
    with pytest.raises(NotSpliced, match=why):
        spliced("shop.py", _SHOP, code)


def test_a_name_that_is_defined_twice_is_refused() -> None:
    twice = "class A:\n    def run(self): ...\n\n\nclass B:\n    def run(self): ...\n"
    with pytest.raises(NotSpliced, match="2 definitions of run"):
        spliced("a.py", twice, "def run(self):\n    return 1\n")


def test_a_whole_file_replaces_the_old_one_unless_it_lacks_most_of_it() -> None:
    whole = _SHOP.replace("RATE = 2", "RATE = 3")
    assert spliced("shop.py", _SHOP, whole, whole=True) == whole
    with pytest.raises(NotSpliced, match="lacks"):
        spliced("shop.py", _SHOP, "def price(item):\n    return 1\n", whole=True)


def test_a_new_file_is_what_the_model_wrote() -> None:
    assert spliced("new.py", None, "\nX = 1\n\n") == "X = 1\n"
    assert spliced("notes.md", "# Old\n", "# New\n") == "# New\n"


@pytest.mark.parametrize(
    ("path", "before", "code", "part"),
    [
        (
            "a.js",
            "export function one() {\n  return 1;\n}\n\nexport class Box {\n  get() {\n    return 1;\n  }\n  put() {}\n}\n",
            "export function one() {\n  return 2;\n}\n",
            "  return 2;\n}\n\nexport class Box",
        ),
        (
            "a.ts",
            "export class Box {\n  get(): number {\n    return 1;\n  }\n  put(): void {}\n}\n",
            "class Box {\n  get(): number {\n    return 2;\n  }\n}\n",
            "    return 2;\n  }\n  put()",
        ),
        (
            "a.go",
            'package a\n\nimport "fmt"\n\nfunc One() int {\n\treturn 1\n}\n\nfunc Show() { fmt.Println(One()) }\n',
            "func One() int {\n\treturn 2\n}\n",
            "\treturn 2\n}\n\nfunc Show",
        ),
        (
            "a.rs",
            "fn one() -> i32 {\n    1\n}\n\nfn two() -> i32 {\n    2\n}\n",
            "fn one() -> i32 {\n    3\n}\n",
            "    3\n}\n\nfn two",
        ),
        (
            "A.java",
            "class A {\n    int one() {\n        return 1;\n    }\n\n    int two() {\n        return 2;\n    }\n}\n",
            "class A {\n    int one() {\n        return 3;\n    }\n}\n",
            "        return 3;\n    }\n\n    int two",
        ),
    ],
)
def test_every_language_is_spliced(path: str, before: str, code: str, part: str) -> None:
    assert part in spliced(path, before, code)


def test_what_the_model_only_hinted_at_stays_as_it_is() -> None:
    code = "class Cart:\n    def __init__(self):\n        ...\n\n    def total(self):\n        return 1\n"
    with pytest.raises(NotSpliced, match="leaves something out"):
        spliced("shop.py", _SHOP, code)
    both = "def price(item):\n    ...\n\n\ndef total(self):\n    return 1\n"
    after = spliced("shop.py", _SHOP, both)
    assert "    return RATE\n" in after
    assert "        return 1\n" in after
    with pytest.raises(NotSpliced, match="leaves something out"):
        spliced("shop.py", _SHOP, "def price(item):\n    x = 1\n    # ... existing code ...\n    return x\n")
