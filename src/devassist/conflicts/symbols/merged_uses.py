"""
Finds the uses in a user's code that the changes of a breaker can reach.

In a file that the breaker left alone these are the user's new uses. In one that both changed they are the uses that
the merged text has in addition to the breaker's own text, where the breaker has adapted what it saw.
"""

from __future__ import annotations

import builtins
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.names.namespaces import EXTERNAL, Hop, Resolution
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.branch_facts import Branch, Use, by_hop, by_name, fresh
from devassist.conflicts.symbols.breaks import Break, Reason
from devassist.conflicts.symbols.findings import Evidence
from devassist.conflicts.syntax.languages import grammar_for
from devassist.conflicts.syntax.tables import Reference, Table
from devassist.domain.conflicts import Severity

_GIVEN = frozenset(dir(builtins)) | frozenset("__file__ __path__ __class__ __builtins__ WindowsError".split())


@dataclass
class Exposure:
    """The reachable uses of one pair of branches, in one direction."""

    breaker: Branch
    user: Branch

    @cached_property
    def merged(self) -> dict[str, str]:
        """The user's path -> merged blob: of files that both changed, apart, and where a break may matter."""
        blobs = {}
        for path in self.user.focus:
            if self._theirs(path) is not None and (self._broken_words(path) or self.vanishing(path)):
                blob = self._merged(path)
                if blob is not None:
                    blobs[path] = blob
        return blobs

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """Path in the base -> the breaker's path."""
        return {old: new for new, old in self.breaker.origins.items()}

    def place(self, path: str) -> str:
        """The path of a file of the user after the merge."""
        return self._renamed.get(path, path)

    def _theirs(self, path: str) -> str | None:
        """The breaker's path of the same file, if the breaker changed it."""
        origin = self.user.origins.get(path, path)
        there = self._renamed.get(origin, origin)
        return (
            there
            if self.breaker.changes.get(there) is not None and there in (origin, self.place(path))
            else None
        )

    def _texts(self, path: str) -> tuple[str, str, str] | None:
        """Blobs of the base, the breaker and the user."""
        base = self.user.base.files.blobs.get(self.user.origins.get(path, path))
        there, mine = self._theirs(path), self.user.changes[path]
        theirs = None if there is None else self.breaker.changes[there]
        return None if base is None or mine is None or theirs is None else (base, theirs, mine)

    def _merged(self, path: str) -> str | None:
        texts = self._texts(path)
        return None if texts is None or texts[1] == texts[2] else self._tables.merged(*texts)

    def _broken_words(self, path: str) -> bool:
        text = self.user.own.files.source(path)
        return any(word in text for word in self._words)

    @cached_property
    def _words(self) -> frozenset[bytes]:
        names = {part for change in self.breaker.breaks for part in change.name.split(".")[-2:]}
        names |= {
            self.breaker.base.modules.title(change.key).rpartition(".")[2] for change in self.breaker.breaks
        }
        return frozenset(name.encode() for name in names if name)

    def vanishing(self, path: str) -> frozenset[bytes]:
        """Words that the breaker has fewer of and the user more."""
        texts = self._texts(path)
        if texts is None or not path.endswith(".py"):
            return frozenset()
        base, theirs, mine = texts
        return self._tables.word_changes(base, theirs)[0] & self._tables.word_changes(base, mine)[1]

    @cached_property
    def resolver(self) -> Resolver:
        """The merged tree as far as names go; a file where changes touch is the user's."""
        changes = {path: blob for path, blob in self.breaker.changes.items() if path not in self.user.changes}
        for path, blob in self.merged.items():
            changes[path] = None
            changes[self.place(path)] = blob
        for path in self.merged.keys() & self.user.origins.keys():
            changes[self.user.origins[path]] = None
        return self.user.own.changed(changes)

    @cached_property
    def uses(self) -> list[Use]:
        """The uses after the merge. Needed only if a file is merged."""
        uses = [use for use in self.user.uses if use.path not in self.merged]
        for path in sorted(self.merged):
            uses += self._surviving(path)
        return uses

    @cached_property
    def by_hop(self) -> Mapping[Hop, list[Use]]:
        return by_hop(self.uses) if self.merged else self.user.uses_by_hop

    @cached_property
    def by_name(self) -> Mapping[str, list[Use]]:
        return by_name(self.uses) if self.merged else self.user.uses_by_name

    def _table(self, path: str) -> Table:
        grammar = grammar_for(path)
        return Table(definitions=()) if grammar is None else self._tables.table(self.merged[path], grammar)

    @property
    def _tables(self) -> Tables:
        return self.user.own.files.tables

    def _their_table(self, path: str) -> Table:
        return self.breaker.own.files.table(self._theirs(path) or path)

    def _surviving(self, path: str) -> Iterator[Use]:
        mine, theirs = self.user.own.files.table(path), self._their_table(path)
        both = self._table(path)
        known = Counter((imported.module, imported.name) for imported in theirs.imports)
        own = {(imported.module, imported.name): imported for imported in mine.imports}
        for brought in both.imports:
            key = (brought.module, brought.name)
            if known[key]:
                known[key] -= 1
            elif key in own:
                yield self.user.imported(path, own[key])
        places: dict[tuple[object, ...], list[Reference]] = defaultdict(list)
        for reference in mine.references:
            places[reference.shape].append(reference)
        for reference in fresh(theirs.references, both.references):
            same = places[reference.shape]
            if same:
                here = next((each for each in same if each.scope == reference.scope), same[0])
                same.remove(here)
                yield self.user.used(path, here)

    def undefined(self) -> Iterator[tuple[Break, Evidence]]:
        """Names of functions and modules that the merged text uses and nothing binds there, as on no side alone."""
        for path in sorted(self.merged):
            words = self.vanishing(path)
            if not words or self._theirs(path) not in self.breaker.focus:
                continue
            known = {
                *_unbound(self.user.own, path, self.user.own.files.table(path)),
                *_unbound(self.breaker.own, self._theirs(path) or path, self._their_table(path)),
            }
            for name, use in _unbound(self.resolver, self.place(path), self._table(path)).items():
                if name not in known and name.encode() in words and not use.guarded:
                    place = ".".join(filter(None, [use.scope, name]))
                    line = self._last_seen(path, name)
                    gone = Break(Reason.REMOVED, self.user.base.modules.key(path), place, path, line)
                    here = Use(path, use.line, use, None, Resolution(None, ()))
                    yield gone, Evidence(here, Severity.ERROR)

    def _last_seen(self, path: str, name: str) -> int:
        lines = self._tables.lines(self.user.base.files.blobs[self.user.origins.get(path, path)])
        return next((number for number, line in enumerate(lines, 1) if name in line), 1)


def _unbound(resolver: Resolver, path: str, table: Table) -> dict[str, Reference]:
    """Names that nothing binds: name -> a use. Nothing where a foreign module may bring any name."""
    stars = [brought for brought in table.imports if brought.name == "*"]
    if any(resolver.follow(path, star, []) in (None, EXTERNAL) for star in stars):
        return {}
    unbound: dict[str, Reference] = {}
    for reference in table.references:
        root = (reference.receiver or reference.name).partition(".")[0]
        if reference.local or reference.type or root in unbound or root in _GIVEN or not root.isidentifier():
            continue
        if resolver.root(path, reference.scope, root, []) is None:
            unbound[root] = reference
    return unbound
