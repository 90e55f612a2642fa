"""`devassist conflicts` where things are odd: names, sizes, histories, read-only places, and two people at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Machine
from support.repos import content

FILES = {"notes.txt": "one\ntwo\nthree\n"}
NAMES = ("left", "right")


def branch(machine: Machine, name: str, files: dict[bytes, bytes], *, start: str = "main") -> None:
    machine.git("checkout", "-q", "-b", name, start)
    for path, data in files.items():
        place = os.path.join(os.fsencode(machine.repo), path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(data)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", f"work of {name}")
    machine.git("checkout", "-q", "main")


def found(machine: Machine, *names: str) -> list[dict[str, Any]]:
    done = machine.devassist("conflicts", *(names or NAMES), "--fail-on", "never", "--format", "json")
    conflicts: list[dict[str, Any]] = done.json["conflicts"]
    return conflicts


def prepared(machine: Machine) -> str:
    for name in NAMES:
        branch(machine, name, {b"notes.txt": f"one\n{name.upper()}\nthree\n".encode()})
    (one,) = found(machine)
    return str(one["id"])


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    return make_machine(files=FILES)


ODD = [b"d \xff\xe9/f\xfe.txt", b"new\nline.txt", b'tab\t"q".txt', "é.txt".encode(), b"-dash.txt"]


def test_files_of_any_name_are_shown_on_one_line_and_resolved(machine: Machine) -> None:
    for name in NAMES:
        branch(machine, name, {path: f"{name}\n".encode() for path in ODD})
    conflicts = found(machine)
    assert len(conflicts) == len(ODD)
    listed = machine.devassist("conflicts", *NAMES, "--fail-on", "never").out.splitlines()
    assert len([line for line in listed if line.startswith("    ")]) == len(ODD), listed
    for one in conflicts:
        shown = machine.devassist("conflicts", "show", one["id"]).out
        assert shown.count("\ndiff --git") == 2, shown
    done = machine.devassist("conflicts", "resolve", conflicts[0]["id"], "--take", "left", "--format", "json")
    assert (done.code, len(done.json["dropped"])) == (0, len(ODD)), done
    assert machine.git("diff", "--stat", "left", done.json["commit"]) == ""


def test_of_a_large_text_only_the_hunk_is_taken(machine: Machine) -> None:
    lines = [f"line {number}" for number in range(400_000)]
    branch(machine, "base", {b"big.txt": "\n".join(lines).encode()})
    for name, own in (("left", 10), ("right", 399_000)):
        changed = [*lines]
        changed[200_000], changed[own] = name, f"only {name}"
        branch(machine, name, {b"big.txt": "\n".join(changed).encode()}, start="base")
    (one,) = found(machine)
    done = machine.devassist("conflicts", "resolve", one["id"], "--take", "left", "--format", "json")
    assert [each["text"] for each in done.json["dropped"]] == ["right"], done
    merged = content(machine.repo, done.json["commit"], "big.txt").split("\n")
    assert (merged[10], merged[200_000], merged[399_000]) == ("only left", "left", "only right")


def test_show_tells_both_sides_of_a_rename_and_of_a_use_elsewhere(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(
        files={**FILES, "pkg/__init__.py": "", "pkg/io.py": "def load(path):\n    return path\n"}
    )
    branch(machine, "left", {b"pkg/io.py": b"def read(path):\n    return path\n"})
    branch(machine, "right", {b"pkg/cli.py": b"from pkg.io import load\n\nprint(load('x'))\n"})
    (symbol,) = found(machine)
    shown = machine.devassist("conflicts", "show", symbol["id"], "--format", "json").json["sides"]
    assert "+def read(path)" in shown[0]["diff"]
    assert "+print(load('x'))" in shown[1]["diff"]
    machine.git("checkout", "-q", "-b", "moves", "main")
    machine.git("mv", "notes.txt", "moved.txt")
    machine.git("commit", "-q", "-m", "moved\n\nbecause of the name")
    machine.git("checkout", "-q", "-b", "deletes", "main")
    machine.git("rm", "-q", "notes.txt")
    machine.git("commit", "-q", "-m", "deleted")
    machine.git("checkout", "-q", "main")
    (one,) = found(machine, "moves", "deletes")
    sides = {each["branch"]: each for each in machine.devassist("conflicts", "show", one["id"], "--format", "json").json["sides"]}  # fmt: skip
    assert "rename to moved.txt" in sides["moves"]["diff"]
    assert "deleted file mode" in sides["deletes"]["diff"]
    assert "because of the name" in sides["moves"]["intent"]


def test_a_conflict_with_what_nobody_committed_says_that_it_is_to_be_committed(machine: Machine) -> None:
    branch(machine, "left", {b"notes.txt": b"one\nLEFT\nthree\n"})
    other = machine.root / "other"
    machine.git("worktree", "add", "-q", "-b", "right", str(other))
    (other / "notes.txt").write_text("one\nRIGHT\nthree\n")
    (one,) = found(machine)
    done = machine.devassist("conflicts", "resolve", one["id"], "--take", "left")
    assert done.code == 2, done
    assert "uncommitted work of right" in done.err


def test_histories_that_share_nothing_are_said_to_and_no_branch_is_named_like_a_revision(
    machine: Machine,
) -> None:
    branch(machine, "left", {b"notes.txt": b"one\nLEFT\nthree\n"})
    machine.git("checkout", "-q", "--orphan", "right")
    machine.git("commit", "-q", "-m", "another beginning")
    machine.git("checkout", "-q", "main")
    one = found(machine)[0]
    done = machine.devassist("conflicts", "resolve", one["id"], "--take", "left")
    assert (done.code, "share no history" in done.err, "hint: git merge" in done.err) == (2, True, True), done
    assert machine.devassist("conflicts", "main^0", "left").code == 0
    assert "there is no branch" in machine.devassist("conflicts", "no^such", "left").err


@pytest.mark.parametrize("words", [["waive", "--reason", "  "], ["find", "--levels", ","]])
def test_what_says_nothing_is_no_answer(machine: Machine, words: list[str]) -> None:
    id_ = prepared(machine)
    command = [words[0], id_, *words[1:]] if words[0] == "waive" else words
    assert machine.devassist("conflicts", *command).code == 2


def test_people_who_settle_the_same_conflict_at_once_are_all_kept(machine: Machine) -> None:
    id_ = prepared(machine)
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "devassist", "conflicts", "resolve", id_, "--take", NAMES[number % 2]],
            cwd=machine.repo, env=machine.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    ended = [one.communicate(timeout=120) for one in started]
    assert [one.returncode for one in started] == [0] * 4, ended
    made = {
        line.rsplit(" ", 1)[1] for out, _ in ended for line in out.splitlines() if line.startswith("next:")
    }
    kept = machine.git("for-each-ref", "--format=%(objectname)", "refs/devassist/resolution").split()
    assert set(kept) == made
    assert machine.devassist("audit", "verify").code == 0


def test_a_repository_that_cannot_be_written_is_looked_at_and_nothing_is_settled(machine: Machine) -> None:
    id_ = prepared(machine)
    try:
        (machine.repo / ".git/devassist").chmod(0o500)
        if os.access(machine.repo / ".git/devassist", os.W_OK):
            pytest.skip("this account may write anywhere")
        looked = machine.devassist("conflicts", *NAMES)
        assert (looked.code, "not remembered" in looked.err) == (1, True), looked
        done = machine.devassist("conflicts", "resolve", id_, "--take", "left")
        assert (done.code, "cannot be written" in done.err) == (2, True), done
    finally:
        (machine.repo / ".git/devassist").chmod(0o700)
