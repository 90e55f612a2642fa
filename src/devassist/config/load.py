"""Finds, merges and validates settings, and knows where each value came from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from devassist.config.forks import BaseFile, ForkPullRequest, narrowed
from devassist.domain.errors import ConfigError
from devassist.domain.roles import Role
from devassist.domain.settings import Settings
from devassist.faults import ENABLED, FIRED, SPEC

FILE = ".devassist.toml"
PREFIX = "DEVASSIST_"
_CHOICES = {
    "approvals.mode": ("auto", "ask", "never"),
    "sandbox.mode": ("auto", "bubblewrap", "landlock"),
    "checks.select": ("first", "only", "off"),
    "conflicts.fail_on": ("error", "warning", "note", "never"),
    "conflicts.resolve": ("agent", "never"),
}
_APPROVAL_CLASSES = ("plan", "scope", "command", "merge", "resolution", "question", "mass-deletion")
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
    """What a person should hear of where the values came from."""


def load_settings(
    *,
    repository: Path | None,
    user_file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    fork: ForkPullRequest | None = None,
    base_file: BaseFile | None = None,
) -> Loaded:
    """
    Merge default < user file < repository file < environment < flags.

    `flags` maps dotted keys to values; None means not given. On a pull request from a fork the repository's file is
    `base_file`, or what is stricter in the checked-out one. Raises ConfigError naming file, key and known keys.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    sources: list[tuple[str, Mapping[str, Any]]] = [(str(user_file), _read(user_file))]
    if fork is not None and repository is not None:
        source, notes = _of_fork(fork, base_file, repository / FILE, sources[0])
        sources += [source, (f"pull request from {fork.head}", {"worktrees.include": False})]
    elif repository is not None:
        path = repository / FILE
        sources.append((str(path), _only_own(_read(path), str(path))))
    sources.append(("environment", _from_environment(environment)))
    sources.append(("flag", {key: value for key, value in (flags or {}).items() if value is not None}))
    for origin, values in sources:
        for key, value in values.items():
            merged[key] = value
            origins[key] = origin
    return Loaded(settings=_build(merged, origins), origins=origins, notes=notes)


def _of_fork(
    fork: ForkPullRequest, base_file: BaseFile | None, path: Path, user: tuple[str, Mapping[str, Any]]
) -> tuple[tuple[str, Mapping[str, Any]], tuple[str, ...]]:
    """The repository's values on a pull request from a fork, and what is to be said of them."""
    who = f"pull request from {fork.head}"
    if base_file is not None:
        values = _flatten(_parsed(base_file.text, base_file.place), base_file.place)
        note = f"{who}: {FILE} is read from the base commit ({base_file.place}), not from the checkout"
        return (base_file.place, _only_own(values, base_file.place)), (note,)
    kept = narrowed(_read(path), _build(dict(user[1]), dict.fromkeys(user[1], user[0])))
    left_out = f"; left out: {', '.join(kept.left_out)}" if kept.left_out else ""
    note = (
        f"{who}: the base commit is not here, so of {FILE} only what is stricter counts{left_out} "
        "(fetch-depth: 0 brings the base commit)"
    )
    return (str(path), kept.values), (note,)


def known_keys() -> Sequence[str]:
    """Every dotted key, in the order of the settings."""
    return [
        f"{section.name}.{key.name}" for section in fields(Settings) for key in fields(_section(section.name))
    ]


def value_of(settings: Settings, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def _section(name: str) -> Any:
    found = get_type_hints(Settings)[name]
    assert is_dataclass(found)  # noqa: S101  Settings holds nothing else
    return found


def _read(path: Path) -> Mapping[str, Any]:
    """Dotted keys of one file; empty when there is none."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise _not_toml(str(path), error) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return _flatten(_parsed(text, str(path)), str(path))


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(where, error) from error


def _not_toml(where: str, error: Exception) -> ConfigError:
    return ConfigError(f"{where} is not valid TOML: {error}", hint="devassist config show --origin")


def _flatten(document: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    flat: dict[str, Any] = {}
    sections = [one.name for one in fields(Settings)]
    for section, values in document.items():
        if section not in sections:
            raise _unknown(where, section, sections, kind="section")
        if not isinstance(values, Mapping):
            raise ConfigError(f"{where}: {section} must be a table", hint=f"[{section}]")
        names = [key.name for key in fields(_section(section))]
        for name, value in values.items():
            if name not in names:
                raise _unknown(where, f"{section}.{name}", [f"{section}.{one}" for one in names])
            if value != {}:  # an empty table, as `init` writes it, sets nothing
                flat[f"{section}.{name}"] = value
    return flat


def _unknown(where: str, key: str, known: Sequence[str], *, kind: str = "key") -> ConfigError:
    near = get_close_matches(key, known, n=1, cutoff=0.4)
    meant = f"Did you mean {near[0]}? " if near else ""
    return ConfigError(f"{where}: unknown {kind} {key}", hint=f"{meant}Known: {', '.join(known)}")


def _only_own(values: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """A repository that came from somewhere else must not send the person's keys to a server of its choice."""
    base = values.get("model.api_base")
    if isinstance(base, str) and base and urlsplit(base).hostname not in _LOOPBACK:
        raise ConfigError(
            f"{path}: model.api_base = {base!r} is not on this machine, and a repository may not choose it",
            hint="Set it in ~/.config/devassist/config.toml or by DEVASSIST_MODEL_API_BASE",
        )
    if values.get("notify.webhook"):
        raise ConfigError(
            f"{path}: notify.webhook is set, and a repository may not choose who is told",
            hint="Set it in ~/.config/devassist/config.toml or by DEVASSIST_NOTIFY_WEBHOOK",
        )
    return values


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, Any]:
    keys = {PREFIX + key.upper().replace(".", "_"): key for key in known_keys()}
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if name not in keys:
            near = get_close_matches(name, keys, n=1)
            hint = f"Did you mean {near[0]}?" if near else "devassist config show --origin lists the keys"
            raise ConfigError(f"environment: unknown variable {name}", hint=hint)
        found[keys[name]] = _parse(text, keys[name], name)
    return found


def _parse(text: str, key: str, name: str) -> Any:
    kind = _type_of(key)
    if kind is str:
        return text
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"environment: {name}={text!r} is not a value for {key}") from error


def _type_of(key: str) -> Any:
    section, _, name = key.partition(".")
    return get_type_hints(_section(section))[name]


def _build(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    settings = Settings()
    for key, value in merged.items():
        section, _, name = key.partition(".")
        checked = _checked(key, value, origins[key])
        settings = replace(settings, **{section: replace(getattr(settings, section), **{name: checked})})
    return settings


def _checked(key: str, value: Any, origin: str) -> Any:
    kind = _type_of(key)
    wrong = ConfigError(f"{origin}: {key} = {value!r} is not {_named(kind)}")
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
            raise wrong
        value = tuple(value)
    elif get_origin(kind) is not None:
        return _table(key, value, origin, wrong)
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise wrong
    if key in _CHOICES and value not in _CHOICES[key]:
        raise ConfigError(f"{origin}: {key} = {value!r}", hint=f"Known: {', '.join(_CHOICES[key])}")
    if key == "approvals.require" and (bad := [one for one in value if one not in _APPROVAL_CLASSES]):
        raise ConfigError(f"{origin}: {key} names {bad[0]!r}", hint=f"Known: {', '.join(_APPROVAL_CLASSES)}")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
        raise ConfigError(f"{origin}: {key} = {value!r} is negative", hint="0 means no limit")
    if key == "approvals.confidence_threshold" and value > 1:
        raise ConfigError(f"{origin}: {key} = {value!r} is over 1")
    return value


def _table(key: str, value: Any, origin: str, wrong: ConfigError) -> Mapping[str, Any]:
    """`[model.roles]`, `[approvals.modes]` and the like: known names, each with a value as its key says."""
    if not isinstance(value, Mapping):
        raise wrong
    known = [str(role) for role in Role] if key == "model.roles" else list(_APPROVAL_CLASSES)
    for name, one in value.items():
        if name not in known:
            raise _unknown(origin, f"{key}.{name}", [f"{key}.{each}" for each in known])
        if key == "approvals.thresholds":
            if isinstance(one, bool) or not isinstance(one, (int, float)) or not 0 <= one <= 1:
                raise ConfigError(f"{origin}: {key}.{name} = {one!r} is not a number from 0 to 1")
        elif not isinstance(one, str):
            raise wrong
        elif key == "approvals.modes" and one not in _CHOICES["approvals.mode"]:
            raise ConfigError(
                f"{origin}: {key}.{name} = {one!r}", hint=f"Known: {', '.join(_CHOICES['approvals.mode'])}"
            )
    return dict(value)


def recorded_settings(recorded: Settings, overrides: Mapping[str, Any]) -> Settings:
    """The settings of a run as its log has them, with what a resume was given. Keys of other versions are left out."""
    known = known_keys()
    merged = {
        f"{section}.{name}": value
        for section, values in msgspec.to_builtins(recorded).items()
        for name, value in values.items()
        if f"{section}.{name}" in known
    }
    given = {key: value for key, value in overrides.items() if value is not None}
    origins = dict.fromkeys(merged, "the recorded run") | dict.fromkeys(given, "flag")
    return _build({**merged, **given}, origins)


def _named(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "a list of texts"
    if get_args(kind):
        return "a table of texts"
    return {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}[kind]
