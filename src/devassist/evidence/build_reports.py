"""
The JUnit files that Maven and Gradle leave in the tree, for neither can be told another place from outside.

Decision: a file counts only if it is newer than the command's start. What the tree held before is older.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from devassist.evidence import junit_xml
from devassist.evidence.report_files import content
from devassist.evidence.testimony import Testimony

_COMMAND = re.compile(r"\b(?:mvnw?|gradlew?)\b")
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_FOLDERS = {
    ("target", "surefire-reports"): "maven",
    ("target", "failsafe-reports"): "maven",
    ("build", "test-results"): "gradle",
}
_NEVER = frozenset({".git", ".gradle", "node_modules", ".venv", "venv", "src"})
_MOST_FOLDERS = 20_000
_MOST_FILES = 20_000
_MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReports:
    """What a command that began at `started` left; in nanoseconds, by the clock of the file system."""

    started: int

    def testimonies(self, tree: Path) -> Iterator[Testimony]:
        """One for each report below `tree`."""
        left = _MOST_BYTES
        for number, (path, runner) in enumerate(_reports(tree)):
            if number >= _MOST_FILES or left <= 0:
                return
            if not self._is_new(path):
                continue
            report = content(path, most=left)
            left -= len(report)
            if told := junit_xml.testimony(report, runner=runner):
                yield told

    def _is_new(self, path: Path) -> bool:
        try:
            status = path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and self.started <= status.st_mtime_ns


def is_wanted(command: str, *, read: Callable[[str], str | None]) -> bool:
    """Whether the command, or what it may call in this tree, is Maven or Gradle."""
    return bool(_COMMAND.search(command)) or any(read(name) is not None for name in _BUILDS)


def _reports(tree: Path) -> Iterator[tuple[Path, str]]:
    for number, (folder, folders, files) in enumerate(os.walk(tree)):
        if number >= _MOST_FOLDERS:
            return
        folders[:] = sorted(name for name in folders if name not in _NEVER)
        runner = _runner(PurePosixPath(folder).relative_to(tree))
        if runner:
            names = sorted(name for name in files if name.startswith("TEST-") and name.endswith(".xml"))
            yield from ((Path(folder, name), runner) for name in names)


def _runner(folder: PurePosixPath) -> str:
    """Gradle has a folder per task below its own."""
    pairs = zip(folder.parts, folder.parts[1:], strict=False)
    return next((_FOLDERS[pair] for pair in pairs if pair in _FOLDERS), "")
