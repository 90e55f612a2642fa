"""What one merge does to every conflict of its two branches, and how a conflict that is gone is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.command_line import Machine

FILES = {
    "pkg/__init__.py": "",
    "pkg/io.py": "def load(path):\n    return open(path).read()\n",
    "notes.txt": "one\ntwo\nthree\n",
    "pyproject.toml": '[project]\nname = "p"\nversion = "1"\ndependencies = ["requests"]\n',
}
USES = "from pkg.io import load\n\nprint(load('x'))\n"


def branch(machine: Machine, name: str, files: dict[str, str]) -> None:
    machine.git("checkout", "-q", "-b", name, "main")
    for path, text in files.items():
        (machine.repo / path).parent.mkdir(parents=True, exist_ok=True)
        (machine.repo / path).write_text(text)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", f"work of {name}")
    machine.git("checkout", "-q", "main")


def asks_for(requirement: str) -> str:
    return FILES["pyproject.toml"].replace('"requests"', f'"{requirement}"')


def found(machine: Machine) -> dict[str, dict[str, Any]]:
    """The conflicts of left and right by kind."""
    done = machine.devassist("conflicts", "left", "right", "--fail-on", "never", "--format", "json")
    return {one["kind"]: one for one in done.json["conflicts"]}


def edit(machine: Machine, id_: str, script: str) -> Any:
    file = machine.root / "editor"
    file.write_text(f'#!/bin/sh\nfor file in "$@"; do {script}; done\n')
    file.chmod(0o755)
    return machine.devassist("conflicts", "resolve", id_, "--edit", "--format", "json", GIT_EDITOR=str(file))


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    return make_machine(files=FILES)


def test_a_merge_says_which_other_conflicts_of_its_branches_it_leaves_in_the_tree(machine: Machine) -> None:
    branch(machine, "left", {"pkg/io.py": FILES["pkg/io.py"].replace("load", "read"), "notes.txt": "one\nL\nthree\n"})  # fmt: skip
    branch(machine, "right", {"pkg/cli.py": USES, "notes.txt": "one\nR\nthree\n"})
    by_kind = found(machine)
    text, symbol = by_kind["content"]["id"], by_kind["renamed-symbol-used"]["id"]
    taken = machine.devassist("conflicts", "resolve", text, "--take", "left", "--format", "json")
    assert (taken.code, taken.json["conflicts"]) == (0, [text]), taken
    (left,) = taken.json["beside"]
    assert (left["conflict"], left["stands"]) == (symbol, True)
    assert "load" in left["explanation"]
    assert {one["status"] for one in found(machine).values()} == {"resolved", "open"}
    (recorded,) = machine.events("", "conflict.resolved")
    assert recorded["data"]["beside"] == [left]


def test_a_merge_settles_what_is_not_in_its_tree_any_more(machine: Machine) -> None:
    # Right uses the old name in the very lines that both changed: taking left's takes the use away.
    branch(machine, "left", {"pkg/io.py": FILES["pkg/io.py"].replace("load", "read"), "notes.py": "import os\n"})  # fmt: skip
    branch(machine, "right", {"notes.py": USES})
    by_kind = found(machine)
    text, symbol = by_kind["add-add"]["id"], by_kind["renamed-symbol-used"]["id"]
    taken = machine.devassist("conflicts", "resolve", text, "--take", "left", "--format", "json")
    assert (taken.code, taken.json["conflicts"], taken.json["beside"]) == (0, [text, symbol], []), taken
    assert {one["status"] for one in found(machine).values()} == {"resolved"}
    undone = machine.devassist("conflicts", "resolve", symbol, "--undo", "--format", "json")
    assert (undone.code, sorted(undone.json["conflicts"])) == (0, sorted([text, symbol])), undone
    assert {one["status"] for one in found(machine).values()} == {"open"}


def test_a_clash_of_requirements_is_resolved_only_when_it_is_gone(machine: Machine) -> None:
    branch(machine, "left", {"requirements.txt": "requests<2\n"})
    branch(machine, "right", {"pyproject.toml": asks_for("requests>=2.30")})
    id_ = found(machine)["dependency-clash"]["id"]
    beside = edit(machine, id_, 'case "$file" in *.toml) echo "# agreed" >> "$file";; esac')
    assert beside.code == 1, beside
    (failed,) = [one for one in beside.json["checks"] if not one["ok"]]
    assert failed["name"] == "manifests"
    assert "requests" in failed["detail"]
    done = edit(machine, id_, 'sed -i "s/requests<2/requests>=2.31/" "$file"')
    assert done.code == 0, done
    assert found(machine)["dependency-clash"]["status"] == "resolved"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ('echo "# nothing" >> "$file"', 1),
        # What `makemigrations --merge` adds is a file of its own; renumbering is done in the file itself.
        ('sed -i "s/0001_initial/0002_left/" "$file"', 0),
    ],
)
def test_two_heads_of_migrations_are_resolved_when_one_follows_the_other(
    machine: Machine, script: str, code: int
) -> None:
    first = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    dependencies = []\n"
    after = first.replace("[]", '[("app", "0001_initial")]')
    machine.git("checkout", "-q", "main")
    place = machine.repo / "app/migrations"
    place.mkdir(parents=True)
    (place / "0001_initial.py").write_text(first)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", "app")
    for name in ("left", "right"):
        branch(machine, name, {f"app/migrations/0002_{name}.py": after})
    id_ = found(machine)["migration-collision"]["id"]
    only_right = f'case "$file" in *0002_right.py) {script};; *) touch "$file"; echo >> "$file";; esac'
    done = edit(machine, id_, only_right)
    assert done.code == code, done


def test_the_order_tells_who_lands_without_a_conflict_and_a_resolved_one_is_in_nobodys_way(
    machine: Machine,
) -> None:
    for name in ("left", "right", "apart"):
        text = {"notes.txt": f"one\n{name}\nthree\n"} if name != "apart" else {"apart.txt": "a\n"}
        branch(machine, name, text)
    names = ("left", "right", "apart")
    found = machine.devassist("conflicts", "order", *names, "--format", "json").json
    assert [len(wave) for wave in found["waves"]] == [2, 1]
    assert found["order"] == [name for wave in found["waves"] for name in wave]
    (last,) = found["waves"][1]
    said = machine.devassist("conflicts", "order", *names)
    assert said.out.split() == found["order"]
    assert f"each with one to resolve: {last}" in said.err
    (id_,) = [row[0] for row in machine.query("SELECT conflict FROM conflicts")]
    machine.devassist("conflicts", "waive", id_, "--reason", "later")
    again = machine.devassist("conflicts", "order", *names, "--format", "json").json
    assert len(again["waves"]) == 2, "git does not merge what a person lives with"
    assert machine.devassist("conflicts", "resolve", id_, "--take", "left").code == 0
    again = machine.devassist("conflicts", "order", *names, "--format", "json").json
    assert [sorted(wave) for wave in again["waves"]] == [sorted(names)]


def test_undoing_says_which_branches_hold_the_merge_still(machine: Machine) -> None:
    branch(machine, "left", {"notes.txt": "one\nL\nthree\n"})
    branch(machine, "right", {"notes.txt": "one\nR\nthree\n"})
    id_ = found(machine)["content"]["id"]
    machine.git("branch", "goal")
    assert machine.devassist("conflicts", "resolve", id_, "--take", "left", "--into", "goal").code == 0
    undone = machine.devassist("conflicts", "resolve", id_, "--undo")
    assert "still merged into goal" in undone.out, undone


def test_a_shallow_clone_is_no_history_to_learn_from(machine: Machine) -> None:
    branch(machine, "left", {"notes.txt": "one\nL\nthree\n"})
    machine.git("merge", "-q", "--no-ff", "left", "-m", "merge")
    shallow = machine.root / "shallow"
    machine.git("clone", "-q", "--depth", "1", f"file://{machine.repo}", str(shallow))
    done = machine.devassist("-C", str(shallow), "conflicts", "resolve", "--learn")
    assert (done.code, "shallow" in done.err) == (6, True), done


def test_a_conflict_that_is_gone_says_so_and_why(machine: Machine, tmp_path: Path) -> None:
    branch(machine, "left", {"notes.txt": "one\nL\nthree\n"})
    branch(machine, "right", {"notes.txt": "one\nR\nthree\n"})
    id_ = found(machine)["content"]["id"]
    done = machine.devassist(
        "conflicts", "resolve", id_, "--take", "left", "--into", "left", "--format", "json"
    )
    assert done.code == 0, done
    assert found(machine) == {}
    shown = machine.devassist("conflicts", "show", id_).out
    assert "status: gone (resolved before)" in shown
    assert "gone because: left holds right now" in shown
    branch(machine, "again", {"notes.txt": "one\nA\nthree\n"})
    machine.devassist("conflicts", "right", "again")
    (other,) = machine.query("SELECT conflict FROM conflicts WHERE status = 'open'")
    machine.git("branch", "-f", "again", "main")
    machine.devassist("conflicts", "right", "again")
    shown = machine.devassist("conflicts", "show", other[0]).out
    assert "status: gone (open before)" in shown
