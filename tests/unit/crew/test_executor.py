"""The executor's own process: when it is ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from devassist.crew.executor import ForkserverExecutor, WorkerWorld


def world(directory: Path) -> WorkerWorld:
    return WorkerWorld(
        run="bold-otter-0001",
        environment=os.environ,
        import_environment=os.environ,
        directory=directory,
        log=directory / "worker.log",
    )


def test_a_forkserver_that_only_imports_as_yet_is_not_waited_for(tmp_path: Path) -> None:
    executor = ForkserverExecutor(world(tmp_path))
    executor.launch()
    process = executor._process
    assert process is not None
    executor.close()
    assert process.returncode == -signal.SIGKILL  # type: ignore[union-attr]
