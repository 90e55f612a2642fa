"""`duplicate-route`: one method and path answered by two handlers; and the routes of Python frameworks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devassist.conflicts.manifests.facts import Clash, Fact, gravest
from devassist.conflicts.manifests.module import (
    Function,
    Holder,
    Module,
    Receiver,
    Registration,
    RouteFact,
    argument,
    dotted_name,
    keyword,
    print_of,
    same_scope,
    text_of,
    texts_of,
)
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_VERBS = frozenset("get post put delete patch head options trace".split())
_PARAMETER = re.compile(
    r"<(?:(?P<converter>[^<>:]+):)?[^<>]*>|\{\$\}|\{[^{}:]*(?::(?P<pattern>[^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}"
)
_COLON = re.compile(r"(?<=/)[:*][A-Za-z_]\w*(?P<pattern>\([^)]*\))?\??")
_NAMED_GROUP = re.compile(r"\(\?P?<\w+>((?:[^()]|\([^()]*\))*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route as it is written, before it is compared with others."""

    method: str
    url: str
    receiver: Receiver
    handler: str
    print: str
    path: str
    line: int
    end_line: int
    sure: bool = True

    def fact(self) -> RouteFact:
        shown, key = normalised(self.url)
        return RouteFact(
            key=f"{self.method.upper()} {key}",
            value=f"{shown} {self.receiver.scope} {self.handler} {self.print}",
            path=self.path,
            line=self.line,
            end_line=self.end_line,
            scope=self.receiver.scope,
            kind=self.receiver.kind,
            prefix=self.receiver.prefix,
            sure=self.sure,
            method=self.method.upper(),
            url=self.url,
            shown=shown,
            handler=self.handler,
        )


def normalised(url: str) -> tuple[str, str]:
    """The path without the names of its parameters; and the same without converters and slash at the end."""
    plain = _NAMED_GROUP.sub(r"{\1}", url)
    exact = _PARAMETER.sub(_hole, plain)
    exact = _COLON.sub(lambda parameter: "{" + (parameter["pattern"] or "") + "}", exact)
    exact = "/" + exact.lstrip("/")
    loose = re.sub(r"\{(?:[^{}]|\{[^{}]*\})*\}", "{}", exact)
    return exact, loose.rstrip("/") or "/"


def _hole(parameter: re.Match[str]) -> str:
    if parameter[0] == "{$}":
        return ""
    return "{" + (parameter["converter"] or parameter["pattern"] or "") + "}"


def python_routes(module: Module) -> Iterator[Fact]:
    """Flask, FastAPI and what looks like them, and the url patterns of Django."""
    for function in module.functions:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                yield from _decorated(module, function, decorator, decorator.func)
    for call in module.calls:
        yield from _called(module, call)


def _decorated(module: Module, function: Function, call: ast.Call, verb: ast.Attribute) -> Iterator[Fact]:
    url = text_of(argument(call, 0, "path", "rule"))
    methods = _methods(verb.attr, call)
    if url is None or methods is None or (url and not url.startswith("/")):
        return
    receiver = module.receiver(verb.value)
    for method in methods:
        yield Route(
            method=method,
            url=receiver.prefix + url,
            receiver=receiver,
            handler=function.name,
            print=print_of(function),
            path=module.path,
            line=call.lineno,
            end_line=function.end_lineno or function.lineno,
        ).fact()


def _methods(verb: str, call: ast.Call) -> Sequence[str] | None:
    if verb in _VERBS:
        return [verb]
    if verb in {"websocket", "websocket_route"}:
        return ["websocket"]
    if verb in {"route", "api_route"}:
        stated = keyword(call, "methods") or keyword(call, "method")
        return ["GET"] if stated is None else texts_of(stated)
    return None


def _called(module: Module, call: ast.Call) -> Iterator[Fact]:
    name = dotted_name(call.func).rpartition(".")[2]
    receiver = Receiver(f"{module.path}:", Holder.FILE)
    methods: Sequence[str] | None = ["ANY"]
    handler: ast.expr | None = argument(call, 1, "view", "view_func", "endpoint", "viewset")
    urls = [text_of(argument(call, 0, "route", "path", "rule", "prefix", "regex"))]
    if isinstance(call.func, ast.Attribute) and name in {
        "add_url_rule",
        "add_api_route",
        "add_resource",
        "register",
    }:
        receiver = module.receiver(call.func.value)
        stated = keyword(call, "methods")
        methods = ["GET"] if stated is None and name != "add_resource" else texts_of(stated) or ["ANY"]
        if name == "add_url_rule":
            handler = argument(call, 2, "view_func")
        elif name == "add_resource":
            handler, urls = argument(call, 0, "resource"), [text_of(url) for url in call.args[1:]]
        elif name == "register":
            methods = ["ANY"] if "router" in receiver.scope.lower() else None
    elif name not in {"path", "re_path", "url"} or not module.path.rpartition("/")[2].startswith("urls"):
        return
    if handler is None or methods is None or _is_include(handler):
        return
    for url in urls:
        for method in methods if url is not None else ():
            plain = (
                (url or "").removeprefix("^").removesuffix("$") if name in {"re_path", "url"} else url or ""
            )
            yield Route(
                method=method,
                url=receiver.prefix + plain,
                receiver=receiver,
                handler=ast.unparse(handler)[:80],
                print=print_of(call),
                path=module.path,
                line=call.lineno,
                end_line=call.end_lineno or call.lineno,
            ).fact()


def _is_include(handler: ast.expr) -> bool:
    return isinstance(handler, ast.Call) and dotted_name(handler.func).rpartition(".")[2] == "include"


def duplicate_routes(clash: Clash) -> Iterator[Conflict]:
    """At most one conflict per method and path."""
    judged = [
        conflict
        for fact, other in clash.pairs(RouteFact)
        if not fact.changed and not other.changed and (conflict := _judged(clash, fact, other)) is not None
    ]
    worst = gravest(judged)
    if worst is not None:
        yield worst


def _judged(clash: Clash, fact: RouteFact, other: RouteFact) -> Conflict | None:
    severity = registration_severity(fact, other)
    if severity is None:
        return None
    if fact.shown != other.shown:
        slash = fact.shown.rstrip("/") == other.shown.rstrip("/")
        softer = Severity.WARNING if slash else Severity.NOTE
        severity = max(severity, softer, key=list(Severity).index)
    left, right = clash.left.name, clash.right.name
    return clash.narrowed([fact], [other]).conflict(
        ConflictKind.DUPLICATE_ROUTE,
        severity,
        symbol=fact.key,
        explanation=f"{left} answers {fact.key} with {fact.handler} ({fact.at}),"
        f" {right} with {other.handler} ({other.at})",
        suggestion=f"Keep one handler for {fact.key}, or give the other a path of its own",
    )


def registration_severity(fact: Registration, other: Registration) -> Severity | None:
    """The severity of two registrations of one name, by how surely they share an application; None if they do not."""
    kinds = {fact.kind, other.kind}
    if same_scope(fact.receiver, other.receiver):
        sure = Holder.UNKNOWN not in kinds and fact.sure and other.sure
        return Severity.ERROR if sure else Severity.WARNING
    if (
        Holder.FILE in kinds
        or kinds <= {Holder.APP, Holder.LOCAL}
        or _versions(fact.path) != _versions(other.path)
    ):
        return None
    if kinds == {Holder.ROUTER}:
        prefixes = {fact.prefix, other.prefix}
        return Severity.WARNING if len(prefixes) == 1 and prefixes != {""} else Severity.NOTE
    if kinds == {Holder.IMPORTED} or Holder.ROUTER in kinds:
        return Severity.NOTE
    return Severity.WARNING


def _versions(path: str) -> list[str]:
    """`v1` and `v2` of an interface have the same routes."""
    return re.findall(r"(?:^|[/_])(v\d+)(?=[/_.])", path.lower())
