"""What tests put in place of CrewAI, its imports and the clock is in place: without it they are slow, or test nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.command_line import SOURCE
from support.world import World

WAITING = 3


def test_a_run_of_a_world_starts_no_interpreter_that_imports_crewai(world: World, tmp_path: Path) -> None:
    marker = tmp_path / "an-interpreter-was-started"
    (tmp_path / "sitecustomize.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    world.more_env["PYTHONPATH"] = f"{tmp_path}:{SOURCE}"
    assert world.run().code == WAITING
    assert not marker.exists()
    subprocess.run([sys.executable, "-P", "-c", ""], env=world.env, check=True)
    assert marker.exists(), "the marker shows nothing"


def test_a_run_beside_warm_imports_imports_nothing_itself(tmp_path: Path, imports: Path) -> None:
    world = World(tmp_path / "world", None, warm=imports)
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "litellm.py").write_text("raise SystemExit('imported')\n")
    world.more_env["PYTHONPATH"] = f"{imports}:{SOURCE}:{trap}"
    assert world.run().code == WAITING, world.history[-1]
    world.more_env["PYTHONPATH"] = f"{SOURCE}:{trap}"
    assert world.run().code != WAITING, "the trap catches nothing"


def test_a_command_whose_clock_is_off_records_the_time_that_it_reads(world: World) -> None:
    assert world.run(clock_s=-3600).code == WAITING
    ((last,),) = world.query("SELECT MAX(at) FROM events")
    assert datetime.fromisoformat(last) < datetime.now(UTC) - timedelta(minutes=50)
