"""What git_log, git_blame, git_show and show_diff tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.tool_session import Desk, desk, git

TOKEN = "ghp_" + "a1B2" * 9


def history(repository: Path) -> None:
    """Five commits, a merge and a stash on top of the first."""
    for number in (1, 2, 3):
        (repository / "a.py").write_text("".join(f"line {n}\n" for n in range(number + 1)))
        git(repository, "commit", "-qam", f"Grow to {number}\n\nBecause of {number}.")
    git(repository, "mv", "a.py", "moved.py")
    git(repository, "commit", "-qm", "Move it")
    (repository / ".env").write_text(f"KEY={TOKEN}\n")
    (repository / "leak.txt").write_text(f"token {TOKEN}\n")
    git(repository, "add", "-A", "-f")
    git(repository, "commit", "-qm", "Add settings")
    git(repository, "checkout", "-q", "-b", "side", "HEAD~2")
    (repository / "side.txt").write_text("side\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Add a side")
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-ff", "-m", "Merge side", "side")
    (repository / "moved.py").write_text("stashed secret\n")
    git(repository, "stash")


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    return desk(tmp_path, {"a.py": "line 0\n", "big.txt": "x\n"}, prepare=history)


def test_the_log_lists_commits_of_a_path_through_its_names(place: Desk) -> None:
    lines = place.call("git_log").splitlines()
    assert len(lines) == 8
    assert lines[0].endswith(": Merge side")
    assert [line.partition(": ")[2] for line in place.call("git_log", path="moved.py").splitlines()] == [
        "Move it", "Grow to 3", "Grow to 2", "Grow to 1", "first",
    ]  # fmt: skip
    assert place.call("git_log", path="a.py", limit=1).endswith(": Move it")
    assert place.call("git_log", path="nowhere") == "(no commit changed nowhere)"


def test_blame_says_who_wrote_a_line_of_the_file_as_it_is_now(place: Desk) -> None:
    place.write("moved.py", "line 0\nline 1\nmine\nline 3\n")
    lines = place.call("git_blame", path="moved.py", start_line=2, end_line=3).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("2) line 1")
    assert "Not Committed Yet" in lines[1]
    assert "has only 4 lines" in place.call("git_blame", path="moved.py", start_line=9)
    assert "there is no file gone" in place.call("git_blame", path="gone")


def test_a_commit_is_shown_with_its_diff_of_all_files_or_of_one(place: Desk) -> None:
    said = place.call("git_show", rev="HEAD~2~1")
    assert "Grow to 3\n\nBecause of 3.\n\ndiff --git a/a.py b/a.py\n" in said
    assert said.endswith("+line 3")
    assert "rename from a.py\nrename to moved.py" in place.call("git_show", rev="HEAD~2")
    only = place.call("git_show", rev="HEAD~1", path="leak.txt")
    assert "+++ b/leak.txt" in only
    assert ".env" not in only
    assert "it does not change big.txt" in place.call("git_show", rev="HEAD~1", path="big.txt")


def test_a_file_or_directory_is_shown_as_of_a_commit(place: Desk) -> None:
    assert place.call("git_show", rev="HEAD~4:a.py") == "    1  line 0\n    2  line 1\n    3  line 2"
    assert "moved.py" in place.call("git_show", rev="main:").splitlines()
    assert place.call("git_show", rev="main:gone.py") == "error: there is no main:gone.py in the repository"
    assert place.call("git_show", rev="nothing") == "error: there is no nothing in the repository"


def test_secrets_of_the_past_are_not_told(place: Desk) -> None:
    said = place.call("git_show", rev="HEAD~1")
    assert TOKEN not in said
    assert "(the diff of .env is not shown: it commonly holds credentials)" in said
    assert "+token [REDACTED:github]" in said
    for call in (
        place.call("git_show", rev="HEAD~1:.env"),
        place.call("git_show", rev="HEAD~1", path=".env"),
        place.call("git_log", path=".env"),
        place.call("git_blame", path=".env"),
    ):
        assert "credentials" in call
        assert TOKEN not in call


@pytest.mark.parametrize(
    "rev",
    [
        "stash",
        "stash@{0}",
        "refs/stash",
        "stash^",
        "HEAD@{1}",
        "main@{yesterday}",
        "@{-1}",
        "--output=x",
        "stash:moved.py",
    ],
)
def test_stash_reflogs_and_options_are_no_revisions(place: Desk, rev: str) -> None:
    said = place.call("git_show", rev=rev)
    assert said.startswith("error: rev: ")
    assert "stashed secret" not in said


def test_a_large_commit_shows_what_fits_and_names_the_rest(place: Desk) -> None:
    for name in ("x", "y", "z"):
        place.write(f"{name}.txt", f"{name} line\n" * 1_000)
    git(place.tree, "add", "-A")
    git(place.tree, "commit", "-qm", "Large")
    said = place.call("git_show", rev="HEAD")
    assert len(said) < 14_000
    assert (
        "[... not shown; call git_show with one of these as path:]\n- y.txt (+1000 -0)\n- z.txt (+1000 -0)"
        in said
    )
    assert "y line" in place.call("git_show", rev="HEAD", path="y.txt")


def test_a_diff_can_be_narrowed_to_a_path(place: Desk) -> None:
    place.write("moved.py", "other\n")
    place.write("dir/new é.txt", "new\n")
    git(place.tree, "add", "-A")
    place.supervisor.patch = git(place.tree, "diff", "--cached")
    whole = place.call("show_diff")
    assert "moved.py" in whole
    assert "dir/new é.txt" in whole or "dir/new \\303\\251.txt" in whole
    narrow = place.call("show_diff", path="dir")
    assert "+new" in narrow
    assert "moved.py" not in narrow
    assert place.call("show_diff", path="dir/new é.txt") == narrow
    assert place.call("show_diff", path="big.txt") == "(nothing is changed in big.txt)"
    place.supervisor.patch = ""
    assert place.call("show_diff") == "(nothing is changed)"


def test_nothing_that_the_repository_configures_is_run(tmp_path: Path) -> None:
    canary = tmp_path / "ran"

    def poison(repository: Path) -> None:
        history(repository)
        run = f"touch {canary}; cat"
        for key in (
            "core.fsmonitor", "core.pager", "pager.log", "pager.show", "pager.blame", "diff.external",
            "diff.x.textconv", "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process",
            "gpg.program", "interactive.diffFilter", "core.sshCommand",
        ):  # fmt: skip
            git(repository, "config", key, run)
        for key, value in (
            ("log.showSignature", "true"), ("diff.x.cachetextconv", "true"),
            ("diff.submodule", "log"), ("log.follow", "true"), ("format.pretty", "raw"), ("diff.noprefix", "true"),
        ):  # fmt: skip
            git(repository, "config", key, value)
        (repository / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")

    place = desk(tmp_path, {"a.py": "line 0\n", "big.txt": "x\n"}, prepare=poison)
    canary.unlink(missing_ok=True)  # the test's own git ran it
    place.write("moved.py", "changed\n")
    assert "Merge side" in place.call("git_log")
    assert "Not Committed" in place.call("git_blame", path="moved.py")
    assert "+++ b/leak.txt" in place.call("git_show", rev="HEAD~1")
    assert "line 0" in place.call("git_show", rev="HEAD:moved.py")
    assert not canary.exists()
