"""`dependency-clash`: two branches that require the same package differently."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from devassist.conflicts.manifests.facts import Clash, DroppedModule, Fact, ModuleUse, directory, gravest
from devassist.conflicts.manifests.packages import CargoRequirement, GoRequirement, GoVerb, NpmRequirement
from devassist.conflicts.manifests.python import PythonRequirement, includes, is_requirements
from devassist.conflicts.manifests.ranges import compatible, meet, parse_cargo, parse_npm
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_KIND = ConflictKind.DEPENDENCY_CLASH
_MOST_INCLUDES = 20
_FORCED = {"overrides", "resolutions"}


def dependency_clashes(clash: Clash) -> Iterator[Conflict]:
    """At most one conflict per package: the worst of the two branches' new requirements."""
    verdicts = [
        verdict for fact, other in clash.pairs(Fact) if (verdict := _judged(clash, fact, other)) is not None
    ]
    worst = gravest(verdicts)
    if worst is not None:
        yield worst


def _judged(clash: Clash, fact: Fact, other: Fact) -> Conflict | None:
    severity = _severity(clash, fact, other)
    if severity is None:
        return None
    name = fact.name if isinstance(fact, CargoRequirement) else fact.key
    outcome = {
        Severity.ERROR: "nothing satisfies both",
        Severity.WARNING: "they may not be installable together",
        Severity.NOTE: "both can hold",
    }[severity]
    left, right = clash.left.name, clash.right.name
    return clash.narrowed([fact], [other]).conflict(
        _KIND,
        severity,
        symbol=name,
        explanation=f"{left} asks for {name} {fact.value} ({fact.at}), {right} for {name} {other.value}"
        f" ({other.at}); {outcome}",
        suggestion=f"Agree on one requirement for {name} on both branches, then lock again"
        if severity is not Severity.NOTE
        else f"Keep the narrower requirement for {name} when both land",
    )


def _severity(clash: Clash, fact: Fact, other: Fact) -> Severity | None:
    match fact, other:
        case PythonRequirement(), PythonRequirement():
            return _python(clash, fact, other)
        case NpmRequirement(), NpmRequirement():
            return _npm(fact, other)
        case CargoRequirement(), CargoRequirement():
            return _cargo(clash, fact, other)
        case GoRequirement(), GoRequirement():
            return _go(fact, other)
        case _:
            return None


def _python(clash: Clash, fact: PythonRequirement, other: PythonRequirement) -> Severity | None:
    certain = _installed_together(clash, fact, other)
    marked, remarked = fact.marker, other.marker
    if certain is None or not meet(marked, remarked):
        return None
    sources = {fact.source, other.source}
    if sources != {""}:
        return Severity.WARNING if len(sources) > 1 else Severity.NOTE
    both = compatible(fact.specifier, other.specifier)
    if both is None:
        return Severity.WARNING
    if both:
        return Severity.NOTE if fact.path == other.path else None
    return Severity.ERROR if certain else Severity.WARNING


def _installed_together(clash: Clash, fact: PythonRequirement, other: PythonRequirement) -> bool | None:
    """Whether both are installed together: True for always, False for perhaps, None for two projects."""
    groups = {fact.group, other.group}
    if fact.path == other.path:
        if "build" in groups:
            return True if groups == {"build"} else None
        return len(groups) == 1 or "" in groups
    if "build" in groups:
        return None
    if _taken_in(clash, clash.left.tree, fact.path, other.path) or _taken_in(
        clash, clash.right.tree, other.path, fact.path
    ):
        return True
    return False if _project(fact.path) == _project(other.path) else None


def _project(path: str) -> str:
    return re.sub(r"(^|/)(requirements|reqs|constraints)$", "", directory(path))


def _taken_in(clash: Clash, tree: str, path: str, wanted: str) -> bool:
    """Whether one of the two requirements files reaches the other through -r and -c."""
    for start, goal in ((path, wanted), (wanted, path)):
        seen: set[str] = set()
        todo = [start] if is_requirements(start) else []
        while todo and len(seen) < _MOST_INCLUDES:
            current = todo.pop()
            seen.add(current)
            text = clash.read(tree, current) or ""
            reached = {
                posixpath.normpath(posixpath.join(directory(current), name)) for name in includes(text)
            }
            todo.extend(reached - seen)
        if goal in seen:
            return True
    return False


def _npm(fact: NpmRequirement, other: NpmRequirement) -> Severity | None:
    if fact.path != other.path:
        return None
    left, right = parse_npm(fact.value), parse_npm(other.value)
    if left is None or right is None:
        return Severity.WARNING
    if not left.meets(right).empty:
        return Severity.NOTE
    sections = {fact.section, other.section}
    # What peers may bring is one matter, what is installed here another.
    peers_apart = "peerDependencies" in sections and len(sections) > 1 and not sections & _FORCED
    return Severity.WARNING if peers_apart else Severity.ERROR


def _cargo(clash: Clash, fact: CargoRequirement, other: CargoRequirement) -> Severity | None:
    if fact.path != other.path:
        return _cargo_members(clash, fact, other)
    apart = fact.section != other.section
    if (fact.package, fact.source) != (other.package, other.source):
        return Severity.NOTE if apart else Severity.WARNING
    left, right = parse_cargo(fact.version), parse_cargo(other.version)
    if left is None or right is None:
        return Severity.WARNING
    if left.meets(right).empty:
        return Severity.WARNING if apart else Severity.ERROR
    defaults = {fact.default_features, other.default_features} - {"", "True"}
    same = fact.default_features == other.default_features
    return Severity.WARNING if defaults and not same and not apart else Severity.NOTE


def _cargo_members(clash: Clash, fact: CargoRequirement, other: CargoRequirement) -> Severity | None:
    """Members of one workspace share one version of a crate for each major: pins apart within it cannot be met."""
    left, right = parse_cargo(fact.version), parse_cargo(other.version)
    majors = {_major(each.version) for each in (fact, other)}
    if left is None or right is None or not left.meets(right).empty or len(majors) != 1:
        return None
    if (fact.package, fact.source) != (other.package, other.source):
        return None
    shared = posixpath.commonpath([directory(fact.path), directory(other.path)])
    while True:
        if "[workspace" in (clash.read(clash.left.tree, posixpath.join(shared, "Cargo.toml")) or ""):
            return Severity.ERROR
        if not shared:
            return None
        shared = directory(shared)


def _major(version: str) -> tuple[str, ...]:
    """The numbers that Cargo compares as the major version: the first, and the second as well if that is 0."""
    numbers = re.findall(r"\d+", version.partition(",")[0])
    return tuple(numbers[: 2 if numbers[:1] == ["0"] else 1])


def _go(fact: GoRequirement, other: GoRequirement) -> Severity | None:
    if fact.path != other.path:
        return None
    verbs = {fact.verb, other.verb}
    if verbs == {GoVerb.REPLACE}:
        versions = {fact.version, other.version}
        same = fact.module == other.module and (len(versions) == 1 or "" in versions)
        return Severity.ERROR if same and len(versions) == 1 else Severity.WARNING if same else None
    if verbs == {GoVerb.REQUIRE}:
        # Minimal version selection takes the higher of two; two majors are two modules side by side.
        return Severity.NOTE if fact.module == other.module else Severity.WARNING
    if verbs == {GoVerb.REQUIRE, GoVerb.EXCLUDE} and fact.module == other.module:
        return Severity.WARNING if fact.version == other.version else None
    return None


def abandoned_imports(clash: Clash) -> Iterator[Conflict]:
    """Conflicts over requirements that one branch drops and the other begins to import."""
    for left, right, ours, theirs in (
        (clash.left, clash.right, clash.ours, clash.theirs),
        (clash.right, clash.left, clash.theirs, clash.ours),
    ):
        dropped = [fact for fact in ours if isinstance(fact, DroppedModule)]
        imported = [
            fact
            for fact in theirs
            if fact.value == ModuleUse.IMPORTED and _is_import(clash.read(right.tree, fact.path), fact)
        ]
        if dropped and imported:
            gone = dropped[0]
            name = gone.requirement
            narrowed = Clash(left, right, dropped, imported, clash.read)
            yield narrowed.conflict(
                _KIND,
                Severity.WARNING,
                symbol=name,
                explanation=f"{left.name} drops the requirement {name} ({gone.at}), {right.name} newly imports"
                f" {gone.key} ({imported[0].at})",
                suggestion=f"Keep {name} required, or import something else on {right.name}",
            )
            return


def _is_import(text: str | None, fact: Fact) -> bool:
    """Whether the line of a fact is an import statement, not part of a string or comment."""
    try:
        nodes = list(ast.walk(ast.parse(text or "")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Import | ast.ImportFrom) and node.lineno == fact.line for node in nodes)
