"""Which of the project's guidance agents get: what is written for agents whole, of the rest what is on code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from devassist.domain.choice.privacy import NOTHING, PrivatePaths
from devassist.domain.errors import DevassistError
from devassist.domain.guidance import Guidance
from devassist.git.repository import Repository

_FOR_AGENTS = ("AGENTS.md", "CLAUDE.md")
"""Whole, and nested ones for the folder that they are in. Where both say the same, the first is enough."""
_FOR_PEOPLE = ("CONTRIBUTING.md", "CONTRIBUTING.rst", "CONTRIBUTING.txt", "CONTRIBUTING")
_PLACES = ("", ".github/", "docs/")
_MOST_FOR_AGENTS = 24_000
"""Characters of one file; nobody's guidance is that long on purpose."""
_MOST_FOR_PEOPLE = 2_000

_MARKDOWN = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"^([=\-~^\"'*+#])\1{2,}\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_ON_CODE = re.compile(
    r"\b(test\w*|unit|coverage|pytest|tox|nox|lint\w*|format\w*|style|typ(?:e|es|ing)|mypy|ruff|black|pre-?commit"
    r"|code|coding|convention\w*|guideline\w*|doc|docs|docstring\w*|documentation|documenting|changelog|changes"
    r"|build\w*|develop\w*|check\w*|quality|naming|compatib\w*|deprecat\w*)\b",
    re.IGNORECASE,
)
_ON_PEOPLE = re.compile(
    r"\b(conduct|license|licence|cla|dco|sign-?off|pull requests?|merge requests?|issues?|bugs?|report\w*|release\w*"
    r"|governance|community|support|security|financ\w*|donat\w*|sponsor\w*|translat\w*|fork\w*|clon\w*|branch\w*"
    r"|commit\w*|maintainer\w*|review\w*|contact|questions?|first|thank\w*)\b",
    re.IGNORECASE,
)


def read_guidance(repository: Repository, base: str, hidden: PrivatePaths = NOTHING) -> Guidance:
    """The guidance of the tree at `base` that is not hidden, chosen once for a run."""
    paths = hidden.visible(repository.paths_of(base))

    def text(path: str) -> str:
        try:
            return repository.read_file(base, path).decode("utf-8", "replace").removeprefix("\ufeff")
        except DevassistError:
            return ""

    return guidance_of(paths, text)


def guidance_of(paths: Sequence[str], text: Callable[[str], str]) -> Guidance:
    """
    The guidance among `paths`, read by `text`. Pure otherwise.

    A file that only refers to another (`@AGENTS.md`, as CLAUDE.md often does) or repeats its text is left out.
    """
    root: dict[str, str] = {}
    nested: dict[str, str] = {}
    by_name = {
        name: sorted(path for path in paths if PurePosixPath(path).name == name) for name in _FOR_AGENTS
    }
    for name in _FOR_AGENTS:
        for path in by_name[name]:
            content = text(path).strip()[:_MOST_FOR_AGENTS]
            into = root if path == name else nested
            beside = into.get(str(PurePosixPath(path).with_name(_FOR_AGENTS[0])), "")
            if content and content != beside and not _only_refers(content):
                into[path] = content
    if (contributing := _contributing(paths)) and (on_code := sections_on_code(text(contributing))):
        root[contributing] = on_code
    return Guidance(whole=root, nested=nested)


def _only_refers(content: str) -> bool:
    return all(line.strip().startswith("@") for line in content.splitlines() if line.strip())


def _contributing(paths: Sequence[str]) -> str:
    """The project's CONTRIBUTING, in any case of letters, of the places where forges look for it; or empty."""
    known = {path.lower(): path for path in paths}
    candidates = [f"{place}{name}".lower() for place in _PLACES for name in _FOR_PEOPLE]
    return next((known[candidate] for candidate in candidates if candidate in known), "")


def sections_on_code(document: str) -> str:
    """The sections of a CONTRIBUTING that say how code, tests and documents are written; at most 2,000 characters."""
    kept: list[str] = []
    room = _MOST_FOR_PEOPLE
    for heading, body in _sections(document):
        if not body or not _ON_CODE.search(heading) or _ON_PEOPLE.search(heading):
            continue
        section = f"{heading}\n{body}"
        if len(section) > room:
            section = section[:room].rpartition("\n")[0]
            room = 0
        if section.strip():
            kept.append(section)
        room -= len(section) + 2
        if room <= 0:
            break
    return "\n\n".join(kept)


def _sections(document: str) -> Sequence[tuple[str, str]]:
    """Heading and text of each section of Markdown or reStructuredText, in order."""
    lines = document.splitlines()
    sections: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for at, line in enumerate(lines):
        fenced ^= bool(_FENCE.match(line))
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if not fenced and (heading := _MARKDOWN.match(line)):
            sections.append((heading.group(2), []))
        elif not fenced and line.strip() and _UNDERLINE.match(following) and not _UNDERLINE.match(line):
            sections.append((line.strip(), []))
        elif fenced or not _UNDERLINE.match(line):
            sections[-1][1].append(line)
    return [(heading, "\n".join(body).strip()) for heading, body in sections]
