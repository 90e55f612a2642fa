"""What apply_patch makes of patches: those of git and diff, those that models write, and those that it must refuse."""

from __future__ import annotations

import difflib
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.tool_session import Desk, desk, git

from devassist.crew.tools.text.patch_reader import parse_patch
from devassist.crew.tools.text.patches import BadPatch
from devassist.crew.tools.text.patching import patched
from devassist.domain.events import ToolIntended
from devassist.messages import RecalledTool

CODE = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(10))
FILES: Mapping[str, str | bytes] = {
    "a.py": CODE,
    "b.txt": "one\ntwo\nthree\n",
    "dos.txt": b"one\r\ntwo\r\nthree\r\n",
    "open.txt": "one\ntwo",
    "tool.sh": "#!/bin/sh\necho one\n",
    "logo.png": b"\x89PNG\0\0",
}


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    def executable(repository: Path) -> None:
        (repository / "tool.sh").chmod(0o755)
        git(repository, "commit", "-qam", "second")

    return desk(tmp_path, FILES, prepare=executable)


def diff_of(place: Desk, *options: str) -> str:
    """What git calls the worktree's changes; afterwards they are undone."""
    git(place.tree, "add", "-A")
    patch = git(place.tree, "diff", "--cached", "-M", *options)
    git(place.tree, "reset", "-q", "--hard")
    return patch


def test_a_diff_of_git_with_every_kind_of_change_is_applied(place: Desk) -> None:
    place.write("a.py", CODE.replace("return 3", "return 33").replace("def f9", "def g9"))
    place.write("new/x y é.txt", "fresh\nno end")
    place.write("dos.txt", b"one\r\n2\r\nthree\r\n")
    place.write("open.txt", "one\ntwo\n")
    (place.tree / "b.txt").unlink()
    (place.tree / "tool.sh").rename(place.tree / "run.sh")
    place.write("run.sh", "#!/bin/sh\necho one\necho two\n")
    wanted = {
        path: path.read_bytes() for path in place.tree.rglob("*") if path.is_file() and path.name != ".git"
    }
    patch = diff_of(place)
    said = place.call("apply_patch", patch=patch)
    assert {path: path.read_bytes() for path in wanted} == wanted
    assert not (place.tree / "b.txt").exists()
    assert not (place.tree / "tool.sh").exists()
    assert (place.tree / "run.sh").stat().st_mode & stat.S_IXUSR
    assert sorted(said.splitlines()) == [
        "changed a.py", "changed dos.txt", "changed open.txt", "created new/x y é.txt", "deleted b.txt",
        "moved tool.sh to run.sh",
    ]  # fmt: skip
    assert set(place.supervisor.calls[-1].wrote) == {
        "a.py", "b.txt", "dos.txt", "open.txt", "new/x y é.txt", "run.sh", "tool.sh",
    }  # fmt: skip


def test_a_binary_file_can_be_moved_and_deleted_and_not_changed(place: Desk) -> None:
    (place.tree / "logo.png").rename(place.tree / "sign.png")
    assert place.call("apply_patch", patch=diff_of(place)) == "moved logo.png to sign.png"
    place.call("apply_patch", patch="*** Begin Patch\n*** Delete File: sign.png\n*** End Patch")
    assert not (place.tree / "sign.png").exists()


def test_the_envelope_of_openais_models_is_applied(place: Desk) -> None:
    patch = """*** Begin Patch
*** Update File: a.py
@@ def f3():
-    return 3
+    return 33
@@
 def f9():
-    return 9
+    return 99
*** Add File: docs/new.md
+# New
+
+text
*** Delete File: b.txt
*** Update File: open.txt
*** Move to: moved.txt
@@
 one
-two
+2
*** End Patch"""
    said = place.call("apply_patch", patch=patch)
    assert said.splitlines() == [
        "changed a.py",
        "created docs/new.md",
        "deleted b.txt",
        "moved open.txt to moved.txt",
    ]
    text = (place.tree / "a.py").read_text()
    assert "return 33\n" in text
    assert "return 99\n" in text
    assert (place.tree / "docs/new.md").read_text() == "# New\n\ntext\n"
    assert (place.tree / "moved.txt").read_text() == "one\n2"
    assert place.supervisor.recorded[0].body.type.value == "tool.intended"


def test_a_hunk_that_has_moved_or_whose_context_differs_is_placed_and_said(place: Desk) -> None:
    place.write("b.txt", "zero\nzero\none\ntwo\nthree\nfour!\n")
    patch = "--- a/b.txt\n+++ b/b.txt\n@@ -1,4 +1,4 @@\n one\n two\n-three\n+3\n four\n"
    said = place.call("apply_patch", patch=patch)
    assert said.splitlines() == ["changed b.txt", "b.txt: hunk 1 at line 3 (offset +2) with fuzz 1"]
    assert (place.tree / "b.txt").read_text() == "zero\nzero\none\ntwo\n3\nfour!\n"


def test_wrong_counts_and_missing_numbers_in_hunk_headers_do_not_matter(place: Desk) -> None:
    for header in ("@@ -1,9 +1,7 @@", "@@ -40 +40 @@", "@@", "@@ ... @@"):
        place.write("b.txt", "one\ntwo\nthree\n")
        place.call("apply_patch", patch=f"--- a/b.txt\n+++ b/b.txt\n{header}\n one\n-two\n+2\n three\n")
        assert (place.tree / "b.txt").read_text() == "one\n2\nthree\n"


def test_a_patch_within_a_fence_or_a_mail_is_found(place: Desk) -> None:
    inner = "--- b.txt\t2024-01-01\n+++ b.txt\t2024-01-02\n@@ -1,2 +1,2 @@\n-one\n+1\n two\n"
    place.call("apply_patch", patch=f"Here it is:\n```diff\n{inner}```\n")
    assert (place.tree / "b.txt").read_text() == "1\ntwo\nthree\n"
    place.write("b.txt", "-- one\ntwo\n")
    mail = "From 123\nSubject: x\n---\n b.txt | 2 +-\n\ndiff --git a/b.txt b/b.txt\nindex 1..2 100644\n"
    body = "--- a/b.txt\n+++ b/b.txt\n@@ -1,2 +1,2 @@\n--- one\n+++ one\n two\n-- \n2.39.5\n\n"
    place.call("apply_patch", patch=mail + body)
    assert (place.tree / "b.txt").read_text() == "++ one\ntwo\n"


def test_a_hunk_that_fits_in_several_places_is_refused_with_them(place: Desk) -> None:
    patch = "*** Begin Patch\n*** Update File: twice.txt\n@@\n-x\n+y\n*** End Patch"
    place.write("twice.txt", "x\n\nx\n")
    assert "fits in 2 places (lines 1, 3): give more context" in place.call("apply_patch", patch=patch)
    assert place.call("apply_patch", patch=patch.replace("@@\n", "@@\n \n")) == "changed twice.txt"
    assert (place.tree / "twice.txt").read_text() == "x\n\ny\n"


def test_nothing_is_changed_if_any_part_does_not_fit(place: Desk) -> None:
    patch = "*** Begin Patch\n*** Update File: b.txt\n@@\n-one\n+1\n*** Update File: a.py\n@@\n-nowhere\n+x\n*** End Patch"
    said = place.call("apply_patch", patch=patch)
    assert (
        said
        == "error: patch: a.py: hunk 1 does not fit: these lines are not in the file:\n  nowhere\nNothing was changed."
    )
    assert (place.tree / "b.txt").read_text() == "one\ntwo\nthree\n"


def test_a_write_that_fails_takes_back_those_before_it(place: Desk) -> None:
    (place.tree / "link.txt").symlink_to("a.py")
    patch = (
        "*** Begin Patch\n*** Update File: b.txt\n@@\n-one\n+1\n*** Update File: tool.sh\n*** Move to: moved.sh\n"
        "*** Add File: new.txt\n+x\n*** Delete File: dos.txt\n*** Update File: link.txt\n@@\n-def f0():\n+def g0():\n"
        "*** End Patch"
    )
    assert "symbolic link" in place.call("apply_patch", patch=patch)
    assert (place.tree / "b.txt").read_text() == "one\ntwo\nthree\n"
    assert (place.tree / "tool.sh").stat().st_mode & stat.S_IXUSR
    assert (place.tree / "dos.txt").exists()
    assert not (place.tree / "new.txt").exists()
    assert (place.tree / "a.py").read_text() == CODE


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("*** Begin Patch\n*** Add File: ../out.txt\n+x\n*** End Patch", "leaves the worktree"),
        ("*** Begin Patch\n*** Add File: /etc/out.txt\n+x\n*** End Patch", "absolute"),
        ("*** Begin Patch\n*** Add File: .git/hooks/x\n+x\n*** End Patch", "git's own files"),
        ("*** Begin Patch\n*** Add File: .env\n+x\n*** End Patch", "credentials"),
        ("*** Begin Patch\n*** Add File: b.txt\n+x\n*** End Patch", "is there already"),
        ("*** Begin Patch\n*** Add File: x.txt\nx\n*** End Patch", "begins with '+'"),
        ("*** Begin Patch\n*** Update File: gone\n@@\n-x\n+y\n*** End Patch", "there is no file gone"),
        ("*** Begin Patch\n*** Update File: b.txt\n*** End Patch", "nothing is changed in b.txt"),
        (
            "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n",
            "no links",
        ),
        (
            "diff --git a/m b/m\nnew file mode 160000\n--- /dev/null\n+++ b/m\n@@ -0,0 +1 @@\n+Subproject\n",
            "no submodules",
        ),
        ("diff --git a/b.txt b/b.txt\nold mode 100644\nnew mode 100755\n", "chmod"),
        ("diff --git a/x b/x\nindex 1..2\nGIT binary patch\nliteral 0\n", "binary"),
        ("--- a/logo.png\n+++ b/logo.png\n@@ -1 +1 @@\n-x\n+y\n", "binary"),
        ("--- a/b.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n", "more lines than the patch deletes"),
        ("--- a/b.txt\n+++ b/b.txt\n@@ -1 +1 @@\n-one\n+1\n\n+lost\n", "counts in the @@ line"),
        ("@@ -1 +1 @@\n-one\n+1\n", "without --- and +++"),
        ("just words", "no file header"),
    ],
)
def test_what_a_patch_may_not_do_is_refused(place: Desk, patch: str, words: str) -> None:
    before = git(place.tree, "status", "--porcelain")
    said = place.call("apply_patch", patch=patch)
    assert said.startswith("error: ")
    assert words in said
    assert git(place.tree, "status", "--porcelain") == before


def test_every_path_of_a_patch_must_be_in_scope_and_land(tmp_path: Path) -> None:
    place = desk(tmp_path, {"src/a.txt": "one\n", "b.txt": "one\n"}, scope=("src/**",))
    patch = "*** Begin Patch\n*** Update File: src/a.txt\n@@\n-one\n+1\n*** Update File: b.txt\n@@\n-one\n+1\n*** End Patch"
    assert "b.txt is outside this task's scope" in place.call("apply_patch", patch=patch)
    move = "*** Begin Patch\n*** Update File: src/a.txt\n*** Move to: c.txt\n*** End Patch"
    assert "c.txt is outside" in place.call("apply_patch", patch=move)
    place.supervisor.refused = {"src/a.txt": "it is a build product"}
    only = "*** Begin Patch\n*** Update File: src/a.txt\n@@\n-one\n+1\n*** End Patch"
    assert "it is a build product" in place.call("apply_patch", patch=only)
    assert (place.tree / "src/a.txt").read_text() == "one\n"


def test_a_latin_1_file_keeps_every_byte(place: Desk) -> None:
    place.write("latin.txt", "caf\xe9\nbar\n".encode("latin-1"))
    patch = "--- a/latin.txt\n+++ b/latin.txt\n@@ -2 +2 @@\n-bar\n+b{}\n"
    assert "is not UTF-8" in place.call("apply_patch", patch=patch.format("ä"))
    place.call("apply_patch", patch=patch.format("az"))
    assert (place.tree / "latin.txt").read_bytes() == "caf\xe9\nbaz\n".encode("latin-1")


# Cut off ---------------------------------------------------------------------------------------------------------

MANY = (
    "*** Begin Patch\n*** Update File: b.txt\n@@\n-one\n+1\n*** Update File: tool.sh\n*** Move to: moved.sh\n@@\n-echo one\n"
    "+echo 1\n*** Add File: new.txt\n+x\n*** Update File: dos.txt\n@@\n-two\n+2\n*** Delete File: open.txt\n*** End Patch"
)


class Killed(BaseException):
    """The end of the process, as far as a unit test can have it."""


@pytest.mark.parametrize("writes", range(6))
def test_a_patch_that_was_cut_off_after_any_write_is_finished_once(
    place: Desk, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, left = type(place.session.files), [writes]

    def limited(name: str) -> None:
        real = getattr(files, name)

        def act(self: object, *arguments: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(self, *arguments)

        monkeypatch.setattr(files, name, act)

    for name in ("write_bytes", "move", "delete"):
        limited(name)
    with pytest.raises(Killed):
        place.session.call("apply_patch", {"patch": MANY})
    monkeypatch.undo()
    intent = place.supervisor.recorded[-1].body
    assert isinstance(intent, ToolIntended)
    place.session.recalling = True
    place.supervisor.begun = RecalledTool(tool=intent)
    place.session.calls = 0
    assert "error" not in place.call("apply_patch", patch=MANY)
    assert set(place.supervisor.calls[-1].wrote) == {
        "b.txt",
        "tool.sh",
        "moved.sh",
        "new.txt",
        "dos.txt",
        "open.txt",
    }
    assert (place.tree / "b.txt").read_text() == "1\ntwo\nthree\n"
    assert (place.tree / "moved.sh").read_text() == "#!/bin/sh\necho 1\n"
    assert (place.tree / "new.txt").read_text() == "x\n"
    assert (place.tree / "dos.txt").read_bytes() == b"one\r\n2\r\nthree\r\n"
    assert not (place.tree / "tool.sh").exists()
    assert not (place.tree / "open.txt").exists()


# Laws ----------------------------------------------------------------------------------------------------------

_lines = st.lists(
    st.sampled_from(["a", "b", "", " x", "--- y", "+++ z", "@@ q", "\tä", "*** w"]), max_size=14
)


def joined(lines: list[str], *, crlf: bool, is_open: bool) -> bytes:
    end = "\r\n" if crlf else "\n"
    text = end.join(lines) + ("" if is_open or not lines else end)
    return text.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    old=_lines,
    new=_lines,
    crlf=st.tuples(st.booleans(), st.booleans()),
    opens=st.tuples(st.booleans(), st.booleans()),
    context=st.integers(0, 4),
)
def test_any_diff_of_git_makes_the_new_file_of_the_old_one(
    tmp_path: Path,
    old: list[str],
    new: list[str],
    opens: tuple[bool, bool],
    context: int,
    *,
    crlf: tuple[bool, bool],
) -> None:
    before, after = joined(old, crlf=crlf[0], is_open=opens[0]), joined(new, crlf=crlf[1], is_open=opens[1])
    if before == after or not before or not after:
        return
    (tmp_path / "a").mkdir(exist_ok=True)
    (tmp_path / "b").mkdir(exist_ok=True)
    (tmp_path / "a" / "f").write_bytes(before)
    (tmp_path / "b" / "f").write_bytes(after)
    command = ["git", "diff", "--no-index", "--text", f"-U{context}", "a/f", "b/f"]
    patch = subprocess.run(
        command, cwd=tmp_path, capture_output=True, check=False, env={"PATH": os.environ["PATH"]}
    ).stdout
    (file,) = parse_patch(patch.decode())
    assert patched(before, file.hunks, path="f").content == after


@given(old=_lines, new=_lines)
def test_a_hunk_never_changes_a_line_that_it_does_not_name(old: list[str], new: list[str]) -> None:
    above = [f"above {number}" for number in range(5)]
    before, after = "\n".join([*above, *old, "end"]) + "\n", "\n".join([*above, *new, "end"]) + "\n"
    diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), "a/f", "b/f", lineterm="", n=1))
    if not diff:
        return
    (file,) = parse_patch("\n".join(diff))
    shifted = ("new\n" * 3 + before).encode()
    try:
        result = patched(shifted, file.hunks, path="f").content
    except BadPatch:
        return
    assert result.startswith(b"new\n" * 3 + b"above 0\n")
    assert sorted(result.split(b"\n")) == sorted(("new\n" * 3 + after).encode().split(b"\n"))


@given(
    text=st.lists(
        st.sampled_from(
            [
                "*** Begin Patch",
                "*** Update File: b",
                "*** Add File: c",
                "*** Delete File: d",
                "*** Move to: e",
                "@@",
                "@@ -1,2 +3,4 @@",
                "--- a/x",
                "+++ b/x",
                "--- /dev/null",
                "+++ /dev/null",
                "diff --git a/x b/x",
                "rename from x",
                "rename to y",
                "new file mode 100644",
                "\\ No newline",
                "+a",
                "-b",
                " c",
                "",
                "*** End of File",
                "*** End Patch",
            ]
        ),
        max_size=12,
    )
)
def test_no_text_breaks_the_reader(text: list[str]) -> None:
    try:
        patches = parse_patch("\n".join(text))
    except BadPatch:
        return
    for patch in patches:
        assert patch.paths
        try:
            patched(b"b\nc\na\n", patch.hunks, path="x")
        except BadPatch:
            continue
