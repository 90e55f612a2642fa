"""Traces removed names to the definitions that took their place, under another name or in another module."""

from __future__ import annotations

from dataclasses import dataclass

from devassist.conflicts.names.namespaces import TYPES
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.breaks import Added, Break, Reason
from devassist.conflicts.symbols.similarity import likeness, shingles, tokens
from devassist.conflicts.syntax.languages import family_of
from devassist.conflicts.syntax.tables import Definition

_RENAMED = 0.6
"""From this likeness on, a definition that went and one that came are the same under another name."""


@dataclass(frozen=True, slots=True)
class Moves:
    """The changed `paths` of a branch, `own`, against the base."""

    base: Resolver
    own: Resolver
    paths: frozenset[str]

    def traced(self, gone: Break, added: list[Added]) -> Break:
        """The break as a move or rename, if an added definition is like the removed one."""
        if not gone.name:
            return self._module_moved(gone)
        if not gone.olds:
            return gone
        old = gone.olds[-1]
        same_name = [
            new
            for new in added
            if new.definition.last == old.last and new.definition.kind == old.kind and new.key != gone.key
        ]
        renamed = [
            new
            for new in added
            if new.key == gone.key
            and _alike_kind(new.definition, old)
            and (new.definition.owner == old.owner or new.definition.last == old.last)
        ]
        for reason, options in ((Reason.MOVED, same_name), (Reason.RENAMED, renamed)):
            scored = [(self._alike(gone.path, old, new), new) for new in options]
            score, best = max(scored, key=lambda item: item[0], default=(0.0, None))
            if best is not None and (score >= _RENAMED or (reason is Reason.MOVED and len(options) == 1)):
                where = self.own.modules.title(best.key)
                title = ".".join(filter(None, [where, best.definition.name]))
                return gone._replace(
                    reason=reason, news=(best.definition,), new_path=best.path, new_title=title
                )
        return gone

    def _module_moved(self, gone: Break) -> Break:
        names = {definition.name for definition in self.base.files.table(gone.path).definitions}
        best, score = "", 0.0
        for path in self.paths:
            if path in self.own.files.blobs and path not in self.base.files.blobs:
                others = {definition.name for definition in self.own.files.table(path).definitions}
                shared = len(names & others) / max(1, len(names | others))
                best, score = (path, shared) if shared > score else (best, score)
        if score < _RENAMED:
            return gone
        title = self.own.modules.title(self.own.modules.key(best))
        return gone._replace(reason=Reason.MOVED, new_path=best, new_title=title)

    def _alike(self, path: str, old: Definition, new: Added) -> float:
        family = family_of(path)
        before = tokens(self.base.files.lines(path, old), family)
        after = tokens(self.own.files.lines(new.path, new.definition), family)
        names = (old.last, new.definition.last)
        if names[1] in before:  # The new name has another meaning inside: only the definition's own counts.
            before, after = _without(before, names[0]), _without(after, names[1])
            names = ("", "")
        return likeness(shingles(before, names[0]), shingles(after, names[1]))


def _without(words: tuple[str, ...], name: str) -> tuple[str, ...]:
    at = words.index(name) if name in words else len(words)
    return (*words[:at], *words[at + 1 :])


def _alike_kind(definition: Definition, other: Definition) -> bool:
    return definition.kind == other.kind or (definition.kind in TYPES and other.kind in TYPES)
