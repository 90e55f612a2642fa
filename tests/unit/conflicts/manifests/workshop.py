"""Trees of made-up projects, and what the manifest level reports of two branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from devassist.conflicts.manifests.detector import ManifestDetector
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.git.merging.tree_view import TreeView
from unit.git.test_support import new_lab

Files = Mapping[str, str | None]


@dataclass
class Workshop:
    """Trees made in memory, in one repository for all cases."""

    view: TreeView
    handle: pygit2.Repository

    @classmethod
    def new(cls, base: Path) -> Workshop:
        lab = new_lab(base)
        return cls(TreeView(lab.repository), pygit2.Repository(str(lab.root)))

    def tree(self, files: Files) -> str:
        index = pygit2.Index()
        for path, text in files.items():
            if text is not None:
                blob = self.handle.create_blob(text.encode("utf-8", "surrogateescape"))
                index.add(pygit2.IndexEntry(path, blob, FileMode.BLOB))
        return str(index.write_tree(self.handle))

    def detect(self, base: Files, *branches: Files) -> tuple[Conflict, ...]:
        names = ["alpha", "beta", "gamma"]
        sides = [
            Side(name=name, commit="0" * 40, tree=self.tree({**base, **edits}))
            for name, edits in zip(names, branches, strict=False)
        ]
        return ManifestDetector(self.view).detect(self.tree(base), sides)

    def check(self, base: Files, ours: Files, theirs: Files, expected: list[str]) -> None:
        """The same whichever branch comes first."""
        for pair in ((ours, theirs), (theirs, ours)):
            found = self.detect(base, *pair)
            assert sorted(f"{one.severity} {one.kind} {one.symbol}" for one in found) == sorted(expected)
            for one in found:
                check_explained(one)


def check_explained(one: Conflict) -> None:
    """A sentence that names both branches, and lines on both."""
    assert one.level is Level.MANIFEST
    assert set(one.branches) == {"alpha", "beta"} == {place.branch for place in one.locations}
    assert all(name in one.explanation for name in one.branches), one.explanation
    assert "\n" not in one.explanation and not one.explanation.endswith(".")
    assert one.suggestion
    assert all(1 <= place.start_line <= place.end_line for place in one.locations)


def pyproject(*dependencies: str, more: str = "") -> dict[str, str | None]:
    listed = "".join(f"  {one!r},\n" for one in dependencies)
    return {"pyproject.toml": f"[project]\nname = 'x'\ndependencies = [\n{listed}]\n{more}"}


ERROR = ["error dependency-clash lib"]


WARNING = ["warning dependency-clash lib"]


NOTE = ["note dependency-clash lib"]


def django(name: str, *parents: str, app: str = "shop", more: str = "") -> dict[str, str | None]:
    depends = ", ".join(f"('{app}', '{one}')" for one in parents)
    text = f"from django.db import migrations\n\nclass Migration(migrations.Migration):\n    dependencies = [{depends}]\n"
    return {f"{app}/migrations/{name}.py": text + more}


FOUR = django("0004_x", "0003_x")


FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def flask(path: str = "app.py") -> dict[str, str | None]:
    return {path: FLASK}


def view(
    route: str, name: str, *, head: str = FLASK, path: str = "app.py", body: str = "1"
) -> dict[str, str | None]:
    return {path: f"{head}\n\n@{route}\ndef {name}(x=1):\n    return {body}\n"}
