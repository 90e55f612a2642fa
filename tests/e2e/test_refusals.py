"""No sandbox, and a log that somebody changed: refused, or run unprotected only where a person said so."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from support.command_line import Machine
from support.crewscript import CrewScript, plan, sh, submit, task, write

CHECKED = plan(task("one", "ALPHA", review=False, checks=["test -e a.txt"]))
UNCHECKED = plan(task("one", "ALPHA", review=False))


@pytest.fixture
def bare(make_machine: Callable[..., Machine]) -> Machine:
    """A machine whose only allowed sandbox does not work."""
    script = CrewScript().on("ALPHA", "coder", write("a.txt", "x\n"), submit(proves=[0]))
    machine = make_machine(script=script)
    if (program := shutil.which("bwrap")) is not None:  # hidden by itself: in there it is an empty file
        machine.wrapper = (program, "--dev-bind", "/", "/", "--bind", "/dev/null", os.path.realpath(program))
    machine.config('[sandbox]\nmode = "bubblewrap"\n')
    return machine


def test_without_a_sandbox_a_plan_with_checks_is_refused(bare: Machine) -> None:
    done = bare.run(CHECKED)
    assert done.code == 6, done
    assert "sandbox" in done.err
    assert "hint: " in done.err
    assert "--unsafe-no-sandbox" in done.err
    assert bare.server.requests == []


def test_without_a_sandbox_commands_are_not_offered_and_the_run_says_so(bare: Machine) -> None:
    done = bare.run(UNCHECKED)
    assert done.code == 0, done
    tools = bare.script.turns[0].tools
    assert "write_file" in tools
    assert not {"run_command", "run_checks"} & set(tools)
    assert "sandbox" in done.err + str(done.json.get("warnings"))


def test_unsafe_is_said_by_a_flag_and_recorded_per_command(bare: Machine) -> None:
    bare.script.on("ALPHA", "coder", write("a.txt", "x\n"), sh("echo unprotected"), submit(proves=[0, 1]))
    done = bare.run(CHECKED, "--unsafe-no-sandbox")
    assert done.code == 0, done
    assert "unprotected" in bare.script.turns[-1].results[1]
    rows = bare.query("SELECT tier, unsafe FROM commands")
    assert rows
    assert set(rows) == {("none", 1)}
    assert "sandbox" in done.err + str(done.json["warnings"])


@pytest.fixture(scope="module")
def logged(make_shared_machine: Callable[..., Machine]) -> Machine:
    machine = make_shared_machine(
        script=CrewScript().on("ALPHA", "coder", write("a.txt", "x\n"), submit(proves=[0]))
    )
    assert machine.run(UNCHECKED).code == 0
    return machine


@contextmanager
def _tampered(machine: Machine, *statements: str) -> Iterator[None]:
    """The log with these statements done to it behind its triggers' back."""
    kept = machine.root / "kept"
    shutil.copytree(machine.database.parent, kept)
    with closing(sqlite3.connect(machine.database)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()
    try:
        yield
    finally:
        shutil.rmtree(machine.database.parent)
        kept.rename(machine.database.parent)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET data = replace(data, 'a.txt', 'b.txt') WHERE type = 'tool.called'",
        "UPDATE events SET task = 'two' WHERE type = 'task.finished'",
        "DELETE FROM events WHERE type = 'claim.checked'",
        "DELETE FROM events WHERE seq = (SELECT MAX(seq) FROM events)",
    ],
    ids=["changed data", "changed column", "a hole", "a cut tail"],
)
def test_a_log_that_was_changed_does_not_verify_and_exits_with_seven(logged: Machine, statement: str) -> None:
    with _tampered(logged, statement):
        done = logged.devassist("audit", "verify", "--format", "json")
        assert done.code == 7, done
        assert done.json["ok"] is False
        assert done.json["problems"]
        assert all({"seq", "kind", "detail"} <= set(one) for one in done.json["problems"])
        assert logged.devassist("audit", "verify").code == 7
    assert logged.devassist("audit", "verify").code == 0


def test_a_log_that_was_replaced_by_nothing_does_not_verify(logged: Machine) -> None:
    away = logged.root / "away"
    logged.database.parent.rename(away)
    try:
        assert logged.devassist("audit", "verify").code == 7
    finally:
        shutil.rmtree(logged.database.parent, ignore_errors=True)
        away.rename(logged.database.parent)


def test_configuration_shows_each_value_and_where_it_came_from(logged: Machine) -> None:
    logged.config("[limits]\nmax_parallel = 3\n")
    shown = logged.devassist("config", "show", "--origin", "--format", "json", DEVASSIST_LIMITS_MAX_USD="2.5")
    assert shown.code == 0, shown
    rows = {one["key"]: one for one in shown.json["settings"]}
    assert rows["limits.max_parallel"]["value"] == 3
    assert "config.toml" in rows["limits.max_parallel"]["origin"]
    assert rows["approvals.confidence_threshold"]["value"] == 0.75
    assert rows["approvals.confidence_threshold"]["origin"] == "default"
    assert logged.devassist("roles", "--format", "json").code == 0
    assert logged.devassist("doctor", "--format", "json").code in (0, 1)
    init = logged.devassist("init")
    assert init.code == 0, init
    assert logged.devassist("init").code == 2
    assert logged.devassist("config", "show").code == 0
    (logged.repo / ".devassist.toml").unlink()
