"""Where the types may be others because of each party's changes: by the names that sections of files mention."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from devassist.conflicts.checks.parties import Versions
from devassist.conflicts.checks.sections import MODULE, Outline, Section

Place = tuple[str, str]
"""A file, and the name of a section of it."""
_WORD = re.compile(r"[^\W\d][\w$]*")


@dataclass
class TypeReach:
    """
    What depends on the interface of what each party changed.

    A section depends on every section whose name it mentions, wherever that is. This takes in too much rather than
    too little.
    """

    versions: Versions

    @cached_property
    def reached(self) -> dict[str, frozenset[Place]]:
        """Party -> the sections that it changed, and all whose types may be others because of that."""
        return {party.name: self._reached(party.name) for party in self.versions.parties}

    @cached_property
    def everywhere(self) -> frozenset[Place]:
        """Every section of every file."""
        return frozenset((path, name) for path, version in self._outlines() for name in version.sections)

    def _reached(self, party: str) -> frozenset[Place]:
        reached: set[Place] = set()
        waiting: list[str] = []
        for path, old, new in self.versions.edits.get(party, ()):
            before, after = self.versions.outline(path, old), self.versions.outline(path, new)
            for name in _sections(before).keys() | _sections(after).keys():
                old_section, new_section = _sections(before).get(name), _sections(after).get(name)
                if old_section is None or new_section is None:
                    reached.add((path, name))
                    waiting += _names(name)
                elif old_section.lines != new_section.lines:
                    reached.add((path, name))
                    waiting += _names(name) if old_section.interface != new_section.interface else []
        known: set[str] = set()
        while waiting:
            word = waiting.pop()
            if word not in known:
                known.add(word)
                places = self._mentioning.get(word, set()) - reached
                reached |= places
                waiting += [word for _path, name in places for word in _names(name)]
        return frozenset(reached)

    @cached_property
    def _mentioning(self) -> dict[str, set[Place]]:
        """Word -> the sections that mention it, also under the name that an import gives it."""
        mentions: dict[str, set[Place]] = defaultdict(set)
        for path, version in self._outlines():
            originals = {local: name for local, _module, name in version.imports if name}
            for name in originals.values():
                mentions[name].add((path, MODULE))
            for name, section in version.sections.items():
                # A function that only has the same name is no user; a method may override.
                for word in set(_WORD.findall("\n".join(section.lines))) - {name}:
                    mentions[originals.get(word, word)].add((path, name))
                    mentions[word].add((path, name))
        return mentions

    def _outlines(self) -> Iterator[tuple[str, Outline]]:
        for path, blobs in self.versions.blobs.items():
            for blob in blobs:
                version = self.versions.outline(path, blob)
                if version is not None:
                    yield path, version


def _sections(version: Outline | None) -> dict[str, Section]:
    return {} if version is None else dict(version.sections)


def _names(name: str) -> list[str]:
    """The words by which others mention a section: its own name and those of the classes around it."""
    return [] if name == MODULE else name.split(".")
