"""Parts of a source file: what can be run or read by name, which names each says, and what runs unasked. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from devassist.conflicts.syntax.tables import Definition, Table
from devassist.domain.hashing import digest

PARTS_VERSION = 1
"""Raise it when the parts of the same content would come out differently."""

LOADING = ""
"""The name of the part that runs when a file is loaded."""
ANYTHING = "*"
"""What a part asks for that nobody here can read."""
_WORD = re.compile(r"[^\W\d]\w*")


class Part(NamedTuple):
    """
    A function, method, class, constant or import.

    `said` are names that can only mean what their file defines or imports. `asked` may mean anything of that name
    anywhere: members, as `module.member` where they are asked of an import, and words of texts.
    `brought` is the module that an import takes something from. `unasked`: it may run though nobody says its name;
    `follows`: so may it, where there are objects of its class.
    `decorators` are names of what it is handed to when it is made;
    `registers` says that it puts what it is given where others find it. `imports` are the modules that are loaded when
    it runs, as written, each also with what is taken from it behind a dot. `face` is a digest of all that the types of
    others depend on, where a function says every type of its own.
    """

    name: str
    said: tuple[str, ...]
    asked: tuple[str, ...]
    content: str
    brought: str | None = None
    unasked: bool = False
    follows: bool = False
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    registers: bool = False
    imports: tuple[str, ...] = ()
    face: str = ""

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]


class Parts(NamedTuple):
    """
    A file in parts. `texts` are short literals; `dynamic`: modules may be imported by a name made at run time.
    """

    parts: tuple[Part, ...]
    texts: tuple[str, ...] = ()
    dynamic: bool = False

    def encode(self) -> str:
        return json.dumps(self, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> Parts:
        """A ValueError for anything else."""
        try:
            parts, texts, dynamic = json.loads(text)
            found = tuple(
                Part(
                    row[0],
                    tuple(row[1]),
                    tuple(row[2]),
                    row[3],
                    row[4],
                    row[5],
                    row[6],
                    tuple(row[7]),
                    tuple(row[8]),
                    row[9],
                    tuple(row[10]),
                )
                for row in parts
            )
            return cls(found, tuple(texts), dynamic)
        except (TypeError, IndexError, KeyError) as error:
            raise ValueError(str(error)) from error


def words(text: str) -> set[str]:
    """Every name in a text."""
    return set(_WORD.findall(text))


def unreadable(source: str) -> Parts:
    """A file that may do anything, in one part."""
    asked = tuple(sorted({ANYTHING, *words(source)}))
    return Parts((Part(LOADING, (), asked, digest(source), unasked=True),), dynamic=True)


def combined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """One part for each name: what a file defines twice is one thing to its users."""
    found: dict[str, Part] = {}
    for one in parts:
        before = found.get(one.name)
        if before is not None:
            one = Part(  # noqa: PLW2901 - the two as one
                one.name,
                tuple(sorted({*before.said, *one.said})),
                tuple(sorted({*before.asked, *one.asked})),
                digest([before.content, one.content]),
                before.brought if one.brought is None else one.brought,
                before.unasked or one.unasked,
                before.follows or one.follows,
                (*before.bases, *one.bases),
                (*before.decorators, *one.decorators),
                before.registers or one.registers,
                (*before.imports, *one.imports),
                digest([before.face, one.face]) if before.face and one.face else "",
            )
        found[one.name] = one
    return tuple(found.values())


def parts_of_table(source: str, table: Table) -> Parts:
    """The definitions of a file in any language that has a table, and the rest of it as what runs unasked."""
    lines = source.split("\n")
    inner: dict[int, Definition | None] = {}
    every = [one for one in table.definitions if one.kind not in ("local", "module")]
    for one in sorted(every, key=lambda one: one.end - one.start, reverse=True):
        inner.update(dict.fromkeys(range(one.start - 1, one.end), one))
    texts: dict[str, list[str]] = {one.name: [] for one in every}
    texts[LOADING] = []
    for number, line in enumerate(lines):
        around = inner.get(number)
        texts[LOADING if around is None else around.name].append(line.strip())
    imports = tuple(
        {name: None for one in table.imports for name in (one.module, f"{one.module}.{one.name}")}
    )
    faces = {
        one.name: digest([one.parameters, one.result, one.flags])
        for one in every
        if one.parameters is not None and one.result
    }
    return Parts(
        combined(
            [
                Part(
                    name,
                    (),
                    tuple(sorted(words("\n".join(text)))),
                    digest(list(filter(None, text))),
                    unasked=name == LOADING,
                    imports=imports if name == LOADING else (),
                    face=faces.get(name, ""),
                )
                for name, text in texts.items()
            ]
        )
    )
