"""What lies below a directory is opened and removed without following a link, however deep."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devassist.descent import remove_tree
from devassist.git.worktree.admin import delete_directory


@pytest.mark.parametrize("remove", [remove_tree, delete_directory])
def test_a_tree_of_any_depth_is_removed_and_what_a_link_in_it_names_stays(
    tmp_path: Path, remove: Callable[[Path], None]
) -> None:
    kept, tree = tmp_path / "kept", tmp_path / "tree"
    kept.mkdir()
    (kept / "file").touch()
    tree.mkdir()
    (tree / "link").symlink_to(kept)
    descriptor = os.open(tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    remove(tree)
    assert not tree.exists()
    assert (kept / "file").exists()
