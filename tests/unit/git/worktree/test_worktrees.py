"""Worktrees: opened, read, committed from and removed without loss."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from devassist.domain.errors import Refused, RepositoryChanged, RepositoryError
from devassist.git.worktree.snapshot import snapshot_dirty
from devassist.git.worktree.worktrees import copy_untracked, detached_worktree, find_worktree, list_worktrees
from unit.git.test_support import ME, Lab, new_lab, tree_bytes


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return new_lab(tmp_path)


def kinds(worktree: object) -> dict[str, str]:
    return {change.path: change.kind for change in worktree.changes()}  # type: ignore[attr-defined]


def test_a_new_worktree_has_the_files_and_is_clean_for_git_too(lab: Lab) -> None:
    os.chmod(lab.root / "README.md", 0o755)
    (lab.root / "link").symlink_to("src/a.py")
    lab.commit({"sp ace/ü.txt": "x", "new\nline": "y", "empty": ""})
    worktree = lab.open()
    assert tree_bytes(worktree.path) == tree_bytes(lab.root)
    assert worktree.is_clean
    assert lab.git("rev-parse", "--abbrev-ref", "HEAD", cwd=worktree.path) == "devassist/r1/t1/coder"
    assert "locked devassist r1" in lab.git("worktree", "list", "--porcelain")
    assert lab.git("diff-files", "--name-only", cwd=worktree.path) == ""
    lab.check_sound(worktree.path, lab.root)
    assert "branch." not in (lab.root / ".git/config").read_text()


def test_every_kind_of_change_is_seen_and_committed(lab: Lab) -> None:
    (lab.root / "was-link").symlink_to("README.md")
    lab.commit({"gone.txt": "g\n", "run.sh": "#!/bin/sh\n", "was-file": "f\n", "d/x": "dx\n", "f": "ff\n"})
    worktree = lab.open()
    root = worktree.path
    lab.write({"src/a.py": "changed\n", "gone.txt": None, "sp ace/ü\n.txt": "n\n", "x.log": "ignored"}, root)
    (root / "src/b.py").rename(root / "src/c.py")
    (root / "run.sh").chmod(0o755)
    (root / "was-link").unlink()
    (root / "was-link").write_text("now a file\n")
    (root / "was-file").unlink()
    (root / "was-file").symlink_to("/etc/passwd")
    (root / "d/x").unlink()
    (root / "d").rmdir()
    (root / "d").write_text("a directory became a file\n")
    (root / "f").unlink()
    (root / "f").mkdir()
    (root / "f/inner").write_text("a file became a directory\n")
    (root / "nl").symlink_to("README.md")
    assert kinds(worktree) == {
        "src/a.py": "modified", "gone.txt": "deleted", "sp ace/ü\n.txt": "added", "src/c.py": "renamed",
        "run.sh": "mode", "was-link": "typechange", "was-file": "typechange", "d/x": "deleted", "d": "added",
        "f": "deleted", "f/inner": "added", "nl": "symlink",
    }  # fmt: skip
    state = worktree.state_id()
    made = worktree.commit(worktree.changes().paths, "all of it\n", author=ME, committer=ME)
    assert made is not None
    assert worktree.repository.tree_of(made) == state
    assert worktree.is_clean
    assert worktree.head_commit == made == lab.git("rev-parse", "HEAD", cwd=root)
    assert "x.log" not in lab.git("ls-tree", "-r", "--name-only", made)
    lab.check_sound(root, lab.root)


def test_only_the_given_paths_are_committed(lab: Lab) -> None:
    worktree = lab.open()
    lab.write({"src/a.py": "changed\n", "src/b.py": None, "new/one": "1\n", "new/two": "2\n"}, worktree.path)
    made = worktree.commit(["src/a.py", "new/one"], "part", author=ME, committer=ME)
    assert made is not None
    assert kinds(worktree) == {"src/b.py": "deleted", "new/two": "added"}
    assert lab.git("status", "--porcelain", cwd=worktree.path).split("\n") == [" D src/b.py", "?? new/two"]
    assert worktree.commit(["src/a.py"], "nothing", author=ME, committer=ME) is None


def test_a_path_that_git_ignores_is_seen_and_committed_where_it_is_named(lab: Lab) -> None:
    worktree = lab.open()
    lab.write({"kept.log": "k\n", "other.log": "o\n"}, worktree.path)
    assert worktree.is_clean
    assert worktree.ignores("kept.log")
    assert not worktree.tracks("kept.log")
    assert [change.path for change in worktree.changes(["kept.log", "nowhere.log"])] == ["kept.log"]
    rescued = worktree.snapshot("refs/devassist/rescue/x", named=["kept.log"])
    assert lab.git("show", f"{rescued}:kept.log") == "k"
    commit = worktree.commit(["kept.log"], "kept", author=ME, committer=ME)
    assert lab.git("show", "--name-only", "--format=", str(commit)) == "kept.log"
    assert worktree.tracks("kept.log")
    assert worktree.is_clean
    (worktree.path / "kept.log").write_text("changed\n")
    assert kinds(worktree) == {"kept.log": "modified"}


def test_an_edit_of_the_same_size_in_the_same_moment_is_seen(lab: Lab) -> None:
    worktree = lab.open()
    for text in ("hallo\n", "hella\n", "jello\n", "hello\n"):
        (worktree.path / "README.md").write_text(text)
        changed = "README.md" in kinds(worktree)
        made = worktree.commit(["README.md"], "x", author=ME, committer=ME)
        assert changed == (made is not None)
    assert worktree.repository.read_file(worktree.head_commit, "README.md") == b"hello\n"


def test_names_that_are_no_text_are_committed_as_they_are(lab: Lab) -> None:
    worktree = lab.open()
    with open(os.fsencode(worktree.path) + b"/bad\xff\xfe", "wb") as file:
        file.write(b"z")
    (path,) = worktree.changes().paths
    assert os.fsencode(path) == b"bad\xff\xfe"
    assert worktree.commit([path], "m", author=ME, committer=ME)
    lab.check_sound(worktree.path)


@pytest.mark.parametrize(
    "name", [".g\u200dit/config", "GIT~1", "a\\b", "CON", "x/aux.txt", ".Git ", "n" * 252 + ".txt"]
)
def test_forbidden_names_are_refused(lab: Lab, name: str) -> None:
    worktree = lab.open()
    if len(name) < 255:
        lab.write({name: "x"}, worktree.path)
    with pytest.raises(Refused):
        worktree.commit([name], "m", author=ME, committer=ME)


def test_nothing_the_configuration_names_is_run(lab: Lab) -> None:
    marker = lab.base / "ran"
    program = lab.base / "evil.sh"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {marker}\ncat\n")
    program.chmod(0o755)
    for hook in (
        "pre-commit",
        "post-commit",
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "commit-msg",
        "post-index-change",
    ):
        (lab.root / ".git/hooks" / hook).write_text(f"#!/bin/sh\necho {hook} >> {marker}\n")
        (lab.root / ".git/hooks" / hook).chmod(0o755)
    lab.commit({".gitattributes": "*.py diff=evil merge=evil\n*.x filter=evil\n", "a.x": "x\n"})
    marker.unlink(missing_ok=True)
    for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "gpg.program", "credential.helper",
                "diff.external", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv",
                "diff.evil.command", "merge.evil.driver", "core.hooksPath"):  # fmt: skip
        with (lab.root / ".git/config").open("a") as config:
            section, _, rest = key.partition(".")
            sub, _, name = rest.rpartition(".")
            config.write(
                f"[{section}{f' {chr(34)}{sub}{chr(34)}' if sub else ''}]\n\t{name} = {program if key != 'core.hooksPath' else lab.root / '.git/hooks'}\n"
            )
    worktree = lab.open()
    lab.write({"src/a.py": "changed\n", "n.py": "n\n", "a.x": "changed\n"}, worktree.path)
    made = worktree.commit(["src/a.py", "n.py"], "m", author=ME, committer=ME)
    assert made
    worktree.repository.diff(worktree.repository.head_commit, made)
    (worktree.path / "n.py").write_text("again\n")
    worktree.snapshot("refs/devassist/rescue/r1/a")
    lab.write({"README.md": "dirty\n"})
    snapshot_dirty(worktree.repository, "s", ME)
    list_worktrees(worktree.repository)
    assert not marker.exists(), marker.read_text()


def test_line_endings_follow_the_attributes(lab: Lab) -> None:
    lab.commit({".gitattributes": "*.txt text eol=crlf\n", "w.txt": "a\r\nb\r\n"})
    worktree = lab.open()
    assert (worktree.path / "w.txt").read_bytes() == b"a\r\nb\r\n"
    assert worktree.is_clean
    (worktree.path / "w.txt").write_bytes(b"a\r\nc\r\n")
    made = worktree.commit(["w.txt"], "m", author=ME, committer=ME)
    assert worktree.repository.read_file(made or "", "w.txt") == b"a\nc\n"
    lab.check_sound(worktree.path)


@pytest.mark.parametrize("attributes", ["* text=auto\n", "* text=auto eol=crlf\n", "*.bin ident\n"])
def test_a_binary_file_is_whole_in_worktree_and_commit_where_attributes_apply(
    lab: Lab, attributes: str
) -> None:
    picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0"
    (lab.root / "a.bin").write_bytes(picture)
    lab.commit({".gitattributes": attributes})
    worktree = lab.open()
    assert (worktree.path / "a.bin").read_bytes() == picture
    assert worktree.is_clean
    (worktree.path / "b.bin").write_bytes(picture + b"more\0")
    made = worktree.commit(["b.bin"], "m", author=ME, committer=ME)
    assert worktree.repository.read_file(made or "", "b.bin") == picture + b"more\0"
    assert lab.git("status", "--porcelain", cwd=worktree.path) == ""
    lab.check_sound(worktree.path)


def test_a_branch_that_is_there_is_left_alone(lab: Lab) -> None:
    lab.git("branch", "devassist/r1/t1/coder")
    before = lab.git("for-each-ref")
    with pytest.raises(RepositoryError, match="already exists"):
        lab.open()
    assert lab.git("for-each-ref") == before
    assert not (lab.base / "state/da-one").exists()
    assert not (lab.root / ".git/worktrees").exists()


def test_a_directory_that_is_there_is_left_alone_and_no_branch_stays(lab: Lab) -> None:
    (lab.base / "state/da-one").mkdir(parents=True)
    (lab.base / "state/da-one/precious").write_text("p")
    with pytest.raises(RepositoryError, match="already exists"):
        lab.open()
    assert (lab.base / "state/da-one/precious").read_text() == "p"
    assert "devassist" not in lab.git("for-each-ref")


def test_a_failure_while_filling_takes_everything_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "devassist.git.worktree.worktrees.populate",
        lambda *_a, **_k: (_ for _ in ()).throw(RepositoryError("disk full")),
    )
    with pytest.raises(RepositoryError, match="disk full"):
        lab.open()
    assert "devassist" not in lab.git("for-each-ref")
    assert not (lab.base / "state/da-one").exists()
    assert lab.git("worktree", "list").count("\n") == 0


def test_a_place_inside_the_repository_is_refused(lab: Lab) -> None:
    from devassist.git.worktree.worktrees import open_worktree

    with pytest.raises(RepositoryError, match="inside the repository"):
        open_worktree(
            lab.repository,
            name="da-x",
            path=lab.root / "wt",
            branch="b",
            commit=lab.repository.head_commit,
            reason="r",
        )


def test_eight_worktrees_open_at_once(lab: Lab) -> None:
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            worktree = lab.open(f"da-{number}", f"devassist/r1/t{number}/coder")
            lab.write({f"f{number}": "x\n"}, worktree.path)
            worktree.commit([f"f{number}"], "m", author=ME, committer=ME)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list_worktrees(lab.repository)) == 8
    lab.check_sound(*[lab.base / f"state/da-{number}" for number in range(8)])


@pytest.mark.parametrize(
    "damage", ["pointer", "pointer-gone", "pointer-dir", "pointer-link", "head", "commondir", "gitdir"]
)
def test_a_worktree_that_is_not_what_was_recorded_is_quarantined(lab: Lab, damage: str) -> None:
    worktree = lab.open()
    (worktree.path / "README.md").write_text("x\n")
    pointer, admin = worktree.path / ".git", lab.root / ".git/worktrees/da-one"
    match damage:
        case "pointer":
            pointer.write_text(f"gitdir: {lab.root}/.git\n")
        case "pointer-gone":
            pointer.unlink()
        case "pointer-dir":
            pointer.unlink()
            lab.git("init", "-q", cwd=worktree.path)
        case "pointer-link":
            data = pointer.read_bytes()
            pointer.unlink()
            (worktree.path / "other").write_bytes(data)
            pointer.symlink_to("other")
        case "head":
            (admin / "HEAD").write_text("ref: refs/heads/main\n")
        case "commondir":
            (admin / "commondir").unlink()
        case "gitdir":
            (admin / "gitdir").write_text("/tmp/elsewhere/.git\n")
    main = lab.git("rev-parse", "main")
    for act in (worktree.changes, worktree.check, worktree.remove, worktree.state_id,
                lambda: worktree.commit(["README.md"], "m", author=ME, committer=ME)):  # fmt: skip
        with pytest.raises(RepositoryChanged, match="not what was recorded"):
            act()
    assert lab.git("rev-parse", "main") == main


def test_a_branch_moved_by_somebody_else_is_not_overwritten(lab: Lab) -> None:
    worktree = lab.open()
    lab.write({"src/a.py": "mine\n"}, worktree.path)
    original = type(worktree)._commit_of

    def meanwhile(self: object, *args: object) -> object:
        made = original(self, *args)  # type: ignore[arg-type]
        lab.git(
            "update-ref",
            "refs/heads/devassist/r1/t1/coder",
            lab.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "other"),
        )
        return made

    type(worktree)._commit_of = meanwhile  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(RepositoryChanged):
            worktree.commit(["src/a.py"], "m", author=ME, committer=ME)
    finally:
        type(worktree)._commit_of = original  # type: ignore[method-assign]
    assert lab.git("log", "-1", "--format=%s", "devassist/r1/t1/coder") == "other"
    assert (worktree.path / "src/a.py").read_text() == "mine\n"
    lab.check_sound()


def test_embedded_repositories_are_reported_apart_and_block_nothing(lab: Lab) -> None:
    worktree = lab.open()
    nested, bare = worktree.path / "vendor/sub", worktree.path / "data/bare"
    nested.mkdir(parents=True)
    lab.git("init", "-q", str(nested))
    (nested / "file").write_text("x")
    lab.git("init", "-q", "--bare", str(bare))
    lab.git("init", "-q", str(worktree.path / "src"))  # a repository over tracked files
    lab.write({"src/a.py": "changed\n", "src/new.py": "n\n"}, worktree.path)
    changes = worktree.changes()
    assert set(changes.embedded) == {"vendor/sub", "data/bare", "src"}
    assert {"src/a.py", "src/new.py"} <= set(changes.paths)
    assert worktree.commit(changes.paths, "m", author=ME, committer=ME)
    assert "is a repository of its own" in str(worktree.remove())
    assert nested.exists()


def test_work_is_never_removed(lab: Lab) -> None:
    worktree = lab.open()
    lab.write({"new.txt": "precious\n"}, worktree.path)
    assert "not committed" in str(worktree.remove())
    saved = worktree.snapshot("refs/devassist/rescue/r1/coder")
    assert saved and worktree.repository.read_file(saved, "new.txt") == b"precious\n"
    assert worktree.head_commit == worktree.repository.head_commit
    lab.write({"new.txt": "more\n"}, worktree.path)
    assert worktree.remove(kept=["refs/devassist/rescue/r1/coder"])
    assert worktree.snapshot("refs/devassist/rescue/r1/coder")
    (worktree.path / "ro").mkdir()
    (worktree.path / "ro/x.log").write_text("ignored")
    (worktree.path / "ro").chmod(0o500)
    assert worktree.remove(kept=["refs/devassist/rescue/r1/coder"]) is None
    assert not worktree.path.exists()
    assert lab.git("worktree", "list").count("\n") == 0
    assert lab.repository.branch_tip("devassist/r1/t1/coder")
    lab.check_sound(lab.root)


def test_fast_forward_keeps_leftovers_and_ends_exact(lab: Lab) -> None:
    worktree = lab.open()
    lab.write({"left.txt": "l\n", "src/a.py": "dirty\n"}, worktree.path)
    target = lab.commit({"src/a.py": "next\n", "added/x": "x\n", "README.md": None})
    with pytest.raises(RepositoryError, match="uncommitted"):
        worktree.fast_forward(target)
    worktree.fast_forward(target, rescue_ref="refs/devassist/rescue/r1/coder")
    assert tree_bytes(worktree.path) == tree_bytes(lab.root)
    assert lab.git("show", "refs/devassist/rescue/r1/coder:left.txt") == "l"
    assert worktree.head_commit == target
    lab.check_sound(worktree.path, lab.root)
    with pytest.raises(RepositoryError, match="does not descend"):
        worktree.fast_forward(lab.git("rev-parse", "HEAD~1"))


def test_leftovers_are_swept_also_where_the_commit_stays_and_each_rescue_is_kept(lab: Lab) -> None:
    worktree, ref = lab.open(), "refs/devassist/rescue/r1/coder"
    for text in ("first\n", "second\n"):
        lab.write({"left.txt": text}, worktree.path)
        worktree.fast_forward(worktree.head_commit, rescue_ref=ref)
        assert worktree.is_clean and tree_bytes(worktree.path) == tree_bytes(lab.root)
    kept = lab.git("for-each-ref", "--format=%(refname)", "refs/devassist/rescue").split()
    assert sorted(lab.git("show", f"{one}:left.txt") for one in kept) == ["first", "second"]
    assert kept[0] == ref
    lab.check_sound(worktree.path, lab.root)


def test_an_integration_worktree_is_reset_exactly_and_keeps_caches(lab: Lab) -> None:
    first = lab.repository.head_commit
    second = lab.commit({"src/a.py": "second\n", "d/n": "n\n", "README.md": None})
    worktree = detached_worktree(lab.repository, name="da-int", path=lab.base / "state/int", commit=first)
    lab.write({"junk": "j", "cache/c": "kept", "src/b.py": "z", ".gitignore": None}, worktree.path)
    lab.write({".gitignore": "*.log\ncache/\n"}, worktree.path)
    lab.git("init", "-q", str(worktree.path / "nested"))
    worktree.reset_to(second)
    assert {k: v for k, v in tree_bytes(worktree.path).items() if k != "cache/c"} == tree_bytes(lab.root)
    assert (worktree.path / "cache/c").read_text() == "kept"
    assert worktree.head_commit == second
    lab.check_sound(worktree.path)
    tree = lab.repository.tree_of(first)
    worktree.reset_to(tree)
    assert (worktree.path / "README.md").read_text() == "hello\n"
    worktree.reset_to(second)
    lab.check_sound(worktree.path)
    again = find_worktree(lab.repository, name="da-int", path=worktree.path, branch=None)
    assert again.is_clean
    assert again.remove() is None


@pytest.mark.parametrize("cone", [True, False])
def test_a_sparse_checkout_is_inherited_without_deletions(lab: Lab, cone: bool) -> None:
    lab.commit({"docs/x.md": "d\n", "docs/deep/y.md": "y\n", "web/z.js": "z\n", "src/sub/q.py": "q\n"})
    if cone:
        lab.git("sparse-checkout", "set", "--cone", "src", "docs/deep")
    else:
        lab.git("sparse-checkout", "set", "--no-cone", "/*.md", "/src/", "!/src/sub/", "*.gitignore")
    worktree = lab.open()
    assert tree_bytes(worktree.path) == tree_bytes(lab.root)
    assert not (worktree.path / "web").exists()
    assert worktree.is_clean
    lab.check_sound(worktree.path)
    (worktree.path / "src/a.py").write_text("sparse edit\n")
    lab.write({"web/z.js": "made by an agent\n"}, worktree.path)
    assert kinds(worktree) == {"src/a.py": "modified", "web/z.js": "modified"}
    made = worktree.commit(["src/a.py"], "m", author=ME, committer=ME)
    assert made and lab.git("diff", "--name-only", "main", made) == "src/a.py"
    (worktree.path / "web/z.js").unlink()
    (worktree.path / "web").rmdir()
    assert worktree.is_clean
    lab.check_sound(worktree.path)
    listed = lab.git("ls-files", "-t", cwd=worktree.path)
    assert "S web/z.js" in listed and "H src/a.py" in listed


def test_listing_tells_ours_missing_dirty_and_locked(lab: Lab) -> None:
    one, two = lab.open(), lab.open("da-two", "devassist/r1/t2/coder")
    lab.write({"n": "x"}, one.path)
    subprocess.run(["rm", "-rf", str(two.path)], check=True)
    lab.git("worktree", "add", "-q", "-b", "theirs", str(lab.base / "theirs"))
    states = {state.name: state for state in list_worktrees(lab.repository)}
    assert (states["da-one"].ours, states["da-one"].dirty, states["da-one"].locked) == (True, True, True)
    assert (states["da-two"].missing, states["da-two"].dirty) == (True, None)
    assert (states["theirs"].ours, states["theirs"].branch, states["theirs"].dirty) == (
        False,
        "theirs",
        False,
    )


def test_untracked_files_are_copied_by_pattern(lab: Lab) -> None:
    lab.commit({".worktreeinclude": ".env*\n!.env.secret\n"})
    lab.write({".env": "E", ".env.secret": "S", "cache/a/b": "c", "x.log": "l", "conf/local.toml": "t"})
    worktree = lab.open()
    copied = copy_untracked(lab.repository, worktree, ["/cache/", "conf/*.toml", "README.md", ".git/config"])
    assert copied == [".env", "cache/a/b", "conf/local.toml"]
    assert (worktree.path / "cache/a/b").read_text() == "c"
    assert not (worktree.path / ".env.secret").exists()


def test_names_that_are_no_text_are_filtered_and_ignored_as_others_are(lab: Lab) -> None:
    odd = "b\udcff\udce9"
    lab.commit(
        {".gitattributes": "*.txt text eol=crlf\n", ".gitignore": "*.log\n", f"{odd}/{odd}.txt": "1\n2\n"}
    )
    worktree = lab.open()
    file = worktree.path / odd / f"{odd}.txt"
    assert file.read_bytes() == b"1\r\n2\r\n"
    os.utime(file, (1, 1))
    assert worktree.is_clean
    file.write_bytes(b"1\r\n3\r\n")
    lab.write({f"{odd}.log": "ignored", f"{odd}.new": "n"}, worktree.path)
    assert kinds(worktree) == {f"{odd}/{odd}.txt": "modified", f"{odd}.new": "added"}
    assert worktree.ignores(f"{odd}.log")
    assert not worktree.ignores(f"{odd}.new")
    assert worktree.commit([f"{odd}/{odd}.txt", f"{odd}.new"], "odd", author=ME, committer=ME)
    assert lab.git("cat-file", "-p", f"devassist/r1/t1/coder:{odd}/{odd}.txt") == "1\n3"
    assert worktree.remove() is None
