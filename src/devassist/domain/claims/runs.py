"""A command that an agent ran, as evidence: whether it runs tests, and which files its outcome can depend on. Pure."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from devassist.domain.claims.cases import CaseCounts

_READERS = frozenset(
    "awk basename cat cd comm cp cut date diff dirname du echo egrep export false fgrep file find git grep head "
    "hexdump jq less ls md5sum mkdir mv nl od printf pwd realpath rg rm sed seq set sha256sum sleep sort source stat "
    "tail tee test touch tr tree true type uniq wc which xxd yes [ :".split()
)
"""Programs that look at files or print text; what they print about tests proves nothing of tests."""
_WRAPPERS = frozenset(
    "command env exec ionice nice nohup sudo stdbuf time timeout xvfb-run if then else do while until ! { (".split()
)
_RUN_WRAPPERS = frozenset("uv poetry pdm hatch pipenv rye".split())
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_REDIRECTION = re.compile(r"\d*>&\d?|&>>?|<<<?-?|\d*>>?|<")
_TEST_WORD = re.compile(r"(?:^|[^a-z])(?:tests?|specs?|verify|nextest)(?:$|[^a-z])")
_CHECK_WORD = re.compile(r"(?:^|[^a-z])(?:checks?|ci)(?:$|[^a-z])")
"""What a target or a script that runs tests among others is called; `ruff check` runs none."""
_NO_TESTS = frozenset(
    "add basedpyright black build clippy dmypy eslint flake8 fmt format gofmt install isort lint mypy prettier pylint "
    "pyright remove ruff tsc ty typecheck uninstall vet".split()
)
_TEST_PROGRAMS = frozenset(
    "ava behave ctest gotestsum jest karma mocha nose2 nosetests nox phpunit prove py.test pytest rspec tap tox trial "
    "unittest vitest".split()
)
_INTERPRETERS = frozenset("bash bun deno node perl python ruby sh zsh".split())
_INLINE_CODE = frozenset({"-c", "-e", "--eval", "-p", "--print"})

_ECOSYSTEM_OF = {
    **dict.fromkeys(
        "python py.test pytest tox nox mypy dmypy ruff pyright basedpyright ty black flake8 pylint isort coverage "
        "unittest pip nosetests nose2 behave trial".split(),
        "python",
    ),
    **dict.fromkeys("go gofmt golangci-lint staticcheck gotestsum".split(), "go"),
    **dict.fromkeys("cargo rustc rustfmt".split(), "rust"),
    **dict.fromkeys(
        "node npm npx yarn pnpm bun bunx deno jest vitest mocha ava karma tsc tsx ts-node eslint prettier".split(),
        "node",
    ),
    **dict.fromkeys("mvn mvnw gradle gradlew java javac kotlinc sbt".split(), "jvm"),
}  # fmt: skip
_LANGUAGE_OF = {
    **dict.fromkeys((".py", ".pyi", ".pyx"), "python"),
    **dict.fromkeys((".go", "go.mod", "go.sum"), "go"),
    **dict.fromkeys((".rs", "cargo.toml", "cargo.lock"), "rust"),
    **dict.fromkeys(
        (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", "package.json",
         "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "tsconfig.json"), "node",
    ),
    **dict.fromkeys((".java", ".kt", ".kts", ".scala", ".groovy", ".gradle", "pom.xml"), "jvm"),
    **dict.fromkeys((".rb", ".php", ".cs", ".swift", ".ex", ".exs", ".hs"), "other"),
}  # fmt: skip
_PROSE = re.compile(
    r".*\.(?:md|markdown|rst|adoc)|(?:.*/)?(?:LICENSE|LICENCE|NOTICE|AUTHORS|CHANGELOG|CHANGES|CODEOWNERS|COPYING)(?:\.\w+)?"
    r"|docs?/.*\.(?:txt|png|jpe?g|gif|svg|html|css)|(?:.*/)?\.(?:gitignore|editorconfig)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """One command that ran to its end. `check` says that it is a check of the task or of the project."""

    command: str
    exit_code: int
    check: bool = False
    timed_out: bool = False
    cases: CaseCounts = field(default_factory=CaseCounts)

    @property
    def succeeded(self) -> bool:
        """Whether it ended well and no case of it failed."""
        return self.exit_code == 0 and not self.cases.failed and self.cases.complete

    @property
    def is_test_run(self) -> bool:
        """Whether tests ran in it, as far as anyone can tell from outside."""
        return bool(self.cases.runner) or any(_runs_tests(words) for words in _parts(self.command))

    @property
    def is_compound(self) -> bool:
        """Whether its exit code may be that of something beside the tests."""
        return len([words for words in _parts(self.command) if words]) > 1

    def may_depend_on(self, path: str) -> bool:
        """Whether another content of `path` could have made it end otherwise. Errs to yes."""
        parts = [words for words in _parts(self.command) if words]
        named = any(_names(word, path) for words in parts for word in words)
        if named or not parts:
            return True
        working = [words for words in parts if _program(words[0]) not in _READERS]
        if not working:
            return _may_read(path, [word for words in parts for word in words[1:]])
        ecosystems = {_ECOSYSTEM_OF.get(_program(words[0]), "") for words in working}
        if "" in ecosystems:
            return True
        if _PROSE.fullmatch(path):
            return "doctest" in self.command
        language = _language(path)
        return not language or language in ecosystems


def _parts(command: str) -> Iterator[list[str]]:
    """The simple commands of a shell command, each as its words, without assignments and wrappers."""
    plain = _REDIRECTION.sub(" ", command)
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;()\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        words = list(lexer)
    except ValueError:  # a quote that is not closed: the shell would not run it either
        words = plain.split()
    part: list[str] = []
    for word in [*words, ";"]:
        if word and not set(word) - set("|&;()\n"):
            yield _unwrapped(part)
            part = []
        else:
            part.append(word)


def _unwrapped(words: list[str]) -> list[str]:
    while words:
        first = words[0]
        if _ASSIGNMENT.match(first) or first in _WRAPPERS:
            words = words[1:]
            # `timeout -k 5 60 pytest`: options and numbers of the wrapper.
            while words and first in _WRAPPERS and re.fullmatch(r"-\S*|\d+\w?", words[0]):
                words = words[1:]
        elif first in _RUN_WRAPPERS and words[1:2] == ["run"]:
            words = [word for word in words[2:] if word != "--"]
        else:
            return words
    return words


def _program(word: str) -> str:
    name = posixpath.basename(word).casefold()
    if re.fullmatch(r"python[\d.]*|pypy[\d.]*", name) or name.endswith(".py"):
        return "python"
    return name


def _runs_tests(words: list[str]) -> bool:
    if not words or _program(words[0]) in _READERS:
        return False
    if _program(words[0]) in _INTERPRETERS and any(word in _INLINE_CODE for word in words[1:3]):
        return False  # a probe: what it holds is the agent's own text
    names = [_program(word) for word in words]
    if _NO_TESTS.intersection(names[:3]):
        return False
    if _TEST_PROGRAMS.intersection(names) or any(_TEST_WORD.search(word.casefold()) for word in words):
        return True
    return names[0] not in _ECOSYSTEM_OF and any(_CHECK_WORD.search(word.casefold()) for word in words)


def _names(word: str, path: str) -> bool:
    """Whether a word of a command names this very file, or reads a directory that holds it by a glob."""
    plain = word.removeprefix("./")
    return plain == path or ("*" in plain and fnmatchcase(path, plain))


def _may_read(path: str, words: list[str]) -> bool:
    """Whether programs that only look at files, with these arguments, may look at `path`."""
    plain = [word.removeprefix("./").rstrip("/") for word in words]
    if any(word in ("", ".") or path.startswith(f"{word}/") for word in plain):
        return True
    return not any(_is_path(word) for word in words)


def _is_path(word: str) -> bool:
    return not word.startswith("-") and ("/" in word or re.search(r"\w\.\w+$", word) is not None)


def _language(path: str) -> str:
    name = posixpath.basename(path).casefold()
    return _LANGUAGE_OF.get(name) or _LANGUAGE_OF.get(posixpath.splitext(name)[1], "")
