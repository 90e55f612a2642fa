"""Repositories of many branches, written with `git fast-import`; and what git says of merging two of them."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FILE, EXECUTABLE, LINK, MODULE = "100644", "100755", "120000", "160000"
Tree = dict[str, tuple[str, bytes]]
"""Path (bytes that are no UTF-8 as surrogates) -> mode and content."""
Merged = tuple[bool, frozenset[tuple[str, str]]]
"""Clean or not; the type of each message of a conflict and the first path it names."""


@dataclass
class Author:
    """Writes commits of whole trees to branches."""

    directory: Path
    stream: list[bytes] = field(default_factory=list[bytes])
    marks: int = 0

    def commit(self, branch: str, tree: Mapping[str, tuple[str, bytes]], *parents: int) -> int:
        self._begin(branch, parents)
        self.stream.append(b"deleteall\n")
        self.stream += [_modified(path, entry) for path, entry in tree.items()]
        return self.marks

    def change(self, branch: str, edits: Mapping[str, tuple[str, bytes] | None], parent: int) -> int:
        """A commit of what differs from its parent; None removes. For trees too large to write again and again."""
        self._begin(branch, (parent,))
        self.stream += [b"D %s\n" % _quoted(path) for path, entry in edits.items() if entry is None]
        self.stream += [_modified(path, entry) for path, entry in edits.items() if entry is not None]
        return self.marks

    def _begin(self, branch: str, parents: Sequence[int]) -> None:
        self.marks += 1
        self.stream += [
            f"commit refs/heads/{branch}\nmark :{self.marks}\n".encode(),
            f"committer A <a@b> {self.marks} +0000\ndata 1\nx\n".encode(),
        ]
        for number, parent in enumerate(parents):
            self.stream.append(f"{'merge' if number else 'from'} :{parent}\n".encode())

    def write(self) -> None:
        if not (self.directory / ".git").exists():
            subprocess.run(["git", "init", "-q", "-b", "main", str(self.directory)], check=True)
        subprocess.run(
            ["git", "fast-import", "--quiet", "--force"],
            cwd=self.directory,
            input=b"".join(self.stream),
            check=True,
        )
        self.stream.clear()


def _quoted(path: str) -> bytes:
    escaped = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"%s"' % escaped


def _modified(path: str, entry: tuple[str, bytes]) -> bytes:
    mode, content = entry
    if mode == MODULE:
        return b"M %s %s %s\n" % (mode.encode(), content, _quoted(path))
    return b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), _quoted(path), len(content), content)


def text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def words(chance: random.Random, count: int) -> list[str]:
    """Lines as in source: most are their own, some are everywhere."""
    return [
        chance.choice(("", "}", "    return x", "# --"))
        if chance.random() < 0.3
        else f"line {chance.random():.9f}"
        for _ in range(count)
    ]


def first_tree(chance: random.Random, files: int, lines: int = 30) -> Tree:
    tree: Tree = {}
    for number in range(files):
        directory = f"d{number % 7}" + (f"/s{number % 3}" if number % 2 else "")
        kind = number % 11
        path = f"{directory}/f{number}.py"
        if kind == 9:
            tree[path] = (LINK, b"target%d" % number)
        elif kind == 10:
            tree[path] = (FILE, b"\0bin" + chance.randbytes(200))
        else:
            tree[path] = (FILE, text(words(chance, chance.randint(1, lines))))
    tree["module"] = (MODULE, b"%040x" % chance.getrandbits(160))
    return tree


def changed(chance: random.Random, tree: Mapping[str, tuple[str, bytes]], edits: int) -> Tree:
    """The tree after some random edits of every sort."""
    new = dict(tree)
    for _ in range(edits):
        chance.choice(_EDITS)(chance, new)
    return new


def _some(chance: random.Random, tree: Tree) -> str:
    # A few files are hot, so that branches meet.
    paths = sorted(path for path, (mode, _) in tree.items() if mode != MODULE)
    return chance.choice(paths[:6] if chance.random() < 0.5 else paths)


def _edit(chance: random.Random, tree: Tree) -> None:
    path = _some(chance, tree)
    mode, content = tree[path]
    if mode == LINK:
        tree[path] = (mode, b"other%d" % chance.randint(0, 2))
        return
    if b"\0" in content:  # binary, wherever earlier edits have put the byte
        tree[path] = (mode, content + chance.randbytes(1))
        return
    lines = content.decode(errors="replace").splitlines()
    at = chance.randint(0, len(lines))
    what = chance.randint(0, 3)
    if what == 0:
        lines[at:at] = words(chance, chance.randint(1, 3))
    elif what == 1:
        del lines[at : at + chance.randint(1, 4)]
    elif what == 2:
        lines[at : at + 2] = words(chance, 2)
    else:
        moved = lines[at : at + 5]
        del lines[at : at + 5]
        place = chance.randint(0, len(lines))
        lines[place:place] = moved
    end = b"" if chance.random() < 0.05 and lines else b"\n"
    tree[path] = (mode, text(lines).removesuffix(b"\n") + end if lines else b"")


def _clear(tree: Tree, path: str) -> None:
    """Let nothing stand where a file shall be: neither below it nor above."""
    for other in list(tree):
        if other.startswith(path + "/") or path.startswith(other + "/"):
            del tree[other]


def _add(chance: random.Random, tree: Tree) -> None:
    path = f"d{chance.randint(0, 7)}/new{chance.randint(0, 4)}.py"
    _clear(tree, path)
    tree[path] = (chance.choice((FILE, FILE, EXECUTABLE)), text(words(chance, 8)))


def _delete(chance: random.Random, tree: Tree) -> None:
    if len(tree) > 5:
        del tree[_some(chance, tree)]


def _rename(chance: random.Random, tree: Tree) -> None:
    path = _some(chance, tree)
    target = f"{chance.choice(('d0', 'd1', 'e'))}/moved{chance.randint(0, 3)}.py"
    entry = tree.pop(path)
    _clear(tree, target)
    tree[target] = entry
    if chance.random() < 0.4 and entry[0] == FILE and not entry[1].startswith(b"\0"):
        tree[target] = (FILE, entry[1] + b"and more\n")


def _move_directory(chance: random.Random, tree: Tree) -> None:
    directory, target = f"d{chance.randint(0, 6)}", f"g{chance.randint(0, 2)}"
    for path in [path for path in tree if path.startswith(directory + "/")]:
        _clear(tree, target + path.removeprefix(directory))
        if path in tree:
            tree[target + path.removeprefix(directory)] = tree.pop(path)


def _swap(chance: random.Random, tree: Tree) -> None:
    if chance.random() < 0.5:
        directory = f"d{chance.randint(0, 6)}"
        _clear(tree, directory)
        tree[directory] = (FILE, b"a file now\n")
    else:
        path = _some(chance, tree)
        _clear(tree, path)
        del tree[path]
        tree[path + "/inside"] = (FILE, text(words(chance, 4)))


def _mode(chance: random.Random, tree: Tree) -> None:
    path = _some(chance, tree)
    mode, content = tree[path]
    tree[path] = (
        chance.choice((FILE, EXECUTABLE, LINK)) if mode != LINK else FILE,
        content.replace(b"\0", b""),
    )


def _module(chance: random.Random, tree: Tree) -> None:
    tree["module"] = (MODULE, b"%040x" % chance.randint(1, 3))


_EDITS = (
    *[_edit] * 9,
    _add,
    _add,
    _delete,
    _delete,
    _rename,
    _rename,
    _move_directory,
    _swap,
    _mode,
    _module,
)


def git_says(directory: Path, one: str, other: str) -> Merged:
    """What one fresh `git merge-tree` says."""
    done = subprocess.run(
        ["git", "merge-tree", "--write-tree", "-z", "--messages", "--allow-unrelated-histories", one, other],
        cwd=directory,
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    _stages, _, rest = done.stdout.partition(b"\0\0")
    fields, found = iter(rest.split(b"\0")), set[tuple[str, str]]()
    for count in fields:
        if not count.isdigit():  # the end, or advice on submodules
            break
        paths = [os.fsdecode(next(fields)) for _ in range(int(count))]
        kind, message = next(fields).decode(), next(fields)
        if kind.startswith("CONFLICT") and done.returncode:
            # Of contents the message alone says which.
            kind = (
                message.decode("utf-8", "replace").partition(")")[0]
                if kind == "CONFLICT (contents)"
                else kind
            )
            found.add((kind, paths[0]))
    return done.returncode == 0, frozenset(found)
