"""Commands that run tests: which files they run, and the same for some of those files alone. Pure."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

Read = Callable[[str], str | None]
"""The text of a file of the tree."""
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
"""Where pytest collects other things than its test files, or judges a run as a whole: that is left to it."""
_USUAL = ("test_*.py", "*_test.py")
NOTHING_COLLECTED = 5
"""How pytest ends where none of the files has a test that was asked for."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One pytest command taken apart."""

    words: tuple[str, ...]
    paths: tuple[str, ...]
    patterns: tuple[str, ...]

    def files(self, paths: Collection[str]) -> list[str]:
        """Those of a tree's files that it would run."""
        return [
            path
            for path in sorted(paths)
            if any(fnmatchcase(posixpath.basename(path), one) for one in self.patterns)
            and (not self.paths or any(path == one or path.startswith(f"{one}/") for one in self.paths))
        ]

    def command(self, files: Sequence[str]) -> str:
        """The same for these files alone."""
        return shlex.join([*self.words, *files])


def runner_of(command: str, paths: Collection[str], read: Read) -> Runner | None:
    """What a command runs in a tree with these paths; None for all that is not understood well enough."""
    if _SHELL.search(command) or _is_more(command, paths, read):
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
    options, places = _taken_apart(words[program + 1 :], _folders(paths))
    if places is None:
        return None
    settings = "\n".join(filter(None, (read(name) for name in _SETTINGS)))
    patterns = _listed(settings, "python_files") or _USUAL
    places = places or list(_listed(settings, "testpaths"))
    known = all(place in paths or place in _folders(paths) for place in places)
    if not known or not all(one.endswith(".py") for one in patterns):
        return None
    return Runner((*words[: program + 1], *options), tuple(places), tuple(patterns))


def _is_more(command: str, paths: Collection[str], read: Read) -> bool:
    hooks = [path for path in paths if posixpath.basename(path) == "conftest.py"]
    texts = [command, *(read(path) or "" for path in (*_SETTINGS, *hooks) if path in paths)]
    return any(_MEANS_MORE.search(text) for text in texts)


def _taken_apart(words: Sequence[str], folders: Collection[str]) -> tuple[list[str], list[str] | None]:
    """Options with their values, and paths; None for those where it cannot be told which is which."""
    options: list[str] = []
    places: list[str] = []
    before = ""
    for word in words:
        place = word.removeprefix("./").rstrip("/")
        if before in _VALUED or word.startswith("-"):
            options.append(word)
        elif before.startswith("--") and "=" not in before:
            if place in folders or place.endswith(".py"):
                return [], None
            options.append(word)
        elif "::" in word:
            return [], None
        elif place != ".":
            places.append(place)
        before = "" if before in _VALUED else word
    return options, places


def _folders(paths: Collection[str]) -> set[str]:
    found = set()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return found


def _listed(settings: str, name: str) -> tuple[str, ...]:
    """The words of a setting, on one line or in brackets."""
    found = re.search(rf"^\s*{name}\s*=\s*(\[[^\]]*\]|.*(?:\n[ \t]+\S.*)*)", settings, re.MULTILINE)
    if found is None:
        return ()
    return tuple(
        one.strip("./") if name == "testpaths" else one for one in re.findall(r"[\w*?./-]+", found[1])
    )
