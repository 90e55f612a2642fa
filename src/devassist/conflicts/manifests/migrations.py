"""`migration-collision`: migrations added by two branches that cannot both be the next."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from devassist.conflicts.manifests.facts import Clash, Fact, Family, basename, directory
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_KIND = ConflictKind.MIGRATION_COLLISION
_DJANGO = re.compile(r"(?:^|/)migrations/([0-9]+)_\w+\.py$")
_RAILS = re.compile(r"(?:^|/)(?:db|priv)/(?:\w+/)*\w*migrat\w*/([0-9]+)_(\w+)\.(rb|exs)$")
_FLYWAY = re.compile(r"[VU]([0-9]+(?:[._][0-9]+)*)__.+\.sql", re.IGNORECASE)
_NUMBERED = re.compile(r"([0-9]+)[_.-].*\.sql")
_RUBY_CLASS = re.compile(r"^\s*(?:class|defmodule)\s+([\w:.]+)\s*(?:<|do)", re.MULTILINE)
_SQL_PLACES = re.compile(r"migrat|schema|sql|(^|/)db(/|$)|database|versions|flyway", re.IGNORECASE)


class Tool(StrEnum):
    DJANGO = "Django"
    ALEMBIC = "Alembic"
    RAILS = "Rails"
    ECTO = "Ecto"
    SQL = "SQL"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Migration(Fact):
    family: Family = Family.MIGRATION
    key: str = ""
    value: str = ""
    tool: Tool = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphMigration(_Migration):
    """A migration that names those it comes after: `node` after `parents`."""

    node: str = field(compare=False)
    parents: tuple[str, ...] = field(compare=False)
    replaces: bool = field(default=False, compare=False)
    """It squashes older ones into one."""

    def is_same_step(self, other: Fact) -> bool:
        """Whether both state the same of their place, whatever else is in the file."""
        return isinstance(other, GraphMigration) and (self.path, self.node, self.parents, self.replaces) == (
            other.path,
            other.node,
            other.parents,
            other.replaces,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedMigration(_Migration):
    """A migration whose file name has a version, and perhaps a class in it."""

    version: str = field(compare=False)
    class_name: str = field(default="", compare=False)
    certain: bool = field(default=True, compare=False)
    """Its directory or name says that it is a migration, not some numbered file."""

    def is_same_step(self, other: Fact) -> bool:
        """Whether both state the same of their place, whatever else is in the file."""
        return isinstance(other, VersionedMigration) and (self.path, self.class_name) == (
            other.path,
            other.class_name,
        )


Migration = GraphMigration | VersionedMigration


def migrations(path: str, text: str, blob: str) -> Iterator[Migration]:
    """The migration in a newly added file."""
    migration = _python(path, text) if path.endswith(".py") else _versioned(path, text)
    if migration is not None:
        key = f"{migration.tool} {directory(path)}"
        yield replace(migration, key=key, value=f"{path} {blob}")


def _python(path: str, text: str) -> GraphMigration | None:
    django = _DJANGO.search(path)
    if django is None and "down_revision" not in text:
        return None
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if django is not None and "migrations" in text:
        return _django(path, body)
    stated = {name: value for name, value in _assigned(body) if name in {"revision", "down_revision"}}
    revisions = _texts(stated.get("revision"))
    if not revisions or "down_revision" not in stated:
        return None
    parents = _texts(stated["down_revision"])
    return GraphMigration(
        path=path,
        line=_line(body, "down_revision"),
        tool=Tool.ALEMBIC,
        node=revisions[0],
        parents=tuple(parents or ["base"]),
    )


def _django(path: str, body: Sequence[ast.stmt]) -> GraphMigration:
    app = basename(directory(directory(path)))
    parents: list[str] = []
    replaces = False
    for statement in body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Migration":
            for name, value in _assigned(statement.body):
                if name == "replaces":
                    replaces = True
                elif name == "dependencies" and isinstance(value, ast.List | ast.Tuple):
                    parents = [two[1] for two in map(_texts, value.elts) if len(two) == 2 and two[0] == app]  # noqa: PLR2004  app, name
    return GraphMigration(
        path=path,
        line=_line(body, "Migration"),
        tool=Tool.DJANGO,
        node=basename(path).removesuffix(".py"),
        parents=tuple(parents or ["zero"]),
        replaces=replaces,
    )


def _assigned(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for fact in body:
        if isinstance(fact, ast.AnnAssign) and isinstance(fact.target, ast.Name) and fact.value is not None:
            yield fact.target.id, fact.value
        elif isinstance(fact, ast.Assign):
            yield from ((target.id, fact.value) for target in fact.targets if isinstance(target, ast.Name))


def _texts(value: ast.expr | None) -> list[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.Tuple | ast.List):
        return [
            fact.value
            for fact in value.elts
            if isinstance(fact, ast.Constant) and isinstance(fact.value, str)
        ]
    return []


def _line(body: Sequence[ast.stmt], name: str) -> int:
    for fact in body:
        if isinstance(fact, ast.ClassDef) and fact.name == name:
            return fact.lineno
        if any(assigned == name for assigned, _value in _assigned([fact])):
            return fact.lineno
    return 1


def _versioned(path: str, text: str) -> VersionedMigration | None:
    name = basename(path)
    rails = _RAILS.search(path)
    if rails is not None:
        classes = _RUBY_CLASS.search(text)
        return VersionedMigration(
            path=path,
            line=text.count("\n", 0, classes.start(1)) + 1 if classes else 1,
            tool=Tool.RAILS if rails[3] == "rb" else Tool.ECTO,
            version=str(int(rails[1])),
            class_name=classes[1] if classes else "",
        )
    flyway = _FLYWAY.fullmatch(name)
    if flyway is not None:
        numbers = [str(int(part)) for part in re.split(r"[._]", flyway[1])]
        while len(numbers) > 1 and numbers[-1] == "0":
            numbers.pop()
        version = name[0].upper() + ".".join(numbers)
        return VersionedMigration(path=path, line=1, tool=Tool.SQL, version=version)
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None:
        return VersionedMigration(
            path=path,
            line=1,
            tool=Tool.SQL,
            version=str(int(numbered[1])),
            certain=_SQL_PLACES.search(directory(path)) is not None,
        )
    return None


def migration_collisions(clash: Clash) -> Iterator[Conflict]:
    """Collisions within one directory; `clash` has the migrations that only one of the branches adds."""
    yield from _graph_collisions(clash)
    yield from _version_collisions(clash)


def _graph_collisions(clash: Clash) -> Iterator[Conflict]:
    here = directory(clash.ours[0].path)
    same = [(fact, other) for fact, other in clash.pairs(GraphMigration) if fact.node == other.node]
    for fact, other in same:
        # Django identifies migrations by file name, Alembic by revision id. Edits of one file are conflicts of text.
        severity = Severity.WARNING if fact.path == other.path else Severity.ERROR
        yield _collision(clash, [(fact, other)], f"{here}:{fact.node}", f"migration {fact.node}", severity)
    shared = {fact.node for fact, _other in same}
    ours, theirs = (
        [fact for fact in side if fact.node not in shared] for side in clash.sides(GraphMigration)
    )
    rooted, rerooted = _roots(ours), _roots(theirs)
    pairs = [(fact, other) for fact in _leaves(ours) for other in _leaves(theirs)]
    if not pairs or (ours[0].tool is Tool.ALEMBIC and not rooted & rerooted):
        return
    after = ", ".join(sorted(rooted & rerooted))
    what = (
        f"a {ours[0].tool} migration after {after}" if after else f"a {ours[0].tool} migration of their own"
    )
    yield _collision(clash, pairs, here, what, Severity.ERROR)


def _leaves(facts: Sequence[GraphMigration]) -> list[GraphMigration]:
    """The newest migrations; a squashed one replaces older ones and adds no end."""
    parents = {parent for fact in facts for parent in fact.parents}
    return [fact for fact in facts if not fact.replaces and fact.node not in parents]


def _roots(facts: Sequence[GraphMigration]) -> set[str]:
    """The older migrations that the new ones build on."""
    nodes = {fact.node for fact in facts}
    return {parent for fact in facts for parent in fact.parents if parent not in nodes}


def _version_collisions(clash: Clash) -> Iterator[Conflict]:
    here = directory(clash.ours[0].path)
    pairs = list(clash.pairs(VersionedMigration))
    for what in ("version", "class"):
        shared: dict[str, list[tuple[VersionedMigration, VersionedMigration]]] = {}
        for fact, other in pairs:
            stated, restated = (
                each.version if what == "version" else each.class_name for each in (fact, other)
            )
            if stated and stated == restated:
                shared.setdefault(stated, []).append((fact, other))
        for stated, same in shared.items():
            certain = all(fact.certain for fact, _other in same)
            severity = Severity.ERROR if certain else Severity.WARNING
            label = f"{same[0][0].tool} migration {what} {stated}"
            yield _collision(clash, same, f"{here}:{stated}", label, severity)


def _collision(
    clash: Clash, pairs: Sequence[tuple[Fact, Fact]], symbol: str, what: str, severity: Severity
) -> Conflict:
    ours = tuple(dict.fromkeys(fact for fact, _other in pairs))
    theirs = tuple(dict.fromkeys(other for _one, other in pairs))
    return clash.narrowed(ours, theirs).conflict(
        _KIND,
        severity,
        symbol=symbol,
        explanation=f"{clash.left.name} and {clash.right.name} both add {what}: {ours[0].at} and {theirs[0].at}",
        suggestion=f"Renumber or rebase {basename(theirs[0].path)} so that it follows {basename(ours[0].path)}",
    )
