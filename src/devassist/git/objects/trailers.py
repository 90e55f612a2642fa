"""Commit messages with trailers: built so that no value can forge one, and read back."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?(.*)")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(value: str) -> str:
    """`value` with every run of white space and control characters as one blank."""
    return _CONTROL.sub(" ", value).strip()


def with_trailers(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """A message: subject line, body, and a last paragraph of trailers."""
    for key in trailers:
        if not _LINE.fullmatch(f"{key}: x"):
            raise ValueError(f"{key!r} cannot be a trailer's key")
    lines = "\n".join(f"{key}: {one_line(value)}" for key, value in trailers.items())
    text = body.replace("\0", "").replace("\r\n", "\n").strip()
    # Without trailers of our own, a body that ends in "Key: value" must not be read as one.
    parts = [one_line(subject) or "(no subject)", text, lines]
    return "\n\n".join(part for part in parts if part) + "\n"


def trailers_of(message: str) -> dict[str, str]:
    """The trailers of the last paragraph; nothing unless every line of it is one. The last of a key wins."""
    paragraphs = re.split(r"\n[ \t]*\n", message.strip())
    if len(paragraphs) < 2:  # noqa: PLR2004 - the subject alone is never a trailer block
        return {}
    trailers: dict[str, str] = {}
    for line in paragraphs[-1].splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            return {}
        trailers[match[1]] = match[2].strip()
    return trailers
