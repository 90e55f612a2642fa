"""
The type level on repositories that nobody here wrote, on demand:

    python benchmarks/corpora/types_on_history.py history CLONE [PAIRS]
    python benchmarks/corpora/types_on_history.py injected CLONE [CASES] --source src/pkg [--language typescript]

`history`: two-parent merges that git merges into the very tree people committed, and, where there are too few, pairs of
commits people made one after the other and both kept, laid side by side on a common base. Each error is a false alarm
until somebody has looked at it. `injected`: one branch changes what functions and classes of the repository offer, the
other newly uses it; what is found by symbols alone, and with types, is counted, and what is said of harmless changes.
The clone gets branches, and uses its own .venv or node_modules.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

from corpora.symbols_on_history import clean_merges
from devassist.app.conflicts.compare import Comparison, compare
from devassist.app.wiring.host import Host
from devassist.app.wiring.project import open_project
from devassist.conflicts.syntax.languages import grammar_for, read_table
from devassist.conflicts.syntax.tables import Definition
from devassist.domain.conflicts import Conflict, Level, Severity
from devassist.domain.errors import DevassistError

SUFFIXES = {"python": (".py",), "typescript": (".ts", ".tsx")}


class Lab(NamedTuple):
    clone: Path
    state: str

    def git(self, *words: str, feed: str | None = None, **more: str) -> str:
        environment = {
            **os.environ,
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        }
        names = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        done = subprocess.run(
            ["git", "-C", self.clone, *names, *words],
            input=feed, capture_output=True, text=True, check=False, env={**environment, **more},
        )  # fmt: skip
        return done.stdout.strip() if done.returncode == 0 else ""

    def commit(self, name: str, parent: str, files: dict[str, str]) -> None:
        index = f"{self.state}/index"
        self.git("read-tree", parent, GIT_INDEX_FILE=index)
        for path, text in files.items():
            blob = self.git("hash-object", "-w", "--stdin", feed=text)
            self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", GIT_INDEX_FILE=index)
        tree = self.git("write-tree", GIT_INDEX_FILE=index)
        self.git("branch", "-f", name, self.git("commit-tree", tree, "-p", parent, "-m", name))

    def look(self, base: str, one: str, other: str) -> list[Conflict]:
        """Errors between the two: of symbols, and of types."""
        host = Host(directory=self.clone, environment={**os.environ, "DEVASSIST_STATE_DIR": self.state})
        wanted = Comparison(
            branches=(one, other), base=base, levels=("symbol",), deeper=(Level.TYPE,), committed=True
        )
        found = compare(open_project(host), wanted, {}).conflicts
        return [
            each for each in found if each.severity is Severity.ERROR and set(each.branches) == {one, other}
        ]


# History --------------------------------------------------------------------------------------------------


def pairs(lab: Lab, wanted: int, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    """(what it is, base, one, other), where both sides change source files."""

    def touches(old: str, new: str) -> bool:
        return any(name.endswith(suffixes) for name in lab.git("diff", "--name-only", old, new).splitlines())

    count = 0
    for merge, base, one, other in clean_merges(lab.clone, wanted * 6):
        if count < wanted and touches(base, one) and touches(base, other):
            count += 1
            yield f"merge {merge[:10]}", base, one, other
    commits = [line.split() for line in lab.git("log", "--no-merges", "-600", "--format=%H %P").splitlines()]
    commits = [(commit, parents[0]) for commit, *parents in commits if len(parents) == 1]
    commits = [one for one in commits if touches(one[1], one[0])]
    chance = random.Random(7)
    for _ in range(wanted * 5):
        if count >= wanted:
            return
        at = chance.randrange(1, len(commits))
        older, newer = commits[at], commits[max(0, at - chance.randrange(1, 8))]
        picked = lab.git("merge-tree", "--write-tree", f"--merge-base={newer[1]}", older[1], newer[0]).split(
            "\n"
        )[0]
        tree = picked if len(picked) == 40 else ""
        if older == newer or not tree or not touches(older[1], tree):
            continue
        count += 1
        other = lab.git("commit-tree", tree, "-p", older[1], "-m", "picked")
        yield f"pair {older[0][:10]} {newer[0][:10]}", older[1], older[0], other


def history(lab: Lab, given: argparse.Namespace) -> None:
    looked = alarmed = unfinished = merges = 0
    started = time.process_time()
    for what, base, one, other in pairs(lab, given.count, SUFFIXES[given.language]):
        lab.git("branch", "-f", "x-one", one), lab.git("branch", "-f", "x-other", other)
        try:
            found = [each for each in lab.look(base, "x-one", "x-other") if each.level is Level.TYPE]
        except DevassistError as error:
            unfinished += 1
            print(what, "unfinished:", str(error)[:300], flush=True)
            continue
        looked += 1
        merges += what.startswith("merge")
        alarmed += bool(found)
        for each in found:
            print(what, each.explanation, flush=True)
    print(
        f"{lab.clone.name}: {looked} pairs looked at ({merges} merges), {alarmed} with type errors, "
        f"{unfinished} unfinished, {time.process_time() - started:.0f} CPU-s beside the checker"
    )


# Injected -------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    kind: str
    files: dict[str, str]
    use: str
    """The text of a new file."""
    harmful: bool = True


def header(lines: list[str], one: Definition) -> tuple[int, int, int] | None:
    """Line and column behind the last parameter, and the line where the header ends; None if it is not plain."""
    name = re.escape(one.last)
    for number in range(one.start - 1, min(one.end, one.start + 6)):
        found = re.search(rf"(?:\bdef|\bfunction|\basync|^\s*(?:public\s+)?)\s*{name}\s*\(", lines[number])
        if found is None:
            continue
        depth, at, line = 0, found.end() - 1, number
        while line < len(lines):
            for column in range(at, len(lines[line])):
                depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(lines[line][column], 0)
                if depth == 0:
                    return line, column, number
            line, at = line + 1, 0
    return None


def call(one: Definition, language: str) -> str:
    needed = [
        each
        for each in one.parameters or ()
        if not each.optional and each.name not in ("self", "cls", "this")
    ]
    nothing = "ANY" if language == "python" else "(null as any)"
    return ", ".join(f"{each.name}={nothing}" if each.kind == "key" else nothing for each in needed)


def plain(one: Definition) -> bool:
    return (
        one.parameters is not None
        and not one.last.startswith("_")
        and not {"overload", "property", "abstract", "private", "getter", "setter"} & set(one.flags)
        and all(each.kind in ("any", "key") for each in one.parameters)
    )


def cases(path: str, text: str, language: str) -> Iterator[Case]:
    grammar = grammar_for(path)
    assert grammar is not None
    table = read_table(grammar, text.encode())
    lines = text.split("\n")
    types = {
        one.name for one in table.definitions if one.kind == "class" and not one.owner and plain_name(one)
    }
    alone = {one.name for one in table.definitions if one.kind == "class" and set(one.bases) <= {"object"}}
    for one in table.definitions:
        function = one.kind == "function" and not one.owner and not one.last.startswith("_")
        method = one.kind == "method" and one.owner in types
        exported = language == "python" or not function or "exported" in one.flags
        doubled = len([each for each in table.definitions if each.name == one.name]) > 1
        place = (
            header(lines, one) if (function or method) and plain(one) and exported and not doubled else None
        )
        if place is not None:
            for case in _cases(path, lines, one, place, language):
                # What is renamed in a class with others above it may be found there.
                if not case.kind.endswith("renamed") or not method or one.owner in alone:
                    yield case


def plain_name(one: Definition) -> bool:
    return not one.name.startswith("_")


def _cases(
    path: str, lines: list[str], one: Definition, place: tuple[int, int, int], language: str
) -> Iterator[Case]:
    line, column, _first = place
    python = language == "python"
    module = re.sub(r"^(src/|lib/)", "", path).rpartition(".")[0].replace("/__init__", "")
    member = bool(one.owner)
    taken = one.owner if member else one.name
    if python:
        head = f"from typing import Any\n\nfrom {module.replace('/', '.')} import {taken}\n\nANY: Any = None\n\n\n"
        given = f"it: {taken}" if member else ""
        said = f"{'it.' if member else ''}{one.last}({call(one, language)})"
        use = f"{head}def fresh({given}) -> object:\n    return {said}\n"
    else:
        head = f"import {{ {taken} }} from './{Path(module).name}'\n\n"
        given = f"it: {taken}" if member else ""
        said = f"{'it.' if member else ''}{one.last}({call(one, language)})"
        use = f"{head}export function fresh({given}): unknown {{\n  return {said}\n}}\n"
    inside = lines[line][:column].rstrip()
    separator = "" if inside.endswith(("(", ",")) else ", "
    what = "method" if member else "function"

    def edited(number: int, new: str) -> dict[str, str]:
        return {path: "\n".join([*lines[:number], new, *lines[number + 1 :]])}

    def with_parameter(text: str) -> dict[str, str]:
        return edited(line, lines[line][:column] + separator + text + lines[line][column:])

    if all(not each.optional for each in one.parameters or ()):
        yield Case(
            f"{what}: required parameter",
            with_parameter("extra_one: int" if python else "extraOne: number"),
            use,
        )
    optional = "extra_one: int = 0" if python else "extraOne: number = 0"
    yield Case(f"{what}: optional parameter", with_parameter(optional), use, harmful=False)
    name = re.compile(rf"\b{re.escape(one.last)}\b")
    renamed = [name.sub(f"{one.last}_renamed", text) for text in lines]
    yield Case(f"{what}: renamed", {path: "\n".join(renamed)}, use)
    kept = (
        f"\n\n{one.last} = {one.last}_renamed\n"
        if python
        else f"\nexport const {one.last} = {one.last}_renamed\n"
    )
    if not member:
        yield Case(f"{what}: renamed, alias kept", {path: "\n".join(renamed) + kept}, use, harmful=False)
    if one.result in ("str", "int", "bool", "string", "number", "boolean"):
        other = {
            "str": "bytes",
            "int": "str",
            "bool": "str",
            "string": "number",
            "number": "string",
            "boolean": "string",
        }
        changed = lines[line][:column] + lines[line][column:].replace(one.result, other[one.result], 1)
        typed = use.replace("-> object", f"-> {one.result}").replace("): unknown", f"): {one.result}")
        if changed != lines[line]:
            yield Case(f"{what}: another result", edited(line, changed), typed)


def injected(lab: Lab, given: argparse.Namespace) -> None:
    chance = random.Random(given.seed)
    head = lab.git("rev-parse", "HEAD")
    paths = [
        path for path in lab.git("ls-files", given.source).splitlines()
        if path.endswith(SUFFIXES[given.language]) and "test" not in path and ".d.ts" not in path
    ]  # fmt: skip
    by_kind: dict[str, list[tuple[str, Case]]] = {}
    for path in paths:
        for case in cases(path, (lab.clone / path).read_text("utf-8"), given.language):
            by_kind.setdefault(case.kind, []).append((path, case))
    counts: dict[str, Counter[str]] = {}
    print(f"{lab.clone.name}: errors (n, by symbols, by types, by either)")
    for kind, every in sorted(by_kind.items()):
        for number, (path, case) in enumerate(chance.sample(every, min(len(every), given.count))):
            lab.commit("x-breaks", head, case.files)
            folder = str(Path(path).parent)
            new = f"{folder}/fresh_use{'.py' if given.language == 'python' else '.ts'}"
            lab.commit("x-uses", head, {new: case.use})
            found = lab.look("HEAD", "x-breaks", "x-uses")
            levels = {str(each.level) for each in found}
            count = counts.setdefault(kind, Counter())
            count.update(["n", *levels, *(["any"] if levels else [])])
            if bool(levels) != case.harmful:
                print(f"  {'MISSED' if case.harmful else 'FALSE'} {kind} {number} {path}: {case.use.splitlines()[-1 if given.language == 'python' else -2].strip()}"
                      f" {[each.explanation[:160] for each in found]}", flush=True)  # fmt: skip
        count = counts[kind]
        print(
            f"  {kind:34} {count['n']:4} {count['symbol']:4} {count['type']:4} {count['any']:4}", flush=True
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("history", "injected"))
    parser.add_argument("clone", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=20)
    parser.add_argument("--source", default="src")
    parser.add_argument("--language", choices=tuple(SUFFIXES), default="python")
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="types-") as state:
        made = Lab(parsed.clone.resolve(), state)
        (history if parsed.what == "history" else injected)(made, parsed)
