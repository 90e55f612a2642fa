"""No arguments, however odd, end a worker: a tool answers, and nothing outside the worktree is touched."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.tool_session import Desk, desk

_PATHS = (
    "", ".", "a.txt", "dir", "dir/b.py", "..", "../x", "/etc/passwd", ".git", ".git/config", "a\0b", "\ud800", "-n",
    ":(top)a.txt", ":!a.txt", "[a", "*", "**", "{a,b", "{a,{b,c}}", "!*", "a\nb", "x" * 300, "output:", "output:e1", "link",
    "\\", "dir\\b.py", ".env", "HEAD", "HEAD:dir", "HEAD:..", "HEAD^{/x", "a..b", "--all", "@{-1}", "(", "a|b", "(?P<", "\\",
)  # fmt: skip
_TEXTS = st.sampled_from(_PATHS) | st.text(max_size=6)
_NUMBERS = st.integers(1, 9) | st.integers(-3, 10**6) | st.none()
_VALUES = {
    "start_line": _NUMBERS, "end_line": _NUMBERS, "limit": st.integers(1, 500), "context": st.integers(0, 9),
    "ignore_case": st.booleans() | st.none(), "replace_all": st.booleans(),
}  # fmt: skip
_FIELDS = {
    "list_files": ("path", "glob"),
    "search_code": ("pattern", "path", "glob", "context", "ignore_case"),
    "read_file": ("path", "start_line", "end_line"),
    "write_file": ("path", "content"),
    "replace_in_file": ("path", "old", "new"),
    "edit_file": ("path", "old", "new", "replace_all"),
    "apply_patch": ("patch",),
    "move_file": ("path", "new_path"),
    "delete_file": ("path",),
    "git_log": ("path", "limit"),
    "git_blame": ("path", "start_line", "end_line"),
    "git_show": ("rev", "path"),
    "show_diff": ("path",),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    root = tmp_path_factory.mktemp("odd")
    place = desk(root, {"a.txt": "one\ntwo\n", "dir/b.py": "x = 1\n"})
    (root / "outside").write_text("untouched")
    (place.tree / "link").symlink_to(root / "outside")
    return place


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), tool=st.sampled_from(sorted(_FIELDS)))
def test_every_tool_answers_whatever_it_is_asked(place: Desk, data: st.DataObject, tool: str) -> None:
    arguments = {name: data.draw(_VALUES.get(name, _TEXTS), label=name) for name in _FIELDS[tool]}
    if tool == "apply_patch":
        path = data.draw(st.sampled_from(_PATHS), label="path")
        head = data.draw(
            st.sampled_from(["*** Add File: ", "*** Update File: ", "*** Delete File: "]), label="head"
        )
        arguments["patch"] = f"*** Begin Patch\n{head}{path}\n+x\n*** End Patch"
    assert isinstance(place.call(tool, **arguments), str)
    assert (place.root / "outside").read_text() == "untouched"
    assert {path.name for path in place.root.iterdir()} == {"outside", "private", "repository", "tree"}
