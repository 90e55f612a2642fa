"""
Cases by a hand that had not seen the rules: `unseen/*.cases`, on demand `python tests/corpus/unseen.py [NAME...]`.

`LANGUAGE-SET.base` is a project, `.noise` what both sides change besides, `.cases` what they do to each other.
A case is `### name : kind severity symbol` (several by `;`, or `none`), then `[base]`, `[a]` and `[b]` with edits:
`@@ path` and a whole file, or with a verb behind the path: `s` (old `=>` new, more of them between `--`), `del` (these
lines), `after LINE`, `+` (at the end), `all REGEX => TEXT`, `mv PATH`, `rm`. Severity `any` is error or warning, and
what is expected as a warning may be an error. In Java and Rust `L/ P/ Q/ C/` stand for long folders.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from corpus.injected_symbols import MemoryView, side
from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Conflict, Severity
from devassist.git.objects.trees import Entry

FOLDER = Path(__file__).with_name("unseen")
_FOLDERS = {
    "Q/": "crates/quarry/src/",
    "C/": "crates/quarry-cli/src/",
    "L/": "core/src/main/java/com/acme/ledger/",
    "P/": "app/src/main/java/com/acme/app/",
}
_PART = re.compile(r"^\[(base|a|b)\]\n(.*?)(?=^\[(?:base|a|b)\]\n|\Z)", re.MULTILINE | re.DOTALL)
_GRAVE = (Severity.ERROR, Severity.WARNING)
Files = dict[str, str]


@dataclass(frozen=True)
class Unseen:
    """`expected`: (kind, severity, part of the symbol), one of which must be found; none: no error may be."""

    name: str
    language: str
    expected: tuple[tuple[str, str, str], ...]
    base: Files
    a: Files
    b: Files


class View(MemoryView):
    """Trees in memory that can be asked for one path, as manifests need it."""

    def find(self, tree: str, path: str) -> Entry | None:
        text = self.trees[tree].get(path)
        return None if text is None else self.entry(text)


def cases(which: str = "*") -> Iterator[Unseen]:
    """All cases of the sets that match, in the order of their files."""
    for base in sorted(FOLDER.glob(f"{which}.base")):
        project = _edited({}, base.read_text("utf-8"), base.name)
        noise = base.with_suffix(".noise")
        more = _parts(noise.read_text("utf-8")) if noise.exists() else {}
        for path in sorted(FOLDER.glob(f"{base.stem}-*.cases")):
            for text in re.split(r"^### ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
                yield _case(base.name.partition("-")[0], project, more, text)


def found_in(case: Unseen) -> tuple[Conflict, ...]:
    """What symbols and manifests say of a case."""
    view, sides = View(), (side("a"), side("b"))
    for name, files in (("base", case.base), ("a", case.a), ("b", case.b)):
        view.add(name, files)
    symbols = SymbolDetector(view, None).detect("base", sides)
    return (*symbols, *ManifestDetector(view).detect("base", sides))


def hits(case: Unseen, found: tuple[Conflict, ...]) -> list[Conflict]:
    """Those of `found` that a case expects."""
    return [one for one in found if any(_is(one, *wanted) for wanted in case.expected)]


def errors(found: tuple[Conflict, ...]) -> list[Conflict]:
    return [one for one in found if one.severity is Severity.ERROR]


def _is(one: Conflict, kind: str, severity: str, symbol: str) -> bool:
    grave = one.severity is Severity.ERROR if severity == "error" else one.severity in _GRAVE
    said = f"{one.symbol} {one.path} {one.explanation}".lower()
    return one.kind == kind and grave and symbol.lower() in said


def _case(language: str, project: Files, noise: dict[str, str], text: str) -> Unseen:
    head, _, body = text.partition("\n")
    name, _, expected = (one.strip() for one in head.partition(" : "))
    parts = _parts(body)
    base = _edited(project, parts.get("base", ""), name)
    a, b = (_edited(base, parts.get(one, ""), name) for one in "ab")
    a, b = (_edited(files, noise.get(one, ""), name, lenient=True) for one, files in (("a", a), ("b", b)))
    wanted = [] if expected == "none" else [tuple(one.split()) for one in expected.split(";")]
    return Unseen(name, language, tuple(wanted), _unfolded(base), _unfolded(a), _unfolded(b))


def _parts(text: str) -> dict[str, str]:
    return {one[1]: one[2] for one in _PART.finditer(text)}


def _unfolded(files: Files) -> Files:
    return {_FOLDERS.get(path[:2], path[:2]) + path[2:]: text for path, text in files.items()}


def _edited(files: Files, script: str, name: str, *, lenient: bool = False) -> Files:
    files = dict(files)
    for block in re.split(r"^@@ ", script, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        path, _, verb = head.partition(" ")
        if verb in ("", "rm") or verb.startswith("mv "):
            text = files.pop(path, "")
            if verb != "rm":
                files[verb[3:] if verb else path] = text if verb else body
            continue
        try:
            files[path] = _changed(files.get(path, ""), verb, body)
        except ValueError:
            if not lenient:
                raise ValueError(f"{name}: {path}: {head!r} does not fit") from None
    return files


def _changed(text: str, verb: str, body: str) -> str:
    word, _, rest = verb.partition(" ")
    if word == "+":
        return text + body
    if word == "all":
        old, new = rest.split(" => ")
        return re.sub(old, new, text)
    if word == "after":
        lines = text.splitlines(keepends=True)
        at = next(number for number, line in enumerate(lines, 1) if rest in line)
        return "".join([*lines[:at], body, *lines[at:]])
    changes = [(body, "")]
    if word == "s":
        halves = (
            re.split(r"^=>\n", one, maxsplit=1, flags=re.MULTILINE)
            for one in re.split(r"^--\n", body, flags=re.MULTILINE)
        )
        changes = [(old, new) for old, new in halves]
    for old, new in changes:
        whole = not new and old in text
        was, now = (old, new) if whole else (old.removesuffix("\n"), new.removesuffix("\n"))
        if was not in text:
            raise ValueError(was)
        text = text.replace(was, now, 1)
    return text


def merges_as_text(case: Unseen) -> bool:
    """Whether git merges the files that both sides changed."""
    shared = [path for path in case.base if case.base[path] not in (case.a.get(path), case.b.get(path))]
    with tempfile.TemporaryDirectory() as folder:
        for path in shared:
            places = [Path(folder) / name for name in ("a", "base", "b")]
            for place, files in zip(places, (case.a, case.base, case.b), strict=True):
                place.write_text(files.get(path, ""), "utf-8")
            done = subprocess.run(["git", "merge-file", "-p", *places], capture_output=True, check=False)
            if done.returncode and case.a.get(path) != case.b.get(path):
                return False
    return True


def main(names: list[str]) -> None:
    counted: Counter[tuple[str, str, str]] = Counter()
    for case in cases():
        if names and case.name not in names:
            continue
        found = found_in(case)
        kind = case.expected[0][0] if case.expected else "none"
        good = bool(hits(case, found)) if case.expected else not errors(found)
        counted[kind, case.language, "as expected" if good else "not"] += 1
        if names or not good or not merges_as_text(case):
            print(case.name, case.expected, "as expected" if good else "NOT", merges_as_text(case))
            print(*(f"  {one.severity} {one.kind} {one.explanation}" for one in found), sep="\n")
    for (kind, language, outcome), count in sorted(counted.items()):
        print(f"{kind:26} {language:11} {outcome:12} {count}")


if __name__ == "__main__":
    main(sys.argv[1:])
