"""Runs nothing itself: what a command needs around it so that its test runners report, and what they reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from devassist.domain.ledger import Ledger
from devassist.evidence import python_events
from devassist.evidence.failure_lines import failure_lines
from devassist.evidence.report_files import reports
from devassist.evidence.testimony import Testimony, merged
from devassist.ports import CommandResult

ReadFile = Callable[[str], str | None]
"""Path in the tree -> its text, or None if there is no such text file."""

_PYTHON = Path(__file__).parent / "python"
"""What every Python below the command reads first; see the `sitecustomize` there."""


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
        )

    def _testimony(self, tree: Path) -> Testimony:
        path = PurePosixPath(tree)
        return merged(
            python_events.testimony(report, tree=path)
            for report in reports(self.results, prefix="python-", suffix=".jsonl")
        )


def observe(command: str, *, read: ReadFile, environment: Mapping[str, str], results: Path) -> Observation:  # noqa: ARG001
    """How to run a check. `read` sees the tree it will run on; `environment` is what it would get."""
    plain = Observation(command=command, run=command, results=results)
    try:
        results.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return plain
    if ":" in str(_PYTHON):  # no entry of PYTHONPATH can hold it
        return plain
    before = environment.get("PYTHONPATH", "")
    return Observation(
        command=command,
        run=command,
        results=results,
        environment={
            "DEVASSIST_RESULTS": str(results),
            "PYTHONPATH": f"{_PYTHON}:{before}" if before else str(_PYTHON),
        },
        read_only=(_PYTHON,),
    )
