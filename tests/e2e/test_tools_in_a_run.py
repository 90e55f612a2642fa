"""Tools that several others rest on, in a real run: git in the sandbox, patches, long outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, plan, sh, submit, task, tool, write
from support.repos import content

PATCH = """*** Begin Patch
*** Update File: calc/add.py
@@
-    return a + b
+    return a + b + 0
*** Add File: calc/new.py
+NEW = 1
*** End Patch"""


@pytest.mark.parametrize("mode", ["bubblewrap", "landlock"])
def test_an_agent_has_git_and_cannot_end_the_run_by_it(
    machine: Machine, script: CrewScript, mode: str
) -> None:
    script.on(
        "GIT", "coder",
        sh("git status --porcelain --branch && git log --format=%s | head -3 && git ls-files | wc -l"),
        tool("apply_patch", patch=PATCH),
        sh("git diff --stat && git add -A && git commit -qm mine && git stash list"),
        sh("rm -rf .git; git init -q; git add -A; git commit -qm again"),
        sh("git status --porcelain --branch"),
        tool("git_log", limit=1), tool("git_show", rev="HEAD"), tool("git_blame", path="calc/add.py"),
        tool("edit_file", file_path="calc/new.py", old_string="NEW = 1", new_string="NEW = 2"),
        sh("seq 1 20000"),
        submit("done"),
    )  # fmt: skip
    script.on("GIT", "tester", submit("tested"))
    machine.config(f'[sandbox]\nmode = "{mode}"\n')
    done = machine.run(plan(task("t1", "GIT", review=False)))
    if "no sandbox works" in done.err or "does not work here" in done.err:
        pytest.skip(done.err)
    assert done.code == 0, done.err
    results = script.of("GIT", "coder")[-1].results
    assert results[0].startswith("## devassist/")
    assert "2 files changed" in results[2] or "1 file changed" in results[2]
    assert "calc/add.py" in results[2]
    assert "## devassist/" in results[4]
    assert "error" not in "".join(results[5:8])
    assert "path='output:" in results[9]
    result = done.json["result_commit"]
    assert content(machine.repo, result, "calc/new.py") == "NEW = 2"
    assert "return a + b + 0" in content(machine.repo, result, "calc/add.py")


def test_a_check_that_asks_git_for_the_version_works(machine: Machine, script: CrewScript) -> None:
    command = "git describe --always --dirty && git status --porcelain"
    machine.config(f'[checks]\ncommands = ["{command}"]\n')
    script.on("VERSION", "coder", write("calc/new.py", "NEW = 1\n"), tool("run_checks"), submit("done"))
    done = machine.run(plan(task("t1", "VERSION", review=False)))
    (check,) = done.json["tasks"][0]["checks"]
    assert check["exit_code"] == 0, done.err
    assert "calc/new.py" in script.of("VERSION", "coder")[-1].results[1]


@pytest.mark.parametrize(("network", "retries"), [("false", "0"), ("true", "as ever")])
def test_a_package_manager_fails_at_once_where_there_is_no_network(
    make_machine: Callable[..., Machine], network: str, retries: str
) -> None:
    script = CrewScript()
    script.on(
        "ALPHA",
        "documenter",
        sh("echo ${NPM_CONFIG_FETCH_RETRIES-as ever}"),
        write("NOTES.md", "a\n"),
        submit(),
    )
    machine = make_machine(script=script)
    done = machine.run(
        plan(task("note", "ALPHA", role="documenter", review=False)), DEVASSIST_SANDBOX_NETWORK=network
    )
    assert done.code == 0, done
    assert script.of("ALPHA", "documenter")[1].results[0].splitlines()[0] == retries
