"""Reads a patch in either of the forms that models write. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from devassist.crew.tools.text.envelope import Envelope
from devassist.crew.tools.text.patches import BadPatch, FilePatch
from devassist.crew.tools.text.unified import Unified


def parse_patch(text: str) -> Sequence[FilePatch]:
    """The files of a patch in order. Raises BadPatch."""
    lines = text.removeprefix("\ufeff").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if all(
        line.endswith("\r") for line in lines[:-1]
    ):  # the patch came with such line ends, whatever the files have
        lines = [line.removesuffix("\r") for line in lines]
    if any(line.startswith(("*** Update File:", "*** Add File:", "*** Delete File:")) for line in lines):
        patches = Envelope(lines).patches()
    else:
        patches = Unified(lines).patches()
    if not patches:
        raise BadPatch("no file header: write a unified diff (--- a/path, +++ b/path, @@) or *** Begin Patch")
    return patches
