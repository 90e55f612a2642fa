"""A run in a repository with a filter driver, as git-crypt and Git LFS have one: nothing lands unfiltered."""

from __future__ import annotations

import os
from collections.abc import Callable

from support.command_line import Machine
from support.crewscript import CrewScript, plan, sh, submit, task, write
from support.repos import commit_all, put

PLAN = plan(task("one", "ALPHA", role="coder", review=False), goal="Write it")


def test_a_filtered_file_is_neither_decrypted_into_the_base_nor_written_as_plain_text(
    make_machine: Callable[..., Machine],
) -> None:
    script = CrewScript().on(
        "ALPHA",
        "coder",
        write("tool.sec", "plain\n"),
        write("made.txt", "made\n"),
        sh("cat a.sec; echo plain > shell.sec; echo more >> a.sec"),
        submit(),
    )
    machine = make_machine(script=script, files={"a.txt": "a\n", ".gitattributes": "*.sec filter=rot\n"})
    machine.git("config", "filter.rot.clean", "tr a-z n-za-m")
    machine.git("config", "filter.rot.smudge", "tr n-za-m a-z")
    put(machine.repo, {"a.sec": "secret\n"})
    commit_all(machine.repo, "Secret")
    put(machine.repo, {"a.txt": "dirty\n"})
    os.utime(machine.repo / "a.sec", (1, 1))
    done = machine.run(PLAN, "--include-dirty")
    assert done.code == 0, done
    result = f"devassist/{done.json['run']}/result"
    assert machine.git("diff", "--name-only", "HEAD", result).splitlines() == ["a.txt", "made.txt"]
    assert machine.git("cat-file", "-p", f"{result}:a.sec") == "frperg"
    assert any("the filter rot" in warning for warning in done.json["warnings"])
    logged = machine.devassist("logs").out
    for path in ("shell.sec", "a.sec"):
        assert f"{path} was left out of the commit: its content goes through the filter 'rot'" in logged
    assert "filters" in machine.devassist("doctor").out
    assert machine.devassist("apply").out == "made.txt\n"
    machine.git("reset", "-q", "--hard")
    assert machine.devassist("merge").code == 0
    assert (machine.repo / "a.sec").read_text() == "secret\n"
