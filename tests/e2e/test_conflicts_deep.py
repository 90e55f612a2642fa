"""`devassist conflicts --types` and `--checks`: what only shows once branches are merged and something is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.repos import Untouched

PRICES = "def price(cents: int) -> int:\n    return cents\n"
FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": PRICES,
    "shop/stock.py": "class Shelf:\n    size = 3\n\n    def room(self) -> int:\n        return self.size\n",
    "limits.txt": "low 1\n-\n-\n-\nhigh 9\n",
    "tests/test_shop.py": (
        "import pathlib\n\nfrom shop.prices import price\n\n\n"
        "def test_price() -> None:\n    assert price(3) == 3\n\n\n"
        "def test_limits() -> None:\n"
        "    words = pathlib.Path('limits.txt').read_text().split()\n"
        "    assert int(words[words.index('low') + 1]) < int(words[words.index('high') + 1])\n"
    ),
    ".devassist.toml": "[checks]\ncommands = ['python -m pytest -q -p no:cacheprovider tests']\n",
}


def commit(machine: Machine, branch: str, files: dict[str, str], start: str = "main") -> None:
    machine.git("checkout", "-q", "-b", branch, start)
    for path, text in files.items():
        (machine.repo / path).write_text(text)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", f"work of {branch}")
    machine.git("checkout", "-q", "main")


@pytest.fixture(scope="module")
def shared(make_shared_machine: Callable[..., Machine]) -> Machine:
    machine = make_shared_machine(files=FILES)
    commit(machine, "low", {"limits.txt": FILES["limits.txt"].replace("low 1", "low 6")})
    commit(machine, "high", {"limits.txt": FILES["limits.txt"].replace("high 9", "high 4")})
    commit(machine, "apart", {"notes.txt": "nothing to do with the rest\n"})
    commit(machine, "wrong", {"shop/prices.py": PRICES.replace("return cents", "return -cents")})
    commit(machine, "same-lines", {"limits.txt": FILES["limits.txt"].replace("low 1", "low 2")})
    return machine


def conflicts(machine: Machine, *words: str) -> Done:
    return machine.devassist("conflicts", *words, "--format", "json")


def behaviour(done: Done) -> list[dict[str, Any]]:
    return [one for one in done.json["conflicts"] if one["level"] == "behaviour"]


def test_branches_that_pass_alone_and_fail_together_are_blamed_with_the_failing_line(shared: Machine) -> None:
    before = Untouched.of(shared.repo)
    done = conflicts(shared, "apart", "low", "high", "--checks")
    assert done.code == 1, done
    (found,) = behaviour(done)
    assert (found["kind"], found["severity"]) == ("checks-fail-merged", "error")
    assert found["branches"] == ["low", "high"]
    assert "pytest" in found["explanation"] and "test_limits" in found["explanation"]
    assert {(one["branch"], one["path"]) for one in found["locations"]} == {
        ("low", "limits.txt"),
        ("high", "limits.txt"),
    }
    again = conflicts(shared, "apart", "low", "high", "--checks")
    assert behaviour(again) == [found]
    assert again.json["stats"]["commands"] == 0
    assert Untouched.of(shared.repo) == before
    ran = shared.query("select json_extract(data, '$.tier') from events where type = 'command.ran'")
    assert ran and all(tier in ("bubblewrap", "landlock") for (tier,) in ran)
    assert shared.devassist("audit", "verify").code == 0


def test_a_branch_that_fails_by_itself_is_no_conflict_and_is_said(shared: Machine) -> None:
    done = conflicts(shared, "wrong", "apart", "low", "high", "--checks")
    assert [one["branches"] for one in behaviour(done)] == [["low", "high"]]
    assert any("fails on wrong by itself" in note for note in done.json["stats"]["notes"])


def test_branches_in_text_conflict_are_left_out_and_tried_with_the_others(shared: Machine) -> None:
    done = conflicts(shared, "low", "same-lines", "high", "--checks")
    assert {(one["level"], *sorted(one["branches"])) for one in done.json["conflicts"]} == {
        ("text", "low", "same-lines"),
        ("behaviour", "high", "low"),
    }


def test_checks_that_fail_on_the_base_prove_nothing(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(
        files={"a": "1\n", ".devassist.toml": "[checks]\ncommands = ['test -f made.txt']\n"}
    )
    commit(machine, "one", {"b": "1\n"})
    done = conflicts(machine, "one", "--checks")
    assert done.code == 0, done
    assert any("fails on main already" in note for note in done.json["stats"]["notes"])


def test_a_red_test_on_the_base_hides_no_conflict_and_is_none(make_machine: Callable[..., Machine]) -> None:
    red = "def test_red() -> None:\n    assert False\n"
    machine = make_machine(files={**FILES, "tests/test_red.py": red})
    commit(machine, "low", {"limits.txt": FILES["limits.txt"].replace("low 1", "low 6")})
    commit(machine, "high", {"limits.txt": FILES["limits.txt"].replace("high 9", "high 4")})
    commit(machine, "apart", {"notes.txt": "nothing to do with the rest\n"})
    (found,) = behaviour(conflicts(machine, "apart", "low", "high", "--checks"))
    assert found["branches"] == ["low", "high"]
    assert "tests/test_shop.py::test_limits" in found["explanation"]
    assert "test_red" not in found["explanation"]


def test_a_stale_branch_that_breaks_on_the_base_of_today_is_blamed_with_it(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(files=FILES)
    commit(machine, "low", {"limits.txt": FILES["limits.txt"].replace("low 1", "low 6")})
    commit(machine, "tmp", {"limits.txt": FILES["limits.txt"].replace("high 9", "high 4")})
    machine.git("merge", "-q", "--ff-only", "tmp")
    (found,) = behaviour(conflicts(machine, "low", "--checks"))
    assert found["branches"] == ["main", "low"]


def test_three_that_only_fail_together_are_named_all_three(make_machine: Callable[..., Machine]) -> None:
    check = "test ! -f a -o ! -f b -o ! -f c"
    machine = make_machine(files={"f": "1\n", ".devassist.toml": f"[checks]\ncommands = ['{check}']\n"})
    for name in "abcd":
        commit(machine, name, {name: "1\n"})
    (found,) = behaviour(conflicts(machine, "a", "b", "c", "d", "--checks"))
    assert found["branches"] == ["a", "b"]
    assert "`a`, `b` and `c`" in found["explanation"]
    assert [(one["branch"], one["path"]) for one in found["locations"]] == [
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
    ]
    assert found["path"] == "a", "the output names no file"


def test_checks_have_the_packages_that_are_installed_in_the_checkout(
    make_machine: Callable[..., Machine],
) -> None:
    config = '[checks]\ncommands = ["node_modules/.bin/lint && test ! -f a -o ! -f b"]\n'
    machine = make_machine(
        files={"package.json": "{}", ".gitignore": "node_modules/\n", ".devassist.toml": config}
    )
    for name in "ab":
        commit(machine, name, {name: "1\n"})
    lint = machine.repo / "node_modules" / ".bin" / "lint"
    lint.parent.mkdir(parents=True)
    lint.write_text("#!/bin/sh\n")
    lint.chmod(0o755)
    (found,) = behaviour(conflicts(machine, "a", "b", "--checks"))
    assert found["branches"] == ["a", "b"]


def test_without_configured_checks_it_says_so(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(files={"a": "1\n"})
    commit(machine, "one", {"b": "1\n"})
    done = conflicts(machine, "one", "--checks")
    assert done.code == 2, done
    assert "[checks] commands" in done.err


# Chosen tests ---------------------------------------------------------------------------------------------

CHECK = "python -m pytest -q -p no:cacheprovider tests"
PARTED = {
    "shop/__init__.py": "",
    "shop/low.py": "def low():\n    return 1\n",
    "shop/high.py": "def high():\n    return 9\n",
    "limits.txt": FILES["limits.txt"],
    "tests/test_low.py": "from shop.low import low\n\n\ndef test_low():\n    assert low() > 0\n",
    "tests/test_high.py": "from shop.high import high\n\n\ndef test_high():\n    assert high() > 0\n",
    "tests/test_both.py": (
        "from shop import high, low\n\n\ndef test_both():\n    assert low.low() < high.high()\n"
    ),
    "tests/test_unseen.py": (  # nothing in it says which file it reads
        "import pathlib\n\n\ndef test_unseen():\n"
        "    words = pathlib.Path('limits.' + 'txxt'[:2] + 't').read_text().split()\n"
        "    assert int(words[words.index('low') + 1]) < int(words[words.index('high') + 1])\n"
    ),
    "tests/test_more.py": "def test_more():\n    assert True\n",
    ".devassist.toml": f"[checks]\ncommands = ['{CHECK}']\n",
}
LOW = {"shop/low.py": PARTED["shop/low.py"].replace("1", "6")}
HIGH = {"shop/high.py": PARTED["shop/high.py"].replace("9", "4")}


def run_commands(machine: Machine) -> list[str]:
    rows = machine.query("select json_extract(data, '$.command') from events where type = 'command.ran'")
    return [str(command) for (command,) in rows]


def test_the_tests_that_a_merge_can_break_go_first_and_all_run_once_on_what_is_left(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(files=PARTED)
    commit(machine, "low", LOW)
    commit(machine, "high", HIGH)
    done = conflicts(machine, "low", "high", "--checks")
    (found,) = behaviour(done)
    assert sorted(found["branches"]) == ["high", "low"]
    assert (found["symbol"], found["path"]) == (CHECK, "tests/test_both.py")
    assert done.json["stats"]["tests"] == [{"command": CHECK, "chosen": 1, "of": 5}]
    ran = run_commands(machine)
    assert ran.count(CHECK) == 1, "on the branch that is left"
    assert {one for one in ran if one != CHECK} == {CHECK.replace(" tests", " tests/test_both.py")}
    said = machine.devassist("conflicts", "low", "high", "--checks")
    assert "1 of 5 test files" in said.err


def test_what_no_choice_can_know_is_found_by_the_whole_check(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(files=PARTED)
    commit(machine, "low", {"limits.txt": FILES["limits.txt"].replace("low 1", "low 6")})
    commit(machine, "high", {"limits.txt": FILES["limits.txt"].replace("high 9", "high 4")})
    (found,) = behaviour(conflicts(machine, "low", "high", "--checks"))
    assert found["path"] == "tests/test_unseen.py"
    only = PARTED[".devassist.toml"] + "select = 'only'\n"
    (machine.repo / ".devassist.toml").write_text(only)
    before = len(run_commands(machine))
    done = conflicts(machine, "low", "high", "--checks")
    assert behaviour(done) == [] and done.json["stats"]["tests"] == [{"command": CHECK, "chosen": 0, "of": 5}]
    assert len(run_commands(machine)) == before, "nothing to run where no test is reached by two"
    (machine.repo / ".devassist.toml").write_text(only.replace("only", "sometimes"))
    refused = conflicts(machine, "low", "high", "--checks")
    assert refused.code == 2 and "first, only, off" in refused.err


# Types ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def typed(make_shared_machine: Callable[..., Machine]) -> Machine:
    machine = make_shared_machine(
        files={path: text for path, text in FILES.items() if path != ".devassist.toml"}
    )
    stock = FILES["shop/stock.py"]
    # A member of a type that only a checker can follow: no name is removed, its type is another.
    commit(
        machine,
        "returns-text",
        {"shop/stock.py": stock.replace("-> int", "-> str").replace("self.size", "'3'")},
    )
    commit(
        machine,
        "adds",
        {
            "shop/cart.py": "from shop import stock\n\n\ndef more() -> int:\n    return stock.Shelf().room() + 1\n"
        },
    )
    commit(machine, "prose", {"notes.txt": "no code\n"})
    return machine


def test_a_checker_finds_what_only_the_merged_tree_has(typed: Machine) -> None:
    done = conflicts(typed, "returns-text", "adds", "prose", "--types")
    assert done.code == 1, done
    (found,) = [one for one in done.json["conflicts"] if one["level"] == "type"]
    assert (found["kind"], found["path"], found["severity"]) == ("new-diagnostic", "shop/cart.py", "error")
    assert sorted(found["branches"]) == ["adds", "returns-text"]
    assert found["symbol"] == "shop/cart.py:more"
    assert ("adds", "shop/cart.py", 5) in {
        (one["branch"], one["path"], one["start_line"]) for one in found["locations"]
    }
    again = conflicts(typed, "returns-text", "adds", "prose", "--types")
    assert [one["id"] for one in again.json["conflicts"]] == [one["id"] for one in done.json["conflicts"]]
    assert again.json["stats"]["commands"] == 0
    assert conflicts(typed, "prose", "adds", "--types").code == 0


def test_many_branches_are_merged_all_together_first(typed: Machine) -> None:
    for number in range(5):
        commit(typed, f"more-{number}", {f"shop/more{number}.py": f"VALUE: int = {number}\n"})
    names = ["returns-text", "adds", *(f"more-{number}" for number in range(5))]
    done = conflicts(typed, *names, "--types")
    (found,) = [one for one in done.json["conflicts"] if one["level"] == "type"]
    assert sorted(found["branches"]) == ["adds", "returns-text"]
    assert done.json["stats"]["commands"] < len(names) * (len(names) - 1) // 2


def test_a_third_branch_hides_nothing_of_what_two_do_to_each_other(
    make_machine: Callable[..., Machine],
) -> None:
    stock = "class Shelf:\n    def room(self) -> int:\n        return 3\n"
    make = "from shop.stock import Shelf\n\n\ndef make() -> Shelf:\n    return Shelf()\n"
    machine = make_machine(files={"shop/__init__.py": "", "shop/stock.py": stock, "shop/make.py": make})
    commit(machine, "returns-text", {"shop/stock.py": stock.replace("int", "str").replace("3", "'3'")})
    commit(
        machine,
        "adds",
        {
            "shop/cart.py": "from shop.make import make\n\n\ndef more() -> int:\n    return make().room() + 1\n"
        },
    )
    hiding = "from typing import Any\n\n" + make.replace("-> Shelf", "-> Any")
    commit(machine, "hides", {"shop/make.py": hiding})
    for number in range(3):
        commit(machine, f"far-{number}", {f"shop/far{number}.py": f"VALUE{number}: int = {number}\n"})
    names = ["returns-text", "hides", "adds", *(f"far-{number}" for number in range(3))]
    done = conflicts(machine, *names, "--types", "--levels", "text")
    assert [sorted(one["branches"]) for one in done.json["conflicts"]] == [["adds", "returns-text"]]
    assert done.json["stats"]["commands"] < len(names) * (len(names) - 1) // 2 + len(names)


def test_packages_below_src_are_known_to_the_checker(make_machine: Callable[..., Machine]) -> None:
    one = "def price(cents: int) -> int:\n    return cents\n"
    machine = make_machine(files={"src/shop/__init__.py": "", "src/shop/prices.py": one})
    commit(
        machine,
        "text",
        {"src/shop/prices.py": one.replace("cents: int", "cents: str").replace("int:", "str:")},
    )
    commit(machine, "adds", {"src/shop/more.py": "import shop.prices as p\n\nTOTAL = p.price(3) * 2\n"})
    done = conflicts(machine, "text", "adds", "--types", "--levels", "text")
    assert [(found["level"], found["path"]) for found in done.json["conflicts"]] == [
        ("type", "src/shop/more.py")
    ]
