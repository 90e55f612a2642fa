"""The names of the base that a branch removed, renamed, moved or changed, and the definitions it added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from devassist.conflicts.names.namespaces import EXTERNAL, Binding, Hop
from devassist.conflicts.names.references import Resolver
from devassist.conflicts.symbols.breaks import Added, Break, Reason
from devassist.conflicts.symbols.moves import Moves
from devassist.conflicts.symbols.signatures import same_call
from devassist.conflicts.syntax.tables import Definition, Flag


def _definitions(bindings: Iterable[Binding]) -> tuple[Definition, ...]:
    return tuple(binding.definition for binding in bindings if binding.definition is not None)


def variant(definition: Definition) -> str:
    """The part of a signature that distinguishes definitions of one name in languages that allow several."""
    if Flag.OVERLOADABLE in definition.flags:
        return ",".join(parameter.type for parameter in definition.parameters or ())
    return " ".join([*definition.conditions, definition.trait])


@dataclass
class Comparison:
    """One branch against the base, over the modules it changed."""

    base: Resolver
    own: Resolver
    paths: frozenset[str]

    def modules(self) -> list[str]:
        keys = {self.base.modules.key(path) for path in self.paths if path in self.base.files.blobs}
        keys |= {self.own.modules.key(path) for path in self.paths if path in self.own.files.blobs}
        return sorted(keys)

    def added(self) -> list[Added]:
        """Definitions that came, with those of a name that had other variants only."""
        added = []
        for key in self.modules():
            before = self.base.namespace(key)
            for name, bindings in self.own.namespace(key).items():
                known = {variant(definition) for definition in _definitions(before.get(name, ()))}
                if name in before and not known:
                    continue  # An import of that name became a definition.
                added += [
                    Added(key, binding.path, binding.definition)
                    for binding in bindings
                    if binding.definition is not None and variant(binding.definition) not in known
                ]
        return added

    def breaks(self, added: list[Added]) -> list[Break]:
        broken: list[Break] = []
        for key in self.modules():
            if self.base.modules.paths(key) and not self.own.modules.paths(key):
                broken.append(self._module_gone(key))
            before, after = self.base.namespace(key), self.own.namespace(key)
            for name, bindings in before.items():
                change = self._broken(key, name, bindings, after.get(name, []))
                if change is not None:
                    broken.append(change)
        broken += self._imports_gone()
        broken += self._unlisted({change.hop for change in broken})
        broken += self._constructors_came(added)
        moves = Moves(self.base, self.own, self.paths)
        return [
            moves.traced(change, added) if change.reason is Reason.REMOVED else change for change in broken
        ]

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
            return None  # Reported with its owner.
        if any(Flag.ENTRY in definition.flags for definition in olds) and not self._whole_object(key, owner):
            return None
        if owner and name.rpartition(".")[2] in ("__init__", "constructor"):
            return None
        return None if self._still_there(key, name) else gone

    def _whole_object(self, key: str, name: str) -> bool:
        """Whether a value is still an object literal, so that keys missing from it are gone."""
        return any(
            Flag.OBJECT in definition.flags
            for definition in _definitions(self.own.namespace(key).get(name, ()))
        )

    def _hidden(self, bindings: list[Binding], now: list[Binding]) -> bool:
        was = any(self.base.visible(binding) for binding in bindings)
        return was and not any(self.own.visible(binding) for binding in now)

    def _still_there(self, key: str, name: str) -> bool:
        """Whether the name is found in another way: by a star import, a submodule or a base class."""
        owner, _, last = name.rpartition(".")
        hops: list[Hop] = []
        if not owner:
            target = self.own.lookup(key, name, hops, outside=False)
        else:
            bindings = self.own.namespace(key).get(owner, [])
            holder = self.own.lookup(key, owner, hops, outside=False) if bindings else None
            target = None if holder is None else self.own.member(holder, last, hops)
            if target == EXTERNAL and "__getattr__" not in name:
                return self._inherits_outside(key, owner)
        return target is not None

    def _inherits_outside(self, key: str, owner: str) -> bool:
        """A removed member of a class with an unknown base may come from there only if the base is new."""
        before = {
            base
            for definition in _definitions(self.base.namespace(key).get(owner, ()))
            for base in definition.bases
        }
        after = {
            base
            for definition in _definitions(self.own.namespace(key).get(owner, ()))
            for base in definition.bases
        }
        return bool(after - before)

    def _imports_gone(self) -> list[Break]:
        """Removed imports of a file whose module has several files: its own code relies on them."""
        gone = []
        for path in sorted(self.paths):
            if path not in self.own.files.blobs or self.base.modules.key(path) == path:
                continue
            own_names = {brought.local for brought in self.own.files.table(path).imports}
            gone += [
                Break(Reason.REMOVED, path, brought.local, path, brought.line)
                for brought in self.base.files.table(path).imports
                if brought.local and brought.local not in own_names
            ]
        return gone

    def _unlisted(self, known: set[Hop]) -> list[Break]:
        """Names that left `__all__` and stay defined."""
        gone = []
        for path in sorted(self.paths):
            before, after = self.base.files.table(path).exports, self.own.files.table(path).exports
            for name in sorted(set(before or ()) - set(after or ())) if after is not None else ():
                bindings = self.base.namespace(path).get(name, [])
                if bindings and (path, name) not in known:
                    line = bindings[-1].definition.start if bindings[-1].definition else 1
                    gone.append(Break(Reason.REMOVED, path, name, path, line, inside=False, starred=True))
        return gone

    def _constructors_came(self, added: list[Added]) -> list[Break]:
        """A class that had no constructor of its own, and no base to have one, could be made without arguments."""
        changes = []
        for new in added:
            last, owner = new.definition.last, new.definition.owner
            holders = _definitions(self.base.namespace(new.key).get(owner, ()))
            if new.definition.name in self.base.namespace(new.key):
                continue  # It had one; this is another variant.
            if last in ("__init__", "constructor") and len(holders) == 1 and not holders[0].bases:
                plain = not holders[0].decorators
                first = (new.definition.parameters or ())[: 1 if last == "__init__" else 0]
                old = replace(new.definition, parameters=first)
                news = _definitions(self.own.namespace(new.key).get(new.definition.name, ()))
                if plain and not _same((old,), news):
                    spot = (new.key, new.definition.name, new.path, new.definition.start)
                    changes.append(Break(Reason.SIGNATURE, *spot, (old,), news, new.path))
        return changes


def _same(olds: tuple[Definition, ...], news: tuple[Definition, ...]) -> bool:
    """Whether no call can tell: definitions pair up with equal signatures."""
    if len(olds) != len(news):
        return False
    return all(
        same_call(old, new) and old.bases == new.bases and old.type == new.type
        for old, new in zip(olds, news, strict=True)
    )
