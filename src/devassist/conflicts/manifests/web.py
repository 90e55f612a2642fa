"""Routes of Express and its like, and of Spring's annotations, read from the text."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from devassist.conflicts.manifests.facts import Fact, directory
from devassist.conflicts.manifests.module import Receiver
from devassist.conflicts.manifests.routes import Route
from devassist.conflicts.manifests.text import Lines, arguments, closing, quoted, without_comments
from devassist.domain.hashing import digest

_JS_CALL = re.compile(
    r"\b(?P<on>[A-Za-z_$][\w$]*)\s*\.\s*(?P<verb>get|post|put|delete|patch|head|options|all|route)\s*\((?=\s*['\"`])"
)
_JS_MADE = re.compile(
    r"\b(?:const|let|var)\s+(?P<name>[\w$]+)(?:\s*:\s*[\w.<>]+)?\s*=\s*(?:new\s+)?(?:await\s+)?(?P<maker>[\w$.]+)\s*(?:<[^>]*>)?\("
)
_JS_IMPORT = re.compile(
    r"""\bimport\s+(?P<name>[\w$]+)?\s*,?\s*(?:\{(?P<names>[^}]*)\})?\s*from\s*['"](?P<from>[^'"]+)['"]"""
    r"""|\b(?:const|let|var)\s+(?:(?P<held>[\w$]+)|\{(?P<taken>[^}]*)\})\s*=\s*require\(\s*['"](?P<required>[^'"]+)['"]\s*\)"""
)
_JS_USE = re.compile(r"\b(?P<on>[A-Za-z_$][\w$]*)\s*\.\s*use\s*\(")
_JS_REQUIRED = re.compile(r"""require\(\s*['"]([^'"]+)['"]\s*\)""")
_JS_CHAINED = re.compile(r"\s*\.\s*(get|post|put|delete|patch|all)\s*\(")
_SERVER = re.compile(r"(app|router|server|fastify|routes?|api)$", re.IGNORECASE)
_JS_APPS = frozenset("express fastify Fastify Hono Koa Elysia App polka restify.createServer".split())

_SPRING = re.compile(r"@(?P<verb>Get|Post|Put|Delete|Patch|Request)Mapping\b")
_JAVA_AFTER = re.compile(
    r"\s*(?:@[\w.]+|public|protected|private|final|abstract|static|open|sealed|data|default|synchronized|suspend)\b"
)
_JAVA_CLASS = re.compile(r"\s*(?:class|interface|record)\s+\w+")
_JAVA_METHOD = re.compile(r"[^;{}=]*?\b(\w+)\s*\(")
_NARROWED = re.compile(r"\b(params|headers|consumes|produces|version)\s*=")
_CONDITIONAL = re.compile(r"@(?:Profile|Conditional\w*)\b")


@dataclass(frozen=True, slots=True)
class _Source:
    path: str
    text: str
    lines: Lines

    def route(self, method: str, url: str, receiver: Receiver, span: tuple[int, int], handler: str) -> Route:
        body = "".join(self.text[span[0] : span[1]].split())
        return Route(
            method=method.upper(),
            url=url,
            receiver=receiver,
            handler=" ".join(handler.split())[:60],
            print=digest(body)[:16],
            path=self.path,
            line=self.lines.at(span[0]),
            end_line=self.lines.at(max(span[0], span[1] - 1)),
        )


def web_routes(path: str, text: str) -> Iterator[Fact]:
    """Routes by the file's language."""
    ending = path.rpartition(".")[2]
    hint = _SPRING if ending in {"java", "kt"} else _JS_CALL
    if hint.search(text) is None:
        return
    plain = without_comments(text)
    source = _Source(path, plain, Lines(plain))
    routes = _spring(source) if ending in {"java", "kt"} else _express(source)
    yield from (route.fact() for route in routes)


def _express(source: _Source) -> Iterator[Route]:
    bound = _js_bindings(source)
    for found in _JS_CALL.finditer(source.text):
        receiver = bound.get(found["on"])
        if receiver is None and _SERVER.search(found["on"]):
            receiver = Receiver(f"?{source.path}:{found['on']}", "unknown")
        opening = found.end() - 1
        end = closing(source.text, opening)
        given = arguments(source.text[opening + 1 : end])
        url = quoted(given[0]) if given else None
        if receiver is None or receiver.kind == "local" or url is None or not url.startswith("/"):
            continue
        if found["verb"] == "route":
            yield from _chained(source, url, receiver, end + 1)
        elif len(given) > 1:
            method = "ANY" if found["verb"] == "all" else found["verb"]
            yield source.route(method, url, receiver, (found.start(), end + 1), given[-1])


def _chained(source: _Source, url: str, receiver: Receiver, at: int) -> Iterator[Route]:
    while (found := _JS_CHAINED.match(source.text, at)) is not None:
        at = closing(source.text, found.end() - 1) + 1
        handler = source.text[found.end() : at - 1]
        method = "ANY" if found[1] == "all" else found[1]
        yield source.route(method, url, receiver, (found.start(1), at), handler)


def _js_bindings(source: _Source) -> dict[str, Receiver]:
    here = re.sub(r"(/index)?\.\w+$", "", source.path)
    bound: dict[str, Receiver] = {}
    for found in _JS_MADE.finditer(source.text):
        maker = found["maker"]
        if maker == "require":
            continue
        kind = "router" if maker.endswith("Router") else "app" if maker in _JS_APPS else "local"
        if kind != "local" or not _SERVER.search(found["name"]):
            bound[found["name"]] = Receiver(f"{here}:{found['name']}", kind)
    bound |= {name: one for name, one in _js_imported(source).items() if _SERVER.search(name)}
    return bound


def _js_imported(source: _Source) -> dict[str, Receiver]:
    bound: dict[str, Receiver] = {}
    for found in _JS_IMPORT.finditer(source.text):
        origin = _js_origin(source, found["from"] or found["required"])
        if single := found["name"] or found["held"]:
            bound[single] = Receiver(f"{origin}:*", "imported")
        for one in (found["names"] or found["taken"] or "").split(","):
            name, _, alias = re.sub(r"\s+as\s+|\s*:\s*", "=", one.strip()).partition("=")
            if name:
                bound[alias or name] = Receiver(f"{origin}:{name}", "imported")
    return bound


def _js_origin(source: _Source, origin: str) -> str:
    if not origin.startswith("."):
        return origin
    whole = posixpath.normpath(posixpath.join(directory(source.path), origin))
    return re.sub(r"(/index)?(\.[cm]?[jt]sx?)?$", "", whole)


class Mount(NamedTuple):
    """`child` is put below `prefix` of `parent`; `instead` of the prefix of its own."""

    child: Receiver
    parent: Receiver
    prefix: str
    instead: bool = False


def script_wiring(path: str, text: str) -> tuple[list[Receiver], list[Mount]]:
    """The routers and applications that a file makes, and what its `use` calls mount where."""
    plain = without_comments(text)
    source = _Source(path, plain, Lines(plain))
    bound = {**_js_imported(source), **_js_bindings(source)}
    mounts = []
    for found in _JS_USE.finditer(plain):
        parent = bound.get(found["on"])
        given = arguments(plain[found.end() : closing(plain, found.end() - 1)])
        prefix = quoted(given[0]) if given else None
        if parent is None or parent.kind not in ("app", "router", "imported") or not given:
            continue
        if prefix is None and given[0].strip()[:1] in "'\"`[/":
            continue  # A computed path, or a list of them.
        for one in given[prefix is not None :]:
            name = one.strip()
            required = _JS_REQUIRED.fullmatch(name)
            child = (
                Receiver(f"{_js_origin(source, required[1])}:*", "imported") if required else bound.get(name)
            )
            if child is not None and child.kind in ("router", "imported"):
                mounts.append(Mount(child, parent, prefix or ""))
    return [one for one in bound.values() if one.kind in ("app", "router")], mounts


def _spring(source: _Source) -> Iterator[Route]:
    if "@FeignClient" in source.text:
        return
    classes: list[tuple[int, int, str, str]] = []
    found_methods: list[tuple[re.Match[str], str, int]] = []
    for found in _SPRING.finditer(source.text):
        given, after = _annotation(source.text, found.end())
        after = _past_modifiers(source.text, after)
        if _JAVA_CLASS.match(source.text, after):
            opening = source.text.find("{", after)
            end = closing(source.text, opening) if opening >= 0 else after
            narrowed = given if _NARROWED.search(given) else ""
            classes += [(after, end, prefix, narrowed) for prefix in _spring_paths(given)[:1]]
        else:
            found_methods.append((found, given, after))
    root = re.split(r"(^|/)src/main/", source.path)[0]
    unsure = _CONDITIONAL.search(source.text) is not None
    for found, given, after in found_methods:
        inside = [one for one in classes if one[0] < found.start() < one[1]]
        prefix = "".join(one[2].rstrip("/") for one in inside)
        sure = not unsure and not _NARROWED.search(given) and not any(one[3] for one in inside)
        yield from _spring_method(
            source, (found, given, after), Receiver(f"{root}:spring", "app", prefix), sure
        )


def _spring_method(
    source: _Source,
    found: tuple[re.Match[str], str, int],
    receiver: Receiver,
    sure: bool,  # noqa: FBT001
) -> Iterator[Route]:
    mapping, given, after = found
    named = _JAVA_METHOD.match(source.text, after)
    if named is None:
        return
    opening = source.text.find("{", closing(source.text, named.end() - 1))
    end = closing(source.text, opening) + 1 if opening >= 0 else named.end()
    verbs = (
        re.findall(r"\b(GET|POST|PUT|DELETE|PATCH)\b", given)
        if mapping["verb"] == "Request"
        else [mapping["verb"]]
    )
    for path in _spring_paths(given):
        for verb in verbs or ["ANY"]:
            url = receiver.prefix + ("/" + path.lstrip("/") if path else "")
            one = source.route(verb, url or "/", receiver, (mapping.start(), end), named[1])
            yield Route(
                **{name: getattr(one, name) for name in one.__dataclass_fields__ if name != "sure"}, sure=sure
            )


def _annotation(text: str, at: int) -> tuple[str, int]:
    opened = re.compile(r"\s*\(").match(text, at)
    if opened is None:
        return "", at
    end = closing(text, opened.end() - 1)
    return text[opened.end() : end], end + 1


def _past_modifiers(text: str, at: int) -> int:
    while (found := _JAVA_AFTER.match(text, at)) is not None:
        at = _annotation(text, found.end())[1] if "@" in found[0] else found.end()
    return at


def _spring_paths(given: str) -> list[str]:
    """The literal paths of a mapping; one empty path when it has none; nothing when it is computed."""
    for one in arguments(given):
        name, equals, value = one.partition("=") if re.match(r"\w+\s*=", one) else ("value", "=", one)
        if equals and name.strip() in {"value", "path"}:
            listed = arguments(value.strip()[1:-1]) if value.strip()[:1] in {"{", "["} else [value]
            found = [quoted(item) for item in listed]
            return [item for item in found if item is not None]
    return [""]
