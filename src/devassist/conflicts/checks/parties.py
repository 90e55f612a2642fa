"""The parties of a merge: each branch since it forked, and the base since then, with every version of a source file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from devassist.conflicts.checks.sections import Change, Outline, difference, outline
from devassist.conflicts.checks.speculation import Speculation
from devassist.conflicts.names.blob_tables import Files, Tables, source_files
from devassist.conflicts.syntax.languages import LARGEST, family_of, grammar_for, parses
from devassist.domain.conflicts import Side
from devassist.git.merging.tree_view import TreeChange
from devassist.git.objects.trees import EXECUTABLE, FILE, Entry


class Party(NamedTuple):
    """What turned one tree into another: `before` and `after` are tree ids, `name` the branch."""

    name: str
    before: str
    after: str


def parties_of(speculation: Speculation, sides: Sequence[Side]) -> list[Party] | None:
    """Each branch since its fork point, and the base since then; None if a branch shares no history with the base."""
    repository, base = speculation.referee.view, speculation.base
    parties: list[Party] = []
    for side in sides:
        fork = repository.merge_base(side.commit, base.commit)
        if fork is None:
            return None
        tree = repository.tree_of(fork)
        parties.append(Party(side.name, tree, side.tree))
        if fork != base.commit:
            parties.append(Party(base.name, tree, base.tree))
    return parties


@dataclass
class Versions:
    """The source files of one language family in a tree, together with every version that a party has of them."""

    tables: Tables
    base_tree: str
    parties: Sequence[Party]
    family: str
    files: Files = field(init=False)
    """One version of each path, for looking up modules."""
    blobs: dict[str, list[str]] = field(init=False)
    """Path -> blob ids of its versions."""
    edits: dict[str, list[tuple[str, str | None, str | None]]] = field(init=False)
    """Party -> (path, blob before, blob after) of the source files that it changed."""
    others: dict[str, set[str]] = field(init=False)
    """Party -> paths of all other files that it changed."""
    _outlines: dict[tuple[str, str], Outline] = field(default_factory=dict)

    def __post_init__(self) -> None:
        base = source_files(self.tables, self.base_tree, ())
        newest = {path: blob for path, blob in base.blobs.items() if family_of(path) == self.family}
        self.blobs = {path: [blob] for path, blob in newest.items()}
        self.edits, self.others = defaultdict(list), defaultdict(set)
        for party in self.parties:
            for path, change in self.tables.view.changes(party.before, party.after).items():
                if family_of(path) == self.family:
                    self._take(party, path, change)
                else:
                    self.others[party.name].add(path)
        self.files = Files(self.tables, {path: blobs[0] for path, blobs in self.blobs.items()}, base.settings)

    def _take(self, party: Party, path: str, change: TreeChange) -> None:
        old, new = _blob(change.old), _blob(change.new)
        self.edits[party.name].append((path, old, new))
        known = self.blobs.setdefault(path, []) if old or new else []
        known += [blob for blob in (old, new) if blob and blob not in known]

    def outline(self, path: str, blob: str | None) -> Outline | None:
        """The sections of one version of a file; None if it does not exist there."""
        grammar = grammar_for(path)
        if blob is None or grammar is None:
            return None
        key = (blob, grammar.name)
        if key not in self._outlines:
            source = self.tables.view.text(blob)[:LARGEST]
            table = self.tables.table(blob, grammar)
            self._outlines[key] = outline(source, table, parses=parses(grammar, source.encode()))
        return self._outlines[key]

    def changes(self, party: str) -> dict[str, Change]:
        """Path -> how the party changed it; the furthest-reaching change if there are several."""
        changes: dict[str, Change] = {}
        for path, old, new in self.edits.get(party, ()):
            change = difference(path, self.outline(path, old), self.outline(path, new))
            changes[path] = max(change, changes.get(path, Change.NONE))
        return changes


def _blob(entry: Entry | None) -> str | None:
    return entry.id if entry is not None and entry.mode in (FILE, EXECUTABLE) else None
