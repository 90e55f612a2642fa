"""
The programs a command gets: its PATH and environment, and the directories that must be readable for them.

It reads its arguments and the disk, and never this process's environment. A command's environment is an allow
list: none of the person's keys is in it, whatever its name.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SYSTEM_PATH: Final = ("/usr/local/bin", "/usr/bin", "/bin")
_SYSTEM: Final = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64")))
_PASSED_ON: Final = ("LANG", "LANGUAGE", "TZ")
_TOOL_MANAGED: Final = ("/pipx/venvs/", "/uv/tools/")
# Never part of a toolchain, even if PATH points into them.
_PRIVATE: Final = frozenset(
    (
        ".aws",
        ".azure",
        ".config",
        ".docker",
        ".gnupg",
        ".kube",
        ".mozilla",
        ".netrc",
        ".password-store",
        ".ssh",
    )
)
_PYENV_PARTS: Final = ("bin", "libexec", "plugins", "pyenv.d", "shims", "version", "versions")
_MOST_ENTRIES: Final = 2000
WITHOUT_NETWORK: Final[Mapping[str, str]] = {
    "CARGO_NET_RETRY": "0",
    "NPM_CONFIG_FETCH_RETRIES": "0",
    "PIP_RETRIES": "0",
    "UV_HTTP_RETRIES": "0",
}
"""Lets package managers fail at once where there is no network: npm and npx would try for more than a minute."""


def command_environment(
    host_env: Mapping[str, str],
    *,
    private: Path,
    python_prefix: Path,
    repository: Path,
    worktree: Path,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of a command; `extra` wins over everything else."""
    home = private / "home"
    path = command_path(host_env, python_prefix=python_prefix, repository=repository, worktree=worktree)
    passed_on = {
        name: value
        for name, value in host_env.items()
        if name in _PASSED_ON or (name.startswith("LC_") and name.isupper())
    }
    return {
        "LANG": "C.UTF-8",
        **passed_on,
        "CI": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": str(home),
        "LOGNAME": "agent",
        "NO_COLOR": "1",
        "PATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "SHELL": "/bin/sh",
        "TERM": "dumb",
        "TMPDIR": str(private / "tmp"),
        "USER": "agent",
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_RUNTIME_DIR": str(private / "tmp"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        **_where_shims_look(path),
        **extra,
    }


def command_path(
    host_env: Mapping[str, str], *, python_prefix: Path, repository: Path, worktree: Path
) -> str:
    """PATH for commands: the project's own environment first, devassist's for what it lacks."""
    own = [repository / name / "bin" for name in (".venv", "venv")]
    active = [Path(host_env[name]) / "bin" for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if host_env.get(name)]
    host = [Path(entry) for entry in host_env.get("PATH", "").split(os.pathsep) if entry]
    host = [entry for entry in host if not _is_inside(entry, (repository, worktree))]
    ours = [python_prefix / "bin"]
    first = [*own, *active]
    system = [Path(entry) for entry in _SYSTEM_PATH]
    # A tool's private environment holds that tool: its python must not stand before the person's.
    managed = any(part in f"{python_prefix}/" for part in _TOOL_MANAGED)
    entries = [*first, *host, *system, *ours] if managed else [*first, *ours, *host, *system]
    usable = dict.fromkeys(str(entry) for entry in entries if entry.is_absolute() and entry.is_dir())
    return os.pathsep.join(entry for entry in usable if os.pathsep not in entry)


def toolchain_directories(path: str, *, repository: Path, home: Path | None = None) -> list[Path]:
    """
    The directories to bind read-only so that the programs on `path` work; never the person's `home` itself.

    Each is safe on its own: not above `repository`, not inside it unless a virtual environment, nothing
    private.
    """
    search = _Search(repository.resolve(), (home or _home()).resolve(), {})
    for entry in path.split(os.pathsep):
        directory = Path(entry)
        if directory.is_absolute() and directory.is_dir():
            search.add_programs(directory)
    return _without_covered(search.directories)


@dataclass(frozen=True, slots=True)
class _Search:
    """Collects directories, and looks at each once."""

    repository: Path
    home: Path
    directories: dict[Path, None]

    def add_programs(self, directory: Path) -> None:
        """Add a directory of programs with what its programs need."""
        real = directory.resolve()
        if directory in self.directories or _is_inside(real, _SYSTEM):
            return
        root = real.parent
        if (root / "pyvenv.cfg").is_file():
            if not self._add(root):
                return
            for base in _venv_bases(root):
                self.add_programs(base)
        elif _is_inside(real, (self.repository,)) or not self._add(real):
            return
        elif (pyenv := _pyenv_root(real)) is not None:
            for part in _PYENV_PARTS:
                self._add(pyenv / part)
        elif root.name == ".cargo":
            self._add(root.parent / ".rustup")
        elif _is_prefix(real):
            self._add(root)
        self.directories.setdefault(directory)
        self._follow_links(real)

    def _follow_links(self, directory: Path) -> None:
        for target in sorted(_link_targets(directory)):
            if _is_inside(target, _SYSTEM) or target.parent == directory:
                continue
            if target.parent.name == "bin":
                self.add_programs(target.parent)
            elif "node_modules" in target.parts:
                depth = target.parts.index("node_modules") + 1
                self._add(Path(*target.parts[:depth]))
            elif not _is_inside(target, (self.repository,)):
                self._add(target)

    def _add(self, path: Path) -> bool:
        real = path.resolve()
        if not real.exists() or not self._is_safe(real):
            return False
        self.directories.setdefault(path)
        self.directories.setdefault(real)
        return True

    def _is_safe(self, real: Path) -> bool:
        # The parents of everything private: home, and what holds keyrings and devassist's own state.
        holders = (self.home, self.home / ".local", self.home / ".local/share", self.home / ".local/state")
        if any(place.is_relative_to(real) for place in (self.repository, *holders)):
            return False
        if real.is_relative_to(self.home) and _PRIVATE.intersection(real.relative_to(self.home).parts):
            return False
        in_repository = real.is_relative_to(self.repository)
        return not in_repository or (real / "pyvenv.cfg").is_file()


def _home() -> Path:
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        # A container run with a bare user id: only HOME can tell.
        return Path("~").expanduser()


def _without_covered(directories: Iterable[Path]) -> list[Path]:
    remaining: list[Path] = []
    for path in sorted(directories, key=lambda path: (len(path.parts), str(path))):
        # Compared by their real paths: a link must stay even if its target is covered.
        plain = path.resolve() == path
        if not (plain and any(path.is_relative_to(other) for other in remaining)):
            remaining.append(path)
    return remaining


def _where_shims_look(path: str) -> dict[str, str]:
    # HOME is the agent's, so programs that find their parts through it need a variable.
    variables: dict[str, str] = {}
    for entry in map(Path, path.split(os.pathsep)):
        rustup = entry.parent.parent / ".rustup"
        if entry.parts[-2:] == (".cargo", "bin") and rustup.is_dir():
            variables.setdefault("RUSTUP_HOME", str(rustup))
        pyenv = _pyenv_root(entry)
        if pyenv is not None:
            variables.setdefault("PYENV_ROOT", str(pyenv))
    return variables


def _pyenv_root(programs: Path) -> Path | None:
    root = programs.parent
    return root if programs.name in ("shims", "bin") and (root / "libexec" / "pyenv").is_file() else None


def _venv_bases(root: Path) -> Iterator[Path]:
    """The `bin` directories of the Pythons that a virtual environment was made from."""
    for line in (root / "pyvenv.cfg").read_text(errors="replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "home" and Path(value.strip()).is_absolute():
            yield Path(value.strip())


def _is_prefix(programs: Path) -> bool:
    return programs.name == "bin" and any(
        (programs.parent / sibling).is_dir() for sibling in ("lib", "libexec", "conda-meta")
    )


def _link_targets(directory: Path) -> set[Path]:
    targets: set[Path] = set()
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False):
            # A loop of links is a RuntimeError before Python 3.13.
            with contextlib.suppress(OSError, RuntimeError):
                if entry.is_symlink() and entry.is_file():
                    targets.add(Path(entry.path).resolve())
    return targets


def _is_inside(path: Path, places: Iterable[Path]) -> bool:
    places = list(places)
    return any(
        form.is_relative_to(place) or form.is_relative_to(place.resolve())
        for form in (path, path.resolve())
        for place in places
    )
