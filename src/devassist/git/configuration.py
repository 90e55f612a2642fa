"""
Which configuration of the person's counts: libgit2 and every git that is started read what the environment says.

libgit2 knows no GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM, GIT_CONFIG_COUNT and the like. It finds files of fixed names in
directories, so a directory is made with files of these names that include the named ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pygit2
from pygit2.enums import ConfigLevel

from devassist.domain.changes import glob_regex
from devassist.git.objects.errors import translated

Setting = tuple[str, str]
"""A key and its value. A key may come several times."""

_FILES: Final = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
_TRUE: Final = frozenset(("true", "yes", "on", "1"))
_READ: Final = frozenset(
    ("user", "author", "committer", "core", "safe", "filter", "merge", "diff", "commit", "gpg", "init", "include",
     "includeif", "extensions", "status", "i18n")
)  # fmt: skip
"""Sections that may be written to disk: those of servers and credentials hold secrets, and nothing here reads them."""
_HAS_REMOTE: Final = re.compile(
    r"includeif\.hasconfig:remote\.\*\.url:(?P<glob>.*)\.path", re.IGNORECASE | re.DOTALL
)


@dataclass(slots=True)
class _Chosen:
    """What `read_configuration` chose last. libgit2 has one configuration for the process, too."""

    place: str = ""
    system: str | None = None
    variables: Mapping[str, str] | None = None
    command: tuple[Setting, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    overrides: Path | None = None
    """A file with the settings of `command`, over those of the repository."""


_chosen = _Chosen()


def read_configuration(
    environment: Mapping[str, str], *, home: Path, directory: Path, below: Path, more: Sequence[str] = ()
) -> None:
    """
    Make libgit2 in this process, and the git commands that it starts, read the configuration that git would.

    Relative names in `environment` start at `directory`; files that only lead to others are kept in `below`. `more` are
    files to include beside the person's.
    """
    named = {name: os.path.abspath(directory / environment[name]) for name in _FILES if environment.get(name)}  # noqa: PTH100
    named |= {name: os.devnull for name in _FILES if environment.get(name) == ""}
    if environment.get("GIT_CONFIG_NOSYSTEM", "").lower() in _TRUE:
        named["GIT_CONFIG_SYSTEM"] = os.devnull
    command = command_settings(environment)
    xdg = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    written = tuple(setting for setting in command if setting[0].partition(".")[0].lower() in _READ)
    paths = {ConfigLevel.GLOBAL: str(home), ConfigLevel.XDG: str(xdg / "git")}
    if _chosen.system is None:
        _chosen.system = pygit2.settings.search_path[ConfigLevel.SYSTEM] or ""
    paths[ConfigLevel.SYSTEM] = _chosen.system
    overrides: Path | None = None
    if named or written or more:
        place = _made(below, named, written, home, more)
        overrides = place / "command" if written else None
        paths[ConfigLevel.GLOBAL] = str(place)
        if "GIT_CONFIG_GLOBAL" in named:
            paths[ConfigLevel.XDG] = _first(place / "xdg", paths[ConfigLevel.XDG])
        if "GIT_CONFIG_SYSTEM" in named:
            paths[ConfigLevel.SYSTEM] = _first(place / "system", paths[ConfigLevel.SYSTEM])
    for level, path in paths.items():
        if pygit2.settings.search_path[level] != path:
            pygit2.settings.search_path[level] = path
    pygit2.settings.homedir = str(home)  # where `~` leads in a configuration
    variables = {"HOME": str(home), "XDG_CONFIG_HOME": str(xdg), **named}
    _chosen.place, _chosen.variables = paths[ConfigLevel.GLOBAL], variables
    _chosen.command, _chosen.overrides, _chosen.environment = command, overrides, environment


def variables() -> dict[str, str]:
    """Variables by which a git command reads the same files as libgit2 in this process."""
    if _chosen.variables is not None and pygit2.settings.search_path[ConfigLevel.GLOBAL] == _chosen.place:
        return dict(_chosen.variables)

    def first(level: ConfigLevel) -> str:
        return (pygit2.settings.search_path[level] or "").partition(os.pathsep)[0]

    home, xdg, system = (first(level) for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.SYSTEM))
    places = {"HOME": home, "GIT_CONFIG_SYSTEM": f"{system}/gitconfig" if system else os.devnull}
    if xdg.endswith("/git"):
        places["XDG_CONFIG_HOME"] = xdg.removesuffix("/git")
    return places


def chosen_settings() -> tuple[Setting, ...]:
    """The settings that the environment gives one by one, for the git commands that are started."""
    return _chosen.command


def chosen_overrides() -> Path | None:
    """A file with these settings, which count over the repository's own."""
    return _chosen.overrides


def chosen_environment() -> Mapping[str, str]:
    """The person's environment, for the commands that act as the person: those that fetch."""
    return _chosen.environment


def command_settings(environment: Mapping[str, str]) -> tuple[Setting, ...]:
    """The settings in GIT_CONFIG_PARAMETERS and GIT_CONFIG_COUNT, which count over those of every file."""
    settings = list[Setting]()
    count = environment.get("GIT_CONFIG_COUNT", "")
    for number in range(int(count) if count.isdigit() else 0):
        key = environment.get(f"GIT_CONFIG_KEY_{number}", "")
        if "." in key:
            settings.append((key, environment.get(f"GIT_CONFIG_VALUE_{number}", "")))
    try:
        words = shlex.split(environment.get("GIT_CONFIG_PARAMETERS", ""))
    except ValueError:
        words = []
    for word in words:
        key, equals, value = word.partition("=")
        if "." in key:
            settings.append((key, value if equals else "true"))
    return tuple(settings)


def files_by_remote(repository: pygit2.Repository, home: Path) -> tuple[str, ...]:
    """Files that the person includes for repositories with a remote of some URL, which libgit2 does not do."""
    entries = [(entry.name, entry.value or "", entry.level) for entry in repository.config]
    urls = [
        value
        for name, value, level in entries
        if name.startswith("remote.") and name.endswith(".url") and level >= ConfigLevel.LOCAL
    ]
    files = list[str]()
    for name, value, level in entries:
        match = _HAS_REMOTE.fullmatch(name)
        if match is None or level >= ConfigLevel.LOCAL:
            continue
        pattern = re.compile(f"(?s:{glob_regex(match['glob'].split('/'))})")
        if any(pattern.fullmatch(url) for url in urls):
            path = home / value[2:] if value.startswith("~/") else home / value
            files.append(str(path))
    return tuple(dict.fromkeys(files))


def _made(
    below: Path, named: Mapping[str, str], command: Sequence[Setting], home: Path, more: Sequence[str]
) -> Path:
    """A directory of files for libgit2, named by what is in them: one that is there already is right."""
    usual = [str(home / ".gitconfig")]
    own = [named["GIT_CONFIG_GLOBAL"]] if "GIT_CONFIG_GLOBAL" in named else usual
    files = {
        ".gitconfig": _including((*own, *more)) + _serialised(command),
        "command": _serialised(command),
        "xdg/config": "",
        "system/gitconfig": _including([named.get("GIT_CONFIG_SYSTEM", os.devnull)]),
    }
    name = hashlib.sha256(repr(files).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    place = below / name
    if place.is_dir():
        return place
    fresh = below / f"{name}.{secrets.token_hex(4)}"
    with translated("write down which configuration counts"):
        for file, text in files.items():
            path = fresh / file
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_text(text, "utf-8", "surrogateescape")
        try:
            fresh.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            _removed(fresh, files)  # another process was faster
    return place


def _removed(place: Path, files: Mapping[str, str]) -> None:
    for file in files:
        (place / file).unlink()
    for folder in ("xdg", "system", "."):
        (place / folder).rmdir()


def _including(paths: Sequence[str]) -> str:
    return "".join(f"[include]\n\tpath = {_quoted(path)}\n" for path in paths if path != os.devnull)


def _serialised(settings: Sequence[Setting]) -> str:
    lines = list[str]()
    for key, value in settings:
        section, _, rest = key.partition(".")
        subsection, _, name = rest.rpartition(".")
        lines.append(f"[{section} {_quoted(subsection)}]" if subsection else f"[{section}]")
        lines.append(f"\t{name} = {_quoted(value)}")
    return "".join(line + "\n" for line in lines)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _first(directory: Path, others: str) -> str:
    return os.pathsep.join(filter(None, (str(directory), others)))
