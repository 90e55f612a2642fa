"""A report of conflicts as a comment on a pull request: a table, then a section per conflict."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from devassist.conflicts.outputs import ConflictRecord, ConflictReport
from devassist.domain.conflicts import ConflictStatus

_LONGEST = 60_000
"""Characters of Markdown; a comment on GitHub holds 65,536."""
_MOST_ROWS = 200
_MARKUP = re.compile(r"[\\`*_{}\[\]()#+!|~<>&\"'$-]")


def markdown(report: ConflictReport) -> str:
    """The comment, cut to what GitHub takes."""
    conflicts = report.conflicts
    lines = [
        f"## {_counted(len(conflicts), 'conflict')} between {_counted(len(report.branches), 'branch')}",
        "",
    ]
    if conflicts:
        lines += ["| | Kind | Branches | What | Where |", "|---|---|---|---|---|"]
        lines += [_row(conflict) for conflict in conflicts[:_MOST_ROWS]]
        lines.append("")
    if report.order:
        lines += [f"Merge in this order: {', '.join(_code(name) for name in report.order)}.", ""]
    return "\n".join(_within(lines, conflicts))


def _within(lines: Sequence[str], conflicts: Sequence[ConflictRecord]) -> Iterator[str]:
    """The lines, the sections that there is room for, and how many there was none for."""
    yield from lines
    room = _LONGEST - sum(len(line) + 1 for line in lines)
    for number, conflict in enumerate(conflicts):
        section = _section(conflict)
        room -= len(section) + 1
        if room < 0:
            left = len(conflicts) - number
            yield f"{_counted(left, 'more conflict')}: see `devassist conflicts`."
            return
        yield section


def _row(conflict: ConflictRecord) -> str:
    branches = " · ".join(_code(name) for name in conflict.branches)
    cells = [conflict.severity, conflict.kind, branches, _code(conflict.subject), _code(conflict.path)]
    return f"| {' | '.join(cells)} |"


def _section(conflict: ConflictRecord) -> str:
    lines = [
        f"### {conflict.severity}: {conflict.kind} of {_code(conflict.subject)}",
        "",
        f"{_plain(conflict.explanation)}." if conflict.explanation else "",
        "",
    ]
    for location in conflict.locations:
        span = str(location.start_line)
        if location.end_line > location.start_line:
            span += f"–{location.end_line}"  # noqa: RUF001  a range of lines
        lines.append(f"- {_code(location.branch)}: {_code(location.path)}, line {span}")
    if conflict.suggestion:
        lines += ["", f"**To do:** {_plain(conflict.suggestion)}."]
    status = "" if conflict.status is ConflictStatus.OPEN else f" · {_plain(conflict.status)}"
    lines += ["", f"<sub>{_plain(conflict.id)} · {conflict.level}{status}</sub>", ""]
    return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number or 'No'} {noun if number == 1 else plural}"


def _code(text: str) -> str:
    """A name in type of its own. An element, not backquotes: a table cannot hold every character in those."""
    return f"<code>{_escaped(text)}</code>"


def _plain(text: str) -> str:
    """A sentence in which nothing is markup, a link, or calls a person or an issue by name."""
    return re.sub(r"(@|&#35;|(?<=:)(?=//)|(?<=www))", "\\1\u200b", _escaped(text))


def _escaped(text: str) -> str:
    visible = "".join(
        " "
        if character in "\r\n\t"
        else "\ufffd"
        if unicodedata.category(character) in {"Cc", "Cf", "Cs"}
        else character
        for character in text
    )
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", visible)
