"""Input that cannot be used: a clear error, the right exit code, nothing lost, nothing started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import CrewScript, plan, sh, submit, task, tool, write
from support.repos import CALCULATOR, Untouched, commit_all, git, make_repository, put, tree_files

MODEL = ("--model", "openai/test-model")


def _refused(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done
    assert done.err.startswith("error: "), done
    assert done.out == "", done
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done


def test_a_directory_that_is_no_repository(machine: Machine, tmp_path: Path) -> None:
    done = machine.devassist("run", "a goal", *MODEL, cwd=tmp_path)
    _refused(done, 2, str(tmp_path), "hint: ")
    _refused(machine.devassist("-C", str(tmp_path), "status"), 2)


def test_a_directory_that_is_not_there(machine: Machine, tmp_path: Path) -> None:
    _refused(machine.devassist("-C", str(tmp_path / "nowhere"), "status"), 2, "nowhere")


def test_a_bare_repository(machine: Machine, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    _refused(machine.devassist("run", "a goal", *MODEL, cwd=tmp_path / "bare.git"), 2, "bare")


def test_a_repository_without_commits(machine: Machine, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "empty")
    _refused(machine.devassist("run", "a goal", *MODEL, cwd=tmp_path / "empty"), 2, "commit", "hint: ")


def test_no_goal_or_two_of_them(machine: Machine, tmp_path: Path) -> None:
    goal = tmp_path / "goal.txt"
    goal.write_text("from a file\n")
    _refused(machine.devassist("run", *MODEL), 2, "goal", "hint: ")
    _refused(machine.devassist("run", "-", *MODEL, stdin=" \n"), 2, "goal")
    _refused(machine.devassist("run", "a goal", "-f", str(goal), *MODEL), 2, "-f")
    _refused(machine.devassist("run", "-f", str(tmp_path / "none.txt"), *MODEL), 2, "none.txt")


def test_a_base_that_is_not_there(machine: Machine) -> None:
    _refused(machine.devassist("run", "a goal", "--base", "no-such-rev", *MODEL), 2, "no-such-rev")


def test_an_option_or_command_that_is_unknown(machine: Machine) -> None:
    _refused(machine.devassist("run", "a goal", "--no-such-option"), 2, "--no-such-option")
    _refused(machine.devassist("no-such-command"), 2, "no-such-command")
    _refused(machine.devassist("run", "a goal", "--approve", "sometimes", *MODEL), 2, "sometimes")
    assert machine.devassist().code == 2


def test_a_run_that_is_not_there(machine: Machine) -> None:
    for command in ("show", "logs", "merge", "discard"):
        _refused(machine.devassist(command, "brisk-heron-ffff"), 2)


ONE = task("a", "x")
BAD_PLANS: dict[str, tuple[Any, list[str]]] = {
    "not JSON": ("{", ["JSON"]),
    "a cycle": (
        plan({**ONE, "depends_on": ["b"]}, {**task("b", "y"), "depends_on": ["a"]}),
        ["cycle", "a", "b"],
    ),
    "unknown role": (plan({**ONE, "role": "wizard"}), ["wizard", "coder"]),
    "duplicate id": (plan(ONE, ONE), ["duplicate", "'a'"]),
    "scope above": (plan({**ONE, "scope": ["../other/**"]}), ["../other"]),
    "scope into .git": (plan({**ONE, "scope": [".git/hooks/*"]}), [".git"]),
    "an id that is a path": (plan({**ONE, "id": "../a"}), ["../a"]),
    "unknown key": (plan({**ONE, "check": ["true"]}), ["check", "checks"]),
}


def test_a_plan_that_cannot_be_run_says_what_is_wrong_with_it(machine: Machine, tmp_path: Path) -> None:
    before = machine.git("for-each-ref")
    for name, (document, words) in BAD_PLANS.items():
        file = tmp_path / f"{name}.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        _refused(machine.devassist("run", "--plan", str(file), *MODEL), 2, *words)
    _refused(machine.devassist("run", "--plan", str(tmp_path / "missing.json"), *MODEL), 2, "missing.json")
    toml = tmp_path / "plan.toml"
    toml.write_text("[[tasks]\n")
    _refused(machine.devassist("run", "--plan", str(toml), *MODEL), 2, "TOML")
    assert machine.git("for-each-ref") == before
    assert machine.server.requests == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[limits]\nmax_paralel = 2\n", ["max_paralel", "max_parallel", ".devassist.toml"]),
        ("[limts]\nmax_usd = 2\n", ["limts", "limits", ".devassist.toml"]),
        ("[limits]\nmax_parallel = 'many'\n", ["max_parallel", ".devassist.toml"]),
        ("[approvals]\nmode = 'perhaps'\n", ["mode", "auto"]),
        ("not toml", [".devassist.toml"]),
    ],
)
def test_a_configuration_that_cannot_be_used_names_file_key_and_nearest(
    machine: Machine, text: str, words: list[str]
) -> None:
    (machine.repo / ".devassist.toml").write_text(text)
    _refused(machine.devassist("run", "a goal", *MODEL), 2, *words)
    _refused(machine.devassist("config", "show"), 2)


def test_a_limit_in_dollars_needs_a_price(machine: Machine) -> None:
    priced = ("--model", "mistral/of-tomorrow", "--max-usd", "1")
    wanted = ["the price of mistral/of-tomorrow is not known", "[model.prices]", "hint: "]
    _refused(machine.devassist("run", "a goal", *priced, MISTRAL_API_KEY="k" * 20), 2, *wanted)
    (machine.repo / ".devassist.toml").write_text(
        '[model.prices]\n"mistral/of-tomorrow" = { input = 1, outptu = 2 }\n'
    )
    _refused(machine.devassist("run", "a goal", *priced, MISTRAL_API_KEY="k" * 20), 2, "outptu", "output")
    assert machine.server.requests == []


def test_a_branch_or_directory_in_the_way_is_an_error_and_stays(machine: Machine) -> None:
    machine.git("branch", "devassist")  # a file where the directory of all our branches would be
    before = Untouched.of(machine.repo)
    done = machine.devassist(
        "run", "--plan", str(_file(machine, plan(task("a", "x", review=False)))), *MODEL, "--format", "json"
    )
    assert done.code in (1, 2), done
    assert "devassist" in done.err
    assert "Traceback" not in done.err
    assert Untouched.of(machine.repo) == before


def _file(machine: Machine, document: dict[str, Any]) -> Path:
    file = machine.root / "given.json"
    file.write_text(json.dumps(document))
    return file


def test_a_plan_in_toml_runs_on_a_detached_shallow_clone_from_a_subdirectory(
    make_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    script = CrewScript()
    script.on(
        "ALPHA",
        "coder",
        sh("pwd && ls"),
        write("calc/new.py", "x = 1\n"),
        submit(proves=[0]),
        submit(proves=[1]),
    )
    machine = make_machine(
        script=script,
        files={**CALCULATOR, ".devassist.toml": '[checks]\ncommands = ["test -f calc/add.py"]\n'},
    )
    commit_all(machine.repo, "Second")
    git(tmp_path, "clone", "-q", "--depth", "1", machine.repo.as_uri(), "clone")
    machine.repo = tmp_path / "clone"
    machine.git("checkout", "-q", "--detach")
    before = Untouched.of(machine.repo)
    file = tmp_path / "plan.toml"
    file.write_text(
        'goal = "toml"\n[[tasks]]\nid = "one"\ntitle = "t"\nrole = "coder"\ninstructions = "ALPHA"\nreview = false\n'
    )
    done = machine.devassist(
        "run", "--plan", str(file), *MODEL, "--format", "json", cwd=machine.repo / "calc"
    )
    assert done.code == 0, done
    said = " ".join(done.json["warnings"])
    assert "shallow" in said
    assert "detached" in said
    assert "calc/new.py" in tree_files(machine.repo, done.json["result_commit"])
    first = script.of("ALPHA", "coder")[1].results[0].splitlines()
    assert first[0].endswith("/calc")
    assert "add.py" in first
    assert [check["exit_code"] for check in done.task("one")["checks"]] == [0], "checks run at the root"
    assert Untouched.of(machine.repo) == before


def test_include_dirty_takes_uncommitted_work_in_and_touches_nothing(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript()
    script.on("ALPHA", "documenter", tool("read_file", path="staged.txt"), tool("read_file", path="untracked.txt"),
              tool("replace_in_file", path="README.md", old="my words", new="our words"), submit())  # fmt: skip
    machine = make_machine(script=script)
    put(
        machine.repo,
        {
            "README.md": "my words\n",
            "staged.txt": "staged\n",
            "untracked.txt": "untracked\n",
            "noise.log": "ignored\n",
        },
    )
    machine.git("add", "staged.txt")
    before = Untouched.of(machine.repo)
    done = machine.run(plan(task("one", "ALPHA", role="documenter", review=False)), "--include-dirty")
    assert done.code == 0, done
    files = tree_files(machine.repo, done.json["result_commit"])
    assert {"staged.txt", "untracked.txt"} <= set(files)
    assert "noise.log" not in files
    assert Untouched.of(machine.repo) == before
    assert machine.git("rev-parse", f"{done.json['base']}^") == before.head


def test_a_submodule_is_said_and_survives_and_a_missing_identity_fails_nothing(
    make_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    script = CrewScript().on("ALPHA", "documenter", write("a.txt", "x\n"), submit())
    machine = make_machine(script=script)
    make_repository(tmp_path / "library", {"lib.py": "x\n"})
    machine.git("submodule", "add", "-q", (tmp_path / "library").as_uri(), "vendor/library")
    base = commit_all(machine.repo, "With a submodule")
    (machine.home / ".gitconfig").unlink()
    done = machine.run(plan(task("one", "ALPHA", role="documenter", review=False)))
    assert done.code == 0, done
    assert any("submodule" in text for text in done.json["warnings"])
    before, after = tree_files(machine.repo, base), tree_files(machine.repo, done.json["result_commit"])
    assert after.pop("a.txt")
    assert before == after
    assert "devassist" in machine.git("log", "-1", "--format=%cn", done.json["result_commit"])


@pytest.mark.parametrize("found", ["none", "old"])
def test_without_a_git_that_merges_a_run_is_refused_before_a_model_is_asked(
    machine: Machine, found: str
) -> None:
    """What agents write could not be landed, and would be paid for."""
    programs = machine.root / "programs"
    programs.mkdir()
    if found == "old":
        (programs / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
        (programs / "git").chmod(0o755)
    refused = machine.devassist("run", "anything", "--model", "openai/test-model", PATH=str(programs))
    assert refused.code == 6, refused
    assert "Install git 2.39 or newer" in refused.err
    assert machine.server.requests == []
    row = {
        one["check"]: one
        for one in machine.devassist("doctor", "--format", "json", PATH=str(programs)).json["checks"]
    }
    assert row["git"]["status"] == "fail"
