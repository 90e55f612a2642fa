"""Pytest commands: which test files they run, and the same command for some of those files. Pure."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

Read = Callable[[str], str | None]
"""Path -> the text of that file of the tree, or None."""
_SHELL = re.compile(r"[$`|&;<>(){}*?~#\n\\!]")
_BEFORE = re.compile(r"\w+=\S*|(?:\S*/)?python[\d.]*|-[A-Za-z]\S*|uv|run|poetry|pdm|coverage|env")
_VALUED = frozenset(
    "-k -m -n -p -c -o -W --rootdir --confcutdir --ignore --deselect --maxfail --timeout --durations --tb --dist"
    " --basetemp --junitxml --junit-xml --import-mode --cov-report --cov-config --color --log-level".split()
)
_SETTINGS = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", ".coveragerc")
_MEANS_MORE = re.compile(
    r"doctest|fail[_-]under|norecursedirs|collect_ignore|pytest_collect_file|--pyargs|--lf|--ff"
)
"""Pytest then collects more than test files, or judges a run as a whole: such a command is left alone."""
_USUAL = ("test_*.py", "*_test.py")
NOTHING_COLLECTED = 5
"""Pytest's exit code if the files contain no selected test."""


@dataclass(frozen=True, slots=True)
class Runner:
    """
    A parsed pytest command: `words` up to the paths, the `paths` to collect, and glob `patterns` of test files.

    No `paths` stands for the whole tree.
    """

    words: tuple[str, ...]
    paths: tuple[str, ...]
    patterns: tuple[str, ...]

    def files(self, paths: Collection[str]) -> list[str]:
        """The test files among `paths` that it would run, sorted."""
        return [
            path
            for path in sorted(paths)
            if any(fnmatchcase(posixpath.basename(path), pattern) for pattern in self.patterns)
            and (not self.paths or any(path == top or path.startswith(f"{top}/") for top in self.paths))
        ]

    def command(self, files: Sequence[str]) -> str:
        """The command for these files only."""
        return shlex.join([*self.words, *files])


def runner_of(command: str, paths: Collection[str], read: Read) -> Runner | None:
    """Parses a command for a tree with these paths; None if it is not a plain pytest command."""
    if _SHELL.search(command) or _collects_more(command, paths, read):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    program = next((number for number, word in enumerate(words) if word in ("pytest", "py.test")), None)
    if program is None or not all(
        _BEFORE.fullmatch(word) and shlex.quote(word) == word for word in words[:program]
    ):
        return None
    arguments = _split(words[program + 1 :], _folders(paths))
    if arguments is None:
        return None
    options, targets = arguments
    settings = "\n".join(filter(None, (read(name) for name in _SETTINGS)))
    patterns = _listed(settings, "python_files") or _USUAL
    targets = targets or list(_listed(settings, "testpaths"))
    exist = all(target in paths or target in _folders(paths) for target in targets)
    if not exist or not all(pattern.endswith(".py") for pattern in patterns):
        return None
    return Runner((*words[: program + 1], *options), tuple(targets), tuple(patterns))


def _collects_more(command: str, paths: Collection[str], read: Read) -> bool:
    hooks = [path for path in paths if posixpath.basename(path) == "conftest.py"]
    texts = [command, *(read(path) or "" for path in (*_SETTINGS, *hooks) if path in paths)]
    return any(_MEANS_MORE.search(text) for text in texts)


def _split(words: Sequence[str], folders: Collection[str]) -> tuple[list[str], list[str]] | None:
    """Options with their values, and target paths; None if a word may be either or names a single test."""
    options: list[str] = []
    targets: list[str] = []
    before = ""
    for word in words:
        target = word.removeprefix("./").rstrip("/")
        if before in _VALUED or word.startswith("-"):
            options.append(word)
        elif before.startswith("--") and "=" not in before:
            if target in folders or target.endswith(".py"):
                return None
            options.append(word)
        elif "::" in word:
            return None
        elif target != ".":
            targets.append(target)
        before = "" if before in _VALUED else word
    return options, targets


def _folders(paths: Collection[str]) -> set[str]:
    folders: set[str] = set()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    return folders


def _listed(settings: str, name: str) -> tuple[str, ...]:
    """The words of a setting, which may span lines or stand in brackets."""
    setting = re.search(rf"^\s*{name}\s*=\s*(\[[^\]]*\]|.*(?:\n[ \t]+\S.*)*)", settings, re.MULTILINE)
    if setting is None:
        return ()
    words = re.findall(r"[\w*?./-]+", setting[1])
    return tuple(word.strip("./") if name == "testpaths" else word for word in words)
