"""What the versions of one Python file say about what can run when it is loaded or used. Pure."""

from __future__ import annotations

import builtins
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from devassist.conflicts.syntax.tables import Definition, Import, Reference, Table
from devassist.conflicts.syntax.walker import UNKNOWN

_TEXT = re.compile(r"[\"']([^\"'\s]{1,200})[\"']")
_TYPES_ONLY = re.compile(
    r"^([ \t]*)if (?:\w+\.)?TYPE_CHECKING:.*\n((?:\1[ \t]+.*\n|[ \t]*\n)*)", re.MULTILINE
)
_IMPORTING = frozenset(
    "import_module __import__ import_string find_spec spec_from_file_location exec eval exec_module SourceFileLoader"
    " import_by_path load_module entry_points call_command".split()
)
_SCANNING = frozenset(
    "iter_modules walk_packages runpy run_path run_module sys.executable INSTALLED_APPS".split()
)
_STARTING = frozenset(
    "subprocess Popen system popen execv execve execvp spawnv pytester testdir create_subprocess_exec"
    " create_subprocess_shell pexpect script_runner".split()
)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What all versions of a file say together."""

    imports: frozenset[Import]
    """Without those that only type checkers read."""
    defined: frozenset[str]
    """Qualified names of definitions."""
    members: Mapping[str, Collection[str]]
    """Name -> the names that are taken from it by a dot; the empty name if it is used by itself."""
    texts: frozenset[str]
    """String literals without spaces, at most 200 characters long."""
    acts: bool
    """Loading the file may call functions of the tree: by a call, a decorator or a class from outside."""
    imports_by_name: bool
    """It imports modules by names that are made at run time."""
    scans: bool
    """It runs modules that nobody names."""
    starts_processes: bool


def facts_of(versions: Sequence[tuple[Table, str]], is_in_tree: Callable[[str], bool]) -> FileFacts:
    """The facts of a file. `versions` are its tables and sources; `is_in_tree` tells modules of the repository."""
    definitions = [definition for table, _source in versions for definition in table.definitions]
    references = [use for table, _source in versions for use in table.references if not use.local]
    imports: set[Import] = set()
    for table, source in versions:
        unread = _types_only(source)
        imports |= {imported for imported in table.imports if imported.line not in unread}
    members: dict[str, set[str]] = defaultdict(set)
    for use in references:
        root, _, rest = _written(use).partition(".")
        members[root].add(rest.partition(".")[0])
    words = _words(definitions, imports, references)
    return FileFacts(
        imports=frozenset(imports),
        defined=frozenset(definition.name for definition in definitions),
        members=members,
        texts=frozenset(text for _table, source in versions for text in _TEXT.findall(source)),
        acts=_acts(definitions, imports, references, is_in_tree),
        imports_by_name=not words.isdisjoint(_IMPORTING),
        scans=not words.isdisjoint(_SCANNING),
        starts_processes=not words.isdisjoint(_STARTING),
    )


def _words(
    definitions: Collection[Definition], imports: Collection[Import], references: Collection[Reference]
) -> set[str]:
    """All names that are imported or used; of parameters those that name a fixture which starts processes."""
    words = {parameter.name for definition in definitions for parameter in definition.parameters or ()}
    words &= _STARTING
    for use in references:
        words |= {use.name, _written(use), *use.receiver.split(".")}
    for imported in imports:
        words |= {imported.name, f"{imported.module}.{imported.name}", *imported.module.split(".")}
    return words


def _acts(
    definitions: Collection[Definition],
    imports: Collection[Import],
    references: Collection[Reference],
    is_in_tree: Callable[[str], bool],
) -> bool:
    modules = {imported.local: imported.module for imported in imports}
    classes = [definition for definition in definitions if definition.kind == "class"]
    loading = {"", *(definition.name for definition in classes)}
    called = [_written(use) for use in references if use.call and use.scope in loading]
    decorators = [name for definition in definitions for name in definition.decorators]
    roots = {name.partition(".")[0] for name in (*called, *decorators)}
    bases = {base.partition(".")[0] for definition in classes for base in definition.bases}
    roots |= {base for base in bases if base in modules and not is_in_tree(modules[base])}
    return any(keyword.startswith("metaclass") for made in classes for keyword in made.keywords) or any(
        not _is_standard(modules[root]) if root in modules else not hasattr(builtins, root)
        for root in roots - {UNKNOWN}
    )


def _written(use: Reference) -> str:
    return f"{use.receiver}.{use.name}" if use.receiver else use.name


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _types_only(source: str) -> frozenset[int]:
    """The numbers of the lines below `if TYPE_CHECKING:`."""
    lines: set[int] = set()
    for block in _TYPES_ONLY.finditer(source):
        first = source.count("\n", 0, block.start()) + 1
        lines.update(range(first, first + block[0].count("\n")))
    return frozenset(lines)
