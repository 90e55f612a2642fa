"""`devassist conflicts` as a person runs it: on any repository, with no run and no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command_line import Done, Machine

FILES = {
    "pkg/__init__.py": "",
    "pkg/io.py": "def load(path):\n    return open(path).read()\n\n\ndef save(path, text):\n    open(path, 'w').write(text)\n",
    "notes.txt": "one\ntwo\nthree\n",
    "pyproject.toml": '[project]\nname = "p"\ndependencies = []\n',
}


def branch(machine: Machine, name: str, files: dict[str, str]) -> None:
    machine.git("checkout", "-q", "-b", name, "main")
    for path, text in files.items():
        (machine.repo / path).write_text(text)
    machine.git("add", "-A")
    machine.git("commit", "-q", "-m", f"work of {name}")
    machine.git("checkout", "-q", "main")


@pytest.fixture(scope="module")
def shared(make_shared_machine: Callable[..., Machine]) -> Machine:
    machine = make_shared_machine(files=FILES)
    branch(machine, "renames", {"pkg/io.py": FILES["pkg/io.py"].replace("def load", "def read_text")})
    branch(
        machine,
        "uses",
        {"pkg/cli.py": "from pkg.io import load\n\n\ndef show(path):\n    print(load(path))\n"},
    )
    branch(machine, "left", {"notes.txt": "one\nLEFT\nthree\n"})
    branch(machine, "right", {"notes.txt": "one\nRIGHT\nthree\n"})
    branch(machine, "old", {"pyproject.toml": FILES["pyproject.toml"].replace("[]", '["requests<2"]')})
    branch(machine, "new", {"pyproject.toml": FILES["pyproject.toml"].replace("[]", '["requests>=2.30"]')})
    branch(machine, "apart", {"other.txt": "nothing to do with the rest\n"})
    return machine


def conflicts(machine: Machine, *words: str) -> Done:
    return machine.devassist("conflicts", *words)


def test_branches_that_merge_cleanly_and_then_break_are_an_error_with_the_line_that_breaks(
    shared: Machine,
) -> None:
    done = conflicts(shared, "renames", "uses", "--format", "json")
    assert done.code == 1, done
    (found,) = done.json["conflicts"]
    assert (found["level"], found["kind"], found["severity"]) == ("symbol", "renamed-symbol-used", "error")
    assert found["symbol"].endswith("load")
    assert ("uses", "pkg/cli.py", 5) in {
        (one["branch"], one["path"], one["start_line"]) for one in found["locations"]
    }
    assert shared.git("merge-tree", "--write-tree", "renames", "uses"), "git itself merges them cleanly"


def test_all_finds_every_pair_and_says_in_which_order_to_merge(shared: Machine) -> None:
    document = conflicts(shared, "--all", "--format", "json").json
    assert document["schema"] == "devassist.conflicts/1"
    kinds = {(one["kind"], *sorted(one["branches"])) for one in document["conflicts"]}
    assert kinds >= {
        ("renamed-symbol-used", "renames", "uses"),
        ("content", "left", "right"),
        ("dependency-clash", "new", "old"),
    }
    assert not [one for one in document["conflicts"] if "apart" in one["branches"]]
    assert sorted(document["order"]) == sorted(one["name"] for one in document["branches"])
    assert document["stats"]["pairs"] == 21
    assert conflicts(shared, "order", "--all", "--format", "json").json["order"] == document["order"]


def test_a_level_a_threshold_and_a_branch_of_a_subcommands_name_can_be_chosen(shared: Machine) -> None:
    assert conflicts(shared, "renames", "uses", "--levels", "text").code == 0
    assert conflicts(shared, "renames", "uses", "--fail-on", "never").code == 0
    assert conflicts(shared, "renames", "uses", "--levels", "nonsense").code == 2
    assert conflicts(shared, "nosuch").code == 2
    shared.git("branch", "order", "left")
    done = conflicts(shared, "--format", "json", "--", "order", "right")
    assert done.code == 1, done
    assert [one["name"] for one in done.json["branches"]] == ["order", "right"]
    shared.git("branch", "-D", "order")


def test_a_conflict_keeps_its_id_is_waived_with_a_reason_and_is_gone_when_it_is_mended(
    shared: Machine,
) -> None:
    (found,) = conflicts(shared, "left", "right", "--format", "json").json["conflicts"]
    shown = conflicts(shared, "show", found["id"], "--format", "json").json
    assert [side["branch"] for side in shown["sides"]] == found["branches"]
    assert any("LEFT" in side["diff"] for side in shown["sides"])
    waived = conflicts(shared, "waive", found["id"], "--reason", "we keep both")
    assert waived.code == 0, waived
    again = conflicts(shared, "left", "right", "--format", "json")
    assert again.code == 0, again
    assert [(one["id"], one["status"]) for one in again.json["conflicts"]] == [(found["id"], "waived")]
    reasons = shared.query("select json_extract(data, '$.reason') from events where type = 'decision.made'")
    assert ("we keep both",) in reasons
    assert shared.devassist("audit", "verify").code == 0


def test_one_file_is_checked_against_all_branches_as_it_is_on_disk(shared: Machine) -> None:
    before = shared.git("status", "--porcelain")
    (shared.repo / "notes.txt").write_text("one\nMINE\nthree\n")
    try:
        done = conflicts(shared, "check", "notes.txt", "--format", "json")
        assert done.code == 1, done
        assert {"left", "right"} <= {name for one in done.json["conflicts"] for name in one["branches"]}
        assert conflicts(shared, "check", "pkg/io.py").code == 0
    finally:
        shared.git("checkout", "-q", "notes.txt")
    assert shared.git("status", "--porcelain") == before


def test_sarif_and_markdown_come_out_and_a_shallow_clone_is_refused(shared: Machine, tmp_path: Path) -> None:
    report = json.loads(conflicts(shared, "renames", "uses", "--format", "sarif").out)
    assert report["version"] == "2.1.0"
    (result,) = report["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("renamed-symbol-used", "error")
    text = conflicts(shared, "renames", "uses", "--format", "markdown").out
    assert text.lstrip().startswith("## 1 conflict")
    shared.git("clone", "-q", "--depth", "1", f"file://{shared.repo}", str(tmp_path / "shallow"))
    refused = shared.devassist("conflicts", cwd=tmp_path / "shallow")
    assert refused.code == 6, refused
    assert "fetch-depth: 0" in refused.err
