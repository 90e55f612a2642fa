"""Runs type checkers and the project's own checks on merges that nobody has made yet."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from devassist.app.conflicts.command_pool import Workshop, opened
from devassist.app.wiring.project import Project
from devassist.conflicts.checks.behaviour import BehaviourDetector, CheckResult, Chosen
from devassist.conflicts.checks.checkers import (
    CHECKERS,
    SUFFIXES,
    CannotRead,
    Checker,
    Diagnostic,
    is_configured,
    targets,
)
from devassist.conflicts.checks.selection import Chooser
from devassist.conflicts.checks.speculation import Speculation
from devassist.conflicts.checks.types import TypeDetector
from devassist.conflicts.names.blob_tables import Tables
from devassist.conflicts.syntax.cache_folder import CacheFolder
from devassist.domain.conflicts import Conflict, Level, Side
from devassist.domain.errors import Unfinished, UsageError
from devassist.domain.hashing import digest
from devassist.domain.statuses import Purpose
from devassist.git.merging.merge_tree import MergeTree
from devassist.git.merging.tree_view import TreeView

_TAIL = 4000


@dataclass
class Deep:
    """The result of the levels that run commands; `notes` are sentences about what could not be determined."""

    conflicts: list[Conflict] = field(default_factory=list[Conflict])
    notes: list[str] = field(default_factory=list[str])
    commands_run: int = 0
    chosen: list[Chosen] = field(default_factory=list)
    """For each check and each set of merged branches, how many of its test files the merge can break."""


def require_checks(project: Project) -> Sequence[str]:
    """The configured checks. Raises UsageError if there are none."""
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
    Runs the levels (type, behaviour) in `levels`; `sides` in the order to merge them.

    Raises UsageError if there is nothing to run, SandboxUnavailable if no command may run here.
    """
    result = Deep()
    checks = require_checks(project) if Level.BEHAVIOUR in levels else ()
    speculation = Speculation(referee, base)
    with opened(project, referee.scratch) as workshop:
        if Level.TYPE in levels:
            _types(workshop, speculation, sides, result)
        if checks:
            _behaviour(workshop, speculation, sides, result)
        result.commands_run = workshop.commands_run
    return result


# Behaviour ------------------------------------------------------------------------------------------------


def _behaviour(workshop: Workshop, speculation: Speculation, sides: Sequence[Side], result: Deep) -> None:
    cache, surroundings = _cache(workshop.project, "checks"), workshop.surroundings
    settings = workshop.project.settings.checks
    view, state = TreeView(speculation.referee.view), workshop.project.host.state_dir / "symbols"

    def check(tree: str, command: str, *, again: bool = False) -> CheckResult:
        key = digest(["ledger of a check", tree, command, surroundings])
        known = cache.value(key, CheckResult)
        if known is not None and (known.repeated or not again):
            return known
        ledger, output = workshop.check(tree, command, read=lambda path: _text(view, tree, path))
        same = known is not None and known.ledger.failed == ledger.failed and known.passed == ledger.passes
        ended = CheckResult(ledger, output[-_TAIL:], repeated=same)
        cache.put(key, ended)
        return ended

    chooser = Chooser(Tables(view, state), speculation, sides)
    detector = BehaviourDetector(view, speculation, check, chooser.choice, settings.select)
    result.conflicts += detector.detect(sides, settings.commands)
    result.notes += detector.notes
    result.chosen += detector.chosen


# Types ----------------------------------------------------------------------------------------------------


def _types(workshop: Workshop, speculation: Speculation, sides: Sequence[Side], result: Deep) -> None:
    view = TreeView(speculation.referee.view)
    programs = _programs(workshop, lambda path: _text(view, speculation.base.tree, path))
    state = workshop.project.host.state_dir / "symbols"
    tables = Tables(view, state)
    asker = _asker(workshop, programs, speculation.base, view)
    detector = TypeDetector(tables, speculation, asker)
    touched = [language for language in SUFFIXES if any(detector.touches(language, side) for side in sides)]
    missing = [language for language in touched if language not in {checker.language for checker in programs}]
    if missing and missing == touched:
        raise _no_checker(missing)
    result.notes += [
        f"no type checker for {language} is there: its files were not checked" for language in missing
    ]
    result.conflicts += detector.detect(sides, list(programs))


def _programs(workshop: Workshop, read: Callable[[str], str | None]) -> dict[Checker, Path]:
    """One checker per language: the one that the project has configured, else the first that is installed."""
    local = workshop.project.repository.root / "node_modules" / ".bin"
    by_language: dict[str, tuple[bool, Checker, Path]] = {}
    for checker in CHECKERS:
        program = shutil.which(checker.name, path=f"{local}:{workshop.path}")
        if program is None:
            continue
        configured = is_configured(checker, read)
        before = by_language.get(checker.language)
        if before is None or (configured and not before[0]):
            by_language[checker.language] = (configured, checker, Path(program))
    if not by_language:
        raise _no_checker([checker.language for checker in CHECKERS])
    return {checker: program for _configured, checker, program in by_language.values()}


def _no_checker(languages: Sequence[str]) -> UsageError:
    names = ", ".join(checker.name for checker in CHECKERS if checker.language in languages)
    return UsageError(
        f"no type checker is there (looked for {names})",
        hint="pip install 'devassist[types]', or install one of them into the project's .venv or node_modules",
    )


def _asker(
    workshop: Workshop, programs: dict[Checker, Path], base: Side, view: TreeView
) -> Callable[[Checker, str], Sequence[Diagnostic]]:
    cache, surroundings = _cache(workshop.project, "types"), workshop.surroundings
    repository = workshop.project.repository.root
    environment = next(
        (repository / name for name in (".venv", "venv") if (repository / name / "bin/python").exists()), None
    )
    versions: dict[str, str] = {}

    def version(checker: Checker) -> str:
        if checker.name not in versions:
            status = programs[checker].resolve().stat()
            key = digest([str(programs[checker]), status.st_mtime_ns, status.st_size, status.st_ino])
            known = cache.value(key, str)
            versions[checker.name] = known or _version(workshop, programs[checker], base.tree)
            cache.put(key, versions[checker.name])
        return versions[checker.name]

    def ask(checker: Checker, tree: str) -> Sequence[Diagnostic]:
        arguments = targets(checker, lambda path: _text(view, tree, path))
        command = checker.command(programs[checker], environment=environment, targets=arguments)
        if arguments and view.find(tree, "src") is not None:
            command = f"MYPYPATH=src {command}"  # mypy does not look below src by itself
        key = digest([tree, command, version(checker), surroundings])
        diagnostics = cache.value(key, list[Diagnostic])
        if diagnostics is None:
            diagnostics = _diagnostics(workshop, checker, tree, command)
            cache.put(key, diagnostics)
        return diagnostics

    return ask


def _version(workshop: Workshop, program: Path, tree: str) -> str:
    answer = workshop.answer(tree, f"{shlex.quote(str(program))} --version", purpose=Purpose.TYPES)
    return answer.stdout.strip()


def _diagnostics(workshop: Workshop, checker: Checker, tree: str, command: str) -> list[Diagnostic]:
    """Runs a checker on a tree. Raises Unfinished if it did not check it."""
    answer = workshop.answer(tree, command, purpose=Purpose.TYPES)
    result = answer.result
    try:
        diagnostics = checker.read(answer.stdout, answer.root)
    except CannotRead:
        diagnostics = []
        result = replace(result, exit_code=result.exit_code or -1)
    # An error code without a diagnostic means that it did not check anything.
    silent = not diagnostics and result.exit_code != 0
    if result.timed_out or result.exit_code not in checker.exit_codes or silent:
        tail = (answer.stdout[-400:] + result.output[-400:]).strip()
        raise Unfinished(
            f"{checker.name} did not check the merged tree (it ended with {result.exit_code}): {tail}",
            hint=f"try it in the repository: {command}",
        )
    return diagnostics


def _text(view: TreeView, tree: str, path: str) -> str | None:
    entry = view.find(tree, path)
    return None if entry is None else view.text(entry.id)


def _cache(project: Project, name: str) -> CacheFolder:
    folder = CacheFolder(project.host.state_dir / "results" / name, most_bytes=128_000_000)
    folder.prune()
    return folder
