"""Routes of Go's muxes and subcommands of programs that are built with cobra."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from devassist.conflicts.manifests.facts import Fact, directory
from devassist.conflicts.manifests.module import CommandFact, Holder, Receiver
from devassist.conflicts.manifests.routes import Route
from devassist.conflicts.manifests.text import quoted
from devassist.conflicts.syntax.queries import Match, Source, last_line_of, line_of, parse_source
from devassist.domain.hashing import digest

_HINT = re.compile(
    r"""cobra\.Command|\.(?:HandleFunc|Handle|Any|(?i:get|post|put|delete|patch|head|options))\s*\(\s*["`]"""
)
_NAME = re.compile(r"[\w.:-]+")
_METHOD = re.compile(r'"(\w+)"|http\.Method(\w+)')
_MOST_GROUPS = 10

Groups = Mapping[str, Match]


def go_facts(path: str, text: str) -> Iterator[Fact]:
    """Each route, and each command; one whose parent the file does not name is a sibling of its package's others."""
    source = parse_source(path, text, __package__, "go") if _HINT.search(text) else None
    if source is not None:
        yield from (route.fact() for route in _routes(source))
        yield from _commands(source)


def _routes(source: Source) -> Iterator[Route]:
    groups = {source.text(match["group"]): match for match in source.named("group")}
    constructors = {source.text(match["made"]) for match in source.named("made")}
    seen: set[int] = set()
    for match in source.named("route"):
        call = match["route"]
        verb, _, url = (quoted(source.text(match["route.pattern"])) or "").rpartition(" ")
        if call.id in seen or not (url.startswith("/") or (verb and "/" in url)):
            continue
        seen.add(call.id)
        receiver = _receiver(source, match["route.receiver"], groups, constructors)
        above = receiver.prefix + _nested_prefix(source, call)
        whole, methods = _narrowed(source, call)
        stated = source.text(match["route.verb"])
        own = verb.strip() or ("ANY" if stated.startswith(("Handle", "Any")) else stated)
        handler = [node for node in match["route.arguments"].named_children if node.type != "comment"][-1]
        for method in methods or [own]:
            yield Route(
                method=method.upper(),
                url=above.rstrip("/") + url if above else url,
                receiver=receiver,
                handler=" ".join(source.text(handler).split())[:60],
                print=digest("".join(source.text(whole).split()))[:16],
                path=source.path,
                line=line_of(call),
                end_line=last_line_of(whole),
            )


def _narrowed(source: Source, call: Node) -> tuple[Node, list[str]]:
    """A call with the `.Methods(...)` behind it, and what these are."""
    verb = call.parent
    field = verb.child_by_field_name("field") if verb else None
    if verb is None or verb.parent is None or field is None or source.text(field) != "Methods":
        return call, []
    stated = source.text(verb.parent)[len(source.text(verb)) :]
    return verb.parent, [literal or constant for literal, constant in _METHOD.findall(stated)]


def _nested_prefix(source: Source, call: Node) -> str:
    around = (
        match
        for match in source.named("nest")
        if match["nest"].start_byte < call.start_byte < match["nest"].end_byte
    )
    return "".join(quoted(source.text(match["nest.prefix"])) or "" for match in around)


def _receiver(source: Source, node: Node, groups: Groups, constructors: set[str]) -> Receiver:
    root, prefix = ".".join(source.text(node).split(".")[-2:]), ""
    if root == "http":
        return Receiver(f"{directory(source.path)}:http.DefaultServeMux", Holder.APP)
    for _group in range(_MOST_GROUPS):
        if root not in groups:
            break
        prefix = (quoted(source.text(groups[root]["group.prefix"])) or "") + prefix
        root = source.text(groups[root]["group.receiver"])
    known = root in constructors
    return Receiver(
        f"{source.path}:{root}" if known else f"?{source.path}:{root}",
        Holder.APP if known else Holder.UNKNOWN,
        prefix,
    )


def _commands(source: Source) -> Iterator[Fact]:
    parents = _parents(source)
    package = directory(source.path)
    for match in source.named("command"):
        name = _NAME.match(quoted(source.text(match["command.use"])) or "")
        if name is None:
            continue
        variable = _variable(source, match["command"])
        parent = parents.get(variable) or _adder(source, match["command"])
        scope = f"{package}:{parent or '?'}"
        yield CommandFact(
            key=f"command {name[0]}",
            value=f"{scope} {digest(source.text(match['command.body'])[1:-1].split())[:16]}",
            path=source.path,
            line=line_of(match["command"]),
            end_line=last_line_of(match["command"]),
            scope=scope,
            kind=Holder.FILE,
            sure=bool(parent),
            name=name[0],
            what=variable or f"cobra command {name[0]}",
        )


def _variable(source: Source, literal: Node) -> str:
    """The variable that a command is assigned to."""
    values = literal.parent
    holder = values.parent if values is not None and values.type == "expression_list" else None
    target = holder and (holder.child_by_field_name("left") or holder.child_by_field_name("name"))
    return "" if target is None else source.text(target)


def _adder(source: Source, literal: Node) -> str:
    """The command to whose `AddCommand` a literal is an argument, itself or as the result of a function there."""
    start = literal.start_byte
    calls = [
        match
        for match in source.named("added")
        if match["added"].start_byte < start < match["added"].end_byte
    ]
    return source.text(calls[-1]["added.parent"]) if calls else ""


def _parents(source: Source) -> dict[str, str]:
    """Variable of a command -> the variable of the command it is added to."""
    return {
        source.text(node): source.text(match["added.parent"])
        for match in source.named("added")
        for node in match["added"].named_children
        if node.type == "identifier"
    }
