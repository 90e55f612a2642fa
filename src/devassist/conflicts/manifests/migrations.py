"""`migration-collision`: migrations added by two branches that cannot both be the next."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from devassist.conflicts.manifests.facts import Clash, Fact, Family, basename, directory
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_KIND = ConflictKind.MIGRATION_COLLISION
_DJANGO = re.compile(r"(?:^|/)migrations/([0-9]+)_\w+\.py$")
_RAILS = re.compile(r"(?:^|/)(?:db|priv)/(?:\w+/)*\w*migrat\w*/([0-9]+)_(\w+)\.(rb|exs)$")
_FLYWAY = re.compile(r"[VU]([0-9]+(?:[._][0-9]+)*)__.+\.sql", re.IGNORECASE)
_NUMBERED = re.compile(r"([0-9]+)[_.-].*\.sql")
_RUBY_CLASS = re.compile(r"^\s*(?:class|defmodule)\s+([\w:.]+)\s*(?:<|do)", re.MULTILINE)
_SQL_PLACES = re.compile(r"migrat|schema|sql|(^|/)db(/|$)|database|versions|flyway", re.IGNORECASE)


def migrations(path: str, text: str, blob: str) -> Iterator[Fact]:
    """The migration in a newly added file."""
    found = _python(path, text) if path.endswith(".py") else _versioned(path, text)
    if found is not None:
        tool, detail, line = found
        yield Fact(
            family=Family.MIGRATION,
            key=f"{tool} {directory(path)}",
            value=f"{path} {blob}",
            path=path,
            line=line,
            detail={"tool": tool, **detail},
        )


def _python(path: str, text: str) -> tuple[str, dict[str, str], int] | None:
    django = _DJANGO.search(path)
    if django is None and "down_revision" not in text:
        return None
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        body = []
    if django is not None and "migrations" in text:
        return "Django", _django(django[1], path, body), _line(body, "Migration")
    stated = {name: value for name, value in _assigned(body) if name in {"revision", "down_revision"}}
    revisions = _texts(stated.get("revision"))
    if not revisions or "down_revision" not in stated:
        return None
    parents = _texts(stated["down_revision"])
    return "Alembic", _node(revisions[0], parents or ["base"]), _line(body, "down_revision")


def _django(number: str, path: str, body: Sequence[ast.stmt]) -> dict[str, str]:
    node = basename(path).removesuffix(".py")
    app = basename(directory(directory(path)))
    parents: list[str] = []
    replaces = ""
    for fact in body:
        if isinstance(fact, ast.ClassDef) and fact.name == "Migration":
            for name, value in _assigned(fact.body):
                if name == "replaces":
                    replaces = "yes"
                elif name == "dependencies" and isinstance(value, ast.List | ast.Tuple):
                    parents = [two[1] for two in map(_texts, value.elts) if len(two) == 2 and two[0] == app]  # noqa: PLR2004  app, name
    return {**_node(node, parents or ["zero"]), "number": number, "replaces": replaces}


def _node(node: str, parents: Sequence[str]) -> dict[str, str]:
    return {"node": node, "parents": " ".join(parents)}


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


def _versioned(path: str, text: str) -> tuple[str, dict[str, str], int] | None:
    name = basename(path)
    rails = _RAILS.search(path)
    if rails is not None:
        classes = _RUBY_CLASS.search(text)
        line = text.count("\n", 0, classes.start(1)) + 1 if classes else 1
        named = classes[1] if classes else ""
        tool = "Rails" if rails[3] == "rb" else "Ecto"
        return tool, {"version": str(int(rails[1])), "name": rails[2], "class": named}, line
    flyway = _FLYWAY.fullmatch(name)
    if flyway is not None:
        numbers = [str(int(part)) for part in re.split(r"[._]", flyway[1])]
        while len(numbers) > 1 and numbers[-1] == "0":
            numbers.pop()
        return "SQL", {"version": name[0].upper() + ".".join(numbers), "name": name, "certain": "yes"}, 1
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None:
        certain = "yes" if _SQL_PLACES.search(directory(path)) else ""
        # 0012_a.up.sql and 0012_a.down.sql are one migration.
        plain = re.sub(r"\.(up|down|do|undo)\.sql$", "", name)
        return "SQL", {"version": str(int(numbered[1])), "name": plain, "certain": certain}, 1
    return None


def migration_collisions(clash: Clash) -> Iterator[Conflict]:
    """Collisions within one directory; `clash` has the migrations that only one of the branches adds."""
    tool = clash.ours[0].detail["tool"]
    if tool in {"Django", "Alembic"}:
        yield from _graph_collisions(clash, tool)
    else:
        yield from _version_collisions(clash, tool)


def _graph_collisions(clash: Clash, tool: str) -> Iterator[Conflict]:
    here = directory(clash.ours[0].path)
    same = [(fact, other) for fact, other in clash.pairs() if fact.detail["node"] == other.detail["node"]]
    for fact, other in same:
        # Django identifies migrations by file name, Alembic by revision id. Edits of one file are conflicts of text.
        severity = Severity.WARNING if fact.path == other.path else Severity.ERROR
        node = fact.detail["node"]
        yield _collision(clash, [(fact, other)], f"{here}:{node}", f"migration {node}", severity)
    shared = {fact.detail["node"] for fact, _other in same}
    ours = [fact for fact in clash.ours if fact.detail["node"] not in shared]
    theirs = [fact for fact in clash.theirs if fact.detail["node"] not in shared]
    rooted, rerooted = _roots(ours), _roots(theirs)
    if tool == "Alembic" and not rooted & rerooted:
        return
    pairs = [(fact, other) for fact in _leaves(ours) for other in _leaves(theirs)]
    if pairs:
        after = ", ".join(sorted(rooted & rerooted))
        what = f"a {tool} migration after {after}" if after else f"a {tool} migration of their own"
        yield _collision(clash, pairs, here, what, Severity.ERROR)


def _leaves(facts: Sequence[Fact]) -> list[Fact]:
    """The newest migrations; a squashed one replaces older ones and adds no end."""
    counted = [fact for fact in facts if not fact.detail.get("replaces")]
    parents = {parent for fact in facts for parent in fact.detail["parents"].split()}
    return [fact for fact in counted if fact.detail["node"] not in parents]


def _roots(facts: Sequence[Fact]) -> set[str]:
    """The older migrations that the new ones build on."""
    nodes = {fact.detail["node"] for fact in facts}
    return {parent for fact in facts for parent in fact.detail["parents"].split() if parent not in nodes}


def _version_collisions(clash: Clash, tool: str) -> Iterator[Conflict]:
    here = directory(clash.ours[0].path)
    for part, what in (("version", "version"), ("class", "class")):
        shared: dict[str, list[tuple[Fact, Fact]]] = {}
        for fact, other in clash.pairs():
            stated = fact.detail.get(part, "")
            if stated and stated == other.detail.get(part):
                shared.setdefault(stated, []).append((fact, other))
        for stated, pairs in shared.items():
            certain = all(fact.detail.get("certain", "yes") for fact, _other in pairs)
            severity = Severity.ERROR if certain else Severity.WARNING
            yield _collision(clash, pairs, f"{here}:{stated}", f"{tool} migration {what} {stated}", severity)


def _collision(
    clash: Clash, pairs: Sequence[tuple[Fact, Fact]], symbol: str, what: str, severity: Severity
) -> Conflict:
    ours = tuple(dict.fromkeys(fact for fact, _other in pairs))
    theirs = tuple(dict.fromkeys(other for _one, other in pairs))
    return clash.narrowed(ours, theirs).conflict(
        _KIND,
        severity,
        symbol=symbol,
        says=f"{clash.left.name} and {clash.right.name} both add {what}: {ours[0].at} and {theirs[0].at}",
        suggestion=f"Renumber or rebase {basename(theirs[0].path)} so that it follows {basename(ours[0].path)}",
    )
