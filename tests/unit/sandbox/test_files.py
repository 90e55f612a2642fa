"""The in-process file tools cannot leave the worktree, whatever the path and whatever races them."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from devassist.sandbox import beneath
from devassist.sandbox.files import PathRefused, WorktreeFiles
from devassist.sandbox.names import glob_pattern, is_git, is_secret

SECRET = b"TOPSECRET"


@pytest.fixture(params=["openat2", "walk"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorktreeFiles:
    """Both ways of opening: with openat2, and with the walk where it is missing."""
    monkeypatch.setattr(beneath, "_openat2_works", [request.param == "openat2"])
    root = tmp_path / "wt"
    (root / "a/b").mkdir(parents=True)
    (tmp_path / "wt-evil").mkdir()
    (tmp_path / "wt-evil/secret").write_bytes(SECRET)
    (tmp_path / "secret").write_bytes(SECRET)
    (root / "a/b/f").write_bytes(b"fine")
    (root / ".git").write_text("gitdir: elsewhere")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("..")
    (root / "proc").symlink_to("/proc/self/root")
    (root / "inside").symlink_to("a")
    (root / "pointer").symlink_to(".git")
    (root / ".env").write_bytes(SECRET)
    (root / "settings.txt").symlink_to(".env")
    os.link(tmp_path / "secret", root / "hard")
    os.mkfifo(root / "pipe")
    return WorktreeFiles(root)


OUTSIDE = [
    "../secret", "/etc/passwd", "a/../../secret", "a/../../wt-evil/secret", "up/secret", "out",
    "proc/etc/hostname", "hard", "a/b/f\0x", "pipe", "pointer", "settings.txt",
]  # fmt: skip
GIT = [
    ".git", ".GIT/config", ".Git", "a/.git/hooks/pre-commit", ".git /config", ".git./config", ".git. . /x",
    "git~1", "GIT~1/config", ".g\u200cit", ".git\u200d/config", "\ufeff.git", ".git::$INDEX_ALLOCATION/x",
    ".git:stream", ".git\\config", "a\\.git\\config", "\uff0egit/config", ".g\u00adit",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE + GIT)
def test_a_path_that_leads_out_or_to_git_is_refused(path: str, files: WorktreeFiles) -> None:
    with pytest.raises(PathRefused):
        files.read_bytes(path, 100)


@pytest.mark.parametrize("path", [*GIT, "../new", "/tmp/new", "up/new", "out", "proc/tmp/x", "hard", "a\0b", "inside/new", "pipe"])  # fmt: skip
def test_such_a_path_is_not_written_either(path: str, files: WorktreeFiles, tmp_path: Path) -> None:
    with pytest.raises(PathRefused):
        files.write_bytes(path, b"x")
    assert (tmp_path / "secret").read_bytes() == SECRET
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["secret", "wt", "wt-evil"]
    assert (files.root / ".git").read_text() == "gitdir: elsewhere"


@pytest.mark.parametrize("path", [*GIT, "../secret", "/tmp/x", "up/secret", "a\0b"])
def test_such_a_path_is_not_deleted_or_moved(path: str, files: WorktreeFiles, tmp_path: Path) -> None:
    for act in (files.delete, lambda old: files.move(old, "taken"), lambda new: files.move("a/b/f", new)):
        with pytest.raises(PathRefused):
            act(path)
    assert (tmp_path / "secret").exists()
    assert (files.root / "a/b/f").exists()


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", ".ENV", ".envrc", "key.pem", "id_rsa", "id_rsa.bak", "id_ed25519", ".netrc", ".npmrc",
     ".pypirc", "prod.tfstate"],
)  # fmt: skip
def test_secrets_are_not_read_nor_moved_to_be_read(name: str, files: WorktreeFiles) -> None:
    (files.root / name).write_bytes(SECRET)
    for act in (
        lambda: files.read_bytes(name, 9),
        lambda: files.move(name, "plain"),
        lambda: files.read_bytes(f"a/../{name}", 9),
    ):
        with pytest.raises(PathRefused, match="credentials"):
            act()


@pytest.mark.parametrize("name", [".env.example", ".env.sample", ".env.template", "environment.py", "id_rsa.pub", "pem.py"])  # fmt: skip
def test_what_only_looks_like_a_secret_is_read(name: str, files: WorktreeFiles) -> None:
    (files.root / name).write_bytes(b"public")
    assert files.read_bytes(name, 100) == b"public"
    assert not is_secret(name)


@pytest.mark.parametrize("name", [".gitignore", ".gitmodules", ".github", "git", "dot.git", "git~x", ".gít", "git~1.txt"])  # fmt: skip
def test_what_only_looks_like_git_is_not(name: str) -> None:
    assert not is_git(name)


def test_reading_follows_links_that_stay_inside(files: WorktreeFiles) -> None:
    if not beneath._openat2_works[0]:
        with pytest.raises(PathRefused):
            files.read_bytes("inside/b/f", 10)
        return
    assert files.read_bytes("inside/b/f", 10) == b"fine"
    assert files.read_bytes("./a//b/../b/f", 2) == b"fi"


def test_errors_of_the_system_stay_what_they_are(files: WorktreeFiles) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_bytes("none", 1)
    with pytest.raises(FileNotFoundError):
        files.delete("a/none")
    for act in (lambda: files.read_bytes("a", 1), lambda: files.write_bytes("a", b""), lambda: files.delete("a"),
                lambda: files.write_bytes(".", b"")):  # fmt: skip
        with pytest.raises(IsADirectoryError):
            act()
    with pytest.raises(NotADirectoryError):
        files.write_bytes("a/b/f/g", b"")
    with pytest.raises(NotADirectoryError):
        files.list("a/b/f")


def test_writing_creates_directories_and_keeps_the_mode(files: WorktreeFiles) -> None:
    files.write_bytes("new/deep/file.py", b"one")
    target = files.root / "new/deep/file.py"
    target.chmod(0o755)
    files.write_bytes("new/deep/file.py", b"two")
    assert (target.read_bytes(), files.mode("new/deep/file.py")) == (b"two", 0o755)
    assert os.listdir(target.parent) == ["file.py"]


def test_a_write_that_does_not_finish_leaves_the_old_file_and_nothing_else(
    files: WorktreeFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write_bytes("a/b/f", b"new")
    assert os.listdir(files.root / "a/b") == ["f"]
    assert files.read_bytes("a/b/f", 10) == b"fine"


def test_moving_does_not_overwrite(files: WorktreeFiles) -> None:
    files.write_bytes("one", b"1")
    with pytest.raises(FileExistsError):
        files.move("one", "a/b/f")
    files.move("one", "c/d/two")
    assert (files.exists("one"), files.read_bytes("c/d/two", 9)) == (False, b"1")
    with pytest.raises(FileNotFoundError):
        files.move("one", "three")
    files.move("c", "e")
    assert files.read_bytes("e/d/two", 9) == b"1"


def test_deleting_a_link_leaves_its_target(files: WorktreeFiles, tmp_path: Path) -> None:
    files.delete("out")
    assert not os.path.lexists(files.root / "out")
    assert (tmp_path / "secret").exists()


def test_listing_shows_files_and_neither_git_nor_what_leads_out(files: WorktreeFiles) -> None:
    (files.root / "a/x.py").write_text("")
    (files.root / "a/.GIT").mkdir()
    (files.root / "a/.GIT/config").write_text("")
    assert files.list() == [".env", "a/b/f", "a/x.py", "hard"]
    assert files.list("a") == ["a/b/f", "a/x.py"]
    assert files.list("a", "*.py") == ["a/x.py"]
    assert files.list(glob="**/*.py") == ["a/x.py"]
    for outside in ("..", "up", "/etc", ".git"):
        with pytest.raises(PathRefused):
            files.list(outside)


def test_a_link_to_a_file_inside_is_listed_and_to_a_directory_not_entered(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/f").write_text("")
    (tmp_path / "b").symlink_to("a/f")
    (tmp_path / "c").symlink_to("a")
    (tmp_path / "a/loop").symlink_to("..")
    assert WorktreeFiles(tmp_path).list() == ["a/f", "b"]


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.py", ["a.py"], ["d/a.py", "a.pyc"]),
        ("**/*.py", ["a.py", "d/a.py", "d/e/a.py"], ["a.txt"]),
        ("src/**", ["src/a", "src/b/c"], ["srcx/a", "a"]),
        ("src/**/t?st_[a-c].py", ["src/test_a.py", "src/x/tast_c.py"], ["src/test_d.py"]),
        ("[!a]x", ["bx"], ["ax", "/x"]),
        ("[", ["["], ["x"]),
        ("a[]b", ["a[]b"], ["a"]),
    ],
)
def test_globs(glob: str, yes: list[str], no: list[str]) -> None:
    pattern = glob_pattern(glob)
    assert [name for name in yes + no if pattern.fullmatch(name)] == yes


def _swap(root: str, outside: str) -> None:
    while True:
        try:
            os.rename(f"{root}/x", f"{root}/x_")
            os.symlink(outside, f"{root}/x")
            os.unlink(f"{root}/x")
            os.rename(f"{root}/x_", f"{root}/x")
        except OSError:
            pass


def test_a_race_between_directory_and_link_never_leads_out(files: WorktreeFiles, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(SECRET)
    (files.root / "x").mkdir()
    (files.root / "x/f").write_bytes(b"fine")
    swapper = multiprocessing.get_context("fork").Process(
        target=_swap, args=(str(files.root), str(outside)), daemon=True
    )
    swapper.start()
    fine = 0
    try:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            try:
                read = files.read_bytes("x/f", 100)
                assert read in (b"fine", b"written")
                fine += 1
                files.write_bytes("x/f", b"written")
                files.write_bytes("x/g", b"written")
                files.delete("x/g")
            except (PathRefused, OSError):
                pass
    finally:
        swapper.kill()
        swapper.join()
    assert 0 < fine
    assert os.listdir(outside) == ["f"]
    assert (outside / "f").read_bytes() == SECRET
