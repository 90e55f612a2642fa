"""What our wrappers before test runners left in the results directory, run by run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devassist.evidence.report_files import content, names


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedRun:
    """
    One run of `runner`. `code` is its exit code, None if it did not come to its end; `report` is what it wrote, and
    `notes` what it wrote beside it, both empty if it wrote nothing. `tap` holds a file for each test file of `prove`.
    """

    runner: str
    report: bytes
    notes: bytes
    code: int | None
    tap: Path


def wrapped_runs(results: Path) -> Iterator[WrappedRun]:
    """Every run that a wrapper began, in no particular order."""
    for name in names(results, suffix=".begun"):
        base = name.removesuffix(".begun")
        yield WrappedRun(
            runner=base.rpartition("-")[0],
            report=content(results / f"{base}.report"),
            notes=content(results / f"{base}.notes"),
            code=_code(content(results / f"{base}.code", most=8)),
            tap=results / f"{base}.tap",
        )


def _code(text: bytes) -> int | None:
    text = text.strip()
    return int(text) if text.isdigit() else None
