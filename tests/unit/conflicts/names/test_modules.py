"""What a branch's files mean by name: made from the base's names, it is what a fresh look would give."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from devassist.conflicts.names.blob_tables import Files
from devassist.conflicts.names.modules import Modules

FOLDERS = ("", "a/", "a/b/", "a/b/c/", "src/", "src/a/")
PATHS = [folder + name for folder in FOLDERS for name in ("__init__.py", "m.py", "n.py", "x.go", "y.go")]
TREES = st.sets(st.sampled_from(PATHS))


def modules_of(modules: Modules) -> dict[str, object]:
    """Everything that can be asked by name."""
    dotted = {".".join(parts) for parts in _dotted()}
    packages = {folder.rstrip("/") or "x" for folder in FOLDERS}
    return {
        "python": {name: sorted(modules.python.of(name)) for name in dotted if modules.python.of(name)},
        "go": {one: sorted(modules.packages.of(one.rpartition("/")[2])) for one in packages},
        "members": {folder: sorted(modules.paths(folder)) for folder in FOLDERS if folder},
    }


def _dotted() -> set[tuple[str, ...]]:
    stems = {tuple(path.removesuffix(".py").removesuffix("/__init__").split("/")) for path in PATHS}
    return {stem[at:] for stem in stems for at in range(len(stem))}


@given(TREES, TREES, TREES)
def test_names_of_a_changed_tree_are_those_of_a_fresh_look(
    base: set[str], side: set[str], merged: set[str]
) -> None:
    known = Modules.over(Files(cast("Any", None), dict.fromkeys(sorted(base), "0")))
    for wanted in (side, merged):
        changes = {path: "0" if path in wanted else None for path in PATHS}
        changes = {
            path: blob for path, blob in changes.items() if (path in known.files.blobs) != (path in wanted)
        }
        files = known.files.changed(changes)
        known = known.derived(files, changes)
        fresh = Modules.over(Files(cast("Any", None), dict.fromkeys(sorted(wanted), "0")))
        assert modules_of(known) == modules_of(fresh)
