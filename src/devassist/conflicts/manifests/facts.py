"""The statements of files that two branches must not make differently, and the conflict of two such statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from devassist.domain.conflicts import Conflict, ConflictKind, Level, Location, Severity, Side


class Family(StrEnum):
    """The families of facts. Facts of one family are compared with each other."""

    PYTHON = "python"
    NPM = "npm"
    CARGO = "cargo"
    GO = "go"
    MODULE = "module"
    LOCK = "lock"
    MIGRATION = "migration"
    ROUTE = "route"
    COMMAND = "command"
    PROTO = "proto"
    ENVIRONMENT = "environment"
    SETTING = "setting"


class ModuleUse(StrEnum):
    """The new uses that a branch makes of a module: the values of facts of `Family.MODULE`."""

    IMPORTED = "imported"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """
    One statement of one file. Each reader has a subclass with what its judge asks; these fields do not compare.

    Facts of one family and key are about the same thing; equal values say the same, wherever they are written.
    """

    family: Family
    key: str
    value: str
    path: str
    line: int
    end_line: int = 0
    changed: bool = False
    """The base has a statement about this key."""

    @property
    def at(self) -> str:
        return f"{self.path}:{self.line}"

    def on(self, side: Side) -> Location:
        start = max(1, self.line)
        return Location(
            branch=side.name, path=self.path, start_line=start, end_line=max(start, self.end_line)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedModule(Fact):
    """A branch no longer has `requirement`, the name of a distribution, which the base has."""

    family: Family = Family.MODULE
    value: str = ModuleUse.DROPPED
    requirement: str = field(compare=False)


F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Clash:
    """The new facts of two branches on one key, without shared values. `read` returns the text of a tree's file."""

    left: Side
    right: Side
    ours: Sequence[Fact]
    theirs: Sequence[Fact]
    read: Callable[[str, str], str | None]

    def conflict(
        self,
        kind: ConflictKind,
        severity: Severity,
        *,
        symbol: str,
        explanation: str,
        suggestion: str,
    ) -> Conflict:
        """A conflict over all facts of both sides."""
        facts = [(self.left, fact) for fact in self.ours] + [(self.right, fact) for fact in self.theirs]
        return Conflict(
            level=Level.MANIFEST,
            kind=kind,
            severity=severity,
            branches=(self.left.name, self.right.name),
            path=self.ours[0].path,
            symbol=symbol,
            locations=tuple(dict.fromkeys(fact.on(side) for side, fact in facts)),
            explanation=explanation,
            suggestion=suggestion,
        )

    def narrowed(self, ours: Iterable[Fact], theirs: Iterable[Fact]) -> Clash:
        """The same two branches, only these facts."""
        return Clash(self.left, self.right, tuple(ours), tuple(theirs), self.read)

    def sides(self, type_: type[F]) -> tuple[list[F], list[F]]:
        """The facts of both sides that are of `type_`."""
        return _of_type(self.ours, type_), _of_type(self.theirs, type_)

    def pairs(self, type_: type[F]) -> Iterable[tuple[F, F]]:
        """Each fact of `type_` of one side with each of the other."""
        ours, theirs = self.sides(type_)
        return ((fact, other) for fact in ours for other in theirs)


def _of_type(facts: Sequence[Fact], type_: type[F]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, type_)]


def gravest(conflicts: Iterable[Conflict]) -> Conflict | None:
    """The first of the most severe conflicts, with the locations of all."""
    ordered = sorted(conflicts, key=lambda conflict: list(Severity).index(conflict.severity))
    if not ordered:
        return None
    places = tuple(dict.fromkeys(place for conflict in ordered for place in conflict.locations))
    return replace(ordered[0], locations=places)


def is_test(path: str) -> bool:
    """Whether a file is a test, an example or a fixture, which says nothing of the product."""
    *directories, name = path.lower().split("/")
    marked = {"test", "tests", "testing", "__tests__", "spec", "specs", "fixtures", "testdata", "examples"}
    return (
        not marked.isdisjoint(directories)
        or name.startswith(("test_", "conftest."))
        or any(part in name for part in ("_test.", ".test.", ".spec.", "_spec."))
        or name.endswith(("tests.py", "test.java", "tests.java"))
    )


def directory(path: str) -> str:
    return path.rpartition("/")[0]


def basename(path: str) -> str:
    return path.rpartition("/")[2]
