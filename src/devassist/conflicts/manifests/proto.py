"""`field-number-clash`: numbers and names of Protocol Buffers fields, which are the wire format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from devassist.conflicts.manifests.facts import Clash, Fact, Family
from devassist.conflicts.manifests.text import Lines, without_comments
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_TOKEN = re.compile(
    r"""(?P<open>(?:\b(?P<what>message|enum|oneof|extend|service|group|rpc)\s+(?P<name>[\w.]+)[^{};=]*)?\{)"""
    r"""|(?P<close>\})"""
    r"""|\bpackage\s+(?P<package>[\w.]+)\s*;"""
    r"""|\boption\s+(?P<alias>allow_alias)\s*=\s*true\s*;"""
    r"""|\boption\s[^;{]*;"""
    r"""|\b(?P<held>reserved)\s+(?P<ranges>[^;{}]*);"""
    r"""|(?P<type>(?:(?:optional|required|repeated)\s+)?(?:map\s*<[^>]*>|[\w.]+))\s+(?P<field>\w+)\s*=\s*(?P<number>\d+|0x[0-9a-fA-F]+)\s*(?:\[[^\]]*\])?\s*;"""
    r"""|(?P<value>\w+)\s*=\s*(?P<ordinal>-?\d+|-?0x[0-9a-fA-F]+)\s*(?:\[[^\]]*\])?\s*;"""
)
_MOST_RESERVED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtoField(Fact):
    """A number or a name of a field of `owner`; `what` is either of them in words, `symbol` both together."""

    family: Family = Family.PROTO
    owner: str = field(compare=False)
    what: str = field(compare=False)
    symbol: str = field(compare=False)


@dataclass(slots=True)
class _Reader:
    path: str
    lines: Lines
    package: str = ""
    stack: list[tuple[str, str]] = field(default_factory=list)
    aliased: set[str] = field(default_factory=set)

    @property
    def scope(self) -> str:
        names = [name for what, name in self.stack if what in {"message", "enum", "extend", "group"}]
        return ".".join(filter(None, [self.package, *names]))

    @property
    def inside(self) -> str:
        return next((what for what, _name in reversed(self.stack) if what != "oneof"), "")

    def facts(self, text: str) -> Iterator[Fact]:
        for token in _TOKEN.finditer(text):
            if token["open"]:
                self.stack.append((token["what"] or "", token["name"] or ""))
            elif token["close"]:
                if self.stack:
                    self.stack.pop()
            elif token["package"]:
                self.package = token["package"]
            elif token["alias"]:
                self.aliased.add(self.scope)
            else:
                yield from self._stated(token)

    def _stated(self, token: re.Match[str]) -> Iterator[Fact]:
        line = self.lines.at(token.start(token.lastgroup or 0))
        if token["held"]:
            for number in _reserved(token["ranges"]):
                yield self._fact(number, "reserved", "", line)
        elif token["field"] and self.inside in {"message", "extend", "group"}:
            kind, number = " ".join(token["type"].split()), str(int(token["number"], 0))
            line = self.lines.at(token.start("field"))
            yield self._fact(number, token["field"], kind, line)
            yield self._named(token["field"], number, line)
        elif token["value"] and self.inside == "enum" and self.scope not in self.aliased:
            yield self._fact(
                str(int(token["ordinal"], 0)), token["value"], "", self.lines.at(token.start("value"))
            )

    def _fact(self, number: str, name: str, kind: str, line: int) -> ProtoField:
        # Without a package two files may each have their own message of this name.
        owner = self.scope if self.package else f"{self.path}:{self.scope}"
        return ProtoField(
            key=f"{owner}={number}",
            value=f"{kind} {name}".strip(),
            path=self.path,
            line=line,
            owner=self.scope,
            what=f"number {number}",
            symbol=f"{self.scope}={number}",
        )

    def _named(self, name: str, number: str, line: int) -> ProtoField:
        owner = self.scope if self.package else f"{self.path}:{self.scope}"
        return ProtoField(
            key=f"{owner}.{name}",
            value=number,
            path=self.path,
            line=line,
            owner=self.scope,
            what=f"field {name}",
            symbol=f"{self.scope}.{name}",
        )


def proto_fields(path: str, text: str) -> Iterator[Fact]:
    plain = without_comments(text)
    yield from _Reader(path, Lines(plain)).facts(plain)


def _reserved(ranges: str) -> Iterator[str]:
    for first, last in re.findall(r"(?<![\w\"'])(\d+)(?:\s+to\s+(\d+|max))?", ranges):
        end = int(first) if not last or last == "max" else int(last)
        yield from map(str, range(int(first), min(end, int(first) + _MOST_RESERVED) + 1))


def field_number_clashes(clash: Clash) -> Iterator[Conflict]:
    """Different fields under one new number, or a number one branch uses and the other reserves."""
    fact, other = next(iter(clash.pairs(ProtoField)))
    owner, what = fact.owner, fact.what
    renamed = fact.changed and other.changed and "reserved" not in {fact.value, other.value}
    yield clash.conflict(
        ConflictKind.FIELD_NUMBER_CLASH,
        Severity.WARNING if renamed else Severity.ERROR,
        symbol=fact.symbol,
        explanation=f"In {owner} {what} is '{fact.value}' on {clash.left.name} ({fact.at})"
        f" and '{other.value}' on {clash.right.name} ({other.at})",
        suggestion=f"Give one of the two the next free number of {owner}",
    )
