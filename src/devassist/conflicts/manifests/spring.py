"""Routes of Spring's annotations, read from the text, as no grammar of ours knows Kotlin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from devassist.conflicts.manifests.facts import Fact
from devassist.conflicts.manifests.module import Holder, Receiver
from devassist.conflicts.manifests.routes import Route
from devassist.conflicts.manifests.text import Lines, arguments, closing, quoted, without_comments
from devassist.domain.hashing import digest

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


def spring_routes(path: str, text: str) -> Iterator[Fact]:
    """Each method with a mapping, in Java and Kotlin."""
    if _SPRING.search(text) is not None:
        plain = without_comments(text)
        yield from (route.fact() for route in _spring(_Source(path, plain, Lines(plain))))


def _spring(source: _Source) -> Iterator[Route]:
    if "@FeignClient" in source.text:
        return
    classes: list[tuple[int, int, str, str]] = []
    found_methods: list[tuple[re.Match[str], str, int]] = []
    for mapping in _SPRING.finditer(source.text):
        attributes, after = _annotation(source.text, mapping.end())
        after = _past_modifiers(source.text, after)
        if _JAVA_CLASS.match(source.text, after):
            opening = source.text.find("{", after)
            end = closing(source.text, opening) if opening >= 0 else after
            narrowed = attributes if _NARROWED.search(attributes) else ""
            classes += [(after, end, prefix, narrowed) for prefix in _spring_paths(attributes)[:1]]
        else:
            found_methods.append((mapping, attributes, after))
    root = re.split(r"(^|/)src/main/", source.path)[0]
    unsure = _CONDITIONAL.search(source.text) is not None
    for mapping, attributes, after in found_methods:
        inside = [around for around in classes if around[0] < mapping.start() < around[1]]
        prefix = "".join(around[2].rstrip("/") for around in inside)
        sure = not unsure and not _NARROWED.search(attributes) and not any(around[3] for around in inside)
        yield from _spring_method(
            source, (mapping, attributes, after), Receiver(f"{root}:spring", Holder.APP, prefix), sure
        )


def _spring_method(
    source: _Source,
    stated: tuple[re.Match[str], str, int],
    receiver: Receiver,
    sure: bool,  # noqa: FBT001
) -> Iterator[Route]:
    mapping, attributes, after = stated
    named = _JAVA_METHOD.match(source.text, after)
    if named is None:
        return
    opening = source.text.find("{", closing(source.text, named.end() - 1))
    end = closing(source.text, opening) + 1 if opening >= 0 else named.end()
    verbs = (
        re.findall(r"\b(GET|POST|PUT|DELETE|PATCH)\b", attributes)
        if mapping["verb"] == "Request"
        else [mapping["verb"]]
    )
    for path in _spring_paths(attributes):
        for verb in verbs or ["ANY"]:
            url = receiver.prefix + ("/" + path.lstrip("/") if path else "")
            route = source.route(verb, url or "/", receiver, (mapping.start(), end), named[1])
            yield replace(route, sure=sure)


def _annotation(text: str, at: int) -> tuple[str, int]:
    opened = re.compile(r"\s*\(").match(text, at)
    if opened is None:
        return "", at
    end = closing(text, opened.end() - 1)
    return text[opened.end() : end], end + 1


def _past_modifiers(text: str, at: int) -> int:
    while (modifier := _JAVA_AFTER.match(text, at)) is not None:
        at = _annotation(text, modifier.end())[1] if "@" in modifier[0] else modifier.end()
    return at


def _spring_paths(attributes: str) -> list[str]:
    """The literal paths of a mapping; one empty path when it has none; nothing when it is computed."""
    for argument in arguments(attributes):
        name, equals, value = (
            argument.partition("=") if re.match(r"\w+\s*=", argument) else ("value", "=", argument)
        )
        if equals and name.strip() in {"value", "path"}:
            listed = arguments(value.strip()[1:-1]) if value.strip()[:1] in {"{", "["} else [value]
            texts = [quoted(item) for item in listed]
            return [item for item in texts if item is not None]
    return [""]
