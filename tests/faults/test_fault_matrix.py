"""
The fault matrix, a sample of it in every session.

`DEVASSIST_FAULT_SEED=N` repeats a sample; `DEVASSIST_FAULT_CELLS=all` plays every cell (`matrix.py` prints the table).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from matrix import Cell, Stage, cells, sample

from devassist.domain.failpoints import POINTS, arm, reach
from devassist.faults import arm_from

SAMPLED = 8
ALL = os.environ.get("DEVASSIST_FAULT_CELLS") == "all"


@pytest.mark.parametrize("number", range(len(cells()) if ALL else SAMPLED))
def test_a_fault_at_any_point_breaks_nothing(stage: Stage, seed: int, number: int) -> None:
    cell = cells()[number] if ALL else sample(seed, SAMPLED)[number]
    verdict = stage.play(cell)
    assert not verdict.broken, f"DEVASSIST_FAULT_SEED={seed}, {cell}:\n" + "\n".join(verdict.broken)


@pytest.mark.parametrize("cell", [Cell("approval.asked", "kill-supervisor")], ids=str)
def test_a_cell_that_was_broken_once_is_played_in_every_session(stage: Stage, cell: Cell) -> None:
    assert stage.play(cell).broken == []


def test_an_undisturbed_run_breaks_nothing(stage: Stage) -> None:
    assert stage.calm_problems == []


def test_a_crash_with_real_crews_breaks_nothing(stage: Stage, seed: int, imports: Path) -> None:
    real = Stage(stage.directory, None, listing=stage.listing, warm=imports)
    crashes = [one for one in cells() if one.fault == "kill-supervisor" and one.nth == 1]
    cell = crashes[seed % len(crashes)]
    verdict = real.play(cell)
    assert not verdict.broken, f"DEVASSIST_FAULT_SEED={seed}, {cell}:\n" + "\n".join(verdict.broken)


def test_every_point_and_every_fault_of_the_list_has_a_cell() -> None:
    assert {one.point for one in cells()} == set(POINTS)
    faults = {one.fault.rpartition("+")[2] for one in cells()} | {
        one.fault.partition("+")[0] for one in cells()
    }
    assert len(faults) >= 20


def test_a_fault_that_does_not_happen_breaks_its_cell(stage: Stage) -> None:
    assert stage.play(Cell("merge.done", "kill-supervisor", 99)).broken[0] == "the fault did not happen"


def test_failpoints_are_inert_unless_a_test_says_so(tmp_path: Path) -> None:
    try:
        arm_from({"DEVASSIST_FAILPOINTS": "run.start:1:eio", "DEVASSIST_FAILPOINTS_FIRED": str(tmp_path)})
        reach("run.start")
        armed = {"DEVASSIST_TEST_FAILPOINTS_ENABLED": "1", "DEVASSIST_FAILPOINTS": "run.start:2:eio"}
        arm_from({**armed, "DEVASSIST_FAILPOINTS_FIRED": str(tmp_path)})
        reach("run.start")
        with pytest.raises(OSError, match=r"run\.start"):
            reach("run.start")
        reach("run.start")
        assert [one.name for one in tmp_path.iterdir()] == ["run.start"]
    finally:
        arm(None)
