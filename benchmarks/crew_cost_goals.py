"""The goals of `bench_crew_cost.py`: a repository of the standard library's own modules, and what a model does to them."""

from __future__ import annotations

import importlib
import inspect
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MODULES = ("textwrap", "shlex", "csv", "configparser", "fractions", "statistics", "sched", "string", "difflib",
            "calendar", "fnmatch", "heapq", "bisect", "argparse")  # fmt: skip
_TEST = """\
from toolkit import {name}


def test_it_says_what_it_offers():
    assert {name}.__all__ if hasattr({name}, "__all__") else {name}.__doc__


def test_what_it_offers_is_there():
    assert all(hasattr({name}, item) for item in getattr({name}, "__all__", ()))
"""
_AGENTS = """\
# For agents

- `toolkit` has one module per subject; nothing in it imports a third-party package.
- Run `python -m pytest -q` before you hand anything on. It takes seconds.
- Public functions have a docstring, in the imperative, that names what is returned and what is raised.
- Add what is public to the module's `__all__`, in the place where it belongs.
- Tests are plain functions in `tests/test_<module>.py`; a test's name is a sentence. No mocks.
- Keep lines under 100 characters. Do not reformat code that you do not change.
- `docs/usage.md` has a section per module with an example that runs.
"""
_CONTRIBUTING = "# Contributing\n\n" + "".join(
    f"## {heading}\n\n{text * 12}\n\n"
    for heading, text in (
        ("Code of conduct", "Be kind to whoever you meet here, and assume that they mean well. "),
        ("Reporting bugs", "Say what you did, what you expected, and what happened instead of it. "),
        ("Development setup", "Make a virtual environment and install the project in it with pip. "),
        ("Running the tests", "Run the whole suite with pytest, and a single file while you work on it. "),
        ("Pull requests", "Open one per change, describe why it is wanted, and wait for a review. "),
        ("Releases", "A maintainer tags the commit and uploads what was built from that tag. "),
    )
)


@dataclass(frozen=True)
class Need:
    """Lines of a file that must have been seen before the change; `marks` are texts at their ends."""

    path: str
    first: int
    last: int
    marks: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Work:
    """One task: what it needs, its edits as tool calls, and a mistake that its first test run shows."""

    marker: str
    title: str
    summary: str
    pattern: str
    needs: tuple[Need, ...]
    edits: tuple[tuple[str, dict], ...]
    check: str = ""
    mistake: tuple[str, dict] | None = None
    repair: tuple[tuple[str, dict], ...] = ()
    diff_marks: tuple[str, ...] = ()
    role: str = "coder"
    scope: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    instructions: str = ""

    def as_task(self) -> Mapping[str, object]:
        """As an orchestrator submits it: a strong model leaves tests to the coder."""
        return {
            "id": self.marker,
            "title": self.title,
            "role": self.role,
            "instructions": self.instructions or self.title,
            "scope": list(self.scope),
            "depends_on": list(self.depends_on),
            "tester": False,
        }


@dataclass(frozen=True)
class Goal:
    text: str
    works: Sequence[Work] = field(default_factory=tuple)


def source_of(name: str) -> str:
    return inspect.getsource(importlib.import_module(name))


def make_repository(root: Path) -> Path:
    """A package of modules with tests, guidance and documents, in one commit."""
    files = {f"toolkit/{name}.py": source_of(name) for name in _MODULES}
    files |= {f"tests/test_{name}.py": _TEST.format(name=name) for name in _MODULES}
    sections = "".join(f"## {name}\n\nSee `toolkit.{name}`.\n\n" for name in _MODULES)
    files |= {
        "toolkit/__init__.py": "",
        "AGENTS.md": _AGENTS,
        "CONTRIBUTING.md": _CONTRIBUTING,
        "README.md": "# toolkit\n\nSmall tools.\n",
        "docs/usage.md": f"# Usage\n\n{sections}",
        "pyproject.toml": '[project]\nname = "toolkit"\nversion = "1"\n[tool.pytest.ini_options]\npythonpath = ["."]\n',
        ".devassist.toml": '[checks]\ncommands = ["python -m pytest -q -p no:cacheprovider"]\n',
    }
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run(["git", "-c", "user.name=b", "-c", "user.email=b@b", *command], cwd=root, check=True)
    return root


def _whole(name: str, why: str) -> tuple[Need, ...]:
    """The module in pages of 400 lines, as models read it, and its tests."""
    lines = source_of(name).split("\n")
    pages = []
    for first in range(1, len(lines) + 1, 400):
        last = min(first + 399, len(lines) - 1)
        marks = tuple(_longest(lines[at : at + 12]) for at in (first - 1, max(first - 1, last - 12)))
        pages.append(Need(f"toolkit/{name}.py", first, last, marks, why))
    test = Need(f"tests/test_{name}.py", 1, 10, ("test_it_says_what_it_offers",), "its tests")
    return (*pages, test)


def _longest(lines: Sequence[str]) -> str:
    return max(lines, key=len)


def _edit(path: str, *pairs: tuple[str, str]) -> tuple[str, dict]:
    return "edit_file", {"path": path, "edits": [{"old": old, "new": new} for old, new in pairs]}


_MIDDLE = '''

def shorten_middle(text, width, placeholder="..."):
    """Return `text` with its middle replaced by `placeholder` where it is longer than `width`.

    Raise ValueError where the placeholder alone does not fit.
    """
    if len(placeholder) > width:
        raise ValueError("placeholder too large for max width")
    if len(text) <= width:
        return text
    room = width - len(placeholder)
    head = room {sign} 2
    tail = room - head
    return text[:head] + placeholder + text[len(text) - tail:]
'''
_MIDDLE_TESTS = """

def test_the_middle_of_a_long_text_is_left_out():
    assert textwrap.shorten_middle("abcdefghij", 7) == "ab...ij"


def test_a_short_text_stays_as_it_is():
    assert textwrap.shorten_middle("abc", 7) == "abc"


def test_a_placeholder_that_does_not_fit_is_an_error():
    try:
        textwrap.shorten_middle("abcdefghij", 2)
    except ValueError:
        return
    raise AssertionError("no error")
"""
_BEFORE_DEDENT = "# -- Loosely related functionality"
_END_OF_TEST = 'assert all(hasattr({name}, item) for item in getattr({name}, "__all__", ()))\n'
_JOIN = '''def join_lines(commands):
    """Return a shell-escaped string of several commands, one on each line."""
    return '{separator}'.join(join(command) for command in commands)


_find_unsafe ='''
_JOIN_TESTS = """

def test_commands_are_joined_one_on_each_line():
    assert shlex.join_lines([["echo", "a b"], ["ls"]]) == "echo 'a b'\\nls"


def test_no_commands_are_an_empty_text():
    assert shlex.join_lines([]) == ""
"""

_TEXT = Work(
    marker="middle",
    title="Add shorten_middle to toolkit.textwrap",
    instructions=(
        "Add shorten_middle(text, width, placeholder='...') to toolkit/textwrap.py: the text with its middle left out "
        "where it is longer than width; ValueError where the placeholder does not fit. With tests."
    ),
    summary="Added shorten_middle, with tests.",
    pattern="def shorten",
    needs=_whole("textwrap", "shorten and what it is made of"),
    edits=(
        _edit("tests/test_textwrap.py", (_END_OF_TEST.format(name="textwrap"), _END_OF_TEST.format(name="textwrap") + _MIDDLE_TESTS)),
    ),
    mistake=_edit("toolkit/textwrap.py", ("'dedent', 'indent', 'shorten'", "'dedent', 'indent', 'shorten', 'shorten_middle'"),
                  (_BEFORE_DEDENT, _MIDDLE.format(sign="/").lstrip("\n") + "\n\n" + _BEFORE_DEDENT)),
    repair=(_edit("toolkit/textwrap.py", ("head = room / 2", "head = room // 2")),),
    check="python -m pytest -q tests/test_textwrap.py",
    diff_marks=("+def shorten_middle",),
    scope=("toolkit/textwrap.py", "tests/test_textwrap.py"),
)  # fmt: skip
_SHELL = Work(
    marker="lines",
    title="Add join_lines to toolkit.shlex",
    instructions=(
        "Add join_lines(commands) to toolkit/shlex.py: several commands, each shell-escaped as join does it, one on "
        "each line. With tests."
    ),
    summary="Added join_lines, with tests.",
    pattern="def join",
    needs=_whole("shlex", "join and quote"),
    edits=(
        _edit("tests/test_shlex.py", (_END_OF_TEST.format(name="shlex"), _END_OF_TEST.format(name="shlex") + _JOIN_TESTS)),
    ),
    mistake=_edit("toolkit/shlex.py", ('"quote", "join"', '"quote", "join", "join_lines"'),
                  ("_find_unsafe =", _JOIN.format(separator=" "))),
    repair=(_edit("toolkit/shlex.py", ("' '.join(join(command)", "'\\n'.join(join(command)")),),
    check="python -m pytest -q tests/test_shlex.py",
    diff_marks=("+def join_lines",),
    scope=("toolkit/shlex.py", "tests/test_shlex.py"),
)  # fmt: skip
_DOCS = Work(
    marker="docs",
    title="Document both in docs/usage.md",
    instructions="Document shorten_middle and join_lines in docs/usage.md, each with an example that runs.",
    summary="Documented both.",
    pattern="## textwrap",
    needs=(Need("docs/usage.md", 1, 60, ("## textwrap", "## argparse"), "a section per module"),),
    edits=(
        _edit("docs/usage.md",
              ("See `toolkit.textwrap`.", 'See `toolkit.textwrap`. `shorten_middle("abcdefghij", 7)` is `ab...ij`.'),
              ("See `toolkit.shlex`.", 'See `toolkit.shlex`. `join_lines([["ls"], ["pwd"]])` is two lines.')),
    ),
    diff_marks=("+See `toolkit.textwrap`",),
    role="documenter",
    scope=("docs/**",),
    depends_on=("middle", "lines"),
)  # fmt: skip

GOALS = {
    "one": Goal(_TEXT.instructions, (_TEXT,)),
    "three": Goal(
        "Users want to shorten texts in the middle and to join several shell commands. " + " ".join(
            work.instructions for work in (_TEXT, _SHELL, _DOCS)
        ),
        (_TEXT, _SHELL, _DOCS),
    ),
}  # fmt: skip
