"""The shape of the tree: its arrows, its sizes, what a command imports, and what no file may name."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SRC = ROOT / "src" / "devassist"
LONGEST = 300
LONGER = {
    # One short function per event type, and the table that names them.
}
"""Files over the limit, how far they may go, and why."""


def modules() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_arrow_of_the_architecture_holds() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_domain_imports_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"devassist"}
    found = {name for path in (SRC / "domain").glob("*.py") for name in imports(path)}
    assert {name for name in found if name.partition(".")[0] not in allowed} == set()


_SHOWN = """
import json, sys
from devassist.cli.app import main
sys.argv = ["devassist", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    code = ended.code
print(json.dumps({"code": code, "modules": sorted({name.partition(".")[0] for name in sys.modules})}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["status"], ["roles"], ["config", "show"]]
)
def test_the_command_line_never_imports_crewai_or_litellm(tmp_path: Path, arguments: list[str]) -> None:
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=60)
    done = subprocess.run(
        [sys.executable, "-c", _SHOWN, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    shown = json.loads(done.stderr.splitlines()[-1])
    assert shown["code"] == 0, done.stderr
    assert not {"crewai", "litellm", "openai", "httpx", "chromadb"} & set(shown["modules"])


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_a_module_says_what_it_answers_for_and_stays_short(path: Path) -> None:
    text = path.read_text("utf-8")
    name = str(path.relative_to(SRC))
    assert text.count("\n") <= LONGER.get(name, LONGEST)
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{name} does not say what it answers for"


def test_no_exception_from_the_limit_is_kept_without_need() -> None:
    for name in LONGER:
        assert (SRC / name).read_text("utf-8").count("\n") > LONGEST, f"{name} is short enough by now"


FOLDERS = sorted(path.parent for path in SRC.rglob("__init__.py"))
CROWDED = 20


def folder_arrows() -> dict[tuple[str, str], str]:
    """Every pair (importing folder, imported folder), with one import that makes it."""
    known = {".".join(path.relative_to(SRC.parent).with_suffix("").parts): path for path in modules()}
    arrows: dict[tuple[str, str], str] = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("devassist"):
                continue
            for alias in node.names:
                target = next(
                    (
                        known[name]
                        for name in (f"{node.module}.{alias.name}", node.module or "")
                        if name in known
                    ),
                    SRC.joinpath(*(node.module or "").split(".")[1:], "__init__.py"),
                )
                source, imported = (str(one.parent.relative_to(SRC.parent)) for one in (path, target))
                if source != imported:
                    arrows[source, imported] = f"{path.relative_to(SRC)} imports {node.module}"
    return arrows


def test_no_two_folders_import_each_other() -> None:
    arrows = folder_arrows()
    assert {pair: why for pair, why in arrows.items() if pair[::-1] in arrows} == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(SRC.parent)))
def test_a_folder_answers_one_question_in_one_line_and_is_not_crowded(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= CROWDED
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert said, f"{folder} does not say which question it answers"
    if folder != SRC / "engine" / "run":  # it names the threads and what each owns
        assert "\n" not in said


def test_nobody_builds_mocks() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        assert not {name for name in imports(path) if name.startswith(("unittest.mock", "mock"))}, path


def texts() -> Iterator[tuple[str, str]]:
    """Every text file of the tree that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            yield name, path.read_bytes().decode("utf-8", "replace")


def test_no_file_names_a_package_registry_or_this_machine() -> None:
    # Put together here, so that this file does not name them either.
    hosts = [
        "pypi" + ".org",
        "python" + "hosted.org",
        "npmjs" + ".org",
        "extra-index" + "-url",
        "find-links" + " ",
    ]
    home = re.escape(str(ROOT)) + r"\b" if len(ROOT.parts) > 2 else r"(?!)"
    forbidden = re.compile("|".join([*map(re.escape, hosts), home]))
    found = [f"{name}: {match[0]}" for name, text in texts() if (match := forbidden.search(text))]
    assert found == []
