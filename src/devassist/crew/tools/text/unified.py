"""Reads unified diffs, as git and diff write them and as models do. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from devassist.crew.tools.text.patch_lines import HUNK, Body, Lines
from devassist.crew.tools.text.patches import FilePatch, Hunk

_NULL: Final = "/dev/null"
_ESCAPES: Final = {
    "n": b"\n",
    "t": b"\t",
    "r": b"\r",
    '"': b'"',
    "\\": b"\\",
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "v": b"\v",
}
_AFTER: Final = ("@@", "diff ", "```", "From ", "index ", "Index: ", "Only in ")
"""How lines begin that may follow a hunk."""
_HEADERS: Final = (
    "old mode", "new mode", "new file mode", "deleted file mode", "rename from", "rename to", "copy from",
)  # fmt: skip
_PLAIN_MODES: Final = ("100644", "100755")


@dataclass
class Unified(Lines):
    """A unified diff, with or without git's headers."""

    def patches(self) -> list[FilePatch]:
        patches = list[FilePatch]()
        while self.more:
            if self.line.startswith("diff --git "):
                patches.append(self._git())
            elif self._at_names():
                patches.append(self._file({}))
            elif self.line.startswith("@@"):
                raise self.bad("a hunk without --- and +++ lines before it")
            elif patches and self.line[:1] in ("+", "-") and self.line != "-- ":
                raise self.bad("it belongs to no hunk: the counts in the @@ line before it are too small")
            else:
                self.at += 1  # prose, mail headers, a fence
        return patches

    def _at_names(self) -> bool:
        return self.line.startswith("--- ") and self.ahead(1).startswith("+++ ")

    def _git(self) -> FilePatch:
        names = git_names(self.line.removeprefix("diff --git "))
        headers: dict[str, str] = {}
        self.at += 1
        while self.more and not self._at_names() and not self.line.startswith(("diff --git ", "@@")):
            for key in _HEADERS:
                if self.line.startswith(f"{key} "):
                    headers[key] = self.line.removeprefix(f"{key} ")
            if self.line.startswith(("GIT binary patch", "Binary files ")):
                raise self.bad("binary files cannot be patched")
            self.at += 1
        self._check(headers)
        if self._at_names():
            return self._file(headers)
        if "rename from" in headers and "rename to" in headers:
            return FilePatch(path=unquoted(headers["rename from"]), new_path=unquoted(headers["rename to"]))
        if names and "new file mode" in headers:
            return FilePatch(path="", new_path=names[1])
        if names and "deleted file mode" in headers:
            return FilePatch(path=names[0], new_path="")
        raise self.bad("a file without a change that a patch can make")

    def _check(self, headers: dict[str, str]) -> None:
        modes = [mode.strip() for key, mode in headers.items() if key.endswith("mode")]
        if any(mode not in _PLAIN_MODES for mode in modes):
            raise self.bad("only plain files can be patched, no links and no submodules")
        if "new mode" in headers:
            raise self.bad("a patch does not change modes here; use run_command with chmod")
        if "copy from" in headers:
            raise self.bad("a patch does not copy here; create the file")

    def _file(self, headers: dict[str, str]) -> FilePatch:
        old, new = (_name(line[4:], side) for line, side in ((self.line, "a/"), (self.ahead(1), "b/")))
        self.at += 2
        hunks = list[Hunk]()
        while self.line.startswith("@@"):
            hunks.append(self._hunk())
        if "rename from" in headers and "rename to" in headers:
            old, new = unquoted(headers["rename from"]), unquoted(headers["rename to"])
        elif old and new:
            old = new  # `--- x.orig`, `+++ x`
        if not hunks:
            raise self.bad("a file without a hunk (@@ -start,count +start,count @@)")
        return FilePatch(path=old, new_path=new, hunks=tuple(hunks))

    def _hunk(self) -> Hunk:
        header, body = HUNK.match(self.line), Body()
        start, old, new = 0, -1, -1
        if header is not None:
            first, old_count, _, new_count = header.groups()
            old, new = int(old_count or "1"), int(new_count or "1")
            start = int(first) + (old == 0)  # what has no old lines goes after the line that is named
        self.at += 1
        while self.more:
            line = self.line
            if line.startswith("\\"):
                body.no_newline()
            elif self._at_names() and (self.ahead(2).startswith("@@") or body.count(" -") >= old):
                break
            elif line == "" or line[0] in " +-":
                complete = header is not None and body.count(" -") >= old and body.count(" +") >= new
                if complete and line in ("", "-- "):  # between patches, and where mail signs
                    break
                body.add(line)
            elif line.startswith(_AFTER) or body.count(" -") >= old:
                break
            else:
                raise self.bad("a line of a hunk begins with a space, '-' or '+'")
            self.at += 1
        return body.hunk(start=start, old=old)


def git_names(text: str) -> tuple[str, str] | None:
    """The two names of a `diff --git` line; None where a name has blanks and is not quoted."""
    if match := re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', text):
        return _stripped(unquoted(match.group(1)), "a/"), _stripped(unquoted(match.group(2)), "b/")
    middle = len(text) // 2
    left, right = text[:middle], text[middle + 1 :]
    same = left.removeprefix("a/") == right.removeprefix("b/")
    return (_stripped(left, "a/"), _stripped(right, "b/")) if same else None


def _name(text: str, side: str) -> str:
    """The path of a `---` or `+++` line; empty for /dev/null."""
    name = unquoted(text.split("\t", maxsplit=1)[0].strip())
    return "" if name == _NULL else _stripped(name, side)


def _stripped(name: str, side: str) -> str:
    return name.removeprefix(side)


def unquoted(name: str) -> str:
    """A name as git quotes it: in double quotes, with octal escapes."""
    name = name.strip()
    if len(name) < 2 or name[0] != '"' or name[-1] != '"':  # noqa: PLR2004  two quotes
        return name
    parts = re.findall(r"\\([0-7]{3})|\\(.)|([^\\]+)", name[1:-1])
    raw = b"".join(
        bytes([int(octal, 8) & 0xFF])
        if octal
        else _ESCAPES.get(sign, sign.encode())
        if sign
        else plain.encode()
        for octal, sign, plain in parts
    )
    return raw.decode("utf-8", "surrogateescape")
