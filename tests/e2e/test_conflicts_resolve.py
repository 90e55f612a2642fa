"""`devassist conflicts resolve` as a person uses it: a side, an editor, a terminal, experience, an agent, and undo."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, Turn, edit, plan, submit, task, tool, write
from support.openai_server import failure
from support.repos import Untouched, content

FILES = {
    "pkg/__init__.py": "",
    "pkg/io.py": "def load(path):\n    return open(path).read()\n",
    "notes.txt": "one\ntwo\nthree\n",
}
NAMES = ("left", "right")


def branch(machine: Machine, name: str, files: dict[str, str]) -> None:
    machine.git("checkout", "-q", "-b", name, "main")
    commit(machine, files, f"work of {name}")
    machine.git("checkout", "-q", "main")


def commit(machine: Machine, files: dict[str, str], message: str) -> None:
    for path, text in files.items():
        (machine.repo / path).parent.mkdir(exist_ok=True)
        (machine.repo / path).write_text(text)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", message)


def prepared(machine: Machine) -> Machine:
    branch(machine, "left", {"notes.txt": "one\nLEFT\nthree\n", "left.txt": "l\n"})
    branch(machine, "right", {"notes.txt": "one\nRIGHT\nthree\n", "right.txt": "r\n"})
    return machine


@pytest.fixture
def both(make_machine: Callable[..., Machine]) -> Machine:
    return prepared(make_machine(files=FILES))


def found(machine: Machine, *names: str) -> list[dict[str, Any]]:
    done = machine.devassist("conflicts", *(names or NAMES), "--format", "json")
    conflicts: list[dict[str, Any]] = done.json["conflicts"]
    return conflicts


def only(machine: Machine, *names: str) -> str:
    (one,) = found(machine, *names)
    return str(one["id"])


def resolve(machine: Machine, *words: str, **more: Any) -> Done:
    return machine.devassist("conflicts", "resolve", *words, **more)


def status(machine: Machine) -> str:
    return str(found(machine)[0]["status"])


def test_a_side_is_taken_kept_and_named_and_the_conflict_fails_nothing_any_more(both: Machine) -> None:
    id_ = only(both)
    before = Untouched.of(both.repo)
    done = resolve(both, id_[:6], "--take", "right", "--format", "json")
    assert done.code == 0, done
    made = done.json
    assert (made["status"], made["how"], made["choice"]) == ("resolved", "take", "right")
    assert made["dropped"] == [{"branch": "left", "path": "notes.txt", "line": 2, "text": "LEFT"}]
    assert made["next"] == f"git merge {made['commit']}"
    assert both.git("rev-parse", f"refs/devassist/resolution/{id_}") == made["commit"]
    assert both.git("rev-parse", f"{made['commit']}^1", f"{made['commit']}^2").split() == made["parents"]
    assert both.git("rev-parse", "left", "right").split() == made["parents"]
    assert content(both.repo, made["commit"], "notes.txt") == "one\nRIGHT\nthree"
    assert content(both.repo, made["commit"], "left.txt") == "l"
    again = both.devassist("conflicts", *NAMES, "--format", "json")
    assert (again.code, [one["status"] for one in again.json["conflicts"]]) == (0, ["resolved"])
    assert Untouched.of(both.repo) == before


def test_who_why_and_what_was_dropped_are_in_the_log_after_the_decision(both: Machine) -> None:
    id_ = only(both)
    assert resolve(both, id_, "--take", "ours", "--reason", "left is right").code == 0
    rows = both.query(
        "SELECT type, json_extract(data, '$.who'), json_extract(data, '$.reason') FROM events"
        " WHERE type IN ('decision.made', 'conflict.resolved') ORDER BY seq"
    )
    assert rows == [
        ("decision.made", "person Ada Lovelace", "left is right"),
        ("conflict.resolved", "person Ada Lovelace", "left is right"),
    ]
    assert both.query("SELECT status FROM conflicts") == [("resolved",)]
    ended = both.devassist("conflicts", "show", id_, "--format", "json").json["ended"]
    assert [one["text"] for one in ended["dropped"]] == ["RIGHT"]
    assert both.devassist("audit", "verify").code == 0


def test_a_branch_that_goes_on_opens_its_conflict_again(both: Machine) -> None:
    id_ = only(both)
    first = resolve(both, id_, "--take", "left", "--format", "json").json["commit"]
    both.git("checkout", "-q", "right")
    commit(both, {"more.txt": "more\n"}, "one more")
    both.git("checkout", "-q", "main")
    assert both.devassist("conflicts", *NAMES).code == 1
    assert status(both) == "open"
    second = resolve(both, id_, "--take", "left", "--format", "json").json["commit"]
    assert status(both) == "resolved"
    kept = both.git("rev-parse", f"refs/devassist/resolution/{id_}", f"refs/devassist/resolution/{id_}-1")
    assert kept.split() == [second, first]


def test_an_undone_resolution_is_open_again_and_kept(both: Machine) -> None:
    id_ = only(both)
    made = resolve(both, id_, "--take", "left", "--format", "json").json["commit"]
    done = resolve(both, id_, "--undo", "--format", "json")
    assert (done.code, done.json["status"]) == (0, "open"), done
    assert status(both) == "open"
    assert both.git("rev-parse", done.json["ref"]) == made
    assert resolve(both, id_, "--undo").code == 2


def test_a_resolution_survives_a_look_that_tells_its_conflict_of_another_branch(both: Machine) -> None:
    id_ = only(both)
    resolve(both, id_, "--take", "left")
    both.git("branch", "a-copy", "left")
    assert found(both, "--all")
    assert not both.devassist("conflicts", "show", id_, "--format", "json").json["gone"]
    assert both.devassist("conflicts", *NAMES).code == 0, "it is resolved"
    done = resolve(both, id_, "--undo", "--format", "json")
    assert (done.code, done.json["status"]) == (0, "open"), done


def test_a_branch_that_is_not_checked_out_can_be_moved_to_the_result_and_no_other(both: Machine) -> None:
    id_ = only(both)
    assert resolve(both, id_, "--take", "left", "--into", "main").code == 2, "it is checked out"
    assert resolve(both, id_, "--take", "left", "--into", "nosuch").code == 2
    both.git("worktree", "add", "-q", "--detach", str(both.root / "aside"))
    aside = both.devassist(
        "conflicts", "resolve", id_, "--take", "left", "--into", "main", cwd=both.root / "aside"
    )
    assert aside.code == 2, "the main worktree has it checked out"
    both.git("-C", str(both.root / "aside"), "checkout", "-q", "left")
    both.git("-C", str(both.root / "aside"), "rebase", "right", check=False)
    rebased = resolve(both, id_, "--take", "left", "--into", "left")
    assert rebased.code == 2
    assert "left is in a rebase in" in rebased.err
    both.git("worktree", "remove", "--force", str(both.root / "aside"))
    assert status(both) == "open"
    done = resolve(both, id_, "--take", "left", "--into", "left", "--format", "json")
    assert (done.code, done.json["moved"], done.json["next"]) == (0, "left", None), done
    assert both.git("rev-parse", "left") == done.json["commit"]
    assert found(both) == []
    (approved,) = both.query("SELECT json_extract(data, '$.tree') FROM events WHERE type = 'merge.approved'")
    assert approved == (done.json["tree"],)


def editor(machine: Machine, script: str) -> dict[str, str]:
    """An editor that is a shell script; the file is its last argument."""
    file = machine.root / "editor"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {"GIT_EDITOR": str(file)}


def test_an_editor_gets_both_sides_and_the_base_and_what_it_saves_is_kept(both: Machine) -> None:
    seen = both.root / "seen"
    save = f'cp "$1" {seen}; printf "one\\nLEFT and RIGHT\\nthree\\n" > "$1"'
    done = resolve(both, only(both), "--edit", "--format", "json", **editor(both, save))
    assert done.code == 0, done
    assert content(both.repo, done.json["commit"], "notes.txt") == "one\nLEFT and RIGHT\nthree"
    assert seen.read_text() == (
        "one\n<<<<<<< left\nLEFT\n||||||| base\ntwo\n=======\nRIGHT\n>>>>>>> right\nthree\n"
    )
    assert sorted(one["text"] for one in done.json["dropped"]) == ["LEFT", "RIGHT"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "ended with 3"),
        ("exit 0", "nothing was saved"),
        ('sed -i "/^=======/d" "$1"', "markers"),
    ],
)
def test_an_editor_that_fails_or_leaves_markers_changes_nothing(
    both: Machine, script: str, said: str
) -> None:
    done = resolve(both, only(both), "--edit", **editor(both, script))
    assert done.code == 1, done
    assert said in done.err
    assert status(both) == "open"
    assert both.git("for-each-ref", "refs/devassist/resolution") == ""


def test_what_a_check_refuses_needs_a_reason_to_be_kept(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine(files=FILES)
    branch(machine, "left", {"pkg/io.py": "def load(path):\n    return 1\n"})
    branch(machine, "right", {"pkg/io.py": "def load(path):\n    return 2\n"})
    id_ = next(str(one["id"]) for one in found(machine) if one["level"] == "text")
    broken = editor(machine, 'echo "def load(:" > "$1"')
    refused = resolve(machine, id_, "--edit", "--format", "json", **broken)
    assert (refused.code, refused.json["status"], refused.json["commit"]) == (1, "refused", None), refused
    assert [one["name"] for one in refused.json["checks"] if not one["ok"]] == ["parse"]
    assert resolve(machine, id_, "--edit", "--accept-anyway", **broken).code == 2
    done = resolve(
        machine, id_, "--edit", "--accept-anyway", "--reason", "a template", "--format", "json", **broken
    )
    assert (done.code, done.json["overruled"], done.json["reason"]) == (0, True, "a template"), done


@pytest.mark.parametrize(("command", "code"), [("test -e left.txt", 0), ("! grep -q LEFT notes.txt", 1)])
def test_configured_checks_run_on_the_result_in_the_sandbox(both: Machine, command: str, code: int) -> None:
    both.config(f"[checks]\ncommands = [{command!r}]\n")
    done = resolve(both, only(both), "--take", "left", "--checks", "--format", "json")
    assert done.code == code, done
    assert (done.json["checks"][-1]["name"], done.json["checks"][-1]["ok"]) == (
        f"check {command!r}",
        code == 0,
    )
    assert len(both.git("worktree", "list").splitlines()) == 1


def test_without_a_terminal_an_answer_is_asked_for_and_nonsense_is_refused(both: Machine) -> None:
    id_ = only(both)
    assert resolve(both, id_).code == 3
    assert resolve(both).code == 2
    assert resolve(both, "c-nosuch", "--take", "left").code == 2
    assert resolve(both, id_, "--take", "middle").code == 2
    assert resolve(both, id_, "--take", "left", "--undo").code == 2


def test_a_file_that_one_side_deleted_is_never_decided_by_editing_another(
    make_machine: Callable[..., Machine],
) -> None:
    machine = prepared(make_machine(files={**FILES, "old.txt": "old\n"}))
    for name in ("left", "right"):
        machine.git("checkout", "-q", name)
        if name == "left":
            machine.git("rm", "-q", "old.txt")
        commit(machine, {} if name == "left" else {"old.txt": "newer\n"}, "about old")
    machine.git("checkout", "-q", "main")
    id_ = next(str(one["id"]) for one in found(machine) if one["path"] == "notes.txt")
    save = editor(machine, 'printf "one\\nBOTH\\nthree\\n" > "$1"')
    refused = resolve(machine, id_, "--edit", **save)
    assert (refused.code, "old.txt" in refused.err) == (2, True), refused
    done = resolve(machine, id_, "--edit", "--take", "left", "--format", "json", **save)
    assert done.code == 0, done
    assert content(machine.repo, done.json["commit"], "notes.txt") == "one\nBOTH\nthree"
    assert "old.txt" not in machine.git("ls-tree", "--name-only", done.json["commit"]).split()
    assert [one["status"] for one in found(machine)] == ["resolved", "resolved"]


def test_a_conflict_of_symbols_has_no_side_and_is_edited_in_the_merged_files(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(files=FILES)
    branch(machine, "left", {"pkg/io.py": FILES["pkg/io.py"].replace("load", "read_text")})
    branch(machine, "right", {"pkg/cli.py": "from pkg.io import load\n\nprint(load('x'))\n"})
    id_ = only(machine)
    assert resolve(machine, id_, "--take", "left").code == 2
    beside = resolve(machine, id_, "--edit", **editor(machine, 'echo "# nothing to do with it" >> "$1"'))
    assert (beside.code, "symbols" in beside.err) == (1, True), beside
    done = resolve(
        machine, id_, "--edit", "--format", "json", **editor(machine, 'sed -i s/load/read_text/ "$1"')
    )
    assert done.code == 0, done
    assert "read_text('x')" in content(machine.repo, done.json["commit"], "pkg/cli.py")
    assert status(machine) == "resolved"


def test_what_was_settled_of_lines_stays_so_when_symbols_are_edited(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(files=FILES)
    renamed = FILES["pkg/io.py"].replace("load", "read_text")
    branch(machine, "left", {"pkg/io.py": renamed, "notes.txt": "one\nLEFT\nthree\n"})
    uses = "from pkg.io import load\n\nprint(load('x'))\n"
    branch(machine, "right", {"pkg/cli.py": uses, "notes.txt": "one\nRIGHT\nthree\n"})
    by_level = {one["level"]: str(one["id"]) for one in found(machine)}
    assert resolve(machine, by_level["text"], "--take", "right").code == 0
    save = editor(machine, 'sed -i s/load/read_text/ "$1"')
    done = resolve(machine, by_level["symbol"], "--edit", "--format", "json", **save)
    assert done.code == 0, done
    assert content(machine.repo, done.json["commit"], "notes.txt") == "one\nRIGHT\nthree"
    assert sorted(done.json["conflicts"]) == sorted(by_level.values())
    assert {one["status"] for one in found(machine)} == {"resolved"}


def test_a_persons_answer_is_repeated_where_the_same_hunk_comes_up_again(both: Machine) -> None:
    save = editor(both, 'printf "one\\nLEFT, RIGHT\\nthree\\n" > "$1"')
    assert resolve(both, only(both), "--edit", **save).code == 0
    branch(both, "other", {"notes.txt": "one\nRIGHT\nthree\n", "other.txt": "o\n"})
    done = resolve(both, only(both, "other", "left"), "--format", "json")
    assert done.code == 0, done
    assert (done.json["how"], done.json["who"], done.json["choice"]) == ("automatic", "policy", "repeat")
    assert content(both.repo, done.json["commit"], "notes.txt") == "one\nLEFT, RIGHT\nthree"


def test_history_is_learned_from_and_says_so(both: Machine) -> None:
    both.git("checkout", "-q", "left")
    both.git("merge", "-q", "-X", "ours", "right", "-m", "merge")
    done = resolve(both, "--learn", "--format", "json")
    assert done.code == 0, done
    assert (done.json["merges"], done.json["conflicting"], done.json["hunks"]) == (1, 1, 1)
    assert (done.json["learned"], done.json["repeats"]) == (1, 1)
    assert len(both.query("SELECT 1 FROM events WHERE type = 'lesson.learned'")) == 1


def test_a_merge_that_was_made_here_is_not_learned_from_the_history(
    make_machine: Callable[..., Machine],
) -> None:
    machine = make_machine(files=FILES)
    for name in ("one", "two", "three"):
        branch(machine, name, {"pkg/use.py": f"import {name}\n"})
    save = 'sed -i "/^[<|=>]/d" "$1"'
    taken = resolve(
        machine, only(machine, "one", "two"), "--edit", "--format", "json", **editor(machine, save)
    )
    assert taken.code == 0, taken
    machine.git("checkout", "-q", "one")
    machine.git("merge", "-q", taken.json["commit"])
    machine.git("merge", "-q", "-X", "theirs", "three", "-m", "by hand")
    done = resolve(machine, "--learn", "--format", "json")
    assert done.code == 0, done
    assert (done.json["merges"], done.json["own"], done.json["hunks"]) == (1, 1, 1), done
    assert done.json["repeats"] == 2, "one of the history, one that a person gave here"
    text = resolve(machine, "--learn").out
    assert "1 made by devassist are left out" in text
    assert "2 hunks can be repeated as people settled them" in text


def test_answers_are_given_hunk_by_hunk_in_a_terminal(both: Machine) -> None:
    id_ = only(both)
    said, code = typed(both, ["conflicts", "resolve", id_], ["b", "u", "ab", "y"])
    assert code == 0, said
    assert "hunk 1 of 1: notes.txt" in said
    assert "work of left" in said
    commit_ = both.git("rev-parse", f"refs/devassist/resolution/{id_}")
    assert content(both.repo, commit_, "notes.txt") == "one\nLEFT\nRIGHT\nthree"


def typed(machine: Machine, words: list[str], answers: list[str]) -> tuple[str, int]:
    """What a command shows in a terminal when these lines are typed at its prompts, and its exit code."""
    ours, theirs = pty.openpty()
    environment = {**machine.environment, "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("CI")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "devassist", *words],
        cwd=machine.repo, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, prompts, left = "", 0, list(answers)
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            data = os.read(ours, 65536) if ready else b""
        except OSError:
            data = b""
        if not data:
            break
        shown += data.decode("utf-8", "replace")
        while left and shown.count("\n> ") + shown.count("\r> ") > prompts:
            prompts += 1
            os.write(ours, left.pop(0).encode() + b"\n")
    os.close(ours)
    return shown, process.wait(timeout=30)


def integrator(*lines: str, confidence: float = 0.9, dropped: tuple[str, ...] = ()) -> CrewScript:
    """An integrator that writes these lines between the first and the last."""
    text = "".join(f"{line}\n" for line in ("one", *lines, "three"))
    return CrewScript().on(
        "notes.txt", "integrator",
        tool("read_file", path="notes.txt"),
        write("notes.txt", text),
        tool("submit_resolution", summary="both were meant", confidence=confidence, dropped=list(dropped)),
    )  # fmt: skip


AGENT = ("--agent", "--model", "openai/test-model", "--format", "json")


def test_the_integrator_is_told_both_intents_and_what_it_writes_is_kept(
    make_machine: Callable[..., Machine],
) -> None:
    script = integrator("LEFT", "RIGHT")
    machine = prepared(make_machine(files=FILES, script=script))
    before = Untouched.of(machine.repo)
    done = resolve(machine, only(machine), *AGENT)
    assert done.code == 0, done
    assert (done.json["how"], done.json["dropped"]) == ("agent", [])
    assert content(machine.repo, done.json["commit"], "notes.txt") == "one\nLEFT\nRIGHT\nthree"
    assert status(machine) == "resolved"
    first: Turn = script.turns[0]
    for words in ("work of left", "work of right", "+LEFT", "+RIGHT", "notes.txt"):
        assert words in first.words, words
    assert "<<<<<<< left" in script.turns[1].results[0]
    assert "request_scope" not in first.tools
    assert Untouched.of(machine.repo) == before
    assert len(machine.git("worktree", "list").splitlines()) == 1
    shown = machine.devassist("show", done.json["run"], "--format", "json").json
    assert (shown["status"], shown["exit_code"], shown["goal"]) == (
        "succeeded",
        0,
        f"resolve {done.json['conflict']}",
    )
    assert shown["usage"]["model_calls"] == 3
    types = [one["type"] for one in machine.events(done.json["run"])]
    assert types[0] == "run.started" and types[-1] == "run.finished"
    assert types.index("decision.made") < types.index("conflict.resolved")


def test_a_line_dropped_in_silence_comes_back_and_one_that_is_declared_does_not(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript().on(
        "notes.txt", "integrator",
        write("notes.txt", "one\nLEFT\nthree\n"),
        tool("submit_resolution", summary="left", confidence=0.9, dropped=[]),
        tool("submit_resolution", summary="left", confidence=0.9, dropped=["RIGHT"]),
    )  # fmt: skip
    machine = prepared(make_machine(files=FILES, script=script))
    done = resolve(machine, only(machine), *AGENT)
    assert done.code == 0, done
    assert "RIGHT" in script.turns[-1].results[-1]
    assert [one["text"] for one in done.json["dropped"]] == ["RIGHT"]


def test_an_integrator_that_is_not_sure_leaves_the_word_to_a_person(
    make_machine: Callable[..., Machine],
) -> None:
    machine = prepared(make_machine(files=FILES, script=integrator("LEFT", "RIGHT", confidence=0.3)))
    done = resolve(machine, only(machine), *AGENT)
    assert (done.code, done.json["status"]) == (3, "refused"), done
    assert content(machine.repo, done.json["ref"], "notes.txt") == "one\nLEFT\nRIGHT\nthree"
    assert status(machine) == "open"


def test_an_integrator_without_an_answer_leaves_the_conflict_open(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript().on("notes.txt", "integrator", tool("read_file", path="notes.txt"), "I give up")
    machine = prepared(make_machine(files=FILES, script=script))
    done = resolve(machine, only(machine), *AGENT)
    assert done.code == 1, done
    assert status(machine) == "open"
    assert len(machine.git("worktree", "list").splitlines()) == 1


def test_an_integrator_may_write_only_what_conflicts(make_machine: Callable[..., Machine]) -> None:
    script = CrewScript().on(
        "notes.txt", "integrator",
        write("left.txt", "mine now\n"),
        write("notes.txt", "one\nLEFT\nRIGHT\nthree\n"),
        tool("submit_resolution", summary="both", confidence=0.9, dropped=[]),
    )  # fmt: skip
    machine = prepared(make_machine(files=FILES, script=script))
    done = resolve(machine, only(machine), *AGENT)
    assert done.code == 0, done
    assert "scope" in script.turns[1].results[0]
    assert content(machine.repo, done.json["commit"], "left.txt") == "l"


def in_a_run(
    script: CrewScript, machine: Machine, *options: str, two: dict[str, Any] | None = None, **more: Any
) -> Done:
    """Two tasks that write the same line of the guide, one after the other; `two` is what only the second has."""
    for name, line in (("one", "Use add."), ("two", "Use sub.")):
        script.on(
            f"CASE-{name}.", "coder", edit("docs/guide.md", "Use add and sub.", line), submit(proves=[0])
        )
    tasks = [
        task("one", "CASE-one.", review=False, **more),
        task("two", "CASE-two.", review=False, **more, **(two or {})),
    ]
    return machine.run(plan(*tasks), *options)


def merging(text: str, *, confidence: float = 0.9, dropped: tuple[str, ...] = ()) -> CrewScript:
    return CrewScript().on(
        "docs/guide.md", "integrator",
        tool("read_file", path="docs/guide.md"),
        write("docs/guide.md", f"# Guide\n\n{text}"),
        tool("submit_resolution", summary="both were meant", confidence=confidence, dropped=list(dropped)),
    )  # fmt: skip


BOTH = "Use add.\nUse sub.\n"


def test_in_a_run_a_sure_resolution_lands_as_a_merge_of_both(make_machine: Callable[..., Machine]) -> None:
    script = merging(BOTH)
    machine = make_machine(script=script)
    done = in_a_run(script, machine)
    assert (done.code, done.json["status"]) == (0, "succeeded"), done
    assert [one["status"] for one in done.json["tasks"]] == ["merged", "merged"]
    result = done.json["result_commit"]
    assert content(machine.repo, result, "docs/guide.md") == f"# Guide\n\n{BOTH}".rstrip("\n")
    two = f"devassist/{done.json['run']}/two/coder"
    assert machine.git("rev-parse", f"{result}^2") == machine.git("rev-parse", two)
    assert "Audit-Head" in machine.git("log", "-1", "--format=%B", result)
    told = machine.events(done.json["run"], "conflict.resolved")
    (ended,) = [one for one in told if one["data"]["status"] == "resolved"]
    assert (ended["data"]["status"], ended["data"]["how"], ended["data"]["commit"]) == (
        "resolved",
        "agent",
        result,
    )
    assert ended["data"]["dropped"] == []
    told = script.of("docs/guide.md", "integrator")[0].words
    assert "CASE-one." in told and "CASE-two." in told
    approved = machine.query("SELECT count(*) FROM events WHERE type = 'merge.approved'")
    assert approved == [(2,)]


def test_in_a_run_an_unsure_resolution_waits_for_a_person_or_is_left(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH, confidence=0.3)
    machine = make_machine(script=script)
    done = in_a_run(script, machine)
    assert (done.code, done.task("two")["status"]) == (3, "waiting"), done
    (waits,) = machine.events(done.json["run"], "approval.requested")
    assert waits["data"]["kind"] == "resolution"
    tree = waits["data"]["shown"]["tree"]
    assert content(machine.repo, tree, "docs/guide.md") == f"# Guide\n\n{BOTH}".rstrip("\n")
    assert machine.devassist("approve", waits["data"]["approval"]).code == 0
    asked = len(script.of("docs/guide.md", "integrator"))
    landed = machine.devassist("resume", done.json["run"], "--format", "json")
    assert (landed.code, landed.task("two")["status"]) == (0, "merged"), landed
    assert machine.git("rev-parse", f"{landed.json['result_commit']}^{{tree}}") == tree
    assert len(script.of("docs/guide.md", "integrator")) == asked
    again = in_a_run(script, machine, "--approve", "never")
    assert (again.code, again.task("two")["status"]) == (0, "merged"), again
    assert len(script.of("docs/guide.md", "integrator")) == asked, "what a person approved is repeated"


def test_in_a_run_an_unsure_resolution_is_left_where_nobody_is_asked(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH, confidence=0.3)
    left = in_a_run(script, make_machine(script=script), "--approve", "never")
    assert (left.code, left.json["status"], left.task("two")["status"]) == (1, "partial", "delivered"), left


def test_in_a_run_a_rejected_resolution_lands_nowhere_and_is_not_repeated(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH, confidence=0.3)
    machine = make_machine(script=script)
    done = in_a_run(script, machine)
    listed = machine.devassist("inbox").out
    assert "diff: git diff" in listed
    assert "text_digest" not in listed
    (waits,) = machine.events(done.json["run"], "approval.requested")
    asked = [(one["path"], one["choice"]) for one in waits["data"]["shown"]["hunks"]]
    assert asked == [("docs/guide.md", "ours+theirs")]
    assert machine.devassist("reject", waits["data"]["approval"], "--reason", "one of them").code == 0
    left = machine.devassist("resume", done.json["run"], "--format", "json")
    assert (left.code, left.task("two")["status"]) == (1, "delivered"), left
    assert "rejected by" in left.task("two")["error"]
    learned = resolve(machine, "--learn", "--format", "json").json
    assert learned["repeats"] == 0


def test_in_a_run_a_resolution_that_fails_the_checks_does_not_land(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH)
    machine = make_machine(script=script)
    never_both = "! { grep -q 'Use add[.]' docs/guide.md && grep -q 'Use sub[.]' docs/guide.md; }"
    done = in_a_run(script, machine, checks=[never_both])
    assert (done.code, done.json["status"], done.task("two")["status"]) == (1, "partial", "delivered"), done
    assert "conflicts in docs/guide.md" in done.task("two")["error"]
    assert any("checks fail on it" in one for one in done.json["warnings"])


def test_in_a_run_nobody_is_asked_to_resolve_where_the_setting_says_never(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH)
    machine = make_machine(script=script)
    machine.config('[conflicts]\nresolve = "never"\n')
    done = in_a_run(script, machine)
    assert (done.code, done.task("two")["status"]) == (1, "delivered"), done
    assert script.of("docs/guide.md", "integrator") == []


def test_in_a_run_what_a_person_answered_before_is_repeated_and_the_integrator_not_asked(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript().on("docs/guide.md", "integrator", failure(400, "no such thing"))
    machine = make_machine(script=script)
    first = in_a_run(script, machine)
    (id_,) = first.json["conflicts"]
    save = editor(machine, 'printf "# Guide\\n\\nBoth add and sub.\\n" > "$1"')
    assert resolve(machine, id_, "--edit", **save).code == 0
    asked = len(script.of("docs/guide.md", "integrator"))
    done = in_a_run(script, machine)
    assert (done.code, done.task("two")["status"]) == (0, "merged"), done
    assert len(script.of("docs/guide.md", "integrator")) == asked > 0
    assert content(machine.repo, done.json["result_commit"], "docs/guide.md").endswith("Both add and sub.")
    (ended,) = [
        one["data"]
        for one in machine.events(done.json["run"], "conflict.resolved")
        if one["data"]["status"] == "resolved"
    ]
    assert (ended["how"], ended["who"], ended["choice"]) == ("automatic", "policy", "repeat")
    assert {one["name"]: one["ok"] for one in ended["checks"]} == dict.fromkeys(
        ("markers", "parse", "lines", "symbols"), True
    )
    (settled,) = machine.query(
        "SELECT id FROM events WHERE type = 'conflict.resolved' AND json_extract(data, '$.how') = 'edit'"
    )
    (precedent,) = ended["precedents"]
    assert (precedent["conflict"], precedent["who"], precedent["event"]) == (
        id_,
        "person Ada Lovelace",
        settled[0],
    )
    decided = [
        one
        for one in machine.events(done.json["run"], "decision.made", "merge.completed")
        if one["data"].get("precedents") or one["type"] == "merge.completed"
    ]
    assert [one["type"] for one in decided][-3:] == ["decision.made", "merge.completed", "decision.made"]
    assert decided[-3]["data"]["precedents"] == [precedent]
    assert machine.devassist("audit", "verify").code == 0


def test_in_a_run_a_repeat_that_does_not_hold_is_left_to_the_integrator(
    make_machine: Callable[..., Machine],
) -> None:
    script = merging(BOTH)
    machine = make_machine(script=script)
    machine.config('[conflicts]\nresolve = "never"\n')
    first = in_a_run(script, machine).json
    (id_,) = first["conflicts"]
    assert resolve(machine, id_, "--take", f"devassist/{first['run']}/one/coder").code == 0
    kept = in_a_run(script, machine)
    assert (kept.task("two")["status"], script.of("docs/guide.md", "integrator")) == ("delivered", []), kept
    machine.config('[conflicts]\nresolve = "agent"\n')
    done = in_a_run(script, machine, two={"checks": ["grep -q sub docs/guide.md"]})
    assert (done.code, done.task("two")["status"]) == (0, "merged"), done
    assert any("/two/automatic does not land: checks fail" in one for one in done.json["warnings"])
    assert len(script.of("docs/guide.md", "integrator")) == 3
    assert content(machine.repo, done.json["result_commit"], "docs/guide.md").endswith(BOTH.rstrip())


def test_in_a_run_an_integrator_that_breaks_off_leaves_the_conflict_as_it_was(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript().on("docs/guide.md", "integrator", failure(400, "no such thing"))
    machine = make_machine(script=script)
    done = in_a_run(script, machine)
    assert (done.code, done.json["status"], done.task("two")["status"]) == (1, "partial", "delivered"), done
    assert any("the integrator gave no resolution" in one for one in done.json["warnings"])
    assert machine.query("SELECT status FROM conflicts") == [("open",)]
