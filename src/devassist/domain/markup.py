"""Text that others wrote, made safe to stand in Markdown and XML: it is shown as it is and means nothing."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile(r"[\\`*_\[\]<>#!|~&$]")
_CALLS = re.compile(r"(@(?=\w)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=\bwww)(?=\.))")
_LIST = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")
_BACKQUOTES = re.compile(r"`+")


def visible(text: str) -> str:
    """Without control and direction characters but line feeds and tabs; what no encoding can hold is replaced."""
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Cn"} else "\ufffd"
        for one in text.replace("\r\n", "\n").replace("\r", "\n")
    )


def line(text: str) -> str:
    """One visible line."""
    return " ".join(visible(text).split())


def prose(text: str) -> str:
    """One line of Markdown in which nothing is markup, a link, or calls a person or an issue."""
    escaped = _MARKS.sub(lambda found: f"\\{found[0]}", line(text))
    return _LIST.sub(r"\1\\\2", _CALLS.sub("\\1\u200b", escaped))


def code(text: str) -> str:
    """One line of Markdown in type of its own; a bar is escaped, so that it may stand in a table."""
    shown = line(text).replace("|", "\\|") or " "
    longest = max((len(run) for run in _BACKQUOTES.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"


def quoted(text: str) -> str:
    """Lines of Markdown as a quotation."""
    return "\n".join(f"> {prose(one)}".rstrip() for one in visible(text).strip().split("\n"))


def block(text: str) -> str:
    """Lines of Markdown as they are, in a fence that they cannot close."""
    shown = visible(text).strip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKQUOTES.findall(shown)), default=0))
    return f"{fence}text\n{shown}\n{fence}"
