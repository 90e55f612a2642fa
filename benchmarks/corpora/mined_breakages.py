"""
Recall and precision in the field, on demand: real commits that break each other, mined out of a public history.

    PYTHONPATH=src:tests:benchmarks python benchmarks/corpora/mined_breakages.py GIT_DIR... --tools BIN --work DIR [--pairs N] [--merges N]
    PYTHONPATH=src:tests:benchmarks python benchmarks/corpora/mined_breakages.py --again DIR/*.jsonl

A pair is two real commits: one changes a name (as Python's `ast` sees it), the other, shortly before, brought a use that
the first had to adapt (`git blame`). Both are put on the state before the use; where git merges the two cleanly, the
merged tree lacks the adaptation. Whether that breaks is said by `pyflakes`, which must be importable, and by `ty` in BIN: by diagnostics of names,
members and arguments that the merged tree has and neither side. Pairs around the same names without such a diagnostic are
hard negatives, as are pairs of any two neighbours in history. `--merges` asks the same of real merges whose sides share
names. A line of JSON for each pair goes to DIR; `--again` asks our detector again, without mining. GIT_DIR is read only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpora.mining import Changed, History, Pair, definitions
from corpora.oracles import Diagnostic, Oracle
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Conflict, Side
from devassist.git.merging.tree_view import TreeView
from devassist.git.repository import Repository

_WINDOW = 80
_RENEWED = 40
_QUOTED = re.compile(r"[`'\"]([A-Za-z_][\w.]*)[`'\"(]")


class Detector:
    """Ours, on trees of one object database."""

    def __init__(self, git_dir: Path, cache: Path) -> None:
        self.git_dir, self.cache = git_dir, cache
        self.asked = 0

    def say(self, base: str, one: str, other: str) -> list[dict]:
        if self.asked % _RENEWED == 0:  # What it keeps of a thousand bases is a lot.
            view = TreeView(Repository.discover(self.git_dir.parent))
            self.detector = SymbolDetector(view, self.cache)
        self.asked += 1
        sides = [Side(name=name, commit=tree, tree=tree) for name, tree in (("A", one), ("B", other))]
        return [_row(each) for each in self.detector.detect(base, sides)]


def _row(one: Conflict) -> dict:
    return {
        "severity": str(one.severity),
        "kind": one.kind,
        "symbol": one.symbol or "",
        "places": [[each.branch, each.path, each.start_line] for each in one.locations],
        "text": one.explanation,
    }


class Mine:
    """One repository."""

    def __init__(self, git_dir: Path, work: Path, tools: Path, limit: int, seed: int) -> None:
        name = (
            git_dir.resolve().parent.name if git_dir.name != ".git" else git_dir.resolve().parent.parent.name
        )
        self.name = name
        workplace = work / name
        workplace.mkdir(parents=True, exist_ok=True)
        self.history = History(git_dir, workplace, limit)
        self.detector = Detector(self.history.git_dir, workplace / "tables")
        self.oracle = Oracle(self.history.git_dir, workplace / "tree", tools)
        self.chance = random.Random(seed)
        self.count: Counter[str] = Counter()

    def pairs(self, wanted: int, beside: int) -> Iterator[dict]:
        """Rows of pairs around one name, the oracle asked of each; then of any pairs, asked where we raise an alarm."""
        steps = list(self.history.steps)
        self.chance.shuffle(steps)
        seen: set[tuple[str, str]] = set()
        made = Counter()
        for step in steps:
            if made["blame"] + made["near"] >= wanted:
                break
            near = list(self.history.near(step, _WINDOW))
            self.chance.shuffle(near)
            # Blame first: it finds what breaks. Of the same words no more than that, so that both weigh alike.
            for pair in [*self.history.blamed(step), *near[:2]]:
                if (pair.breaker, pair.user) in seen or (
                    pair.found_by == "near" and made["near"] > made["blame"] / 2
                ):
                    continue
                seen.add((pair.breaker, pair.user))
                row = self.row(pair, always=True)
                if row is not None:
                    made[pair.found_by] += 1
                    yield row
        for step in steps[:beside]:
            pair = self.history.beside(step, _WINDOW, self.chance)
            row = None if pair is None or (pair.breaker, pair.user) in seen else self.row(pair, always=False)
            if row is not None:
                yield row

    def row(self, pair: Pair, *, always: bool) -> dict | None:
        """What the oracle and what we say of a pair; None where there is no clean merge of it."""
        self.count[f"{pair.found_by} looked at"] += 1
        sides = self.history.sides(pair)
        if sides is None or not self._still(sides[1], sides[0], pair.names):
            return None
        base, one, other = sides
        merged = self.history.merged(base, one, other)
        if merged is None:
            self.count[f"{pair.found_by} conflicts as text"] += 1
            return None
        if always and not self.history.survives(pair, one, other, base, merged):
            self.count[f"{pair.found_by} without a use left"] += 1
            return None
        made = {"repo": self.name, "by": pair.found_by, "breaker": pair.breaker, "user": pair.user}
        try:
            return self.judged(
                {**made, "names": [list(each) for each in pair.names]},
                (base, one, other, merged),
                always=always,
            )
        except (subprocess.CalledProcessError, KeyError):
            self.count["objects are missing"] += 1  # A mirror may lack what is large.
            return None

    def _still(self, one: str, base: str, names: Iterable[Changed]) -> bool:
        """Whether the breaker's change of at least one name survived being put elsewhere."""
        trees = self.history.repo[one], self.history.repo[base]
        known = list(names)
        return not known or any(
            (each.path in trees[0]) != (each.path in trees[1])
            or trees[0][each.path].id != trees[1][each.path].id
            for each in known
            if each.path in trees[1]
        )

    def judged(self, row: dict, trees: tuple[str, str, str, str], *, always: bool) -> dict:
        base, one, other, merged = trees
        said = self.detector.say(base, one, other)
        row |= {"trees": trees, "said": said, "verdict": "unasked", "new": []}
        if always or any(each["severity"] == "error" for each in said):
            paths = self._paths(base, (one, other))
            found = self.oracle.new(base, (one, other), merged, paths)
            found = [each for each in found if self.readable(each.path, trees)]
            row["new"] = [self._evidence(each, merged) for each in found]
            broken = any(each.breaking for each in found)
            row["verdict"] = "break" if broken else "types" if found else "quiet"
            if broken or any(each["severity"] == "error" for each in said):
                row["sides"] = self.oracle.alone(base, (one, other), paths)
            row["unique"] = [self._unique(each[2], base) for each in row.get("names", [])]
        return row

    def readable(self, path: str, trees: tuple[str, ...]) -> bool:
        """Whether a file can be read on all sides: of one that cannot, an oracle says nothing."""
        texts = [self.history.blob(tree, path) for tree in trees]
        return all(text is None or definitions(text) is not None for text in texts)

    def _paths(self, base: str, sides: tuple[str, str]) -> list[str]:
        tree = self.history.repo[base]
        found: set[str] = set()
        for side in sides:
            for delta in tree.diff_to_tree(self.history.repo[side]).deltas:
                found |= {delta.new_file.path, delta.old_file.path}
        return sorted(path for path in found if path.endswith(self.history.ending))

    def _evidence(self, one: Diagnostic, merged: str) -> dict:
        lines = (
            self.history.repo[self.history.repo[merged][one.path].id]
            .data.decode("utf-8", "replace")
            .split("\n")
        )
        around = "\n".join(lines[max(0, one.line - 1) : one.line + 2])
        return {
            "path": one.path,
            "line": one.line,
            "rule": one.rule,
            "text": one.text,
            "source": around,
            "breaking": one.breaking,
        }

    def _unique(self, name: str, base: str) -> bool:
        last = name.rpartition(".")[2]
        pattern = rf"^[ \t]*((async )?def|class)[ \t]+{last}\b|^[ \t]*{last}[ \t]*[:=][^=]"
        said = self.history.git("grep", "-hE", pattern, base, "--", f"*{self.history.ending}", check=False)
        return len(said.splitlines()) <= 1

    def merges(self, wanted: int) -> Iterator[dict]:
        """Rows of real clean merges where one side brings words for what the other changed."""
        git = self.history.git
        listed = git("log", "--merges", "--format=%H %P", "-n", str(wanted * 5), self.history.head).split(
            "\n"
        )
        self.chance.shuffle(listed)
        for line in [one for one in listed if one.count(" ") == 2][:wanted]:
            _merge, one, other = line.split()
            bases = git("merge-base", "--all", one, other, check=False).split()
            if len(bases) != 1 or bases[0] in (one, other):
                continue
            trees = [str(self.history.repo[each].tree.id) for each in (bases[0], one, other)]
            merged = self.history.merged(*trees)
            self.count["merges"] += merged is not None
            if merged is not None and self.history.shared(*trees):
                self.count["merges around one name"] += 1
                yield self.judged(
                    {"repo": self.name, "by": "merge", "breaker": one, "user": other},
                    (*trees, merged),
                    always=True,
                )


def matches(said: dict, new: dict) -> bool:
    """Whether one of our findings is about this diagnostic: its file, and the name in its text or at its line."""
    names = {said["symbol"].rpartition(".")[2]} | set(said["symbol"].split(".")[-2:])
    words = set(re.findall(r"\w+", new["text"] + "\n" + new["source"]))
    return any(path == new["path"] for _branch, path, _line in said["places"]) and bool(names & words)


def summary(rows: list[dict]) -> dict:
    """The figures; what is behind each is in `misses` and `alarms`."""
    found: Counter[str] = Counter(f"{row['by']} {row['verdict']}" for row in rows)
    kinds: dict[str, Counter[str]] = {}
    for row in rows:
        if row["verdict"] != "break" and row.get("sides"):
            found["a side is broken by itself"] += 1
            continue
        errors = [each for each in row["said"] if each["severity"] == "error"]
        if errors:
            found["pairs with errors"] += 1
            found[f"{row['by']} with errors"] += 1
            found["errors"] += len(errors)
        found["errors confirmed"] += sum(confirmed(each, row) for each in errors)
        if row["verdict"] == "break":
            level = caught(row)
            for kind in {kind_of(row), "all", "unique" if any(row.get("unique", [])) else "ambiguous"}:
                kinds.setdefault(kind, Counter()).update(
                    {"n": 1, "error": level == "error", "any": level != ""}
                )
    return {"pairs": len(rows), **found, "recall": {kind: dict(one) for kind, one in sorted(kinds.items())}}


def confirmed(said: dict, row: dict) -> bool:
    return any(new["breaking"] and matches(said, new) for new in row["new"])


def caught(row: dict) -> str:
    """The worst severity at which we say one of the breakages of a pair; empty for none."""
    levels = {
        each["severity"]
        for each in row["said"]
        for new in row["new"]
        if new["breaking"] and matches(each, new)
    }
    return next((level for level in ("error", "warning", "note", "info") if level in levels), "")


def kind_of(row: dict) -> str:
    """What was changed of the name that the oracle misses."""
    text = "\n".join(new["text"] + new["source"] for new in row["new"] if new["breaking"])
    for how, _path, name in row.get("names", []):
        if re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", text):
            return f"{how} {'member' if '.' in name and how != 'module' else 'name' if how != 'module' else ''}".strip()
    return "other"


def again(files: list[Path]) -> list[dict]:
    """The rows with what we say now."""
    rows = []
    for file in files:
        folder = file.with_suffix("")
        detector = Detector(next(folder.glob("*.git-objects")) / ".git", folder / "tables")
        for line in file.read_text().splitlines():
            row = json.loads(line)
            row["said"] = detector.say(*row["trees"][:3])
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--tools", type=Path)
    parser.add_argument("--work", type=Path, default=Path("mined"))
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--beside", type=int, default=100)
    parser.add_argument("--merges", type=int, default=0)
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    wanted = parser.parse_args()
    if wanted.again:
        rows = again(wanted.sources)
    else:
        rows = []
        for source in wanted.sources:
            rows += mined(source, wanted)
    if wanted.verbose:
        told(rows)
    print(json.dumps(summary(rows), indent=1))


def mined(source: Path, wanted: argparse.Namespace) -> list[dict]:
    mine = Mine(source, wanted.work, wanted.tools.resolve(), wanted.limit, wanted.seed)
    started, rows = time.monotonic(), []
    with (wanted.work / f"{mine.name}.jsonl").open("w") as out:
        for make in (mine.pairs(wanted.pairs, wanted.beside), mine.merges(wanted.merges)):
            for row in make:
                rows.append(row)
                out.write(json.dumps(row) + "\n")
                out.flush()
                if time.monotonic() - started > wanted.seconds:
                    break
    print(mine.name, dict(mine.count), f"{time.monotonic() - started:.0f} s")
    return rows


def told(rows: list[dict]) -> None:
    """Every miss and every unconfirmed error, to be looked at by a person."""
    for row in rows:
        head = f"{row['repo']} {row['by']} {row['verdict']} sides {row.get('sides')} breaker {row['breaker'][:10]} user {row['user'][:10]}"
        if row["verdict"] == "break" and caught(row) != "error":
            print("MISS", caught(row) or "nothing", head, kind_of(row))
            for new in row["new"][:4]:
                print("    oracle", new["path"], new["line"], new["rule"], new["text"][:160])
            for each in row["said"][:4]:
                print("    ours  ", each["severity"], each["kind"], each["text"][:240])
        for each in row["said"] if not row.get("sides") else ():
            if each["severity"] == "error" and not confirmed(each, row):
                print("ALARM", head, each["kind"], each["text"][:300])


if __name__ == "__main__":
    main()
