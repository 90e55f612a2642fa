"""Subcommands of Go programs that are built with cobra, read from the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from devassist.conflicts.manifests.facts import Fact, Family, directory
from devassist.conflicts.manifests.text import Lines, closing, without_comments
from devassist.domain.hashing import digest

_MADE = re.compile(r"(?:\b(?P<name>\w+)\s*:?=\s*|\breturn\s+)?&cobra\.Command\s*\{")
_USE = re.compile(r"\bUse:\s*[\"`](?P<name>[\w.:-]+)")
_ADDED = re.compile(r"\b(?P<parent>[\w.]+)\.AddCommand\s*\(")


def cobra_commands(path: str, text: str) -> Iterator[Fact]:
    """Each command literal; where its parent is not said in the file, the package's commands are taken for siblings."""
    if "cobra.Command" not in text:
        return
    plain = without_comments(text)
    lines, parents = Lines(plain), _parents(plain)
    package = directory(path)
    for found in _MADE.finditer(plain):
        end = closing(plain, found.end() - 1)
        body = plain[found.end() : end]
        used = _USE.search(body)
        if used is None:
            continue
        variable = found["name"] or ""
        parent = parents.get(variable, "")
        scope = f"{package}:{parent or '?'}"
        yield Fact(
            family=Family.COMMAND,
            key=f"command {used['name']}",
            value=f"{scope} {digest(body.split())[:16]}",
            path=path,
            line=lines.at(found.start()),
            end_line=lines.at(end),
            detail={
                "name": used["name"],
                "scope": scope,
                "kind": "file",
                "what": variable or f"cobra command {used['name']}",
                "sure": "yes" if parent else "",
            },
        )


def _parents(text: str) -> dict[str, str]:
    """Variable of a command -> the variable of the command it is added to."""
    found = {}
    for added in _ADDED.finditer(text):
        inside = text[added.end() : closing(text, added.end() - 1)]
        found.update(dict.fromkeys(re.findall(r"\b\w+\b(?!\s*\()", inside), added["parent"]))
    return found
