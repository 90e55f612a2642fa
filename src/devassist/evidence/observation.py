"""Runs nothing itself: what a command needs around it so that its test runners report, and what they reported."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from devassist.domain.ledger import Ledger
from devassist.evidence import python_events
from devassist.evidence.build_reports import BuildReports, is_wanted
from devassist.evidence.failure_lines import failure_lines
from devassist.evidence.module_path import with_entry
from devassist.evidence.report_files import reports
from devassist.evidence.testimony import Testimony, merged
from devassist.evidence.wrapped_runs import wrapped_runs
from devassist.evidence.wrapped_testimony import wrapped_testimony
from devassist.ports import CommandResult

ReadFile = Callable[[str], str | None]
"""Path in the tree -> its text, or None if there is no such text file."""

_HERE = Path(__file__).parent
"""Has `python`, what every Python below the command reads first, and `wrappers`, programs that stand before runners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """
    How to run `command` so that its test runners report case by case.

    `run` is what to run instead of it, the same command where nothing has to be added; `environment` goes over the
    command's own; `read_only` are directories the sandbox must show; `results` is where the runners write, a new and
    empty directory in the command's own scratch directory, made by `observe` if it is not there.
    """

    command: str
    run: str
    results: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    read_only: tuple[Path, ...] = ()
    started: int = 0
    """When `observe` was called, in nanoseconds since 1970, by the clock of the file system."""
    build_reports: BuildReports | None = None
    """What else to read in the tree, None if no runner writes there."""

    def ledger(self, result: CommandResult, *, tree: Path) -> Ledger:
        """What the command's end and its runners' reports say. `tree` is the directory of the worktree it ran in."""
        testimony = self._testimony(tree)
        return Ledger(
            command=self.command,
            exit_code=result.exit_code,
            runner=", ".join(sorted(testimony.runners or testimony.began)),
            cases=testimony.cases,
            failures=failure_lines(result.output, tree=tree),
            complete=testimony.complete and bool(testimony.runners or not testimony.began),
            timed_out=result.timed_out,
            foreign=testimony.foreign,
        )

    def _testimony(self, tree: Path) -> Testimony:
        tree = tree.resolve()  # as programs that ask for their directory see it
        path = PurePosixPath(tree)
        python = (
            python_events.testimony(report, tree=path, started=self.started)
            for report in reports(self.results, prefix="python-", suffix=".jsonl")
        )
        wrapped = (wrapped_testimony(run, tree=tree) for run in wrapped_runs(self.results))
        built = self.build_reports.testimonies(tree) if self.build_reports is not None else ()
        return merged((*python, *wrapped, *built), tree=tree)


def observe(command: str, *, read: ReadFile, environment: Mapping[str, str], results: Path) -> Observation:
    """
    How to run a check. `read` sees the tree it will run on; `environment` is what it would get.

    Call it when the tree is in place: files there that are newer than this call are the command's own.
    """
    plain = Observation(command=command, run=command, results=results)
    try:
        results.mkdir(mode=0o700, parents=True, exist_ok=True)
        results = results.resolve()  # a sandbox shows directories under their own names
    except OSError:
        return plain
    if ":" in f"{_HERE}{results}":  # no search path can hold it
        return plain
    python = _HERE / "python"
    path = environment.get("PATH", "")
    wrappers = _wrappers_on(path)
    return Observation(
        command=command,
        run=with_entry(command, str(python)),
        results=results,
        environment={
            "DEVASSIST_RESULTS": str(results),
            "PYTHONPATH": _joined(str(python), environment.get("PYTHONPATH", "")),
            **({"PATH": _joined(*wrappers, path)} if wrappers else {}),
        },
        read_only=(python, _HERE / "wrappers"),
        started=results.stat().st_ctime_ns,
        build_reports=_build_reports(command, read, results),
    )


def _build_reports(command: str, read: ReadFile, results: Path) -> BuildReports | None:
    if not is_wanted(command, read=read):
        return None
    # The time of the file system that the reports are on, not that of a clock beside it.
    stamp = results / "started"
    stamp.touch()
    return BuildReports(started=stamp.stat().st_mtime_ns)


def _wrappers_on(path: str) -> tuple[str, ...]:
    """
    Directories to put before `path`, each with one program: only where that program is, for scripts ask.

    A wrapper that is called by its name also sees what a Makefile or a package script runs; rewriting `command` would
    not, and could get its quoting wrong. A command that calls a program by its path is not seen.
    """
    tools = (place for place in sorted((_HERE / "wrappers").iterdir()) if place.is_dir())
    return tuple(str(place) for place in tools if shutil.which(place.name, path=path or None))


def _joined(*entries: str) -> str:
    return ":".join(entry for entry in entries if entry)
