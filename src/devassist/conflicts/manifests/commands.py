"""`duplicate-command`: one name for two subcommands, scripts, entry points or make targets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from devassist.conflicts.manifests.facts import Clash, Fact, gravest
from devassist.conflicts.manifests.module import (
    CommandFact,
    Function,
    Holder,
    Module,
    argument,
    dotted_name,
    keyword,
    print_of,
    targets_of,
    text_of,
)
from devassist.conflicts.manifests.routes import registration_severity
from devassist.conflicts.manifests.text import json_line, toml_line, toml_lines
from devassist.conflicts.syntax.documents import parse_json, parse_toml, table
from devassist.domain.conflicts import Conflict, ConflictKind, Severity
from devassist.domain.hashing import digest

_TARGET = re.compile(r"(?P<names>[^\s:#=][^:#=]*?)\s*:(?![:=])(?P<after>[^#]*)")
_SCRIPTS = ("project.scripts", "project.gui-scripts", "tool.poetry.scripts")


def python_commands(module: Module) -> Iterator[Fact]:
    """Subcommands of click, Typer and argparse."""
    for function in module.functions:
        for decorator in function.decorator_list:
            command = _decorated(module, function, decorator)
            if command is not None:
                yield command
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {
            "add_parser",
            "add_typer",
            "add_command",
        }:
            yield from _added(module, call, call.func)


def _decorated(module: Module, function: Function, decorator: ast.expr) -> CommandFact | None:
    call = decorator if isinstance(decorator, ast.Call) else None
    verb = call.func if call else decorator
    if not isinstance(verb, ast.Attribute) or verb.attr not in {"command", "group"}:
        return None
    if dotted_name(verb.value) in {"click", "typer", "rich_click", "asyncclick"}:
        return None
    name = text_of(argument(call, 0, "name")) if call else None
    if name is None and call is not None and argument(call, 0, "name") is not None:
        return None
    receiver = module.receiver(verb.value)
    shown = name or re.sub(r"_(command|cmd|group|grp)$", "", function.name).replace("_", "-")
    return CommandFact(
        key=f"command {shown}",
        value=f"{receiver.scope} {print_of(function)}",
        path=module.path,
        line=decorator.lineno,
        end_line=function.end_lineno or function.lineno,
        scope=receiver.scope,
        kind=receiver.kind,
        name=shown,
        what=function.name,
    )


def _added(module: Module, call: ast.Call, verb: ast.Attribute) -> Iterator[Fact]:
    first = argument(call, 0)
    name = text_of(first if verb.attr == "add_parser" else keyword(call, "name"))
    if name is None:
        return
    receiver = module.receiver(verb.value)
    # Every command line has its `subparsers`; only those of one file are surely one.
    kind = Holder.FILE if verb.attr == "add_parser" else receiver.kind
    scope = receiver.scope.replace(":", f":{_enclosing(module, call)}." if kind == Holder.FILE else ":", 1)
    yield CommandFact(
        key=f"command {name}",
        value=" ".join([scope, print_of(call), *_uses(module, call)]),
        path=module.path,
        line=call.lineno,
        end_line=call.end_lineno or call.lineno,
        scope=scope,
        kind=kind,
        name=name,
        what=ast.unparse(call)[:60],
    )


def _enclosing(module: Module, call: ast.Call) -> str:
    inside = [
        function
        for function in module.functions
        if function.lineno <= call.lineno <= (function.end_lineno or 0)
    ]
    return max(inside, key=lambda function: function.lineno).name if inside else ""


def _uses(module: Module, call: ast.Call) -> Iterator[str]:
    """Digests of the calls on the parser that was added: its arguments make the command."""
    for node in module.assigned:
        if node.value is call:
            names = {dotted_name(target) for target in targets_of(node)}
            for other in module.calls:
                used = isinstance(other.func, ast.Attribute) and dotted_name(other.func.value) in names
                near = 0 < other.lineno - call.lineno < 40  # noqa: PLR2004  the variable may be used again below
                if used and near:
                    yield print_of(other)


def script_commands(path: str, text: str) -> Iterator[Fact]:
    """The scripts of package.json."""
    for name, body in table(parse_json(text), "scripts").items():
        if isinstance(body, str):
            line = json_line(text, "scripts", name)
            yield _named(path, "npm script", name, " ".join(body.split()), line)


def entry_points(path: str, text: str) -> Iterator[Fact]:
    """The console entry points of pyproject.toml."""
    document = parse_toml(text)
    lines = list(toml_lines(text))
    groups = table(document, "project", "entry-points")
    for section in [*_SCRIPTS, *(f"project.entry-points.{group}" for group in groups)]:
        for name, target in table(document, *section.split(".")).items():
            if isinstance(target, str):
                what = "entry point" if section in _SCRIPTS else f"{section.rpartition('.')[2]} entry point"
                line = toml_line(lines, f"{section}.{name}")
                yield _named(path, what, name, target.replace(" ", ""), line)


def _named(path: str, what: str, name: str, body: str, line: int) -> CommandFact:
    return CommandFact(
        key=f"{what} {name}",
        value=body,
        path=path,
        line=line,
        end_line=line,
        scope=f"{path}:",
        kind=Holder.FILE,
        name=name,
        what=body[:150],
    )


def make_targets(path: str, text: str) -> Iterator[Fact]:
    """The targets of a Makefile that have a recipe."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        rule = None if line.startswith(("\t", " ", ".", "define", "ifdef")) else _TARGET.match(line)
        if rule is None or "$(" in rule["names"]:
            continue
        recipe = [rule["after"].partition(";")[2]] if ";" in rule["after"] else []
        end = number
        while end < len(lines) and (lines[end].startswith(("\t", "#")) or not lines[end].strip()):
            if lines[end].startswith("\t"):
                recipe.append(lines[end].split("#")[0].strip())
            end += 1
        steps = [step for step in recipe if step.strip()]
        for name in rule["names"].split() if steps else ():
            yield CommandFact(
                key=f"make target {name}",
                value=digest([rule["after"].split(), steps])[:16],
                path=path,
                line=number,
                end_line=number + len(recipe),
                scope=f"{path}:",
                kind=Holder.FILE,
                name=name,
                what=steps[0][:60],
            )


def duplicate_commands(clash: Clash) -> Iterator[Conflict]:
    """At most one conflict per command. A redefinition of a command that the base has is a warning."""
    worst = gravest(
        conflict
        for fact, other in clash.pairs(CommandFact)
        if (conflict := _judged(clash, fact, other)) is not None
    )
    if worst is not None:
        yield worst


def _judged(clash: Clash, fact: CommandFact, other: CommandFact) -> Conflict | None:
    severity = registration_severity(fact, other)
    declared = not fact.key.startswith("command ")
    if severity is None or (not declared and (fact.changed or other.changed)):
        return None
    if fact.changed or other.changed:
        severity = Severity.WARNING
    left, right = clash.left.name, clash.right.name
    return clash.narrowed([fact], [other]).conflict(
        ConflictKind.DUPLICATE_COMMAND,
        severity,
        symbol=fact.key,
        explanation=f"{left} defines {fact.key} as {fact.what} ({fact.at}), {right} as {other.what} ({other.at})",
        suggestion=f"Keep one {fact.key}, or rename the other",
    )
