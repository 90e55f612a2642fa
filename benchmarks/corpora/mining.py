"""Pairs of real commits that may break each other, found with Python's `ast`, `git blame` and words: not with our tables."""

from __future__ import annotations

import ast
import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pygit2

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
_WORD = re.compile(r"[A-Za-z_]\w{3,}")
_MARKED = re.compile(
    rb"^<{7}[^\n]*\n(.*?)^\|{7}[^\n]*\n(.*?)^={7}\n(.*?)^>{7}[^\n]*\n", re.MULTILINE | re.DOTALL
)
_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
_MOST_USES = 3
_MOST_NAMES = 8
_SIGNATURE = pygit2.Signature("corpus", "corpus@example.invalid", 1_600_000_000, 0)


class Fact(NamedTuple):
    """A definition as `ast` sees it; `shape` is what a caller can tell."""

    kind: str
    shape: tuple
    start: int
    end: int


class Changed(NamedTuple):
    """What a commit did to a name: removed, moved, signature or module."""

    how: str
    path: str
    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class Pair(NamedTuple):
    """`breaker` is applied to the state before `user`; `names` are what the breaker changed and the user mentions."""

    breaker: str
    user: str
    names: tuple[Changed, ...]
    found_by: str


@dataclass
class Step:
    """One commit without merges: the words that it brings and the lines that it takes away."""

    commit: str
    parent: str
    words: set[str] = field(default_factory=set)
    gone: list[tuple[str, int, str]] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


@lru_cache(maxsize=4096)
def definitions(source: bytes) -> dict[str, Fact] | None:
    """Qualified name -> fact, of a module's own level and its classes; None for what Python cannot read."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found: dict[str, Fact] = {}
    _collect(tree.body, "", found)
    return found


def _collect(body: list[ast.stmt], owner: str, found: dict[str, Fact]) -> None:
    for one in body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            kind = "method" if owner else "function"
            marks = tuple(ast.unparse(mark) for mark in one.decorator_list)
            shape = (type(one).__name__, marks, _parameters(one.args))
            found[owner + one.name] = Fact(kind, shape, one.lineno, one.end_lineno or 0)
        elif isinstance(one, ast.ClassDef):
            bases = tuple(ast.unparse(base) for base in one.bases)
            found[owner + one.name] = Fact("class", bases, one.lineno, one.end_lineno or 0)
            _collect(one.body, f"{owner}{one.name}.", found)
        elif isinstance(one, ast.Assign | ast.AnnAssign):
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                if isinstance(target, ast.Name):
                    found.setdefault(owner + target.id, Fact("value", (), one.lineno, one.end_lineno or 0))
        elif isinstance(one, ast.If | ast.Try | ast.With):
            handlers = [each.body for each in getattr(one, "handlers", [])]
            for block in (one.body, getattr(one, "orelse", []), getattr(one, "finalbody", []), *handlers):
                _collect(block, owner, found)


def _parameters(given: ast.arguments) -> tuple:
    plain = [*given.posonlyargs, *given.args]
    required = len(plain) - len(given.defaults)
    return (
        tuple((one.arg, at >= required, at < len(given.posonlyargs)) for at, one in enumerate(plain)),
        given.vararg is not None,
        tuple(
            (one.arg, default is not None)
            for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        ),
        given.kwarg is not None,
    )


def narrower(old: tuple, new: tuple) -> bool:
    """Whether a function takes less than it did, or asks for more: optional parameters at the end are neither."""
    if old == new or len(old) != 3 or len(new) != 3:
        return False
    (plain, many, named, keywords), (now, now_many, now_named, now_keywords) = old[2], new[2]
    if old[:2] != new[:2] or many > now_many or keywords > now_keywords:
        return True
    same = now[: len(plain)]
    kept = [one[0] for one in plain] == [one[0] for one in same] and all(
        late[1] >= early[1] for early, late in zip(plain, same, strict=False)
    )
    optional = all(one[1] for one in now[len(plain) :]) and all(
        one[1] for one in now_named if one not in named
    )
    return not (kept and optional and {one[0] for one in named} <= {one[0] for one in (*now_named, *now)})


class History:
    """The newest commits of a repository; what is made of them goes to a repository of its own beside it."""

    def __init__(self, git_dir: Path, workplace: Path, limit: int, ending: str = ".py") -> None:
        self.ending = ending
        self.git_dir = workplace / f"{git_dir.parent.name}.git-objects" / ".git"
        if not self.git_dir.exists():
            subprocess.run(["git", "init", "-q", self.git_dir.parent], check=True)
            (self.git_dir / "objects/info/alternates").write_text(f"{git_dir.resolve()}/objects\n")
        self.repo = pygit2.Repository(str(self.git_dir))
        command = ["git", "--git-dir", git_dir, "rev-parse", "HEAD"]
        self.head = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        self.git("update-ref", "HEAD", self.head)
        self.steps = list(self._read(limit))
        self.by_commit = {one.commit: one for one in self.steps}

    def git(self, *arguments: str | Path, check: bool = True, data: str | None = None) -> str:
        command = ["git", "--git-dir", self.git_dir, *arguments]
        done = subprocess.run(command, capture_output=True, check=False, input=data and data.encode())
        if check and done.returncode:
            raise RuntimeError(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def _read(self, limit: int) -> Iterator[Step]:
        log = [
            "log",
            "--no-merges",
            "--no-renames",
            f"-n{limit}",
            "-U0",
            "-p",
            "--format=%x00%H %P",
            self.head,
        ]
        said = self.git(*log, "--", f"*{self.ending}")
        for text in said.split("\0")[1:]:
            head, _, patch = text.partition("\n")
            commit, _, parent = head.partition(" ")
            if not parent:
                continue
            step = Step(commit, parent)
            path, line = "", 0
            for row in patch.split("\n"):
                if row.startswith("--- "):
                    path = row[6:] if row.startswith("--- a/") else ""
                elif row.startswith("+++ "):
                    path = path or row[6:]
                    step.paths.add(path)
                elif match := _HUNK.match(row):
                    line = int(match.group(1))
                elif row.startswith("-"):
                    step.gone.append((path, line, row[1:]))
                    line += 1
                elif row.startswith("+"):
                    step.words.update(_WORD.findall(row))
            yield step

    def blob(self, commit: str, path: str) -> bytes | None:
        try:
            return self.repo[self.repo[commit].peel(pygit2.Tree)[path].id].data
        except (KeyError, AttributeError):
            return None

    def changed(self, step: Step) -> list[Changed]:
        """Names that a commit removed or gave another signature, by `ast` on both states of its files."""
        found: list[Changed] = []
        came: set[str] = set()
        for path in sorted(step.paths):
            before, after = self.blob(step.parent, path), self.blob(step.commit, path)
            new = definitions(after) if after is not None else {}
            old = definitions(before) if before is not None else {}
            if old is None or new is None:
                continue
            came |= {name for name in new if name not in old}
            if after is None:
                found.append(
                    Changed(
                        "module",
                        path,
                        path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."),
                    )
                )
            for name, fact in old.items():
                if name not in new:
                    found.append(Changed("removed", path, name))
                elif fact.kind in ("function", "method") and narrower(fact.shape, new[name].shape):
                    found.append(Changed("signature", path, name))
        return [
            one._replace(how="moved") if one.how == "removed" and one.name in came else one for one in found
        ]

    def uses(self, step: Step, one: Changed) -> list[tuple[str, int]]:
        """Lines that a commit rewrote and that mentioned a name outside of its own definition."""
        word = re.compile(rf"\b{re.escape(one.last)}\b")
        own = (definitions(self.blob(step.parent, one.path) or b"") or {}).get(one.name)
        found = []
        for path, line, text in step.gone:
            inside = path == one.path and own is not None and own.start <= line <= own.end
            bare = text.strip()
            if not inside and word.search(text) and not bare.startswith(("#", '"', "'", "def ", "class ")):
                found.append((path, line))
        return found

    def blamed(self, step: Step) -> Iterator[Pair]:
        """The commits that had brought those uses, with this one as what breaks them."""
        names: dict[str, list[Changed]] = defaultdict(list)
        for one in self.changed(step)[:_MOST_NAMES]:
            users = set()
            for path, line in self.uses(step, one)[:_MOST_USES]:
                said = self.git(
                    "blame", "-l", "-s", "-L", f"{line},{line}", step.parent, "--", path, check=False
                )
                users.add(said.split(" ")[0])
            for user in users:
                if re.fullmatch(r"[0-9a-f]{40}", user) and self._known_before(user, one):
                    names[user].append(one)
        for user, ones in names.items():
            yield Pair(step.commit, user, tuple(ones), "blame")

    def _known_before(self, user: str, one: Changed) -> bool:
        parents = self.repo[user].parent_ids
        if len(parents) != 1:
            return False
        text = self.blob(str(parents[0]), one.path)
        written = rf"^[ \t]*(?:(?:async )?def|class)[ \t]+{one.last}\b|^[ \t]*{one.last}[ \t]*[:=]".encode()
        return text is not None and (
            one.how == "module" or re.search(written, text, re.MULTILINE) is not None
        )

    def near(self, step: Step, window: int) -> Iterator[Pair]:
        """Commits shortly before that bring the words for what this one changed."""
        at = next(number for number, one in enumerate(self.steps) if one is step)
        ones = [one for one in self.changed(step) if len(one.last) > 3 and not one.last.startswith("__")]
        for other in self.steps[at + 1 : at + window]:
            said = tuple(
                one for one in ones if one.last in other.words and self._known_before(other.commit, one)
            )
            if said:
                yield Pair(step.commit, other.commit, said, "near")

    def beside(self, step: Step, window: int, chance: random.Random) -> Pair | None:
        """Any commit shortly before."""
        at = next(number for number, one in enumerate(self.steps) if one is step)
        others = self.steps[at + 1 : at + window]
        return Pair(step.commit, chance.choice(others).commit, (), "any") if others else None

    def sides(self, pair: Pair) -> tuple[str, str, str] | None:
        """
        Trees of base, breaker and user. Best without the user's commit where the breaker stood; else where the user stood.
        """
        breaker, user = self.repo[pair.breaker], self.repo[pair.user]
        if len(user.parent_ids) != 1 or len(breaker.parent_ids) != 1:
            return None
        before, after = (str(one.tree.id) for one in (user.parents[0], user))
        was, now = (str(one.tree.id) for one in (breaker.parents[0], breaker))
        without = self.applied(after, before, was, strict=True)
        if without is not None and without != was:
            one = self.applied(was, now, without, strict=False)
            return None if one in (None, without, was) else (without, one, was)
        one = self.applied(was, now, before, strict=False)
        return None if one in (None, before, after) else (before, one, after)

    def applied(self, old: str, new: str, onto: str, *, strict: bool) -> str | None:
        """The tree `onto` with what changed from `old` to `new`; words that do not fit are left out, or (`strict`) end it."""
        index = pygit2.Index()
        index.read_tree(self.repo[onto])
        for delta in self.repo[old].diff_to_tree(self.repo[new]).deltas:
            status, path = delta.status_char(), delta.new_file.path
            was = None if status == "A" else str(delta.old_file.id)
            wanted = None if status == "D" else str(delta.new_file.id)
            now = str(index[path].id) if path in index else None
            if now == wanted or delta.new_file.mode == pygit2.enums.FileMode.COMMIT:
                continue
            if now != was:
                if now is None or was is None:
                    if strict or was is None:
                        return None
                    continue  # What it adapts is not there yet.
                if wanted is not None or strict:
                    wanted = None if wanted is None else self._fitted(now, was, wanted, strict=strict)
                    if wanted is None:
                        return None
            if wanted is None:
                index.remove(path)
            else:
                mode = delta.new_file.mode or index[path].mode
                index.add(pygit2.IndexEntry(path, pygit2.Oid(hex=wanted), mode))
        return str(index.write_tree(self.repo))

    def _fitted(self, now: str, was: str, wanted: str, *, strict: bool) -> str | None:
        texts = [self.repo[one].data for one in (now, was, wanted)]
        if any(b"\0" in one for one in texts):
            return None if strict else now
        if strict:
            clean, conflicts = self._three_way(texts)
            return None if conflicts else str(self.repo.create_blob(clean))
        found = self._by_words(texts)
        if found is None or (self.ending == ".py" and definitions(found) is None):
            found, _conflicts = self._three_way(texts, "--ours")
        return str(self.repo.create_blob(found))

    def _three_way(self, texts: list[bytes], *options: str) -> tuple[bytes, bool]:
        """Git's merge of ours, base and theirs, and whether there are conflicts."""
        names = [self.git_dir / f"fit-{which}" for which in ("now", "was", "wanted")]
        for name, text in zip(names, texts, strict=True):
            name.write_bytes(text)
        done = subprocess.run(
            ["git", "merge-file", "-p", "-q", *options, *names], capture_output=True, check=False
        )
        return done.stdout, done.returncode != 0

    def _by_words(self, texts: list[bytes]) -> bytes | None:
        """Hunks that do not fit, merged word by word; a word that does not fit stays as it is."""
        marked, conflicts = self._three_way(texts, "--diff3")
        parts = _MARKED.split(marked) if conflicts else [marked]
        if len(parts) % 4 != 1:
            return None
        made = [parts[0]]
        for at in range(1, len(parts), 4):
            spelled = [
                b"".join(one.replace(b"\n", b"\r") + b"\n" for one in _TOKEN.findall(each))
                for each in parts[at : at + 3]
            ]
            merged, _conflicts = self._three_way(spelled, "--ours")
            made += [b"".join(one.replace(b"\r", b"\n") for one in merged.split(b"\n")), parts[at + 3]]
        return b"".join(made)

    def shared(self, base: str, one: str, other: str) -> bool:
        """Whether one side defines a name no longer as it did, and the other brings the word."""
        sides = [self._words(base, side) for side in (one, other)]
        return bool(sides[0][0] & sides[1][1] or sides[1][0] & sides[0][1])

    def _words(self, base: str, side: str) -> tuple[set[str], set[str]]:
        gone: set[str] = set()
        came: set[str] = set()
        for delta in self.repo[base].diff_to_tree(self.repo[side]).deltas:
            path = delta.new_file.path
            if path.endswith(self.ending):
                texts = [self.blob(tree, path) or b"" for tree in (base, side)]
                before, after = (definitions(text) or {} for text in texts)
                gone |= {
                    name.rpartition(".")[2]
                    for name, fact in before.items()
                    if name not in after or narrower(fact.shape, after[name].shape)
                }
                old, new = (Counter(_WORD.findall(text.decode("utf-8", "replace"))) for text in texts)
                came |= set(new - old)
        return gone, came

    def survives(self, pair: Pair, one: str, other: str, base: str, merged: str) -> bool:
        """Whether the merged text of what the user changed has more of a changed name than the breaker's own."""
        ours, both = self.repo[one], self.repo[merged]
        for delta in self.repo[base].diff_to_tree(self.repo[other]).deltas:
            path = delta.new_file.path
            if not path.endswith(self.ending) or path not in both:
                continue
            texts = [tree[path].data if path in tree else b"" for tree in (ours, both)]
            for each in pair.names:
                word = re.compile(rb"\b%s\b" % re.escape(each.last.encode()))
                if len(word.findall(texts[1])) > len(word.findall(texts[0])):
                    return True
        return False

    def merged(self, base: str, one: str, other: str) -> str | None:
        """The tree that git makes of two trees from a base; None where it finds a conflict."""
        root = self.repo.create_commit(None, _SIGNATURE, _SIGNATURE, "base", pygit2.Oid(hex=base), [])
        ends = [
            str(self.repo.create_commit(None, _SIGNATURE, _SIGNATURE, name, pygit2.Oid(hex=tree), [root]))
            for name, tree in (("a", one), ("b", other))
        ]
        command = ["git", "--git-dir", self.git_dir, "merge-tree", "--write-tree", *ends]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.split("\n")[0] if done.returncode == 0 else None
