"""Finds, merges and validates settings, and knows where each value came from."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from devassist.config.forks import BaseFile, ForkPullRequest, narrowed
from devassist.config.joining import joined
from devassist.config.values import build, is_list, known_keys, name_of, types, unknown
from devassist.domain.errors import ConfigError
from devassist.domain.settings import Settings
from devassist.faults import ENABLED, FIRED, SPEC

FILE = ".devassist.toml"
PREFIX = "DEVASSIST_"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NOT_SETTINGS = (
    "DEVASSIST_STATE_DIR",
    "DEVASSIST_RUN",
    "DEVASSIST_COMMAND",
    "DEVASSIST_REQUIRE_SANDBOXES",
    "DEVASSIST_ARTIFACTS",
    ENABLED,
    SPEC,
    FIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings and, for each dotted key that is not at its default, where its value came from."""

    settings: Settings
    origins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences for the person about where values came from."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One place that sets values, by dotted key; the later of two sources wins."""

    origin: str
    values: Mapping[str, object]
    notes: tuple[str, ...] = ()


def load_settings(
    *,
    repository: Path | None,
    user_file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    fork: ForkPullRequest | None = None,
    base_file: BaseFile | None = None,
) -> Loaded:
    """
    Merge default < user file < repository file < environment < flags.

    `flags` maps dotted keys to values; None means not given. On a pull request from a fork the repository's file is
    `base_file`, or what is stricter in the checked-out one. Raises ConfigError naming file, key and known keys.
    """
    merged: dict[str, object] = {}
    origins: dict[str, str] = {}
    user = _Source(str(user_file), _read(user_file))
    sources = [user]
    if fork is not None and repository is not None:
        sources.append(_fork_source(fork, base_file, repository / FILE, user))
        sources.append(_Source(f"pull request from {fork.head}", {"worktrees.include": False}))
    elif repository is not None:
        path = repository / FILE
        sources.append(_Source(str(path), _only_own(_read(path), str(path))))
    flagged = {key: value for key, value in (flags or {}).items() if value is not None}
    sources += [_Source("environment", _from_environment(environment)), _Source("flag", flagged)]
    for source in sources:
        merged = joined(merged, source.values)
        origins.update(dict.fromkeys(source.values, source.origin))
    notes = tuple(note for source in sources for note in source.notes)
    return Loaded(settings=build(merged, origins), origins=origins, notes=notes)


def _fork_source(fork: ForkPullRequest, base_file: BaseFile | None, path: Path, user: _Source) -> _Source:
    """The repository's file on a pull request from a fork, with a note on what of it counts."""
    who = f"pull request from {fork.head}"
    if base_file is not None:
        values = _flatten(_parsed(base_file.text, base_file.place), base_file.place)
        note = f"{who}: {FILE} is read from the base commit ({base_file.place}), not from the checkout"
        return _Source(base_file.place, _only_own(values, base_file.place), (note,))
    stricter = narrowed(_read(path), build(user.values, dict.fromkeys(user.values, user.origin)))
    left_out = f"; left out: {', '.join(stricter.left_out)}" if stricter.left_out else ""
    note = (
        f"{who}: the base commit is not here, so of {FILE} only what is stricter counts{left_out} "
        "(fetch-depth: 0 brings the base commit)"
    )
    return _Source(str(path), stricter.values, (note,))


def _read(path: Path) -> Mapping[str, object]:
    """Dotted keys of one file; empty when there is none."""
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            raise ConfigError(f"{path} cannot be read: it is a pipe, and nobody may be at its other end")
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise _not_toml(str(path), error) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return _flatten(_parsed(text, str(path)), str(path))


def _parsed(text: str, where: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _not_toml(where, error) from error


def _not_toml(where: str, error: Exception) -> ConfigError:
    return ConfigError(f"{where} is not valid TOML: {error}", hint="devassist config edit opens it")


def _flatten(document: Mapping[str, object], origin: str) -> Mapping[str, object]:
    """Values by dotted key. Raises ConfigError for an unknown key, with the most similar known one."""
    flat: dict[str, object] = {}
    sections = [section.name for section in fields(Settings)]
    for section, values in document.items():
        if section not in sections:
            raise unknown(origin, section, sections, kind="section")
        if not isinstance(values, Mapping):
            raise ConfigError(f"{origin}: {section} must be a table", hint=f"[{section}]")
        if section in known_keys():
            if values:
                flat[section] = values
            continue
        keys = [key for key in known_keys() if key.startswith(f"{section}.")]
        for name, value in values.items():
            if f"{section}.{name}" not in keys:
                raise unknown(origin, f"{section}.{name}", keys)
            if value != {}:  # an empty table, as `init` writes it, sets nothing
                flat[f"{section}.{name}"] = value
    return flat


def _only_own(values: Mapping[str, object], path: str) -> Mapping[str, object]:
    """`values`, if a repository may set them: it must not send the person's keys to a server of its choice."""
    base = values.get("model.api_base")
    if isinstance(base, str) and base and urlsplit(base).hostname not in _LOOPBACK:
        raise ConfigError(
            f"{path}: model.api_base = {base!r} is not on this machine, and a repository may not choose it",
            hint="Set it in ~/.config/devassist/config.toml or by DEVASSIST_MODEL_API_BASE",
        )
    for key in ("model.params", "model.role_params"):
        if "extra_headers" in str(values.get(key)):
            raise ConfigError(
                f"{path}: {key} has extra_headers, and a repository may not choose what is sent of the environment",
                hint="Set them in ~/.config/devassist/config.toml",
            )
    if values.get("notify.webhook"):
        raise ConfigError(
            f"{path}: notify.webhook is set, and a repository may not choose who is told",
            hint="Set it in ~/.config/devassist/config.toml or by DEVASSIST_NOTIFY_WEBHOOK",
        )
    return values


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, object]:
    keys = {PREFIX + key.upper().replace(".", "_"): key for key in known_keys()}
    values: dict[str, object] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if name not in keys:
            near = get_close_matches(name, keys, n=1)
            hint = f"Did you mean {near[0]}?" if near else "devassist config show --origin lists the keys"
            raise ConfigError(f"environment: unknown variable {name}", hint=hint)
        values[keys[name]] = value_of_text(text, keys[name], f"environment: {name}={text!r}")
    return values


def check_text(text: str, path: Path, *, own: bool) -> None:
    """Raises ConfigError if a file must not have this text; `own` says that it is the person's own file."""
    values = _flatten(_parsed(text, str(path)), str(path))
    build(values if own else _only_own(values, str(path)), dict.fromkeys(values, str(path)))


def value_of_text(text: str, key: str, source: str) -> object:
    """
    A text unchanged, a list split at its commas, anything else read as TOML.

    `source` is what the person wrote, for the ConfigError if it is no value for `key`.
    """
    kind = types()[key]
    if isinstance(kind, type) and issubclass(kind, str | Enum):
        return text
    if is_list(kind):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not a value for {key}", hint=f"it is {name_of(kind)}") from error


def recorded_settings(recorded: Settings, overrides: Mapping[str, object]) -> Settings:
    """A run's recorded settings, with the options of a resume by dotted key; None means not given."""
    values: dict[str, object] = {}
    for section, keys in msgspec.to_builtins(recorded).items():
        values |= (
            {section: keys}
            if section in known_keys()
            else {f"{section}.{name}": value for name, value in keys.items()}
        )
    flags = {key: value for key, value in overrides.items() if value is not None}
    origins = dict.fromkeys(values, "the recorded run") | dict.fromkeys(flags, "flag")
    return build(values | flags, origins)
