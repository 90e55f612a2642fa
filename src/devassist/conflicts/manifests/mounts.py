"""Finds the mounts of routers: the whole path of a route whose router another file mounts below a prefix."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from devassist.conflicts.manifests.facts import Fact, is_test
from devassist.conflicts.manifests.module import (
    Holder,
    Module,
    Receiver,
    RouteFact,
    argument,
    keyword,
    parse_module,
    same_scope,
    text_of,
)
from devassist.conflicts.manifests.routes import normalised
from devassist.conflicts.manifests.script import Mount, script_wiring
from devassist.git.merging.tree_view import TreeChange, TreeView
from devassist.git.objects.trees import EXECUTABLE, FILE, Entry

_PYTHON = re.compile(
    rb"include_router\(|register_blueprint\(|\.mount\(|APIRouter\(|Blueprint\(|\bFlask\(|\bFastAPI\("
)
_SCRIPT = re.compile(rb"\.use\(|\bRouter\(")
_SCRIPTS = (".js", ".ts", ".mjs", ".cjs", ".mts", ".cts")
_LARGEST = 300_000
_MOST_FILES = 20_000
_DEEPEST = 6
_MOST_PLACES = 4


class Wiring(NamedTuple):
    """The routers and applications that a file makes, its mounts, and the imported names that it passes on."""

    receivers: tuple[Receiver, ...] = ()
    mounts: tuple[Mount, ...] = ()
    passed: Mapping[str, Receiver] = {}


_NOTHING = Wiring()


@dataclass
class Wirings:
    """The wirings of whole trees. A file is read once per content, and none before a route needs them."""

    view: TreeView
    _read: dict[tuple[str, str], Wiring] = field(default_factory=dict)
    _trees: dict[tuple[str, bool], Mapping[str, Wiring]] = field(default_factory=dict)

    def placed(self, fact: Fact, base_tree: str, changes: Mapping[str, TreeChange]) -> Iterator[Fact]:
        """The fact as it is, or one for each place in which the router of its route is mounted."""
        python = fact.path.endswith(".py")
        readable = python or fact.path.endswith(_SCRIPTS)
        if (
            not isinstance(fact, RouteFact)
            or fact.kind not in (Holder.ROUTER, Holder.IMPORTED)
            or not readable
        ):
            yield fact
        else:
            wirings = self._of_side(base_tree, changes, python=python)
            own = fact.receiver
            places = list(_places(own, wirings, fact.url.removeprefix(own.prefix), _DEEPEST))
            if not places or len(places) > _MOST_PLACES:
                yield fact
            else:
                yield from (_moved(fact, root, url) for root, url in places)

    def _of_side(
        self, base_tree: str, changes: Mapping[str, TreeChange], *, python: bool
    ) -> Sequence[Wiring]:
        key = (base_tree, python)
        if key not in self._trees:
            if len(self._trees) > 8:  # noqa: PLR2004 - trees of one repository, one after another
                self._trees.clear()
            self._trees[key] = dict(self._all(self.view.walk(base_tree), python=python))
        wirings = dict(self._trees[key])
        for path, change in changes.items():
            wirings.pop(path, None)
            if change.new is not None:
                wirings.update(self._all([(path, change.new)], python=python))
        return list(wirings.values())

    def _all(self, entries: Iterable[tuple[str, Entry]], *, python: bool) -> Iterator[tuple[str, Wiring]]:
        endings = (".py",) if python else _SCRIPTS
        count = 0
        for path, entry in entries:
            if (
                not path.endswith(endings)
                or is_test(path)
                or "node_modules/" in path
                or entry.mode not in (FILE, EXECUTABLE)
            ):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            wiring = self._file(path, entry.id)
            if wiring != _NOTHING:
                yield path, wiring

    def _file(self, path: str, blob: str) -> Wiring:
        key = (path, blob)
        if key not in self._read:
            source = self.view.blob(blob)
            hint = _PYTHON if path.endswith(".py") else _SCRIPT
            passing = path.endswith("/__init__.py") and b"import" in source
            relevant = len(source) <= _LARGEST and (passing or hint.search(source) is not None)
            text = source.decode("utf-8", "replace") if relevant else ""
            read = _python_wiring if path.endswith(".py") else _script_wiring
            self._read[key] = read(path, text) if text else _NOTHING
        return self._read[key]


def _script_wiring(path: str, text: str) -> Wiring:
    receivers, mounts = script_wiring(path, text)
    return Wiring(tuple(receivers), tuple(mounts))


def _python_wiring(path: str, text: str) -> Wiring:
    module = parse_module(path, text)
    if module is None:
        return _NOTHING
    receivers = tuple(
        receiver for receiver in module.bound.values() if receiver.kind in (Holder.ROUTER, Holder.APP)
    )
    passed = {}
    if path.endswith("__init__.py"):
        passed = {
            f"{module.name}:{name}": receiver
            for name, receiver in module.bound.items()
            if receiver.kind == Holder.IMPORTED
        }
    mounts = tuple(mount for call in module.calls for mount in _mounted(module, call))
    return Wiring(receivers, mounts, passed)


def _mounted(module: Module, call: ast.Call) -> Iterator[Mount]:
    verb = call.func
    if not isinstance(verb, ast.Attribute) or verb.attr not in ("include_router", "register_blueprint"):
        return
    child = argument(call, 0, "router", "blueprint")
    if child is None:
        return
    flask = verb.attr == "register_blueprint"
    stated = keyword(call, "url_prefix" if flask else "prefix")
    prefix = "" if stated is None else text_of(stated)
    if prefix is not None:
        # Flask puts the prefix given here in the place of the blueprint's own.
        yield Mount(
            module.of_module(child),
            module.of_module(verb.value),
            prefix,
            instead=flask and stated is not None,
        )


def _places(
    router: Receiver, wirings: Sequence[Wiring], url: str, deepest: int
) -> Iterator[tuple[Receiver, str]]:
    """(application, whole path) for every chain of mounts above a router; nothing if there is none."""
    own = _original(router, wirings)
    for wiring in wirings if deepest else ():
        for mount in wiring.mounts:
            if not _is(_original(mount.child, wirings), own):
                continue
            above = _original(mount.parent, wirings)
            below = mount.prefix + ("" if mount.instead else own.prefix)
            whole = _joined(below, url)
            if above.kind is Holder.ROUTER:
                yield from _places(above, wirings, whole, deepest - 1)
            elif above.kind in (Holder.APP, Holder.UNKNOWN):
                yield above, whole


def _original(router: Receiver, wirings: Sequence[Wiring]) -> Receiver:
    """The router behind an imported name, also if packages between them pass it on."""
    for _hop in range(_DEEPEST):
        if router.kind is not Holder.IMPORTED:
            break
        originals = [
            receiver for wiring in wirings for receiver in wiring.receivers if same_scope(router, receiver)
        ]
        if len(originals) == 1:
            return originals[0]
        routers = [receiver for receiver in originals if receiver.kind == Holder.ROUTER]
        if len(routers) == 1:  # A file that is imported as a whole shows one thing.
            return routers[0]
        passed = next(
            (wiring.passed[router.scope] for wiring in wirings if router.scope in wiring.passed), None
        )
        if passed is None:
            break
        router = passed
    return router


def _is(receiver: Receiver, other: Receiver) -> bool:
    return receiver.scope == other.scope or same_scope(receiver, other)


def _joined(prefix: str, url: str) -> str:
    if not prefix:
        return url
    return prefix.rstrip("/") + ("/" + url.lstrip("/") if url else "")


def _moved(fact: RouteFact, root: Receiver, url: str) -> RouteFact:
    shown, key = normalised(url)
    return replace(
        fact, key=f"{fact.method} {key}", shown=shown, scope=root.scope, kind=root.kind, prefix="", url=url
    )
