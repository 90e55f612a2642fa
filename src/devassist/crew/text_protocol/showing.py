"""Which files a small model chooses from, and what of their text fits into its window. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from devassist.conflicts.syntax.languages import grammar_for, read_table
from devassist.conflicts.syntax.tables import CALLABLES
from devassist.crew.text_protocol.steps import Brief, shortened
from devassist.domain.changes import in_scope

_MOST_OFFERED = 150
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BY_PATH, _BY_NAME = 100, 50


def candidates(paths: Sequence[str], brief: Brief) -> Sequence[str]:
    """The files of the task's scope, those that it names first, as many as fit."""
    own = [path for path in paths if not brief.scope or in_scope(path, brief.scope)]
    words = {word.lower() for word in _WORD.findall(brief.text)}

    def rank(path: str) -> tuple[int, str]:
        name = path.rpartition("/")[2]
        named = _BY_PATH * named_in(path, brief.text) + _BY_NAME * (name in brief.text)
        return -(named + len(words & {word.lower() for word in _WORD.findall(path)})), path

    out: list[str] = []
    room = brief.room // 4
    for path in sorted(own, key=rank)[:_MOST_OFFERED]:
        room -= len(path) + 1
        if room < 0:
            break
        out.append(path)
    return out


def named_in(path: str, text: str) -> bool:
    """Whether a text names a file by its whole path."""
    return re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w/-]|\.\w)", text) is not None


def shown(files: Mapping[str, str | None], *, words: str, room: int) -> str:
    """The files as the model reads them. One that is too long is shown without the bodies that `words` do not name."""
    share = room // max(len(files), 1)
    parts: list[str] = []
    for path, text in files.items():
        if text is None:
            parts.append(f"{path} does not exist yet.")
            continue
        whole = text if len(text) <= share else shortened(_outlined(path, text, words), share)
        parts.append(f"{path}\n```\n{whole.rstrip()}\n```")
    return "\n\n".join(parts)


def _outlined(path: str, text: str, words: str) -> str:
    """The text with only the first lines of functions whose names `words` do not hold."""
    grammar = grammar_for(path)
    if grammar is None:
        return text
    named = set(_NAME.findall(words))
    lines = text.split("\n")
    hidden: set[int] = set()
    for definition in read_table(grammar, text.encode()).definitions:
        if definition.kind in CALLABLES and definition.last not in named:
            hidden |= set(range(definition.start, definition.end))
    out: list[str] = []
    for index, line in enumerate(lines):
        if index not in hidden:
            out.append(line)
        elif index - 1 not in hidden:
            out.append("    ...")
    return "\n".join(out)
