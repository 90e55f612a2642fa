"""Setting one key in the text of a configuration file."""

from __future__ import annotations

import tomllib

import pytest

from devassist.config.changing import toml, with_value
from devassist.config.template import template
from devassist.config.values import known_keys, value_of
from devassist.domain.errors import ConfigError
from devassist.domain.settings import ModelParams, ModelPrice, Settings


def test_a_key_in_a_fresh_template_is_set_below_its_comment_and_nothing_else_changes() -> None:
    before = template()
    after = with_value(before, "limits.max_usd", 5.0)
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert added == ["max_usd = 5.0"]
    above = after.splitlines()[after.splitlines().index("max_usd = 5.0") - 1]
    assert above.startswith("# max_usd = ")
    assert tomllib.loads(after)["limits"] == {"max_usd": 5.0}


def test_a_key_that_is_set_already_is_replaced_with_all_of_its_lines() -> None:
    before = '[checks]\ncommands = [  # why\n  "a",\n  "b",\n]\ntimeout_s = 3\n'
    after = with_value(before, "checks.commands", ["c"])
    assert after == '[checks]\ncommands = ["c"]\ntimeout_s = 3\n'


def test_a_section_that_is_missing_is_added_at_the_end() -> None:
    assert with_value("", "model.default", "a/b") == '[model]\ndefault = "a/b"\n'
    after = with_value("[limits]\nmax_usd = 1\n", "model.default", "a/b")
    assert after == '[limits]\nmax_usd = 1\n\n[model]\ndefault = "a/b"\n'


def test_the_last_section_and_a_subsection_are_told_apart() -> None:
    before = '[model.roles]\ncoder = "x"\n\n[model]\n'
    assert tomllib.loads(with_value(before, "model.default", "y"))["model"] == {
        "roles": {"coder": "x"},
        "default": "y",
    }


@pytest.mark.parametrize("before", ["model.default = 'x'\n", "model = { default = 'x' }\n"])
def test_a_key_in_a_form_of_its_own_is_left_to_the_editor(before: str) -> None:
    with pytest.raises(ConfigError, match="cannot be changed here"):
        with_value(before, "model.default", "y")


def test_every_default_is_written_as_toml_that_can_be_read_again() -> None:
    for key in known_keys():
        tomllib.loads(f"value = {toml(value_of(Settings(), key))}")


def test_a_table_is_written_without_what_is_not_set_in_it() -> None:
    params = ModelParams(temperature=0.2, extra_headers={"X-Team": "agents"})
    assert toml(params) == '{ temperature = 0.2, extra_headers = { X-Team = "agents" } }'
    assert toml({"openai/m": ModelPrice(input=1.0, output=2.0)}).startswith('{ "openai/m" = { input = 1.0')
