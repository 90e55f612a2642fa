"""Wires the levels that run something: type checkers and the project's own checks, on merges nobody made yet."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devassist.app.conflicts.command_pool import Workshop, opened
from devassist.app.wiring.project import Project
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.domain.errors import Unfinished, UsageError
from devassist.domain.hashing import digest

if TYPE_CHECKING:  # imported where they are used: other commands must not pay for parsers
    from devassist.conflicts.checks.checkers import Checker, Diagnostic
    from devassist.conflicts.syntax.cache_folder import CacheFolder
    from devassist.git.merging.merge_tree import MergeTree

_TAIL = 4000


@dataclass
class Deep:
    """What the levels that run something found; `notes` are sentences about what could not be told."""

    conflicts: list[Conflict] = field(default_factory=list[Conflict])
    notes: list[str] = field(default_factory=list[str])
    commands_run: int = 0
    chosen: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """For each check, and each set of branches merged: how many of its test files the merge can break."""


def require_checks(project: Project) -> Sequence[str]:
    """The configured checks. Raises UsageError where there are none."""
    commands = project.settings.checks.commands
    if not commands:
        raise UsageError(
            "no checks are configured", hint="name them in .devassist.toml: [checks] commands = [...]"
        )
    return commands


def go_deeper(
    project: Project, referee: MergeTree, base: Side, sides: Sequence[Side], levels: Sequence[Level]
) -> Deep:
    """
    Run what `levels` (type, behaviour) ask for; `sides` in the order to merge them.

    Raises UsageError where nothing is there to run, SandboxUnavailable where nothing may run.
    """
    from devassist.conflicts.checks.speculation import Speculation

    found = Deep()
    checks = require_checks(project) if Level.BEHAVIOUR in levels else ()
    speculation = Speculation(referee, base)
    with opened(project, referee.scratch) as workshop:
        if Level.TYPE in levels:
            _types(workshop, speculation, sides, found)
        if checks:
            _behaviour(workshop, speculation, sides, found)
        found.commands_run = workshop.commands_run
    return found


# Behaviour ------------------------------------------------------------------------------------------------


def _behaviour(workshop: Workshop, speculation: Any, sides: Sequence[Side], found: Deep) -> None:
    from devassist.conflicts.checks.anatomy import Anatomy
    from devassist.conflicts.checks.behaviour import BehaviourDetector, Outcome, Select
    from devassist.conflicts.checks.choice import Chooser
    from devassist.conflicts.names.blob_tables import Tables
    from devassist.git.merging.tree_view import TreeView

    kept, around = _cache(workshop.project, "checks"), workshop.surroundings

    def check(tree: str, command: str, *, anew: bool = False) -> Outcome:
        key = digest(["code and output", tree, command, around])
        known = kept.value(key)
        if known is None or (anew and not known["again"]):
            result = workshop.run(tree, command, purpose="conflicts")
            again = known is not None and (known["code"] == 0) == (result.exit_code == 0)
            known = {"code": result.exit_code, "output": result.output[-_TAIL:], "again": again}
            kept.put(key, json.dumps(known))
        return Outcome(int(known["code"]), str(known["output"]))

    settings = workshop.project.settings.checks
    view, state = TreeView(speculation.referee.view), workshop.project.host.state_dir / "symbols"
    chooser = Chooser(Anatomy(Tables(view, state), state), speculation, sides)
    detector = BehaviourDetector(view, speculation, check, chooser.choice, Select(settings.select))
    found.conflicts += detector.detect(sides, settings.commands)
    found.notes += detector.notes
    found.chosen += [one._asdict() for one in detector.chosen]


# Types ----------------------------------------------------------------------------------------------------


def _types(workshop: Workshop, speculation: Any, sides: Sequence[Side], found: Deep) -> None:
    from devassist.conflicts.checks.anatomy import Anatomy
    from devassist.conflicts.checks.checkers import SUFFIXES
    from devassist.conflicts.checks.types import TypeDetector
    from devassist.conflicts.names.blob_tables import Tables
    from devassist.git.merging.tree_view import TreeView

    view = TreeView(speculation.referee.view)
    programs = _programs(workshop, lambda path: _text(view, speculation.base.tree, path))
    state = workshop.project.host.state_dir / "symbols"
    tables = Tables(view, state)
    asker = _asker(workshop, programs, speculation.base, view)
    detector = TypeDetector(tables, speculation, asker, Anatomy(tables, state))
    touched = [one for one in SUFFIXES if any(detector.touches(one, side) for side in sides)]
    missing = [one for one in touched if one not in {checker.language for checker in programs}]
    if missing and missing == touched:
        raise _no_checker(missing)
    found.notes += [f"no type checker for {one} is there: its files were not checked" for one in missing]
    found.conflicts += detector.detect(sides, list(programs))


def _programs(workshop: Workshop, read: Callable[[str], str | None]) -> dict[Checker, Path]:
    """One checker for each language: the one that the project has chosen, else the first that is there."""
    from devassist.conflicts.checks.checkers import CHECKERS, is_chosen

    local = workshop.project.repository.root / "node_modules" / ".bin"
    chosen: dict[str, tuple[bool, Checker, Path]] = {}
    for checker in CHECKERS:
        program = shutil.which(checker.name, path=f"{local}:{workshop.path}")
        if program is None:
            continue
        wanted = is_chosen(checker, read)
        before = chosen.get(checker.language)
        if before is None or (wanted and not before[0]):
            chosen[checker.language] = (wanted, checker, Path(program))
    if not chosen:
        raise _no_checker([checker.language for checker in CHECKERS])
    return {checker: program for _wanted, checker, program in chosen.values()}


def _no_checker(languages: Sequence[str]) -> UsageError:
    from devassist.conflicts.checks.checkers import CHECKERS

    names = ", ".join(checker.name for checker in CHECKERS if checker.language in languages)
    return UsageError(
        f"no type checker is there (looked for {names})",
        hint="pip install 'devassist[types]', or install one of them into the project's .venv or node_modules",
    )


def _asker(
    workshop: Workshop, programs: dict[Checker, Path], base: Side, view: Any
) -> Callable[[Checker, str], Sequence[Diagnostic]]:
    from devassist.conflicts.checks.checkers import Diagnostic, targets

    kept, around = _cache(workshop.project, "types"), workshop.surroundings
    repository = workshop.project.repository.root
    environment = next(
        (repository / name for name in (".venv", "venv") if (repository / name / "bin/python").exists()), None
    )
    versions: dict[str, str] = {}

    def version(checker: Checker) -> str:
        if checker.name not in versions:
            seen = programs[checker].resolve().stat()
            key = digest([str(programs[checker]), seen.st_mtime_ns, seen.st_size, seen.st_ino])
            versions[checker.name] = kept.value(key) or _version(workshop, programs[checker], base.tree)
            kept.put(key, json.dumps(versions[checker.name]))
        return versions[checker.name]

    def ask(checker: Checker, tree: str) -> Sequence[Diagnostic]:
        what = targets(checker, lambda path: _text(view, tree, path))
        command = checker.command(programs[checker], environment=environment, targets=what)
        if what and view.find(tree, "src") is not None:
            command = f"MYPYPATH=src {command}"  # or imports of what lies there would mean nothing to mypy
        if (repository / "node_modules").is_dir() and checker.language == "typescript":
            command = f"ln -sfn {shlex.quote(f'{repository}/node_modules')} node_modules && {command}"
        key = digest([tree, command, version(checker), around])
        known = kept.value(key)
        if known is None:
            known = [list(one) for one in _asked(workshop, checker, tree, command)]
            kept.put(key, json.dumps(known))
        return [Diagnostic(*one) for one in known]

    return ask


def _version(workshop: Workshop, program: Path, tree: str) -> str:
    _result, said, _root = workshop.answer(tree, f"{shlex.quote(str(program))} --version", purpose="types")
    return said.strip()


def _asked(workshop: Workshop, checker: Checker, tree: str, command: str) -> Sequence[Diagnostic]:
    from devassist.conflicts.checks.checkers import CannotRead

    result, said, root = workshop.answer(tree, command, purpose="types")
    try:
        found = checker.read(said, root)
    except CannotRead:
        found = []
        result = replace(result, exit_code=result.exit_code or -1)
    # Ending with an error and naming none means that it did not look.
    silent = not found and result.exit_code != 0
    if result.timed_out or result.exit_code not in checker.ends or silent:
        tail = (said[-400:] + result.output[-400:]).strip()
        raise Unfinished(
            f"{checker.name} did not check the merged tree (it ended with {result.exit_code}): {tail}",
            hint=f"try it in the repository: {command}",
        )
    return found


def _text(view: Any, tree: str, path: str) -> str | None:
    entry = view.find(tree, path)
    return None if entry is None else view.text(entry.id)


def _cache(project: Project, name: str) -> CacheFolder:
    from devassist.conflicts.syntax.cache_folder import CacheFolder

    folder = CacheFolder(project.host.state_dir / "results" / name, most_bytes=128_000_000)
    folder.prune()
    return folder
