"""`default-differs`: one configuration key or environment variable with two new values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from devassist.conflicts.manifests.facts import Clash, Fact, Family, basename
from devassist.conflicts.manifests.module import Module, argument, dotted_name, keyword, text_of
from devassist.conflicts.manifests.text import Lines, toml_line, toml_lines, without_comments
from devassist.conflicts.syntax.documents import Document, parse_toml
from devassist.domain.conflicts import Conflict, ConflictKind, Severity

_READERS = frozenset(
    "environ.get os.environ.get os.getenv getenv environ.setdefault os.environ.setdefault".split()
)
_LIKELY = frozenset("env config decouple.config env.str env.int env.bool env.float env.list".split())
_MODULE = re.compile(r"(^|/)(settings|config|configuration|conf|constants|defaults)(/[^/]+|(_\w+)?)\.py$")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*$")
_NODE = re.compile(
    r"""\bprocess\.env(?:\.([A-Z_][A-Z0-9_]*)|\[['"]([A-Z_][A-Z0-9_]*)['"]\])\s*(?:\|\||\?\?)\s*"""
    r"""("[^"\n]*"|'[^'\n]*'|`[^`$\n]*`|[\d.]+|true|false)"""
)
_SHELL = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?[-=]([^{}$]*)\}")
_DOTENV_NAME = re.compile(r"\.env([.-]\w+)*|[\w-]+\.env|\.?env\.(example|sample|template|dist)")
_WORDS = re.compile(
    r"(^|/)(locales?|i18n|l10n|lang|languages|translations|messages)([/_.-]|$)", re.IGNORECASE
)
_LONGEST = 80
_DOTENV = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*$")
_PAIR = re.compile(r"\s*([^\s=:#;\[][^=:]*?)\s*[=:]\s*(.*?)\s*$")
_YAML_KEY = re.compile(
    r"""(?P<indent> *)(?P<key>"[^"]*"|'[^']*'|[^\s#:'"\[\]{}&*!|>%@`-][^#:]*?|-[\w-][^#:]*?)"""
    r"""\s*:(?:\s+(?P<value>.*?))?\s*$"""
)
_SKIPPED_TOML = (
    "project.",
    "build-system",
    "dependency-groups",
    "tool.poetry",
    "dependencies",
    "workspace",
    "package",
)


class Origin(StrEnum):
    """The kinds of file that state a default, as far as the comparison distinguishes them."""

    DOTENV = "dotenv"
    TOML = "toml"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Default(Fact):
    """The value of a setting, or of an environment variable that is not set."""

    name: str = field(compare=False)
    origin: Origin = field(compare=False)


def _environment(path: str, name: str, value: str, line: int, origin: Origin = Origin.OTHER) -> Default:
    return Default(
        family=Family.ENVIRONMENT, key=name, value=value, path=path, line=line, name=name, origin=origin
    )


def _setting(path: str, name: str, value: str, line: int, origin: Origin = Origin.OTHER) -> Default:
    return Default(
        family=Family.SETTING,
        key=f"{path}:{name}",
        value=value,
        path=path,
        line=line,
        name=name,
        origin=origin,
    )


def is_settings(path: str) -> bool:
    return _MODULE.search(path) is not None


def python_defaults(module: Module) -> Iterator[Fact]:
    """Defaults of environment variables, and the constants of settings modules."""
    for call in module.calls:
        reader = dotted_name(call.func)
        name = text_of(argument(call, 0, "key"))
        if name is None or not (reader in _READERS or (reader in _LIKELY and _CONSTANT.match(name))):
            continue
        default = _literal(argument(call, 1, "default") if reader in _READERS else keyword(call, "default"))
        if default is not None:
            yield _environment(module.path, name, default, call.lineno)
    if is_settings(module.path):
        for node in module.body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            stated = _literal(value)
            for target in targets if stated is not None else ():
                name = dotted_name(target if isinstance(target, ast.expr) else None)
                if _CONSTANT.match(name) and "." not in name:
                    yield _setting(module.path, name, stated or "''", node.lineno)


def _literal(node: ast.expr | None) -> str | None:
    """A constant as text: `"8080"` and `8080` are the same to an environment variable."""
    if node is None:
        return None
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return None if value is None else repr(str(value))


def text_defaults(path: str, text: str) -> Iterator[Fact]:
    """`process.env.X || 1` in JavaScript, `${X:-1}` in shell and compose files, lines of `.env` files."""
    name = basename(path)
    if name.endswith((".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")):
        if "process.env" not in text:
            return
        plain = without_comments(text)
        lines = Lines(plain)
        for match in _NODE.finditer(plain):
            value = match[3].strip("\"'`")
            yield _environment(path, match[1] or match[2], repr(value), lines.at(match.start()))
    elif name.endswith((".sh", ".bash")) or re.fullmatch(
        r"(docker-)?compose[\w.-]*\.ya?ml|Dockerfile[\w.-]*", name
    ):
        for number, line in enumerate(text.split("\n"), 1):
            for match in _SHELL.finditer(re.sub(r"(^|\s)#.*", "", line)):
                yield _environment(path, match[1], repr(match[2].strip("\"'")), number)
    elif is_dotenv(path):
        for number, line in enumerate(text.split("\n"), 1):
            stated = None if line.lstrip().startswith("#") else _DOTENV.match(line)
            if stated is not None:
                value = re.sub(r"\s+#.*$", "", stated[2]).strip("\"'")
                yield _environment(path, stated[1], repr(value), number, Origin.DOTENV)


def is_dotenv(path: str) -> bool:
    return _DOTENV_NAME.fullmatch(basename(path)) is not None


def config_values(path: str, text: str) -> Iterator[Fact]:
    """The scalars of a TOML, YAML, INI or properties file."""
    if _WORDS.search(path):
        return
    match path.rpartition(".")[2]:
        case "toml":
            yield from _toml(path, text)
        case "yaml" | "yml":
            yield from _yaml(path, text)
        case "ini" | "cfg" | "properties":
            yield from _ini(path, text)
        case _:
            return


def _toml(path: str, text: str) -> Iterator[Fact]:
    document = parse_toml(text)
    lines = list(toml_lines(text))
    manifest = basename(path) in {"pyproject.toml", "Cargo.toml", "Pipfile"}
    for dotted, value in _scalars(document):
        if not (manifest and dotted.startswith(_SKIPPED_TOML)):
            yield _setting(path, dotted, repr(str(value)), toml_line(lines, dotted), Origin.TOML)


def _scalars(document: Document, above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in document.items():
        dotted = f"{above}.{key}" if above else key
        if isinstance(value, dict):
            yield from _scalars(value, dotted)
        elif not isinstance(value, list):
            yield dotted, value


def _ini(path: str, text: str) -> Iterator[Fact]:
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = re.match(r"\[([^\]]+)\]", line)
        if header is not None:
            section = header[1].strip()
        elif line[:1] not in {"#", ";", "!", " ", "\t", ""}:
            stated = _PAIR.match(line)
            if stated is not None and stated[2]:
                value = re.sub(r"\s+[#;].*$", "", stated[2])
                yield _setting(path, f"{section}.{stated[1]}".strip("."), repr(value), number)


def _yaml(path: str, text: str) -> Iterator[Fact]:
    """Scalars below plain keys, without lists, block texts, anchors and files of several documents."""
    lines = text.split("\n")
    if any(line.startswith("---") for line in lines[1:]):
        return
    stack: list[tuple[int, str]] = []
    deeper_is_text = -1
    for number, line in enumerate(lines, 1):
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if 0 <= deeper_is_text < indent:
            continue
        stated = _YAML_KEY.fullmatch(line)
        # Lines below a list entry, a block text or an unreadable line are not settings.
        deeper_is_text = -1
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stated is None:
            deeper_is_text = indent
            continue
        value = re.sub(r"(^|\s+)#.*$", "", stated["value"] or "").strip()
        stack.append((indent, stated["key"].strip("\"'")))
        unclosed = value[:1] in {"'", '"'} and (value[-1] != value[0] or len(value) == 1)
        if unclosed or value[:1] in {"|", ">", "&", "*", "!", "[", "{"}:
            deeper_is_text = indent
        elif value:
            plain = value[1:-1] if value[0] in {"'", '"'} else value
            yield _setting(path, ".".join(key for _indent, key in stack), repr(plain), number)


def differing_defaults(clash: Clash) -> Iterator[Conflict]:
    """One conflict per key. Values in code are compared with code, those of `.env` files with `.env` files."""
    sides = clash.sides(Default)
    code = [[fact for fact in side if fact.origin is not Origin.DOTENV] for side in sides]
    files = [[fact for fact in side if fact.origin is Origin.DOTENV] for side in sides]
    alike = clash.narrowed(*code) if all(code) else clash.narrowed(*files) if all(files) else None
    if (
        alike is not None
        and not all(code)
        and {fact.path for fact in alike.ours} != {fact.path for fact in alike.theirs}
    ):
        return  # Each deployment has its own file, to say it differently.
    compared = alike or clash
    fact, other = next(iter(compared.pairs(Default)))
    name = fact.name
    # An example file may well say something else than the default in the code.
    minor = alike is None or name.endswith(("version", "name")) or fact.path.startswith(".github/")
    severity = Severity.NOTE if minor else Severity.WARNING
    if fact.origin is Origin.TOML and not (fact.changed or other.changed):
        # TOML forbids to state a key twice: merged, the file cannot be read.
        severity = Severity.ERROR
    what = "environment variable" if fact.family is Family.ENVIRONMENT else "setting"
    yield compared.conflict(
        ConflictKind.DEFAULT_DIFFERS,
        severity,
        symbol=name if fact.family is Family.ENVIRONMENT else fact.key,
        explanation=f"{clash.left.name} gives {what} {name} the value {_short(fact.value)} ({fact.at}),"
        f" {clash.right.name} {_short(other.value)} ({other.at})",
        suggestion=f"Agree on one value of {name}, stated in one place",
    )


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
