"""What models in the cloud see of private paths, by every way an agent has: nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from support.command_line import Done, Machine
from support.crewscript import hand_in_plan, plan, sh, submit, task, tool, write
from support.repos import CALCULATOR, commit_all, git
from support.sandboxes import sandbox_or_skip

CANARY = "CANARY-7431"
CLOUD = """
[models.cloud]
model = "openai/cloud"
price = { input = 0.1, output = 0.1 }
"""
OWN = """
[models.own]
model = "openai/own"
privacy = "local"
price = { input = 5.0, output = 5.0 }
"""
PRIVACY = '[privacy]\npaths = ["secret/", "*.Key"]\n'
FILES = {
    **CALCULATOR,
    "secret/plan.py": f'WORD = "{CANARY}"\n\n\ndef invade(castle):\n    return castle\n',
    "secret/AGENTS.md": f"Never say {CANARY}.\n",
    "docs/some.KEY": f"{CANARY}\n",
}


@pytest.fixture
def machine(make_machine: Callable[..., Machine], script: Any) -> Machine:
    made = make_machine(script=script, files=FILES)
    (made.repo / "way").symlink_to("secret/plan.py")
    (made.repo / "folder").symlink_to("secret")
    commit_all(made.repo, "Link to what is private")
    git(made.repo, "mv", "docs/some.KEY", "docs/other.KEY")
    commit_all(made.repo, "Move what is private")
    (made.repo / "untracked.key").write_text(CANARY)
    (made.repo / ".worktreeinclude").write_text("*.key\n")
    commit_all(made.repo, "Copy keys")
    git(made.repo, "rm", "-q", "--cached", "untracked.key")
    git(made.repo, "commit", "-q", "-m", "Untrack a key")
    return made


def run(machine: Machine, *tasks: dict[str, Any], **more: str) -> Done:
    file = machine.root / "plan.json"
    file.write_text(json.dumps(plan(*tasks)), encoding="utf-8")
    return machine.devassist("run", "--plan", str(file), "--format", "json", **more)


def sent_to(machine: Machine, model: str) -> str:
    return "\n".join(json.dumps(turn.body) for turn in machine.script.turns if turn.body["model"] == model)


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
def test_no_way_leads_a_cloud_model_s_agent_to_a_private_path(machine: Machine, tier: str) -> None:
    sandbox_or_skip(tier, machine.root)
    machine.config(CLOUD + OWN + PRIVACY)
    paths = [
        "secret/plan.py",
        "way",
        "folder/plan.py",
        "docs/other.KEY",
        "./secret//plan.py",
        "SECRET/plan.py",
    ]
    objects = "for o in $(git rev-list --all --objects | cut -c1-40); do git cat-file -p $o; done"
    repo = machine.repo
    machine.script.on(
        "LOOK",
        "coder",
        tool("list_files"),
        tool("search_code", pattern="CANARY", context=3),
        *(tool("read_file", path=path) for path in paths),
        tool("git_show", rev="HEAD:secret/plan.py"),
        tool("git_show", rev="HEAD:folder/plan.py"),
        tool("git_show", rev="HEAD~2"),
        tool("git_show", rev="HEAD~1"),
        tool("git_show", rev="HEAD"),
        tool("git_show", rev="HEAD~4"),
        tool("git_show", rev="HEAD~4:docs/some.KEY"),
        tool("git_show", rev="HEAD~4", path="secret"),
        tool("git_log", path="secret/plan.py"),
        tool("git_blame", path="secret/plan.py"),
        tool("git_blame", path="way"),
        sh("cat secret/* way folder/* docs/*.KEY *.key; git show HEAD:secret/plan.py; git log -p | head -50"),
        sh(
            f"cat {repo}/secret/plan.py; git --git-dir={repo}/.git show HEAD:secret/plan.py; grep -r CANARY {repo}"
        ),
        sh(objects),
        tool("write_file", path="secret/plan.py", content="mine\n"),
        sh("mkdir -p secret && echo mine > secret/plan.py && echo mine > calc/new.key"),
        write("calc/add.py", "def add(a, b):\n    return b + a\n"),
        tool("show_diff"),
        submit("did it"),
    )
    done = run(machine, task("t1", "LOOK", scope=["calc/**"]), DEVASSIST_SANDBOX_MODE=tier)
    assert done.code == 0, done
    assert {turn.body["model"] for turn in machine.script.turns} == {"cloud"}
    seen = sent_to(machine, "cloud")
    assert CANARY not in seen.replace("pattern", "")
    assert "invade" not in seen
    assert "secret/plan.py is private: this agent does not see it" in seen
    assert "[private paths are left out]" in seen
    result = f"devassist/{done.json['run']}/result"
    assert CANARY in git(repo, "show", f"{result}:secret/plan.py")
    changed = git(repo, "diff", "--name-only", "main", result).splitlines()
    assert changed == ["calc/add.py"]


def test_a_task_about_private_paths_goes_to_a_local_model_and_its_words_stay_there(machine: Machine) -> None:
    machine.config(CLOUD + OWN + PRIVACY)
    machine.script.on(
        "KEEP",
        "coder",
        tool("read_file", path="secret/plan.py"),
        tool("post_note", text=f"note: {CANARY}"),
        write("secret/new.py", f"NEW = '{CANARY}'\n"),
        write("secret/public.py", "x = 1\n"),
        submit(f"summary: {CANARY}", open_questions=[f"why {CANARY}?"]),
    )
    machine.script.on(
        "AFTER",
        "coder",
        tool("read_board"),
        tool("show_diff"),
        *(tool("git_show", rev=rev) for rev in ("HEAD", "HEAD^2", "HEAD~1")),
        tool("git_log", limit=20),
        sh("ls secret; cat secret/new.py"),
        write("calc/more.py", "MORE = 1\n"),
        submit("did it"),
    )
    done = run(
        machine,
        task("t1", "KEEP", scope=["secret/**"], tester=False),
        task("t2", "AFTER", scope=["calc/**"], tester=False, depends_on=["t1"]),
    )
    assert done.code == 0, done
    assert CANARY in sent_to(machine, "own")
    assert CANARY not in sent_to(machine, "cloud")
    who = {(turn.body["model"], turn.role) for turn in machine.script.turns}
    assert who == {("own", "coder"), ("own", "reviewer"), ("cloud", "coder"), ("cloud", "reviewer")}
    assert "what a private task hands on is not shown here" in sent_to(machine, "cloud")


@pytest.mark.parametrize(
    "private", [{"scope": ["secret/**"]}, {"scope": ["Secret/new.py"]}, {"private": True}, {"scope": ["**"]}]
)
def test_without_a_local_model_a_private_task_is_refused_before_anything_is_asked(
    machine: Machine, private: dict[str, Any]
) -> None:
    machine.config(CLOUD + PRIVACY)
    done = run(machine, task("t1", "KEEP", review=False, **private))
    assert done.code == 6, done
    assert "task t1 is private, and no local model may be asked" in done.err
    assert 'privacy = "local"' in done.err
    assert not machine.script.turns


def test_a_configured_cloud_model_gives_way_to_a_local_one_for_private_tasks_alone(machine: Machine) -> None:
    machine.config('[model]\ndefault = "openai/cloud"\nfallbacks = ["openai/else"]\n' + OWN + PRIVACY)
    machine.script.on("KEEP", "coder", write("secret/a.py", "A = 1\n"), submit("did it"))
    machine.script.on("OPEN", "coder", write("calc/a.py", "A = 1\n"), submit("did it"))
    done = run(
        machine,
        task("t1", "KEEP", review=False, scope=["secret/**"]),
        task("t2", "OPEN", review=False, scope=["calc/**"]),
    )
    assert done.code == 0, done
    assert {turn.body["model"] for turn in machine.script.turns} == {"cloud", "own"}
    questions = machine.query("SELECT question, choice FROM decisions WHERE question LIKE 'which model%'")
    assert questions == [("which model for t1/coder?", "own")]


def test_where_every_model_is_local_nothing_is_hidden(machine: Machine) -> None:
    machine.config(OWN + PRIVACY)
    machine.script.on(
        "LOOK", "coder", tool("read_file", path="secret/plan.py"), write("a.py", "A = 1\n"), submit("ok")
    )
    done = run(machine, task("t1", "LOOK", review=False))
    assert done.code == 0, done
    assert CANARY in sent_to(machine, "own")


def test_a_pattern_that_matches_nothing_is_said(machine: Machine) -> None:
    machine.config(CLOUD + '[privacy]\npaths = ["sekret/", "secret"]\n')
    machine.script.on("WORK", "coder", write("a.py", "A = 1\n"), submit("ok"))
    done = run(machine, task("t1", "WORK", review=False))
    assert done.code == 0, done
    warnings = [
        row[0]
        for row in machine.query(
            "SELECT json_extract(data, '$.text') FROM events WHERE type = 'warning.raised'"
        )
    ]
    assert "[privacy] paths: 'sekret/' matches no file of the base" in warnings
    assert not any("'secret'" in text for text in warnings)


def test_an_orchestrator_corrects_a_plan_that_no_local_model_can_work_on(machine: Machine) -> None:
    machine.config(CLOUD + PRIVACY)
    machine.script.on(
        "GOAL",
        "orchestrator",
        tool("search_code", pattern="CANARY"),
        hand_in_plan([task("t1", "WORK", scope=["secret/**"], review=False)]),
        hand_in_plan([task("t1", "WORK", scope=["calc/**"], review=False)]),
    )
    machine.script.on("WORK", "coder", write("calc/a.py", "A = 1\n"), submit("ok"))
    done = machine.devassist("run", "GOAL: do it", "--format", "json")
    assert done.code == 0, done
    assert "no local model may be asked" in machine.script.of("GOAL", "orchestrator")[2].results[1]
    assert CANARY not in sent_to(machine, "cloud").replace("pattern", "")
    assert "invade" not in sent_to(machine, "cloud")


def test_output_of_failing_checks_is_not_shown_where_it_could_quote_private_files(machine: Machine) -> None:
    machine.config(CLOUD + PRIVACY)
    machine.script.on("WORK", "coder", write("calc/a.py", "A = 1\n"), submit("ok"))
    checks = ["python -c 'print(open(\"secret/plan.py\").read()); raise SystemExit(1)'"]
    done = run(machine, task("t1", "WORK", scope=["calc/**"], tester=False, checks=checks))
    assert done.code == 1, done
    assert "It does not hold" in sent_to(machine, "cloud")
    assert CANARY not in sent_to(machine, "cloud")


@pytest.mark.parametrize("own", ["", OWN], ids=["cloud alone", "with a local one"])
def test_only_a_local_model_is_asked_to_resolve_a_conflict(machine: Machine, own: str) -> None:
    machine.config(CLOUD + own + PRIVACY)
    for word, sign in (("ONE", "*"), ("TWO", "-")):
        text = f"def add(a, b):\n    return a {sign} b\n"
        machine.script.on(word, "coder", write("calc/add.py", text), submit("ok"))
    both = [task("t1", "ONE", review=False), task("t2", "TWO", review=False)]
    done = run(machine, *both)
    assert done.code == 1, done
    assert done.json["conflicts"]
    asked = {turn.body["model"] for turn in machine.script.turns if turn.role == "integrator"}
    assert asked == ({"own"} if own else set())
    assert CANARY not in sent_to(machine, "cloud")


def test_without_a_sandbox_no_commands_are_offered_where_paths_are_hidden(machine: Machine) -> None:
    if (program := shutil.which("bwrap")) is not None:  # hidden by itself: in there it is an empty file
        machine.wrapper = (program, "--dev-bind", "/", "/", "--bind", "/dev/null", os.path.realpath(program))
    machine.config(CLOUD + OWN + PRIVACY + '[sandbox]\nmode = "bubblewrap"\n')
    machine.script.on("OPEN", "coder", write("calc/a.py", "A = 1\n"), submit("ok"))
    machine.script.on("KEEP", "coder", write("secret/a.py", "A = 1\n"), submit("ok"))
    file = machine.root / "plan.json"
    both = [
        task("t1", "OPEN", scope=["calc/**"], review=False),
        task("t2", "KEEP", scope=["secret/**"], review=False),
    ]
    file.write_text(json.dumps(plan(*both)), encoding="utf-8")
    done = machine.devassist("run", "--plan", str(file), "--unsafe-no-sandbox", "--format", "json")
    assert done.code == 0, done
    offered = {turn.body["model"]: "run_command" in turn.tools for turn in machine.script.turns}
    assert offered == {"cloud": False, "own": True}


def test_a_person_s_yes_to_a_wider_scope_does_not_open_private_paths(machine: Machine) -> None:
    machine.config(CLOUD + PRIVACY)
    machine.script.on(
        "WORK",
        "coder",
        tool("request_scope", paths=["secret/**"], reason="to see them"),
        tool("read_file", path="secret/plan.py"),
        write("secret/plan.py", "mine\n"),
        write("calc/a.py", "A = 1\n"),
        submit("ok"),
    )
    done = run(machine, task("t1", "WORK", scope=["calc/**"], review=False))
    assert done.code == 3, done
    assert machine.devassist("approve", done.json["waiting"][0]["id"]).code == 0
    again = machine.devassist("resume", done.json["run"], "--format", "json")
    assert again.code == 0, again
    results = machine.script.of("WORK", "coder")[-1].results
    assert "granted" in results[0]
    assert "secret/plan.py is private" in results[1]
    assert "it is private, and this task is not" in results[2]
    assert CANARY not in sent_to(machine, "cloud")
    result = f"devassist/{done.json['run']}/result"
    assert CANARY in git(machine.repo, "show", f"{result}:secret/plan.py")
