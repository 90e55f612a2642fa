"""What people made of hunks before, recognised by their texts. Pure; the records come from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devassist.conflicts.automatic import proposal
from devassist.conflicts.marked import CHOICES, MarkedText
from devassist.domain.hashing import digest
from devassist.domain.resolutions import How, Tally

_BY_PEOPLE = frozenset({How.TAKE, How.EDIT, How.INTERACTIVE})


def remembered(path: str, marked: MarkedText, text: str) -> list[dict[str, Any]]:
    """Each hunk of a file with its answer in `text`, JSON-shaped; nothing where more than the hunks was changed."""
    answers = marked.answers_in(text)
    if answers is None or _undecoded(text):
        return []
    found: list[dict[str, Any]] = []
    for hunk, answer in zip(marked.hunks, answers, strict=True):
        proposed = proposal(path, hunk)
        found.append(
            {
                "key": hunk.key,
                "path": path,
                "choice": next((one for one in CHOICES if hunk.taking(one) == answer), "own"),
                "text": answer,
                "text_digest": digest(answer),
                "class": proposed.name if proposed is not None else "",
                "as_proposed": proposed is not None and proposed.text == answer,
            }
        )
    return found


def repeats(resolutions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Hunk key -> what a person last put there. A text that redaction changed is not one to repeat."""
    found: dict[str, str] = {}
    for one in resolutions:
        if one.get("how") not in _BY_PEOPLE or one.get("status") != "resolved":
            continue
        for hunk in one.get("hunks", ()):
            if digest(hunk["text"]) == hunk["text_digest"]:
                found[hunk["key"]] = hunk["text"]
    return found


def learned(resolutions: Iterable[Mapping[str, Any]]) -> dict[str, Tally]:
    """How often people settled a hunk of a class as the class would have. A hunk counts once per resolution."""
    found: dict[str, Tally] = {}
    seen: set[tuple[str, str]] = set()
    for one in resolutions:
        if one.get("how") not in _BY_PEOPLE or one.get("status") != "resolved":
            continue
        for hunk in one.get("hunks", ()):
            name, place = hunk.get("class", ""), (one["commit"], hunk["key"])
            if name and place not in seen:
                seen.add(place)
                found[name] = found.get(name, Tally()).plus(right=bool(hunk["as_proposed"]))
    return found


def _undecoded(text: str) -> bool:
    """Whether a file is no UTF-8: its bytes would not come back from the log as they were."""
    return any("\ud800" <= character <= "\udfff" for character in text)
