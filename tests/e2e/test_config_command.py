"""`devassist config get|set|edit`: one setting at a time, and the file in an editor."""

from __future__ import annotations

from support.command_line import Machine


def test_a_setting_is_set_read_and_named_with_its_file(machine: Machine) -> None:
    done = machine.devassist("config", "set", "limits.max_usd", "5")
    assert done.code == 0, done
    file = machine.repo / ".devassist.toml"
    assert file.read_text() == "[limits]\nmax_usd = 5\n"
    got = machine.devassist("config", "get", "limits.max_usd", "--format", "json").json["settings"]
    assert got == [{"key": "limits.max_usd", "value": 5.0, "origin": str(file)}]
    assert machine.devassist("config", "set", "checks.commands", "pytest -q, ruff check").code == 0
    assert 'commands = ["pytest -q", "ruff check"]' in file.read_text()


def test_a_value_that_may_not_be_there_leaves_the_file(machine: Machine) -> None:
    file = machine.repo / ".devassist.toml"
    assert machine.devassist("config", "set", "model.api_base", "http://example.org").code == 2
    assert not file.exists()
    assert machine.devassist("config", "set", "--user", "model.api_base", "http://example.org").code == 0
    assert machine.devassist("config", "get", "model.api_base").out == "http://example.org\n"


def test_a_broken_file_is_mended_in_the_editor_and_checked_afterwards(machine: Machine) -> None:
    file = machine.repo / ".devassist.toml"
    file.write_text("[model\n")
    broken = machine.devassist("config", "show")
    assert (broken.code, "hint: devassist config edit" in broken.err) == (2, True), broken
    unchanged = machine.devassist("config", "edit", EDITOR="true")
    assert (unchanged.code, "line 1" in unchanged.err) == (2, True), unchanged
    mended = machine.devassist("config", "edit", EDITOR="sed -i 's/.*/[model]/'")
    assert mended.code == 0, mended
    assert file.read_text() == "[model]\n"
