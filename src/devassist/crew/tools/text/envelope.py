"""Reads patches in the `*** Begin Patch` form of OpenAI's models. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.crew.tools.text.patch_lines import HUNK, Body, Lines
from devassist.crew.tools.text.patches import FilePatch, Hunk


@dataclass
class Envelope(Lines):
    """The form that begins with `*** Begin Patch`."""

    def patches(self) -> list[FilePatch]:
        patches = list[FilePatch]()
        while self.more:
            kind, _, path = self.line.partition(":")
            self.at += 1
            if kind == "*** Add File":
                patches.append(FilePatch(path="", new_path=path.strip(), hunks=self._added()))
            elif kind == "*** Delete File":
                patches.append(FilePatch(path=path.strip(), new_path=""))
            elif kind == "*** Update File":
                patches.append(self._updated(path.strip()))
            elif self.line.startswith("*** End Patch"):
                break
        return patches

    def _added(self) -> tuple[Hunk, ...]:
        body = Body()
        while self.more and not self.line.startswith("*** "):
            if self.line and self.line[0] != "+":
                raise self.bad("every line of an added file begins with '+'")
            body.add(self.line or "+")
            self.at += 1
        return (body.hunk(),) if body.lines else ()

    def _updated(self, path: str) -> FilePatch:
        new_path = path
        if self.line.startswith("*** Move to:"):
            new_path = self.line.partition(":")[2].strip()
            self.at += 1
        hunks = list[Hunk]()
        while self.more and (not self.line.startswith("*** ") or self.line.startswith("*** End of File")):
            hunks.append(self._hunk())
        if not hunks and new_path == path:
            raise self.bad(f"nothing is changed in {path}")
        return FilePatch(path=path, new_path=new_path, hunks=tuple(hunks))

    def _hunk(self) -> Hunk:
        anchors, body, start, at_end = list[str](), Body(), 0, False
        while self.line.startswith("@@"):
            if header := HUNK.match(self.line):
                start = int(header.group(1))
            elif anchor := self.line[2:].strip().removesuffix("@@").strip():
                anchors.append(anchor)
            self.at += 1
        while self.more:
            line = self.line
            if line.startswith("*** End of File"):
                at_end = True
                self.at += 1
                break
            if line.startswith(("@@", "*** ")):
                break
            if line.startswith("\\"):
                body.no_newline()
            elif line == "" or line[0] in " +-":
                body.add(line)
            else:
                raise self.bad("a line of a hunk begins with a space, '-' or '+'")
            self.at += 1
        if not body.lines:
            raise self.bad("a hunk without lines")
        return body.hunk(start=start, anchors=anchors, at_end=at_end)
