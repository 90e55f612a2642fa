"""What a branch took away or changed of the base's names, and where it went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from devassist.conflicts.names.namespaces import EXTERNAL, TYPES, Binding, Hop
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.signatures import same_call
from devassist.conflicts.symbols.similarity import likeness, shingles, tokens
from devassist.conflicts.syntax.languages import family_of
from devassist.conflicts.syntax.tables import Definition, Flag

_RENAMED = 0.6
"""From this likeness on, a definition that went and one that came are the same under another name."""


class Reason(StrEnum):
    """What happened to a name that others may rely on."""

    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    SIGNATURE = "signature"


class Break(NamedTuple):
    """
    A name that others may rely on and that a branch changed.

    `olds` and `news` are all its definitions (overloads); `inside` says that its own module misses it too.
    """

    reason: Reason
    key: str
    name: str
    path: str
    line: int
    olds: tuple[Definition, ...] = ()
    news: tuple[Definition, ...] = ()
    new_path: str = ""
    new_title: str = ""
    inside: bool = True
    starred: bool = False
    """Only who takes all names misses it: it is no longer listed in `__all__`."""

    @property
    def hop(self) -> Hop:
        return (self.key, self.name)


class Added(NamedTuple):
    """A definition that the base does not have."""

    key: str
    path: str
    definition: Definition

    @property
    def hop(self) -> Hop:
        return (self.key, self.definition.name)


def _definitions(bindings: Iterable[Binding]) -> tuple[Definition, ...]:
    return tuple(one.definition for one in bindings if one.definition is not None)


def variant(one: Definition) -> str:
    """What tells definitions of one name apart where a language lets them share it."""
    if Flag.OVERLOADABLE in one.flags:
        return ",".join(parameter.type for parameter in one.parameters or ())
    return " ".join([*one.conditions, one.trait])


@dataclass
class Comparison:
    """One branch against the base, over the modules it changed."""

    base: Resolver
    own: Resolver
    paths: frozenset[str]

    def modules(self) -> list[str]:
        found = {self.base.modules.key(path) for path in self.paths if path in self.base.files.blobs}
        found |= {self.own.modules.key(path) for path in self.paths if path in self.own.files.blobs}
        return sorted(found)

    def added(self) -> list[Added]:
        """Definitions that came, with those of a name that had other variants only."""
        found = []
        for key in self.modules():
            before = self.base.namespace(key)
            for name, bindings in self.own.namespace(key).items():
                known = {variant(one) for one in _definitions(before.get(name, ()))}
                if name in before and not known:
                    continue  # An import of that name became a definition.
                found += [
                    Added(key, one.path, one.definition)
                    for one in bindings
                    if one.definition is not None and variant(one.definition) not in known
                ]
        return found

    def breaks(self, added: list[Added]) -> list[Break]:
        found: list[Break] = []
        for key in self.modules():
            if self.base.modules.paths(key) and not self.own.modules.paths(key):
                found.append(self._module_gone(key))
            before, after = self.base.namespace(key), self.own.namespace(key)
            for name, bindings in before.items():
                one = self._broken(key, name, bindings, after.get(name, []))
                if one is not None:
                    found.append(one)
        found += self._imports_gone()
        found += self._unlisted({one.hop for one in found})
        found += self._constructors_came(added)
        return [self._traced(one, added) if one.reason is Reason.REMOVED else one for one in found]

    def _module_gone(self, key: str) -> Break:
        path = self.base.modules.paths(key)[0]
        return Break(Reason.REMOVED, key, "", path, 1)

    def _broken(self, key: str, name: str, bindings: list[Binding], now: list[Binding]) -> Break | None:
        olds, news = _definitions(bindings), _definitions(now)
        first = bindings[-1]
        line = first.definition.start if first.definition else first.brought.line if first.brought else 1
        gone = Break(Reason.REMOVED, key, name, first.path, line, olds)
        if now:
            if self._hidden(bindings, now):
                return gone._replace(inside=False)
            changed = olds and news and not _same(olds, news)
            return (
                gone._replace(reason=Reason.SIGNATURE, news=news, new_path=now[-1].path) if changed else None
            )
        owner = name.rpartition(".")[0]
        if owner and owner in self.base.namespace(key) and owner not in self.own.namespace(key):
            return None  # Told with its owner.
        if any(Flag.ENTRY in one.flags for one in olds) and not self._whole_object(key, owner):
            return None
        if owner and name.rpartition(".")[2] in ("__init__", "constructor"):
            return None
        return None if self._still_there(key, name) else gone

    def _whole_object(self, key: str, name: str) -> bool:
        """Whether a value is still an object that is written out, so that what is not in it is gone."""
        return any(Flag.OBJECT in one.flags for one in _definitions(self.own.namespace(key).get(name, ())))

    def _hidden(self, bindings: list[Binding], now: list[Binding]) -> bool:
        was = any(self.base.visible(one) for one in bindings)
        return was and not any(self.own.visible(one) for one in now)

    def _still_there(self, key: str, name: str) -> bool:
        """Found by other ways: a star import, a submodule, a base class."""
        owner, _, last = name.rpartition(".")
        hops: list[Hop] = []
        if not owner:
            found = self.own.lookup(key, name, hops, outside=False)
        else:
            bindings = self.own.namespace(key).get(owner, [])
            holder = self.own.lookup(key, owner, hops, outside=False) if bindings else None
            found = None if holder is None else self.own.member(holder, last, hops)
            if found == EXTERNAL and "__getattr__" not in name:
                return self._inherits_outside(key, owner)
        return found is not None

    def _inherits_outside(self, key: str, owner: str) -> bool:
        """A removed member of a class with an unknown base may come from there only if the base is new."""
        before = {base for one in _definitions(self.base.namespace(key).get(owner, ())) for base in one.bases}
        after = {base for one in _definitions(self.own.namespace(key).get(owner, ())) for base in one.bases}
        return bool(after - before)

    def _imports_gone(self) -> list[Break]:
        """Where a module has many files, a file's own imports are names that its own code relies on."""
        found = []
        for path in sorted(self.paths):
            if path not in self.own.files.blobs or self.base.modules.key(path) == path:
                continue
            kept = {one.local for one in self.own.files.table(path).imports}
            found += [
                Break(Reason.REMOVED, path, one.local, path, one.line)
                for one in self.base.files.table(path).imports
                if one.local and one.local not in kept
            ]
        return found

    def _unlisted(self, known: set[Hop]) -> list[Break]:
        """Names that left `__all__` and stay defined."""
        found = []
        for path in sorted(self.paths):
            before, after = self.base.files.table(path).exports, self.own.files.table(path).exports
            for name in sorted(set(before or ()) - set(after or ())) if after is not None else ():
                bindings = self.base.namespace(path).get(name, [])
                if bindings and (path, name) not in known:
                    line = bindings[-1].definition.start if bindings[-1].definition else 1
                    found.append(Break(Reason.REMOVED, path, name, path, line, inside=False, starred=True))
        return found

    def _constructors_came(self, added: list[Added]) -> list[Break]:
        """A class that had no constructor of its own, and no base to have one, could be made without arguments."""
        found = []
        for one in added:
            last, owner = one.definition.last, one.definition.owner
            holders = _definitions(self.base.namespace(one.key).get(owner, ()))
            if one.definition.name in self.base.namespace(one.key):
                continue  # It had one; this is another variant.
            if last in ("__init__", "constructor") and len(holders) == 1 and not holders[0].bases:
                plain = not holders[0].decorators
                first = (one.definition.parameters or ())[: 1 if last == "__init__" else 0]
                old = replace(one.definition, parameters=first)
                news = _definitions(self.own.namespace(one.key).get(one.definition.name, ()))
                if plain and not _same((old,), news):
                    spot = (one.key, one.definition.name, one.path, one.definition.start)
                    found.append(Break(Reason.SIGNATURE, *spot, (old,), news, one.path))
        return found

    def _traced(self, gone: Break, added: list[Added]) -> Break:
        """The same break as moved or renamed, where what came looks like what went."""
        if not gone.name:
            return self._module_moved(gone)
        if not gone.olds:
            return gone
        old = gone.olds[-1]
        same_name = [
            one
            for one in added
            if one.definition.last == old.last and one.definition.kind == old.kind and one.key != gone.key
        ]
        renamed = [
            one
            for one in added
            if one.key == gone.key
            and _alike_kind(one.definition, old)
            and (one.definition.owner == old.owner or one.definition.last == old.last)
        ]
        for reason, options in ((Reason.MOVED, same_name), (Reason.RENAMED, renamed)):
            scored = [(self._alike(gone.path, old, one), one) for one in options]
            score, best = max(scored, key=lambda item: item[0], default=(0.0, None))
            if best is not None and (score >= _RENAMED or (reason is Reason.MOVED and len(options) == 1)):
                where = self.own.modules.title(best.key)
                title = ".".join(filter(None, [where, best.definition.name]))
                return gone._replace(
                    reason=reason, news=(best.definition,), new_path=best.path, new_title=title
                )
        return gone

    def _module_moved(self, gone: Break) -> Break:
        names = {one.name for one in self.base.files.table(gone.path).definitions}
        best, score = "", 0.0
        for path in self.paths:
            if path in self.own.files.blobs and path not in self.base.files.blobs:
                others = {one.name for one in self.own.files.table(path).definitions}
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


def _alike_kind(one: Definition, other: Definition) -> bool:
    return one.kind == other.kind or (one.kind in TYPES and other.kind in TYPES)


def _same(olds: tuple[Definition, ...], news: tuple[Definition, ...]) -> bool:
    """Whether no call can tell: definitions pair up with equal signatures."""
    if len(olds) != len(news):
        return False
    return all(
        same_call(old, new) and old.bases == new.bases and old.type == new.type
        for old, new in zip(olds, news, strict=True)
    )
