"""The repository as every agent of a run is shown it: its folders, and what the goal's likely files define."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from devassist.engine.context import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from devassist.git.repository import Repository

_MOST_FOLDERS = 24
_MOST_LINES = 24
_MOST_CHARACTERS = 3_000
"""About 750 tokens: every call of every agent carries the map."""
_DEEPEST = 2


def map_of(
    open_repository: Callable[[], Repository], request: RunRequest, *, symbols: Path | None
) -> Callable[[], str]:
    """A function that draws the map of the run's base when it is first wanted, and gives the same one from then on."""

    @cache
    def drawn() -> str:
        # Parsers: nobody waits for them before an agent begins.
        from devassist.conflicts.outline import Outline

        outline = Outline(open_repository(), request.base, symbols, request.settings.conflicts.languages)
        wanted = " ".join([request.goal, *_titles(request)])
        hidden = request.secrecy.hidden_in(None)
        likely = outline.likely(wanted, lines=_MOST_LINES)
        visible = [line for line in likely if not hidden.cover(line.partition(": ")[0])]
        return drawn_from(hidden.visible(outline.paths), visible)

    return drawn


def _titles(request: RunRequest) -> Sequence[str]:
    return [task.title for task in request.plan.tasks] if request.plan is not None else []


def drawn_from(paths: Sequence[str], likely: Sequence[str]) -> str:
    """The map as text: folders with the number of files below them, then the likely files in order. Pure."""
    folders = Counter[str]()
    for path in paths:
        parents = PurePosixPath(path).parts[:-1]
        folders.update("/".join(parents[: depth + 1]) for depth in range(min(len(parents), _DEEPEST)))
    largest = sorted(folders, key=lambda folder: (folder.count("/"), -folders[folder], folder))[
        :_MOST_FOLDERS
    ]
    listed = ", ".join(f"{folder}/ ({folders[folder]})" for folder in sorted(largest))
    top = sorted(path for path in paths if "/" not in path)[:_MOST_FOLDERS]
    text = f"The repository, {len(paths)} files. Folders: {listed or 'none'}. At the top: {', '.join(top) or 'none'}."
    text = text[: _MOST_CHARACTERS // 2]
    if not likely:
        return text
    text += "\nWhat the files that the goal may be about define, the likeliest first:"
    for line in likely:
        if len(text) + len(line) > _MOST_CHARACTERS:
            break
        text += f"\n- {line}"
    return text
