"""A pooled tree holds exactly what it is pointed at, after any sequence of trees and whatever commands did there."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devassist.domain.errors import RepositoryError
from devassist.git.merging.scratch import ScratchObjects
from devassist.git.objects.trees import EXECUTABLE, FILE, GITLINK, SYMLINK, TREE, Entry, Trees
from devassist.git.pool.pool import TreePool
from devassist.git.repository import Repository
from support.repos import make_repository

Content = Mapping[str, tuple[int, bytes]]
IGNORED = ".cache"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.discover(make_repository(tmp_path_factory.mktemp("pool") / "repo", {"f": "x\n"}))


class Pool:
    """A pool over trees that live in a scratch directory of their own, as merges that are tried out do."""

    def __init__(self, repository: Repository, place: Path) -> None:
        self.repository, self.place = repository, place
        self.reopen()

    def reopen(self, *, crash: bool = False) -> None:
        if hasattr(self, "pool"):
            if crash:
                self.pool._free.clear()
            self.pool.close()
            self.scratch.close()  # with all trees in it
        self.scratch = ScratchObjects.create(self.repository)
        self.handle = self.scratch.view().handle
        self.pool = TreePool(self.place, self.scratch)

    def tree(self, content: Content) -> str:
        entries = {
            path: Entry(mode, data.decode() if mode == GITLINK else str(self.handle.create_blob(data)))
            for path, (mode, data) in content.items()
        }
        return Trees(self.handle).edited("", entries, write=True)


@pytest.fixture
def pool(repository: Repository, tmp_path: Path) -> Iterator[Pool]:
    made = Pool(repository, tmp_path / "pool")
    yield made
    made.reopen()
    made.scratch.close()


def held(root: Path) -> dict[str, tuple[int, bytes]]:
    """What is on disk, save what is ignored and may stay."""
    content: dict[str, tuple[int, bytes]] = {}
    for directory, folders, files in os.walk(root):
        for name in [*files, *(folder for folder in folders if (Path(directory) / folder).is_symlink())]:
            full = Path(directory) / name
            path = full.relative_to(root).as_posix()
            if path.endswith(IGNORED) or f"{IGNORED}/" in path:
                continue
            if full.is_symlink():
                content[path] = (SYMLINK, os.fsencode(os.readlink(full)))
            else:
                mode = EXECUTABLE if full.stat().st_mode & stat.S_IXUSR else FILE
                content[path] = (mode, full.read_bytes())
    return content


def check_holds(pool: Pool, content: Content) -> Path:
    with pool.pool.at(pool.tree(content)) as slot:
        root = slot.tree.root
        wanted = {path: entry for path, entry in content.items() if entry[0] != GITLINK}
        # An ignored name that a tree holds counts all the same.
        for path in [path for path in wanted if path.endswith(IGNORED) or f"{IGNORED}/" in path]:
            mode, data = wanted.pop(path)
            full = root / path
            assert (os.fsencode(os.readlink(full)) if mode == SYMLINK else full.read_bytes()) == data, path
        assert held(root) == wanted
        for path, (mode, _data) in content.items():
            assert mode != GITLINK or (root / path).is_dir()
        return root


# Any sequence ---------------------------------------------------------------------------------------------

NAMES = ("a", "b", "dir", "x.cache")
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
entries = st.tuples(
    st.sampled_from((FILE, FILE, EXECUTABLE, SYMLINK)),
    st.sampled_from((b"one\n", b"two\n", b"a", b"", b"../b")),
).map(lambda entry: entry if entry[0] != SYMLINK or entry[1] else (SYMLINK, b"to")) | st.just(
    (GITLINK, b"1" * 40)
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, tuple[int, bytes]]:
    """A tree: no path stands above another. Most have the ignore rule."""
    content: dict[str, tuple[int, bytes]] = {}
    for path, entry in draw(st.dictionaries(paths, entries, max_size=7)).items():
        if not any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in content):
            content[path] = entry
    return content | {".gitignore": (FILE, f"*{IGNORED}\n".encode())}


mischief = st.tuples(
    st.sampled_from(("write", "delete", "directory", "link", "chmod", "touch", "rename")),
    paths | st.sampled_from((".gitignore", ".git", "dir/.git", "outside")),
    paths,
)


def misbehave(root: Path, act: tuple[str, str, str], outside: Path) -> None:
    what, path, other = act
    full = root / path
    inside = [os.path.realpath(place.parent).startswith(str(root)) for place in (full, root / other)]
    if not all(inside):
        return  # the sandbox does not let it out through its own link either
    try:
        match what:
            case "write":
                full.parent.mkdir(parents=True, exist_ok=True)
                full.write_text("by a command\n")
            case "delete":
                shutil.rmtree(full) if full.is_dir() and not full.is_symlink() else full.unlink()
            case "directory":
                full.mkdir(parents=True)
            case "link":
                if full.is_dir() and not full.is_symlink():
                    shutil.rmtree(full)
                full.unlink(missing_ok=True)
                full.symlink_to(outside)
            case "chmod":
                full.chmod(0o755 if full.is_dir() else 0o711)
            case "touch":
                os.utime(full, (1, 1))
            case "rename":
                full.rename(root / other)
    except (OSError, shutil.Error):
        pass


steps = st.lists(
    st.tuples(
        contents(), st.lists(mischief, max_size=4), st.sampled_from(("go on", "go on", "reopen", "crash"))
    ),
    min_size=2,
    max_size=6,
)


@pytest.mark.thorough
@settings(
    max_examples=settings.default.max_examples * 6 // 5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps)
def test_it_is_byte_exact_after_any_sequence(repository: Repository, sequence) -> None:
    with tempfile.TemporaryDirectory() as place:
        outside = Path(place) / "outside"
        outside.mkdir()
        (outside / "a").write_text("not ours")
        pool = Pool(repository, Path(place) / "pool")
        for content, acts, then in sequence:
            root = check_holds(pool, content)
            for act in acts:
                misbehave(root, act, outside)
            if then != "go on":
                pool.reopen(crash=then == "crash")
        assert [(file.name, file.read_text()) for file in outside.iterdir()] == [("a", "not ours")]
        pool.reopen()
        pool.scratch.close()


# One by one -----------------------------------------------------------------------------------------------


def plain(text: str) -> tuple[int, bytes]:
    return (FILE, text.encode())


def test_only_what_differs_is_written(pool: Pool) -> None:
    base = {f"d{n}/f": plain(f"{n}\n") for n in range(20)}
    root = check_holds(pool, base)
    before = {path: (root / path).stat().st_ctime_ns for path in base}
    check_holds(pool, base | {"d3/f": plain("new\n")})
    after = {path: (root / path).stat().st_ctime_ns for path in base}
    assert {path for path in base if before[path] != after[path]} == {"d3/f"}


def test_caches_that_are_ignored_stay_but_never_where_a_tree_wants_a_path(pool: Pool) -> None:
    ignore = {".gitignore": plain("*.cache\n")}
    root = check_holds(pool, ignore | {"a": plain("1\n"), "d/f": plain("f\n")})
    for path in ("warm.cache/deep/result", "d/warm.cache"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("cached")
    (root / "litter").write_text("not ignored")
    check_holds(pool, ignore | {"a": plain("2\n")})
    assert (root / "warm.cache/deep/result").read_text() == "cached"
    assert (root / "d/warm.cache").exists() and not (root / "litter").exists()
    check_holds(pool, ignore | {"warm.cache": plain("tracked now\n"), "d": plain("a file\n")})
    check_holds(pool, {"a": plain("1\n"), "b": plain("nothing is ignored\n")})
    assert sorted(path.name for path in root.rglob("*")) == ["a", "b"]


def test_what_setup_made_stays(pool: Pool) -> None:
    with pool.pool.at(pool.tree({"a": plain("1\n")})) as slot:
        (slot.tree.root / "made").mkdir()
        (slot.tree.root / "made" / "once").write_text("by setup")
        slot.tree.sweep(keep_new=True)
    pool.reopen()
    with pool.pool.at(pool.tree({"a": plain("2\n")})) as slot:
        assert (slot.tree.root / "made" / "once").read_text() == "by setup"


def test_line_endings_follow_the_attributes_of_the_tree_it_holds(pool: Pool) -> None:
    root = check_holds(pool, {"a.txt": plain("1\n2\n")})
    with pool.pool.at(pool.tree({"a.txt": plain("1\n2\n"), ".gitattributes": plain("*.txt eol=crlf\n")})):
        assert (root / "a.txt").read_bytes() == b"1\r\n2\r\n"
    check_holds(pool, {"a.txt": plain("1\n2\n")})


def test_a_file_that_changes_within_a_second_gets_another_second(pool: Pool) -> None:
    root = check_holds(pool, {"a.py": plain("x = 1\n")})
    times = [int((root / "a.py").stat().st_mtime)]
    for value in (2, 1, 3):
        check_holds(pool, {"a.py": plain(f"x = {value}\n")})
        times.append(int((root / "a.py").stat().st_mtime))
    assert sorted(set(times)) == times


def test_a_path_that_leads_out_or_into_git_is_refused(pool: Pool) -> None:
    blob = Entry(FILE, str(pool.handle.create_blob(b"evil")))
    inner = Trees(pool.handle)._store(b"100644 f\0" + bytes.fromhex(blob.id), write=True)
    for name in (b"..", b".git", b".GIT"):
        tree = Trees(pool.handle)._store(b"%o %s\0" % (TREE, name) + bytes.fromhex(inner), write=True)
        with pytest.raises(RepositoryError, match="cannot be written"), pool.pool.at(tree):
            pass
    assert not list(pool.place.glob("*/f"))
    check_holds(pool, {"a": plain("1\n")})


def test_two_that_are_in_use_at_once_are_two_directories(pool: Pool, repository: Repository) -> None:
    other = Pool(repository, pool.place)
    with (
        pool.pool.at(pool.tree({"a": plain("1\n")})) as one,
        other.pool.at(other.tree({"a": plain("2\n")})) as two,
    ):
        assert one.tree.root != two.tree.root
        with pool.pool.at(pool.tree({"a": plain("3\n")})) as third:
            assert len({one.tree.root, two.tree.root, third.tree.root}) == 3
    other.reopen()
    other.scratch.close()


def test_names_of_any_bytes_are_held(pool: Pool) -> None:
    names = ["ä ö", "new\nline", os.fsdecode(b"\xff\xfe"), "tab\there"]
    check_holds(pool, {name: plain(name[:1] and "x\n") for name in names})
    pool.reopen()
    check_holds(pool, {names[2]: plain("y\n")})


def test_nothing_of_it_is_in_the_repository(pool: Pool, repository: Repository) -> None:
    config = (repository.common_dir / "config").read_bytes()
    check_holds(pool, {"a": plain("1\n")})
    assert (repository.common_dir / "config").read_bytes() == config
    assert not (repository.common_dir / "worktrees").exists()
    assert pygit2.Repository(str(repository.common_dir)).workdir == f"{repository.root}/"
