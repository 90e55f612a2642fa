"""
Editable installs that make a test in a worktree import the main checkout. Static; no Python is run.

A worktree's tests would then pass or fail on code that the agent did not write, so it is worth a warning
before the first agent starts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit


def site_packages(path: str) -> list[Path]:
    """Where the Pythons on `path` look for installed packages."""
    directories: dict[Path, None] = {}
    for entry in path.split(os.pathsep):
        programs = Path(entry)
        if not programs.is_absolute() or not any(
            (programs / name).exists() for name in ("python3", "python")
        ):
            continue
        if programs.name == "shims":
            prefixes = sorted((programs.parent / "versions").glob("*"))
        else:
            # Not resolved: the environment is where the link is, not where it leads.
            prefixes = [programs.parent]
        for prefix in prefixes:
            for pattern in ("lib*/python3*/site-packages", "lib*/python3*/dist-packages"):
                directories.update(
                    dict.fromkeys(sorted(place for place in prefix.glob(pattern) if place.is_dir()))
                )
    return list(directories)


def editable_leak(python_paths: Sequence[Path], repository: Path) -> list[str]:
    """A sentence for each installed package that is really the main checkout at `repository`."""
    forms = tuple(dict.fromkeys((Path(os.path.abspath(repository)), repository.resolve())))  # noqa: PTH100
    leaks: dict[str, None] = {}
    for directory in python_paths:
        for source, target in _pointers(directory, forms):
            leaks[f"{source} makes Python import {target} from the main checkout, not from the worktree"] = (
                None
            )
    return list(leaks)


def _pointers(directory: Path, repository: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for file in sorted(directory.glob("*.pth")):
        yield from ((file, target) for target in _from_pth(file, directory, repository))
    for file in sorted(directory.glob("*.egg-link")):
        first = _text(file).partition("\n")[0].strip()
        if first and _is_checkout(Path(first), directory, repository):
            yield file, Path(first)
    for file in sorted(directory.glob("__editable__*.py")):
        yield from ((file, target) for target in _quoted(_text(file), directory, repository))
    for file in sorted(directory.glob("*.dist-info/direct_url.json")):
        target = _editable_url(_text(file))
        if target is not None and _is_checkout(target, directory, repository):
            yield file, target


def _from_pth(file: Path, directory: Path, repository: Sequence[Path]) -> Iterator[Path]:
    for line in _text(file).splitlines():
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        if entry.startswith(("import ", "import\t")):
            yield from _quoted(entry, directory, repository)
        elif _is_checkout(directory / entry, directory, repository):
            yield directory / entry


def _quoted(text: str, directory: Path, repository: Sequence[Path]) -> Iterable[Path]:
    """Absolute paths in quotes, as setuptools' finders hold them."""
    paths = [Path(quoted) for quoted in re.findall(r"""['"](/[^'"\n]*)['"]""", text)]
    return [path for path in dict.fromkeys(paths) if _is_checkout(path, directory, repository)]


def _editable_url(text: str) -> Path | None:
    try:
        record = json.loads(text)
        if record["dir_info"]["editable"] is not True:
            return None
        url = urlsplit(record["url"])
    except (ValueError, KeyError, TypeError):
        return None
    return Path(unquote(url.path)) if url.scheme == "file" else None


def _is_checkout(target: Path, directory: Path, repository: Sequence[Path]) -> bool:
    # An environment may live in the checkout and point into itself: that is no leak.
    environment = directory.parent.parent.parent
    for form in dict.fromkeys((Path(os.path.abspath(target)), target.resolve())):  # noqa: PTH100
        if form.is_relative_to(environment) and environment not in repository:
            return False
        if any(form.is_relative_to(place) for place in repository):
            return True
    return False


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
