"""What list_files and search_code answer on a real worktree."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.tool_session import Desk, desk, git

from devassist.crew.tools.globs import pathspecs
from devassist.crew.tools.tool_context import ToolRefused

FILES = {
    ".gitignore": "build/\n*.log\n",
    "README.md": "Apples and pears\n",
    "src/a.py": "import os\n\n\ndef apple():\n    return 1\n",
    "src/deep/b.ts": "const apple = 2;\n",
    "src/deep/c.tsx": "const Apple = 3;\n",
}


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    return desk(tmp_path, FILES)


def test_a_match_is_a_path_a_number_and_the_line(place: Desk) -> None:
    assert place.call("search_code", pattern=r"^def \w+\(") == "src/a.py:4: def apple():"


def test_context_has_dashes_and_hunks_are_apart(place: Desk) -> None:
    place.write("x.txt", "one\nhit\nthree\nfour\nfive\nsix\nhit\n")
    assert place.call("search_code", pattern="hit", context=1, glob="*.txt").splitlines() == [
        "x.txt-1- one", "x.txt:2: hit", "x.txt-3- three", "--", "x.txt-6- six", "x.txt:7: hit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("*.py", ["src/a.py"]),
        ("/*.py", []),
        ("*.{ts,tsx}", ["src/deep/b.ts", "src/deep/c.tsx"]),
        ("{src/*.py,**/b.*}", ["src/a.py", "src/deep/b.ts"]),
        ("*.py,*.ts", ["src/a.py", "src/deep/b.ts"]),
        ("src/**", ["src/a.py", "src/deep/b.ts", "src/deep/c.tsx"]),
        ("deep/", ["src/deep/b.ts", "src/deep/c.tsx"]),
        ("!*.ts", [".gitignore", "README.md", "src/a.py", "src/deep/c.tsx"]),
        ("**/*", [".gitignore", "README.md", "src/a.py", "src/deep/b.ts", "src/deep/c.tsx"]),
        ("[!a].ts", ["src/deep/b.ts"]),
        ("*.p{y", []),
    ],
)
def test_globs_are_ripgreps(place: Desk, glob: str, paths: list[str]) -> None:
    listed = place.call("list_files", glob=glob)
    assert listed.splitlines() == paths or (not paths and listed.startswith("(no files"))


def test_a_path_narrows_a_search_to_a_directory_or_a_file(place: Desk) -> None:
    assert place.call("search_code", pattern="apple", path="src/deep") == "src/deep/b.ts:1: const apple = 2;"
    assert (
        place.call("search_code", pattern="apple", path="src/a.py", glob="*.ts") == "src/a.py:4: def apple():"
    )
    assert place.call("search_code", pattern="apple", path=str(place.tree / "src" / "deep")).startswith(
        "src/deep/b"
    )
    assert "there is no file" in place.call("search_code", pattern="apple", path="nowhere")


def test_a_path_that_looks_like_a_pattern_is_a_path(place: Desk) -> None:
    place.write("[ab]*/x.py", "apple\n")
    assert place.call("list_files", path="[ab]*") == "[ab]*/x.py"
    assert place.call("search_code", pattern="apple", path="[ab]*/x.py") == "[ab]*/x.py:1: apple"


def test_no_file_for_a_glob_is_told_apart_from_no_match(place: Desk) -> None:
    assert place.call("search_code", pattern="zebra") == "(no match in 5 files)"
    assert (
        place.call("search_code", pattern="zebra", glob="*.rs")
        == "(0 files match the glob '*.rs' below the root)"
    )


def test_case_counts_unless_nothing_has_it(place: Desk) -> None:
    assert (
        place.call("search_code", pattern="Apple").splitlines()
        == ["src/deep/c.tsx:1: const Apple = 3;", "README.md:1: Apples and pears"][::-1]
    )
    ignoring = place.call("search_code", pattern="APPLES").splitlines()
    assert ignoring == ["note: no match in this case; these ignore case", "README.md:1: Apples and pears"]
    assert place.call("search_code", pattern="APPLES", ignore_case=False) == "(no match in 5 files)"
    assert len(place.call("search_code", pattern="apple", ignore_case=True).splitlines()) == 4


def test_untracked_files_are_found_and_ignored_ones_are_named_as_such(place: Desk) -> None:
    place.write("new.py", "apple = 1\n")
    place.write("build/out.py", "apple = 1\n")
    assert place.call("search_code", pattern="apple = 1") == "new.py:1: apple = 1"
    ignored = place.call("search_code", pattern="apple", path="build")
    assert "build is ignored by git (.gitignore:1:build/)" in ignored
    assert "ignored by git" in place.call("list_files", path="build")


def test_a_tracked_file_that_is_gone_is_not_listed(place: Desk) -> None:
    (place.tree / "src" / "a.py").unlink()
    assert "src/a.py" not in place.call("list_files")
    assert place.call("search_code", pattern="def apple") == "(no match in 4 files)"


def test_a_pattern_that_is_no_expression_is_searched_for_literally(place: Desk) -> None:
    place.write("x.py", "call(a[\n")
    assert place.call("search_code", pattern="call(a[").splitlines() == [
        "pattern error: missing terminating ] for character class; searched for it as literal text",
        "x.py:1: call(a[",
    ]


def test_a_pattern_over_lines_is_refused_with_its_reason(place: Desk) -> None:
    assert "lines are searched one by one" in place.call("search_code", pattern="a\nb")


def test_a_pattern_may_begin_with_a_dash_and_have_letters_beyond_ascii(place: Desk) -> None:
    place.write("x.py", "--flag\nÄrger\n")
    place.write("latin.py", "caf\xe9 --flag\n".encode("latin-1"))
    assert place.call("search_code", pattern="--flag", path="x.py") == "x.py:1: --flag"
    assert place.call("search_code", pattern="^.rger") == "x.py:2: Ärger"
    assert "latin.py:1: caf\ufffd --flag" in place.call("search_code", pattern="--flag")


def test_a_long_line_is_shown_around_its_match(place: Desk) -> None:
    place.write("x.js", "a" * 5_000 + "needle" + "b" * 5_000)
    shown = place.call("search_code", pattern="needle")
    assert "needle" in shown
    assert len(shown) < 450


def test_a_search_that_matches_everywhere_is_cut(place: Desk) -> None:
    place.write("x.txt", "hit\n" * 5_000)
    shown = place.call("search_code", pattern="hit").splitlines()
    assert len(shown) == 301
    assert shown[-1] == "[... more matches; narrow the pattern, path or glob]"


def test_a_long_listing_is_cut_with_a_count(tmp_path: Path) -> None:
    place = desk(tmp_path, {f"directory-of-files/file-number-{number:05}.txt": "" for number in range(1_500)})
    listed = place.call("list_files").splitlines()
    assert listed[-1] == f"[... {1_500 - len(listed) + 1:,} more; narrow path or glob]"
    assert len("\n".join(listed)) < 31_000


def test_secrets_and_what_links_lead_to_are_not_searched(place: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.py").write_text("apple = 'outside'\n")
    place.write(".env", "APPLE=apple\n")
    place.write("x.txt", "apple\n")
    os.link(place.tree / "x.txt", place.tree / "hard.txt")
    (place.tree / "src" / "a.py").unlink()
    (place.tree / "src" / "deep").rename(place.tree / "deep")
    (place.tree / "src").rmdir()
    (place.tree / "src").symlink_to(tmp_path / "outside")  # git still has src/a.py in its index
    found = place.call("search_code", pattern="apple", ignore_case=True)
    assert "outside" not in found
    assert ".env" not in found
    assert "hard.txt" not in found
    assert "deep/b.ts" in found


def test_nothing_that_the_repository_configures_is_run(tmp_path: Path) -> None:
    canary = tmp_path / "ran"

    def poison(repository: Path) -> None:
        run = f"touch {canary}; cat"
        for key in (
            "core.fsmonitor", "core.pager", "pager.grep", "diff.external", "diff.x.textconv", "diff.x.command",
            "filter.x.clean", "filter.x.process", "core.sshCommand", "alias.grep", "alias.ls-files",
        ):  # fmt: skip
            git(repository, "config", key, f"!{run}" if key.startswith("alias") else run)
        (repository / ".git" / "info" / "attributes").write_text("* diff=x\n")

    place = desk(tmp_path, FILES, prepare=poison)
    canary.unlink(missing_ok=True)  # the test's own git ran it
    place.write("src/a.py", "apple = 1\n")
    assert "src/a.py:1: apple = 1" in place.call("search_code", pattern="apple")
    assert "src/a.py" in place.call("list_files")
    assert not canary.exists()


def test_a_pointer_that_the_agent_rewrote_is_not_followed(place: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (place.tree / ".git").write_text(f"gitdir: {other / '.git'}\n")
    assert "does not lead to the repository" in place.call("search_code", pattern="apple")


def test_files_outside_of_a_sparse_checkout_are_not_listed(place: Desk) -> None:
    git(place.tree, "sparse-checkout", "set", "--no-cone", "/README.md")
    assert place.call("list_files") == "README.md"
    assert place.call("search_code", pattern="apple", ignore_case=True) == "README.md:1: Apples and pears"


def test_braces_cannot_explode() -> None:
    with pytest.raises(ToolRefused, match="alternatives"):
        pathspecs("", "{a,b}" * 12)


def test_a_large_tree_is_searched_fast(tmp_path: Path) -> None:
    place = desk(tmp_path, {f"d{n % 50}/f{n}.py": f"def f{n}():\n    return {n}\n" for n in range(4_000)})
    began = time.process_time()
    assert place.call("search_code", pattern=r"f1234\b") == "d34/f1234.py:1: def f1234():"
    assert time.process_time() - began < 0.5  # this process's own part: git does the rest


def test_submodules_and_repositories_within_are_named_and_not_entered(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "inner.py").write_text("apple = 1\n")
    git(other, "add", "-A")
    git(other, "commit", "-qm", "inner")

    def with_submodule(repository: Path) -> None:
        git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
        git(repository, "commit", "-qm", "Add a submodule")

    place = desk(tmp_path, FILES, prepare=with_submodule)
    git(place.tree, "-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init")
    git(place.tree, "clone", "-q", str(other), "cloned")
    listed = place.call("list_files").splitlines()
    assert "sub" in listed
    assert "cloned/" in listed
    assert not any(path.endswith("inner.py") for path in listed)
    assert "inner.py" not in place.call("search_code", pattern="apple", ignore_case=True)


def test_files_in_conflict_and_links_are_listed_once(place: Desk) -> None:
    (place.tree / "link.py").symlink_to("src/a.py")
    (place.tree / "lost.py").symlink_to("nowhere")
    git(place.tree, "checkout", "-q", "-b", "other")
    place.write("src/a.py", "theirs\n")
    git(place.tree, "commit", "-qam", "theirs")
    git(place.tree, "checkout", "-q", "agent")
    place.write("src/a.py", "ours\n")
    git(place.tree, "commit", "-qam", "ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(place.tree, "merge", "-q", "other")
    listed = place.call("list_files").splitlines()
    assert listed.count("src/a.py") == 1
    assert "link.py" in listed
    assert place.call("search_code", pattern="theirs|ours", path="src").splitlines() == [
        "src/a.py:2: ours", "src/a.py:4: theirs",
    ]  # fmt: skip
