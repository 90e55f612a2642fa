"""`devassist conflicts` with work nobody committed yet, and with branches that forked at different points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.command_line import Machine
from support.repos import Untouched

IO = "def load(path):\n    return open(path).read()\n\n\ndef save(path, text):\n    open(path, 'w').write(text)\n"
FILES = {"pkg/__init__.py": "", "pkg/io.py": IO, "notes.txt": "one\ntwo\nthree\n", ".gitignore": "*.log\n"}
USE = "from pkg.io import load\n\n\ndef show(path):\n    print(load(path))\n"
RENAMED = IO.replace("def load", "def read_text")


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    return make_machine(files=FILES)


def commit(machine: Machine, branch: str, start: str, files: dict[str, str]) -> None:
    machine.git("checkout", "-q", "-B", branch, start)
    for path, text in files.items():
        (machine.repo / path).write_text(text)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", f"work of {branch}")
    machine.git("checkout", "-q", "main")


def found(machine: Machine, *words: str) -> dict[str, Any]:
    return machine.devassist("conflicts", *words, "--format", "json").json


def worktree(machine: Machine, branch: str) -> Path:
    directory = machine.root / branch
    machine.git("worktree", "add", "-q", "-b", branch, str(directory), "main")
    return directory


def objects(machine: Machine) -> set[str]:
    return {str(path) for path in (machine.repo / ".git" / "objects").rglob("*")}


def test_what_is_saved_but_not_committed_counts_at_every_level(machine: Machine) -> None:
    commit(machine, "uses", "main", {"pkg/cli.py": USE, "notes.txt": "one\nTWO\nthree\n"})
    live = worktree(machine, "live")
    (live / "pkg/io.py").write_text(RENAMED)
    (live / "notes.txt").write_text("one\n2\nthree\n")
    (live / "noise.log").write_text("ignored\n")
    (live / "__pycache__").mkdir()
    (live / "__pycache__" / "x.pyc").write_bytes(b"left behind")
    index = machine.repo / ".git/worktrees/live/index"
    before = (Untouched.of(machine.repo), index.read_bytes(), objects(machine))
    document = found(machine, "--all")
    head = machine.git("rev-parse", "live")
    assert {"name": "live", "commit": head, "uncommitted": True} in document["branches"]
    assert {(one["level"], one["kind"]) for one in document["conflicts"]} == {
        ("text", "content"),
        ("symbol", "renamed-symbol-used"),
    }
    text = next(one for one in document["conflicts"] if one["level"] == "text")
    assert any("+2\n" in side["diff"] for side in found(machine, "show", text["id"])["sides"])
    named = found(machine, "uses", "live")
    assert {one["id"] for one in named["conflicts"]} == {one["id"] for one in document["conflicts"]}
    assert found(machine, "uses", "live", "--committed")["conflicts"] == []
    assert found(machine, "--all", "--committed")["branches"] == [
        {"name": "uses", "commit": machine.git("rev-parse", "uses")}
    ]
    assert (Untouched.of(machine.repo), index.read_bytes(), objects(machine)) == before


def test_the_main_checkout_counts_too_and_without_devassist_branches_as_well(machine: Machine) -> None:
    commit(machine, "devassist/a-run/t/coder", "main", {"notes.txt": "one\nTWO\nthree\n"})
    assert [one["name"] for one in found(machine)["branches"]] == ["devassist/a-run/t/coder"]
    (machine.repo / "notes.txt").write_text("one\nmine\nthree\n")
    document = found(machine)
    assert {"name": "main", "commit": machine.git("rev-parse", "main"), "uncommitted": True} in document[
        "branches"
    ]
    (conflict,) = document["conflicts"]
    assert sorted(conflict["branches"]) == ["devassist/a-run/t/coder", "main"]
    assert document["order"] == found(machine, "order")["order"] == ["devassist/a-run/t/coder"]


def test_a_file_is_checked_against_what_others_have_saved(machine: Machine) -> None:
    live = worktree(machine, "live")
    (live / "notes.txt").write_text("one\n2\nthree\n")
    (machine.repo / "notes.txt").write_text("one\nmine\nthree\n")
    (conflict,) = found(machine, "check", "notes.txt")["conflicts"]
    assert conflict["branches"] == ["(your files)", "live"]
    assert found(machine, "check", "notes.txt", "--committed")["conflicts"] == []


def test_only_build_products_are_no_work(machine: Machine) -> None:
    live = worktree(machine, "live")
    (live / ".coverage").write_bytes(b"left behind")
    assert found(machine, "--all")["branches"] == []


def test_each_pair_is_measured_against_its_own_fork_point(machine: Machine) -> None:
    commit(machine, "early", "main", {"pkg/cli.py": USE})
    commit(machine, "main", "main", {"notes.txt": "later\n"})
    commit(machine, "renames", "main", {"pkg/io.py": RENAMED})
    (conflict,) = found(machine, "early", "renames")["conflicts"]
    assert (conflict["kind"], conflict["branches"]) == ("renamed-symbol-used", ["renames", "early"])
    # Measured from the earliest fork point, both would seem to have added the helper, and nobody to have changed it.
    helper = "\n\ndef helper(x):\n    return x + 1\n"
    commit(machine, "main", "main", {"pkg/io.py": IO + helper})
    commit(machine, "one", "main", {"pkg/io.py": IO + helper.replace("(x)", "(x, y)")})
    commit(machine, "two", "main", {"pkg/other.py": "from pkg.io import helper\n\nprint(helper(2))\n"})
    (conflict,) = found(machine, "early", "one", "two")["conflicts"]
    assert (conflict["kind"], conflict["branches"]) == ("signature-changed-called", ["one", "two"])


def test_a_branch_on_top_of_another_does_not_conflict_with_it(machine: Machine) -> None:
    commit(machine, "bottom", "main", {"pkg/io.py": RENAMED})
    commit(machine, "top", "bottom", {"pkg/cli.py": USE.replace("load", "read_text")})
    commit(machine, "beside", "main", {"pkg/other.py": USE})
    document = found(machine, "bottom", "top", "beside")
    assert {tuple(one["branches"]) for one in document["conflicts"]} == {
        ("bottom", "beside"),
        ("top", "beside"),
    }


def test_what_the_base_did_since_a_branch_forked_is_said_once(machine: Machine) -> None:
    commit(machine, "early", "main", {"pkg/cli.py": USE})
    commit(machine, "main", "main", {"pkg/io.py": RENAMED})
    commit(machine, "late", "main", {"notes.txt": "late\n"})
    commit(machine, "later", "main", {"notes.txt": "later\n"})
    conflicts = found(machine, "early", "late", "later", "--levels", "symbol")["conflicts"]
    assert [one["branches"] for one in conflicts] == [["main", "early"]]


def test_looking_at_one_level_does_not_end_what_another_found(machine: Machine) -> None:
    commit(machine, "uses", "main", {"pkg/cli.py": USE})
    commit(machine, "renames", "main", {"pkg/io.py": RENAMED})
    (conflict,) = found(machine, "uses", "renames")["conflicts"]
    found(machine, "uses", "renames", "--levels", "text")
    events = machine.devassist("audit", "list", "--type", "conflict", "--format", "json").json["events"]
    assert [(one["type"], one["data"]["conflict"]) for one in events] == [("conflict.found", conflict["id"])]


def test_a_file_is_checked_before_it_is_written(machine: Machine) -> None:
    commit(machine, "uses", "main", {"pkg/cli.py": USE, "notes.txt": "one\nTWO\nthree\n"})
    before = (Untouched.of(machine.repo), objects(machine))
    check = ("conflicts", "check", "--format", "json", "--content", "-")
    renaming = machine.devassist(*check, "pkg/io.py", stdin=RENAMED)
    assert renaming.code == 1, renaming
    (conflict,) = renaming.json["conflicts"]
    assert (conflict["kind"], conflict["branches"]) == ("renamed-symbol-used", ["(your files)", "uses"])
    assert machine.devassist(*check, "pkg/io.py", stdin=IO + "\n\nMORE = 1\n").json["conflicts"] == []
    fresh = machine.devassist(*check, "pkg/cli.py", stdin="def show(path, again):\n    print(again)\n")
    assert [one["kind"] for one in fresh.json["conflicts"] if one["level"] == "text"] == ["add-add"]
    (machine.repo / "text").write_text("one\n2\nthree\n")
    given = machine.devassist("conflicts", "check", "notes.txt", "--content", "text")
    assert (given.code, "notes.txt" in given.out) == (1, True), given
    (machine.repo / "text").unlink()
    assert (Untouched.of(machine.repo), objects(machine)) == before
    for wrong in (("../other.py",), ("notes.txt", "--content", "missing")):
        refused = machine.devassist("conflicts", "check", *wrong)
        assert (refused.code, refused.err.startswith("error: ")) == (2, True), refused
