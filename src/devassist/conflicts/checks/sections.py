"""What changed in a source file, function by function, and how far such a change carries. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from devassist.conflicts.syntax.tables import Definition, Table

MODULE = ""
"""The name of the section that holds all statements outside of definitions."""
_CALLABLE = frozenset({"function", "method", "property"})
_VALUES = frozenset({"variable", "field"})
_IMPORT_LINE = re.compile(r"(?:from|import)\b|\)$")
_COMMENT = ("#", "//")
_RUN_BY_PYTEST = ("test", "pytest_", "setup", "teardown")


class Change(IntEnum):
    """How a file differs, ordered by how many of its users can notice."""

    NONE = 0
    """Comments, or new functions that nobody knew before."""
    BODIES = 1
    """What its functions do when they are called, or the values of its constants."""
    LOADING = 2
    """What happens when it is loaded, or which names it has."""


@dataclass(slots=True)
class Section:
    """One definition without those inside it. `lines` are stripped; blank lines and comments are left out."""

    name: str
    definition: Definition | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def callable(self) -> bool:
        return self.definition is not None and self.definition.kind in _CALLABLE

    @property
    def inert(self) -> bool:
        """Whether nothing but its users can notice it: it calls nothing when its file is loaded."""
        value = self.definition is not None and self.definition.kind in _VALUES
        return self.callable or (value and not any("(" in line for line in self.lines))

    @property
    def interface(self) -> str:
        """What the types of users depend on: the head of a function that states its result, else everything."""
        text = "\n".join(self.lines)
        result = self.definition.result if self.definition is not None and self.callable else ""
        head, stated, _body = text.partition(result) if result else (text, "", "")
        return head + stated


@dataclass(frozen=True, slots=True)
class Outline:
    """The sections of one version of a file by qualified name, and its imports as (local name, module, name)."""

    sections: Mapping[str, Section]
    imports: frozenset[tuple[str, str, str]]
    parses: bool = True


def outline(source: str, table: Table, *, parses: bool = True) -> Outline:
    """Cuts a file into sections. Each line belongs to the innermost definition around it; imports to none."""
    definitions = [
        definition for definition in table.definitions if definition.kind not in ("local", "module")
    ]
    definitions.sort(key=lambda definition: definition.end - definition.start, reverse=True)
    innermost = {
        line: definition for definition in definitions for line in range(definition.start, definition.end + 1)
    }
    sections = {definition.name: Section(definition.name, definition) for definition in definitions}
    sections[MODULE] = Section(MODULE)
    import_lines = {imported.line for imported in table.imports}
    for number, line in enumerate(map(str.strip, source.split("\n")), start=1):
        definition = innermost.get(number)
        at_module_level = definition is None
        if not line or line.startswith(_COMMENT):
            continue
        if at_module_level and (number in import_lines or _IMPORT_LINE.match(line)):
            continue
        sections[MODULE if definition is None else definition.name].lines.append(line)
    imports = frozenset((imported.local, imported.module, imported.name) for imported in table.imports)
    return Outline(sections, imports, parses)


def difference(path: str, before: Outline | None, after: Outline | None) -> Change:
    """How the file at `path` differs between two versions; None stands for a file that does not exist."""
    if before is None or after is None:
        return Change.NONE if before is after else Change.LOADING
    if not after.parses or _loading(before) != _loading(after):
        return Change.LOADING
    if before.sections.keys() - after.sections.keys():
        return Change.LOADING
    if before.imports != after.imports:  # a package passes its imports on to its users
        return Change.LOADING if path.endswith("/__init__.py") else Change.BODIES
    for name, section in after.sections.items():
        old = before.sections.get(name)
        new_to_users = old is None and ("." in name or name.startswith(_RUN_BY_PYTEST))
        if new_to_users or (old is not None and old.lines != section.lines):
            return Change.BODIES
    return Change.NONE


def _loading(version: Outline) -> dict[str, list[str]]:
    """What runs when a file is loaded: everything but the bodies of functions and plain values."""
    loading = {
        name: [line for line in section.lines if not section.inert or line.startswith("@")]
        for name, section in version.sections.items()
    }
    return {name: lines for name, lines in loading.items() if lines}
