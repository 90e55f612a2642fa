"""Reads and changes the configuration files of a person and of a repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from devassist.app.wiring.host import Host
from devassist.app.wiring.project import Project
from devassist.config.changing import with_value
from devassist.config.load import FILE, check_text, value_of_text
from devassist.config.template import template
from devassist.config.values import is_list, is_table, known_keys, types, value_of
from devassist.domain.errors import ConfigError
from devassist.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its dotted key, its value, and the file, variable or flag that it comes from."""

    key: str
    value: object
    origin: str


def settings_in_force(project: Project) -> list[Setting]:
    """Every setting, in the order of the template."""
    loaded = project.loaded
    return [
        Setting(key, value_of(loaded.settings, key), loaded.origins.get(key, "default"))
        for key in known_keys()
    ]


def setting(project: Project, key: str) -> Setting:
    """Raises ConfigError for an unknown key, with the most similar one."""
    _require_known(key)
    return next(each for each in settings_in_force(project) if each.key == key)


def settings_file(host: Host, *, user: bool) -> Path:
    """The person's own file, or that of the repository around the host's directory, whatever is in it."""
    if user:
        return host.user_config
    repository = Repository.discover(host.directory, program_path=host.environment.get("PATH", os.defpath))
    return repository.workdir / FILE


def change_setting(path: Path, key: str, text: str, *, own: bool) -> object:
    """
    Set a key in a file, which is made if there is none, and return the value as it was read from `text`.

    `own` says that the file is the person's. Raises ConfigError, and leaves the file, if the value may not be there.
    """
    _require_known(key)
    kind = types()[key]
    if is_table(kind) and not is_list(kind):
        raise ConfigError(f"{key} is a table", hint="devassist config edit opens the file")
    value = value_of_text(text, key, f"{key} = {text}")
    before = path.read_text("utf-8") if path.exists() else ""
    check_text(before, path, own=own)
    after = with_value(before, key, value)
    check_text(after, path, own=own)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8")
    return value


def prepare_file(path: Path) -> None:
    """Make a commented file where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template(), encoding="utf-8")


def check_file(path: Path, *, own: bool) -> None:
    """Raises ConfigError naming file, line or key if the file cannot be used."""
    check_text(path.read_text("utf-8"), path, own=own)


def _require_known(key: str) -> None:
    if key not in known_keys():
        near = get_close_matches(key, known_keys(), n=3, cutoff=0.4)
        guess = f"did you mean {' or '.join(near)}? " if near else ""
        raise ConfigError(f"there is no setting {key}", hint=f"{guess}devassist config show lists them all")
