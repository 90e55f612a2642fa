"""Routes of Express and similar frameworks, and the mounts of their routers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from devassist.conflicts.manifests.facts import Fact, directory
from devassist.conflicts.manifests.module import Holder, Receiver
from devassist.conflicts.manifests.routes import Route
from devassist.conflicts.manifests.text import quoted
from devassist.conflicts.syntax.queries import Match, Source, last_line_of, line_of, parse_source
from devassist.domain.hashing import digest

_HINT = re.compile(r"\.\s*(?:get|post|put|delete|patch|head|options|all|route)\s*(?:<[^()]*>\s*)?\(\s*['\"`]")
_SERVER = re.compile(r"(app|router|server|fastify|routes?|api)$", re.IGNORECASE)
_APPS = frozenset("express fastify Fastify Hono Koa Elysia App polka restify.createServer".split())
_CHAINED = frozenset("get post put delete patch all".split())
_CALLS = frozenset({"call_expression", "new_expression"})
_WRAPPERS = frozenset({"await_expression", "as_expression", "satisfies_expression", "non_null_expression"})

Bindings = Mapping[str, Receiver]


class Mount(NamedTuple):
    """`child` is put below `prefix` of `parent`; `instead` of the prefix of its own."""

    child: Receiver
    parent: Receiver
    prefix: str
    instead: bool = False


def script_routes(path: str, text: str) -> Iterator[Fact]:
    source = parse_source(path, text, __package__, "script") if _HINT.search(text) else None
    if source is not None:
        yield from (route.fact() for route in _routes(source))


def script_wiring(path: str, text: str) -> tuple[list[Receiver], list[Mount]]:
    """The routers and applications that a file makes, and what its `use` calls mount where."""
    source = parse_source(path, text, __package__, "script")
    if source is None:
        return [], []
    imported = _imported(source)
    bound = {**imported, **_servers(source, imported)}
    receivers = [receiver for receiver in bound.values() if receiver.kind in (Holder.APP, Holder.ROUTER)]
    return receivers, [mount for match in source.named("use") for mount in _mounts(source, match, bound)]


def _mounts(source: Source, match: Match, bound: Bindings) -> Iterator[Mount]:
    parent = bound.get(_last_name(source, match["use.receiver"]))
    passed = _arguments(match["use"])
    if parent is None or parent.kind not in (Holder.APP, Holder.ROUTER, Holder.IMPORTED) or not passed:
        return
    first = source.text(passed[0])
    prefix = quoted(first)
    if prefix is None and first[:1] in "'\"`[/":
        return  # A computed path, or a list of them.
    for node in passed[prefix is not None :]:
        origin = _required(source, node) if node.type == "call_expression" else None
        child = Receiver(f"{origin}:*", Holder.IMPORTED) if origin else bound.get(source.text(node))
        if child is not None and child.kind in (Holder.ROUTER, Holder.IMPORTED):
            yield Mount(child, parent, prefix or "")


def _routes(source: Source) -> Iterator[Route]:
    servers = _servers(source, _imported(source))
    for match in source.named("route"):
        call, name = match["route"], _last_name(source, match["route.receiver"])
        receiver = servers.get(name)
        if receiver is None and _SERVER.search(name):
            receiver = Receiver(f"?{source.path}:{name}", Holder.UNKNOWN)
        url = quoted(source.text(match["route.url"]))
        if receiver is None or receiver.kind == Holder.LOCAL or url is None or not url.startswith("/"):
            continue
        verb, passed = match["route.verb"], _arguments(match["route.arguments"])
        if source.text(verb) == "route":
            yield from _chained(source, call, url, receiver)
        elif len(passed) > 1:
            yield _route(source, (verb, call, source.text(passed[-1])), url, receiver, call)


def _chained(source: Source, call: Node, url: str, receiver: Receiver) -> Iterator[Route]:
    """The verbs behind `router.route(url)`, each with its handlers."""
    member = call.parent
    while member is not None and member.type == "member_expression" and member.parent is not None:
        verb, call = member.child_by_field_name("property"), member.parent
        passed = call.child_by_field_name("arguments")
        if verb is None or passed is None or source.text(verb) not in _CHAINED:
            return
        yield _route(source, (verb, call, source.text(passed)[1:-1]), url, receiver, verb)
        member = call.parent


def _route(
    source: Source, stated: tuple[Node, Node, str], url: str, receiver: Receiver, first: Node
) -> Route:
    """`stated`: the verb, the call and the text of the handler; `first` is where the route begins."""
    verb, call, handler = stated
    method = source.text(verb)
    body = source.plain[first.start_byte : call.end_byte].decode("utf-8", "replace")
    return Route(
        method="ANY" if method == "all" else method.upper(),
        url=url,
        receiver=receiver,
        handler=" ".join(handler.split())[:60],
        print=digest("".join(body.split()))[:16],
        path=source.path,
        line=line_of(first),
        end_line=last_line_of(call),
    )


def _servers(source: Source, imported: Bindings) -> dict[str, Receiver]:
    """The variables to which routes may be added, by their constructor or import."""
    here = re.sub(r"(/index)?\.\w+$", "", source.path)
    servers: dict[str, Receiver] = {}
    for match in source.named("bound"):
        maker = _maker(source, match["bound.value"])
        if match["bound"].type != "identifier" or maker in ("", "require"):
            continue
        name = source.text(match["bound"])
        kind = Holder.ROUTER if maker.endswith("Router") else Holder.APP if maker in _APPS else Holder.LOCAL
        if kind != Holder.LOCAL or not _SERVER.search(name):
            servers[name] = Receiver(f"{here}:{name}", kind)
    return servers | {name: receiver for name, receiver in imported.items() if _SERVER.search(name)}


def _imported(source: Source) -> dict[str, Receiver]:
    imported: dict[str, Receiver] = {}
    for match in source.matches:
        if "import" in match:
            origin = _origin(source, quoted(source.text(match["import.origin"])) or "")
            pattern = match["import"]
        elif "bound" in match and (required := _required(source, match["bound.value"])):
            origin, pattern = required, match["bound"]
        else:
            continue
        for name, exported in _names(source, pattern):
            imported[name] = Receiver(f"{origin}:{exported}", Holder.IMPORTED)
    return imported


def _names(source: Source, pattern: Node) -> Iterator[tuple[str, str]]:
    """(name here, name there) of what an import clause or a pattern binds; `*` is the module or its default."""
    match pattern.type:
        case "identifier":
            yield source.text(pattern), "*"
        case "shorthand_property_identifier_pattern":
            yield source.text(pattern), source.text(pattern)
        case "import_specifier" | "pair_pattern":
            exported, *renamed = (source.text(node) for node in pattern.named_children)
            yield (renamed or [exported])[-1], exported
        case "import_clause" | "named_imports" | "object_pattern":
            for node in pattern.named_children:
                yield from _names(source, node)
        case _:
            return


def _maker(source: Source, value: Node) -> str:
    """The first callee of an expression: `express` in `await express().listen(80)`."""
    call = _first_call(value)
    return "" if call is None else source.text(_callee(call) or call)


def _required(source: Source, value: Node) -> str | None:
    """The module that an expression requires, as a path from the root if it is one of the project's."""
    call = _first_call(value)
    if call is None or source.text(_callee(call) or call) != "require":
        return None
    passed = call.child_by_field_name("arguments")
    name = quoted(source.text(passed)[1:-1]) if passed else None
    return None if name is None else _origin(source, name)


def _first_call(node: Node | None) -> Node | None:
    call = None
    while node is not None:
        if node.type in _CALLS:
            call, node = node, _callee(node)
        elif node.type == "member_expression":
            node = node.child_by_field_name("object")
        elif node.type in _WRAPPERS:
            node = node.named_child(0)
        else:
            break
    return call


def _callee(call: Node) -> Node | None:
    return call.child_by_field_name("function") or call.child_by_field_name("constructor")


def _origin(source: Source, origin: str) -> str:
    if not origin.startswith("."):
        return origin
    whole = posixpath.normpath(posixpath.join(directory(source.path), origin))
    return re.sub(r"(/index)?(\.[cm]?[jt]sx?)?$", "", whole)


def _last_name(source: Source, node: Node) -> str:
    """`app` of `this.app`."""
    return source.text(node.child_by_field_name("property") or node)


def _arguments(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]
