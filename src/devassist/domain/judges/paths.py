"""Which files judge a change: tests that existed, what configures their runner, and the scripts that checks run."""

from __future__ import annotations

import configparser
import json
import posixpath
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

from devassist.domain.changes import in_scope
from devassist.domain.judges.meddling import meddles
from devassist.domain.judges.scripts import Read, Scripts, scripts_of

_TEST_FOLDER = re.compile(
    r"(?:.+[_.-])?(?:unit)?tests?(?:[_.-].+|suites?|cases|lib|utils|data)?|testing|specs?|e2e|t|cypress|goldens?"
    r"|__(?:tests|mocks|snapshots|fixtures)__",
    re.IGNORECASE,
)
_DATA_FOLDER = re.compile(r"(?:fixtures?|cassettes)|(expected|snapshots)", re.IGNORECASE)
"""Where expected results are outside the tests' folders; what matches the group may hold the product's code as well."""
_CODE_SUFFIXES = frozenset(
    ".py .js .mjs .cjs .jsx .ts .tsx .mts .go .rs .c .h .cc .cpp .hpp .hxx .java .kt .rb .php .cs .swift .ex".split()
)
_TEST_FILES = (
    "test_*.py", "*_test.py", "tests.py", "*_test.go", "*.test.*", "*.spec.*", "*Test.java", "*Tests.java", "*Test.kt",
    "*IT.java", "*_test.rs", "*_spec.rb", "test_*.rb", "*_test.rb", "*.t", "*Test.php", "*_test.c*", "test_*.c*",
    "*.snap", "*_test.exs", "*.bats",
)  # fmt: skip
_RUNNER_FILES = (
    "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "tox.toml", "noxfile.py",
    ".coveragerc", ".env*", "sitecustomize.py", "usercustomize.py", "*.pth",
    "Makefile", "makefile", "GNUmakefile", "*.mk",
    "justfile", "Justfile", ".justfile", "Taskfile.y*ml", "jest.config.*", "jest.setup.*", "vitest.config.*",
    "vitest.setup.*", "vitest.workspace.*", "vite.config.*", "babel.config.*", ".babelrc*", ".mocharc*", "karma.conf.*",
    "playwright.config.*", ".npmrc", "nextest.toml", "CTestCustom.*", ".proverc", ".rspec", "phpunit.xml*",
)  # fmt: skip
_LINTER_FILES = (
    "ruff.toml", ".ruff.toml", ".flake8", "mypy.ini", ".mypy.ini", "pylintrc", ".pylintrc", "pyrightconfig.json",
    ".eslintrc*", ".eslintignore", "eslint.config.*", "biome.json*", "tsconfig*.json", ".golangci.*", "clippy.toml",
    ".clippy.toml", ".rubocop.yml", "phpstan.neon*", ".pre-commit-config.yaml",
)  # fmt: skip
_COMPILED = ("*.pyc", "*.so", "*.pyd")
"""What Python runs in place of the source beside it."""
_JUDGES = (*_RUNNER_FILES, *_LINTER_FILES, *_COMPILED)
_RUNNER_FOLDERS = (".cargo", ".config", ".github", ".circleci", ".mvn")
_INSTALLED = re.compile(r"(?:^|/)(?:node_modules|\.?v?env|site-packages|[^/]+\.(?:dist|egg)-info)/")
_SHADOWS = frozenset(
    "pytest _pytest pluggy py unittest doctest nose nose2 coverage xdist hypothesis mock pytest_cov testtools".split()
)
_FILE_AND_NAME = re.compile(r"([^:>]+?\.\w+)(?: \([^()]*\))?(?:::| > )(.+)", re.DOTALL)
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "package.json": ("scripts", "jest", "vitest", "mocha", "ava", "tap", "nyc", "c8", "babel", "type", "eslintConfig"),
    "pyproject.toml": (
        "pytest", "coverage", "tox", "nox", "hatch", "poe", "taskipy", "pdm", "django", "ruff", "mypy", "pylint",
        "flake8", "pyright", "basedpyright", "black", "isort", "bandit", "codespell", "ty",
    ),
    "setup.cfg": ("tool:pytest", "coverage", "aliases", "tox", "flake8", "mypy", "pylint", "isort"),
}  # fmt: skip
"""Files of which only some sections configure a runner; of pyproject.toml they are those below `tool`."""


def settings_differ(before: str | None, after: str | None) -> bool:
    """Whether two texts of the repository's own settings say otherwise how later runs are judged."""
    named = ("checks", "approvals", "sandbox")
    documents: list[object] = []
    for text in (before, after):
        try:
            document = tomllib.loads(text or "")
        except ValueError:
            return before != after
        documents.append({name: document[name] for name in named if name in document})
    return documents[0] != documents[1]


def is_test(path: str) -> bool:
    """Whether the file is a test, or stands among tests."""
    folders, name = posixpath.split(path)
    return any(_TEST_FOLDER.fullmatch(part) for part in folders.split("/")) or is_test_file(name)


def is_test_file(path: str) -> bool:
    """Whether a runner would collect tests from a file of this name."""
    name = posixpath.basename(path)
    return any(fnmatchcase(name, pattern) for pattern in _TEST_FILES)


def judging_paths(
    changed: Iterable[str],
    *,
    before: Read,
    after: Read,
    commands: Iterable[str] = (),
    allowed: Collection[str] = (),
) -> tuple[str, ...]:
    """
    The paths among `changed` that take part in judging the change.

    A new test file is one of them only if it may change what other tests come to: what it says of the change is said
    by its own cases. `commands` are the checks; `allowed` are globs of tests that the task may change.
    """
    changed, scripts = list(changed), scripts_of(commands, before)
    paths = [path for path in changed if not (allowed and in_scope(path, list(allowed)))]
    judges = {path for path in paths if _judges(path, before, after, scripts)}
    others = [path for path in changed if path not in judges and not _is_expected_data(path)]
    return tuple(
        path
        for path in paths
        if path in judges or (_is_expected_data(path) and not _is_new_for(path, others, before, after))
    )


def _is_expected_data(path: str) -> bool:
    folders, name = posixpath.split(path)
    is_code = posixpath.splitext(name)[1] in _CODE_SUFFIXES
    matches = [match for part in folders.split("/") if (match := _DATA_FOLDER.fullmatch(part))]
    return any(not is_code or match[1] is None for match in matches)


def _is_new_for(path: str, others: Iterable[str], before: Read, after: Read) -> bool:
    """Whether the file is new and another one that is not held out names it: it cannot do without it."""
    if before(path) is not None:
        return False
    folder, name = posixpath.split(path)
    names = (name, posixpath.splitext(name)[0], f"{posixpath.basename(folder)}/")
    return any(word in text for other in others if (text := after(other)) for word in names)


def _judges(path: str, before: Read, after: Read, scripts: Scripts) -> bool:
    name = posixpath.basename(path)
    if name in _SECTIONS:
        return _sections(name, before(path)) != _sections(name, after(path))
    if any(fnmatchcase(name, pattern) for pattern in _JUDGES) or _INSTALLED.search(path):
        return True
    if (
        name == "build.rs"
    ):  # what cargo builds and runs first; a module of the crate may have this name as well
        manifest = posixpath.join(posixpath.dirname(path), "Cargo.toml")
        return before(manifest) is not None or after(manifest) is not None
    top = path.partition("/")[0]
    if top in _RUNNER_FOLDERS or top.removesuffix(".py") in _SHADOWS:
        return True
    if path in scripts.imported:
        return True
    if before(path) is not None:
        return is_test(path) or path in scripts.named
    if is_test_file(path):
        return meddles(path, after(path) or "")
    return is_test(path) or _shadows_library(path)


def _shadows_library(path: str) -> bool:
    """Whether Python, started in the root or in `src`, would import this file for a module of its standard library."""
    module = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return path.endswith(".py") and module in sys.stdlib_module_names


def _sections(name: str, text: str | None) -> object:
    """What of the file configures a runner; its whole text if it cannot be read."""
    if text is None:
        return None
    try:
        if name == "setup.cfg":
            parser = configparser.RawConfigParser(strict=False)
            parser.read_string(text)
            mine = [one for one in parser.sections() if one.startswith(_SECTIONS[name])]
            return {section: dict(parser[section]) for section in mine}
        document = tomllib.loads(text).get("tool", {}) if name.endswith(".toml") else json.loads(text)
        return {key: document[key] for key in _SECTIONS[name] if key in document}
    except (ValueError, AttributeError, TypeError, configparser.Error):
        return text


def parts_of(case: str) -> tuple[str, str]:
    """A case's file and its name there, as pytest, cargo, node, jest, vitest and prove write ids; `""` for no file."""
    parted = _FILE_AND_NAME.match(case)
    return (parted[1], parted[2]) if parted is not None else ("", case)


def file_of(case: str) -> str:
    """The file that a case's id names; empty if it names none."""
    return parts_of(case)[0]
