"""
Costs of the symbol level, on demand: `python benchmarks/bench_symbols.py REPO [FILES]`.

CPU of building tables per 1,000 files (cold, and from the cache directory), of one pair of branches, and of one changed
file checked again with everything warm.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import pygit2

from devassist.conflicts.names.blob_tables import Tables, source_files
from devassist.conflicts.symbols.detector import SymbolDetector
from devassist.domain.conflicts import Side
from devassist.git.merging.tree_view import TreeView
from devassist.git.objects.trees import FILE, Entry, Trees
from devassist.git.repository import Repository


def per_thousand(view: TreeView, tree: str, cache: Path | None, limit: int) -> tuple[int, float, float]:
    """Files, megabytes, and CPU seconds per 1,000 files."""
    tables = Tables(view, cache)
    files = source_files(tables, tree, ())
    paths = sorted(files.blobs)[:limit]
    for path in paths:  # Reading objects is the text level's cost as well.
        files.source(path)
    size = sum(len(files.source(path)) for path in paths) / 1e6
    started = time.process_time()
    for path in paths:
        files.table(path)
    return len(paths), size, (time.process_time() - started) * 1000 / max(1, len(paths))


class Edits:
    """Branches as trees: files of the base with something done to them."""

    def __init__(self, repo: pygit2.Repository, base: str) -> None:
        self.repo, self.base, self.trees = repo, base, Trees(repo)

    def side(self, name: str, edits: dict[str, str]) -> Side:
        entries = {
            path: Entry(FILE, str(self.repo.create_blob(text.encode()))) for path, text in edits.items()
        }
        tree = self.trees.edited(self.base, entries, write=True)
        return Side(name=name, commit=tree, tree=tree)


def check_again(view: TreeView, edits: Edits, base: str, cache: Path, paths: list[str]) -> None:
    texts = {path: view.text(view.find(base, path).id) for path in paths[:60]}
    others = [
        edits.side(f"o{number}", {path: text.replace("(self, ", "(self, extra_one, ", 1)})
        for number, (path, text) in enumerate(list(texts.items())[:50])
    ]
    detector = SymbolDetector(view, cache)
    started = time.process_time()
    found = detector.detect(base, others)
    print(
        f"all {len(others) * (len(others) - 1) // 2} pairs of {len(others)} branches: {time.process_time() - started:.2f} CPU-s, {len(found)} conflicts"
    )
    spent = []
    for number, (path, text) in enumerate(texts.items()):
        side = edits.side(
            "me", {path: text + f"\n\ndef added_{number}(value):\n    return value.method_{number}(1)\n"}
        )
        started = time.process_time()
        detector.check_path(base, side, others, path)
        spent.append((time.process_time() - started) * 1000)
    spent.sort()
    print(
        f"one changed file against {len(others)} branches: p50 {statistics.median(spent):.1f} ms, p95 {spent[int(len(spent) * 0.95)]:.1f} ms"
    )


def main(where: Path, limit: int) -> None:
    repository = Repository.discover(where)
    view = TreeView(repository)
    repo = pygit2.Repository(str(where))
    base = str(repo.head.peel(pygit2.Tree).id)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        count, size, cold = per_thousand(view, base, None, limit)
        per_thousand(view, base, cache, limit)
        _count, _size, warm = per_thousand(view, base, cache, limit)
        print(
            f"{where.name}: {count} files ({size:.1f} MB), tables per 1,000 files: {cold:.2f} CPU-s cold, {warm:.2f} CPU-s from the cache"
        )
        paths = [
            path for path in sorted(source_files(Tables(view, cache), base, ()).blobs) if path.endswith(".py")
        ]
        check_again(view, Edits(repo, base), base, cache, paths[:: max(1, len(paths) // 60)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3000)
