"""What tells that a merge broke, without us: pyflakes and ty on the merged tree against its base and both sides."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pyflakes import checker
from pyflakes.messages import RedefinedWhileUnused, UndefinedName

_TY = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: \w+\[(?P<rule>[\w-]+)\] (?P<text>.*)$")
BREAKING = frozenset(
    "import-not-found missing-module-member missing-attribute unresolved-reference unresolved-global missing-argument "
    "unknown-argument not-callable abstract-class-instantiation too-many-positional-arguments "
    "positional-only-parameter-as-kwarg parameter-already-assigned undefined-name redefined".split()
)
"""Rules that say a name, a member or an argument is not there; of any other, only types disagree."""


class Diagnostic(NamedTuple):
    path: str
    line: int
    rule: str
    text: str

    @property
    def breaking(self) -> bool:
        return self.rule in BREAKING


@dataclass
class Oracle:
    """Checks trees in one folder that is re-pointed from tree to tree."""

    git_dir: Path
    folder: Path
    tools: Path
    """Where `ty` is."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def new(self, base: str, sides: tuple[str, str], merged: str, paths: list[str]) -> list[Diagnostic]:
        """Diagnostics of the merged tree that are more than both sides together brought."""
        said = self.check(merged, paths)
        known = [self.counted(self.check(sides[1], paths))]
        for tree in (sides[0], base):
            if not self._more(said, known):
                return []
            known.append(self.counted(self.check(tree, paths)))
        other, one, before = known
        return self._more(said, [other, one, one + other - before])

    def _more(self, said: list[Diagnostic], known: list[Counter[tuple[str, str, str]]]) -> list[Diagnostic]:
        seen: Counter[tuple[str, str, str]] = Counter()
        found = []
        for each in said:
            key = self.key(each)
            seen[key] += 1
            if seen[key] > max(one[key] for one in known):
                found.append(each)
        return found

    def alone(self, base: str, sides: tuple[str, str], paths: list[str]) -> int:
        """How much is broken on a side by itself: such a side is no branch to learn from."""
        before = self.counted(self.check(base, paths))
        self.own = {
            one.stem
            for one in (*self.folder.glob("*"), *self.folder.glob("src/*"), *self.folder.glob("lib/*"))
        }
        return sum(
            number > before[key] and self._ours(key)
            for side in sides
            for key, number in self.counted(self.check(side, paths)).items()
            if key[1] in BREAKING
        )

    def _ours(self, key: tuple[str, str, str]) -> bool:
        """A package that is not installed here is no fault of a branch."""
        name = re.search(r"module `(\w+)", key[2]) if key[1] == "import-not-found" else None
        return name is None or name[1] in self.own

    @staticmethod
    def key(one: Diagnostic) -> tuple[str, str, str]:
        # Messages may name lines of other diagnostics.
        return one.path, one.rule, re.sub(r"\bline \d+\b", "line", one.text)

    def counted(self, found: list[Diagnostic]) -> Counter[tuple[str, str, str]]:
        return Counter(self.key(one) for one in found)

    def point(self, tree: str) -> None:
        environment = {**os.environ, "GIT_INDEX_FILE": str(self.folder) + ".index"}
        command = [
            "git",
            "--git-dir",
            self.git_dir,
            "--work-tree",
            self.folder,
            "read-tree",
            "-u",
            "--reset",
            tree,
        ]
        subprocess.run(command, check=True, env=environment, cwd=self.folder, capture_output=True)

    def check(self, tree: str, paths: list[str]) -> list[Diagnostic]:
        self.point(tree)
        there = [path for path in paths if (self.folder / path).is_file()]
        return self._python(there) if there else []

    def _run(self, *command: str | Path) -> str:
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False).stdout

    def _python(self, paths: list[str]) -> list[Diagnostic]:
        said = self._run(
            self.tools / "ty",
            "check",
            "--output-format",
            "concise",
            "--color",
            "never",
            "--python-version",
            "3.12",
            *paths,
        )
        found = [
            Diagnostic(match["path"], int(match["line"]), match["rule"], match["text"])
            for match in map(_TY.match, said.split("\n"))
            if match is not None
        ]
        for path in paths:
            found += [Diagnostic(path, *one) for one in flakes((self.folder / path).read_bytes())]
        return found


@lru_cache(maxsize=4096)
def flakes(source: bytes) -> tuple[tuple[int, str, str], ...]:
    """Line, rule and text of what pyflakes misses or finds defined twice in a file."""
    try:
        messages = checker.Checker(ast.parse(source)).messages
    except (SyntaxError, ValueError, RecursionError):
        return ()
    found = []
    lines = source.decode("utf-8", "replace").split("\n")
    for one in messages:
        text = one.message % one.message_args
        # An import that stands there twice does no harm.
        twice = lines[one.lineno - 1].lstrip().startswith(("def ", "class ", "async ", "@"))
        if isinstance(one, UndefinedName):
            found.append((one.lineno, "undefined-name", text))
        elif isinstance(one, RedefinedWhileUnused) and twice:
            found.append((one.lineno, "redefined", text))
    return tuple(found)
